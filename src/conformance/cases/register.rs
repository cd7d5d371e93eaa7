//! Registers flows by the rules of the original's command line.

use serde_json::{Value as Json, json};

use super::{FILES, PREFECT_VERSION, error, reader, storage, texts};
use crate::flow::original::OriginalError;
use crate::flow::registration::{Options, Outcome, Registration, idempotency_key};
use crate::flow::run_config::{Disk, construct};

/// What is sent, and what the command line says came of it.
pub(super) fn run(input: &Json) -> Json {
    match registration(input) {
        Err(refused) => json!({ "error": error(&refused) }),
        Ok(registration) => {
            let existing = input.get("existing").filter(|existing| !existing.is_null());
            let id = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or("new-id").to_owned();
            let previous = existing.map(|existing| {
                let version = existing.get("version").and_then(Json::as_u64).unwrap_or_default();
                (id(existing.get("id")), version)
            });
            let previous = previous.as_ref().map(|(id, version)| (id.as_str(), *version));
            let outcome = Outcome::seen(previous, &id(input.get("api_returns")));
            let sent = registration.input("project-id");
            let keys: Vec<&String> = sent.keys().collect();
            let flow = &registration.serialized_flow;
            json!({
                "idempotency_key": registration.idempotency_key,
                "labels": flow.get("run_config").and_then(|run_config| run_config.get("labels")),
                "mutation_input_keys": keys,
                "registered": {
                    "flow_id": outcome.flow_id,
                    "is_new": outcome.is_new,
                    "version": outcome.version,
                },
                "serialized_flow": flow,
                "serialized_hash": idempotency_key(flow),
                "set_schedule_active": registration.set_schedule_active,
            })
        }
    }
}

fn registration(input: &Json) -> Result<Registration, OriginalError> {
    let flow = input.get("flow").unwrap_or(&Json::Null);
    let name = flow.get("name").and_then(Json::as_str).unwrap_or("my-flow");
    let module = json!({ "type": "Module", "module": "flows" });
    let storage = storage::made(flow.get("storage").unwrap_or(&module), Some(name), input)?;
    let read = reader(input);
    let run_config = match input.get("run_config").filter(|run_config| !run_config.is_null()) {
        None => None,
        Some(arguments) => Some(construct(arguments, Disk { cwd: FILES, read: &read })?),
    };
    let flag = |name: &str, default: bool| input.get(name).and_then(Json::as_bool).unwrap_or(default);
    let labels = texts(input.get("labels"));
    let options = Options { labels: &labels, force: flag("force", false), schedule: flag("schedule", true) };
    Registration::new(name, run_config, &storage, options, PREFECT_VERSION)
}
