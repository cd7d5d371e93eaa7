//! `template` blocks: documents that several run configs share, and that flowform stores where the block says so.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::data::Server;
use crate::support::{Project, snapshot};

const HEAD: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

"#;

/// A Job template as an argument of a block.
const JOB: &str = r#"  content = {
    apiVersion = "batch/v1"
    kind       = "Job"
    spec = {
      template = {
        spec = {
          containers = [{ name = "flow", image = "own:1" }]
        }
      }
    }
  }
"#;

fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

fn flow(name: &str, kind: &str, body: &str) -> String {
    format!(
        "flow \"{name}\" {{\n  storage = storage.module.code\n  run_config \"{kind}\" {{\n{body}\n  }}\n}}\n"
    )
}

fn rendered(project: &Project, flow: &str) -> Value {
    project.run(&format!("render {flow}")).succeeds().json()
}

/// However a template is given and named, the flow has the same definition as if it had been written inline.
#[test]
fn a_shared_template_is_the_template_that_is_written_inline() {
    let inline = project(&flow("etl", "kubernetes", &JOB.replace("content", "job_template")));
    let digest = rendered(&inline, "flow.etl")["digest"].clone();
    let by_block = "    job_template = template.kubernetes_job.base";
    for block in [
        JOB.to_owned(),
        "  content = file(\"job.yaml\")\n".to_owned(),
        "  file = \"./job.yaml\"\n".to_owned(),
    ] {
        let text = format!(
            "template \"kubernetes_job\" \"base\" {{\n{block}}}\n{}",
            flow("etl", "kubernetes", by_block)
        );
        let project = project(&text);
        project.write("job.yaml", "kind: Job\napiVersion: batch/v1\nspec:\n  template:\n    spec:\n      containers:\n        - name: flow\n          image: own:1\n");
        assert_eq!(rendered(&project, "flow.etl")["digest"], digest, "{block}");
    }
    for way in ["template.kubernetes_job.base.content", "template.kubernetes_job.base.document"] {
        let body = format!("    job_template = {way}");
        let text =
            format!("template \"kubernetes_job\" \"base\" {{\n{JOB}}}\n{}", flow("etl", "kubernetes", &body));
        assert_eq!(rendered(&project(&text), "flow.etl")["digest"], digest, "{way}");
    }
}

/// A template that nothing stores is shared: it is a value, and no change of a plan.
#[test]
fn a_template_without_a_path_is_shared_and_not_stored() {
    let text = format!(
        r#"template "ecs_task_definition" "size" {{
  for_each = {{ small = 256, large = 1024 }}
  content = {{
    networkMode          = "awsvpc"
    cpu                  = each.value
    memory               = each.value * 2
    containerDefinitions = [{{ name = "flow", image = "own:1", logConfiguration = {{ logDriver = "awslogs" }} }}]
  }}
}}
{}{}output "sum" {{
  value = template.ecs_task_definition.size["small"].sha256
}}
output "uri" {{
  value = template.ecs_task_definition.size["small"].uri
}}
"#,
        flow("a", "ecs", "    task_definition = template.ecs_task_definition.size[\"small\"]"),
        flow("b", "ecs", "    task_definition = template.ecs_task_definition.size[\"large\"]"),
    );
    let project = project(&text);
    let cpu = |flow: &str| rendered(&project, flow)["task_definition"]["task_definition"]["cpu"].clone();
    assert_eq!((cpu("flow.a"), cpu("flow.b")), (json!("256"), json!("1024")));
    let plan = project.run("plan --json").succeeds().json();
    let subjects: Vec<&Value> =
        plan["changes"].as_array().expect("changes").iter().map(|change| &change["subject"]).collect();
    assert_eq!(subjects, ["flow", "flow"]);
    assert_eq!(plan["outputs"]["uri"]["after"], json!({ "value": null }));
    let sum = plan["outputs"]["sum"]["after"]["value"].as_str().expect("a sum");
    assert_eq!(sum.len(), 64, "{sum}");
    project.apply();
    project.is_settled();
    // What the template says is part of the versions of the flows that use it.
    project.edit("image = \"own:1\"", "image = \"own:2\"");
    let text = project.plan().stdout;
    assert!(text.contains("2 to update"), "{text}");
}

