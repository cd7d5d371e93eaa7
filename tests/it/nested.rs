//! Nested blocks that are made from collections (`dynamic`), and what a configuration demands of itself
//! (`precondition`, `postcondition`).

use crate::support::{Project, snapshot};

/// What every configuration starts from.
const HEAD: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

"#;

fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

/// The published definition of a flow.
fn definition(project: &Project, flow: &str) -> serde_json::Value {
    project.run_args(&["state", "show", flow, "--json"]).succeeds().json()
}

#[test]
fn dynamic_blocks_make_what_is_written_out() {
    let written = project(
        r#"
flow "etl" {
  storage = storage.module.code

  schedule {
    cron = "0 6 * * *"
  }

  schedule {
    cron       = "0 18 * * *"
    parameters = { region = "us", zone = "b" }
  }

  run_config "local" {
    env = { LEVEL = "INFO", NAME = "local" }
  }
}
"#,
    );
    written.apply();
    // The same definitions, so nothing is left to do.
    written.write(
        "main.hcl",
        &format!(
            "{HEAD}{}",
            r#"
locals {
  hours = [{ hour = 6, regions = {} }, { hour = 18, regions = { us = "b" } }]
}

flow "etl" {
  storage = storage.module.code

  dynamic "schedule" {
    for_each = local.hours
    iterator = each_hour
    content {
      cron       = "0 ${each_hour.value.hour} * * *"
      parameters = each_hour.key == 0 ? null : { region = keys(each_hour.value.regions)[0], zone = each_hour.value.regions["us"] }
    }
  }

  dynamic "run_config" {
    for_each = toset(["local"])
    labels   = [run_config.value]
    content {
      env = { LEVEL = "INFO", NAME = run_config.key }
    }
  }
}
"#
        ),
    );
    written.is_settled();
    let shown = definition(&written, "flow.etl").to_string();
    assert!(shown.contains("0 18 * * *"), "the second schedule is there: {shown}");
}

#[test]
fn dynamic_blocks_in_instances_see_each() {
    let project = project(
        r#"
flow "etl" {
  for_each = { eu = ["0 6 * * *"], us = ["0 7 * * *", "0 8 * * *"], none = [] }
  storage  = storage.module.code

  dynamic "schedule" {
    for_each = each.value
    content {
      cron       = schedule.value
      parameters = { region = each.key, number = schedule.key }
    }
  }
}
"#,
    );
    let plan = project.plan();
    snapshot!("dynamic_each", plan.stdout);
}

#[test]
fn dynamic_blocks_that_are_wrong() {
    let cases = [
        ("no_content", "dynamic \"schedule\" {\n    for_each = []\n  }"),
        (
            "two_contents",
            "dynamic \"schedule\" {\n    for_each = []\n    content {\n    }\n    content {\n    }\n  }",
        ),
        ("no_for_each", "dynamic \"schedule\" {\n    content {\n      cron = \"0 6 * * *\"\n    }\n  }"),
        ("unknown_kind", "dynamic \"shcedule\" {\n    for_each = []\n    content {\n    }\n  }"),
        ("lifecycle", "dynamic \"lifecycle\" {\n    for_each = []\n    content {\n    }\n  }"),
        (
            "unknown_argument",
            "dynamic \"schedule\" {\n    for_each = []\n    content {\n      corn = \"0 6 * * *\"\n    }\n  }",
        ),
        (
            "no_label",
            "dynamic \"run_config\" {\n    for_each = [1]\n    content {\n      env = {}\n    }\n  }",
        ),
        (
            "quoted_iterator",
            "dynamic \"schedule\" {\n    for_each = []\n    iterator = \"x\"\n    content {\n    }\n  }",
        ),
        (
            "iterator_alone",
            "dynamic \"schedule\" {\n    for_each = [\"0 6 * * *\"]\n    content {\n      cron = schedule\n    }\n  }",
        ),
        (
            "over_a_text",
            "dynamic \"schedule\" {\n    for_each = \"0 6 * * *\"\n    content {\n      cron = schedule.value\n    }\n  }",
        ),
        (
            "over_null",
            "dynamic \"schedule\" {\n    for_each = null\n    content {\n      cron = schedule.value\n    }\n  }",
        ),
        (
            "over_a_secret",
            "dynamic \"schedule\" {\n    for_each = sensitive([\"0 6 * * *\"])\n    content {\n      cron = schedule.value\n    }\n  }",
        ),
        (
            "two_run_configs",
            "dynamic \"run_config\" {\n    for_each = [1, 2]\n    labels   = [\"local\"]\n    content {\n      env = {}\n    }\n  }",
        ),
        (
            "kind_found_late",
            "dynamic \"run_config\" {\n    for_each = [\"lcoal\"]\n    labels   = [run_config.value]\n    content {\n      env = {}\n    }\n  }",
        ),
        (
            "argument_found_late",
            "dynamic \"run_config\" {\n    for_each = [\"local\"]\n    labels   = [run_config.value]\n    content {\n      image = \"x\"\n    }\n  }",
        ),
    ];
    let mut text = String::new();
    for (name, block) in cases {
        let flow = format!("flow \"x\" {{\n  storage = storage.module.code\n\n  {block}\n}}\n");
        let run = project(&flow).run("validate").fails();
        text.push_str(&format!("--- {name}\n{}\n", run.stderr));
    }
    snapshot!("dynamic_errors", text);
}

