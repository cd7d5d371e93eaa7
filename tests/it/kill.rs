//! What is left of an apply that is killed, interrupted or not alone: the next one completes it, and nothing that was
//! acknowledged is lost or made twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Project, Run};

/// Sixty flows in three rows: each row refers to the one before it.
fn configuration(level: u32) -> String {
    let head = "flowform {\n  project = \"shop\"\n}\nlocals {\n  keys = toset([for i in range(20) : format(\"%02d\", i)])\n}\n\
                storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\nagent \"local\" \"box\" {\n}\n";
    let flow = |name: &str, after: &str| {
        format!(
            "flow \"{name}\" {{\n  for_each = local.keys\n  storage = storage.module.code\n\n  run_config \"local\" {{\n    env = {{ LEVEL = \"{level}\", AFTER = {after} }}\n  }}\n}}\n"
        )
    };
    format!(
        "{head}{}{}{}output \"last\" {{\n  value = {{ for key, flow in flow.c : key => flow.version }}\n}}\n",
        flow("a", "\"none\""),
        flow("b", "flow.a[each.key].version"),
        flow("c", "flow.b[each.key].digest")
    )
}

/// How many flows there are.
const FLOWS: usize = 60;

/// Starts the program with a lease that is soon over, so that the next one need not wait long when this one is killed.
/// On a busy machine it may lose such a lease, which is why nothing that must succeed is started so.
fn spawn_doomed(project: &Project, line: &str) -> Child {
    start(project.command(&words(line)).env("FLOWFORM_LEASE_TTL", "300ms"))
}

fn spawn(project: &Project, line: &str) -> Child {
    start(&mut project.command(&words(line)))
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn finish(project: &Project, child: Child, what: &str) -> Run {
    let output = child.wait_with_output().expect("the program ends");
    project.finished(what, &output)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success(), "the program is there to be signalled");
}

/// What an apply acknowledged: the versions that it said it made, by flow.
fn acknowledged(run: &Run) -> Vec<(String, u64)> {
    let lines = run.raw().lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let finished = lines.filter(|event| event["type"] == "step_finished");
    let made = finished.filter_map(|event| {
        let what =
            event["what"].as_str().filter(|what| what.starts_with("make") || what.starts_with("complete"))?;
        let version = what.rsplit(' ').next()?.parse().ok()?;
        Some((event["address"].as_str()?.to_owned(), version))
    });
    made.collect()
}

/// Everything that must hold when an apply is complete.
fn is_whole(project: &Project, acknowledged: &[(String, u64)]) {
    project.is_settled();
    let flows = project.run("state list --json").succeeds().json()["flows"].clone();
    let flows = flows.as_array().expect("a list of flows");
    assert_eq!(flows.len(), FLOWS);
    let mut bound = BTreeSet::new();
    let mut versions_of: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for flow in flows {
        let address = flow["address"].as_str().expect("an address").to_owned();
        let versions = flow["versions"].as_array().expect("versions");
        let numbers: Vec<u64> =
            versions.iter().rev().map(|v| v["version"].as_u64().expect("a number")).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "numbers of {address}");
        let latest = &versions[0];
        assert_eq!(latest["state"], "bound", "{address}");
        assert_eq!(flow["published"], latest["version"], "{address}");
        let name = flow["name"].as_str().expect("a name");
        let current = project.current(name).unwrap_or_else(|| panic!("{address} is published"));
        assert_eq!(current["version"], latest["version"], "{address}");
        assert_eq!(current["digest"], latest["digest"], "{address}");
        assert_eq!(current["flow_id"], flow["id"], "{address}");
        assert_eq!(current["artifacts"][0]["id"], latest["artifacts"][0]["id"], "{address}");
        for version in versions.iter().filter(|version| version["state"] == "bound") {
            let artifacts = version["artifacts"].as_array().expect("artifacts");
            assert_eq!(artifacts.len(), 1, "{address}");
            bound.insert(artifacts[0]["id"].as_str().expect("an id").to_owned());
        }
        let states = versions.iter().map(|version| {
            (
                version["version"].as_u64().expect("a number"),
                version["state"].as_str().expect("a state").to_owned(),
            )
        });
        versions_of.insert(address, states.collect());
    }
    let files: BTreeSet<String> = project.artifacts().into_iter().collect();
    let odd: Vec<&String> = files.symmetric_difference(&bound).take(3).collect();
    assert!(odd.is_empty(), "alive and not bound, or bound and not alive: {odd:?}");
    for (address, version) in acknowledged {
        let state = versions_of.get(address).and_then(|versions| versions.get(version));
        assert_eq!(state.map(String::as_str), Some("bound"), "{address} version {version} was acknowledged");
    }
}

