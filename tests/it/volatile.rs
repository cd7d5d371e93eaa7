//! Functions whose results differ from call to call and from machine to machine: when they are known, and where they are
//! refused.

use regex::Regex;

use crate::support::{Project, snapshot};

const OUTPUTS: &str = r#"locals {
  now = timestamp()
}

output "planned" {
  value = plantimestamp()
}

output "now" {
  value = local.now
}

output "same" {
  value = local.now == "${local.now}"
}

output "ids" {
  value = [for index in range(2) : uuid()]
}

output "hash" {
  value = substr(bcrypt("hush", 4), 0, 7)
}

output "home" {
  value = pathexpand("~/x")
}

output "absolute" {
  value = abspath("x")
}

module "inner" {
  source = "./inner"
  time   = local.now
}

output "inner" {
  value = module.inner.year
}

check "clock" {
  assert {
    condition     = timecmp(local.now, plantimestamp()) >= 0
    error_message = "The clock went back."
  }
}
"#;

const INNER: &str = r#"variable "time" {}

output "year" {
  value = formatdate("YYYY", var.time)
}
"#;

fn project() -> Project {
    let project = Project::new(OUTPUTS);
    project.write("inner/main.hcl", INNER);
    project
}

const HOME: &[(&str, &str)] = &[("HOME", "/home/somebody")];

/// What `terraform plan` and `terraform apply` 1.11 show of the same outputs.
#[test]
fn what_apply_alone_can_tell_is_known_afterwards() {
    let project = project();
    let time = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").expect("a pattern");
    let plan = project.run_with(&["plan", "--json"], HOME).succeeds().json();
    let planned = |name: &str| plan["outputs"][name].clone();
    let text = plan.to_string();
    for name in ["now", "same", "ids", "hash", "inner"] {
        assert_eq!(planned(name)["after"]["unknown"], true, "{name} {text}");
    }
    assert!(time.is_match(planned("planned")["after"]["value"].as_str().expect("a time")), "{text}");
    assert_eq!(planned("home")["after"]["value"], "/home/somebody/x", "{text}");
    let absolute = project.path().canonicalize().expect("a directory").join("x");
    assert_eq!(planned("absolute")["after"]["value"], absolute.to_str().expect("a text"), "{text}");

    project.run_with(&["plan", "--out", "plan.bin"], HOME).succeeds();
    // The plan was made elsewhere: what was known is as it was.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let applied = project.run_with(&["apply", "plan.bin"], &[("HOME", "/elsewhere")]).succeeds();
    let outputs = project.run("output --json").succeeds().json();
    let value = |name: &str| outputs[name]["value"].clone();
    let (before, after) = (value("planned"), value("now"));
    let (before, after) = (before.as_str().expect("a time"), after.as_str().expect("a time"));
    assert!(time.is_match(before) && time.is_match(after) && before < after, "{outputs}\n{}", applied.all());
    assert_eq!(value("same"), true, "{outputs}");
    assert_eq!(value("inner"), &after[..4], "{outputs}");
    assert_eq!(value("hash"), "$2a$04$", "{outputs}");
    assert_eq!(value("home"), "/home/somebody/x", "{outputs}");
    let uuid = Regex::new("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").expect("a pattern");
    let ids = value("ids");
    assert!(uuid.is_match(ids[0].as_str().expect("an id")) && ids[0] != ids[1], "{outputs}");
    // As in Terraform, an output of the time changes with every apply, and a plan says so.
    assert_eq!(project.run("plan --detailed-exitcode").code, Some(2));
}

#[test]
fn a_console_knows_the_time() {
    let project = project();
    let run = |entry: &str| project.run_input("console", entry).succeeds().stdout;
    for entry in
        ["timestamp()", "plantimestamp()", "local.now", "uuid()", "bcrypt(\"x\", 4)", "abspath(\".\")"]
    {
        let shown = run(entry);
        assert!(shown.starts_with('"') && shown.len() > 4, "{entry}: {shown}");
    }
    assert_eq!(run("timecmp(timestamp(), plantimestamp()) >= 0"), "true\n");
    assert_eq!(run("uuid() == uuid()"), "false\n");
    assert_eq!(run("bcrypt(\"x\", 4) == bcrypt(\"x\", 4)"), "false\n");
    assert_eq!(Project::empty().run_input("console", "length(uuid())").succeeds().stdout, "36\n");
}

#[test]
fn what_would_make_every_plan_differ_is_refused() {
    let project = Project::empty();
    let mut text = String::new();
    for call in ["timestamp()", "plantimestamp()", "uuid()", "abspath(\".\")", "pathexpand(\"~\")"] {
        project.write(
            "main.hcl",
            &format!(
                "flow \"etl\" {{\n  runtime = \"command\"\n  command = [{call}]\n}}\n\nflow \"many\" {{\n  for_each = toset([{call}])\n  runtime  = \"command\"\n  command  = [\"x\"]\n}}\n"
            ),
        );
        text.push_str(&format!("--- {call}\n{}\n", project.run_with(&["plan"], HOME).fails().stderr));
    }
    project.write(
        "main.hcl",
        r#"flowform {
  project = plantimestamp()
  registry "local" {
    path = pathexpand("~/registry")
  }
}

agent "local" "here" {
  labels = [plantimestamp()]
}

flow "etl" {
  name          = plantimestamp()
  runtime       = "command"
  command       = ["x"]
  keep_versions = length(plantimestamp())
  keep_for      = length(plantimestamp())
  version       = length(timestamp())

  lifecycle {
    prevent_destroy = plantimestamp() != ""
  }
}

data "file" "x" {
  path = plantimestamp()
}

import {
  to = flow.etl
  id = plantimestamp()
}
"#,
    );
    text.push_str(&format!("--- settings\n{}\n", project.run_with(&["plan"], HOME).fails().stderr));
    snapshot!("volatile_refused", text);
}
