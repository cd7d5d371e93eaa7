//! Every kind of change, with its reason, as a user reads it in the plan; and that applying it leaves nothing to do.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, snapshot};

/// Two flows and an output.
const SHOP: &str = r#"
flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

run_config "local" "worker" {
  env = { LEVEL = "INFO" }
}

flow "etl" {
  storage    = storage.module.code
  run_config = run_config.local.worker
}

flow "report" {
  storage = storage.module.code

  run_config "local" {
    env = { KIND = "daily" }
  }
}
"#;

/// Plans, compares, applies, and finds nothing left.
fn changes_as(name: &str, project: &Project) {
    let plan = project.run("plan --detailed-exitcode").exits(2);
    snapshot!(name, plan.stdout);
    project.apply().says("Apply complete");
    project.is_settled();
}

/// The file of a flow's only artifact.
fn artifact(project: &Project, flow: &str) -> std::path::PathBuf {
    let versions = project.versions(flow);
    let id = versions["versions"][0]["artifacts"][0]["id"].as_str().expect("it has an artifact").to_owned();
    project.registry("shop").join(id)
}

fn version(project: &Project, flow: &str) -> Value {
    project.versions(flow)["versions"][0]["version"].clone()
}

#[test]
fn creating() {
    changes_as("create", &Project::new(SHOP));
}

#[test]
fn updating() {
    let project = Project::applied(SHOP);
    project.edit("LEVEL = \"INFO\"", "LEVEL = \"DEBUG\", REGION = \"eu\"");
    project.edit("module = \"shop.etl\"", "module = \"shop.flows.etl\"");
    project.edit("flow \"report\" {", "flow \"report\" {\n  parameters = { day = 1, tables = [\"a\", \"b\"] }\n  labels = [\"x\"]\n  schedule {\n    cron = \"0 6 * * *\"\n  }\n");
    changes_as("update", &project);
    project.edit("{ day = 1, tables = [\"a\", \"b\"] }", "{ tables = [\"a\", \"c\", \"d\"] }");
    project.edit("0 6 * * *", "0 7 * * *");
    project.edit(", REGION = \"eu\"", "");
    changes_as("update_again", &project);
}

#[test]
fn replacing_what_was_deleted() {
    let project = Project::applied(SHOP);
    fs::remove_file(artifact(&project, "flow.etl")).expect("the artifact can be removed");
    changes_as("replace_deleted", &project);
    assert!(artifact(&project, "flow.etl").exists());
    assert_eq!(version(&project, "flow.etl"), 1);
}

#[test]
fn replacing_what_was_altered() {
    let project = Project::applied(SHOP);
    let path = artifact(&project, "flow.etl");
    let text = fs::read_to_string(&path).expect("the artifact can be read");
    fs::write(&path, text.replace("INFO", "NONE")).expect("the artifact can be altered");
    changes_as("replace_altered", &project);
    let text = fs::read_to_string(artifact(&project, "flow.etl")).expect("the artifact can be read");
    assert!(text.contains("INFO") && !text.contains("NONE"), "{text}");
}

#[test]
fn replacing_what_is_no_document_any_more() {
    let project = Project::applied(SHOP);
    fs::write(artifact(&project, "flow.etl"), "{").expect("the artifact can be altered");
    project.plan().says("flow.etl");
    project.apply().says("Apply complete");
    project.is_settled();
}

#[test]
fn replacing_on_request() {
    let project = Project::applied(SHOP);
    let plan = project.run("plan --replace flow.etl --detailed-exitcode").exits(2);
    snapshot!("replace_requested", plan.stdout);
    project.run("apply --replace flow.etl --auto-approve").succeeds();
    project.is_settled();
    project.run("plan --replace flow.elt").fails().complains("did you mean `flow.etl`?");
}

#[test]
fn archiving() {
    let project = Project::applied(SHOP);
    let text = project.read("main.hcl");
    let end = text.find("flow \"report\"").expect("the flow is declared");
    project.write("main.hcl", &text[..end]);
    changes_as("archive", &project);
    assert_eq!(project.current("report"), None);
    assert_eq!(project.artifacts().len(), 1);
}

