//! Applies that are killed between any two calls, to the cluster and to the registry, and applies that run at once.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use flowform_provider_contract::{Gate, Proxy};
use flowform_testbed_google::{Storage, StorageOptions};
use serde_json::{Value, json};

use super::{FLOWS, Site};

/// A site whose cluster and whose registry are behind one gate.
struct Gated {
    site: Site,
    gate: Gate,
    cluster: Proxy,
    storage: Storage,
    _registry: Proxy,
}

impl Gated {
    fn new(stem: &str, text: &str) -> Self {
        let gate = Gate::default();
        let options = StorageOptions {
            between_writes: Duration::ZERO,
            needs_token: false,
            ..StorageOptions::default()
        };
        let storage = Storage::start(&options);
        let registry = Proxy::of_plain(&storage.endpoint(), &gate);
        let mut site = Site::new(stem, &in_bucket(text));
        site.project = site.project.with(vec![("STORAGE_EMULATOR_HOST", registry.url())]);
        let cluster = Proxy::of_cluster(&site.cluster, &gate);
        let gated = Self { site, gate, cluster, storage, _registry: registry };
        gated.log_in();
        gated
    }

    fn log_in(&self) {
        let mut config = self.site.cluster.kubeconfig("admin-token", &self.site.namespace);
        config["clusters"][0]["cluster"] = json!({ "server": self.cluster.url() });
        self.site.project.write("kubeconfig", &config.to_string());
    }

    /// Runs a command that is killed when so many calls have passed; false when it ends well with no more than those.
    fn is_killed_after(&self, calls: usize, line: &str) -> bool {
        self.gate.hold_after(calls);
        let mut command = self.site.project.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env("FLOWFORM_LEASE_TTL", "500ms").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let ended = loop {
            if self.gate.is_holding() {
                break None;
            }
            if let Some(ended) = child.try_wait().expect("it can be asked") {
                break Some(ended);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        child.kill().expect("it is killed, or has ended");
        child.wait().expect("it has ended");
        self.gate.open();
        !ended.is_some_and(|ended| ended.success())
    }

    /// The version that is published.
    fn published(&self) -> Option<String> {
        let content = self.storage.content("bucket", "shop/current/etl.json")?;
        let document: Value = serde_json::from_slice(&content).expect("it is JSON");
        Some(format!("v{}", document["version"]))
    }

    /// The versions whose ConfigMaps there are, and the one that the pointer leads to.
    fn kept(&self) -> (BTreeSet<String>, Option<String>) {
        let objects = self.site.objects();
        let version = |name: &str| name.rsplit_once('-').map_or("", |(_, end)| end).to_owned();
        let pointer = objects.iter().find(|(name, _)| name.ends_with("-latest"));
        let points =
            pointer.map(|(_, object)| version(object["data"]["template"].as_str().unwrap_or_default()));
        (objects.keys().map(|name| version(name)).filter(|end| end != "latest").collect(), points)
    }
}

fn in_bucket(text: &str) -> String {
    text.replace(
        "project = \"shop\"",
        "project = \"shop\"\n  registry \"gcs\" {\n    bucket = \"bucket\"\n  }",
    )
}

const AGAIN: &str = "apply --auto-approve --lock-timeout 60s --allow-mass-archive";

#[test]
fn an_update_that_is_killed_between_any_two_calls_is_completed() {
    let gated = Gated::new("killed", FLOWS);
    gated.site.project.apply();
    let mut calls = 0;
    for round in 2.. {
        gated.site.project.write("main.hcl", &in_bucket(&FLOWS.replace("etl:1", &format!("etl:{round}"))));
        let was_killed = gated.is_killed_after(calls, AGAIN);
        gated.site.project.run(AGAIN).succeeds();
        let current = gated.published();
        assert_eq!(gated.kept(), (current.iter().cloned().collect(), current), "killed after {calls} calls");
        if !was_killed || calls % 4 == 0 {
            gated.site.project.is_settled();
        }
        if !was_killed {
            break;
        }
        calls += 1;
    }
    assert!(calls > 10, "it is killed at many places: {calls}");
}

#[test]
fn an_archive_and_a_new_beginning_that_are_killed_between_any_two_calls_are_completed() {
    let gated = Gated::new("ended", FLOWS);
    let start = FLOWS.find("flow \"etl\"").expect("there is a flow");
    let mut most = 0;
    for calls in 0.. {
        gated.site.project.write("main.hcl", &in_bucket(FLOWS));
        let was_killed = gated.is_killed_after(calls, AGAIN);
        gated.site.project.run(AGAIN).succeeds();
        let (versions, pointer) = gated.kept();
        assert_eq!(pointer, gated.published(), "begun, killed after {calls} calls");
        assert_eq!(versions, pointer.into_iter().collect(), "begun, killed after {calls} calls");

        gated.site.project.write("main.hcl", &in_bucket(&FLOWS[..start]));
        let was_killed = gated.is_killed_after(calls, AGAIN) | was_killed;
        gated.site.project.run(AGAIN).succeeds();
        let (_, pointer) = gated.kept();
        assert_eq!(pointer, None, "no pointer of an archived flow is left, killed after {calls} calls");
        if !was_killed {
            break;
        }
        most = calls;
    }
    assert!(most > 10, "it is killed at many places: {most}");
    gated.site.project.run("destroy --auto-approve").succeeds();
    assert!(gated.site.objects().is_empty(), "nothing is left");
}

const MANY: usize = 24;

fn many(image: &str) -> String {
    FLOWS
        .replace("flow \"etl\" {", "flow \"etl\" {\n  for_each = toset([for i in range(24) : format(\"%02d\", i)])\n  name = \"etl-${each.key}\"")
        .replace("example/etl:1", image)
}

fn is_whole(site: &Site) {
    site.project.is_settled();
    let names: Vec<String> = site.objects().into_keys().collect();
    assert_eq!(names.len(), 2 * MANY, "one template and one pointer per flow: {names:?}");
}

#[test]
fn an_apply_of_many_that_is_killed_is_completed() {
    let gated = Gated::new("killed-many", &many("example/etl:1"));
    for (round, calls) in [5, 30, 60, 90].into_iter().enumerate() {
        gated.site.project.write("main.hcl", &in_bucket(&many(&format!("example/etl:{round}"))));
        assert!(gated.is_killed_after(calls, AGAIN), "there are more than {calls} calls");
    }
    gated.site.project.run(AGAIN).succeeds();
    is_whole(&gated.site);
}

#[test]
fn two_applies_at_once_lose_nothing() {
    let site = Site::new("raced", &many("example/etl:1"));
    for round in 1..=3 {
        site.project.write("main.hcl", &many(&format!("example/etl:{round}")));
        let start = || {
            let mut command = site.project.command(&["apply", "--auto-approve", "--lock-timeout", "60s"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
        };
        let children = [start(), start()];
        let runs = children.map(|child| {
            let output = child.wait_with_output().expect("it ends");
            site.project.finished("apply", &output)
        });
        let told: Vec<String> = runs.iter().map(crate::support::Run::all).collect();
        assert!(runs.iter().any(|run| run.code == Some(0)), "one went well:\n{}", told.join("\n"));
        is_whole(&site);
    }
}
