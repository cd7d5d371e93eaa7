//! The life of a flow from its first plan to the end, command by command, as a user goes through it.

use serde_json::{Value, json};

use crate::support::{Project, Run, snapshot};

/// One flow with an output.
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

output "etl_version" {
  value = flow.etl.version
}
"#;

/// The numbers of a flow's versions, the newest first.
fn numbers(project: &Project, flow: &str) -> Vec<u64> {
    let versions = project.versions(flow);
    let versions = versions["versions"].as_array().expect("a list of versions").clone();
    versions.iter().map(|version| version["version"].as_u64().expect("a number")).collect()
}

/// The artifacts of one version.
fn bound(project: &Project, flow: &str, version: u64) -> Vec<String> {
    let versions = project.versions(flow);
    let versions = versions["versions"].as_array().expect("a list of versions");
    let found = versions.iter().find(|found| found["version"] == version).expect("the version is listed");
    let artifacts = found["artifacts"].as_array().expect("a list of artifacts");
    artifacts.iter().map(|artifact| artifact["id"].as_str().expect("an id").to_owned()).collect()
}

fn published(project: &Project, flow: &str) -> Value {
    project.current(flow).map_or(Value::Null, |document| document["version"].clone())
}

#[test]
fn the_story_of_one_flow() {
    let project = Project::new(SHOP);
    let mut story = String::new();
    let mut tell = |run: Run| {
        story.push_str(&run.all());
        story.push_str("\n\n");
    };

    tell(project.run("init").succeeds());
    project.run("plan --detailed-exitcode").exits(2);
    tell(project.plan());
    tell(project.apply());
    tell(project.run("plan --detailed-exitcode").exits(0));
    assert_eq!(published(&project, "etl"), 1);

    project.edit("INFO", "DEBUG");
    tell(project.plan());
    tell(project.apply());
    assert_eq!(published(&project, "etl"), 2);
    tell(project.run("versions flow.etl").succeeds());
    tell(project.run("diff flow.etl 1 2").succeeds());
    tell(project.run("output").succeeds());

    tell(
        project
            .run_args(&["rollback", "flow.etl", "1", "--auto-approve", "--reason", "2 drops rows"])
            .succeeds(),
    );
    assert_eq!(published(&project, "etl"), 1);
    tell(
        project
            .run("plan --detailed-exitcode")
            .exits(0)
            .says("pinned at v1 by a rollback, configuration is ahead"),
    );
    tell(project.run("versions etl").succeeds());

    project.edit("DEBUG", "TRACE");
    tell(project.plan());
    tell(project.apply());
    assert_eq!(published(&project, "etl"), 3);
    project.is_settled();

    tell(project.run("destroy --auto-approve").succeeds());
    project.run("output").succeeds().says("No outputs are recorded.");
    assert_eq!(published(&project, "etl"), Value::Null);
    assert_eq!(project.artifacts(), Vec::<String>::new());
    tell(project.run("versions flow.etl").succeeds());
    tell(project.run("state list --archived").succeeds());

    tell(project.plan());
    tell(project.apply());
    assert_eq!(published(&project, "etl"), 4);
    assert_eq!(numbers(&project, "flow.etl"), [4, 3, 2, 1]);
    project.is_settled();
    snapshot!("story", story);
}

#[test]
fn an_old_definition_is_a_new_version_with_the_equal_artifact() {
    let project = Project::applied(SHOP);
    project.edit("INFO", "DEBUG");
    project.apply();
    project.edit("DEBUG", "INFO");
    project.apply();
    assert_eq!(numbers(&project, "flow.etl"), [3, 2, 1]);
    assert_eq!(bound(&project, "flow.etl", 3), bound(&project, "flow.etl", 1));
    assert_eq!(project.artifacts().len(), 2);
    assert_eq!(published(&project, "etl"), 3);
    project.is_settled();
}

