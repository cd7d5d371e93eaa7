//! Flows of Vertex AI, through the program: their specs in a registry in Cloud Storage, the live jobs and what `--verify` looks
//! up on strict servers that stand for the services.

use std::collections::BTreeSet;
use std::process::Stdio;

use flowform_provider_testbed::Vertex;
use flowform_testbed_google::{Storage, StorageOptions};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Project, Run, snapshot};

/// A project with its registry in a bucket, and Vertex AI where `endpoint` is.
struct Remote {
    storage: Storage,
    project: Project,
    credentials: String,
    endpoint: String,
}

/// So many flows of one block.
fn configuration(storage: &Storage, endpoint: &str, flows: usize, level: u32) -> String {
    format!(
        r#"flowform {{
  project = "shop"

  registry "gcs" {{
    bucket   = "bucket"
    prefix   = "flows"
    endpoint = "{}"
  }}
}}

provider "vertex" {{
  project     = "p-1"
  location    = "europe-west4"
  endpoint    = "{endpoint}"
  credentials = "vertex-credentials.json"
}}

storage "module" "code" {{
  module = "shop.etl"
}}

agent "vertex" "v" {{
  project = "p-1"
}}

flow "train" {{
  for_each      = toset([for i in range({flows}) : format("%04d", i)])
  storage       = storage.module.code
  keep_versions = 1
  keep_for      = "0s"

  run_config "vertex" {{
    image = "a/b:1"
    env   = {{ LEVEL = "{level}" }}
  }}
}}
"#,
        storage.endpoint()
    )
}

impl Remote {
    /// Without Vertex AI: whatever asks it fails.
    fn start(flows: usize) -> Self {
        Self::with(flows, "http://127.0.0.1:9")
    }

    fn with(flows: usize, endpoint: &str) -> Self {
        let storage = Storage::start(&StorageOptions::default());
        let project = Project::new(&configuration(&storage, endpoint, flows, 1));
        let credentials = storage.credentials(project.path()).display().to_string();
        Self { storage, project, credentials, endpoint: endpoint.to_owned() }
    }

    fn set_level(&self, flows: usize, level: u32) {
        self.project.write("main.hcl", &configuration(&self.storage, &self.endpoint, flows, level));
    }

    fn run(&self, line: &str) -> Run {
        let args: Vec<&str> = line.split_whitespace().collect();
        self.project.run_with(&args, &[("GOOGLE_APPLICATION_CREDENTIALS", &self.credentials)])
    }

    fn apply(&self) -> Run {
        self.run("apply --auto-approve").succeeds()
    }

    fn is_settled(&self) {
        let plan = self.run("plan --detailed-exitcode");
        assert_eq!(plan.code, Some(0), "nothing is left to do:\n{}", plan.all());
    }

    /// The names of the stored specs.
    fn specs(&self) -> Vec<String> {
        let names = self.storage.names("bucket").into_iter();
        names.filter(|name| name.contains("-custom_job.json")).collect()
    }

    fn document(&self, name: &str) -> Value {
        let content = self.storage.content("bucket", name).unwrap_or_else(|| panic!("{name} is there"));
        serde_json::from_slice(&content).expect("JSON")
    }

    fn current(&self, flow: &str) -> Value {
        self.document(&format!("flows/shop/current/{flow}.json"))
    }
}

/// What a run printed, without the addresses of servers.
fn shown(run: &Run) -> String {
    Regex::new(r"http://127\.0\.0\.1:\d+")
        .expect("a pattern")
        .replace_all(&run.all(), "[address]")
        .into_owned()
}