#[test]
fn templates_that_are_wrong_are_told_once_and_in_their_place() {
    let job = |body: &str| format!("template \"kubernetes_job\" \"base\" {{\n{body}\n}}\n");
    let used = flow("etl", "kubernetes", "    job_template = template.kubernetes_job.base");
    let mut all = String::new();
    for (name, text) in [
        ("nothing", job("")),
        ("both", job("  content = { kind = \"Job\" }\n  file = \"job.yaml\"")),
        ("no_yaml", job("  content = \"kind: [Job\"")),
        ("a_list", job("  content = [1]")),
        ("unknown_field", job("  content = {\n    spec = { tmplate = {} }\n  }")),
        ("no_file", job("  file = \"none.yaml\"")),
        ("kind", "template \"kubernetes\" \"base\" {\n}\n".to_owned()),
        ("a_scheme", job(&format!("{JOB}  path = \"configmap://flows/job.json\""))),
        ("outside", job(&format!("{JOB}  path = \"../job.json\""))),
        ("no_place", job(&format!("{JOB}  path = \"ftp://host/job.json\""))),
        ("ignored", job(&format!("{JOB}  lifecycle {{\n    ignore_changes = [spec]\n  }}"))),
    ] {
        let text = if name == "kind" { text } else { format!("{text}{used}") };
        let project = Project::new(&text);
        project.write("head.hcl", HEAD);
        let run = project.run("validate").fails();
        all.push_str(&format!("=== {name}\n{}\n", run.stderr));
    }
    let other = format!(
        "template \"ecs_task_definition\" \"other\" {{\n  content = {{ cpu = 256 }}\n}}\n{}",
        flow("etl", "kubernetes", "    job_template = template.ecs_task_definition.other")
    );
    let run = project(&other).run("validate").fails();
    all.push_str(&format!("=== wrong_kind\n{}\n", run.stderr));
    let secret = format!(
        "variable \"key\" {{\n  default = \"a\"\n  sensitive = true\n}}\n{}{used}",
        job("  content = {\n    kind = \"Job\"\n    metadata = { name = var.key }\n  }")
    );
    let run = project(&secret).run("validate").fails();
    all.push_str(&format!("=== sensitive\n{}\n", run.stderr));
    snapshot!("template_errors", all);
}

/// A template that is stored, and a flow that uses it.
fn stored(path: &str, image: &str) -> String {
    let job = JOB.replace("own:1", image);
    format!(
        "template \"kubernetes_job\" \"base\" {{\n{job}  path = {path}\n}}\n{}",
        flow("etl", "kubernetes", "    job_template_path = template.kubernetes_job.base.uri")
    )
}

fn changes(project: &Project, line: &str) -> Vec<String> {
    let plan = project.run(line).succeeds().json();
    let text = |change: &Value, field: &str| change[field].as_str().unwrap_or("-").to_owned();
    let changes = plan["changes"].as_array().expect("changes").iter();
    changes
        .filter(|change| change["subject"] == "template")
        .map(|change| ["address", "action", "reason", "name"].map(|field| text(change, field)).join(" "))
        .collect()
}

