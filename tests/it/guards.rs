//! What flowform refuses to do, because it would do harm: each refusal says why and the way round it, and leaves the
//! registry as it was.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, Run, files_below, snapshot};

/// One flow for each of six names.
const SIX: &str = r#"
flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "etl" {
  for_each = toset(["a", "b", "c", "d", "e", "f"])
  storage  = storage.module.code

  run_config "local" {
    env = { LEVEL = "INFO" }
  }
}
"#;

/// Runs a command that is refused and must not write.
fn refused(project: &Project, line: &str) -> Run {
    let before = project.registry_files();
    let run = project.run(line).fails();
    assert!(before == project.registry_files(), "the registry is byte-identical after {}", run.all());
    run
}

#[test]
fn what_is_protected_is_not_destroyed() {
    let project = Project::new(SIX);
    project.edit("storage  =", "lifecycle {\n    prevent_destroy = true\n  }\n  storage  =");
    project.apply();
    let mut text = refused(&project, "destroy --auto-approve").stderr;
    text.push_str(&refused(&project, "destroy --auto-approve --target flow.etl[\"a\"]").stderr);
    project.edit(", \"f\"]", "]");
    text.push_str(&refused(&project, "apply --auto-approve").stderr);
    snapshot!("guard_prevent_destroy", text);
}

#[test]
fn an_empty_configuration_archives_nothing() {
    let project = Project::applied(SIX);
    project.write("main.hcl", "flowform {\n  project = \"shop\"\n}\n");
    snapshot!("guard_empty", refused(&project, "apply --auto-approve").stderr);
    project.run("apply --auto-approve --allow-mass-archive").succeeds().says("6 archived");
    project.is_settled();
}

#[test]
fn more_than_a_fifth_is_asked_for() {
    let project = Project::applied(SIX);
    project.edit(", \"e\", \"f\"", "");
    snapshot!("guard_mass", refused(&project, "apply --auto-approve").stderr);
    refused(&project, "plan");
    project.run("apply --auto-approve --allow-mass-archive").succeeds().says("2 archived");
    project.is_settled();
    // One flow may always go.
    project.edit(", \"d\"", "");
    project.apply().says("1 archived");
}

#[test]
fn another_root_keeps_its_flows() {
    let project = Project::empty();
    let root = |root: &str, rest: &str| {
        format!(
            "flowform {{\n  project = \"shop\"\n  root = \"{root}\"\n\n  registry \"local\" {{\n    path = \"../registry\"\n  }}\n}}\n\
             storage \"module\" \"code\" {{\n  module = \"shop.etl\"\n}}\n{rest}"
        )
    };
    let flow = |label: &str| {
        format!(
            "flow \"{label}\" {{\n  storage = storage.module.code\n\n  run_config \"local\" {{\n  }}\n}}\n"
        )
    };
    project.write("a/main.hcl", &root("first", &format!("{}{}", flow("etl"), flow("report"))));
    project.write("b/main.hcl", &root("second", &flow("etl")));
    project.run("--chdir a apply --auto-approve").succeeds();
    let before = files_below(&project.path().join("registry"));
    let clash = project.run("--chdir b apply --auto-approve").fails();
    snapshot!("guard_foreign", clash.stderr);
    assert!(before == files_below(&project.path().join("registry")), "the registry is byte-identical");

    // Under another name it is a flow of its own, and the other root's flows stay.
    project.write("b/main.hcl", &root("second", &flow("other")));
    project.run("--chdir b apply --auto-approve").succeeds().says("1 created");
    project.run("--chdir b plan --detailed-exitcode").succeeds();
    project.run("--chdir a plan --detailed-exitcode").succeeds();
    snapshot!("guard_two_roots", project.run("--chdir b state list").succeeds().stdout);
    project.run("--chdir b destroy --auto-approve").succeeds().says("1 archived");
    project.run("--chdir a plan --detailed-exitcode").succeeds();
    assert!(project.path().join("registry/shop/current/etl.json").exists());
    assert!(!project.path().join("registry/shop/current/other.json").exists());
}

#[test]
fn a_flow_that_no_agent_takes_is_refused() {
    let project = Project::new(SIX);
    project.write("agent.hcl", "agent \"local\" \"box\" {\n  labels = [\"eu\", \"gpu\"]\n}\n");
    let mut text = refused(&project, "plan").stderr;
    project.edit("env = { LEVEL = \"INFO\" }", "labels = [\"eu\", \"prod\"]");
    text.push_str(&refused(&project, "plan").stderr);
    text.push_str(&project.run("validate").succeeds().stderr);
    snapshot!("guard_labels", text);
    project.edit("[\"eu\", \"prod\"]", "[\"eu\"]");
    project.apply();
    project.is_settled();
}

