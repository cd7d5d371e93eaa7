//! Modules: calls, instances, inputs and outputs, moves, what is refused.

use crate::support::{Project, snapshot};

/// A module with one flow, an input and outputs.
const CHILD: &str = r#"
variable "name" {
  type = string
}

variable "after" {
  type    = string
  default = null
}

flow "etl" {
  name       = "etl-${var.name}"
  runtime    = "command"
  command    = ["run", path.module]
  parameters = { after = var.after }
}

output "name" {
  value = flow.etl.name
}

output "version" {
  value = flow.etl.version
}
"#;

fn project(root: &str) -> Project {
    let project = Project::new(&format!("flowform {{\n  project = \"shop\"\n}}\n{root}"));
    project.write("modules/child/main.hcl", CHILD);
    project
}

#[test]
fn versions_flow_from_module_to_module() {
    // What one instance makes is known only after apply, and another waits for it.
    let project = project(
        r#"
module "first" {
  source = "./modules/child"
  name   = "first"
}

module "second" {
  source   = "./modules/child"
  for_each = toset(["a", "b.c"])
  name     = each.key
  after    = "version ${module.first.version}"
}

module "third" {
  source     = "./modules/child"
  count      = 2
  name       = "third-${count.index}"
  depends_on = [module.second]
}

output "all" {
  value = {
    second = { for key, child in module.second : key => child.version }
    third  = module.third[*].name
    one    = module.second["b.c"].name
    last   = module.third[1].version
  }
}
"#,
    );
    snapshot!("modules_plan", project.plan().all());
    snapshot!("modules_apply", project.apply().all());
    project.is_settled();
    let b = project.run_args(&["versions", "module.second[\"b.c\"].flow.etl", "--json"]).succeeds().json();
    assert_eq!(b["versions"][0]["version"], 1, "{b}");
    let plan = project.run_args(&["plan", "--target", "module.second[\"a\"]", "--replace", "module.second"]);
    snapshot!("modules_target", plan.succeeds().all());
}

#[test]
fn modules_in_modules_and_beside_the_configuration() {
    let project = Project::empty();
    project.write(
        "root/main.hcl",
        r#"
module "outer" {
  source = "../common/outer"
  name   = "x"
}
output "text" {
  value = module.outer.text
}
"#,
    );
    project.write(
        "common/outer/main.hcl",
        r#"
variable "name" {}
module "inner" {
  source = "../inner"
  count  = 1
  name   = var.name
}
output "text" {
  value = module.inner[0].text
}
"#,
    );
    project.write(
        "common/inner/main.hcl",
        r#"
variable "name" {
  nullable  = false
  sensitive = false
}
locals {
  text = file("${path.module}/text.txt")
}
flow "etl" {
  name    = "etl-${var.name}"
  runtime = "command"
  command = ["echo", local.text]
}
output "text" {
  value = "${path.module} ${local.text}"
}
"#,
    );
    project.write("common/inner/text.txt", "hello");
    project.write("common/secret.txt", "not for modules");
    project.run("--chdir root apply --auto-approve").succeeds();
    assert_eq!(project.run("--chdir root output --raw text").succeeds().stdout, "../common/inner hello");
    let state = project.run("--chdir root state list").succeeds();
    assert!(state.stdout.contains("module.outer.module.inner[0].flow.etl"), "{}", state.all());
    project.write("common/inner/text.txt", "changed");
    project.run("--chdir root plan --out plan.bin").succeeds();
    // A saved plan holds everything that it was made from.
    project.write(
        "common/inner/main.hcl",
        "variable \"name\" {}\noutput \"text\" {\n  value = \"tampered\"\n}\n",
    );
    project.write("common/inner/text.txt", "changed again");
    project.run("--chdir root apply plan.bin").succeeds();
    assert_eq!(project.run("--chdir root output --raw text").succeeds().stdout, "../common/inner changed");
    project.write(
        "common/inner/main.hcl",
        "variable \"name\" {}\noutput \"text\" {\n  value = file(\"${path.module}/../secret.txt\")\n}\n",
    );
    project.run("--chdir root plan").fails().complains("leads out of the configuration");
}