/// A template through its life: stored, changed, altered by somebody else, gone, moved, removed.
#[test]
fn a_stored_template_is_kept_in_step() {
    let project = project(&stored("\"jobs/base.json\"", "own:1"));
    let mut told = format!("=== new\n{}", project.plan().stdout);
    project.apply();
    project.is_settled();
    let written = project.read("jobs/base.json");
    assert!(written.ends_with("}\n"), "{written}");
    let document: Value = serde_json::from_str(&written).expect("what is stored is JSON");
    assert_eq!(document["spec"]["template"]["spec"]["containers"][0]["image"], "own:1");
    // The flow names it by its path, and has its content.
    let body = rendered(&project, "flow.etl");
    assert_eq!(body["run_config"]["job_template_path"], Value::Null);
    assert_eq!(body["run_config"]["job_template"], document);

    project.edit("own:1", "own:2");
    told.push_str(&format!("=== changed\n{}", project.plan().stdout));
    assert_eq!(
        changes(&project, "plan --json"),
        ["template.kubernetes_job.base update definition_changed jobs/base.json"]
    );
    let applied = project.apply().stdout;
    told.push_str(&format!("=== applied\n{applied}"));
    project.is_settled();
    assert!(project.read("jobs/base.json").contains("own:2"));
    assert_eq!(project.versions("etl")["versions"].as_array().expect("versions").len(), 2);

    project.write("jobs/base.json", &project.read("jobs/base.json").replace("own:2", "theirs:1"));
    told.push_str(&format!("=== altered\n{}", project.plan().stdout));
    told.push_str(&format!(
        "=== altered, refresh only\n{}",
        project.run("plan --refresh-only").succeeds().stdout
    ));
    project.apply();
    project.is_settled();
    assert!(project.read("jobs/base.json").contains("own:2"));

    std::fs::remove_file(project.path().join("jobs/base.json")).expect("it is there");
    told.push_str(&format!("=== gone\n{}", project.plan().stdout));
    project.apply();
    project.is_settled();
    assert!(project.read("jobs/base.json").contains("own:2"));

    project.edit("\"jobs/base.json\"", "\"jobs/other.json\"");
    told.push_str(&format!("=== another path\n{}", project.plan().stdout));
    project.apply();
    project.is_settled();
    assert!(project.read("jobs/other.json").contains("own:2"));
    assert!(!project.path().join("jobs/base.json").exists());

    // A block is known by where it stores: another name is no other template.
    let text = project.read("main.hcl");
    let text = text.replace("\"base\"", "\"shared\"").replace("kubernetes_job.base", "kubernetes_job.shared");
    project.write("main.hcl", &text);
    told.push_str(&format!("=== renamed\n{}", project.plan().stdout));
    project.apply();
    project.is_settled();

    let end = text.find("template \"").expect("the block");
    let flow_at = text.find("flow \"").expect("the flow");
    let without = format!(
        "{}{}",
        &text[..end],
        text[flow_at..]
            .replace("job_template_path = template.kubernetes_job.shared.uri", "image = \"own:1\"",)
    );
    project.write("main.hcl", &without);
    told.push_str(&format!("=== removed\n{}", project.plan().stdout));
    project.apply();
    project.is_settled();
    assert!(!project.path().join("jobs/other.json").exists());
    snapshot!("template_life", told);
}

#[test]
fn instances_and_modules_store_one_template_each() {
    let project = Project::new(&format!(
        "{HEAD}module \"jobs\" {{\n  source = \"./jobs\"\n  image  = \"own:1\"\n}}\n{}",
        flow("etl", "kubernetes", "    job_template = module.jobs.templates[\"big\"]")
    ));
    project.write(
        "jobs/main.hcl",
        "variable \"image\" {\n}\ntemplate \"kubernetes_job\" \"sized\" {\n  for_each = toset([\"big\", \"small\"])\n  path = \"stored/${each.key}.json\"\n  content = { spec = { template = { spec = { containers = [{ name = each.key, image = var.image }] } } } }\n}\noutput \"templates\" {\n  value = { for key, template in template.kubernetes_job.sized : key => template.document }\n}\n",
    );
    assert_eq!(
        changes(&project, "plan --json"),
        [
            "module.jobs.template.kubernetes_job.sized[\"big\"] create not_recorded stored/big.json",
            "module.jobs.template.kubernetes_job.sized[\"small\"] create not_recorded stored/small.json",
        ]
    );
    // The flow takes its template along.
    assert_eq!(changes(&project, "plan --json --target flow.etl").len(), 2);
    let only = changes(&project, "plan --json --target module.jobs");
    assert_eq!(only.len(), 2);
    project.apply();
    project.is_settled();
    assert!(project.read("stored/big.json").contains("\"big\""));
    assert!(project.run("destroy --auto-approve").succeeds().stdout.contains("archived"));
    assert!(!project.path().join("stored/big.json").exists());
    assert!(!project.path().join("stored/small.json").exists());
}

