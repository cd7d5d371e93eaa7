//! What programs read: every `--json` output is JSON with its documented keys, for failures too.

use serde_json::Value;

use crate::support::Project;

const SHOP: &str = "flowform {\n  project = \"shop\"\n}\n\
    storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\n\
    flow \"etl\" {\n  storage = storage.module.code\n}\n\
    output \"version\" {\n  value = flow.etl.version\n}\n";

fn has(document: &Value, keys: &[&str]) {
    for key in keys {
        assert!(document.get(key).is_some(), "{key} is in {document:#}");
    }
}

#[test]
fn every_result_is_json() {
    let project = Project::new(SHOP);
    has(&project.run("validate --json").succeeds().json(), &["valid", "error_count", "diagnostics"]);
    let plan = project.run("plan --json --out saved.plan").succeeds().json();
    has(&plan, &["format_version", "mode", "project", "root", "changes", "outputs", "notes"]);
    assert_eq!(plan["changes"][0]["action"], "create");
    assert_eq!(project.run("show saved.plan --json").succeeds().json(), plan);
    let applied = project.run("apply --json saved.plan").succeeds();
    let lines: Vec<Value> =
        applied.raw().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert!(lines.iter().any(|line| line["type"] == "step_finished"), "{lines:?}");
    has(&project.run("versions etl --json").succeeds().json(), &["versions"]);
    has(&project.run("state list --json").succeeds().json(), &["flows"]);
    has(&project.run("show etl --json").succeeds().json(), &["id", "name", "address", "definition"]);
    has(&project.run("show --json").succeeds().json(), &["registry", "project", "flows", "outputs"]);
    assert_eq!(project.run("output --json").succeeds().json()["version"]["value"], 1);
    assert_eq!(project.run("output version --raw").succeeds().raw().trim(), "1");
    has(&project.run("version --json").succeeds().json(), &["flowform", "registry_format", "plan_format"]);
    has(&project.run("render etl").succeeds().json(), &["run_config", "process", "start"]);
}

#[test]
fn every_failure_is_json() {
    let project = Project::new("flow \"etl\" {\n  stroage = 1\n}\n");
    for line in ["validate --json", "plan --json", "apply --json --auto-approve", "show etl --json"] {
        let failure = project.run(line).fails().json();
        assert_eq!(failure["valid"], false, "{line}");
        let diagnostics = failure["diagnostics"].as_array().expect("a list");
        assert!(diagnostics.iter().any(|diagnostic| diagnostic["summary"] == "Unknown argument"), "{line}");
    }
}
