//! `data` blocks: what they read, when, how often, and what they say when they cannot; and `check` blocks, which have
//! data of their own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Project, Run, snapshot};

const HEAD: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

"#;

fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

/// A server on this machine that answers every request with its body.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    pub(crate) body: Arc<Mutex<String>>,
    pub(crate) status: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn new(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let body = Arc::new(Mutex::new(body.to_owned()));
        let status = Arc::new(AtomicUsize::new(200));
        let (count, answer, code) = (Arc::clone(&asked), Arc::clone(&body), Arc::clone(&status));
        // It ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let mut stream = stream;
                count.fetch_add(1, Ordering::SeqCst);
                let mut asked = Vec::new();
                let mut buffer = [0; 1024];
                while !asked.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => asked.extend_from_slice(&buffer[..read]),
                    }
                }
                let body = answer.lock().expect("nobody panicked").clone();
                let echo = String::from_utf8_lossy(&asked)
                    .lines()
                    .find_map(|line| line.strip_prefix("x-echo: ").map(str::to_owned));
                let echo = echo.unwrap_or_default();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {} Said\r\nX-Echo: {echo}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    code.load(Ordering::SeqCst),
                    body.len()
                );
            }
        });
        Self { url, asked, body, status }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

/// The text without the port of a server.
fn without_port(run: &Run, text: &str) -> String {
    let _ = run;
    regex::Regex::new(r"127\.0\.0\.1:\d+").expect("a pattern").replace_all(text, "[server]").into_owned()
}

#[test]
fn files_are_read_with_their_digest() {
    let project = project(
        r#"
data "file" "regions" {
  path = "regions/${local.name}.json"
}

locals {
  name    = "all"
  regions = jsondecode(data.file.regions.content)
}

flow "etl" {
  for_each    = toset(local.regions)
  storage     = storage.module.code
  source_hash = data.file.regions.sha256
}

data "file" "binary" {
  path = "binary"
}

output "binary" {
  value = [data.file.binary.content, data.file.binary.content_base64, data.file.binary.path]
}
"#,
    );
    project.write("regions/all.json", "[\"eu\", \"us\"]");
    std::fs::write(project.path().join("binary"), [0xff, 0x00]).expect("a file can be written");
    // Nothing is read, so nothing is known of it.
    project.run("validate").succeeds();
    snapshot!("data_file", project.plan().stdout);
    project.apply();
    project.is_settled();
    // A saved plan is what was planned, whatever the file is later.
    project.write("regions/all.json", "[\"eu\", \"us\", \"ap\"]");
    project.run("plan --out saved.plan").succeeds().says("1 to create");
    project.write("regions/all.json", "[]");
    project.run("apply saved.plan").succeeds().says("1 created");
    project.write("regions/all.json", "[\"eu\", \"us\", \"ap\"]");
    project.is_settled();
    let rendered = project.run_args(&["render", "flow.etl[\"eu\"]"]).succeeds();
    assert!(rendered.stdout.contains("etl-eu"), "{}", rendered.all());
}

#[test]
fn resources_are_read_once_per_plan() {
    let server = Server::new("{\"cron\": \"0 6 * * *\"}");
    let project = project(&format!(
        r#"
data "http" "schedule" {{
  url             = "{0}/schedule"
  request_headers = {{ X-Echo = "hello" }}
  timeout         = "5s"
}}

data "http" "same" {{
  url             = "{0}/schedule"
  request_headers = {{ X-Echo = "hello" }}
  timeout         = 5
}}

data "http" "next" {{
  url = "{0}/${{jsondecode(data.http.schedule.response_body).cron}}"
}}

flow "etl" {{
  storage = storage.module.code

  schedule {{
    cron = jsondecode(data.http.schedule.response_body).cron
  }}
}}

output "answer" {{
  value = [data.http.same.status_code, data.http.schedule.response_headers["x-echo"], data.http.next.response_body]
}}
"#,
        server.url
    ));
    project.run("validate").succeeds();
    assert_eq!(server.asked(), 0, "validate reads nothing");
    let plan = project.plan();
    assert_eq!(server.asked(), 2, "equal requests are made once");
    snapshot!("data_http", without_port(&plan, &plan.stdout));
    project.apply();
    assert_eq!(server.asked(), 2, "apply reads what its own plan reads");
    project.is_settled();
    // A saved plan asks nobody.
    *server.body.lock().expect("nobody panicked") = "{\"cron\": \"0 7 * * *\"}".to_owned();
    project.run("plan --out saved.plan").succeeds().says("1 to update");
    *server.body.lock().expect("nobody panicked") = "nothing".to_owned();
    server.asked();
    project.run("apply saved.plan").succeeds().says("1 updated");
    assert_eq!(server.asked(), 0, "the plan has the answers");
}