#[test]
fn forgetting() {
    let project = Project::applied(SHOP);
    let text = project.read("main.hcl");
    let end = text.find("flow \"report\"").expect("the flow is declared");
    let removed = "removed {\n  from = flow.report\n\n  lifecycle {\n    destroy = false\n  }\n}\n";
    project.write("main.hcl", &format!("{}{removed}", &text[..end]));
    changes_as("forget", &project);
    assert_eq!(project.current("report"), None);
    assert_eq!(project.artifacts().len(), 2, "its artifact stays");
    snapshot!("forgotten", project.plan().stdout);
}

#[test]
fn removing_for_good() {
    let project = Project::applied(SHOP);
    let text = project.read("main.hcl");
    let end = text.find("flow \"report\"").expect("the flow is declared");
    project.write("main.hcl", &format!("{}removed {{\n  from = flow.report\n}}\n", &text[..end]));
    changes_as("removed", &project);
    assert_eq!(project.artifacts().len(), 1);
}

#[test]
fn moving_by_block() {
    let project = Project::applied(SHOP);
    project.edit("flow \"etl\" {", "flow \"load\" {\n  name = \"etl\"");
    project.write("moved.hcl", "moved {\n  from = flow.etl\n  to   = flow.load\n}\n");
    changes_as("move_block", &project);
    assert_eq!(version(&project, "flow.load"), 1);
}

#[test]
fn moving_and_renaming() {
    let project = Project::applied(SHOP);
    let id = project.versions("flow.etl")["id"].clone();
    project.edit("flow \"etl\" {", "flow \"load\" {");
    project.write("moved.hcl", "moved {\n  from = flow.etl\n  to   = flow.load\n}\n");
    changes_as("move_and_rename", &project);
    assert_eq!(project.versions("flow.load")["id"], id);
    assert_eq!(project.current("etl"), None);
    assert!(project.current("load").is_some());
}

#[test]
fn renaming() {
    let project = Project::applied(SHOP);
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  name = \"nightly\"");
    changes_as("rename", &project);
    assert_eq!(project.current("etl"), None);
    assert!(project.current("nightly").is_some());
}

#[test]
fn another_label_with_the_same_name() {
    let project = Project::applied(SHOP);
    let id = project.versions("flow.etl")["id"].clone();
    project.edit("flow \"etl\" {", "flow \"load\" {\n  name = \"etl\"");
    changes_as("move_same_name", &project);
    assert_eq!(project.versions("flow.load")["id"], id);
}

#[test]
fn moving_into_an_instance() {
    let project = Project::applied(SHOP);
    let id = project.versions("flow.etl")["id"].clone();
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  for_each = toset([\"eu\", \"us\"])\n  name = each.key == \"eu\" ? \"etl\" : \"etl-us\"");
    project.write("moved.hcl", "moved {\n  from = flow.etl\n  to   = flow.etl[\"eu\"]\n}\n");
    changes_as("move_into_instance", &project);
    assert_eq!(project.versions("flow.etl[\"eu\"]")["id"], id);
}

#[test]
fn swapping_two_names() {
    let project = Project::applied(SHOP);
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  name = \"report\"");
    project.edit("flow \"report\" {", "flow \"report\" {\n  name = \"etl\"");
    project.plan();
    project.apply();
    project.is_settled();
    let env = |name: &str| project.current(name).expect("it is published")["run_config"]["env"].clone();
    assert_eq!(env("report"), json!({ "LEVEL": "INFO" }));
    assert_eq!(env("etl"), json!({ "KIND": "daily" }));
}

#[test]
fn pruning() {
    let project = Project::applied(SHOP);
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  keep_versions = 1\n  keep_for = \"0s\"");
    project.edit("INFO", "DEBUG");
    changes_as("prune", &project);
    assert_eq!(project.artifacts().len(), 2, "one for each flow");
    project.edit("DEBUG", "TRACE");
    project.apply();
    project.is_settled();
    let states: Vec<Value> = project.versions("flow.etl")["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|v| v["state"].clone())
        .collect();
    assert_eq!(states, ["bound", "pruned", "pruned"]);
    // Going back to what was pruned makes its artifact again.
    project.edit("TRACE", "INFO");
    project.apply();
    project.is_settled();
    assert_eq!(version(&project, "flow.etl"), 4);
}

