//! What is known only after apply, in modules: values that go in and come out, data, checks and conditions, at several
//! levels and in several instances.

use crate::support::{Project, snapshot};

const ROOT: &str = r#"flowform {
  project = "shop"
}

flow "base" {
  runtime = "command"
  command = ["base"]
}

module "region" {
  source   = "./region"
  for_each = { eu = flow.base.version, us = 7 }
  name     = each.key
  given    = each.value
}

flow "last" {
  runtime    = "command"
  command    = ["last"]
  parameters = { seen = { for key, region in module.region : key => region.tables } }
}

output "tables" {
  value = { for key, region in module.region : key => region.tables }
}

output "secret" {
  value     = module.region["eu"].secret
  sensitive = true
}
"#;

const REGION: &str = r#"variable "name" {}

variable "given" {
  type = number
}

module "table" {
  source = "../table"
  count  = 2
  name   = "${var.name}-${count.index}"
  given  = var.given + count.index
}

output "tables" {
  value = module.table[*].text
}

output "secret" {
  value     = "${var.name} ${module.table[1].text}"
  sensitive = true
}
"#;

const TABLE: &str = r#"variable "name" {}

variable "given" {}

locals {
  file = "${path.module}/given-${var.given}.txt"
}

data "file" "given" {
  path = local.file

  lifecycle {
    postcondition {
      condition     = self.content != "bad"
      error_message = "${local.file} is bad."
    }
  }
}

flow "load" {
  name       = "load-${var.name}"
  runtime    = "command"
  command    = ["load"]
  parameters = { content = data.file.given.content }

  lifecycle {
    precondition {
      condition     = var.given < 100
      error_message = "${var.given} is too much for ${var.name}."
    }
  }
}

check "content" {
  data "file" "limit" {
    path = "${path.module}/limit.txt"
  }

  assert {
    condition     = length(data.file.given.content) < tonumber(data.file.limit.content)
    error_message = "The content of ${var.name} is long: ${data.file.given.content}."
  }
}

output "text" {
  value = "${flow.load.name} v${flow.load.version}: ${data.file.given.content}"

  precondition {
    condition     = flow.load.version < 3
    error_message = "${var.name} has too many versions."
  }
}
"#;

fn project() -> Project {
    let project = Project::new(ROOT);
    project.write("region/main.hcl", REGION);
    project.write("table/main.hcl", TABLE);
    for (given, content) in [(1, "one"), (2, "two"), (7, "seven"), (8, "eight")] {
        project.write(&format!("table/given-{given}.txt"), content);
    }
    project.write("table/limit.txt", "5");
    project
}

#[test]
fn what_comes_later_goes_through_modules() {
    let project = project();
    project.run("validate").succeeds();
    snapshot!("module_values_plan", project.plan().all());
    snapshot!("module_values_apply", project.apply().all());
    let outputs = project.run("output --json").succeeds().json();
    assert_eq!(outputs["tables"]["value"]["eu"][1], "load-eu-1 v1: two", "{outputs}");
    assert_eq!(outputs["tables"]["value"]["us"][0], "load-us-0 v1: seven", "{outputs}");
    project.is_settled();
    // A new version of the first flow reaches the flow behind two levels of modules.
    project.edit("command = [\"base\"]", "command = [\"base\", \"again\"]");
    project.write("table/given-3.txt", "three");
    project.apply();
    let outputs = project.run("output --json").succeeds().json();
    assert_eq!(outputs["tables"]["value"]["eu"][1], "load-eu-1 v2: three", "{outputs}");
    project.is_settled();
    let console = project.run_input("console", "module.region[\"eu\"].tables[1]\nmodule.region.us.secret\n");
    assert_eq!(console.succeeds().stdout, "\"load-eu-1 v2: three\"\n(sensitive value)\n");
}

#[test]
fn conditions_in_modules_are_asked_when_they_can_be() {
    let project = project();
    let mut text = String::new();
    // Known at plan time: one instance of four is refused.
    project.edit("us = 7", "us = 99");
    project.write("table/given-99.txt", "x");
    project.write("table/given-100.txt", "y");
    text.push_str(&format!("--- a precondition at plan time\n{}\n", project.run("plan").fails().stderr));
    // Known only after apply: the flow that asks is kept back, and what waits for it.
    project.edit("us = 99", "us = 7");
    project.edit("eu = flow.base.version", "eu = flow.base.version + 98");
    let applied = project.run("apply --auto-approve").fails();
    text.push_str(&format!("--- a precondition at apply time\n{}{}\n", applied.stdout, applied.stderr));
    // What is read during apply is not as it must be.
    project.edit("eu = flow.base.version + 98", "eu = flow.base.version");
    project.write("table/given-8.txt", "bad");
    project.edit("us = 7", "us = flow.base.version + 6");
    text.push_str(&format!("--- a postcondition of data\n{}\n", project.run("plan").fails().stderr));
    project.write("table/given-8.txt", "eight");
    project.apply();
    // Outputs of modules ask as well, before what takes them in is made.
    project.write("table/limit.txt", "100");
    project.write("table/given-1.txt", "one again");
    let run = project.run("apply --auto-approve").fails();
    text.push_str(&format!("--- an output of a module\n{}{}\n", run.stdout, run.stderr));
    assert_eq!(project.versions("flow.last")["versions"][0]["version"], 1);
    snapshot!("module_conditions", text);
}
