//! Configurations in JSON syntax: they mean what the native syntax means, and their mistakes are shown in the JSON text.

use std::fs;

use flowform::diag::Diagnostics;
use flowform::source::FileId;
use flowform::syntax::ast::{Attribute, Block, Body, ExprKind};
use flowform::syntax::parse;
use serde_json::{Map, Value, json};

use crate::examples;
use crate::support::{Project, snapshot};

/// A configuration of the native syntax in JSON, as somebody would translate it.
struct Translation<'t> {
    text: &'t str,
}

impl Translation<'_> {
    fn body(&self, parent: &str, body: &Body) -> Value {
        let mut object = Map::new();
        for attribute in &body.attributes {
            object.insert(attribute.name.text.to_string(), self.argument(parent, attribute));
        }
        for block in &body.blocks {
            let blocks = object.entry(block.kind.text.to_string()).or_insert_with(|| json!([]));
            blocks.as_array_mut().unwrap().push(self.block(block));
        }
        Value::Object(object)
    }

    fn block(&self, block: &Block) -> Value {
        let body = self.body(&block.kind.text, &block.body);
        block.labels.iter().rev().fold(body, |inner, label| json!({ &*label.text: inner }))
    }

    fn argument(&self, parent: &str, attribute: &Attribute) -> Value {
        let span = attribute.expr.span;
        let source = &self.text[span.start as usize..span.end as usize];
        let is_expression = matches!(
            (parent, &*attribute.name.text),
            ("variable", "type") | ("moved", _) | ("removed", "from") | (_, "provider" | "iterator")
        );
        let is_list = matches!(&*attribute.name.text, "depends_on" | "ignore_changes");
        match &attribute.expr.kind {
            ExprKind::Literal(value) => flowform::value::to_json(value).expect("literals are known"),
            ExprKind::Tuple(items) if is_list => {
                let part = |span: flowform::source::Span| &self.text[span.start as usize..span.end as usize];
                items.iter().map(|item| Value::from(part(item.span))).collect()
            }
            _ if is_expression || is_list => source.into(),
            ExprKind::Object(items) => {
                let pairs = items.iter().map(|item| {
                    let key = &self.text[item.key.span.start as usize..item.key.span.end as usize];
                    let key = match &item.key.kind {
                        ExprKind::Literal(value) => value.as_str().expect("keys are texts").to_owned(),
                        _ => format!("${{{key}}}"),
                    };
                    let value = &self.text[item.value.span.start as usize..item.value.span.end as usize];
                    (key, Value::from(format!("${{{value}\n}}")))
                });
                Value::Object(pairs.collect())
            }
            _ => format!("${{{source}\n}}").into(),
        }
    }
}

fn translated(text: &str) -> String {
    let mut diags = Diagnostics::new();
    let body = parse(FileId(0), text, &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    serde_json::to_string_pretty(&Translation { text }.body("", &body)).unwrap()
}

#[test]
fn every_example_plans_the_same_in_json() {
    for name in examples::names() {
        let native = Project::empty();
        let json = Project::empty();
        let mut has_backend = false;
        for (file, text) in files_of(&examples::folder().join(&name)) {
            native.write(&file, &text);
            match file.ends_with(".hcl") {
                true => json.write(&format!("{file}.json"), &translated(&text)),
                false => json.write(&file, &text),
            }
            has_backend |= text.contains("\nprovider \"");
        }
        let expected = native.plan();
        let found = json.plan();
        let lines = |text: &str| {
            text.lines().filter(|line| !line.contains("main.hcl")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&found.stdout), lines(&expected.stdout), "{name}");
        // Those with a backend are applied where it is started (`examples`).
        if !has_backend {
            json.apply();
            assert!(json.plan().stdout.contains("No changes"), "{name}");
        }
    }
}

#[test]
fn both_syntaxes_are_one_configuration() {
    let project = Project::new("variable \"limit\" {\n  type    = number\n  default = 1\n}\n");
    project.write(
        "flows.hcl.json",
        r#"{
          "//": "made by a program",
          "flowform": { "project": "mixed", "registry": { "local": { "path": ".flowform/registry" } } },
          "flow": { "etl": {
            "runtime": "command", "command": ["true"], "run_config": "${run_config.local.default}",
            "parameters": { "limit": "${var.limit}", "note": "limit ${var.limit}" }
          } },
          "run_config": { "local": { "default": { "env": { "A": "1" } } } },
          "output": { "limit": { "value": "${var.limit + 1}" } }
        }"#,
    );
    project.write("stage.auto.hclvars.json", r#"{ "limit": 41 }"#);
    project.apply().succeeds();
    assert_eq!(project.run("output limit --raw").succeeds().stdout, "42");
    project.write("flows_override.hcl.json", r#"{ "flow": { "etl": { "parameters": { "limit": 2 } } } }"#);
    let plan = project.plan();
    assert!(plan.stdout.contains("limit") && plan.stdout.contains("note"), "{}", plan.all());
}

/// The message about one mistake.
fn mistake(name: &str, json: &str) {
    let project = Project::empty();
    project.write("main.hcl.json", json);
    snapshot!(format!("json_{name}"), project.run("validate").fails().all());
}

#[test]
fn mistakes_are_shown_in_the_json_text() {
    mistake("comma", "{\n  \"locals\": {\n    \"a\": 1,\n  }\n}\n");
    mistake("comment", "{\n  // why\n  \"locals\": {}\n}\n");
    mistake("block", "{ \"flows\": { \"a\": {} } }\n");
    mistake("argument", "{ \"flow\": { \"a\": { \"storge\": \"${storage.module.x}\" } } }\n");
    mistake("label", "{ \"flow\": { \"a\": \"b\" } }\n");
    mistake(
        "reference",
        "{ \"locals\": { \"a\": \"caf\\u00e9 \\\"${var.nam}\\\"\" }, \"variable\": { \"name\": { \"default\": \"x\" } } }\n",
    );
    mistake("template", "{ \"locals\": { \"a\": \"x ${upper(\\\"a\\\"\" } }\n");
    mistake("type", "{ \"variable\": { \"a\": { \"type\": \"list(strng)\" } } }\n");
    mistake("duplicate", "{ \"locals\": { \"a\": 1 }, \"flow\": { \"a\": {} , \"a\": {} } }\n");
}

/// The texts below a directory by their paths from there, without expected plans and registries.
fn files_of(directory: &std::path::Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let inside = files_of(&entry.path()).into_iter();
            let inside = inside.filter(|_| !name.starts_with('.'));
            files.extend(inside.map(|(file, text)| (format!("{name}/{file}"), text)));
        } else if !name.ends_with(".txt") {
            files.push((name, fs::read_to_string(entry.path()).unwrap()));
        }
    }
    files
}