#[test]
fn a_pin_can_be_let_go() {
    let project = Project::applied(SHOP);
    project.edit("INFO", "DEBUG");
    project.apply();
    project.run("rollback flow.etl 1 --auto-approve").succeeds();
    project
        .run("rollback flow.etl 7 --auto-approve")
        .fails()
        .complains("has no version 7; its versions are 1 to 2");
    project.run("rollback flow.etl --unpin").succeeds();
    project.run("rollback flow.etl --unpin").fails().complains("`flow.etl` is not held at any version");
    project.run("plan --detailed-exitcode").exits(2).says("flow.etl");
    project.apply();
    assert_eq!(published(&project, "etl"), 2);
    assert_eq!(numbers(&project, "flow.etl"), [2, 1]);
    project.is_settled();
}

#[test]
fn rolling_back_needs_an_answer() {
    let project = Project::applied(SHOP);
    project.edit("INFO", "DEBUG");
    project.apply();
    let before = project.registry_files();
    project.run("rollback flow.etl 1").fails().complains("Approval needed");
    project.run("destroy").fails().complains("Approval needed");
    project.run("state rm flow.etl").fails().complains("Approval needed");
    assert!(before == project.registry_files(), "nothing was changed");
}

#[test]
fn what_was_destroyed_goes_on_with_the_next_number() {
    let project = Project::applied(SHOP);
    let id = project.versions("flow.etl")["id"].clone();
    project.run("destroy --auto-approve").succeeds();
    // With the very definition of version 1.
    project.plan().says("flow.etl will be created again as version 2");
    project.apply();
    project.is_settled();
    // With another one.
    project.run("destroy --auto-approve").succeeds();
    project.edit("INFO", "DEBUG");
    project.apply();
    project.is_settled();
    assert_eq!(numbers(&project, "flow.etl"), [3, 2, 1]);
    assert_eq!(project.versions("flow.etl")["id"], id, "it is the same flow");
    assert_eq!(project.artifacts().len(), 1);
}

#[test]
fn an_archived_flow_is_not_held_at_a_version() {
    let project = Project::applied(SHOP);
    project.run("destroy --auto-approve").succeeds();
    project
        .edit("run_config = run_config.local.worker", "run_config = run_config.local.worker\n  version = 1");
    project
        .run("plan")
        .fails()
        .complains("it cannot be held at version 1: declared again, it goes on with a new version");
    project.edit("\n  version = 1", "");
    project.apply();
    project
        .edit("run_config = run_config.local.worker", "run_config = run_config.local.worker\n  version = 1");
    project.apply();
    assert_eq!(published(&project, "etl"), 1);
    project.is_settled();
}

#[test]
fn init_writes_a_configuration_that_can_be_applied() {
    let project = Project::empty();
    project.run("init").succeeds().says("a first configuration with one flow");
    assert_eq!(project.read(".gitignore"), ".flowform/\n*.plan\n");
    project.run("validate").succeeds();
    project.apply();
    project.is_settled();
    project.run("init").succeeds().says("is ready");
}

#[test]
fn a_directory_without_a_configuration_says_so() {
    let project = Project::empty();
    for command in ["plan", "validate", "apply --auto-approve", "state list", "graph", "output"] {
        let run = project.run(command).fails();
        assert!(run.stderr.contains("flowform init"), "{}", run.all());
    }
}

#[test]
fn commands_on_the_record_say_when_there_is_none() {
    let project = Project::new(SHOP);
    for command in [
        "state list",
        "state show flow.etl",
        "state rm flow.etl --auto-approve",
        "state mv flow.etl flow.x",
        "state rebuild",
        "state export",
        "versions flow.etl",
        "diff flow.etl 1 2",
        "rollback flow.etl 1 --auto-approve",
        "output",
        "show",
        "unlock abc --force",
    ] {
        project.run(command).fails().complains("There is no registry of the project `shop`");
    }
    assert!(project.registry_files().is_empty(), "reading makes no registry");
}

