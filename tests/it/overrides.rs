//! Override files: what is laid over what, by Terraform's rules.

use crate::support::{Project, snapshot};

/// A configuration that override files change.
const BASE: &str = r#"flowform {
  project = "shop"
}

variable "stage" {
  type    = string
  default = "dev"
}

locals {
  level = "DEBUG"
  kept  = "kept"
}

storage "module" "code" {
  module = "shop.etl"
}

run_config "local" "worker" {
  env = { KEPT = local.kept, LEVEL = local.level, STAGE = var.stage }
}

flow "etl" {
  count      = 2
  storage    = storage.module.code
  run_config = run_config.local.worker
  labels     = ["a"]

  schedule {
    cron = "0 6 * * *"
  }

  schedule {
    cron = "0 7 * * *"
  }

  lifecycle {
    prevent_destroy = true
  }
}

output "stage" {
  value = var.stage
}
"#;

#[test]
fn blocks_are_laid_over_by_kind() {
    let project = Project::new(BASE);
    project.write(
        "a_override.hcl",
        r#"
flowform {
  default_labels = ["team"]
}

variable "stage" {
  default = "test"
}

locals {
  level = "INFO"
}

flow "etl" {
  for_each = toset(["eu"])
  labels   = ["b"]

  dynamic "schedule" {
    for_each = ["0 8 * * *"]
    content {
      cron = schedule.value
    }
  }

  lifecycle {
    precondition {
      condition     = var.stage != "prod"
      error_message = "Not in ${var.stage}."
    }
  }
}

output "stage" {
  value = upper(var.stage)
}
"#,
    );
    // Later by name, so stronger.
    project.write("override.hcl", "variable \"stage\" {\n  default = \"late\"\n}\n");
    snapshot!("override_plan", project.plan().stdout);
    project.apply();
    project.run("destroy --auto-approve").fails().complains("has `prevent_destroy = true`");
    // A nested run config takes the place of the argument.
    project.write(
        "z_override.hcl",
        "flow \"etl\" {\n  run_config \"local\" {\n    env = { NESTED = \"yes\" }\n  }\n}\n",
    );
    project.plan().says("run_config.env.NESTED");
    project.write("zz_override.hcl", "variable \"stage\" {\n  default = \"prod\"\n}\n");
    project.run("plan").fails().complains("Not in prod.");
}

#[test]
fn overrides_that_are_wrong() {
    let project = Project::new(BASE);
    project.write(
        "bad_override.hcl",
        r#"
flow "elt" {
  labels = ["b"]
}

locals {
  levle = "INFO"
}

flow "etl" {
  depends_on = [storage.module.code]
}

provider "local" {
}

moved {
  from = flow.a
  to   = flow.etl
}

output "stage" {
  valeu = 1
}

flwo "etl" {
}
"#,
    );
    snapshot!("override_errors", project.run("validate").fails().stderr);
}

#[test]
fn a_saved_plan_keeps_override_files() {
    let project = Project::new(BASE);
    project.write("override.hcl", "locals {\n  level = \"INFO\"\n}\n");
    project.run("plan --out saved.plan").succeeds();
    project.run("apply saved.plan").succeeds();
    project.is_settled();
}
