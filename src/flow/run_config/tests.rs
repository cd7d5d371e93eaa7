//! Rules that no recorded case shows; the recorded ones are run in `conformance`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::flow::location::Place;

fn no_file(_: &Place<'_>) -> Result<Option<String>, OriginalError> {
    Ok(None)
}

const EMPTY: Disk<'static> = Disk { cwd: "/cwd", read: &no_file };

#[test]
fn loading_is_stricter_than_constructing() {
    let load = |value: Json| RunConfig::from_serialized(&value, EMPTY).map_err(|error| error.to_string());
    let local = |working_dir: Option<&str>| {
        Ok(RunConfig::Local { env: Json::Null, labels: vec![], working_dir: working_dir.map(str::to_owned) })
    };
    let refused = |message: &str| Err(format!("ValidationError: {message}"));
    for (value, expected) in [
        (json!({}), refused("{'type': ['Missing data for required field.']}")),
        (json!({"type": "NoRun"}), refused("{'type': ['Unsupported value: NoRun']}")),
        (json!({"type": {}}), refused("{'type': ['Invalid value: {}']}")),
        (json!([]), refused("{'_schema': 'Invalid data type: []'}")),
        (json!({"type": "LocalRun"}), local(None)),
        (json!({"type": "LocalRun", "bogus": 1, "__version__": "0.1"}), local(None)),
        (json!({"type": "LocalRun", "working_dir": "d/"}), local(Some("/cwd/d"))),
        (json!({"type": "LocalRun", "working_dir": 5}), refused("{'working_dir': ['Not a valid string.']}")),
        (json!({"type": "LocalRun", "labels": null}), refused("{'labels': ['Field may not be null.']}")),
        (json!({"type": "LocalRun", "labels": ["a", 1]}), refused("{'labels': {1: ['Not a valid string.']}}")),
        (json!({"type": "LocalRun", "labels": "ab"}), refused("{'labels': ['Not a valid list.']}")),
        (json!({"type": "LocalRun", "env": "A=1"}), refused("{'env': ['Not a valid mapping type.']}")),
        (
            json!({"type": "ECSRun", "cpu": 5, "memory": true}),
            refused("{'cpu': ['Not a valid string.'], 'memory': ['Not a valid string.']}"),
        ),
        (json!({"type": "DockerRun", "ports": [true]}), refused("{'ports': {0: ['Not a valid integer.']}}")),
        (json!({"type": "DockerRun", "ports": [null]}), refused("{'ports': {0: ['Field may not be null.']}}")),
        (
            json!({"type": "VertexRun", "worker_pool_specs": [{}, 1]}),
            refused("{'worker_pool_specs': {1: ['Not a valid mapping type.']}}"),
        ),
        (
            json!({"type": "KubernetesRun", "image_pull_policy": "always"}),
            Err("ValueError: Invalid image_pull_policy 'always'.  Expected 'Always', 'IfNotPresent', or 'Never'".into()),
        ),
        (
            json!({"type": "ECSRun", "task_definition_path": "gone.yaml"}),
            Err("FileNotFoundError: [Errno 2] No such file or directory: 'gone.yaml'".into()),
        ),
    ] {
        assert_eq!(load(value.clone()), expected, "{value}");
    }
}

#[test]
fn what_is_missing_takes_the_default_and_null_does_not() {
    let machine_type = |value: Json| match RunConfig::from_serialized(&value, EMPTY).unwrap() {
        RunConfig::Vertex { run, .. } => run.machine_type,
        other => panic!("{other:?}"),
    };
    assert_eq!(machine_type(json!({"type": "VertexRun"})).as_deref(), Some("e2-standard-4"));
    assert_eq!(machine_type(json!({"type": "VertexRun", "machine_type": null})), None);
}