#[test]
fn outputs_in_their_forms() {
    let project = Project::applied(&format!(
        "{SHOP}\noutput \"names\" {{\n  value = {{ a = [1, \"x\"], b = null }}\n}}\n\
         variable \"token\" {{\n  sensitive = true\n  default = \"hunter2\"\n}}\n\
         output \"token\" {{\n  value = var.token\n  sensitive = true\n}}\n"
    ));
    snapshot!("outputs", project.run("output").succeeds().all());
    assert_eq!(project.run("output etl_version --raw").succeeds().raw(), "1");
    assert_eq!(project.run("output names --json").succeeds().json(), json!({ "a": [1, "x"], "b": null }));
    project.run("output names --raw").fails().complains("has no bare form");
    project.run("output token --raw").fails().complains("has no bare form");
    project.run("output etl_versio").fails().complains("did you mean `etl_version`?");
    assert!(!project.run("output --json").raw().contains("hunter2"));
}

#[test]
fn showing_and_listing() {
    let project = Project::applied(SHOP);
    project.edit("INFO", "DEBUG");
    project.apply();
    project.run("rollback flow.etl 1 --auto-approve").succeeds();
    let mut text = String::new();
    for command in ["show", "show flow.etl", "state list", "state show etl", "show flow.elt"] {
        text.push_str(&project.run(command).all());
        text.push_str("\n\n");
    }
    snapshot!("showing", text);
}

#[test]
fn moving_in_the_record() {
    let project = Project::applied(SHOP);
    project.run("state mv flow.etl flow.load").succeeds();
    project.edit("flow \"etl\"", "flow \"load\"");
    project.edit("flow.etl.version", "flow.load.version");
    // Its name was its label.
    project.edit("storage    =", "name = \"etl\"\n  storage    =");
    project.is_settled();
    assert_eq!(published(&project, "etl"), 1);
    project.run("state mv flow.nothing flow.x").fails().complains("no flow with the address or name");
    project.run("state mv flow.load storage.x").fails().complains("is not the address of a flow");
}

#[test]
fn a_move_onto_a_recorded_address_is_refused() {
    let project = Project::applied(&format!("{SHOP}\nflow \"b\" {{\n  storage = storage.module.code\n}}\n"));
    project.run("state mv flow.etl flow.b").fails().complains("`flow.b` is recorded already");
}

#[test]
fn rebuilding_restores_what_is_derived() {
    let project = Project::applied(SHOP);
    let file = project.registry("shop").join("current/etl.json");
    let before = std::fs::read(&file).expect("it is published");
    std::fs::remove_file(&file).expect("it can be removed");
    project.run("state rebuild").succeeds().says("1 flow, 1 published document");
    assert_eq!(std::fs::read(&file).expect("it is published again"), before);
    project.is_settled();
}

#[test]
fn the_whole_registry_can_be_exported() {
    let project = Project::applied(SHOP);
    let document = project.run("state export").succeeds().json();
    assert_eq!(document["project"], "shop");
    let objects = document["objects"].as_object().expect("objects by key");
    let starts: std::collections::BTreeSet<&str> =
        objects.keys().filter_map(|key| key.split('/').next()).collect();
    assert_eq!(starts, ["current", "log", "specs"].into());
    project.run("state export --out backup.json").succeeds();
    let written: Value = serde_json::from_str(&project.read("backup.json")).expect("the backup is JSON");
    assert_eq!(written["objects"], document["objects"]);
}

#[test]
fn what_was_forgotten_can_be_imported() {
    let project = Project::applied(SHOP);
    let artifact = bound(&project, "flow.etl", 1).remove(0);
    project.run("state rm flow.etl --auto-approve").succeeds().complains("so the next apply creates it anew");
    assert_eq!(published(&project, "etl"), Value::Null);
    assert_eq!(project.artifacts(), std::slice::from_ref(&artifact), "its artifact stays");
    // The directory of the artifact is named after the flow's id.
    let mut text = String::new();
    text.push_str(&project.run("import flow.elt specs/x.json").fails().all());
    text.push_str("\n\n");
    text.push_str(&project.run("import flow.etl specs/x.json").fails().all());
    text.push_str("\n\n");
    text.push_str(&project.run_args(&["import", "flow.etl", &artifact]).succeeds().all());
    text.push_str("\n\n");
    text.push_str(&project.run_args(&["import", "flow.etl", &artifact]).fails().all());
    text.push_str("\n\n");
    text.push_str(&project.plan().all());
    text.push_str("\n\n");
    text.push_str(&project.apply().all());
    snapshot!("import", text);
    project.is_settled();
    assert_eq!(numbers(&project, "flow.etl"), [1]);
    assert_eq!(project.artifacts(), [artifact]);
    assert_eq!(published(&project, "etl"), 1);
}

