//! The runtime `prefect_server` with the original's package as published: a process started as the published document says reports to
//! the server that the agent's block names. The flow run exists there already, else the run is refused.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::runtime::start_as;
use crate::support::Project;

/// The flow run that the server knows.
const KNOWN: &str = "5c1f2b1e-0001-4000-8000-000000000001";
/// A flow run that it does not know.
const UNKNOWN: &str = "5c1f2b1e-0002-4000-8000-000000000002";
/// The key that it wants.
const KEY: &str = "key-of-the-test";
/// The tenant of that key.
const TENANT: &str = "8c0b2b1e-0001-4000-8000-000000000009";

/// As much of the original's API as one flow run asks for. Whatever else is asked, or by whom, is an error.
struct Server {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    storage: Value,
    /// Each operation asked for, in order.
    operations: Vec<String>,
    /// The types of the states that the flow run was set to.
    states: Vec<String>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let server = Arc::clone(&seen);
        // It ends with the test's process: a test has one.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &server);
            }
        });
        Self { address, seen }
    }

    fn knows(&self, storage: Value) {
        self.seen.lock().expect("no test panicked").storage = storage;
    }

    fn operations(&self) -> Vec<String> {
        self.seen.lock().expect("no test panicked").operations.clone()
    }

    fn states(&self) -> Vec<String> {
        self.seen.lock().expect("no test panicked").states.clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream can be cloned"));
    let (mut length, mut authorization, mut tenant) = (0, String::new(), String::new());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a length"),
            "authorization" => value.trim().clone_into(&mut authorization),
            "x-prefect-tenant-id" => value.trim().clone_into(&mut tenant),
            _ => {}
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let (status, answer) = if authorization != format!("Bearer {KEY}") || tenant != TENANT {
        (401, json!({ "errors": [{ "message": "AuthenticationError: Forbidden" }] }))
    } else {
        (200, answer(&serde_json::from_slice(&body).expect("the client sends JSON"), seen))
    };
    let text = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
}

fn answer(request: &Value, seen: &Mutex<Seen>) -> Value {
    let mut seen = seen.lock().expect("no test panicked");
    let query = request["query"].as_str().expect("a query");
    let variables: Value = match &request["variables"] {
        Value::String(text) => serde_json::from_str(text).expect("JSON"),
        other => other.clone(),
    };
    let inner = query.split_once('{').map_or("", |(_, inner)| inner).trim_start();
    let operation: String = inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    seen.operations.push(operation.clone());
    let known = query.contains(KNOWN);
    let set = |what: &str| {
        let states = variables["input"]["states"].as_array().expect("states").iter();
        let states: Vec<Value> =
            states.map(|state| json!({ "id": state[what], "status": "SUCCESS", "message": null })).collect();
        json!({ "states": states })
    };
    let data = match operation.as_str() {
        "flow_run" if known => json!([{
            "flow": { "name": "etl", "storage": seen.storage, "run_config": null },
            "version": 1,
        }]),
        "flow_run" => json!([]),
        "flow_run_by_pk" if query.contains("settings") => {
            json!({ "flow": { "settings": { "heartbeat_enabled": false } } })
        }
        "flow_run_by_pk" if known => json!({
            "id": KNOWN,
            "name": "brave-otter",
            "flow_id": "flow-1",
            "parameters": { "limit": 40 },
            "context": {},
            "version": 1,
            "scheduled_start_time": "2026-01-01T00:00:00Z",
            "serialized_state": null,
            "task_runs": [],
            "flow": { "project": { "name": "shop", "id": "project-1" } },
        }),
        "set_flow_run_states" => {
            let state =
                variables["input"]["states"][0]["state"]["type"].as_str().expect("a state").to_owned();
            seen.states.push(state);
            set("flow_run_id")
        }
        "get_or_create_task_run_info" => {
            json!({ "id": "task-run-1", "version": 1, "serialized_state": null })
        }
        "set_task_run_states" => set("task_run_id"),
        "update_flow_run_heartbeat" | "write_run_logs" => json!({ "success": true }),
        other => return json!({ "errors": [{ "message": format!("no operation {other} in {query}") }] }),
    };
    json!({ "data": { operation: data } })
}

