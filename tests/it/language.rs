//! The examples of `docs/language.md`: each is a configuration that validates, with what it takes for granted declared
//! beside it, or a session of the console that goes as it says.

use crate::support::Project;
use crate::tidy::read;

/// What examples may refer to without declaring it: the words that refer to it, what declares it, the declaration.
const GRANTED: &[(&str, &str, &str)] = &[
    (
        "storage.module.code",
        "storage \"module\" \"code\"",
        "storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\n",
    ),
    ("var.region", "variable \"region\"", "variable \"region\" {\n  default = \"eu\"\n}\n"),
    ("var.stage", "variable \"stage\"", "variable \"stage\" {\n  default = \"dev\"\n}\n"),
    (
        "flow.etl",
        "flow \"etl\"",
        "flow \"etl\" {\n  for_each = toset([\"eu\", \"us\"])\n  storage  = storage.module.code\n}\n",
    ),
];

/// The module that examples call.
const MODULE: &str = r#"variable "name" {}

flow "load" {
  name    = "load-${var.name}"
  runtime = "command"
  command = ["load"]
}

output "version" {
  value = flow.load.version
}
"#;

/// What the language is made of, as an example of it begins.
#[rustfmt::skip]
const CONSTRUCTS: [&str; 37] = [
    "flowform {", "registry \"", "variable \"", "validation {", "locals {", "output \"", "provider \"", "data \"", "check \"",
    "assert {", "storage \"", "run_config \"", "agent \"", "flow \"", "schedule {", "lifecycle {", "precondition {",
    "postcondition {", "dynamic \"", "content {", "module \"", "moved {", "removed {", "import {", "template \"", "count ",
    "for_each ", "depends_on ", "provider ", "extends ", "secret_env ", "prevent_destroy ", "ignore_changes ", "optional(",
    "sensitive ", "nullable ", "error_message ",
];

#[test]
fn every_construct_has_an_example() {
    let text = read("docs/language.md");
    let parts = text.split("\n```hcl\n").skip(1);
    let examples: Vec<&str> = parts.map(|part| part.split("\n```").next().unwrap_or_default()).collect();
    let missing: Vec<&str> = CONSTRUCTS
        .into_iter()
        .filter(|construct| !examples.iter().any(|example| example.contains(construct)))
        .collect();
    assert!(missing.is_empty(), "docs/language.md has no example of {missing:?}");
}

#[test]
fn every_session_of_the_console_goes_as_it_says() {
    let text = read("docs/language.md");
    let project = Project::empty();
    let mut tried = 0;
    for part in text.split("\n```console\n").skip(1) {
        let session = part.split("\n```").next().unwrap_or_default();
        let (mut input, mut expected) = (String::new(), String::new());
        for line in session.lines() {
            match line.strip_prefix("> ").or_else(|| line.strip_prefix(": ")) {
                Some(entry) => {
                    tried += usize::from(line.starts_with('>'));
                    input.push_str(entry);
                    input.push('\n');
                }
                None => {
                    expected.push_str(line);
                    expected.push('\n');
                }
            }
        }
        let run = project.run_input("console", &input).succeeds();
        assert_eq!(run.raw(), expected, "a session of docs/language.md:\n{session}");
    }
    assert!(tried > 40, "the sessions are found, here {tried} expressions");
}

#[test]
fn every_example_validates() {
    let text = read("docs/language.md");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for part in text.split("\n```hcl\n").skip(1) {
        let example = part.split("\n```").next().unwrap_or_default();
        let mut whole = format!("{example}\n");
        // Backwards, because what is granted may take something for granted itself.
        for (reference, declaration, block) in GRANTED.iter().rev() {
            if whole.contains(reference) && !whole.contains(declaration) {
                whole.push_str(block);
            }
        }
        tried += 1;
        let project = Project::new(&whole);
        project.write("modules/region/main.hcl", MODULE);
        project.write("flows/etl.py", "flow = None\n");
        let run = project.run("validate");
        if run.code != Some(0) {
            wrong.push(format!("{example}\n{}", run.all()));
        }
        let formatted = project.run("fmt --check");
        if formatted.code != Some(0) {
            wrong.push(format!("{example}\nis not written as `fmt` writes it: {}", formatted.all()));
        }
    }
    assert!(wrong.is_empty(), "examples of docs/language.md are wrong:\n{}", wrong.join("\n\n"));
    assert!(tried > 4, "the examples are found, here {tried}");
}
