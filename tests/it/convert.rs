//! The original's JSON becomes a configuration that plans to the same thing.

use std::collections::BTreeMap;
use std::path::Path;

use flowform::config::decode;
use flowform::config::files::Files;
use flowform::conformance::differences;
use flowform::convert::{Converted, Input, Options, convert};
use flowform::desired::data::NoData;
use flowform::desired::{Inputs, NothingKnown, evaluate, settings};
use flowform::diag::{Diagnostics, Severity};
use flowform::flow::check::CHECKS;
use flowform::source::SourceMap;
use flowform::{graph, syntax};
use serde_json::{Value, json};

use crate::support::{Project, snapshot};

/// The definitions of a configuration by flow name. What is only a check's is ignored: a recorded run config need not be
/// a wise one. `strict` says of which flows more is wrong.
fn definitions_and(text: &str, strict: &mut BTreeMap<String, Vec<String>>) -> BTreeMap<String, Value> {
    let mut diags = Diagnostics::new();
    let file = SourceMap::default().add("main.hcl", text);
    let body = syntax::parse(file, text, &mut diags);
    let config = decode(vec![body], &mut diags);
    let graph = graph::build(&config, &mut diags);
    let files = Files::kept(BTreeMap::new());
    let mut settings = settings(&config, &BTreeMap::new(), &files, &mut diags);
    settings.ignored_checks = CHECKS.iter().map(|check| check.name).collect();
    let inputs = Inputs {
        config: &config,
        graph: &graph,
        variables: &BTreeMap::new(),
        environment: &files,
        data: &NoData,
        settings: &settings,
        tolerant: false,
    };
    let evaluation = evaluate(inputs, &NothingKnown, &mut diags);
    for error in diags.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        let address = error.address.clone().unwrap_or_default();
        let flow = evaluation.flows.iter().find(|flow| flow.address.to_string() == address);
        let name = flow.map_or(address.clone(), |flow| flow.name.clone());
        strict.entry(name).or_default().push(format!("{}: {}", error.summary, error.detail));
    }
    let known = evaluation.flows.iter().map(|flow| {
        let known = flow.known.as_ref().expect("everything is known");
        (flow.name.clone(), serde_json::from_str(known.json.get()).expect("a definition is JSON"))
    });
    known.collect()
}

/// The definitions of a configuration in which nothing is wrong.
fn definitions(text: &str) -> BTreeMap<String, Value> {
    let mut strict = BTreeMap::new();
    let definitions = definitions_and(text, &mut strict);
    assert_eq!(strict, BTreeMap::new(), "{text}");
    definitions
}

fn converted(json: &Value, group: bool) -> Converted {
    let text = json.to_string();
    convert(&[Input { name: "flows.json", text: &text }], Options { group, hosts: &[] })
}

/// Every recorded run config that the original can serialize, as a flow.
fn recorded() -> Vec<Value> {
    let mut flows = Vec::new();
    for file in ["run_config", "ecs", "kubernetes", "vertex", "docker", "local"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/{file}.jsonl"));
        let text = std::fs::read_to_string(path).expect("the recorded cases are in the repository");
        for line in text.lines() {
            let case: Value =
                serde_json::from_str(&line.replace("{{files}}", "/files")).expect("a case is JSON");
            let run_config = &case["expected"]["run_config"]["serialized"];
            if run_config.is_object() {
                let storage = json!({"type": "Module", "module": "flows", "flows": {}, "secrets": []});
                flows.push(json!({"name": case["id"], "run_config": run_config, "storage": storage}));
            }
        }
    }
    flows
}