#[test]
fn each_version_is_a_spec_of_its_project_and_region() {
    let remote = Remote::start(2);
    snapshot!("vertex_create", shown(&remote.run("plan").succeeds()));
    assert!(remote.storage.names("bucket").is_empty(), "a plan writes nothing");
    remote.apply();
    let specs = remote.specs();
    assert_eq!(specs.len(), 2, "{specs:?}");
    let current = remote.current("train-0000");
    let (flow, id) = (current["flow_id"].as_str().unwrap(), current["artifacts"][0]["id"].as_str().unwrap());
    assert_eq!(id, format!("vertex/p-1/europe-west4/{flow}/v1-custom_job.json"));
    let spec = remote.document(&format!("flows/shop/{id}"));
    assert_eq!(spec["identity"]["flow"], json!(flow));
    assert_eq!(spec["body"]["display_name"], "train-0000");
    let registry = spec["identity"]["registry"].clone();
    assert_eq!(
        current["start"]["custom_job"]["labels"],
        json!({
            "flowform_project": "shop", "flowform_flow": "train-0000", "flowform_version": "1",
            "flowform_registry": registry, "flowform_spec": format!("{flow}_v1"),
        })
    );
    assert!(spec["body"].get("labels").is_none(), "the stored spec is the same for every version");

    remote.is_settled();
    remote.storage.take_calls();
    remote.apply();
    let writes: Vec<String> = remote
        .storage
        .take_calls()
        .into_iter()
        .filter(|call| call.starts_with("POST") && call.contains("/vertex/"))
        .collect();
    assert!(writes.is_empty(), "apply twice writes once: {writes:?}");
}

#[test]
fn what_others_do_to_a_spec_is_seen_and_put_right() {
    let remote = Remote::start(1);
    remote.apply();
    let name = remote.specs().remove(0);
    let text = remote.storage.content("bucket", &name).expect("content");
    let edited = String::from_utf8(text.clone()).expect("text").replace("a/b:1", "a/b:2");
    remote.storage.set("bucket", &name, edited.as_bytes());
    snapshot!("vertex_altered", shown(&remote.run("plan --detailed-exitcode").exits(2)));
    remote.apply();
    assert_eq!(remote.storage.content("bucket", &name), Some(text.clone()));
    remote.is_settled();
    // The same content, written by somebody else, is no change.
    remote.storage.set("bucket", &name, &text);
    remote.is_settled();
    remote.storage.remove("bucket", &name);
    snapshot!("vertex_gone", shown(&remote.run("plan --detailed-exitcode").exits(2)));
    remote.apply();
    assert_eq!(remote.storage.content("bucket", &name), Some(text));
    remote.is_settled();
    let record = remote.run("state list --json").succeeds().json();
    assert_eq!(record["flows"][0]["versions"].as_array().map(Vec::len), Some(1), "no version is made");
}

#[test]
fn another_project_is_an_error_and_not_an_absence() {
    let remote = Remote::start(1);
    remote.apply();
    let before = remote.storage.names("bucket");
    remote.project.edit("project     = \"p-1\"", "project     = \"p-2\"");
    snapshot!("vertex_other_project", shown(&remote.run("plan").fails()));
    remote.run("apply --auto-approve").fails();
    assert_eq!(remote.storage.names("bucket"), before, "nothing was written");
}

#[test]
fn what_is_wrong_with_the_block_is_told_before_anything_is_asked() {
    let project = Project::empty();
    let validate = |arguments: &str| {
        project.write("main.hcl", &format!("provider \"vertex\" {{\n{arguments}}}\n"));
        project.run("validate")
    };
    validate("  project = \"p-1\"\n  location = \"europe-west4\"\n").succeeds();
    validate("  project = \"p-1\"\n").fails().complains("must have the argument `location`");
    validate("  project = \"p-1\"\n  region = \"europe-west4\"\n").fails().complains("`region`");
    validate("  project = \"p-1\"\n  locaton = \"x\"\n").fails().complains("did you mean `location`?");
    validate("  project = 1\n  location = [\"x\"]\n").fails().complains("`location`");
}

