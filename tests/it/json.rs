//! The machine's side: every `--json` prints documents that parse and have the fields that are promised, failures
//! included.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::Project;

const SHOP: &str = r#"
flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "etl" {
  storage = storage.module.code

  run_config "local" {
    env = { LEVEL = "INFO" }
  }
}

output "etl_version" {
  value = flow.etl.version
}
"#;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Checks the fields of an object, all of them.
fn has(value: &Value, expected: &[&str]) {
    assert_eq!(keys(value), expected.iter().copied().collect(), "{value}");
}

/// Checks a document of diagnostics with one error that has a place.
fn is_failure(document: &Value) {
    has(document, &["format_version", "valid", "error_count", "warning_count", "diagnostics"]);
    assert_eq!(document["format_version"], "1.0");
    assert_eq!(document["valid"], false);
    assert_eq!(document["error_count"], 1);
    let diagnostic = &document["diagnostics"][0];
    assert_eq!(diagnostic["severity"], "error");
    assert!(diagnostic["summary"].is_string() && diagnostic["detail"].is_string(), "{document}");
}

#[test]
fn validating() {
    let project = Project::new(SHOP);
    let document = project.run("validate --json").succeeds().json();
    assert_eq!(
        document,
        json!({ "format_version": "1.0", "valid": true, "error_count": 0, "warning_count": 0, "diagnostics": [] })
    );
    project.edit("storage.module.code", "storage.module.cdoe");
    let run = project.run("validate --json").fails();
    let document = run.json();
    is_failure(&document);
    let diagnostic = &document["diagnostics"][0];
    assert_eq!(diagnostic["range"]["filename"], "main.hcl");
    assert_eq!(diagnostic["range"]["start"]["line"], 11);
    assert_eq!(diagnostic["range"]["start"]["column"], 13);
    assert_eq!(diagnostic["snippet"]["code"], "  storage = storage.module.cdoe");
    assert_eq!(run.stderr, "", "the document is all there is");
}

#[test]
fn planning() {
    let project = Project::new(SHOP);
    let run = project.run("plan --json --detailed-exitcode").exits(2);
    let document = run.json();
    has(
        &document,
        &[
            "format_version",
            "mode",
            "project",
            "root",
            "registry",
            "has_changes",
            "diagnostics",
            "changes",
            "checks",
            "outputs",
            "summary",
            "notes",
            "calls",
        ],
    );
    assert_eq!(document["has_changes"], true);
    assert_eq!(document["registry"], Value::Null);
    let change = &document["changes"][0];
    has(
        change,
        &[
            "address",
            "subject",
            "action",
            "reason",
            "name",
            "from_version",
            "to_version",
            "moved_from",
            "differences",
            "notes",
        ],
    );
    assert_eq!(change["address"], "flow.etl");
    assert_eq!(change["action"], "create");
    assert_eq!(change["reason"], "not_recorded");
    has(&change["differences"][0], &["path", "path_steps", "before", "after"]);
    assert_eq!(
        document["outputs"]["etl_version"],
        json!({ "before": { "absent": true }, "after": { "unknown": true } })
    );
    assert_eq!(document["summary"]["create"], 1);

    project.apply();
    let document = project.run("plan --json --detailed-exitcode").succeeds().json();
    assert_eq!(document["has_changes"], false);
    assert_eq!(document["changes"], json!([]));
    assert_eq!(document["summary"]["unchanged"], 1);

    project.edit("INFO", "DEBUG");
    let document = project.run("plan --json").succeeds().json();
    assert_eq!(
        document["changes"][0]["differences"],
        json!([{
            "path": "run_config.env.LEVEL",
            "path_steps": ["run_config", "env", "LEVEL"],
            "before": { "value": "INFO" },
            "after": { "value": "DEBUG" },
        }])
    );
    project.run("plan --out review.plan").succeeds();
    assert_eq!(project.run("show review.plan --json").succeeds().json()["changes"], document["changes"]);
}