/// A serialized run config as docs/compatibility.md says that it is held.
fn held(run_config: &Value) -> Value {
    let mut held = run_config.clone();
    let fields = held.as_object_mut().expect("a run config is an object");
    if let Some(env) = fields["env"].as_object_mut() {
        env.retain(|_, value| !(value.is_null() || value.is_array() || value.is_object()));
        for value in env.values_mut() {
            match value.clone() {
                Value::Bool(true) => *value = "True".into(),
                Value::Bool(false) => *value = "False".into(),
                Value::Number(number) if number.is_f64() => {
                    *value = format!("{:?}", number.as_f64().unwrap()).into();
                }
                Value::Number(number) => *value = number.to_string().into(),
                _ => {}
            }
        }
    }
    let as_text = ["cpu", "memory", "cpu_limit", "cpu_request", "memory_limit", "memory_request"];
    for (name, value) in fields.iter_mut() {
        if value == "" && !as_text.contains(&name.as_str()) {
            *value = Value::Null;
        }
    }
    for name in ["job_template_path", "task_definition_path"] {
        let unreadable = |path: &str| {
            path.starts_with("ftp://") || path.starts_with("agent://") && !path.starts_with("agent:///")
        };
        if fields.get(name).and_then(Value::as_str).is_some_and(unreadable) {
            fields[name] = Value::Null;
        }
    }
    match fields["type"].as_str().unwrap() {
        "VertexRun" => {
            if fields["machine_type"].is_null() {
                fields["machine_type"] = "e2-standard-4".into();
            }
            let pools = fields["worker_pool_specs"].as_array();
            if pools.is_some_and(|pools| pools.first().is_none_or(Value::is_null)) {
                fields["worker_pool_specs"] = Value::Null;
            }
        }
        "DockerRun" => {
            let port = |port: &Value| (1..=65535).contains(&port.as_i64().unwrap_or_default());
            if fields["ports"].as_array().is_some_and(|ports| !ports.iter().all(port)) {
                fields["ports"] = Value::Null;
            }
        }
        "ECSRun" => {
            let definition = fields["task_definition"].clone();
            if let Some(path) = definition.as_str().filter(|text| text.contains("://")) {
                fields["task_definition_path"] = path.into();
            }
            if !definition.is_object() {
                fields["task_definition"] = Value::Null;
            }
        }
        _ => {}
    }
    for place in ["/task_definition", "/run_task_kwargs/overrides"] {
        sizes_as_text(run_config.pointer(place), &mut held, place);
    }
    held
}

/// ECS takes the sizes of a task as texts.
fn sizes_as_text(recorded: Option<&Value>, held: &mut Value, place: &str) {
    for name in ["cpu", "memory"] {
        let size = recorded.and_then(|object| object.get(name)).filter(|size| size.is_number());
        if let (Some(size), Some(object)) = (size, held.pointer_mut(place)) {
            object[name] = size.to_string().into();
        }
    }
}