#[test]
fn outputs_of_terraform_enter_definitions() {
    let state = r#"{"version": 4, "outputs": {
        "bucket": {"value": "data-eu", "type": "string"},
        "token": {"value": "hunter2", "type": "string", "sensitive": true},
        "subnets": {"value": ["b", "a"], "type": ["set", "string"]}}}"#;
    let project = project(
        r#"
data "terraform_state" "network" {
  path     = "../infra.tfstate"
  defaults = { bucket = "none", zone = "z" }
}

locals {
  outputs = data.terraform_state.network.outputs
}

flow "etl" {
  storage    = storage.module.code
  parameters = { bucket = local.outputs.bucket, zone = local.outputs.zone, subnets = local.outputs.subnets }
}

output "token" {
  value     = local.outputs.token
  sensitive = true
}
"#,
    );
    project.write("below/main.hcl", &project.read("main.hcl"));
    project.write("infra.tfstate", state);
    let run = project.run("--chdir below plan --out saved.plan").succeeds();
    snapshot!("data_terraform", run.stdout.clone());
    let saved = project.read("below/saved.plan");
    assert!(!saved.contains("hunter2"), "no secret is in a saved plan");
    project.run("--chdir below apply saved.plan").succeeds();
    project.edit("parameters = {", "parameters = { token = local.outputs.token,");
    project.write("below/main.hcl", &project.read("main.hcl"));
    project.run("--chdir below plan").fails().complains("sensitive");
}

#[test]
fn data_that_waits_is_read_during_apply() {
    let server = Server::new("ready");
    let project = project(&format!(
        r#"
flow "base" {{
  storage = storage.module.code
}}

data "http" "later" {{
  url = "{0}/versions/${{flow.base.version}}"

  lifecycle {{
    postcondition {{
      condition     = self.response_body == "ready"
      error_message = "The server is not ready for version ${{flow.base.version}}."
    }}
  }}
}}

data "file" "after" {{
  path       = "main.hcl"
  depends_on = [flow.base]
}}

flow "after" {{
  storage    = storage.module.code
  parameters = {{ answer = data.http.later.response_body }}
}}

output "known" {{
  value = [data.http.later.status_code, data.file.after.path]
}}
"#,
        server.url
    ));
    let plan = project.plan();
    assert_eq!(server.asked(), 0, "its address is not known");
    snapshot!("data_deferred", without_port(&plan, &plan.stdout));
    let run = project.apply();
    assert_eq!(server.asked(), 1);
    snapshot!("data_deferred_applied", without_port(&run, &run.stdout));
    project.is_settled();
    *server.body.lock().expect("nobody panicked") = "no".to_owned();
    project.run("plan").fails().complains("The server is not ready for version 1.");
}

/// A project whose registry others read.
const INGEST: &str = r#"flowform {
  project = "ingest"
  root    = "loaders"
}

storage "module" "code" {
  module = "ingest.load"
}

agent "local" "here" {
  labels = ["eu"]
}

flow "load" {
  for_each   = toset(["eu", "us"])
  name       = "load-${each.key}"
  labels     = ["eu"]
  storage    = storage.module.code
  parameters = { region = each.key }

  run_config "local" {
    env = { LEVEL = "info" }
  }
}

flow "old" {
  runtime = "command"
  command = ["true"]
  labels  = ["eu"]
}

output "bucket" {
  value = "raw"
}

output "token" {
  value     = sensitive("hunter2")
  sensitive = true
}
"#;

