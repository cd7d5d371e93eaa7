//! What the original's agent of a given kind would hand to its backend for one flow run, with where each value came from.
//! What only a running agent knows - its directory, its host, fresh identifiers - stands as a named hole.
//!
//! Where a value came from is found by leaving out one input after the other, and by changing it: a value that is another
//! one then came from that input.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::mapping::without_apostrophes;
use super::origin::{Origin, Origins};
use super::run::{Flow, FlowRun};
use super::{docker, ecs, kubernetes, local, vertex};
use crate::flow::agent::{
    DockerAgent, EcsAgent, KubernetesAgent, LocalAgent, Settings, Surroundings, VertexAgent,
};
use crate::flow::kind::AgentKind;
use crate::flow::location::Place;
use crate::flow::original::OriginalError;

/// A run to render, and the agent that takes it.
#[derive(Clone, Copy, Debug)]
pub struct PerRun<'a> {
    /// The run's id.
    pub run_id: &'a str,
    /// The flow's name.
    pub flow: &'a str,
    /// The version of the original's package.
    pub core_version: &'a str,
    /// The serialized run config.
    pub run_config: &'a Json,
    /// The serialized storage.
    pub storage: &'a Json,
    /// The kind of the agent.
    pub kind: AgentKind,
    /// The agent's options, labels among them.
    pub options: &'a Json,
    /// The documents that the options name, by path.
    pub documents: &'a BTreeMap<String, Json>,
}

/// Who decided on a value, and by which argument.
type From = (Origin, Option<String>);

/// What stands for what only a running agent knows.
fn hole(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// What is handed to the backend, by what it is: `job`, `run_task`, `custom_job`, `container`, `process`.
///
/// # Errors
/// What the original raises for these inputs.
pub fn render(run: &PerRun<'_>) -> Result<Json, OriginalError> {
    let settings = settings(run.options);
    let none = BTreeMap::new();
    let read = |place: &Place<'_>| match place {
        Place::File(path) if run.documents.contains_key(*path) => {
            Ok(run.documents.get(*path).map(Json::to_string))
        }
        Place::File(path) | Place::Http(path) => Err(elsewhere(path)),
        Place::S3 { bucket, key } | Place::Gcs { bucket, key } => Err(elsewhere(&format!("{bucket}/{key}"))),
    };
    let (cwd, host, python, subnet, project) = (
        hole("agent_directory"),
        hole("agent_host"),
        hole("agent_python"),
        hole("default_subnets"),
        hole("agent_project"),
    );
    let surroundings = Surroundings {
        settings: &settings,
        process_env: &none,
        cwd: &cwd,
        hostname: &host,
        python: &python,
        exists: &|_| true,
        read: &read,
        default_subnets: &|| Ok(vec![subnet.clone()]),
        google_project: Some(&project),
    };
    let (flow_id, run_name) = (hole("flow_id"), hole("run_name"));
    let flow = Flow {
        id: &flow_id,
        name: run.flow,
        version: 1,
        core_version: Some(run.core_version),
        storage: run.storage,
    };
    let flow_run = FlowRun { id: run.run_id, name: &run_name, flow, run_config: Some(run.run_config) };
    handed(run, &flow_run, &surroundings)
}

/// The settings of the agent's machine that its block says; the key stays a reference.
fn settings(options: &Json) -> Settings {
    let text = |name: &str| options.get(name).and_then(Json::as_str).map(str::to_owned);
    let defaults = Settings::default();
    Settings {
        backend: text("backend").unwrap_or(defaults.backend),
        api: text("api").unwrap_or(defaults.api),
        api_key: text("api_key").map(|reference| hole(&reference)),
        tenant_id: text("tenant_id"),
        ..Settings::default()
    }
}