fn round_trip(group: bool) {
    let flows = recorded();
    assert!(flows.len() > 250, "{}", flows.len());
    let converted = converted(&Value::Array(flows.clone()), group);
    assert_eq!(converted.refused, []);
    let mut strict = BTreeMap::new();
    let definitions = definitions_and(&converted.text, &mut strict);
    assert_eq!(definitions.len(), flows.len());
    snapshot!("convert_strict", format!("{strict:#?}"));
    let mut wrong = Vec::new();
    for flow in &flows {
        let name = flow["name"].as_str().unwrap();
        // What is in error is told, and may be left out.
        if strict.contains_key(name) {
            continue;
        }
        for difference in differences(&held(&flow["run_config"]), &definitions[name]["run_config"]) {
            wrong.push(format!("{name} {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), converted.text);
}

#[test]
fn every_recorded_run_config_survives_conversion() {
    round_trip(false);
}

#[test]
fn every_recorded_run_config_survives_conversion_in_groups() {
    round_trip(true);
}

/// Rows as a server's API answers, with what belongs to their groups and to a machine.
const ROWS: &str = r#"{"data": {"flow": [
  {"name": "Load Orders", "version": 3, "archived": false, "is_schedule_active": true, "core_version": "1.4.1",
   "project": {"name": "Shop EU"},
   "run_config": {"type": "ECSRun", "cpu": "512", "env": {"RETRIES": 3, "DEBUG": true, "RATE": 2.0, "BAD": null},
     "labels": ["prod", "build-7", "Anna-MacBook-Pro.local"], "image": "", "__version__": "1.4.1",
     "task_definition": {"networkMode": "awsvpc", "cpu": 512, "memory": 1024, "containerDefinitions": [{"name": "flow", "command": ["echo", "${HOME} %{x}"]}]}},
   "storage": {"type": "S3", "bucket": "flows", "key": null, "stored_as_script": false, "client_options": null,
     "flows": {"Load Orders": "load-orders/2022-02-23t19-26-00-00-00"}, "secrets": ["AWS"], "__version__": "1.4.1"},
   "schedule": {"type": "Schedule", "clocks": [
     {"type": "CronClock", "cron": "0 6 * * *", "day_or": true, "start_date": {"dt": "2022-01-01T00:00:00", "tz": "Europe/Berlin"},
      "end_date": null, "parameter_defaults": {"full": true}, "labels": null},
     {"type": "IntervalClock", "interval": 90500000, "start_date": {"dt": "2022-01-01T00:00:00", "tz": "UTC"}, "end_date": null,
      "parameter_defaults": {}, "labels": ["slow"]}], "filters": [], "or_filters": [], "not_filters": [], "adjustments": []},
   "flow_group": {"labels": null, "run_config": null, "schedule": null, "default_parameters": {"region": "eu"}}},
  {"name": "Load Orders", "version": 2, "archived": true, "project": {"name": "Shop EU"}, "run_config": null, "storage": null},
  {"name": "report", "version": 1, "archived": false, "is_schedule_active": true, "project": {"name": "Shop EU"},
   "run_config": "{\"type\": \"LocalRun\", \"working_dir\": \"/home/anna/work\", \"labels\": [\"own\"]}",
   "storage": {"type": "S3", "bucket": "flows", "key": "report.py", "stored_as_script": true, "flows": {"report": "report.py"}},
   "schedule": {"clocks": [{"type": "CronClock", "cron": "0 1 * * *"}]},
   "flow_group": {"labels": ["group"], "run_config": {"type": "UniversalRun", "env": null, "labels": ["unused"]},
     "schedule": {"clocks": [{"type": "DatesClock", "dates": [{"dt": "2030-01-31T06:00:00", "tz": "UTC"}]}]}, "default_parameters": {}}},
  {"name": "old", "version": 1, "archived": false, "is_schedule_active": false, "project": {"name": "Shop EU"}, "run_config": null,
   "environment": {"type": "LocalEnvironment", "labels": ["env"]},
   "storage": {"type": "Local", "directory": "/home/anna/.prefect/flows", "path": "pkg.flows:old", "flows": {"old": "pkg.flows:old"}},
   "schedule": {"clocks": [{"type": "CronClock", "cron": "0 2 * * *"}]}}
]}}"#;

#[test]
fn rows_of_a_server_become_a_configuration_with_the_settings_that_win() {
    let project = Project::empty();
    project.write("rows.json", ROWS);
    for (options, snapshot) in [("", "convert_rows"), ("--group ", "convert_rows_group")] {
        let run = project.run(&format!("convert {options}--host build-7 rows.json")).succeeds();
        snapshot!(snapshot, run.all());
        project.write("main.hcl", run.raw());
        assert_eq!(project.run("fmt --check main.hcl").succeeds().stdout, "", "it is in the one style");
        project.run("validate").succeeds();
        let definitions = definitions(run.raw());
        let orders = &definitions["Load Orders"];
        assert_eq!(orders["run_config"]["env"], json!({"RETRIES": "3", "DEBUG": "True", "RATE": "2.0"}));
        assert_eq!(orders["run_config"]["labels"], json!(["prod"]));
        assert_eq!(
            orders["run_config"]["task_definition"]["containerDefinitions"][0]["command"][1],
            "${HOME} %{x}"
        );
        assert_eq!(orders["storage"]["key"], "load-orders/2022-02-23t19-26-00-00-00");
        assert_eq!(orders["storage"]["secrets"], json!(["AWS"]));
        assert_eq!(orders["parameters"], json!({"region": "eu"}));
        let clocks = orders["schedules"].as_array().unwrap();
        assert_eq!(clocks.len(), 2);
        let cron = clocks.iter().find(|clock| clock["type"] == "CronClock").unwrap();
        assert_eq!(cron["start_date"], json!({"dt": "2022-01-01T00:00:00", "tz": "Europe/Berlin"}));
        assert_eq!(cron["parameter_defaults"], json!({"full": true}));
        let interval = clocks.iter().find(|clock| clock["type"] == "IntervalClock").unwrap();
        assert_eq!((&interval["interval"], &interval["labels"]), (&json!(90_500_000), &json!(["slow"])));
        let report = &definitions["report"];
        assert_eq!(
            (&report["run_config"]["type"], &report["run_config"]["labels"]),
            (&json!("UniversalRun"), &json!(["group"]))
        );
        assert_eq!(report["schedules"][0]["type"], "DatesClock");
        assert_eq!(definitions["old"]["run_config"]["labels"], json!(["env"]));
        assert_eq!(definitions["old"]["schedules"], json!([]));
    }
}

#[test]
fn hundreds_of_flows_become_one_block_with_shared_run_configs() {
    let flows: Vec<Value> = (0..300)
        .map(|n| {
            json!({
                "name": format!("flow {n}"),
                "run_config": {"type": "KubernetesRun", "image": format!("reg.io/etl:{}", n % 3), "labels": ["k8s"]},
                "storage": {"type": "GitHub", "repo": "org/flows", "path": format!("flows/{n}.py"), "ref": "main", "flows": {}},
            })
        })
        .collect();
    let built = json!({"version": 1, "flows": flows});
    let converted = converted(&built, true);
    assert_eq!((converted.refused.len(), converted.notes.len()), (0, 0));
    let count = |what: &str| converted.text.lines().filter(|line| line.starts_with(what)).count();
    assert_eq!((count("flow \""), count("storage \""), count("run_config \"")), (1, 1, 3));
    let definitions = definitions(&converted.text);
    assert_eq!(definitions.len(), 300);
    assert_eq!(definitions["flow 7"]["run_config"]["image"], "reg.io/etl:1");
    assert_eq!(definitions["flow 7"]["storage"]["path"], "flows/7.py");
    assert_eq!(definitions["flow 7"]["storage"]["ref"], "main");
}

#[test]
fn every_recorded_storage_with_a_fixed_place_survives_conversion() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/storage.jsonl");
    let text = std::fs::read_to_string(path).expect("the recorded cases are in the repository");
    let mut compared = 0;
    for line in text.lines() {
        let case: Value =
            serde_json::from_str(&line.replace("{{home}}", "/home/recorder")).expect("a case is JSON");
        let serialized = &case["expected"]["storage"]["serialized"];
        let Some(name) = case["input"]["add_flow"].as_str().filter(|_| serialized.is_object()) else {
            continue;
        };
        let converted = converted(&json!([{"name": name, "storage": serialized, "run_config": null}]), false);
        assert_eq!(converted.refused, []);
        if converted.notes.iter().any(|note| note.text.contains("write ")) {
            continue;
        }
        let definition = &definitions(&converted.text)[name];
        let mut expected = serialized.clone();
        // Places made from the time are written, and a directory of the registering machine is not.
        for (name, value) in expected.as_object_mut().unwrap() {
            if matches!(name.as_str(), "key" | "path") && value.is_null() && serialized["type"] != "Docker" {
                *value = definition["storage"][name].clone();
            }
        }
        if serialized["type"] == "Local" {
            expected.as_object_mut().unwrap().remove("directory");
        }
        assert_eq!(differences(&expected, &definition["storage"]), [], "{}", case["id"]);
        compared += 1;
    }
    assert!(compared >= 9, "{compared}");
}