const FLOWS: &str = r#"
import json

from prefect import Flow, Parameter, task


@task
def write(limit):
    with open("said.json", "w") as file:
        json.dump({"limit": limit}, file)


with Flow("etl") as flow:
    write(Parameter("limit", default=1))
"#;

/// A flow whose runs report to the server, and the agent that knows it.
fn project(server: &Server) -> Project {
    let project = Project::empty();
    project.write("work/flows.py", FLOWS);
    let work = project.path().join("work").display().to_string();
    project.write(
        "main.hcl",
        &format!(
            r#"
flowform {{
  project = "shop"
}}

storage "local" "code" {{
  path             = "{work}/flows.py"
  stored_as_script = true
}}

agent "local" "eu" {{
  labels    = ["eu"]
  api       = "{api}"
  api_key   = "env:SHOP_API_KEY"
  tenant_id = "{TENANT}"
}}

flow "etl" {{
  runtime    = "prefect_server"
  storage    = storage.local.code
  labels     = ["eu"]
  parameters = {{ limit = 10 }}
  run_config "local" {{
    working_dir = "{work}"
  }}
}}
"#,
            api = server.address,
        ),
    );
    project.apply();
    project
}

/// Starts a run as the published agent would: what it adds is what its block says, the key by its reference.
fn start(project: &Project, run_id: &str, key: &str) -> Output {
    let document = project.current("etl").expect("the flow is published");
    let agents =
        std::fs::read(project.registry("shop").join("agents/main.json")).expect("agents are published");
    let agents: Value = serde_json::from_slice(&agents).expect("a published document is JSON");
    let options = &agents["agents"][0]["options"];
    assert_eq!(options["api_key"], "env:SHOP_API_KEY", "the key itself is nowhere");
    let text = |name: &str| options[name].as_str().expect("a text").to_owned();
    let agent = BTreeMap::from([
        ("PREFECT__BACKEND", "cloud".to_owned()),
        ("PREFECT__CLOUD__AGENT__LABELS", "['eu']".to_owned()),
        ("PREFECT__CLOUD__API", text("api")),
        ("PREFECT__CLOUD__API_KEY", key.to_owned()),
        ("PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "false".to_owned()),
        ("PREFECT__CLOUD__TENANT_ID", text("tenant_id")),
        ("PREFECT__CONTEXT__FLOW_ID", "flow-1".to_owned()),
        ("PYTHONPATH", String::new()),
    ]);
    start_as(&document, run_id, &json!({}), &[], &agent)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_flow_run_that_exists_on_the_server_is_executed_and_reports_there() {
    let server = Server::start();
    let project = project(&server);
    server.knows(project.run("render etl --format json").succeeds().json()["storage"].clone());
    let run = start(&project, KNOWN, KEY);
    assert!(run.status.success(), "{}\n{:?}", told(&run), server.operations());
    assert_eq!(server.states(), ["Running", "Success"], "{}", told(&run));
    // A run's parameters are the server's: it made the run.
    assert_eq!(project.read("work/said.json"), "{\"limit\": 40}");
}

#[test]
fn a_flow_run_that_is_not_on_the_server_is_refused_with_that_reason() {
    let server = Server::start();
    let project = project(&server);
    let run = start(&project, UNKNOWN, KEY);
    assert_eq!(run.status.code(), Some(1), "{}", told(&run));
    assert!(told(&run).contains(&format!("Flow run {UNKNOWN} not found")), "{}", told(&run));
    assert_eq!(server.operations(), ["flow_run"], "it asks for the run and does nothing else");
    assert!(!project.path().join("work/said.json").exists(), "the flow's code did not run");
}

#[test]
fn a_server_that_knows_the_key_of_nobody_refuses_the_run() {
    let server = Server::start();
    let project = project(&server);
    let run = start(&project, KNOWN, "another-key");
    assert_eq!(run.status.code(), Some(1), "{}", told(&run));
    assert!(!told(&run).contains("another-key"), "{}", told(&run));
    assert_eq!(server.operations(), [] as [&str; 0]);
}
