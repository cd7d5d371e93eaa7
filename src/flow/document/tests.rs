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

/// The original's manual prints this; its lines are indented too far, and some not far enough.
#[test]
fn the_manual_s_own_definition_is_taken_with_warnings() {
    let text = r#"family: prefectFlow
networkMode: awsvpc
containerDefinitions:
- name: flow
    image: "XXX.dkr.ecr.us-east-1.amazonaws.com/image_name:latest"
    essential: true
    environment:
    - name: AWS_RETRY_MODE
        value: "adaptive"
    - name: AWS_MAX_ATTEMPTS
        value: "10"
    logConfiguration:
    logDriver: awslogs
    options:
        awslogs-group: "/ecs/prefectEcsAgent"
        awslogs-region: "us-east-1"
"#;
    assert!(crate::flow::yaml::load(text, "x").is_err());
    let realigned = indentation(text).unwrap();
    let value = from_json(&crate::flow::yaml::load(&realigned, "x").unwrap());
    let (value, problems) = check(Document::TaskDefinition, &value, &[]);
    let container = &to_json(&value).unwrap()["containerDefinitions"][0];
    assert_eq!(
        container["environment"],
        serde_json::json!([
            {"name": "AWS_RETRY_MODE", "value": "adaptive"},
            {"name": "AWS_MAX_ATTEMPTS", "value": "10"},
        ])
    );
    assert_eq!(container["logConfiguration"]["options"]["awslogs-region"], "us-east-1");
    let place = "containerDefinitions[0]";
    let help = |name: &str| format!("[put `{name}` into `logConfiguration`: in YAML, indent it further]");
    assert_eq!(
        lines(&problems),
        format!(
            "warning {place}.logDriver: Field beside its object: `logConfiguration` is empty, and `logDriver` beside it is \
             one of its fields; it is taken so. {}\n\
             warning {place}.options: Field beside its object: `logConfiguration` is empty, and `options` beside it is one \
             of its fields; it is taken so. {}\n",
            help("logDriver"),
            help("options")
        )
    );
}

#[test]
fn only_lines_that_can_be_meant_otherwise_are_moved() {
    for text in [
        "",
        "a: 1\n",
        TASK,
        "- name: flow\n  image: x\n",
        "- name:\n    image: x\n",
        "- name: |\n    a: b\n",
        "- - a: b\n",
        "- name: flow\n",
        "- {a: b}\n    c: d\n",
    ] {
        assert_eq!(indentation(text), None, "{text}");
    }
    assert_eq!(
        indentation("- a: 1\n    b: 2\n\n    # x\n    c: 3\nd").unwrap(),
        "- a: 1\n  b: 2\n\n# x\n  c: 3\nd\n"
    );
}

#[test]
fn a_field_of_the_definition_among_the_arguments_of_run_task_is_sent_there() {
    assert_eq!(
        told(Document::RunTask, "{containerDefinitions: []}"),
        "error containerDefinitions: Unknown field: A RunTask has no field `containerDefinitions`. [write it in the task \
         definition; `run_task_kwargs` are for what differs from run to run]\n"
    );
}

#[test]
fn both_spellings_are_taken_where_the_original_takes_snake_case() {
    let pools = "[{machineSpec: {machineType: m, accelerator_type: NVIDIA_L4, acceleratorCount: 1}, replicaCount: '1'}, null, {}]";
    assert_eq!(
        taken(Document::WorkerPools, pools),
        serde_json::json!([
            {
                "machine_spec": {"machine_type": "m", "accelerator_type": "NVIDIA_L4", "accelerator_count": 1},
                "replica_count": 1,
            },
            null,
            {},
        ])
    );
    assert_eq!(
        told(
            Document::WorkerPools,
            "[{machine_spec: {}, machineSpec: {}, MachineSpec: {}, replica_count: many}]"
        ),
        "error [0].MachineSpec: Unknown field: A WorkerPoolSpec has no field `MachineSpec`. [did you mean `machine_spec`?]\n\
         error [0].machine_spec: Field written twice: `machine_spec` stands here in two spellings, and one \
         of the values would be lost. [keep `machine_spec` alone]\n\
         error [0].replica_count: Wrong type: This is a string, and the field takes a whole number.\n"
    );
    assert_eq!(
        told(Document::WorkerPools, "{a: 1}"),
        "error : Wrong type: This is an object, and the field takes a list of worker pools.\n"
    );
    assert_eq!(taken(Document::Scheduling, "{timeout: 3600s}"), serde_json::json!({"timeout": "3600s"}));
    assert_eq!(
        told(Document::Scheduling, "{timeout: 3600, restartJobOnWorkerRestart: 'yes'}"),
        "error restartJobOnWorkerRestart: Wrong type: This is a string, and the field takes `true` or `false`.\n\
         error timeout: Wrong type: This is a number, and the field takes a duration in seconds (`\"3600s\"`). [write the \
         seconds as a text: `\"3600s\"`]\n"
    );
}

#[test]
fn a_job_is_checked_down_to_its_containers() {
    let text = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: etl, creationTimestamp: null, uid: x}
status: {active: 1}
spec:
  backoff_limit: 3
  template:
    spec:
      restartPolicy: never
      containers:
      - name: flow
        imagePullPolicy: always
        resources: {limits: {cpu: 1, memory: 2GB, nvidia.com/gpu: 1}}
        env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}, {value: x}]
        ports: [{containerPort: "80"}]
        livenessProbe: {httpGet: {port: http, path: /}}
      volumes: [{name: v, emptyDir: {sizeLimit: lots}}]
"#;
    insta::assert_snapshot!(told(Document::Job, text));
}

#[test]
fn host_configuration_has_the_arguments_of_the_docker_client() {
    assert_eq!(
        taken(
            Document::HostConfig,
            "{mem_limit: 1g, shm_size: 64MB, auto_remove: false, binds: ['/a:/b'], ulimits: [{Name: nofile, Soft: 1}]}"
        )["mem_limit"],
        "1g"
    );
    assert_eq!(
        told(
            Document::HostConfig,
            "{AutoRemove: true, bogus: 1, mem_limit: lots, restart_policy: {Name: alwys}}"
        ),
        "error AutoRemove: Unknown field: A HostConfig has no field `AutoRemove`. [did you mean `auto_remove`?]\n\
         error bogus: Unknown field: A HostConfig has no field `bogus`. [remove it, or correct its name: HostConfig of the \
         Docker client has 64 fields]\n\
         error mem_limit: Wrong type: This is a string, and the field takes a number of bytes, or a text with a unit \
         (`\"512m\"`).\n\
         error restart_policy.Name: Unknown value: \"alwys\" is none of the words that are taken: it is one of ``, `no`, \
         `always`, `on-failure`, `unless-stopped`. [did you mean \"always\"?]\n"
    );
}
