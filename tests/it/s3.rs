//! What is kept in S3, through the program and against a stand-in for AWS: the registry, templates, states of Terraform.

use std::process::{Child, Stdio};
use std::time::Duration;

use flowform_provider_testbed::{Aws, Fault};
use serde_json::Value;

use crate::support::{Project, Run};

const BUCKET: &str = "flows";

/// A configuration with three flows and a registry in the bucket.
fn configuration(registry: &str) -> String {
    format!(
        r#"flowform {{
  project = "shop"

  registry "s3" {{
    bucket = "{BUCKET}"
{registry}
  }}
}}
variable "level" {{
  default = 1
}}
storage "module" "code" {{
  module = "shop.etl"
}}
agent "local" "box" {{
}}
flow "etl" {{
  for_each = toset(["a", "b", "c"])
  storage  = storage.module.code

  run_config "local" {{
    env = {{ LEVEL = var.level }}
  }}
}}
"#
    )
}

fn started() -> Aws {
    let aws = Aws::start();
    aws.bucket(BUCKET);
    aws
}

fn project(aws: &Aws, registry: &str) -> Project {
    Project::new(&configuration(registry)).with(aws.environment())
}

fn spawn(project: &Project, line: &str, ttl: &str) -> Child {
    let args: Vec<&str> = line.split_whitespace().collect();
    let mut command = project.command(&args);
    command.env("FLOWFORM_LEASE_TTL", ttl);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn finish(project: &Project, child: Child) -> Run {
    let output = child.wait_with_output().expect("the program ends");
    project.finished("apply", &output)
}

/// The flows as the record has them: numbers without gaps, the latest bound, alive and published.
fn is_whole(aws: &Aws, project: &Project, prefix: &str) -> Vec<Value> {
    let json = project.run("state list --json").succeeds().json();
    let flows = json["flows"].as_array().expect("a list of flows").clone();
    assert_eq!(flows.len(), 3);
    for flow in &flows {
        let versions = flow["versions"].as_array().expect("versions");
        let numbers: Vec<u64> = versions.iter().rev().filter_map(|it| it["version"].as_u64()).collect();
        let wanted: Vec<u64> = (1..=versions.len() as u64).collect();
        assert_eq!(numbers, wanted, "no version twice, none missing");
        assert_eq!(versions[0]["state"], "bound");
        assert_eq!(flow["published"], versions[0]["version"]);
        let name = flow["name"].as_str().expect("a name");
        let key = format!("{prefix}shop/current/{name}.json");
        let current = aws.object(BUCKET, &key).unwrap_or_else(|| panic!("{key} is published"));
        let current: Value = serde_json::from_slice(&current).expect("JSON");
        assert_eq!(current["version"], versions[0]["version"]);
        for version in versions.iter().filter(|version| version["state"] == "bound") {
            let id = version["artifacts"][0]["id"].as_str().expect("an id");
            let content = aws.object(BUCKET, &format!("{prefix}shop/{id}")).expect("it is alive");
            let content: Value = serde_json::from_slice(&content).expect("JSON");
            assert_eq!(content["identity"]["version"], version["version"]);
        }
    }
    flows
}

fn lease(aws: &Aws, prefix: &str) -> Value {
    let lease = aws.object(BUCKET, &format!("{prefix}shop/lease.json")).expect("there is a lease");
    serde_json::from_slice(&lease).expect("JSON")
}

fn versions(flows: &[Value]) -> Vec<usize> {
    flows.iter().map(|flow| flow["versions"].as_array().map_or(0, Vec::len)).collect()
}

#[test]
fn a_registry_in_a_bucket_is_applied_and_settled() {
    let aws = started();
    let project = project(&aws, "    prefix = \"live\"\n    region = \"us-east-1\"");
    project.plan().says("flow.etl[\"a\"] (\"etl-a\") will be created as version 1");
    assert!(aws.keys(BUCKET).is_empty(), "a plan writes nothing");
    project.run("init").succeeds().says("in s3://flows/live");
    project.run("init").succeeds().says("is ready");
    project.apply();
    project.is_settled();
    project.run("apply --auto-approve --var level=2").succeeds();
    project.run("plan --var level=2 --detailed-exitcode").exits(0);
    assert_eq!(versions(&is_whole(&aws, &project, "live/")), [2, 2, 2]);
    assert_eq!(lease(&aws, "live/")["state"], "free");
    let keys = aws.keys(BUCKET);
    assert!(keys.iter().all(|key| key.starts_with("live/shop/")), "{keys:?}");
    assert!(!project.path().join(".flowform").exists(), "nothing is kept beside the bucket");
    project.run("destroy --auto-approve").succeeds();
    project.run("plan --destroy --detailed-exitcode").exits(0);
}

#[test]
fn the_registry_is_encrypted_as_it_says() {
    let aws = started();
    let project = project(&aws, "    kms_key = \"alias/flows\"");
    project.apply();
    for key in aws.keys(BUCKET) {
        let head = aws.head(BUCKET, &key);
        assert_eq!(head.get("x-amz-server-side-encryption").map(String::as_str), Some("aws:kms"), "{key}");
    }
}

/// Eight writers of different configurations: each waits for the one before it, and what each was told is recorded.
#[test]
fn eight_applies_at_once_make_each_version_once() {
    let aws = started();
    let projects: Vec<Project> = (0..8).map(|_| project(&aws, "")).collect();
    let runs: Vec<Run> = projects
        .iter()
        .enumerate()
        .map(|(count, project)| {
            let line =
                format!("apply --auto-approve --json --lock-timeout 300s --var level={}", count % 4 + 10);
            (project, spawn(project, &line, "60s"))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(project, child)| finish(project, child))
        .collect();
    let good = runs.iter().filter(|run| run.code == Some(0)).count();
    assert!(good >= 1, "{}", runs[0].all());
    // Who planned for what is no longer so is told, and has done nothing.
    for run in runs.iter().filter(|run| run.code != Some(0)) {
        assert!(run.all().contains("Flow changed") || run.all().contains("changed"), "{}", run.all());
    }
    let flows = is_whole(&aws, &projects[0], "");
    let recorded = versions(&flows);
    let told = |flow: &Value| {
        let mut made: Vec<u64> = Vec::new();
        for run in &runs {
            let lines = run.raw().lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let steps = lines.filter(|it| it["type"] == "step_finished" && it["address"] == flow["address"]);
            let makes = steps.filter_map(|it| it["what"].as_str().map(str::to_owned));
            let makes = makes.filter(|what| what.starts_with("make"));
            made.extend(makes.filter_map(|what| what.rsplit(' ').next()?.parse::<u64>().ok()));
        }
        made.sort_unstable();
        made
    };
    for (flow, count) in flows.iter().zip(recorded) {
        assert_eq!(told(flow), (1..=count as u64).collect::<Vec<_>>(), "each version was made by one");
    }
}

/// The program is killed while it waits for the answer to a write, once at each write that it makes; the write was done or
/// was not.
#[test]
fn an_apply_that_is_killed_at_any_write_is_completed_by_the_next() {
    let aws = started();
    let mut kills = 0;
    for write in 0.. {
        let project = project(&aws, &format!("    prefix = \"p{write}\""));
        let path = format!("^/{BUCKET}/p{write}/");
        let fault = if write % 2 == 0 { Fault::hold("PutObject") } else { Fault::slow("PutObject", 3600.0) };
        aws.faults(&[fault.at(&path).after(write / 2)]);
        aws.forget();
        let mut child = spawn(&project, "apply --auto-approve", "500ms");
        let reached = || {
            let calls = aws.calls();
            let writes = calls.iter().filter(|it| it.operation == "PutObject");
            writes.filter(|it| it.path.starts_with(&format!("/{BUCKET}/p{write}/"))).count()
                > write as usize / 2
        };
        while !reached() && child.try_wait().expect("it is asked").is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().expect("it is asked").is_some() {
            finish(&project, child).succeeds();
            break;
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        kills += 1;
        aws.faults(&[]);
        project.run("apply --auto-approve --lock-timeout 60s").succeeds();
        project.is_settled();
        let prefix = format!("p{write}/");
        is_whole(&aws, &project, &prefix);
        // Whoever was killed at giving the lease back holds nobody up.
        if lease(&aws, &prefix)["state"] != "free" {
            project.run("apply --auto-approve --var level=2 --lock-timeout 60s").succeeds();
            is_whole(&aws, &project, &prefix);
        }
        assert_eq!(lease(&aws, &prefix)["state"], "free");
    }
    assert!(kills >= 16, "there is more than that to be killed at: {kills}");
}

/// Somebody took the lease over while a writer slept: its next write is refused by the log itself.
#[test]
fn who_lost_the_lease_writes_nothing_more() {
    let aws = started();
    let project = project(&aws, "");
    project.apply();
    aws.faults(&[Fault::slow("PutObject", 3600.0).at("/specs/")]);
    aws.forget();
    let loser = spawn(&project, "apply --auto-approve --var level=2", "60s");
    while !aws.calls().iter().any(|call| call.operation == "PutObject" && call.path.contains("/specs/")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let lease = lease(&aws, "");
    let nonce = lease["nonce"].as_str().expect("a nonce");
    project.run(&format!("unlock {nonce} --force")).succeeds();
    // What the loser recorded just before it was fenced may be newer than the plan, which is then made again.
    let winner = "apply --auto-approve --var level=3 --lock-timeout 60s";
    if project.run(winner).code != Some(0) {
        project.run(winner).succeeds();
    }
    // Now what was on its way arrives.
    aws.faults(&[]);
    let lost = finish(&project, loser);
    assert_eq!(lost.code, Some(1), "{}", lost.all());
    // Nothing of it is in the record; what it had sent off already is seen and removed.
    let before = project.run("state list --json").succeeds().json()["flows"].clone();
    project.run("apply --auto-approve --var level=3").succeeds();
    project.run("plan --var level=3 --detailed-exitcode").exits(0);
    let after = is_whole(&aws, &project, "");
    assert_eq!(versions(&after), versions(before.as_array().expect("flows")));
}

#[test]
fn what_is_wrong_with_the_bucket_is_told() {
    let aws = started();
    let plan = |registry: &str| project(&aws, registry).run("plan").fails();
    let elsewhere = configuration("").replace("\"flows\"", "\"elsewhere\"");
    Project::new(&elsewhere)
        .with(aws.environment())
        .run("plan")
        .fails()
        .complains("Registry not usable")
        .complains("s3://elsewhere/shop/registry.json")
        .complains("there is no such bucket: make it");
    for (fault, says) in [
        (
            Fault::refuse("", 301, "PermanentRedirect", "").header("x-amz-bucket-region", "eu-west-1"),
            "set `region = \"eu-west-1\"`",
        ),
        (
            Fault::refuse("", 403, "AccessDenied", "Access Denied"),
            "allow the action `s3:GetObject` and `s3:ListBucket`",
        ),
        (Fault::refuse("", 400, "ExpiredToken", "The token has expired."), "aws sso login"),
        (Fault::refuse("", 403, "InvalidAccessKeyId", ""), "the credentials are not accepted"),
        (Fault::drop(""), "check the endpoint, the region, the network and the proxy"),
    ] {
        aws.faults(&[fault.always()]);
        plan("    max_attempts = 1").complains(says);
    }
    aws.faults(&[]);
    plan("    endpoint = \"http://127.0.0.1:9\"\n    max_attempts = 1").complains("check the endpoint");
    plan("    allowed_account_ids = [\"111122223333\"]").complains("lead to the account 123456789012");
    project(&aws, "    allowed_account_ids = [\"123456789012\"]").plan();
    // Nothing of the configuration's credentials and region is known.
    let bare = |name: &str| {
        let environment = aws.environment().into_iter().filter(|(known, _)| !known.starts_with(name));
        Project::new(&configuration("")).with(environment.collect()).run("plan").fails()
    };
    bare("AWS_REGION").complains("no AWS region is known: set `region`");
    bare("AWS_ACCESS_KEY_ID").complains("needs credentials, and there are none");
    assert!(aws.keys(BUCKET).is_empty(), "nothing was written");
}

#[test]
fn a_store_without_conditional_writes_is_refused() {
    let aws = started();
    for header in ["If-None-Match", "If-Match"] {
        aws.faults(&[Fault::without(header)]);
        for line in ["init", "apply --auto-approve"] {
            let run = project(&aws, "").run(line).fails();
            run.complains("does not keep the conditions of writes").complains("two applies could");
        }
        assert!(aws.keys(BUCKET).is_empty(), "nothing is left");
    }
}

#[test]
fn settings_that_are_wrong_are_told_in_their_place() {
    let aws = Project::new("");
    for (registry, says) in [
        ("    buckt = \"x\"", "did you mean `bucket`?"),
        ("    encryption = \"rot13\"", "`encryption` is `\"s3\"` or `\"kms\"`"),
        ("    encryption = \"s3\"\n    kms_key = \"k\"", "only the latter has a `kms_key`"),
        ("    endpoint = \"minio:9000\"", "begins with `https://` or `http://`"),
        ("    max_attempts = 0", "a whole number from 1 to 100"),
        ("    path_style = \"perhaps\"", "true or false"),
        ("    allowed_account_ids = []", "twelve digits"),
        ("    allowed_account_ids = [123]", "twelve digits"),
        ("    assume_role = { arn = \"arn:aws:iam::1:role/x\" }", "an object with `role_arn`"),
        ("    assume_role = \"x\"", "an object with `role_arn`"),
        ("    region = flow.etl.name", "Reference not allowed"),
        ("    profile = sensitive(\"x\")", "can be neither sensitive nor change"),
    ] {
        aws.write("main.hcl", &configuration(registry));
        aws.run("validate").fails().complains(says);
    }
    aws.write("main.hcl", &configuration("").replace("    bucket = \"flows\"\n", ""));
    aws.run("validate").fails().complains("needs the argument `bucket`");
}

#[test]
fn the_state_of_terraform_is_read_from_a_bucket() {
    let aws = started();
    let state =
        r#"{"version": 4, "outputs": {"queue": {"value": "fast", "type": "string"}}, "resources": []}"#;
    aws.put_object(BUCKET, "env/live/terraform.tfstate", state.as_bytes());
    let text = |arguments: &str| {
        format!(
            "data \"terraform_state\" \"net\" {{\n  backend = \"s3\"\n{arguments}}}\noutput \"queue\" {{\n  \
             value = data.terraform_state.net.outputs.queue\n}}\n"
        )
    };
    let good =
        text("  bucket = \"flows\"\n  key = \"env/live/terraform.tfstate\"\n  region = \"us-east-1\"\n");
    let project = Project::new(&good).with(aws.environment());
    project.plan().says("\"fast\"");
    let endpoint = format!("  endpoint = \"{}\"\n", aws.endpoint());
    project.edit("  region = \"us-east-1\"\n", &endpoint);
    project.plan().says("\"fast\"");
    project.edit("env/live", "env/test");
    let missing = project.run("plan").fails().complains("there is no object `env/test/terraform.tfstate`");
    missing.complains("Data not readable");
    project.edit("\"flows\"", "\"elsewhere\"");
    project.run("plan").fails().complains("there is no such bucket");
    for (arguments, says) in [
        ("  bucket = \"flows\"\n", "needs the argument `key`"),
        ("  bucket = \"flows\"\n  key = \"k\"\n  path = \"p\"\n", "has no argument `path`"),
    ] {
        project.write("main.hcl", &text(arguments));
        project.run("plan").fails().complains(says);
    }
}

#[test]
fn a_template_in_a_bucket_is_kept_in_step() {
    let aws = started();
    let template = r#"
template "ecs_task_definition" "base" {
  content = {
    networkMode          = "awsvpc"
    containerDefinitions = [{ name = "flow", image = "own:1" }]
  }
  path = "s3://flows/templates/base.json"
}
"#;
    let project = Project::new(&format!("{}{template}", configuration(""))).with(aws.environment());
    project.plan().says("template.ecs_task_definition.base");
    assert_eq!(aws.object(BUCKET, "templates/base.json"), None, "a plan writes nothing");
    project.apply();
    project.is_settled();
    let content = aws.object(BUCKET, "templates/base.json").expect("it is stored");
    assert!(String::from_utf8_lossy(&content).contains("own:1"));
    aws.put_object(BUCKET, "templates/base.json", b"{}");
    project.run("plan --detailed-exitcode").exits(2);
    project.apply();
    assert_eq!(aws.object(BUCKET, "templates/base.json").as_ref(), Some(&content), "it is put right");
    project.edit("own:1", "own:2");
    project.apply();
    project.is_settled();
    let content = aws.object(BUCKET, "templates/base.json").expect("it is stored");
    assert!(String::from_utf8_lossy(&content).contains("own:2"));
    project.edit("s3://flows/templates/base.json", "s3://flows//base.json");
    project.run("validate").fails().complains("does not name an object of a bucket");
}

/// Each content has a key of its own, and the one before goes; objects are encrypted as the registry's are.
#[test]
fn a_versioned_template_in_a_bucket_has_a_key_for_each_content() {
    let aws = started();
    let template = "\ntemplate \"ecs_task_definition\" \"base\" {\n  content = {\n    containerDefinitions = [{ name = \"flow\", image = \
                    \"own:1\" }]\n  }\n  path      = \"s3://flows/templates/base.json\"\n  versioned = true\n}\noutput \"place\" \
                    {\n  value = template.ecs_task_definition.base.uri\n}\n";
    let text = format!("{}{template}", configuration("    encryption = \"s3\""));
    let project = Project::new(&text).with(aws.environment());
    let places = || {
        let keys = aws.keys(BUCKET).into_iter().filter(|key| key.starts_with("templates/"));
        keys.collect::<Vec<_>>()
    };
    project.apply();
    project.is_settled();
    let [first] = <[String; 1]>::try_from(places()).expect("one template");
    assert!(first.starts_with("templates/base-") && first.ends_with(".json"), "{first}");
    let place = project.run("output --raw place").succeeds();
    assert_eq!(place.stdout.trim(), format!("s3://{BUCKET}/{first}"));
    for key in aws.keys(BUCKET) {
        let head = aws.head(BUCKET, &key);
        let encryption = head.get("x-amz-server-side-encryption").map(String::as_str);
        assert_eq!(encryption, Some("aes256"), "{key}: {head:?}");
    }
    project.edit("own:1", "own:2");
    project.apply();
    project.is_settled();
    let [second] = <[String; 1]>::try_from(places()).expect("one template");
    assert_ne!(first, second);
    project.edit("versioned = true", "versioned = \"perhaps\"");
    project.run("validate").fails().complains("`versioned` is `true` or `false`");
}

/// A task definition in S3 that somebody else keeps is part of the versions, where the run config says so.
#[test]
fn a_task_definition_in_a_bucket_is_read_where_that_is_said() {
    let aws = started();
    let put = |image: &str| {
        let text = format!(
            "networkMode: awsvpc\ncpu: 256\nmemory: 512\ncontainerDefinitions:\n  - name: flow\n    image: {image}\n    \
             logConfiguration: {{logDriver: awslogs}}\n"
        );
        aws.put_object(BUCKET, "tasks/etl.yaml", text.as_bytes());
    };
    put("own:1");
    let flow = "agent \"ecs\" \"box\" {\n}\nflow \"task\" {\n  storage = storage.module.code\n\n  run_config \"ecs\" {\n    \
                task_definition_path = \"s3://flows/tasks/etl.yaml\"\n    execution_role_arn = \"arn:aws:iam::123456789012:role/x\"\n  }\n}\n";
    let project = Project::new(&format!("{}{flow}", configuration(""))).with(aws.environment());
    aws.forget();
    project.plan().says("\"s3://flows/tasks/etl.yaml\"");
    assert!(!aws.calls().iter().any(|call| call.path.contains("tasks")), "it is left alone");
    project.edit("etl.yaml\"", "etl.yaml\"\n    template_refresh = \"always\"");
    project.plan().says("\"own:1\"");
    project.apply();
    project.is_settled();
    put("own:2");
    project.plan().says("\"own:1\" -> \"own:2\"");
    aws.faults(&[Fault::refuse("GetObject", 403, "AccessDenied", "").at("/tasks/").always()]);
    project.run("plan").fails().complains("Live object not checked").complains("s3:GetObject");
}