#[test]
fn an_imported_object_that_differs_becomes_version_2() {
    let project = Project::applied(SHOP);
    let artifact = bound(&project, "flow.etl", 1).remove(0);
    project.run("state rm flow.etl --auto-approve").succeeds();
    project.edit("INFO", "DEBUG");
    project.run_args(&["import", "flow.etl", &artifact]).succeeds();
    let plan = project.plan();
    snapshot!("import_differs", plan.stdout);
    project.apply();
    project.is_settled();
    assert_eq!(numbers(&project, "flow.etl"), [2, 1]);
}

#[test]
fn unlocking_needs_the_right_lease() {
    let project = Project::applied(SHOP);
    project.run("unlock abc --force").fails();
    // A lease whose holder is gone.
    let path = project.registry("shop").join("lease.json");
    let text = std::fs::read_to_string(&path).expect("there is a lease");
    let mut lease: Value = serde_json::from_str(&text).expect("a lease is JSON");
    assert_eq!(lease["state"], "free");
    lease["state"] = json!("held");
    lease["nonce"] = json!("5b7c1d7e-1f0a-4c55-9d8e-2f6f3c1a9b10");
    std::fs::write(&path, lease.to_string()).expect("the lease can be written");
    project.edit("INFO", "DEBUG");
    let refused = project.run("apply --auto-approve --lock-timeout 0s").fails();
    let mut text = refused.stderr;
    text.push_str(&project.run("unlock abc --force").fails().stderr);
    text.push_str(&project.run("unlock 5b7c1d7e-1f0a-4c55-9d8e-2f6f3c1a9b10").fails().stderr);
    text.push_str(&project.run("unlock 5b7c1d7e-1f0a-4c55-9d8e-2f6f3c1a9b10 --force").succeeds().stdout);
    snapshot!("lock", text);
    project.apply();
    project.is_settled();
}

#[test]
fn graphs_in_both_forms() {
    let project = Project::new(SHOP);
    snapshot!("graph_dot", project.run("graph").succeeds().stdout);
    snapshot!("graph_mermaid", project.run("graph --format mermaid").succeeds().stdout);
}

#[test]
fn rendering_in_both_forms() {
    let project = Project::new(SHOP);
    snapshot!("render_json", project.run("render flow.etl").succeeds().stdout);
    let json = project.run("render etl --run-id 4c1f8a").succeeds().json();
    let yaml = project.run("render etl --format yaml --run-id 4c1f8a").succeeds();
    assert_eq!(serde_saphyr::from_str::<Value>(yaml.raw()).expect("it is YAML"), json);
    assert_eq!(json["start"]["env"]["FLOWFORM_RUN_ID"], "4c1f8a");
    project.run("render flow.elt").fails().complains("did you mean `flow.etl`?");
    assert!(project.registry_files().is_empty(), "rendering makes no registry");
}

#[test]
fn the_program_tells_of_itself() {
    let project = Project::empty();
    let version = project.run("version --json").succeeds().json();
    assert_eq!(
        version,
        json!({
            "format_version": "1.0",
            "flowform": env!("CARGO_PKG_VERSION"),
            "registry_format": 1,
            "plan_format": 1,
        })
    );
    project.run("version").succeeds().says(env!("CARGO_PKG_VERSION"));
    for shell in ["bash", "zsh", "fish"] {
        project.run(&format!("completions {shell}")).succeeds().says("lock-timeout");
    }
    project.run("--help").succeeds().says("Exit codes: 0 success");
    project.run("plna").fails().complains("some similar subcommands exist: 'explain', 'plan'");
}

#[test]
fn another_directory_can_be_named() {
    let project = Project::empty();
    project.write("prod/main.hcl", SHOP);
    project.run("--chdir prod apply --auto-approve").succeeds();
    assert!(project.path().join("prod/.flowform/registry/shop/registry.json").exists());
    project.run("--chdir nowhere plan").fails();
}
