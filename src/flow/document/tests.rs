//! Documents against the published definitions, and the texts of their scalars.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scalars;

use std::collections::BTreeSet;

use super::*;
use crate::diag::Severity;
use crate::value::{Type, from_json, to_json};

/// The value of a YAML text.
fn yaml(text: &str) -> Value {
    from_json(&serde_saphyr::from_str::<serde_json::Value>(text).unwrap())
}

/// What is said of a document, one line per problem.
fn told(document: Document, text: &str) -> String {
    let (_, problems) = check(document, &yaml(text), &[]);
    lines(&problems)
}

fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let help = problem.help.as_deref().map(|help| format!(" [{help}]")).unwrap_or_default();
        format!("{severity} {}: {}: {}{help}\n", problem.place(), problem.summary, problem.detail)
    };
    problems.iter().map(line).collect()
}

/// The document as it is handed on.
fn taken(document: Document, text: &str) -> serde_json::Value {
    let (value, problems) = check(document, &yaml(text), &[]);
    assert_eq!(lines(&problems), "", "{text}");
    to_json(&value).unwrap()
}

#[test]
fn every_schema_is_read_and_says_where_it_comes_from() {
    for backend in Backend::ALL {
        let schema = backend.schema();
        assert!(!schema.package.is_empty() && !schema.version.is_empty(), "{backend:?}");
        let requirements = include_str!("generate/requirements.txt");
        let pinned = format!("{}=={}", schema.package, schema.version);
        assert!(requirements.lines().any(|line| line == pinned), "{pinned} is not in requirements.txt");
        for (ty, fields) in &schema.types {
            for (name, field) in fields {
                let mut inner = &field.ty;
                while let FieldType::List(member) | FieldType::Map(member) = inner {
                    inner = member;
                }
                if let FieldType::Named(word) = inner {
                    let known = schema.types.contains_key(word) || schema.enums.contains_key(word);
                    assert!(known, "{backend:?}: {ty}.{name} is of the type {word}, which is not there");
                }
            }
        }
    }
    for document in Document::ALL {
        let types = &document.backend().schema().types;
        assert!(types.contains_key(document.root()), "{document:?}");
        for (ty, field) in document.filled_in() {
            assert!(types[*ty][*field].required, "{document:?}: {ty}.{field} need not be filled in");
        }
    }
}

/// The walk goes as deep as the schema does.
#[test]
fn no_type_contains_itself() {
    fn visit(schema: &Schema, ty: &str, above: &mut Vec<String>, done: &mut BTreeSet<String>) {
        assert!(!above.iter().any(|name| name == ty), "{ty} contains itself: {above:?}");
        if !done.insert(ty.to_owned()) {
            return;
        }
        above.push(ty.to_owned());
        for field in schema.types[ty].values() {
            let mut inner = &field.ty;
            while let FieldType::List(member) | FieldType::Map(member) = inner {
                inner = member;
            }
            if let FieldType::Named(word) = inner
                && schema.types.contains_key(word)
            {
                visit(schema, word, above, done);
            }
        }
        above.pop();
    }
    for backend in Backend::ALL {
        let schema = backend.schema();
        let mut done = BTreeSet::new();
        for ty in schema.types.keys() {
            visit(schema, ty, &mut Vec::new(), &mut done);
        }
    }
}

const TASK: &str = r#"
family: prefectFlow
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
cpu: 1024
memory: 2048
taskRoleArn: arn:aws:iam::123456789012:role/task
containerDefinitions:
- name: flow
  image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
  essential: true
  environment:
  - name: AWS_RETRY_MODE
    value: adaptive
  logConfiguration:
    logDriver: awslogs
    options:
      awslogs-group: "/ecs/prefectEcsAgent"
"#;

#[test]
fn a_whole_task_definition_is_taken_with_its_sizes_as_texts() {
    let document = taken(Document::TaskDefinition, TASK);
    assert_eq!(document["cpu"], "1024");
    assert_eq!(document["memory"], "2048");
    assert_eq!(document["containerDefinitions"][0]["logConfiguration"]["logDriver"], "awslogs");
    assert_eq!(taken(Document::TaskDefinition, "{}"), serde_json::json!({}));
}

#[test]
fn every_mistake_is_told_with_its_path() {
    let text = r#"
familiy: x
network_mode: awsvpc
cpu: [1]
pidMode: tsk
volumes: {name: v}
revision: 3
containerDefinitions:
- name: 5
  enviroment: []
  environment:
  - {name: A, value: 1}
  - A=1
  cpu: "512"
  memory: 1.5
  essential: "true"
  secrets: [{name: B}]
  logConfiguration:
    logDriver: awslog
    options: {a: 1}
  dockerLabels: [x]
  command: [null]
"#;
    insta::assert_snapshot!(told(Document::TaskDefinition, text));
}

#[test]
fn arguments_of_run_task_are_checked() {
    assert_eq!(
        taken(
            Document::RunTask,
            "{cluster: c, overrides: {cpu: 512}, networkConfiguration: {awsvpcConfiguration: {subnets: [a]}}}"
        )["overrides"]["cpu"],
        "512"
    );
    assert_eq!(
        told(Document::RunTask, "{networkConfiguration: {awsvpcConfiguration: {}}, lauchType: EC2}"),
        "error lauchType: Unknown field: A RunTask has no field `lauchType`. [did you mean `launchType`?]\n\
         error networkConfiguration.awsvpcConfiguration: Missing field: An AwsVpcConfiguration has no `subnets`, without \
         which ECS refuses it. [write `subnets`]\n"
    );
}

#[test]
fn what_is_unknown_or_null_is_not_complained_of() {
    let unknown = Value::unknown(Type::Any);
    let container = Value::object([("name", Value::string("flow")), ("image", unknown.clone())]);
    let value = Value::object([
        ("cpu", unknown.clone()),
        ("family", Value::NULL),
        ("containerDefinitions", Value::tuple([container, unknown.clone()])),
    ]);
    let (out, problems) = check(Document::TaskDefinition, &value, &[]);
    assert_eq!(lines(&problems), "");
    assert_eq!(out.get("family"), None);
    assert_eq!(out.get("cpu"), Some(&unknown));
    assert_eq!(check(Document::TaskDefinition, &unknown, &[]), (unknown, vec![]));
}

#[test]
fn a_document_that_is_no_object_is_told_once() {
    assert_eq!(
        told(Document::TaskDefinition, "s3://bucket/definition.yaml"),
        "error : Wrong type: This is a string, and the field takes an object, a TaskDefinition.\n"
    );
}

#[test]
fn a_value_that_may_be_secret_is_not_shown() {
    use crate::value::Marks;
    let value = Value::object([("pidMode", Value::string("hunter2").marked(Marks::SENSITIVE))]);
    let (_, problems) = check(Document::TaskDefinition, &value, &[]);
    assert_eq!(problems.len(), 1);
    assert!(!lines(&problems).contains("hunter2"), "{}", lines(&problems));
}