#[test]
fn a_pinned_version_by_argument() {
    let project = Project::applied(SHOP);
    project.edit("INFO", "DEBUG");
    project.apply();
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  version = 1");
    changes_as("pin", &project);
    assert_eq!(project.current("etl").expect("it is published")["version"], 1);
    snapshot!("pinned", project.plan().stdout);
    // Other changes wait.
    project.edit("DEBUG", "TRACE");
    project.is_settled();
    project.edit("\n  version = 1", "");
    project
        .plan()
        .says("flow.etl will be updated to version 3 (now 1)")
        .says("run_config.env.LEVEL: \"INFO\" -> \"TRACE\"");
    project.apply();
    project.is_settled();
    project.edit("flow \"etl\" {", "flow \"etl\" {\n  version = 9");
    project
        .run("plan")
        .fails()
        .complains("`flow.etl` is to be held at version 9, and the registry has no such version");
}

#[test]
fn the_agents_document() {
    let project = Project::new(&format!("{SHOP}\nagent \"local\" \"box\" {{\n  labels = []\n}}\n"));
    changes_as("agents_published", &project);
    project.edit("labels = []", "env_vars = { A = \"1\" }");
    changes_as("agents_changed", &project);
    project.edit("\nagent \"local\" \"box\" {\n  env_vars = { A = \"1\" }\n}\n", "");
    changes_as("agents_withdrawn", &project);
    assert!(!project.registry("shop").join("agents/main.json").exists());
}

#[test]
fn an_agent_for_a_universal_flow() {
    let project =
        Project::applied(&format!("{SHOP}\nflow \"any\" {{\n  storage = storage.module.code\n}}\n"));
    project.write("agent.hcl", "agent \"local\" \"box\" {\n}\n");
    changes_as("agent_declared", &project);
}

#[test]
fn outputs() {
    let project = Project::applied(&format!(
        "{SHOP}\noutput \"a\" {{\n  value = 1\n}}\noutput \"b\" {{\n  value = [\"x\"]\n}}\n"
    ));
    project.edit("value = 1", "value = { n = flow.etl.version }");
    project.edit("output \"b\" {\n  value = [\"x\"]", "variable \"s\" {\n  sensitive = true\n  default = \"hunter2\"\n}\noutput \"c\" {\n  sensitive = true\n  value = var.s");
    changes_as("outputs_change", &project);
    assert_eq!(project.run("output a --json").succeeds().json(), json!({ "n": 1 }));
}

#[test]
fn known_after_apply() {
    let project = Project::new(&format!(
        "{SHOP}\nflow \"after\" {{\n  storage = storage.module.code\n\n  run_config \"local\" {{\n    env = {{ ETL = \"v${{flow.etl.version}}\", DIGEST = flow.etl.digest }}\n  }}\n}}\n"
    ));
    changes_as("after_apply", &project);
    let env = || project.current("after").expect("it is published")["run_config"]["env"]["ETL"].clone();
    assert_eq!(env(), "v1");
    project.edit("INFO", "DEBUG");
    changes_as("after_apply_again", &project);
    assert_eq!(env(), "v2");
}

#[test]
fn equal_changes_of_many_flows() {
    let text = SHOP.replace(
        "flow \"etl\" {",
        "flow \"etl\" {\n  for_each = toset([\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"])\n",
    );
    let project = Project::new(&text);
    changes_as("many_created", &project);
    project.edit("INFO", "DEBUG");
    snapshot!("many_updated_full", project.run("plan --full").succeeds().stdout);
    changes_as("many_updated", &project);
    project.edit("\"e\", \"f\"", "\"e\"");
    changes_as("many_less_one", &project);
}

#[test]
fn partial_plans() {
    let project = Project::new(&format!(
        "{SHOP}\nflow \"after\" {{\n  storage = storage.module.code\n  parameters = {{ v = flow.etl.version }}\n}}\n"
    ));
    let mut text = String::new();
    for line in [
        "plan --target flow.after",
        "plan --target flow.report",
        "plan --exclude flow.etl",
        "plan --target flow.etl --target flow.nothing",
        "plan --target flow.etl --exclude flow.report",
    ] {
        text.push_str(&project.run(line).all());
        text.push_str("\n\n");
    }
    snapshot!("partial", text);
    project.run("apply --target flow.after --auto-approve").succeeds();
    project.run("plan --target flow.after --detailed-exitcode").exits(0);
    project.run("plan --detailed-exitcode").exits(2);
    project.apply();
    project.is_settled();
}