/// The options that the original's agents are constructed with.
fn constructor(options: &Json) -> Json {
    let own = |name: &str| AgentKind::own_fields().iter().any(|field| field.name == name);
    let entries = options.as_object().into_iter().flatten().filter(|(name, _)| !own(name));
    entries.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

fn elsewhere(place: &str) -> OriginalError {
    OriginalError::value_error(format!("{place} is read by the agent when it starts the run, and not before"))
}

fn handed(
    run: &PerRun<'_>,
    flow_run: &FlowRun<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<Json, OriginalError> {
    let options = &constructor(run.options);
    Ok(match run.kind {
        AgentKind::Local => {
            let agent = LocalAgent::from_options(options, surroundings)?;
            let process = local::render(flow_run, &agent, surroundings)?;
            json!({ "process": { "command": process.command, "cwd": process.cwd, "env": process.env } })
        }
        AgentKind::Docker => {
            let agent = DockerAgent::from_options(options, surroundings)?;
            let rendered = docker::render(flow_run, &agent, surroundings, ENGINE)?;
            let container = rendered.container?;
            json!({
                "pull": rendered.pull,
                "volumes": rendered.named_volumes,
                "name": container.name,
                "container": docker::container_body(&container),
                "networks": rendered.connect_networks,
            })
        }
        AgentKind::Kubernetes => {
            let agent = KubernetesAgent::from_options(options, surroundings)?;
            let job = kubernetes::render(flow_run, &agent, surroundings, &hole("identifier"))?;
            json!({ "namespace": job.namespace, "job": job.job })
        }
        AgentKind::Ecs => {
            let agent = EcsAgent::from_options(options, surroundings)?;
            let (arn, nothing) = (hole("task_definition"), json!({}));
            let describe = |_: &str| Ok(nothing.clone());
            let answers = ecs::Answers { registered_arn: &arn, describe: &describe };
            let task = ecs::render(flow_run, &agent, surroundings, &answers)?;
            let mut handed = Map::new();
            if let ecs::TaskDefinition::Register(definition) = task.definition {
                handed.insert("register_task_definition".to_owned(), definition);
            }
            handed.insert("run_task".to_owned(), task.run_task?);
            Json::Object(handed)
        }
        AgentKind::Vertex => {
            let agent = VertexAgent::from_options(options, surroundings)?;
            let mut job = vertex::render(flow_run, &agent, surroundings)?;
            labels_as_json(&mut job.custom_job, options);
            json!({ "parent": job.parent, "custom_job": job.custom_job })
        }
    })
}

/// Writes the agent's labels, which the original prints as Python does, as a JSON list: the API of Vertex AI refuses
/// apostrophes in a variable.
fn labels_as_json(custom_job: &mut Json, options: &Json) {
    let labels =
        options.get("labels").filter(|labels| labels.is_array()).cloned().unwrap_or_else(|| json!([]));
    let pools = custom_job.pointer_mut("/job_spec/worker_pool_specs").and_then(Json::as_array_mut);
    for pool in pools.into_iter().flatten() {
        let env = pool.pointer_mut("/container_spec/env").and_then(Json::as_array_mut);
        for variable in env.into_iter().flatten() {
            if variable.get("name").and_then(Json::as_str) == Some("PREFECT__CLOUD__AGENT__LABELS")
                && let Some(value) = variable.get_mut("value")
            {
                *value = without_apostrophes(&labels.to_string()).into();
            }
        }
    }
}

/// The engine for which host gateways are rendered: one that has them.
const ENGINE: &str = "20.10.0";

/// Where each value of what [`render`] returned came from.
pub fn origins(run: &PerRun<'_>, rendered: &Json) -> Origins {
    let wanted = leaves(rendered);
    let mut found: BTreeMap<String, From> = BTreeMap::new();
    let mut try_without = |other: &PerRun<'_>, from: From| {
        // Where the original refuses the other input, that says nothing of the values.
        let Ok(other) = render(other) else { return };
        let other = leaves(&other);
        let others: BTreeMap<&str, &Json> =
            other.iter().map(|leaf| (leaf.named.as_str(), leaf.value)).collect();
        for leaf in &wanted {
            if !found.contains_key(&leaf.pointer) && others.get(leaf.named.as_str()) != Some(&leaf.value) {
                found.insert(leaf.pointer.clone(), from.clone());
            }
        }
    };
    let run_id = format!("{}-other", run.run_id);
    try_without(&PerRun { run_id: &run_id, ..*run }, (Origin::Runtime, Some("run id".to_owned())));
    let changes: [fn(&Json) -> Option<Json>; 2] = [|_| None, another];
    for change in changes {
        for (argument, other) in variants(run.run_config, &["type", "__version__"], change) {
            let origin = match argument.as_str() {
                "job_template" | "task_definition" => Origin::Template,
                _ => Origin::RunConfig,
            };
            try_without(&PerRun { run_config: &other, ..*run }, (origin, Some(argument)));
        }
        for (option, other) in variants(run.options, &[], change) {
            try_without(&PerRun { options: &other, ..*run }, (Origin::AgentDefault, Some(option)));
        }
    }
    let storage = json!({ "type": "Module", "module": "other", "__version__": run.core_version });
    try_without(&PerRun { storage: &storage, ..*run }, (Origin::Storage, None));
    let flow = format!("{} other", run.flow);
    try_without(&PerRun { flow: &flow, ..*run }, (Origin::Flow, Some("name".to_owned())));
    for leaf in wanted {
        found.entry(leaf.pointer).or_insert((Origin::BuiltIn, None));
    }
    Origins::from(found)
}

/// The object with one of its members at a time left out (`with` gives nothing) or replaced, and so for the entries of `env`
/// and `env_vars`; each with what differs.
fn variants(object: &Json, kept: &[&str], with: impl Fn(&Json) -> Option<Json>) -> Vec<(String, Json)> {
    let mut variants = Vec::new();
    let Json::Object(entries) = object else { return variants };
    for (name, value) in
        entries.iter().filter(|(name, value)| !kept.contains(&name.as_str()) && !value.is_null())
    {
        let mut changed = entries.clone();
        if let (Json::Object(variables), "env" | "env_vars") = (value, name.as_str()) {
            for (variable, value) in variables {
                let mut others = variables.clone();
                match with(value) {
                    Some(value) => drop(others.insert(variable.clone(), value)),
                    None => drop(others.remove(variable)),
                }
                changed.insert(name.clone(), Json::Object(others));
                variants.push((format!("{name}.{variable}"), Json::Object(changed.clone())));
            }
            continue;
        }
        changed.insert(name.clone(), with(value).unwrap_or(Json::Null));
        variants.push((name.clone(), Json::Object(changed)));
    }
    variants
}

/// Another value of the same type: what is written and equals a default is told so.
fn another(value: &Json) -> Option<Json> {
    match value {
        Json::String(text) => Some(format!("{text}-other").into()),
        Json::Number(number) => number.as_i64().and_then(|number| number.checked_add(1)).map(Json::from),
        Json::Bool(value) => Some((!value).into()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A value that has no parts.
struct Leaf<'a> {
    pointer: String,
    /// The pointer with the names of variables in place of their indices, which shift when one is left out.
    named: String,
    value: &'a Json,
}

fn leaves(value: &Json) -> Vec<Leaf<'_>> {
    fn walk<'a>(value: &'a Json, pointer: String, named: String, depth: usize, out: &mut Vec<Leaf<'a>>) {
        let escaped = |step: &str| step.replace('~', "~0").replace('/', "~1");
        match value {
            Json::Object(entries) if !entries.is_empty() && depth < MAX_DEPTH => {
                for (name, member) in entries {
                    let step = escaped(name);
                    walk(member, format!("{pointer}/{step}"), format!("{named}/{step}"), depth + 1, out);
                }
            }
            Json::Array(items) if !items.is_empty() && depth < MAX_DEPTH => {
                for (index, item) in items.iter().enumerate() {
                    let name = variable(item);
                    let step = name.map_or_else(|| index.to_string(), |name| format!("[{}]", escaped(name)));
                    walk(item, format!("{pointer}/{index}"), format!("{named}/{step}"), depth + 1, out);
                }
            }
            leaf => out.push(Leaf { pointer, named, value: leaf }),
        }
    }
    let mut out = Vec::new();
    walk(value, String::new(), String::new(), 0, &mut out);
    out
}

/// The name of a variable: it is an object with its name and its value, or a text that begins with the name. Other members of
/// lists stay what they are under another name, as the container that runs the flow does.
fn variable(item: &Json) -> Option<&str> {
    let has_value = ["value", "valueFrom"].iter().any(|field| item.get(field).is_some());
    let name = item.get("name").filter(|_| has_value).and_then(Json::as_str);
    name.or_else(|| Some(item.as_str()?.split_once('=')?.0))
}

/// What is deeper counts as one value.
const MAX_DEPTH: usize = 64;
