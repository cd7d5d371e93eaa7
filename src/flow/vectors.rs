//! Reads the recorded behaviour of the original (`tests/vectors`). For tests only.

#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::agent::{Settings, Surroundings};
use super::kind::{AgentKind, StorageKind};
use super::location::Place;
use super::original::{ErrorClass, OriginalError};
use super::python;
use super::render::{Flow, FlowRun};
use super::storage::{Machine, serialize};

/// What stands for the recorder's working directory.
pub(crate) const FILES: &str = "/files";
/// What stands for its home directory.
pub(crate) const HOME: &str = "/home/recorder";

/// One recorded case.
pub(crate) struct Case {
    /// Its name, for messages.
    pub(crate) id: String,
    /// What was given.
    pub(crate) input: Json,
    /// What came out.
    pub(crate) expected: Json,
}

/// All cases of a file.
pub(crate) fn load(file: &str) -> Vec<Case> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the recorded cases are in the repository");
    text.lines()
        .map(|line| {
            let line = line.replace("{{files}}", FILES).replace("{{home}}", HOME);
            let case: Json = serde_json::from_str(&line).expect("each line is JSON");
            Case {
                id: format!("{} ({})", case["id"].as_str().unwrap(), case["note"].as_str().unwrap()),
                input: case["input"].clone(),
                expected: case["expected"].clone(),
            }
        })
        .collect()
}

/// Reads the files that the recorder's working directory held.
pub(crate) fn files(input: &Json) -> impl Fn(&Place<'_>) -> Result<Option<String>, OriginalError> {
    let files = input["files"].clone();
    move |place| match place {
        Place::File(path) => {
            let name = path.strip_prefix(FILES).map_or(*path, |rest| rest.trim_start_matches('/'));
            Ok(files.get(name).and_then(Json::as_str).map(str::to_owned))
        }
        Place::S3 { .. } | Place::Gcs { .. } | Place::Http(_) => Ok(None),
    }
}

/// The texts of a list.
pub(crate) fn strings(list: &Json) -> Vec<String> {
    list.as_array()
        .map(|items| items.iter().map(|item| item.as_str().unwrap().to_owned()).collect())
        .unwrap_or_default()
}

/// Compares by class, as the recorded cases ask, and by message, because ours are the same - but for what a YAML parser
/// says of a text that does not read.
pub(crate) fn assert_error(case: &Case, expected: &Json, error: &OriginalError) {
    assert_eq!(expected["class"], error.class.name(), "{}: {error}", case.id);
    let of_the_parser = matches!(error.class, ErrorClass::ScannerError | ErrorClass::ParserError);
    if !of_the_parser {
        assert_eq!(expected["message"], error.message.as_str(), "{}", case.id);
    }
}

/// An error as the recorder writes it.
pub(crate) fn error(error: &OriginalError) -> Json {
    json!({"class": error.class.name(), "message": error.message})
}

