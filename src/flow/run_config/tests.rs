//! The recorded run configs, and rules that no recorded case shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::flow::vectors;

const CWD: &str = vectors::FILES;

#[test]
fn recorded_run_configs_are_reproduced() {
    let cases = vectors::load("run_config.jsonl");
    let mut covered = 0;
    for case in &cases {
        let arguments = &case.input["run_config"];
        let class = arguments["type"].as_str().unwrap_or_default();
        if !RunConfigKind::from_class(class).is_some_and(RunConfigKind::available) {
            continue;
        }
        covered += 1;
        let expected = &case.expected["run_config"];
        match RunConfig::from_arguments(arguments, CWD) {
            Err(error) => vectors::assert_error(case, &expected["error"], &error),
            Ok(config) => match config.to_serialized("1.4.1") {
                Err(error) => vectors::assert_error(case, &expected["serialize_error"], &error),
                Ok(serialized) => {
                    assert_eq!(serialized, expected["serialized"], "{}", case.id);
                    let loaded = RunConfig::from_serialized(&serialized, CWD).expect(&case.id);
                    assert_eq!(json!(loaded == config), case.expected["round_trip_equal"], "{}", case.id);
                }
            },
        }
    }
    // The other 86 recorded cases are of kinds that are not available yet.
    assert_eq!((covered, cases.len()), (14, 100));
}

#[test]
fn loading_is_stricter_than_constructing() {
    let load = |value: Json| RunConfig::from_serialized(&value, "/cwd").map_err(|error| error.class.name());
    let local = |working_dir: Option<&str>| {
        Ok(RunConfig::Local { env: Json::Null, labels: vec![], working_dir: working_dir.map(str::to_owned) })
    };
    for (value, expected) in [
        (json!({}), Err("ValidationError")),
        (json!({"type": "NoRun"}), Err("ValidationError")),
        (json!({"type": "ECSRun"}), Err("ValidationError")),
        (json!([]), Err("ValidationError")),
        (json!({"type": "LocalRun"}), local(None)),
        (json!({"type": "LocalRun", "bogus": 1, "__version__": "0.1"}), local(None)),
        (json!({"type": "LocalRun", "working_dir": "d/"}), local(Some("/cwd/d"))),
        (json!({"type": "LocalRun", "working_dir": 5}), Err("ValidationError")),
        (json!({"type": "LocalRun", "labels": null}), Err("ValidationError")),
        (json!({"type": "LocalRun", "labels": [1]}), Err("ValidationError")),
        (json!({"type": "LocalRun", "labels": "ab"}), Err("ValidationError")),
        (json!({"type": "LocalRun", "env": "A=1"}), Err("ValidationError")),
    ] {
        assert_eq!(load(value.clone()), expected, "{value}");
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
    let run = |serialized: Json| {
        for_agent(AgentKind::Local, Some(&serialized), "r1", "/cwd").map_err(|error| error.class.name())
    };
    let plain = RunConfig::Local { env: Json::Null, labels: vec![], working_dir: None };
    assert_eq!(for_agent(AgentKind::Local, None, "r1", "/cwd"), Ok(plain.clone()));
    assert_eq!(run(Json::Null), Ok(plain));
    assert_eq!(
        run(json!({"type": "UniversalRun", "env": {"A": "1"}, "labels": ["z"], "working_dir": "/x"})),
        Ok(RunConfig::Local { env: json!({"A": "1"}), labels: vec!["z".to_owned()], working_dir: None })
    );
    assert_eq!(run(json!({"type": "DockerRun"})), Err("TypeError"));
    assert_eq!(run(json!({"type": "Bogus"})), Err("ValidationError"));
}