#[test]
fn other_projects_are_read_from_their_registry() {
    let ingest = Project::applied(INGEST);
    ingest.edit(
        "flow \"old\" {\n  runtime = \"command\"\n  command = [\"true\"]\n  labels  = [\"eu\"]\n}\n",
        "",
    );
    ingest.apply();
    let registry = ingest.path().join(".flowform/registry");
    let before = ingest.registry_files();
    let shop = project(&format!(
        r#"
data "flowform_registry" "ingest" {{
  project = "ingest"
  path    = "{}"
}}

locals {{
  ingest = data.flowform_registry.ingest
}}

flow "report" {{
  storage    = storage.module.code
  parameters = {{ after = {{ for name, flow in local.ingest.flows : name => flow.version }} }}
}}

output "found" {{
  value = {{
    names  = keys(local.ingest.flows)
    root   = local.ingest.flows["load-eu"].root
    labels = local.ingest.flows["load-us"].labels
    region = local.ingest.flows["load-us"].parameters.region
    kind   = jsondecode(local.ingest.flows["load-us"].run_config_json).type
    start  = local.ingest.flows["load-us"].start == null
    agents = [for agent in local.ingest.agents : "${{agent.root}}/${{agent.address}} ${{join(",", agent.labels)}}"]
    bucket = local.ingest.outputs["loaders"].bucket
    token  = local.ingest.outputs["loaders"].token
  }}
}}
"#,
        registry.display()
    ));
    shop.run("validate").succeeds();
    shop.apply();
    snapshot!("data_registry", shop.run("output --json").succeeds().stdout);
    shop.is_settled();
    assert!(ingest.registry_files() == before, "reading writes nothing");
    // What changes there is a change here.
    ingest.edit("info", "debug");
    ingest.apply();
    shop.run("plan --out saved.plan").succeeds().says("1 to update");
    // The plan has what was read.
    std::fs::remove_dir_all(&registry).expect("a registry can be removed");
    shop.run("apply saved.plan").succeeds().says("1 updated");
    shop.run("plan").fails().complains("there is no such project in the registry");
}

#[test]
fn other_roots_of_the_project_are_read_without_the_own_one() {
    let first = Project::applied(INGEST);
    let second = INGEST
        .replace("\"loaders\"\n", "\"second\"\n  registry \"local\" {\n    path = \"REGISTRY\"\n  }\n")
        .replace("REGISTRY", &first.path().join(".flowform/registry").display().to_string())
        .replace("load-", "second-")
        .replace("flow \"old\"", "flow \"own\"");
    let second = Project::new(&format!(
        "{second}\ndata \"flowform_registry\" \"others\" {{\n  project = \"ingest\"\n}}\n\noutput \"names\" {{\n  value = [keys(data.flowform_registry.others.flows), data.flowform_registry.others.agents[*].root, keys(data.flowform_registry.others.outputs)]\n}}\n"
    ));
    second.apply();
    let names = second.run("output --json names").succeeds().stdout;
    assert_eq!(
        names.split_whitespace().collect::<String>(),
        "[[\"load-eu\",\"load-us\",\"old\"],[\"loaders\"],[\"loaders\"]]",
        "{names}"
    );
    second.is_settled();
}

#[test]
fn data_that_cannot_be_read() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let cases = [
        ("missing_file", "data \"file\" \"x\" {\n  path = \"nowhere.txt\"\n}".to_owned()),
        ("refused", format!("data \"http\" \"x\" {{\n  url = \"{closed}/x\"\n}}")),
        ("offline", "data \"http\" \"x\" {\n  url = \"http://name.invalid/x\"\n}".to_owned()),
        (
            "secret_address",
            format!("data \"http\" \"x\" {{\n  url = sensitive(\"{closed}/?token=hunter2\")\n}}"),
        ),
        ("no_state", "data \"terraform_state\" \"x\" {\n  path = \"main.hcl\"\n}".to_owned()),
        (
            "state_in_s3",
            "data \"terraform_state\" \"x\" {\n  path    = \"a/b\"\n  backend = \"s3\"\n}".to_owned(),
        ),
        ("no_registry", "data \"flowform_registry\" \"x\" {\n  project = \"nobody\"\n}".to_owned()),
        ("no_project", "data \"flowform_registry\" \"x\" {\n  path = \"x\"\n}".to_owned()),
        ("unknown_kind", "data \"fiel\" \"x\" {\n  path = \"a\"\n}".to_owned()),
        ("unknown_argument", "data \"file\" \"x\" {\n  pth = \"a\"\n}".to_owned()),
        ("wrong_type", "data \"http\" \"x\" {\n  url = [\"a\"]\n}".to_owned()),
        (
            "wrong_timeout",
            "data \"http\" \"x\" {\n  url     = \"http://name.invalid\"\n  timeout = \"soon\"\n}".to_owned(),
        ),
        ("changing", "data \"file\" \"x\" {\n  path = timestamp()\n}".to_owned()),
        ("null", "data \"file\" \"x\" {\n  path = null\n}".to_owned()),
        (
            "no_lifecycle",
            "data \"file\" \"x\" {\n  path = \"main.hcl\"\n\n  lifecycle {\n    prevent_destroy = true\n  }\n}"
                .to_owned(),
        ),
    ];
    let mut text = String::new();
    for (name, block) in cases {
        let run = project(&format!("{block}\n")).run("plan").fails();
        assert!(!run.stderr.contains("hunter2") || run.stderr.contains("sensitive("), "{}", run.all());
        text.push_str(&format!("--- {name}\n{}\n", without_port(&run, &run.stderr)));
    }
    // What the operating system says of a refused connection differs.
    let text =
        regex::Regex::new(r"(?s)\(Connection refused.*?\)").expect("a pattern").replace_all(&text, "([why])");
    let text =
        regex::Regex::new(r"(?s)\(failed to lookup.*?\)").expect("a pattern").replace_all(&text, "([why])");
    snapshot!("data_errors", text);
}