#[test]
fn refreshing_only() {
    let project = Project::applied(SHOP);
    project.run("plan --refresh-only --detailed-exitcode").exits(0);
    fs::remove_file(artifact(&project, "flow.etl")).expect("the artifact can be removed");
    let path = artifact(&project, "flow.report");
    let text = fs::read_to_string(&path).expect("the artifact can be read");
    fs::write(&path, text.replace("daily", "never")).expect("the artifact can be altered");
    project.edit("INFO", "DEBUG");
    snapshot!("refresh_only", project.run("plan --refresh-only").succeeds().stdout);
    project.run("apply --refresh-only --auto-approve").succeeds();
    project.run("plan --refresh-only --detailed-exitcode").exits(0);
    snapshot!("refresh_then_plan", project.plan().stdout);
    project.apply();
    project.is_settled();
}

#[test]
fn destroying() {
    let project = Project::applied(&format!("{SHOP}\nagent \"local\" \"box\" {{\n}}\n"));
    snapshot!("destroy", project.run("plan --destroy").succeeds().stdout);
    snapshot!("destroy_target", project.run("plan --destroy --target flow.etl").succeeds().stdout);
    project.run("destroy --target flow.etl --auto-approve").succeeds();
    project.run("destroy --auto-approve").succeeds();
    assert_eq!(project.artifacts(), Vec::<String>::new());
    assert_eq!(project.current("etl"), None);
    project.run("plan --destroy --detailed-exitcode").exits(0);
}

#[test]
fn ignored_changes() {
    let text = SHOP.replace(
        "flow \"etl\" {",
        "flow \"etl\" {\n  lifecycle {\n    ignore_changes = [env[\"LEVEL\"]]\n  }\n",
    );
    let project = Project::applied(&text);
    project.edit("LEVEL = \"INFO\"", "LEVEL = \"DEBUG\"");
    project.is_settled();
    project.edit("LEVEL = \"DEBUG\"", "LEVEL = \"DEBUG\", MORE = \"1\"");
    changes_as("ignored", &project);
    assert_eq!(
        project.current("etl").expect("it is published")["run_config"]["env"],
        json!({ "LEVEL": "INFO", "MORE": "1" })
    );
}

#[test]
fn nothing_to_do_writes_nothing() {
    let project = Project::applied(SHOP);
    let before = project.registry_files();
    project.apply().says("No changes.");
    project.plan();
    project.run("show").succeeds();
    project.run("validate").succeeds();
    assert!(before == project.registry_files(), "the registry is byte-identical");
}

/// What a program leaves that is killed between reserving the versions and binding them.
fn killed_before_binding(project: &Project) {
    let log = project.registry("shop").join("log");
    let segments = crate::support::files_below(&log);
    let binds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("\"bind\"");
    let first = segments.iter().find(|(_, bytes)| binds(bytes)).map(|(name, _)| name.clone());
    let first = first.expect("something was bound");
    for name in segments.keys().filter(|name| **name >= first) {
        fs::remove_file(log.join(name)).expect("a segment can be removed");
    }
}

#[test]
fn completing_what_was_interrupted() {
    let project = Project::applied(SHOP);
    killed_before_binding(&project);
    changes_as("interrupted", &project);
    assert_eq!(version(&project, "flow.etl"), 1);
    assert_eq!(project.artifacts().len(), 2);
}

#[test]
fn giving_up_what_was_interrupted() {
    let project = Project::applied(SHOP);
    killed_before_binding(&project);
    project.edit("INFO", "DEBUG");
    changes_as("interrupted_and_changed", &project);
    let states = project.versions("flow.etl");
    assert_eq!(states["versions"][1]["state"], "abandoned", "its number is not used again");
    assert_eq!(version(&project, "flow.etl"), 2);
}