/// A version whose jobs go on stays, is told, and goes with the first plan after their end.
#[test]
fn a_version_in_use_is_pruned_later() {
    let vertex = Vertex::start(60);
    let remote = Remote::with(2, &vertex.endpoint());
    vertex.credentials(remote.project.path());
    remote.apply();
    let job = remote.current("train-0000")["start"]["custom_job"].clone();
    vertex.take_calls();
    remote.is_settled();
    assert!(vertex.take_calls().is_empty(), "a plan that removes nothing asks for no jobs");

    vertex.submit(&job).expect("the service takes it");
    remote.set_level(2, 2);
    remote.apply();
    // The former versions are superseded now, and one of them is still at work.
    snapshot!("vertex_in_use", shown(&remote.run("plan")));
    let asked = vertex.take_calls();
    assert!(
        asked.iter().any(|call| call == "GET /v1/projects/p-1/locations/europe-west4/customJobs"),
        "{asked:?}"
    );
    remote.apply();
    let left = remote.specs();
    let spec_of = |version: u32| {
        let flow = remote.current("train-0000")["flow_id"].as_str().expect("an id").to_owned();
        format!("flows/shop/vertex/p-1/europe-west4/{flow}/v{version}-custom_job.json")
    };
    assert!(left.contains(&spec_of(1)), "{left:?}");
    assert_eq!(left.len(), 3, "{left:?}");
    // It ends: queued, pending, running, succeeded.
    for _ in 0..3 {
        vertex.advance();
    }
    remote.apply();
    let left = remote.specs();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!left.contains(&spec_of(1)), "{left:?}");
    remote.is_settled();

    // Whether runs go on cannot be read: nothing is removed.
    remote.set_level(2, 3);
    remote.apply();
    let kept = remote.specs();
    vertex.set(
        "/v1/projects/p-1/locations/europe-west4/customJobs",
        403,
        &json!("Permission 'aiplatform.customJobs.list' denied on resource"),
    );
    remote.set_level(2, 4);
    snapshot!("vertex_in_use_denied", shown(&remote.run("plan")));
    remote.apply();
    assert!(kept.iter().all(|name| remote.specs().contains(name)), "{kept:?}");
}

#[test]
fn destroy_leaves_what_runs_go_on_from() {
    let vertex = Vertex::start(60);
    let remote = Remote::with(1, &vertex.endpoint());
    vertex.credentials(remote.project.path());
    remote.apply();
    vertex.submit(&remote.current("train-0000")["start"]["custom_job"]).expect("the service takes it");
    remote.run("destroy --auto-approve").succeeds().says("runs from it");
    assert_eq!(remote.specs().len(), 1);
    for _ in 0..3 {
        vertex.advance();
    }
    remote.run("destroy --auto-approve").succeeds();
    assert!(remote.specs().is_empty());
    remote.run("plan --destroy --detailed-exitcode").exits(0);
}

#[test]
fn a_plan_of_a_thousand_flows_takes_eight_calls() {
    let remote = Remote::start(1000);
    remote.apply();
    assert_eq!(remote.specs().len(), 1000);
    remote.storage.take_calls();
    let plan = remote.run("plan --detailed-exitcode --json").exits(0);
    let calls = remote.storage.take_calls();
    assert!(calls.len() <= 8, "{} calls: {calls:?}", calls.len());
    let told = plan.json()["calls"].as_u64().expect("the plan tells its calls");
    assert!(told <= 8 && told >= calls.len() as u64, "{told} calls told, {} made", calls.len());
}

/// A job that names one of everything that is looked up, in the service's own spelling.
const NAMING: &str = r#"
  run_config "vertex" {
    image           = "europe-west4-docker.pkg.dev/p-1/shop/train:1.4.2"
    service_account = "runner@p-1.iam.gserviceaccount.com"
    network         = "projects/123456789012/global/networks/flows"

    worker_pool_specs = [
      { machineSpec = { machineType = "n1-standard-8" }, replicaCount = 1 },
      {
        machineSpec   = { machineType = "e2-standard-4" }
        replicaCount  = 2
        containerSpec = { imageUri = "registry.example.com/shop/worker:2" }
      },
    ]
  }
