//! Applies that are killed, interrupted or raced: nothing acknowledged is lost, and the next apply reaches the same
//! end. The real binary, real files, real signals.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const FLOWS: usize = 60;

/// Flows of which every fifth refers to the one before it, so that some are known only after apply.
fn configuration(level: &str) -> String {
    let mut text = String::from(
        "flowform {\n  project = \"crash\"\n  registry \"local\" {\n    path = \"registry\"\n  }\n}\n\
         storage \"module\" \"code\" {\n  module = \"flows\"\n}\n",
    );
    for n in 0..FLOWS {
        let upstream = match n % 5 {
            4 => format!(", UP = flow.f{}.version", n - 1),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "flow \"f{n}\" {{\n  storage = storage.module.code\n  run_config \"local\" {{\n    \
             env = {{ LEVEL = \"{level}\"{upstream} }}\n  }}\n}}\n"
        );
    }
    text
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowform"));
    command
        .env_clear()
        .env("NO_COLOR", "1")
        .env("FLOWFORM_ACTOR", "tester")
        .env("FLOWFORM_LEASE_TTL", "1500ms");
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().expect("the binary runs")
}

fn start(directory: &Path, arguments: &[&str]) -> Child {
    let mut command = command(directory, arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn assert_success(output: &Output, what: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {:?}\n{text}", output.status.code());
}

fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(rows) = fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for row in rows.map(|row| row.expect("a row").path()) {
        if row.is_dir() { found.extend(files(&row)) } else { found.push(row) }
    }
    found.sort();
    found
}

/// The registry agrees with itself: segments without gaps, versions without gaps or repeats, one artifact object for
/// each bound version and no other, `current/` naming the bound version.
fn assert_consistent(directory: &Path) {
    let project = directory.join("registry/crash");
    let mut versions: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut bound: BTreeMap<String, u64> = BTreeMap::new();
    let mut artifacts = BTreeSet::new();
    for (index, segment) in files(&project.join("log")).iter().enumerate() {
        let segment = json(segment);
        assert_eq!(segment["seq"], index as u64 + 1, "segments have no gaps");
        for event in segment["events"].as_array().expect("events") {
            let (kind, event) = event.as_object().and_then(|event| event.iter().next()).expect("one kind");
            let flow = event["flow"].as_str().unwrap_or_default().to_owned();
            let version = event["version"].as_u64().unwrap_or_default();
            match kind.as_str() {
                "reserve" => {
                    assert!(versions.entry(flow).or_default().insert(version), "version {version} twice");
                }
                "bind" => {
                    bound.insert(flow, version);
                    for artifact in event["artifacts"].as_array().expect("artifacts") {
                        artifacts.insert(project.join(artifact["id"].as_str().expect("an id")));
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(versions.len(), FLOWS, "every flow is recorded once");
    for (flow, versions) in &versions {
        let expected: BTreeSet<u64> = (1..=versions.len() as u64).collect();
        assert_eq!(*versions, expected, "the versions of {flow} have no gaps");
    }
    let alive: BTreeSet<PathBuf> = files(&project.join("specs")).into_iter().collect();
    let odd: Vec<_> = alive.symmetric_difference(&artifacts).take(3).collect();
    assert!(odd.is_empty(), "alive and not bound, or bound and not alive: {odd:?}");
    let current = files(&project.join("current"));
    assert_eq!(current.len(), FLOWS);
    for document in current {
        let document = json(&document);
        let flow = document["flow_id"].as_str().expect("an id");
        assert_eq!(document["version"].as_u64(), bound.get(flow).copied(), "current/ of {flow}");
    }
}

/// Applies until nothing is left, which one apply must reach.
fn finish(directory: &Path) {
    assert_success(&run(directory, &["apply", "--auto-approve"]), "the apply after the crash");
    let plan = run(directory, &["plan", "--detailed-exitcode"]);
    let text = String::from_utf8_lossy(&plan.stdout);
    assert_eq!(plan.status.code(), Some(0), "nothing is left to do:\n{text}");
    assert_consistent(directory);
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    // Later kills come later in the apply; each round edits every flow, so that there is always work to interrupt.
    let mut interrupted = 0;
    for round in 0..8u64 {
        fs::write(directory.join("main.hcl"), configuration(&format!("round {round}")))
            .expect("it is written");
        let mut child = start(directory, &["apply", "--auto-approve"]);
        std::thread::sleep(Duration::from_millis(20 + round * 25));
        child.kill().expect("it is killed, or has ended");
        interrupted += usize::from(!child.wait().expect("it ends").success());
        finish(directory);
    }
    assert!(interrupted > 0, "at least one apply was killed in the middle");
}

#[test]
fn kills_in_a_row_do_not_add_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    for round in 0..6u64 {
        fs::write(directory.join("main.hcl"), configuration(&format!("round {}", round / 2)))
            .expect("it is written");
        let mut child = start(directory, &["apply", "--auto-approve", "--lock-timeout", "5s"]);
        // The lease of the one killed before has to expire first.
        std::thread::sleep(Duration::from_millis(if round == 0 { 60 } else { 1570 + round * 30 }));
        child.kill().expect("it is killed, or has ended");
        child.wait().expect("it ends");
    }
    finish(directory);
}

#[test]
fn an_interrupt_finishes_what_runs_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    fs::write(directory.join("main.hcl"), configuration("INFO")).expect("it is written");
    let child = start(directory, &["apply", "--auto-approve", "--parallelism", "1"]);
    while files(&directory.join("registry/crash/specs")).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(signalled.success());
    let output = child.wait_with_output().expect("it ends");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.to_lowercase().contains("interrupted"), "{said}");
    finish(directory);
}

#[test]
fn two_applies_at_once_lose_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    fs::write(directory.join("main.hcl"), configuration("INFO")).expect("it is written");
    let children: Vec<Child> = (0..2).map(|_| start(directory, &["apply", "--auto-approve"])).collect();
    let outputs: Vec<Output> =
        children.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    assert!(outputs.iter().any(|output| output.status.success()), "one of them did the work");
    for output in outputs.iter().filter(|output| !output.status.success()) {
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("changed since the plan was made") || said.contains("locked"), "{said}");
    }
    finish(directory);
}
