//! `console`, fed through a pipe: values as terraform's console writes them, mistakes as diagnostics.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Project, Run, snapshot};

const CONFIGURATION: &str = r#"flowform {
  project = "console"
  registry "local" {
    path = ".flowform/registry"
  }
}
variable "stage" {
  type    = string
  default = "dev"
}
variable "token" {
  type      = string
  default   = "hush"
  sensitive = true
}
locals {
  sizes = { small = 1, large = 2 }
}
flow "etl" {
  for_each = toset(["eu", "us"])
  name     = "etl-${each.key}"
  runtime  = "command"
  command  = ["true"]
}
flow "plain" {
  runtime = "command"
  command = ["true", var.stage]
}
"#;

fn enter(project: &Project, args: &[&str], text: &str) -> Run {
    let mut command = project.command(&[&["console"], args].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    project.finished("console", &child.wait_with_output().unwrap())
}

/// What one entry shows.
fn shown(project: &Project, entry: &str) -> String {
    let run = enter(project, &[], entry).succeeds();
    assert_eq!(run.stderr, "", "{entry}");
    run.stdout.trim_end().to_owned()
}

#[test]
fn expressions_see_the_configuration_and_the_record() {
    let project = Project::applied(CONFIGURATION);
    for (entry, expected) in [
        ("1 + 2", "3"),
        ("var.stage", "\"dev\""),
        ("\"${upper(var.stage)}!\"", "\"DEV!\""),
        ("local.sizes[\"large\"]", "2"),
        ("local.sizes", "{\n  \"large\" = 2\n  \"small\" = 1\n}"),
        ("var.token", "(sensitive value)"),
        ("[var.token, 1]", "[\n  (sensitive value),\n  1,\n]"),
        ("flow.plain.version", "1"),
        ("flow.etl[\"eu\"].version", "1"),
        ("keys(flow.etl)", "[\n  \"eu\",\n  \"us\",\n]"),
        ("[for name, flow in flow.etl : flow.name]", "[\n  \"etl-eu\",\n  \"etl-us\",\n]"),
        ("type(local.sizes)", "object({\n    large: number,\n    small: number,\n})"),
        ("null", "null"),
        ("tolist([])", "tolist([])"),
    ] {
        assert_eq!(shown(&project, entry), expected, "{entry}");
    }
    // What apply would change is not known, and nothing was changed by asking.
    let run = enter(&project, &["--var", "stage=prod"], "flow.plain.version\nvar.stage\n").succeeds();
    assert_eq!(run.stdout, "(known after apply)\n\"prod\"\n");
    assert!(project.plan().stdout.contains("No changes"));
}

#[test]
fn entries_go_on_while_brackets_and_heredocs_are_open() {
    let project = Project::new(CONFIGURATION);
    let text = "[\n  1, # one\n  2\n]\n\n# a comment\n<<EOT\na ${\n  var.stage\n}\nEOT\nupper(\n\"a\"\n)\n{ a = 1\n b = 2 }\n";
    let run = enter(&project, &[], text).succeeds();
    assert_eq!(run.stdout, "[\n  1,\n  2,\n]\n<<EOT\na dev\n\nEOT\n\"A\"\n{\n  \"a\" = 1\n  \"b\" = 2\n}\n");
}

#[test]
fn one_failure_fails_the_command_and_the_others_are_shown() {
    let project = Project::new(CONFIGURATION);
    let run = enter(&project, &[], "var.stagee\n1 / 0\neach.key\nupper(1, 2)\n\"a\n1 +\nvar.token / 2\n[1\n")
        .exits(1);
    snapshot!("console_failures", run.all());
    let run = enter(&project, &[], "1\nvar.nothing\n3\n").exits(1);
    assert_eq!(run.stdout, "1\n3\n");
}

#[test]
fn exit_ends_and_help_helps() {
    let project = Project::new(CONFIGURATION);
    let run = enter(&project, &[], "1\nexit\n2\n").succeeds();
    assert_eq!(run.stdout, "1\n");
    assert!(enter(&project, &[], "help\n").succeeds().stdout.contains("type(var.NAME)"));
    assert_eq!(enter(&project, &[], "").succeeds().stdout, "");
}

#[test]
fn functions_can_be_tried_without_a_configuration() {
    let project = Project::empty();
    assert_eq!(shown(&project, "join(\"-\", [\"a\", \"b\"])"), "\"a-b\"");
}

#[test]
fn a_configuration_in_error_is_told_first() {
    let project = Project::new("locals {\n  a = var.b\n}\n");
    let run = enter(&project, &[], "1\n").exits(1);
    assert!(run.stderr.contains("Unknown name"), "{}", run.all());
}