#[test]
fn conditions_that_do_not_hold_end_the_plan() {
    let project = project(
        r#"
variable "stage" {
  default = "prod"
}

run_config "local" "worker" {
  env = { LEVEL = "DEBUG" }

  lifecycle {
    postcondition {
      condition     = self.env["LEVEL"] != "DEBUG" || var.stage != "prod"
      error_message = "Nobody reads ${self.env["LEVEL"]} logs in ${var.stage}."
    }
  }
}

flow "etl" {
  for_each   = toset(["eu", "us"])
  storage    = storage.module.code
  run_config = run_config.local.worker

  lifecycle {
    precondition {
      condition     = each.key != "us"
      error_message = "There are no machines in ${each.key}."
    }
    postcondition {
      condition     = self.name == "etl-eu"
      error_message = "A strange name: ${self.name}."
    }
  }
}

output "stage" {
  value = var.stage

  precondition {
    condition     = length(var.stage) > 10
    error_message = sensitive("hidden")
  }
}
"#,
    );
    let validate = project.run("validate").fails();
    let plan = project.run("plan").fails();
    assert_eq!(validate.stderr, plan.stderr, "validate and plan say the same");
    assert!(project.registry_files().is_empty(), "nothing is written");
    snapshot!("conditions_failed", plan.stderr);
}

/// A flow whose conditions look at what only apply can tell.
const LATER: &str = r#"
flow "base" {
  storage = storage.module.code

  lifecycle {
    postcondition {
      condition     = self.version < LIMIT
      error_message = "Version ${self.version} of ${self.name} is too high."
    }
  }
}

flow "after" {
  storage = storage.module.code

  lifecycle {
    precondition {
      condition     = flow.base.version == 1
      error_message = "It was made for version 1 of the base."
    }
  }
}
"#;

#[test]
fn conditions_that_are_open_are_asked_by_apply() {
    let project = project(&LATER.replace("LIMIT", "9"));
    project.plan();
    project.apply();
    project.is_settled();
    // A new version of the base, which the condition of the other flow does not allow; it has no step of its own.
    project.edit(
        "flow \"base\" {\n  storage = storage.module.code\n",
        "flow \"base\" {\n  storage = storage.module.code\n  labels  = [\"new\"]\n",
    );
    project.plan();
    let run = project.run("apply --auto-approve").fails();
    snapshot!("conditions_rest", run.stdout);
    // The record has version 2 now, so the plan can tell.
    let plan = project.run("plan").fails().complains("It was made for version 1 of the base.");
    snapshot!("conditions_recorded", plan.stderr);
    // What ends is not asked.
    project.run("destroy --auto-approve").succeeds();
}

#[test]
fn a_postcondition_that_fails_keeps_dependents_back() {
    let project = project(&LATER.replace("LIMIT", "1"));
    project.plan();
    let run = project.run("apply --auto-approve").fails();
    snapshot!("conditions_postcondition", run.stdout);
}

#[test]
fn all_changes_can_be_ignored() {
    let project = project(
        "flow \"etl\" {\n  storage = storage.module.code\n  labels  = [\"a\"]\n\n  lifecycle {\n    ignore_changes = all\n  }\n}\n",
    );
    project.apply();
    project.edit("[\"a\"]", "[\"b\"]");
    project.is_settled();
}

#[test]
fn self_is_for_postconditions() {
    let project = project(
        "flow \"etl\" {\n  storage = storage.module.code\n  labels  = [self.name]\n\n  lifecycle {\n    precondition {\n      condition     = self.name == \"etl\"\n      error_message = \"No.\"\n    }\n  }\n}\n",
    );
    snapshot!("self_elsewhere", project.run("validate").fails().stderr);
}