/// What somebody else stored is neither written over nor removed.
#[test]
fn a_foreign_file_in_the_way_is_a_conflict() {
    let project = project(&stored("\"job.json\"", "own:1"));
    project.write("job.json", "mine");
    let run = project.run("plan").fails().complains("Foreign object in the way");
    let mut told = format!("=== foreign\n{}", run.stderr);
    project.run("apply --auto-approve").fails();
    assert_eq!(project.read("job.json"), "mine");
    project.edit("\"job.json\"", "\"${path.module}/./free/../job2.json\"");
    project.apply();
    project.is_settled();
    assert!(project.path().join("job2.json").exists());

    // Another root of the same project does not get it either.
    let other =
        project.read("main.hcl").replace("  project = \"shop\"", "  project = \"shop\"\n  root = \"other\"");
    let registry = project.path().join(".flowform/registry").display().to_string();
    let other = other.replace(
        "  root = \"other\"",
        &format!("  root = \"other\"\n  registry \"local\" {{\n    path = \"{registry}\"\n  }}"),
    );
    let other = other.replace("flow \"etl\"", "flow \"etl2\"");
    let relative = "\"${path.module}/./free/../job2.json\"";
    project.write("other/main.hcl", &other.replace(relative, "\"job2.json\""));
    // A relative path is against the root's own directory.
    project.run("--chdir other plan").succeeds();
    let absolute = format!("\"{}\"", project.path().join("shared.json").display());
    project.edit(relative, &absolute);
    project.apply();
    project.write("other/main.hcl", &other.replace(relative, &absolute));
    let run = project.run("--chdir other plan").fails().complains("Template of another root");
    told.push_str(&format!("=== another root\n{}", run.stderr));

    project.edit(&absolute, "\"job2.json\"");
    project.apply();
    assert!(!project.path().join("shared.json").exists());

    // A plan that was saved is held against what is there when it is applied.
    project.edit("own:1", "own:2");
    project.run("plan --out saved").succeeds();
    project.write("job2.json", "{}");
    let run = project.run("apply saved --auto-approve").fails();
    assert!(run.all().contains("Plan again"), "{}", run.all());
    assert_eq!(project.read("job2.json"), "{}");
    told.push_str(&format!("=== another plan\n{}", project.plan().stdout));
    project.apply();
    project.is_settled();

    // What cannot be read is not absent.
    std::fs::remove_file(project.path().join("job2.json")).expect("it is there");
    std::fs::create_dir(project.path().join("job2.json")).expect("a directory can be made");
    let run = project.run("plan").fails().complains("Live object not checked");
    told.push_str(&format!("=== not checked\n{}", run.stderr));
    let run = project.run("plan --allow-unreadable").succeeds();
    told.push_str(&format!("=== not checked and allowed\n{}", run.stdout));
    snapshot!("template_conflicts", told.replace(&registry, "[registry]"));
}

#[test]
fn a_protected_template_stays() {
    let protected = stored("\"job.json\"", "own:1").replace(
        "  path = \"job.json\"\n",
        "  path = \"job.json\"\n  lifecycle {\n    prevent_destroy = true\n  }\n",
    );
    let project = project(&protected);
    project.apply();
    let run = project.run("destroy --auto-approve").fails().complains("Protected template");
    let mut told = format!("=== destroy\n{}", run.stderr);
    project.edit("\"job.json\"", "\"other.json\"");
    let run = project.run("plan").fails().complains("Protected template");
    told.push_str(&format!("=== another path\n{}", run.stderr));
    assert!(project.path().join("job.json").exists());
    project.edit("prevent_destroy = true", "prevent_destroy = false");
    project.apply();
    project.is_settled();
    snapshot!("template_protected", told);
}

