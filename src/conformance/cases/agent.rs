//! Hands a flow run to one of the agents, in the surroundings that the recorder had.

mod docker;
mod ecs;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::super::HOME;
use super::run_config::made;
use super::{FILES, error, reader, storage};
use crate::flow::agent::{KubernetesAgent, LocalAgent, Settings, Surroundings, VertexAgent};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::local::Stdout;
use crate::flow::render::{Flow, FlowRun, kubernetes, local, vertex};
use crate::flow::run_config::{Disk, absolute};

/// The identifier that the recorder gave every Job.
const IDENTIFIER: &str = "01234567";

/// The agent, the run config and the storage that it works with, and what it hands to its backend.
pub(super) fn run(kind: AgentKind, input: &Json) -> Json {
    let settings = Settings::from_dotted(part(input, "config"));
    let process_env: BTreeMap<String, String> = match part(input, "os_env") {
        Json::Object(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), python::text(value))).collect()
        }
        _ => [("HOME", HOME), ("PATH", "/usr/bin:/bin")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    };
    let read = reader(input);
    let surroundings = Surroundings {
        settings: &settings,
        process_env: &process_env,
        cwd: FILES,
        hostname: "oracle-host",
        python: "{{python}}",
        exists: &|path| exists(input, path),
        read: &read,
        default_subnets: &|| Ok(ecs::default_subnets(input)),
        google_project: Some("my-project"),
    };

    let (run_config, serialized) = run_config(kind, input, Disk { cwd: FILES, read: &read });
    let storage = match part(input, "flow").get("storage_raw") {
        Some(raw) => Ok(raw.clone()),
        None => {
            let module = json!({ "type": "Module", "module": "flows" });
            let arguments = part(input, "flow").get("storage").unwrap_or(&module);
            storage::made(arguments, None, input).map(|storage| storage.serialized)
        }
    };
    let storage = match storage {
        Ok(storage) => storage,
        Err(refused) => return json!({ "storage": { "error": error(&refused) } }),
    };

    let stored = match part(input, "flow").get("storage_raw") {
        Some(_) => json!({ "raw": true }),
        None => json!({ "serialized": storage }),
    };
    // What is not made is not handed to an agent.
    if ["error", "serialize_error"].iter().any(|failed| run_config.get(failed).is_some()) {
        return json!({ "run_config": run_config, "storage": stored });
    }

    let of = |object: &str, name: &str, default: &str| match part(input, object).get(name) {
        None => Some(default.to_owned()),
        Some(value) => value.as_str().map(str::to_owned),
    };
    let flow_id = of("flow", "id", "11111111-1111-1111-1111-111111111111").unwrap_or_default();
    let flow_name = of("flow", "name", "my flow").unwrap_or_default();
    let core_version = of("flow", "core_version", super::PREFECT_VERSION);
    let id = of("flow_run", "id", "22222222-2222-2222-2222-222222222222").unwrap_or_default();
    let name = of("flow_run", "name", "happy-hare").unwrap_or_default();
    let run = FlowRun {
        id: &id,
        name: &name,
        flow: Flow {
            id: &flow_id,
            name: &flow_name,
            version: part(input, "flow").get("version").and_then(Json::as_u64).unwrap_or(1),
            core_version: core_version.as_deref(),
            storage: &storage,
        },
        run_config: serialized.as_ref(),
    };

    match handed(kind, input, &run, &surroundings) {
        Err(refused) => json!({ "agent": { "error": error(&refused) } }),
        Ok((agent, artifact)) => json!({
            "agent": agent,
            "artifact": artifact,
            "run_config": run_config,
            "storage": stored,
        }),
    }
}

/// The agent's options and what it hands over; an error where it does not start.
fn handed(
    kind: AgentKind,
    input: &Json,
    run: &FlowRun<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<(Json, Json), OriginalError> {
    let options = part(input, "agent");
    Ok(match kind {
        AgentKind::Local => {
            let agent = LocalAgent::from_options(options, surroundings)?;
            let artifact = local::render(run, &agent, surroundings).map(|process| {
                json!({
                    "command": process.command,
                    "cwd": process.cwd,
                    "env": process.env,
                    "stdout": match process.stdout {
                        Stdout::Null => "devnull",
                        Stdout::Inherit => "stdout",
                    },
                    "result": "PID: 1234",
                })
            });
            (json!({ "labels": agent.common.labels }), or_error(artifact))
        }
        AgentKind::Kubernetes => {
            let agent = KubernetesAgent::from_options(options, surroundings)?;
            let artifact = kubernetes::render(run, &agent, surroundings, IDENTIFIER).map(|rendered| {
                let result = format!("Job {}", rendered.name());
                json!({ "namespace": rendered.namespace, "job": rendered.job, "result": result })
            });
            let seen = json!({
                "namespace": agent.namespace,
                "service_account_name": agent.service_account_name,
                "image_pull_secrets": agent.image_pull_secrets,
                "delete_finished_jobs": agent.delete_finished_jobs,
            });
            (seen, or_error(artifact))
        }
        AgentKind::Vertex => {
            let agent = VertexAgent::from_options(options, surroundings)?;
            let artifact = vertex::render(run, &agent, surroundings).map(|rendered| {
                let created = "projects/p/locations/us-central1/customJobs/123";
                json!({
                    "parent": rendered.parent,
                    "custom_job": rendered.custom_job,
                    "result": vertex::console_url(created),
                })
            });
            let seen = json!({
                "client_options": { "api_endpoint": agent.endpoint() },
                "project": agent.project,
                "region_name": agent.region_name,
                "service_account": agent.service_account,
            });
            (seen, or_error(artifact))
        }
        AgentKind::Ecs => ecs::handed(input, run, surroundings)?,
        AgentKind::Docker => docker::handed(input, run, surroundings)?,
    })
}

fn or_error(artifact: Result<Json, OriginalError>) -> Json {
    artifact.unwrap_or_else(|refused| json!({ "error": error(&refused) }))
}

/// What is recorded of the run config, and the serialized one that the flow run carries.
fn run_config(kind: AgentKind, input: &Json, disk: Disk<'_>) -> (Json, Option<Json>) {
    if let Some(raw) = input.get("run_config_raw") {
        return (json!({ "raw": true }), Some(raw.clone()));
    }
    let Json::Object(arguments) = part(input, "run_config") else {
        return (json!({ "absent": true }), None);
    };
    let mut arguments: Map<String, Json> = arguments.clone();
    arguments.entry("type").or_insert_with(|| kind.run_config().class().into());
    let made = made(&Json::Object(arguments), disk);
    let serialized = made.get("serialized").cloned();
    (made, serialized)
}

/// Whether the recorder's working directory held the path, as a file or a directory.
fn exists(input: &Json, path: &str) -> bool {
    let path = absolute(path, FILES);
    let Some(rest) = path.strip_prefix(FILES) else { return false };
    let name = rest.trim_start_matches('/');
    let files = part(input, "files").as_object().into_iter().flatten();
    name.is_empty()
        || files.into_iter().any(|(file, _)| {
            file == name || file.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
}

/// A part of an input; null where it is not there.
fn part<'a>(input: &'a Json, name: &str) -> &'a Json {
    input.get(name).unwrap_or(&Json::Null)
}