#[test]
fn what_is_no_run_config_and_no_flow_is_refused_by_name() {
    let project = Project::empty();
    project.write("a.json", "{\"type\": \"ECSRun\", \"cpu\": 5}");
    project.write("b.json", "[1]");
    project.write("c.json", "{");
    project.write("d.json", "{\"type\": \"CustomRun\"}");
    project.write("e.json", "[]");
    project.write("broken.json", "[{\"name\": \"etl\", \"run_config\": \"{\\\"type\\\": \"}]");
    project.write(
        "odd.json",
        "[{\"name\": \"odd\", \"run_config\": null, \"storage\": \"S3\", \"schedule\": {\"cron\": \"0 6 * * *\"}}]",
    );
    project.write("ok.json", "{\"type\": \"DockerRun\", \"image\": \"etl:1\", \"ports\": [80]}");
    let run = project
        .run("convert a.json b.json c.json d.json e.json broken.json odd.json gone.json ok.json")
        .exits(1);
    snapshot!("convert_refused", run.all());
}

/// A project of Python files as teams have it: several flows, run configs with a template of their own, one file that does not load.
const PROJECT: &[(&str, &str)] = &[
    (
        "flows/orders.py",
        r#"
from prefect import Flow, Parameter, task
from prefect.run_configs import ECSRun, KubernetesRun
from prefect.schedules import CronSchedule
from prefect.storage import GitHub, Local, S3

@task
def load(region):
    return region

with Flow("Load Orders", schedule=CronSchedule("0 6 * * 1-5")) as orders:
    load(Parameter("region", default="eu"))
orders.storage = S3("flows", key="orders.py", stored_as_script=True, labels=["aws"])
orders.run_config = ECSRun(task_definition_path="templates/task.yaml", cpu=512, memory="1 GB", labels=["prod"], env={"N": 2.0})

with Flow("Train") as train:
    load("us")
train.storage = GitHub("org/flows", "train.py", ref="main")
train.run_config = KubernetesRun(job_template_path="templates/job.yaml", cpu_limit=2.0, image_pull_policy="Always")
"#,
    ),
    (
        "flows/sub/plain.py",
        "from prefect import Flow\nfrom prefect.storage import Local\nflow = Flow('Plain', storage=Local(path='pkg.flows:plain'))\n",
    ),
    ("flows/broken.py", "import a_package_that_is_not_installed\n"),
    ("flows/ended.py", "import sys\nprint('nothing to do')\nsys.exit('no credentials here')\n"),
    // Modules beside a file, of one name in two directories.
    ("flows/sub/helper.py", "NAME = 'Helped'\n"),
    ("flows/other/helper.py", "NAME = 'Plain'\n"),
    (
        "flows/sub/with_helper.py",
        "import helper\nfrom prefect import Flow\nfrom prefect.storage import Local\n\
         flow = Flow(helper.NAME, storage=Local(path='pkg.flows:helped'))\nagain = flow\n",
    ),
    (
        "flows/other/twin.py",
        "import helper\nfrom prefect import Flow\nfrom prefect.storage import Local\n\
         flow = Flow(helper.NAME, storage=Local(path='pkg.flows:other'))\n",
    ),
    (
        "templates/task.yaml",
        "cpu: 1024\nmemory: 2048\nnetworkMode: awsvpc\ncontainerDefinitions:\n  - name: flow\n    essential: yes\n",
    ),
    (
        "templates/job.yaml",
        "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {containers: [{name: flow}]}}}\n",
    ),
];