#[test]
fn flows_move_with_their_modules() {
    let project = project(
        r#"
module "a" {
  source = "./modules/child"
  name   = "a"
}
"#,
    );
    project.apply();
    let id = project.versions("module.a.flow.etl")["id"].clone();
    project.edit(
        "module \"a\" {\n  source = \"./modules/child\"\n  name   = \"a\"\n}\n",
        "module \"b\" {\n  source   = \"./modules/child\"\n  for_each = toset([\"x\"])\n  name     = \"renamed\"\n}\nmoved {\n  from = module.a\n  to   = module.b[\"x\"]\n}\n",
    );
    snapshot!("modules_moved", project.plan().all());
    project.apply();
    assert_eq!(project.versions("module.b[\"x\"].flow.etl")["id"], id);
    // Inside of a module, a block moves in every instance.
    project.edit("module.a\n", "module.z\n");
    project.write(
        "modules/child/main.hcl",
        &format!(
            "{}\nmoved {{\n  from = flow.etl\n  to   = flow.load\n}}\n",
            CHILD
                .replace("flow \"etl\"", "flow \"load\"")
                .replace("flow.etl", "flow.load")
                .replace("etl-", "load-")
        ),
    );
    let plan = project.plan();
    assert!(plan.stdout.contains("module.b[\"x\"].flow.load"), "{}", plan.all());
    project.apply();
    assert_eq!(project.versions("module.b[\"x\"].flow.load")["id"], id);
    // A whole module is forgotten.
    project.write("main.hcl", "flowform {\n  project = \"shop\"\n}\nflow \"other\" {\n  runtime = \"command\"\n  command = [\"x\"]\n}\nremoved {\n  from = module.b\n  lifecycle {\n    destroy = false\n  }\n}\n");
    let plan = project.plan();
    assert!(plan.stdout.contains("forgotten"), "{}", plan.all());
}

#[test]
fn providers_are_passed() {
    let project = project(
        r#"
provider "local" {
  alias = "other"
}
module "a" {
  source    = "./modules/child"
  name      = "a"
  providers = { local = local.other }
}
run_config "local" "host" {
  labels = ["x"]
}
"#,
    );
    project.write(
        "modules/child/main.hcl",
        "variable \"name\" {}\nrun_config \"local\" \"host\" {\n}\nflow \"etl\" {\n  name = var.name\n  runtime = \"command\"\n  command = [\"x\"]\n  run_config = run_config.local.host\n}\n",
    );
    project.apply();
    let state = project.run_args(&["state", "show", "module.a.flow.etl", "--json"]).succeeds();
    assert!(state.stdout.contains("\"local.other\""), "{}", state.all());
    project.is_settled();
}

#[test]
fn what_is_wrong_with_modules_is_told_at_once() {
    let project = project(
        r#"
module "a" {
  source = "./modules/child"
  nam    = "a"
}

module "git" {
  source  = "git::https://example.com/x.git"
  version = "1.0"
}

module "gone" {
  source = "./modules/gone"
}

module "circle" {
  source = "./modules/circle"
}

module "typed" {
  source = "./modules/typed"
  limit  = "many"
  rule   = -1
}

output "x" {
  value = module.a.nmae
}

output "y" {
  value = module.b.name
}

output "z" {
  value = module.typed["x"]
}
"#,
    );
    project.write(
        "modules/circle/main.hcl",
        "module \"again\" {\n  source = \"../circle\"\n}\nflowform {\n}\nprovider \"local\" {\n}\n",
    );
    project.write(
        "modules/typed/main.hcl",
        "variable \"limit\" {\n  type = number\n}\nvariable \"rule\" {\n  validation {\n    condition     = var.rule > 0\n    error_message = \"The rule is above zero.\"\n  }\n}\nlocals {\n  a = local.b\n}\n",
    );
    snapshot!("modules_errors", project.run("validate").fails().all());
}

#[test]
fn two_instances_of_a_module_need_names_of_their_own() {
    let project = project(
        r#"
module "a" {
  source   = "./modules/child"
  for_each = toset(["x", "y"])
  name     = "same"
}
"#,
    );
    snapshot!("modules_names", project.run("validate").fails().all());
}
