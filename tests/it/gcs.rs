//! A registry in Cloud Storage, through the program: against a strict server on loopback that stands for the service.

use std::process::{Child, Stdio};

use flowform_testbed_google::{Storage, StorageOptions};
use serde_json::Value;

use crate::support::{Project, Run};

/// A project whose registry is in a bucket.
struct Remote {
    server: Storage,
    project: Project,
    credentials: String,
}

fn configuration(server: &Storage, level: u32) -> String {
    format!(
        "flowform {{\n  project = \"shop\"\n\n  registry \"gcs\" {{\n    bucket   = \"bucket\"\n    prefix   = \"flows\"\n    \
         endpoint = \"{}\"\n  }}\n}}\nprovider \"vertex\" {{\n  project  = \"p-1\"\n  location = \"europe-west4\"\n}}\nstorage \"module\" \"code\" {{\n  module = \"shop.etl\"\n}}\nagent \"vertex\" \"v\" {{\n  \
         project = \"p-1\"\n}}\nflow \"etl\" {{\n  for_each = toset([\"a\", \"b\", \"c\"])\n  storage  = storage.module.code\n  \
         run_config \"vertex\" {{\n    image = \"a/b:1\"\n    env   = {{ LEVEL = \"{level}\" }}\n  }}\n}}\n",
        server.endpoint()
    )
}

impl Remote {
    fn start() -> Self {
        let server = Storage::start(&StorageOptions::default());
        let project = Project::new(&configuration(&server, 1));
        let credentials = server.credentials(project.path()).display().to_string();
        Self { server, project, credentials }
    }

    fn set_level(&self, level: u32) {
        self.project.write("main.hcl", &configuration(&self.server, level));
    }

    fn run(&self, line: &str) -> Run {
        let args: Vec<&str> = line.split_whitespace().collect();
        self.project.run_with(&args, &[("GOOGLE_APPLICATION_CREDENTIALS", &self.credentials)])
    }

    fn spawn(&self, line: &str, ttl: &str) -> Child {
        let args: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.project.command(&args);
        command.env("GOOGLE_APPLICATION_CREDENTIALS", &self.credentials).env("FLOWFORM_LEASE_TTL", ttl);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    fn is_settled(&self) {
        let plan = self.run("plan --detailed-exitcode");
        assert_eq!(plan.code, Some(0), "nothing is left to do:\n{}", plan.all());
    }

    /// The flows with their versions, as the record has them: numbers without gaps, the latest one bound and published.
    fn is_whole(&self) -> Vec<Value> {
        self.is_settled();
        let flows = self.run("state list --json").succeeds().json()["flows"].clone();
        let flows = flows.as_array().expect("a list of flows").clone();
        assert_eq!(flows.len(), 3);
        for flow in &flows {
            let versions = flow["versions"].as_array().expect("versions");
            let numbers: Vec<u64> =
                versions.iter().rev().filter_map(|version| version["version"].as_u64()).collect();
            assert_eq!(
                numbers,
                (1..=versions.len() as u64).collect::<Vec<_>>(),
                "no version twice, none missing"
            );
            assert_eq!(versions[0]["state"], "bound");
            assert_eq!(flow["published"], versions[0]["version"]);
            for version in versions.iter().filter(|version| version["state"] == "bound") {
                let id = version["artifacts"][0]["id"].as_str().expect("an id");
                let content = self.server.content("bucket", &format!("flows/shop/{id}"));
                let content: Value = serde_json::from_slice(&content.expect("it is alive")).expect("JSON");
                assert_eq!(content["identity"]["version"], version["version"]);
            }
        }
        flows
    }
}

#[test]
fn a_registry_in_a_bucket_is_applied_and_settled() {
    let remote = Remote::start();
    remote.run("plan").succeeds().says("flow.etl[\"a\"] (\"etl-a\") will be created as version 1");
    assert!(remote.server.names("bucket").is_empty(), "a plan writes nothing");
    remote.run("apply --auto-approve").succeeds();
    remote.is_whole();
    remote.set_level(2);
    remote.run("plan --detailed-exitcode").exits(2);
    remote.run("apply --auto-approve").succeeds();
    for flow in remote.is_whole() {
        assert_eq!(flow["versions"].as_array().map(Vec::len), Some(2));
    }
    let names = remote.server.names("bucket");
    assert!(names.iter().all(|name| name.starts_with("flows/shop/")), "{names:?}");
    assert!(names.contains(&"flows/shop/lease.json".to_owned()), "{names:?}");
    remote.run("destroy --auto-approve").succeeds();
    remote.run("plan --destroy --detailed-exitcode").exits(0);
}

#[test]
fn what_was_altered_by_hand_is_seen_and_put_right() {
    let remote = Remote::start();
    remote.run("apply --auto-approve").succeeds();
    let name = remote
        .server
        .names("bucket")
        .into_iter()
        .find(|name| name.contains("/vertex/p-1/"))
        .expect("an artifact");
    let text = String::from_utf8(remote.server.content("bucket", &name).expect("content")).expect("text");
    remote.server.set("bucket", &name, text.replace("a/b:1", "a/b:2").as_bytes());
    remote.run("plan --detailed-exitcode").exits(2).says("altered");
    remote.run("apply --auto-approve").succeeds();
    remote.is_whole();
    assert_eq!(remote.server.content("bucket", &name).as_deref(), Some(text.as_bytes()));
}

#[test]
fn two_applies_at_once_make_each_version_once() {
    let remote = Remote::start();
    remote.run("apply --auto-approve").succeeds();
    remote.set_level(2);
    let spawn = || remote.spawn("apply --auto-approve --lock-timeout 60s", "15s");
    let runs: Vec<Run> = [spawn(), spawn()]
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().expect("the program ends");
            remote.project.finished("apply", &output)
        })
        .collect();
    assert!(runs.iter().any(|run| run.code == Some(0)), "{}\n{}", runs[0].all(), runs[1].all());
    for flow in remote.is_whole() {
        assert_eq!(flow["versions"].as_array().map(Vec::len), Some(2));
    }
}