#[test]
fn a_project_of_python_files_is_exported_without_being_built_and_converted() {
    let project = Project::empty();
    for (name, text) in PROJECT {
        project.write(name, text);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export_flows.py");
    let output = std::process::Command::new(crate::runtime::python())
        .arg(script)
        .arg("flows")
        .current_dir(project.path())
        .env("HOME", project.path())
        .output()
        .expect("the exporter can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "a file that does not load is told: {told}");
    assert!(told.contains("broken.py: ModuleNotFoundError"), "{told}");
    assert!(told.contains("ended.py: SystemExit: no credentials here"), "{told}");
    assert!(
        told.contains(
            "flows/sub/plain.py: a flow 'Plain' is in flows/other/twin.py already; this one is left out"
        ),
        "{told}"
    );
    assert!(!project.path().join(".prefect/flows/load-orders").exists(), "nothing is built");

    project.write("flows.json", &String::from_utf8_lossy(&output.stdout));
    let run = project.run("convert flows.json").succeeds();
    project.write("main.hcl", run.raw());
    project.run("validate").succeeds();
    let definitions = definitions(run.raw());
    assert_eq!(definitions.keys().collect::<Vec<_>>(), ["Helped", "Load Orders", "Plain", "Train"]);
    let orders = &definitions["Load Orders"];
    assert_eq!(orders["run_config"]["labels"], json!(["aws", "prod"]));
    assert_eq!(
        (&orders["run_config"]["cpu"], &orders["run_config"]["env"]),
        (&json!("512"), &json!({"N": "2.0"}))
    );
    assert_eq!(
        orders["run_config"]["task_definition"],
        json!({
            "cpu": "1024",
            "memory": "2048",
            "networkMode": "awsvpc",
            "containerDefinitions": [{"name": "flow", "essential": true}],
        })
    );
    assert_eq!(orders["schedules"][0]["cron"], "0 6 * * 1-5");
    assert_eq!(orders["storage"]["flows"], json!({"Load Orders": "orders.py"}));
    assert_eq!(definitions["Train"]["run_config"]["cpu_limit"], "2.0");
    assert_eq!(definitions["Train"]["run_config"]["job_template"]["kind"], "Job");
    let plain = &definitions["Plain"];
    assert_eq!(
        (&plain["run_config"]["type"], &plain["run_config"]["labels"]),
        (&json!("UniversalRun"), &json!([]))
    );
}