#[test]
fn an_agent_of_another_root_counts() {
    let project = Project::empty();
    let head = |root: &str| {
        format!(
            "flowform {{\n  project = \"shop\"\n  root = \"{root}\"\n\n  registry \"local\" {{\n    path = \"../registry\"\n  }}\n}}\n"
        )
    };
    project.write(
        "agents/main.hcl",
        &format!("{}agent \"local\" \"box\" {{\n  labels = [\"eu\"]\n}}\n", head("agents")),
    );
    let flow = "storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\nflow \"etl\" {\n  storage = storage.module.code\n  labels = [\"us\"]\n}\n";
    project.write("flows/main.hcl", &format!("{}{flow}", head("flows")));
    project.run("--chdir flows validate").succeeds();
    project.run("--chdir agents apply --auto-approve").succeeds();
    project
        .run("--chdir flows plan")
        .fails()
        .complains("the closest, `agent.local.box of agents`, does not carry `us`");
    let ignored =
        flow.replace("labels = [\"us\"]", "labels = [\"us\"]\n  ignore_checks = [\"agent-coverage\"]");
    project.write("flows/main.hcl", &format!("{}{ignored}", head("flows")));
    project.run("--chdir flows plan").succeeds();
    project.write("flows/main.hcl", &format!("{}{ignored}", head("flows")).replace("coverage", "covrage"));
    project.run("--chdir flows plan").fails().complains("did you mean \"agent-coverage\"?");
    project.write("flows/main.hcl", &format!("{}{}", head("flows"), flow.replace("us", "eu")));
    project.run("--chdir flows apply --auto-approve").succeeds();
}

#[test]
fn a_registry_of_a_newer_format_is_refused() {
    let project = Project::applied(SIX);
    let path = project.registry("shop").join("registry.json");
    let text = fs::read_to_string(&path).expect("there is a registry");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["format"] = json!(99);
    fs::write(&path, document.to_string()).expect("it can be written");
    let mut text = String::new();
    for line in ["plan", "apply --auto-approve", "state list", "unlock x --force"] {
        text.push_str(&refused(&project, line).all());
        text.push_str("\n\n");
    }
    snapshot!("guard_newer", text);
}

/// The file of a segment of the log.
fn segment(project: &Project, number: u32) -> std::path::PathBuf {
    project.registry("shop").join(format!("log/{number:010}.json"))
}

#[test]
fn a_damaged_log_is_told_and_never_written_to() {
    type Damage<'a> = (&'a str, &'a dyn Fn(&Project));
    let damages: [Damage<'_>; 4] = [
        ("cut off", &|project| fs::write(segment(project, 2), "{\"format\":1,").expect("it can be written")),
        ("missing", &|project| fs::remove_file(segment(project, 1)).expect("it can be removed")),
        ("out of order", &|project| {
            let text = fs::read_to_string(segment(project, 2)).expect("it can be read");
            fs::write(segment(project, 2), text.replace("\"seq\":2", "\"seq\":7"))
                .expect("it can be written");
        }),
        ("the registry's document", &|project| {
            fs::write(project.registry("shop").join("registry.json"), "nonsense").expect("it can be written");
        }),
    ];
    let mut text = String::new();
    for (what, damage) in damages {
        let project = Project::applied(SIX);
        damage(&project);
        for line in ["plan", "apply --auto-approve"] {
            text.push_str(&format!("{what}: {}\n\n", refused(&project, line).all()));
        }
    }
    snapshot!("guard_damaged", text);
}

/// One flow whose provider-independent text comes from a sensitive variable only where that is allowed.
const SECRET: &str = r#"
flowform {
  project = "shop"
}

variable "token" {
  type      = string
  sensitive = true
}