"#;

const ACCOUNT: &str = "/v1/projects/-/serviceAccounts/runner@p-1.iam.gserviceaccount.com";
const NETWORK: &str = "/compute/v1/projects/123456789012/global/networks/flows";
const MACHINES: &str = "/compute/v1/projects/p-1/aggregated/machineTypes";
const MANIFEST: &str = "/v2/p-1/shop/train/manifests/1.4.2";

/// What `--verify` says of things that are there, are not as they have to be, are not there, and may not be read.
#[test]
fn what_a_job_names_is_looked_up() {
    let vertex = Vertex::start(60);
    let remote = Remote::with(1, &vertex.endpoint());
    vertex.credentials(remote.project.path());
    let text = remote.project.read("main.hcl");
    let block = text.split("\n  run_config").nth(1).expect("it has a run config");
    let block = format!("\n  run_config{}", block.rsplit_once("}").expect("it ends").0);
    remote.project.write("main.hcl", &text.replace(&block, NAMING));
    let answer = |path: &str, body: &Value| vertex.set(path, 200, body);
    let all_well = || {
        answer(ACCOUNT, &json!({"email": "runner@p-1.iam.gserviceaccount.com"}));
        answer(
            &format!("{ACCOUNT}:testIamPermissions"),
            &json!({"permissions": ["iam.serviceAccounts.actAs"]}),
        );
        let peering = json!({"name": "servicenetworking-googleapis-com", "state": "ACTIVE"});
        answer(NETWORK, &json!({"name": "flows", "peerings": [peering]}));
        let offered = json!({"machineTypes": [{"name": "any"}]});
        answer(MACHINES, &json!({"items": {"zones/europe-west4-a": offered, "zones/us-central1-a": {}}}));
        answer(MANIFEST, &json!({"schemaVersion": 2}));
    };
    let verify = || remote.run("plan --verify");
    all_well();
    vertex.take_calls();
    let mut told = format!("# all well\n{}\n", shown(&verify().succeeds()));
    let calls = vertex.take_calls();
    assert_eq!(calls.len(), 6, "{calls:?}");

    answer(ACCOUNT, &json!({"disabled": true}));
    answer(
        NETWORK,
        &json!({"peerings": [{"name": "servicenetworking-googleapis-com", "state": "INACTIVE"}]}),
    );
    answer(MACHINES, &json!({"items": {"zones/us-central1-a": {"machineTypes": [{"name": "any"}]}}}));
    vertex.set(MANIFEST, 404, &json!("manifest unknown"));
    told += &format!("# not as they have to be\n{}\n", shown(&verify()));

    all_well();
    answer(&format!("{ACCOUNT}:testIamPermissions"), &json!({}));
    vertex.set(NETWORK, 404, &json!("The resource was not found"));
    told += &format!("# not usable, not there\n{}\n", shown(&verify()));

    for path in [ACCOUNT, NETWORK, MACHINES, MANIFEST] {
        vertex.set(path, 403, &json!("The caller does not have permission"));
    }
    let denied = verify();
    told += &format!("# not allowed\n{}\n", shown(&denied));
    snapshot!("vertex_verify", told);

    // What the manual lists for it is what is named, and nothing else.
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers/vertex.md"))
        .expect("a page");
    let section = manual.split("## What `plan --verify` looks up").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let permission =
        Regex::new(r"`((?:iam|compute|artifactregistry)\.[A-Za-z]+\.[A-Za-z]+)`").expect("a pattern");
    let of = |text: &str| {
        let unbroken = text.split_whitespace().collect::<Vec<_>>().join(" ");
        permission
            .captures_iter(&unbroken)
            .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(of(&format!("{}{}", denied.stdout, denied.stderr)), of(section));
}

/// The code of a flow is looked up where its storage is in Cloud Storage.
#[test]
fn the_code_of_a_flow_is_looked_up_in_its_bucket() {
    let remote = Remote::start(1);
    remote.project.edit(
        "storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}",
        "storage \"gcs\" \"code\" {\n  bucket = \"bucket\"\n  key = \"flows/train.py\"\n  stored_as_script = true\n}",
    );
    remote.project.edit("storage.module.code", "storage.gcs.code");
    // No Vertex AI is reached, which is told as not checked.
    let verify = || remote.run("plan --verify");
    verify().says("unusable  code `gs://bucket/flows/train.py`: there is no such object");
    remote.storage.set("bucket", "flows/train.py", b"print(1)");
    verify().says("     usable  code `gs://bucket/flows/train.py`");
}

/// The example of the manual, in a bucket: what it keeps is taken by the service.
#[test]
fn the_example_is_applied_and_submitted() {
    let storage = Storage::start(&StorageOptions::default());
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/vertex-training/main.hcl"))
            .expect("it is there");
    let local = "registry \"local\" {\n    path = \".flowform/registry\"\n  }";
    assert!(text.contains(local));
    let bucket = format!(
        "registry \"gcs\" {{\n    bucket = \"bucket\"\n    endpoint = \"{}\"\n  }}",
        storage.endpoint()
    );
    let project = Project::new(&text.replace(local, &bucket));
    let path = storage.credentials(project.path()).display().to_string();
    let run = |args: &[&str]| project.run_with(args, &[("GOOGLE_APPLICATION_CREDENTIALS", &path)]);
    run(&["apply", "--auto-approve"]).succeeds();
    run(&["plan", "--detailed-exitcode"]).exits(0);
    let vertex = Vertex::start(60);
    for flow in ["train-small", "train-distributed", "train-observed"] {
        let current = storage
            .content("bucket", &format!("vertex-training/current/{flow}.json"))
            .expect("it is published");
        let current: Value = serde_json::from_slice(&current).expect("JSON");
        let job =
            vertex.submit(&current["start"]["custom_job"]).unwrap_or_else(|why| panic!("{flow}: {why}"));
        assert_eq!(job["labels"]["flowform_flow"], flow);
        assert!(current["run_config"].get("custom_job").is_none(), "the original's form has no such field");
    }
}

/// The program is killed while one of its removals is under way, which is then carried out or not: the next apply removes what is
/// left, and nothing else.
#[test]
fn an_apply_that_is_killed_while_it_prunes_is_completed_by_the_next() {
    let vertex = Vertex::start(60);
    let remote = Remote::with(2, &vertex.endpoint());
    vertex.credentials(remote.project.path());
    remote.apply();
    let (mut kills, mut level) = (0, 1);
    for is_carried_out in [false, true] {
        for call in 0..3 {
            level += 1;
            remote.set_level(2, level);
            let hold = remote.storage.hold("DELETE", call, is_carried_out);
            let mut command = remote.project.command(&["apply", "--auto-approve"]);
            command
                .env("GOOGLE_APPLICATION_CREDENTIALS", &remote.credentials)
                // A name is written once a second, and the lease is renewed three times in its life.
                .env("FLOWFORM_LEASE_TTL", "5s");
            let mut child =
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
            if hold.wait(|| child.try_wait().expect("it is asked").is_some()) {
                child.kill().expect("it is killed");
                kills += 1;
            }
            child.wait().expect("it ends");
            remote.storage.release();
            remote.run("apply --auto-approve --lock-timeout 60s").succeeds();
            remote.is_settled();
            let bound: BTreeSet<String> = ["train-0000", "train-0001"]
                .map(|flow| {
                    format!(
                        "flows/shop/{}",
                        remote.current(flow)["artifacts"][0]["id"].as_str().expect("an id")
                    )
                })
                .into();
            assert_eq!(remote.specs().into_iter().collect::<BTreeSet<_>>(), bound, "removal {call}");
        }
    }
    assert!(kills >= 4, "{kills} applies were killed");
}