/// The program is killed while one of its calls is under way, once at each call that it makes; whether that call is carried
/// out is up to the server.
#[test]
fn an_apply_that_is_killed_at_any_call_is_completed_by_the_next() {
    let sweep = |is_carried_out: bool| {
        let mut kills = 0;
        for call in 0.. {
            let remote = Remote::start();
            let hold = remote.server.hold("POST", call, is_carried_out);
            let mut child = remote.spawn("apply --auto-approve", "300ms");
            if !hold.wait(|| child.try_wait().expect("it is asked").is_some()) {
                let output = child.wait_with_output().expect("the program ends");
                // On a busy machine it may lose so short a lease; the next one completes that too.
                let is_complete = output.status.success();
                remote.run("apply --auto-approve --lock-timeout 60s").succeeds();
                remote.is_whole();
                if is_complete {
                    return kills;
                }
                continue;
            }
            child.kill().expect("it is killed");
            child.wait().expect("it ends");
            kills += 1;
            remote.server.release();
            remote.run("apply --auto-approve --lock-timeout 60s").succeeds();
            let flows = remote.is_whole();
            assert!(flows.iter().all(|flow| flow["published"].as_u64().is_some()), "call {call}: {flows:?}");
        }
        kills
    };
    let (before, after) = std::thread::scope(|scope| {
        let before = scope.spawn(|| sweep(false));
        let after = scope.spawn(|| sweep(true));
        (before.join().expect("the sweep ends"), after.join().expect("the sweep ends"))
    });
    assert!(before >= 8 && after >= 8, "there is more than that to be killed at: {before}, {after}");
}

#[test]
fn what_is_wrong_with_the_bucket_is_told() {
    let remote = Remote::start();
    let edit = |from: &str, to: &str| {
        let text = configuration(&remote.server, 1);
        assert!(text.contains(from));
        remote.project.write("main.hcl", &text.replace(from, to));
    };
    edit("\"bucket\"", "\"elsewhere\"");
    remote.run("plan").fails().complains("the bucket gs://elsewhere does not exist");
    edit("    bucket   = \"bucket\"\n", "");
    remote.run("validate").fails().complains("Missing argument");
    edit("prefix ", "prefx ");
    remote.run("validate").fails().complains("did you mean `prefix`?");
    edit("endpoint = \"http://", "endpoint = \"http://storage.example.com/");
    remote.run("plan").fails().complains("in the clear");
}