/// Compares what an agent of kind `kind` makes of every recorded case: `of` gives the agent and what it hands over, in
/// the form of the recorder. The cases that show the original's list-copy defect are passed over: what it documents is
/// built.
pub(crate) fn assert_agent(
    kind: AgentKind,
    files: &[&str],
    count: usize,
    of: impl Fn(&Case, &FlowRun<'_>, &Surroundings<'_>) -> (Json, Json),
) {
    let mut differences = String::new();
    let mut compared = 0;
    for case in files.iter().flat_map(|file| load(file)) {
        if case.input.get("box").is_some_and(python::truthy) {
            continue;
        }
        compared += 1;
        let (agent, artifact) = surrounded(kind, &case, |run, surroundings| of(&case, run, surroundings));
        for (part, got) in [("agent", agent), ("artifact", artifact)] {
            if let Some(expected) = case.expected.get(part) {
                differ(&format!("{}: {part}", case.id), expected, &got, &mut differences);
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert_eq!(compared, count, "cases that were compared");
}

/// Calls `f` with the flow run of the case and the surroundings that its agent sees.
pub(crate) fn surrounded<T>(
    kind: AgentKind,
    case: &Case,
    f: impl FnOnce(&FlowRun<'_>, &Surroundings<'_>) -> T,
) -> T {
    let input = &case.input;
    let run_config = match input.get("run_config_raw") {
        Some(raw) => Some(raw.clone()),
        None => case.expected["run_config"].get("serialized").cloned(),
    };
    let storage = storage(case);
    let text = |part: &str, name: &str, default: &str| match input[part].get(name) {
        Some(value) => value.as_str().map(str::to_owned),
        None => Some(default.to_owned()),
    };
    let (flow_id, flow_name, core_version) = (
        text("flow", "id", "11111111-1111-1111-1111-111111111111").unwrap(),
        text("flow", "name", "my flow").unwrap(),
        text("flow", "core_version", "1.4.1"),
    );
    let (id, name) = (
        text("flow_run", "id", "22222222-2222-2222-2222-222222222222").unwrap(),
        text("flow_run", "name", "happy-hare").unwrap(),
    );
    let run = FlowRun {
        id: &id,
        name: &name,
        flow: Flow {
            id: &flow_id,
            name: &flow_name,
            version: input["flow"].get("version").and_then(Json::as_u64).unwrap_or(1),
            core_version: core_version.as_deref(),
            storage: &storage,
        },
        run_config: run_config.as_ref(),
    };

    let settings = Settings::from_dotted(&input["config"]);
    let process_env: BTreeMap<String, String> = match &input["os_env"] {
        Json::Object(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), python::text(value))).collect()
        }
        _ => [("HOME", HOME), ("PATH", "/usr/bin:/bin")].map(|(k, v)| (k.into(), v.into())).into(),
    };
    let remote: BTreeMap<&str, &str> = texts(&input["remote"]).collect();
    let exists = |path: &str| {
        let below = |file: &str| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let files = texts(&input["files"]).map(|(name, _)| format!("{FILES}/{name}"));
        files.into_iter().any(|file| file == path || below(&file))
    };
    let read = |place: &Place<'_>| {
        let found = match place {
            Place::File(_) => return files(input)(place),
            Place::S3 { bucket, key } => remote.get(format!("s3://{bucket}/{key}").as_str()).copied(),
            Place::Gcs { bucket, key } => remote.get(format!("gcs://{bucket}/{key}").as_str()).copied(),
            Place::Http(url) => remote.get(url).copied(),
        };
        Ok(found.map(str::to_owned))
    };
    let default_subnets = || {
        let list = |name: &str| input["ecs_mock"].get(name).and_then(Json::as_array);
        Ok(match (list("vpcs"), list("subnets")) {
            (Some(vpcs), _) if vpcs.is_empty() => Vec::new(),
            (_, Some(subnets)) => subnets.iter().map(|subnet| python::text(&subnet["SubnetId"])).collect(),
            (_, None) => vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
        })
    };
    let project = (kind == AgentKind::Vertex).then_some("my-project");
    f(
        &run,
        &Surroundings {
            settings: &settings,
            process_env: &process_env,
            cwd: FILES,
            hostname: "oracle-host",
            python: "{{python}}",
            exists: &exists,
            read: &read,
            default_subnets: &default_subnets,
            google_project: project,
        },
    )
}

fn texts(value: &Json) -> impl Iterator<Item = (&str, &str)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(name, text)| (name.as_str(), text.as_str().unwrap()))
}

fn storage(case: &Case) -> Json {
    let default = json!({"type": "Module", "module": "flows"});
    let flow = &case.input["flow"];
    if let Some(raw) = flow.get("storage_raw") {
        return raw.clone();
    }
    let mut arguments: Map<String, Json> =
        flow.get("storage").unwrap_or(&default).as_object().unwrap().clone();
    let kind = StorageKind::from_class(arguments["type"].as_str().unwrap()).unwrap();
    arguments.retain(|name, _| name != "type");
    let machine = Machine {
        home: HOME.to_owned(),
        cwd: FILES.to_owned(),
        hostname: "oracle-host".to_owned(),
        now: "2022-02-23T19:26:00+00:00".to_owned(),
        add_default_labels: true,
    };
    serialize(kind, &arguments, None, "1.4.1", &machine).unwrap().serialized
}

/// Writes where `got` differs from `expected`: variables are compared as maps, numbers by value. What the AWS client says
/// of a request is information.
pub(crate) fn differ(path: &str, expected: &Json, got: &Json, out: &mut String) {
    match (expected, got) {
        (Json::Object(expected), Json::Object(got)) => {
            for name in expected.keys().chain(got.keys().filter(|name| !expected.contains_key(*name))) {
                if name == "botocore_validation" {
                    continue;
                }
                let path = format!("{path}.{name}");
                match (expected.get(name), got.get(name)) {
                    (Some(expected), Some(got)) => differ(&path, expected, got, out),
                    (expected, got) => writeln!(out, "{path}: expected {expected:?}, got {got:?}").unwrap(),
                }
            }
        }
        (Json::Array(a), Json::Array(b)) => {
            let unordered =
                ["env", "environment", "Env", "labels"].iter().any(|n| path.ends_with(&format!(".{n}")));
            let (mut a, mut b) = (a.clone(), b.clone());
            if unordered {
                a.sort_by_key(Json::to_string);
                b.sort_by_key(Json::to_string);
            }
            if a.len() != b.len() {
                writeln!(out, "{path}: expected {}, got {}", json!(a), json!(b)).unwrap();
                return;
            }
            for (index, (expected, got)) in a.iter().zip(&b).enumerate() {
                differ(&format!("{path}[{index}]"), expected, got, out);
            }
        }
        (Json::Number(a), Json::Number(b)) if a.as_f64() == b.as_f64() => {}
        (expected, got) if expected == got => {}
        (expected, got) => writeln!(out, "{path}: expected {expected}, got {got}").unwrap(),
    }
}