variable "level" {
  type    = string
  default = "INFO"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "etl" {
  storage = storage.module.code

  run_config "local" {
    env        = { LEVEL = var.level }
    secret_env = { TOKEN = "env:SHOP_TOKEN" }
  }
}

flow "report" {
  storage = storage.module.code

  run_config "local" {
    env = { LEVEL = var.level }
  }
}

output "token" {
  value     = var.token
  sensitive = true
}

output "long" {
  value = length(nonsensitive(var.token)) > 3
}
"#;

const HIDDEN: &str = "hunter2-is-secret";

#[test]
fn a_saved_plan_is_applied_exactly() {
    let project = Project::new(SIX);
    project.run("plan --out review.plan").succeeds().complains("flowform apply review.plan");
    // What is written afterwards is no part of it.
    project.edit("INFO", "DEBUG");
    snapshot!("saved_show", project.run("show review.plan").succeeds().stdout);
    project.run("apply review.plan").succeeds().says("6 created");
    let env = || project.current("etl-a").expect("it is published")["run_config"]["env"]["LEVEL"].clone();
    assert_eq!(env(), "INFO");
    project.run("plan --out review.plan --detailed-exitcode").exits(2);
    project.run("apply review.plan").succeeds();
    assert_eq!(env(), "DEBUG");
    project.is_settled();
}

#[test]
fn a_saved_plan_is_refused_where_somebody_else_applied() {
    let project = Project::applied(SIX);
    project.edit("INFO", "DEBUG");
    project.run("plan --out review.plan").succeeds();
    project.run("apply --auto-approve --target flow.etl[\"a\"]").succeeds();
    let apply = project.run("apply review.plan").fails();
    snapshot!("saved_refused", apply.stdout);
    assert_eq!(project.versions("flow.etl[\"a\"]")["versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(project.versions("flow.etl[\"b\"]")["versions"].as_array().map(Vec::len), Some(2));
    project.is_settled();
    // All of it is done: nothing is done twice.
    let again = project.run("apply review.plan").fails();
    assert_eq!(
        project.versions("flow.etl[\"b\"]")["versions"].as_array().map(Vec::len),
        Some(2),
        "{}",
        again.all()
    );
}

#[test]
fn a_saved_plan_belongs_to_one_registry() {
    let project = Project::applied(SIX);
    project.edit("INFO", "DEBUG");
    project.run("plan --out review.plan").succeeds();
    fs::remove_dir_all(project.path().join(".flowform")).expect("the registry can be removed");
    project.apply();
    let mut text = refused(&project, "apply review.plan").all();
    fs::remove_dir_all(project.path().join(".flowform")).expect("the registry can be removed");
    text.push_str(&refused(&project, "apply review.plan").stderr);
    snapshot!("saved_other_registry", text);
}

#[test]
fn a_saved_plan_of_no_registry_is_refused_when_there_is_one() {
    let project = Project::new(SIX);
    project.run("plan --out review.plan").succeeds();
    project.apply();
    project.run("apply review.plan").fails();
    project.is_settled();
    assert_eq!(project.versions("flow.etl[\"b\"]")["versions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let project = Project::new(SIX);
    project.write("nonsense.plan", "nonsense");
    project.write("newer.plan", "{\"format\": 99, \"flowform\": \"9.0.0\"}");
    project.run("plan --out cut.plan").succeeds();
    let text = project.read("cut.plan");
    project.write("cut.plan", &text[..text.len() / 2]);
    let mut text = String::new();
    for line in [
        "apply nonsense.plan",
        "apply newer.plan",
        "apply cut.plan",
        "apply missing.plan",
        "show nonsense.plan",
        "apply review.plan --target flow.etl",
    ] {
        text.push_str(&refused(&project, line).all());
        text.push_str("\n\n");
    }
    snapshot!("saved_nonsense", text);
}

#[test]
fn a_sensitive_variable_is_given_again() {
    let project = Project::new(SECRET);
    let given = format!("token={HIDDEN}");
    project.run_args(&["plan", "--out", "review.plan", "--var", &given, "--var", "level=DEBUG"]).succeeds();
    assert!(!project.read("review.plan").contains(HIDDEN), "the plan file holds no secret");
    snapshot!("saved_sensitive", refused(&project, "apply review.plan").stderr);
    let applied = project.run_with(&["apply", "review.plan"], &[("FLOWFORM_VAR_token", HIDDEN)]).succeeds();
    assert!(!applied.all().contains(HIDDEN));
    let env = project.current("etl").expect("it is published")["run_config"]["env"]["LEVEL"].clone();
    assert_eq!(env, "DEBUG", "other variables are in the plan");
}

#[test]
fn no_secret_is_anywhere() {
    let project = Project::new(SECRET);
    let environment = [("FLOWFORM_VAR_token", HIDDEN)];
    let run = |line: &str| {
        let run = project.run_with(&line.split_whitespace().collect::<Vec<_>>(), &environment);
        assert!(!run.all().contains(HIDDEN), "no secret is shown by {line}");
        assert!(!run.raw().contains(HIDDEN), "no secret is printed by {line}");
        run
    };
    run("plan --out review.plan").succeeds();
    run("apply --auto-approve --json").succeeds();
    run("apply --auto-approve --var level=DEBUG").succeeds();
    for line in [
        "plan",
        "plan --json",
        "plan --full",
        "show",
        "show --json",
        "output",
        "output --json",
        "output token",
        "render flow.etl",
        "state export",
        "state show flow.etl --json",
        "graph",
        "validate --json",
    ] {
        run(line).succeeds();
    }
    run("destroy --auto-approve").succeeds();
    for (name, bytes) in files_below(project.path()) {
        let found = bytes.windows(HIDDEN.len()).any(|window| window == HIDDEN.as_bytes());
        assert!(!found, "{name} holds the secret");
        if name.ends_with(".gz") {
            let mut text = String::new();
            let mut reader = flate2::read::GzDecoder::new(bytes.as_slice());
            std::io::Read::read_to_string(&mut reader, &mut text).expect("a snapshot is compressed text");
            assert!(!text.contains(HIDDEN), "{name} holds the secret");
        }
    }
}
