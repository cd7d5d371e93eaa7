//! Versions, keys and settings by the rules of the backend.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;

#[test]
fn only_the_latest_key_is_compared() {
    let mut group = Group::default();
    let mut versions = Vec::new();
    for (id, key) in [
        ("f1", Some("a")),
        ("f2", Some("a")),
        ("f3", Some("b")),
        ("f4", Some("a")),
        // A forced registration makes the next one register again.
        ("f5", None),
        ("f6", Some("a")),
        ("f7", Some("a")),
    ] {
        let outcome = group.register(key, id);
        versions.push((outcome.flow_id, outcome.version, outcome.is_new));
    }
    let expected = [
        ("f1", 1, true),
        ("f1", 1, false),
        ("f3", 2, true),
        ("f4", 3, true),
        ("f5", 4, true),
        ("f6", 5, true),
        ("f6", 5, false),
    ];
    assert_eq!(versions, expected.map(|(id, version, new)| (id.to_owned(), version, new)));
    let live: Vec<u64> = group.versions.iter().filter(|v| !v.archived).map(|v| v.version).collect();
    assert_eq!(live, [5]);

    // An archived group registers again under the same key.
    for version in &mut group.versions {
        version.archived = true;
    }
    assert_eq!(group.register(Some("a"), "f8"), Outcome { flow_id: "f8".into(), version: 6, is_new: true });
}

#[test]
fn a_run_gets_its_labels_and_its_run_config_from_whoever_says_so_first() {
    let flow = json!({"type": "UniversalRun", "labels": ["flow"]});
    let group = json!({"type": "UniversalRun", "labels": ["z", "group run config"]});
    let run = json!({"type": "LocalRun", "labels": ["run config"]});
    let environment = json!({"labels": ["environment"]});
    let none = json!([]);
    let null = Json::Null;
    let mut settings = RunSettings { flow_environment: Some(&environment), ..RunSettings::default() };
    assert_eq!((settings.run_labels(), settings.effective_run_config()), (vec!["environment".into()], None));
    settings.flow_run_config = Some(&flow);
    assert_eq!((settings.run_labels(), settings.effective_run_config()), (vec!["flow".into()], Some(&flow)));
    settings.group_run_config = Some(&group);
    assert_eq!(settings.run_labels(), ["group run config", "z"]);
    assert_eq!(settings.effective_run_config(), Some(&group));
    // No labels, said on purpose, win too.
    settings.group_labels = Some(&none);
    assert_eq!(settings.run_labels(), Vec::<String>::new());
    settings.group_labels = Some(&null);
    settings.run_config = Some(&run);
    assert_eq!(
        (settings.run_labels(), settings.effective_run_config()),
        (vec!["run config".into()], Some(&run))
    );
    settings.labels = Some(&none);
    assert_eq!(settings.run_labels(), Vec::<String>::new());
    assert_eq!(RunSettings::default().run_labels(), Vec::<String>::new());
}

#[test]
fn a_prebuilt_flow_gains_only_the_labels_that_are_given() {
    let flow = json!({"name": "f", "run_config": {"type": "UniversalRun", "labels": ["b"]}});
    let given = ["c".to_owned(), "a".to_owned(), "b".to_owned()];
    let options = Options { labels: &given, force: true, schedule: false };
    let registration = Registration::prebuilt(flow, options);
    assert_eq!(registration.serialized_flow["run_config"]["labels"], json!(["a", "b", "c"]));
    let keys: Vec<String> = registration.input("p").into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["project_id", "serialized_flow", "set_schedule_active"]);
}

#[test]
fn flows_are_written_for_their_key_as_python_writes_json() {
    let flow =
        json!({"b": [1.0, 1e16, true, null, {}, []], "a": "\u{e9}\u{1f600}\u{7f}\"\\\n\r\t\u{8}\u{c}\u{1}/"});
    assert_eq!(
        python::json(&flow),
        r#"{"a": "\u00e9\ud83d\ude00\u007f\"\\\n\r\t\b\f\u0001/", "b": [1.0, 1e+16, true, null, {}, []]}"#
    );
}
