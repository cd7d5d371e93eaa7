//! The schema of CustomJobs against the published protobuf types: every field that is not the service's own is taken in both of
//! its spellings, and every misspelled one is told with the field that was meant.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::support::{Project, snapshot};

/// The messages, by name: their fields, as `tests/python/vertex_fields.py` prints them.
fn published() -> Map<String, Value> {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/");
    let venv = Command::new(format!("{python}venv")).output().expect("tests/python/venv runs");
    let output = Command::new(String::from_utf8(venv.stdout).expect("a path is text").trim())
        .arg(format!("{python}vertex_fields.py"))
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A field with the steps that lead to it from the job; a step into a list is that field and a zero.
struct Place {
    steps: Vec<(String, String, bool)>,
    field: Value,
}

/// Every field below a message.
fn places(messages: &Map<String, Value>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut open = vec![("CustomJob".to_owned(), Vec::new())];
    while let Some((message, above)) = open.pop() {
        for (name, field) in messages[&message].as_object().expect("fields") {
            let text = |name: &str| field[name].as_str().expect("a text").to_owned();
            let mut steps: Vec<(String, String, bool)> = above.clone();
            steps.push((name.clone(), text("camel"), field["list"] == true));
            if field["value"].is_null() && field["output"] == false {
                open.push((text("message"), steps.clone()));
            }
            places.push(Place { steps, field: field.clone() });
        }
    }
    places
}

/// The job with one field, in one spelling; `rename` changes its name.
fn job(place: &Place, is_camel: bool, rename: &dyn Fn(&str) -> String) -> Value {
    let mut value = match &place.field["value"] {
        Value::Null => json!({}),
        value => value.clone(),
    };
    for (depth, (snake, camel, is_list)) in place.steps.iter().enumerate().rev() {
        let name = if is_camel { camel } else { snake };
        let name = if depth + 1 == place.steps.len() { rename(name) } else { name.clone() };
        if *is_list {
            value = json!([value]);
        }
        value = json!({ name: value });
    }
    value
}

#[test]
fn every_field_of_the_published_types_is_taken_and_every_other_one_is_told() {
    let places = places(&published());
    assert!(places.len() >= 75, "{} fields", places.len());
    let project = Project::new(
        "flowform {\n}\nstorage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\nagent \"vertex\" \"v\" {\n}\n",
    );
    let mut cases: Vec<(&Place, bool, bool)> = Vec::new();
    for place in &places {
        for is_camel in [false, true] {
            cases.extend([(place, is_camel, false), (place, is_camel, true)]);
        }
    }
    for (index, (place, is_camel, is_misspelled)) in cases.iter().enumerate() {
        let rename = |name: &str| if *is_misspelled { format!("{name}x") } else { name.to_owned() };
        let job = job(place, *is_camel, &rename);
        let flow = json!({"storage": "${storage.module.code}", "run_config": {"vertex": {"image": "a/b:1", "custom_job": job}}});
        let name = format!("f{index:04}");
        project.write(&format!("{name}.hcl.json"), &json!({"flow": {&name: flow}}).to_string());
    }
    let run = project.run("validate --json");
    let mut told: BTreeMap<usize, BTreeSet<(String, String)>> = BTreeMap::new();
    for diagnostic in run.json()["diagnostics"].as_array().expect("diagnostics") {
        let text = |name: &str| diagnostic[name].as_str().unwrap_or_default().to_owned();
        let file =
            diagnostic["range"]["filename"].as_str().unwrap_or_else(|| panic!("a place: {diagnostic}"));
        let index = file.trim_start_matches('f').split('.').next().and_then(|number| number.parse().ok());
        told.entry(index.expect("a file of a case")).or_default().insert((text("summary"), text("help")));
    }
    let nothing = BTreeSet::new();
    for (index, (place, is_camel, is_misspelled)) in cases.iter().enumerate() {
        let told = told.get(&index).unwrap_or(&nothing);
        let (snake, camel, _) = place.steps.last().expect("a field");
        let written = if *is_camel { camel } else { snake };
        let path: Vec<&str> = place.steps.iter().map(|(snake, ..)| snake.as_str()).collect();
        let what = format!("{} written `{written}`: {told:#?}", path.join("."));
        let says = |summary: &str| told.iter().any(|(found, _)| found == summary);
        match (is_misspelled, place.field["output"] == true) {
            (false, true) => assert!(says("Field that the backend sets"), "{what}"),
            (false, false) => {
                for summary in ["Unknown field", "Wrong type", "Unknown value", "Unsuitable value"] {
                    assert!(!says(summary), "{what}");
                }
            }
            (true, is_output) => {
                assert!(says("Unknown field"), "{what}");
                let help = format!("did you mean `{written}`?");
                assert!(is_output || told.contains(&("Unknown field".to_owned(), help)), "{what}");
            }
        }
    }
}

/// `custom_job` may be a whole job: what the run config has arguments for becomes those, the rest stands beside it.
#[test]
fn a_whole_job_is_split_between_the_run_config_and_what_it_has_no_place_for() {
    let project = Project::new("");
    let write = |run_config: &str| {
        project.write(
            "main.hcl",
            &format!(
                "flowform {{\n  project = \"shop\"\n}}\nflow \"etl\" {{\n  runtime = \"command\"\n  command = [\"true\"]\n  run_config \"vertex\" {{\n{run_config}  }}\n}}\n"
            ),
        );
    };
    let whole = "    image = \"a/b:1\"\n    custom_job = {\n      displayName = \"nightly\"\n      labels = { team = \"shop\" }\n      jobSpec = {\n        \
                 enableWebAccess = true\n        serviceAccount = \"runner@p-1.iam.gserviceaccount.com\"\n        scheduling = { timeout = \"60s\" }\n        \
                 workerPoolSpecs = [{ machineSpec = { machineType = \"n1-standard-4\" } }]\n      }\n    }\n";
    write(whole);
    let rendered = project.run("render flow.etl --format json").succeeds().json();
    let config = &rendered["run_config"];
    assert_eq!(config["service_account"], "runner@p-1.iam.gserviceaccount.com");
    assert_eq!(config["scheduling"], json!({"timeout": "60s"}));
    assert_eq!(config["worker_pool_specs"][0]["machine_spec"]["machine_type"], "n1-standard-4");
    assert!(config.get("custom_job").is_none(), "{config}");
    let job = &rendered["start"]["custom_job"];
    assert_eq!(job["display_name"], "nightly");
    assert_eq!(job["labels"]["team"], "shop");
    assert_eq!(job["job_spec"]["enable_web_access"], true);
    assert_eq!(job["job_spec"]["scheduling"], json!({"timeout": "60s"}));
    assert_eq!(job["labels"]["flowform_version"], "{{version}}");
    assert_eq!(rendered["start"]["holes"]["version"][0], json!(["custom_job", "labels", "flowform_version"]));

    // The same said in two places, and mistakes in their own place.
    write(&format!("    service_account = \"other@p-1.iam.gserviceaccount.com\"\n{whole}"));
    let mut told = project.run("validate").fails().all();
    write(
        &whole
            .replace("n1-standard-4", "N1 standard")
            .replace("60s", "-60s")
            .replace("displayName", "displyName"),
    );
    told += &project.run("validate").fails().all();
    snapshot!("vertex_custom_job", told);
}