#[test]
fn values_are_coerced_where_the_original_does_it() {
    let serialized = |arguments: Json| {
        let constructed = construct(&arguments, EMPTY).map_err(|error| error.to_string())?;
        constructed.to_serialized("1.4.1").map_err(|error| format!("serializing: {error}"))
    };
    for (class, field, value, expected) in [
        ("KubernetesRun", "image_pull_secrets", json!("ab"), Ok(json!(["a", "b"]))),
        ("KubernetesRun", "image_pull_secrets", json!({"a": 1}), Ok(json!(["a"]))),
        ("KubernetesRun", "image_pull_secrets", json!([1, null]), Ok(json!(["1", null]))),
        ("KubernetesRun", "image_pull_secrets", json!(5), Err("TypeError: 'int' object is not iterable")),
        ("KubernetesRun", "image_pull_policy", json!([]), Err("TypeError: unhashable type: 'list'")),
        ("KubernetesRun", "memory_limit", json!(2.0), Ok(json!("2.0"))),
        ("KubernetesRun", "job_template", json!("a: yes"), Ok(json!({"a": true}))),
        (
            "KubernetesRun",
            "job_template_path",
            json!(0),
            Err("TypeError: expected str, bytes or os.PathLike object, not int"),
        ),
        ("DockerRun", "ports", json!(["8_0", 7.9, true, null]), Ok(json!([80, 7, 1, null]))),
        ("DockerRun", "ports", json!({"80": 1}), Ok(json!([80]))),
        (
            "DockerRun",
            "ports",
            json!(["http"]),
            Err("serializing: ValueError: invalid literal for int() with base 10: 'http'"),
        ),
        (
            "DockerRun",
            "env",
            json!(false),
            Err("serializing: AttributeError: 'bool' object has no attribute 'keys'"),
        ),
        ("DockerRun", "labels", json!([null]), Ok(json!([null]))),
        ("DockerRun", "labels", json!([1, true, 1.0, "1"]), Ok(json!(["1", "1"]))),
        (
            "DockerRun",
            "labels",
            json!([null, "a"]),
            Err("serializing: TypeError: '<' not supported between instances of 'NoneType' and 'str'"),
        ),
        ("ECSRun", "cpu", json!(1e16), Ok(json!("1e+16"))),
        ("ECSRun", "image", json!(["a"]), Ok(json!("['a']"))),
        (
            "LocalRun",
            "working_dir",
            json!(1),
            Err("TypeError: expected str, bytes or os.PathLike object, not int"),
        ),
    ] {
        let mut arguments = json!({ "type": class });
        arguments[field] = value;
        let made = serialized(arguments.clone()).map(|serialized| serialized[field].clone());
        assert_eq!(made, expected.map_err(str::to_owned), "{arguments}");
    }
}

#[test]
fn paths_are_made_absolute_the_posix_way() {
    for (path, expected) in [
        ("", "/cwd"),
        ("a//b/./c/", "/cwd/a/b/c"),
        ("../x", "/x"),
        ("/../x", "/x"),
        ("~/x", "/cwd/~/x"),
        ("//srv/x/", "//srv/x"),
        ("///srv", "/srv"),
        ("/", "/"),
    ] {
        assert_eq!(absolute(path, "/cwd"), expected, "{path}");
    }
}

#[test]
fn an_agent_works_with_its_own_kind() {
    let universal = json!({"type": "UniversalRun", "env": {"A": "1"}, "labels": ["z"], "image": "dropped"});
    for agent in AgentKind::ALL {
        let run = |serialized: Json| for_agent(agent, Some(&serialized), "r1", EMPTY);
        let own = agent.run_config().class();
        let plain = RunConfig::from_serialized(&json!({ "type": own }), EMPTY).unwrap();
        assert_eq!(plain.kind(), agent.run_config());
        assert_eq!(for_agent(agent, None, "r1", EMPTY), Ok(plain.clone()));
        assert_eq!(run(Json::Null), Ok(plain.clone()));
        assert_eq!(run(json!({ "type": own })), Ok(plain.clone()));
        let lent = run(universal.clone()).unwrap();
        assert_eq!((lent.env(), lent.labels()), (&json!({"A": "1"}), ["z".to_owned()].as_slice()));
        let mut expected = plain.to_serialized("1.4.1");
        expected["env"] = json!({"A": "1"});
        expected["labels"] = json!(["z"]);
        assert_eq!(lent.to_serialized("1.4.1"), expected);
        let other = if own == "DockerRun" { "LocalRun" } else { "DockerRun" };
        let error = run(json!({ "type": other })).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("TypeError: Flow run r1 has a `run_config` of type `{other}`, only `{own}` is supported")
        );
        assert_eq!(run(json!({"type": "Bogus"})).unwrap_err().class.name(), "ValidationError");
    }
}