#[test]
fn an_emulator_is_sent_no_credentials() {
    let server = Storage::start(&StorageOptions { needs_token: false, ..StorageOptions::default() });
    let text = configuration(&server, 1);
    let endpoint = format!("    endpoint = \"{}\"\n", server.endpoint());
    assert!(text.contains(&endpoint));
    let project = Project::new(&text.replace(&endpoint, ""));
    let host = server.endpoint();
    project.run_with(&["apply", "--auto-approve"], &[("STORAGE_EMULATOR_HOST", &host)]).succeeds();
    let bare = host.trim_start_matches("http://").to_owned();
    project.run_with(&["plan", "--detailed-exitcode"], &[("STORAGE_EMULATOR_HOST", &bare)]).exits(0);
}

#[test]
fn a_template_is_kept_in_a_bucket_and_in_step() {
    let remote = Remote::start();
    let template = |cpu: u32| {
        let text = configuration(&remote.server, 1);
        let block = format!(
            "template \"ecs_task_definition\" \"base\" {{\n  path    = \"gcs://bucket/templates/base.json\"\n  content = {{ cpu = {cpu}, memory = 512, \
             containerDefinitions = [{{ name = \"flow\" }}] }}\n}}\n"
        );
        remote.project.write("main.hcl", &format!("{text}{block}"));
    };
    let holds = |cpu: &str| {
        let content = remote.server.content("bucket", "templates/base.json").expect("it is stored");
        let content: Value = serde_json::from_slice(&content).expect("JSON");
        assert_eq!(content["cpu"], cpu);
    };
    template(256);
    remote.run("plan").says("will be stored at gs://bucket/templates/base.json");
    remote.run("apply --auto-approve").succeeds();
    holds("256");
    remote.is_settled();
    template(512);
    remote.run("apply --auto-approve").succeeds();
    holds("512");
    remote.is_settled();
}

/// A task definition in a bucket that somebody else keeps is part of the versions, where the run config says so.
#[test]
fn a_task_definition_in_a_bucket_is_read_where_that_is_said() {
    let remote = Remote::start();
    let template = |memory: u32| {
        let block = format!(
            "template \"ecs_task_definition\" \"base\" {{\n  path    = \"gs://bucket/tasks/etl.json\"\n  content = {{ networkMode = \"awsvpc\", cpu = 256, memory = {memory}, \
             containerDefinitions = [{{ name = \"flow\", image = \"own:1\" }}] }}\n}}\n"
        );
        remote.project.write("main.hcl", &format!("{}{block}", configuration(&remote.server, 1)));
        remote.run("apply --auto-approve").succeeds();
    };
    template(512);
    // Another configuration, which knows nothing of the template but its place.
    let other = |refresh: &str| {
        let text = configuration(&remote.server, 1).replace("project = \"shop\"", "project = \"other\"");
        let flow = format!(
            "agent \"ecs\" \"box\" {{\n}}\nflow \"task\" {{\n  storage = storage.module.code\n\n  run_config \"ecs\" {{\n    \
             task_definition_path = \"gs://bucket/tasks/etl.json\"\n    execution_role_arn = \"arn:aws:iam::123456789012:role/x\"\n{refresh}  }}\n}}\n"
        );
        remote.project.write("main.hcl", &format!("{text}{flow}"));
    };
    other("");
    remote.run("plan").says("\"gs://bucket/tasks/etl.json\"");
    let refreshed = "    template_refresh = \"always\"\n";
    other(refreshed);
    remote.run("plan").says("\"own:1\"");
    remote.run("apply --auto-approve").succeeds();
    remote.is_settled();
    template(1024);
    other(refreshed);
    remote.run("plan").says("because the template that it names changed");
}