#[test]
fn checks_warn_and_end_nothing() {
    let project = project(
        r#"
flow "etl" {
  storage = storage.module.code
}

check "good" {
  assert {
    condition     = length(flow.etl.name) == 3
    error_message = "The name is too long."
  }
}

check "versions" {
  assert {
    condition     = flow.etl.version > 5
    error_message = "Only version ${flow.etl.version}."
  }
  assert {
    condition     = flow.etl.name == "elt"
    error_message = "It is called ${flow.etl.name}."
  }
}

check "later" {
  assert {
    condition     = flow.etl.version == 1
    error_message = "Already version ${flow.etl.version}."
  }
}

check "reading" {
  data "file" "absent" {
    path = "absent.txt"
  }
  assert {
    condition     = data.file.absent.content == "x"
    error_message = "It is something else."
  }
}

check "broken" {
  assert {
    condition     = [1][2] == 3
    error_message = "Never."
  }
}
"#,
    );
    let plan = project.plan();
    snapshot!("check_plan", plan.all());
    let json = project.run("plan --json").succeeds().json();
    snapshot!("check_plan_json", serde_json::to_string_pretty(&json["checks"]).expect("JSON"));
    let run = project.apply();
    snapshot!("check_apply", run.stdout);
    let settled = project.run("plan --detailed-exitcode").exits(0);
    assert!(settled.stderr.contains("Check failed"), "{}", settled.all());
    project.edit("storage = storage.module.code", "storage = storage.module.code\n  labels = [\"a\"]");
    let lines = project.run("apply --auto-approve --json").succeeds().json_lines();
    let report = lines.last().expect("a report");
    snapshot!("check_apply_json", serde_json::to_string_pretty(&report["checks"]).expect("JSON"));
}

#[test]
fn checks_that_are_wrong() {
    let project = project(
        r#"
check "empty" {
}

check "twice" {
  data "file" "a" {
    path = "a"
  }
  data "file" "b" {
    path = "b"
  }
  assert {
    condition     = true
    error_message = "No."
  }
}

check "own" {
  data "file" "mine" {
    path = "a"
  }
  assert {
    condition     = data.file.mine.content == ""
    error_message = "No."
  }
}

output "theirs" {
  value = data.file.mine.content
}
"#,
    );
    snapshot!("check_errors", project.run("validate").fails().stderr);
}

#[test]
fn warnings_can_be_errors() {
    let project = project(
        "check \"never\" {\n  assert {\n    condition     = 1 == 2\n    error_message = \"Not equal.\"\n  }\n}\n\nflow \"etl\" {\n  storage = storage.module.code\n}\n",
    );
    for command in ["validate", "plan", "apply --auto-approve"] {
        let run =
            project.run(&format!("{command} --warnings-as-errors")).fails().complains("error: Check failed");
        assert!(!run.stdout.contains("created"), "{}", run.all());
    }
    assert!(project.registry_files().is_empty(), "nothing was written");
    project.run("validate").succeeds().complains("warning: Check failed");
    project.apply();
}
