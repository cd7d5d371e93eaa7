//! What Vertex AI refuses, `validate` has refused before: run configs made from a whole one by every mutation of a list, each
//! validated, and each that passes planned, applied and submitted to a strict server.

mod corpus;

use std::collections::{BTreeMap, BTreeSet};

use corpus::corpus;
use flowform_provider_testbed::Vertex;
use serde_json::{Value, json};

use crate::support::Project;

const MAIN: &str = "flowform {\n  project = \"shop\"\n}\nstorage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\n\
                    agent \"vertex\" \"v\" {\n  project = \"p-1\"\n}\n";

/// A project with one file for each flow.
fn project(specs: &[(&String, &Value)]) -> Project {
    let project = Project::new(MAIN);
    for (index, (_, spec)) in specs.iter().enumerate() {
        let name = format!("f{index:04}");
        let flow = json!({"storage": "${storage.module.code}", "run_config": {"vertex": spec}});
        project.write(&format!("{name}.hcl.json"), &json!({"flow": {&name: flow}}).to_string());
    }
    project
}

/// The files that have errors, with the summaries of those.
fn refused(project: &Project) -> BTreeMap<usize, BTreeSet<String>> {
    let run = project.run("validate --json");
    let mut refused: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for diagnostic in run.json()["diagnostics"].as_array().expect("diagnostics") {
        // A short network name is taken with a warning, as the original's manual has it; the warning says that the job is refused.
        if diagnostic["severity"] != "error" && diagnostic["summary"] != "Short network name" {
            continue;
        }
        let file =
            diagnostic["range"]["filename"].as_str().unwrap_or_else(|| panic!("a place: {diagnostic}"));
        let index = file.trim_start_matches('f').split('.').next().and_then(|number| number.parse().ok());
        let summary = diagnostic["summary"].as_str().expect("a summary").to_owned();
        refused.entry(index.unwrap_or_else(|| panic!("{diagnostic}"))).or_default().insert(summary);
    }
    refused
}

/// What is submitted for a published version: everything but what only a run knows.
fn job_of(project: &Project, name: &str) -> Value {
    let current = project.current(name).unwrap_or_else(|| panic!("{name} is published"));
    current["start"]["custom_job"].clone()
}

#[test]
fn what_passes_validate_and_plan_is_taken_when_it_is_submitted() {
    let corpus = corpus();
    assert!(corpus.len() >= 500, "{} specs", corpus.len());
    let all: Vec<(&String, &Value)> = corpus.iter().collect();
    let refused = refused(&project(&all));
    let passed: Vec<(&String, &Value)> = all
        .iter()
        .enumerate()
        .filter(|(index, _)| !refused.contains_key(index))
        .map(|(_, spec)| *spec)
        .collect();
    assert!(
        refused.len() >= 300 && passed.len() >= 100,
        "{} refused, {} passed",
        refused.len(),
        passed.len()
    );

    let project = project(&passed);
    project.apply();
    let server = Vertex::start(100_000);
    let mut wrong = Vec::new();
    for (index, (what, _)) in passed.iter().enumerate() {
        if let Err(why) = server.submit(&job_of(&project, &format!("f{index:04}"))) {
            wrong.push(format!("{what}\n    {why}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} specs pass a plan and are refused at submit:\n{}",
        wrong.len(),
        wrong.join("\n")
    );

    // The other way round: what is refused although the service takes it has a reason of ours.
    let mut strict: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (index, summaries) in &refused {
        let (what, spec) = all[*index];
        if server.submit(&as_written(spec)).is_ok() {
            strict.entry(summaries.iter().cloned().collect::<Vec<_>>().join(", ")).or_default().push(what);
        }
    }
    let reasons: Vec<&str> = strict.keys().map(String::as_str).collect();
    assert_eq!(reasons, STRICTER, "{strict:#?}");
}

/// Why run configs are refused that the parser itself would take: it reads a list as an empty object, a number as a word of an
/// enumeration, and any of two spellings.
const STRICTER: &[&str] = &[
    "Empty text",
    "Field written twice",
    "Missing field",
    // Those that every run adds count, too.
    "Too many variables",
    "Unsuitable value",
    "Variable without a value",
    "Wrong type",
];

/// The job that the original's agent would make of a run config, in as far as the service could refuse it.
fn as_written(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let mut take = |name: &str| spec.as_object_mut().and_then(|fields| fields.remove(name));
    let mut job = take("custom_job").filter(Value::is_object).unwrap_or_else(|| json!({}));
    let env = take("env").unwrap_or_default();
    let env: Vec<Value> = match &env {
        Value::Object(env) => env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect(),
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    };
    let (image, machine) =
        (take("image").unwrap_or_default(), take("machine_type").unwrap_or(json!("e2-standard-4")));
    let image = if image.is_null() { json!("prefecthq/prefect:1.4.1") } else { image };
    let under = if job.get("jobSpec").is_some() { "jobSpec" } else { "job_spec" };
    let mut whole = job.get(under).cloned().unwrap_or_default();
    if let (Some(whole), Some(own)) = (whole.as_object_mut(), spec.as_object()) {
        whole.extend(own.clone());
    } else if whole.is_null() {
        whole = spec;
    }
    if whole.is_object() {
        if whole.get("worker_pool_specs").is_none_or(Value::is_null) {
            whole["worker_pool_specs"] =
                json!([{"machine_spec": {"machine_type": machine}, "replica_count": 1}]);
        }
        if let Some(Value::Object(pool)) = whole.pointer_mut("/worker_pool_specs/0") {
            pool.insert("container_spec".into(), json!({"image_uri": image, "env": env}));
        }
    }
    job[under] = whole;
    if job.get("displayName").is_none() && job.get("display_name").is_none_or(Value::is_null) {
        job["display_name"] = json!("x");
    }
    job
}