/// `removed` with `destroy = false` lets go of a template and leaves it where it is.
#[test]
fn a_forgotten_template_stays_where_it_is() {
    let project = project(&stored("\"job.json\"", "own:1"));
    project.apply();
    let text = project.read("main.hcl");
    let start = text.find("template \"").expect("the block");
    let removed =
        "removed {\n  from = template.kubernetes_job.base\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let rest = flow("etl", "kubernetes", "    job_template_path = \"job.json\"");
    project.write("main.hcl", &format!("{}{removed}{rest}", &text[..start]));
    assert_eq!(changes(&project, "plan --json"), ["template.kubernetes_job.base forget removed job.json"]);
    project.apply();
    project.is_settled();
    assert!(project.read("job.json").contains("own:1"));
    let plan = project.plan().stdout;
    assert!(plan.contains("has done its work"), "{plan}");
}

/// Two blocks cannot store at one place, and what is stored is known when it is planned.
#[test]
fn mistakes_about_places_are_found_before_anything_is_done() {
    let twice = format!(
        "template \"kubernetes_job\" \"a\" {{\n{JOB}  path = \"./job.json\"\n}}\ntemplate \"kubernetes_job\" \"b\" {{\n{JOB}  path = \"job.json\"\n}}\n"
    );
    project(&twice).run("validate").fails().complains("Template path used twice");
    let links = project(&stored("\"out/job.json\"", "own:1"));
    let elsewhere = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(elsewhere.path(), links.path().join("out")).expect("a link");
    links.run("plan").fails().complains("is a symbolic link");
}

/// A task definition that a server keeps is part of the version: it is read at each plan, and what is not read is not
/// taken for anything.
#[test]
fn a_task_definition_of_a_server_is_part_of_the_version() {
    let task = |image: &str| {
        format!(
            "networkMode: awsvpc\ncpu: 256\nmemory: 512\ncontainerDefinitions:\n  - name: flow\n    image: {image}\n    logConfiguration: {{logDriver: awslogs}}\n"
        )
    };
    let server = Server::new(&task("own:1"));
    let body = format!("    task_definition_path = \"{}/task.yaml\"", server.url);
    let project = project(&flow("etl", "ecs", &body));
    project.run("validate").succeeds();
    assert_eq!(server.asked(), 0, "validate reads nothing");
    let rendered = rendered(&project, "flow.etl");
    assert_eq!(rendered["run_config"]["task_definition_path"], Value::Null);
    assert_eq!(rendered["task_definition"]["task_definition"]["containerDefinitions"][0]["image"], "own:1");
    project.apply();
    server.asked();
    project.is_settled();
    assert_eq!(server.asked(), 1, "one plan reads it once");

    let says = |text: &str| *server.body.lock().expect("nobody panicked") = text.to_owned();
    says(&task("own:2"));
    let plan = project.run("plan --json").succeeds().json();
    assert_eq!(plan["changes"][0]["reason"], "template_changed");
    let mut told = project.plan().stdout;
    // What the server says now is nobody's wish.
    server.status.store(503, Ordering::SeqCst);
    let run = project.run("plan").fails().complains("Live object not checked");
    told.push_str(&format!("=== not read\n{}", run.stderr));
    let run = project.run("plan --allow-unreadable").succeeds();
    told.push_str(&format!("=== not read and allowed\n{}", run.stdout));
    server.status.store(200, Ordering::SeqCst);
    says("networkMode: [awsvpc");
    project.run("plan").fails().complains("Unreadable template");
    says("nothing: true");
    project.run("plan").fails().complains("no field `nothing`");
    says(&task("own:2"));

    // Pinned, the content of the latest version stays, read or not, as long as the address does.
    project.edit("task.yaml\"", "task.yaml\"\n    template_refresh = \"pinned\"");
    project.is_settled();
    server.status.store(503, Ordering::SeqCst);
    project.is_settled();
    server.status.store(200, Ordering::SeqCst);
    project.edit("task.yaml\"", "other.yaml\"");
    let plan = project.run("plan --json").succeeds().json();
    assert_eq!(plan["changes"][0]["reason"], "definition_changed");
    project.apply();
    project.is_settled();
    says(&task("own:3"));
    project.is_settled();
    project.edit("template_refresh = \"pinned\"", "template_refresh = \"never\"");
    project.run("validate").fails().complains("when a template that a server keeps is taken anew");
    snapshot!("template_remote", told.replace(&server.url, "http://server"));
}