#[test]
fn a_killed_apply_is_completed_by_the_next() {
    let project = Project::empty();
    let mut told = Vec::new();
    let mut stopped = 0;
    for round in 0..12_u32 {
        // Some rounds go on with what the killed one wanted, others with another configuration.
        project.write("main.hcl", &configuration(round / 2));
        let mut child = spawn_doomed(&project, "apply --auto-approve --json");
        std::thread::sleep(Duration::from_millis(u64::from(5 + 37 * (round * 5 % 12))));
        child.kill().expect("the program can be killed");
        let killed = finish(&project, child, "apply");
        stopped += u32::from(killed.code.is_none());
        told.extend(acknowledged(&killed));
        if round % 3 == 2 {
            let apply = finish(&project, spawn(&project, "apply --auto-approve --json"), "apply");
            assert_eq!(apply.code, Some(0), "{}", apply.all());
            told.extend(acknowledged(&apply));
            is_whole(&project, &told);
        }
    }
    assert!(stopped > 3, "some applies were really killed: {stopped}");
    let apply = finish(&project, spawn(&project, "apply --auto-approve"), "apply");
    assert_eq!(apply.code, Some(0), "{}", apply.all());
    is_whole(&project, &told);
    project.run("state rebuild").succeeds();
    is_whole(&project, &told);
}

#[test]
fn a_killed_destroy_is_completed_by_the_next() {
    let project = Project::applied(&configuration(1));
    for round in 0..4_u64 {
        let mut child = spawn_doomed(&project, "destroy --auto-approve");
        std::thread::sleep(Duration::from_millis(30 + 60 * round));
        // It may have ended by itself.
        let _ = child.kill();
        finish(&project, child, "destroy");
    }
    let destroy = finish(&project, spawn(&project, "destroy --auto-approve"), "destroy");
    assert_eq!(destroy.code, Some(0), "{}", destroy.all());
    assert_eq!(project.artifacts(), Vec::<String>::new());
    assert_eq!(project.current("a-00"), None);
    project.run("plan --destroy --detailed-exitcode").succeeds();
    project.apply();
    is_whole(&project, &[]);
}

#[test]
fn an_interrupt_finishes_what_runs() {
    let project = Project::new(&configuration(1));
    let child = spawn(&project, "apply --auto-approve --parallelism 1");
    let started = Instant::now();
    while !project.registry("shop").join("lease.json").exists() && started.elapsed() < Duration::from_secs(10)
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(60));
    signal(&child, "-INT");
    let run = finish(&project, child, "apply");
    assert_eq!(run.code, Some(130), "{}", run.all());
    assert!(run.stdout.contains("Apply stopped"), "{}", run.all());
    // The lease was given back: nobody has to wait.
    let lease =
        std::fs::read_to_string(project.registry("shop").join("lease.json")).expect("there is a lease");
    assert!(lease.contains("\"free\""), "{lease}");
    project.run("apply --auto-approve --lock-timeout 0s").succeeds();
    is_whole(&project, &[]);
}

#[test]
fn two_applies_at_once_lose_nothing() {
    let project = Project::empty();
    for round in 1..=3 {
        project.write("main.hcl", &configuration(round));
        let children =
            [spawn(&project, "apply --auto-approve --json"), spawn(&project, "apply --auto-approve --json")];
        let runs = children.map(|child| finish(&project, child, "apply"));
        assert!(
            runs.iter().any(|run| run.code == Some(0)),
            "one went well:\n{}\n{}",
            runs[0].all(),
            runs[1].all()
        );
        project.apply();
        let told: Vec<_> = runs.iter().flat_map(acknowledged).collect();
        is_whole(&project, &told);
        assert_eq!(
            project.versions("flow.a[\"00\"]")["versions"].as_array().map(Vec::len),
            Some(round as usize)
        );
    }
}

#[test]
fn who_does_not_wait_is_told_who_holds_the_registry() {
    let project = Project::new(&configuration(1));
    let child = spawn(&project, "apply --auto-approve --parallelism 1");
    let started = Instant::now();
    while !project.registry("shop").join("lease.json").exists() && started.elapsed() < Duration::from_secs(10)
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    let second = project.run("apply --auto-approve --lock-timeout 0s").fails();
    let first = finish(&project, child, "apply");
    assert_eq!(first.code, Some(0), "{}", first.all());
    second.complains("The registry is locked: apply by tester");
    is_whole(&project, &[]);
}