#[test]
fn applying() {
    let project = Project::new(SHOP);
    let lines = project.run("apply --auto-approve --json").succeeds().json_lines();
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["step_started", "step_finished", "apply_report"]);
    has(&lines[0], &["type", "step", "address", "what"]);
    has(&lines[1], &["type", "step", "address", "what", "seconds"]);
    assert_eq!(lines[1]["what"], "make version 1");
    let report = &lines[2];
    has(
        report,
        &[
            "type",
            "format_version",
            "complete",
            "interrupted",
            "done",
            "failed",
            "skipped",
            "outputs",
            "checks",
        ],
    );
    assert_eq!(report["complete"], true);
    assert_eq!(report["done"], json!([{ "address": "flow.etl", "action": "create" }]));
    assert_eq!(report["outputs"], json!({ "etl_version": { "sensitive": false, "value": 1 } }));

    let lines = project.run("apply --auto-approve --json").succeeds().json_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["complete"], true);
    project.run("plan --out empty.plan").succeeds();
    let lines = project.run("apply empty.plan --json").succeeds().json_lines();
    assert_eq!(lines.len(), 1);

    project.run("apply --json").fails().complains("--auto-approve");
    let lines = project.run("destroy --auto-approve --json").succeeds().json_lines();
    assert_eq!(
        lines.last().expect("a report")["done"][0],
        json!({ "address": "flow.etl", "action": "archive" })
    );
}

#[test]
fn looking_at_the_record() {
    let project = Project::applied(SHOP);
    let flow = ["format_version", "address", "name", "id", "archived", "published", "pinned", "versions"];
    let versions = project.versions("flow.etl");
    has(&versions, &flow);
    let version = &versions["versions"][0];
    has(version, &["version", "state", "created", "by", "commit", "digest", "artifacts"]);
    assert_eq!(version["by"], "tester");
    has(&version["artifacts"][0], &["kind", "provider", "id", "location"]);

    let list = project.run("state list --json").succeeds().json();
    has(&list, &["format_version", "flows", "templates"]);
    assert_eq!(list["flows"], json!([versions]));

    let show = project.run("show --json").succeeds().json();
    has(&show, &["format_version", "registry", "project", "segment", "flows", "outputs"]);
    assert_eq!(show["flows"], json!([versions]));

    let one = project.run("show flow.etl --json").succeeds().json();
    assert_eq!(one["definition"]["run_config"]["env"], json!({ "LEVEL": "INFO" }));
    assert_eq!(project.run("state show flow.etl --json").succeeds().json(), one);

    assert_eq!(
        project.run("output --json").succeeds().json(),
        json!({ "etl_version": { "sensitive": false, "value": 1 } })
    );
    assert_eq!(project.run("output etl_version --json").succeeds().json(), json!(1));

    project.edit("INFO", "DEBUG");
    project.apply();
    assert_eq!(project.run("diff flow.etl 1 2 --json").succeeds().json()[0]["path"], "run_config.env.LEVEL");
    project.run("rollback flow.etl 1 --auto-approve").succeeds();
    let versions = project.versions("flow.etl");
    assert_eq!((&versions["published"], &versions["pinned"]), (&json!(1), &json!(1)));
    let one = project.run("show flow.etl --json").succeeds().json();
    assert_eq!(
        one["definition"]["run_config"]["env"],
        json!({ "LEVEL": "INFO" }),
        "that of the version it is held at"
    );
}

#[test]
fn failing() {
    let project = Project::new(SHOP);
    for line in [
        "show --json",
        "show flow.etl --json",
        "output --json",
        "versions flow.etl --json",
        "diff flow.etl 1 2 --json",
        "state list --json",
        "state show flow.etl --json",
    ] {
        let run = project.run(line).fails();
        is_failure(&run.json());
        assert_eq!(run.stderr, "", "the document is all there is");
    }
    project.edit("storage.module.code", "storage.module.cdoe");
    for line in ["plan --json", "apply --auto-approve --json", "destroy --auto-approve --json"] {
        let run = project.run(line).fails();
        is_failure(&run.json());
        assert_eq!(run.stderr, "", "the document is all there is");
    }
}

/// A stream has one document a line, whatever happens.
#[test]
fn a_stream_of_lines_stays_one_when_it_fails() {
    let project = Project::new(SHOP);
    project.edit("storage.module.code", "storage.module.cdoe");
    let lines = project.run("apply --auto-approve --json").fails().json_lines();
    assert_eq!(lines.len(), 1);
}

/// What works and is probably not meant.
const WARNED: &str = r#"
flowform {
  project = "shop"
}

storage "local" "code" {
  path = "/srv/flows/etl.py"
}

flow "etl" {
  storage = storage.local.code
}
"#;

#[test]
fn warnings_are_in_every_form() {
    let code = "script-that-would-be-read-as-a-pickled-flow";
    let project = Project::new(WARNED);
    assert_eq!(project.run("validate --json").succeeds().json()["diagnostics"][0]["code"], code);
    assert_eq!(project.run("plan --json").succeeds().json()["diagnostics"][0]["code"], code);
    let stream = project.run("apply --json --auto-approve").succeeds().stdout;
    let first: Value = serde_json::from_str(stream.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["type"], &first["code"]),
        (&Value::from("diagnostic"), &Value::from(code)),
        "{stream}"
    );
}