/// The template of an extended run config comes along with its place.
#[test]
fn an_extended_run_config_hands_its_remote_template_on() {
    let server = Server::new("{\"networkMode\": \"awsvpc\", \"cpu\": \"256\", \"memory\": \"512\"}");
    let base = format!(
        "run_config \"ecs\" \"base\" {{\n  task_definition_path = \"{}/task.json\"\n}}\n",
        server.url
    );
    let body = "    extends = run_config.ecs.base\n    image = \"own:1\"\n    template_refresh = \"pinned\"";
    let project = project(&format!("{base}{}", flow("etl", "ecs", body)));
    project.apply();
    let answer = "{\"networkMode\": \"awsvpc\", \"cpu\": \"512\", \"memory\": \"1024\"}";
    *server.body.lock().expect("nobody panicked") = answer.to_owned();
    project.is_settled();
    project.edit("\n    template_refresh = \"pinned\"", "");
    assert!(project.plan().stdout.contains("the template that it names changed"));
}

/// Blocks of every kind wait for what `depends_on` names, and so do the flows that use them.
#[test]
fn what_a_flow_uses_waits_for_what_it_depends_on() {
    let steps = |text: &str| -> Vec<String> {
        let run = project(text).run("apply --auto-approve --json").succeeds();
        let events = run.json_lines().into_iter().filter(|event| event["type"] == "step_finished");
        events.map(|event| event["address"].as_str().expect("an address").to_owned()).collect()
    };
    let first = "flow \"z_first\" {\n  storage = storage.module.code\n}\n";
    let waits = "  depends_on = [flow.z_first]\n";
    for (what, text) in [
        (
            "run_config",
            format!(
                "run_config \"local\" \"own\" {{\n{waits}}}\nflow \"a\" {{\n  storage = storage.module.code\n  run_config = run_config.local.own\n}}\n"
            ),
        ),
        (
            "storage",
            format!(
                "storage \"module\" \"own\" {{\n  module = \"m\"\n{waits}}}\nflow \"a\" {{\n  storage = storage.module.own\n}}\n"
            ),
        ),
        (
            "agent",
            format!(
                "agent \"local\" \"own\" {{\n{waits}}}\nflow \"a\" {{\n  storage = storage.module.code\n  agent = agent.local.own\n}}\n"
            ),
        ),
        (
            "template",
            format!(
                "template \"kubernetes_job\" \"own\" {{\n{JOB}{waits}  path = \"job.json\"\n}}\n{}",
                flow("a", "kubernetes", "    job_template = template.kubernetes_job.own")
            ),
        ),
    ] {
        let made = steps(&format!("{first}{text}"));
        let place = |address: &str| {
            made.iter().position(|made| made == address).unwrap_or_else(|| panic!("{what}: {made:?}"))
        };
        assert!(place("flow.z_first") < place("flow.a"), "{what}: {made:?}");
        if what == "template" {
            assert!(place("flow.z_first") < place("template.kubernetes_job.own"), "{made:?}");
            assert!(place("template.kubernetes_job.own") < place("flow.a"), "{made:?}");
        }
        // A circle through such a block is found.
        let circle = format!("{}{text}", first.replace("}\n", "  depends_on = [flow.a]\n}\n"));
        project(&circle).run("validate").fails().complains("Cycle");
    }
}

/// The record names templates, and lets go of them without touching what they store.
#[test]
fn templates_are_in_the_record() {
    let project = project(&stored("\"job.json\"", "own:1"));
    project.apply();
    let list = project.run("state list").succeeds().stdout;
    assert!(list.contains("template.kubernetes_job.base  job.json  stored"), "{list}");
    let templates = project.run("state list --json").succeeds().json()["templates"].clone();
    assert_eq!(templates[0]["path"], "job.json");
    assert_eq!(templates[0]["finished"], true);
    project.run("state rm template.kubernetes_job.base --auto-approve").succeeds();
    assert!(project.read("job.json").contains("own:1"));
    // What is not recorded is somebody else's.
    project.run("plan").fails().complains("Foreign object in the way");
}
