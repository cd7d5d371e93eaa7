//! Laws of run configs, storages and labels: what is serialized and loaded is itself; the order of labels, entries and blocks means
//! nothing.

use flowform::flow::kind::{FieldType, RunConfigKind, StorageKind};
use flowform::flow::labels;
use flowform::flow::location::Place;
use flowform::flow::original::OriginalError;
use flowform::flow::run_config::{Disk, RunConfig, construct};
use flowform::flow::storage::{Machine, serialize};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::support::Project;

fn no_file(_: &Place<'_>) -> Result<Option<String>, OriginalError> {
    Ok(None)
}

const DISK: Disk<'static> = Disk { cwd: "/cwd", read: &no_file };

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-zA-Z0-9:/._ é-]{1,12}", "\\PC{1,6}"]
}

fn maybe<T: Into<Value> + std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), value.prop_map(Into::into)].boxed()
}

fn json_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..3).prop_map(|entries| json!(entries)),
        ]
    })
    .boxed()
}

fn mapping() -> BoxedStrategy<Value> {
    prop::collection::btree_map(text(), json_value(), 0..4).prop_map(|entries| json!(entries)).boxed()
}

/// Fields of a kind, with what `fields` makes of each.
fn object(fields: &[(&'static str, BoxedStrategy<Value>)]) -> BoxedStrategy<Map<String, Value>> {
    let names: Vec<String> = fields.iter().map(|(name, _)| (*name).to_owned()).collect();
    let values: Vec<BoxedStrategy<Value>> = fields.iter().map(|(_, value)| value.clone()).collect();
    values.prop_map(move |values| names.iter().cloned().zip(values).collect()).boxed()
}

/// A serialized run config of a kind as the original writes it.
fn serialized(kind: RunConfigKind) -> BoxedStrategy<Value> {
    let texts = |names: &[&'static str]| {
        names.iter().map(|name| (*name, maybe(text()))).collect::<Vec<(&'static str, BoxedStrategy<Value>)>>()
    };
    let path = || maybe(select(vec!["s3://b/k", "gs://b/k", "agent:///p", "https://h/p?q"]));
    let mut fields = match kind {
        RunConfigKind::Universal => Vec::new(),
        RunConfigKind::Local => vec![("working_dir", maybe("(/[a-z]{1,5}){1,3}"))],
        RunConfigKind::Docker => vec![
            ("image", maybe(text())),
            ("ports", maybe(prop::collection::vec(any::<i64>(), 0..4))),
            ("host_config", prop_oneof![Just(Value::Null), mapping()].boxed()),
        ],
        RunConfigKind::Kubernetes => {
            let mut fields = texts(&[
                "image",
                "cpu_limit",
                "cpu_request",
                "memory_limit",
                "memory_request",
                "service_account_name",
            ]);
            fields.push(("job_template_path", path()));
            fields.push(("job_template", prop_oneof![Just(Value::Null), mapping()].boxed()));
            fields.push(("image_pull_secrets", maybe(prop::collection::vec(text(), 0..3))));
            fields.push(("image_pull_policy", maybe(select(vec!["Always", "IfNotPresent", "Never"]))));
            fields
        }
        RunConfigKind::Ecs => {
            let mut fields = texts(&[
                "task_definition_arn",
                "image",
                "cpu",
                "memory",
                "task_role_arn",
                "execution_role_arn",
            ]);
            fields.push(("task_definition_path", path()));
            fields.push(("task_definition", json_value()));
            fields.push(("run_task_kwargs", json_value()));
            fields
        }
        RunConfigKind::Vertex => {
            let mut fields = texts(&["image", "machine_type", "service_account", "network"]);
            fields.push(("scheduling", prop_oneof![Just(Value::Null), mapping()].boxed()));
            fields.push(("worker_pool_specs", maybe(prop::collection::vec(mapping(), 0..3))));
            fields
        }
    };
    fields.push(("env", prop_oneof![Just(Value::Null), mapping()].boxed()));
    fields.push(("labels", prop::collection::btree_set(text(), 0..4).prop_map(|set| json!(set)).boxed()));
    fields.push(("type", Just(Value::from(kind.class())).boxed()));
    fields.push(("__version__", Just(Value::from("1.4.1")).boxed()));
    object(&fields)
        .prop_map(|mut made| {
            // Only one way to say a template.
            for (first, others) in [
                ("job_template", &["job_template_path"][..]),
                ("task_definition", &["task_definition_path", "task_definition_arn"]),
                ("task_definition_path", &["task_definition_arn"]),
                ("task_definition_arn", &["image"]),
            ] {
                if made.get(first).is_some_and(|value| !value.is_null()) {
                    for other in others.iter().filter(|other| made.contains_key(**other)).collect::<Vec<_>>()
                    {
                        made.insert((*other).to_owned(), Value::Null);
                    }
                }
            }
            Value::Object(made)
        })
        .boxed()
}

/// Constructor arguments of a kind of storage.
fn storage(kind: StorageKind) -> BoxedStrategy<Map<String, Value>> {
    let fields: Vec<(&'static str, BoxedStrategy<Value>)> = kind
        .fields()
        .iter()
        .map(|field| {
            let method = field.name.ends_with("http_method");
            let value = match field.ty {
                _ if method => select(vec!["GET", "POST", "PUT", "PATCH"]).prop_map(Value::from).boxed(),
                FieldType::Bool => any::<bool>().prop_map(Value::from).boxed(),
                FieldType::Number => (1_i64..9).prop_map(Value::from).boxed(),
                FieldType::MapOfAny => mapping(),
                _ if field.required => text().prop_map(Value::from).boxed(),
                _ => maybe(text()),
            };
            (field.name, value)
        })
        .collect();
    object(&fields)
        .prop_map(move |mut made| {
            match kind {
                StorageKind::Git => {
                    made.insert("repo".to_owned(), "owner/name".into());
                    made.insert("tag".to_owned(), Value::Null);
                    made.insert("commit".to_owned(), Value::Null);
                }
                StorageKind::Bitbucket => drop(made.insert("workspace".to_owned(), Value::Null)),
                StorageKind::Local => drop(made.insert("path".to_owned(), "/srv/f.py".into())),
                _ => {}
            }
            made
        })
        .boxed()
}

fn machine() -> Machine {
    Machine {
        home: "/home/someone".to_owned(),
        cwd: "/cwd".to_owned(),
        hostname: "host".to_owned(),
        now: "2022-02-23T19:26:00+00:00".to_owned(),
        add_default_labels: true,
    }
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(select(vec!["a", "b", "c", "A", "é"]).prop_map(str::to_owned), 0..5)
}

/// The same members in another order, some of them twice.
fn same_set(words: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let twice: Vec<String> = words.iter().chain(words.first()).cloned().collect();
    (Just(words), Just(twice).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_run_config_that_is_serialized_and_loaded_is_itself(
        serialized in select(RunConfigKind::ALL.to_vec()).prop_flat_map(serialized)
    ) {
        let loaded = RunConfig::from_serialized(&serialized, DISK);
        let loaded = loaded.map_err(|error| TestCaseError::fail(format!("{serialized}: {error}")))?;
        prop_assert_eq!(&loaded.to_serialized("1.4.1"), &serialized);
        // The same arguments, constructed, are written the same.
        let mut arguments = serialized.clone();
        arguments.as_object_mut().unwrap().remove("__version__");
        let constructed = construct(&arguments, DISK).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(constructed.to_serialized("1.4.1").unwrap(), serialized);
        prop_assert_eq!(RunConfig::from_serialized(&loaded.to_serialized("9"), DISK), Ok(loaded));
    }

    #[test]
    fn a_storage_that_is_serialized_and_loaded_is_itself(
        (kind, arguments) in select(StorageKind::ALL.to_vec()).prop_flat_map(|kind| (Just(kind), storage(kind)))
    ) {
        let made = |arguments: &Map<String, Value>| {
            serialize(kind, arguments, Some("My Flow"), "1.4.1", &machine())
                .map_err(|error| TestCaseError::fail(format!("{kind:?} {arguments:?}: {error}")))
        };
        let first = made(&arguments)?;
        let mut again: Map<String, Value> = first.serialized.as_object().unwrap().clone();
        for name in ["flows", "type", "__version__"] {
            again.remove(name);
        }
        prop_assert_eq!(&made(&again)?.serialized, &first.serialized);
        prop_assert_eq!(made(&again)?.location, first.location);
    }

    #[test]
    fn labels_are_sets(
        (agent, agent_again) in words().prop_flat_map(same_set),
        (run, run_again) in words().prop_flat_map(same_set),
        more in words(),
    ) {
        prop_assert_eq!(labels::matches(&agent, &run), labels::matches(&agent_again, &run_again));
        prop_assert_eq!(labels::missing(&agent, &run), labels::missing(&agent_again, &run_again));
        let of = |lists: &[&Vec<String>]| labels::unite(lists.iter().map(|list| list.as_slice()));
        prop_assert_eq!(of(&[&agent, &run]), of(&[&run_again, &agent_again]));
        prop_assert_eq!(of(&[&of(&[&agent, &run]), &more]), of(&[&agent, &of(&[&run, &more])]));
        prop_assert_eq!(of(&[&agent, &agent]), of(&[&agent]));
        let argument = |list: &Vec<String>| labels::from_argument(Some(&json!(list)));
        prop_assert_eq!(argument(&agent), argument(&agent_again));
        // An agent that takes a run takes it with more labels of its own too, unless the run has none.
        if labels::matches(&agent, &run) && !run.is_empty() {
            prop_assert!(labels::matches(&of(&[&agent, &more]), &run));
        }
        prop_assert_eq!(labels::matches(&agent, &[] as &[String]), agent.is_empty());
    }
}

/// The parts of a configuration in any order.
fn configuration(kind: &str, own: &[&str], seed: u64) -> String {
    let mut state = seed;
    let mut shuffled = |items: Vec<String>, gap: &str| {
        let mut items = items;
        for index in (1..items.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            items.swap(index, (state >> 33) as usize % (index + 1));
        }
        items.join(gap)
    };
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    let env = shuffled(owned(&["A = 1", "B = \"x\"", "Z = true", "M = \"$${y}\""]), ", ");
    let labels = shuffled(owned(&["\"eu\"", "\"gpu\"", "\"Ä\"", "\"a\""]), ", ");
    let mut arguments = owned(own);
    arguments.push(format!("env = {{ {env} }}"));
    arguments.push(format!("labels = [{labels}]"));
    let arguments = shuffled(arguments, "\n    ");
    let flow = [
        "storage = storage.s3.code".to_owned(),
        "parameters = { limit = 3, area = \"eu\" }".to_owned(),
        format!("run_config \"{kind}\" {{\n    {arguments}\n  }}"),
    ];
    let flow = shuffled(flow.to_vec(), "\n  ");
    let agent = shuffled(
        owned(&["labels = [\"a\", \"eu\", \"gpu\", \"Ä\", \"more\"]", "env_vars = { X = 1, C = 2 }"]),
        "\n  ",
    );
    let storage =
        shuffled(owned(&["bucket = \"flows\"", "key = \"etl.py\"", "stored_as_script = true"]), "\n  ");
    let blocks = [
        "flowform {\n  project = \"shop\"\n}\n".to_owned(),
        format!("storage \"s3\" \"code\" {{\n  {storage}\n}}\n"),
        format!("agent \"{kind}\" \"one\" {{\n  {agent}\n}}\n"),
        format!("flow \"etl\" {{\n  {flow}\n}}\n"),
    ];
    shuffled(blocks.to_vec(), "\n")
}

#[test]
fn rendering_is_the_same_whatever_the_order_of_blocks_entries_and_labels() {
    for (kind, own) in [
        ("docker", &["image = \"etl:1\"", "host_config = { privileged = true, mem_limit = \"1g\" }"][..]),
        (
            "ecs",
            &[
                "cpu = 512",
                "memory = \"1 GB\"",
                "task_definition = { memory = 512, networkMode = \"awsvpc\", cpu = 256, containerDefinitions = [{ name = \"flow\", image = \"etl:1\" }] }",
            ],
        ),
        ("kubernetes", &["image = \"etl:1\"", "cpu_limit = 1", "memory_request = \"1Gi\""]),
        ("local", &["working_dir = \"/srv\""]),
        (
            "vertex",
            &["image = \"etl:1\"", "machine_type = \"n1-standard-4\"", "scheduling = { timeout = \"60s\" }"],
        ),
    ] {
        let rendered = |seed: u64| {
            let project = Project::new(&configuration(kind, own, seed));
            project.run("render flow.etl --explain").succeeds().raw().to_owned()
        };
        let first = rendered(1);
        for seed in 2..8 {
            assert_eq!(rendered(seed), first, "{}", configuration(kind, own, seed));
        }
    }
}
