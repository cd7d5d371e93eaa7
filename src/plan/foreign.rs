//! What a registry has of a project, as `data "flowform_registry"` shows it to another one. It reads nothing, and shows
//! nothing of flows that are archived or not published.

use std::collections::BTreeMap;

use flowform_provider_api::canonical_json;
use serde_json::{Map, Value as Json, json};

use super::outcomes::{Settled, settled};
use crate::registry::view::{DefinitionAt, FlowRecord, View};
use crate::value::{Value, to_json};

/// The attributes of the block. `agents` are the published ones by root; what belongs to the root `without` is left out.
pub fn attributes(view: &View, agents: &BTreeMap<String, Json>, without: Option<&str>) -> Map<String, Json> {
    let is_shown = |root: &str| Some(root) != without;
    let flows = view.flows.values().filter(|flow| flow.archived.is_none() && is_shown(&flow.root));
    let flows: Map<String, Json> =
        flows.filter_map(|record| Some((record.name.clone(), flow(view, record)?))).collect();
    let shown = agents.iter().filter(|(root, _)| is_shown(root));
    let agents: Vec<Json> = shown.flat_map(|(root, document)| agents_of(root, document)).collect();
    let outputs = view.outputs.iter().filter(|(root, _)| is_shown(root)).map(|(root, outputs)| {
        let values =
            outputs.iter().map(|(name, output)| (name.clone(), output.value.clone().unwrap_or(Json::Null)));
        (root.clone(), Json::Object(values.collect()))
    });
    let outputs = Json::Object(outputs.collect());
    [
        ("flows".to_owned(), Json::Object(flows)),
        ("agents".to_owned(), agents.into()),
        ("outputs".to_owned(), outputs),
    ]
    .into_iter()
    .collect()
}

/// A published flow, with the attributes that a reference to it has in its own configuration and some of its definition.
fn flow(view: &View, record: &FlowRecord) -> Option<Json> {
    let version = record.version(record.published?)?;
    let DefinitionAt::Inline(text) = &version.definition else {
        // An adopted version has no definition.
        return Some(json!({
            "name": record.name, "address": record.address, "root": record.root, "id": record.id.as_str(),
            "version": version.version,
        }));
    };
    let definition: Json = serde_json::from_str(text.get()).ok()?;
    let known = settled(Settled {
        flow: &record.id,
        name: &record.name,
        project: &view.project,
        registry: Some(&view.registry),
        version: version.version,
        digest: version.digest.as_ref(),
        artifacts: &version.artifacts,
        definition: text.get(),
    });
    let part = |name: &str| definition.get(name).cloned().unwrap_or(Json::Null);
    let plain = |value: &Value| to_json(value).unwrap_or(Json::Null);
    let run_config = part("run_config");
    Some(json!({
        "name": record.name,
        "address": record.address,
        "root": record.root,
        "id": plain(&known.id),
        "version": plain(&known.version),
        "digest": plain(&known.digest),
        "task_definition_arn": plain(&known.task_definition_arn),
        "start": plain(&known.start),
        "family": part("family"),
        "runtime": part("runtime"),
        "parameters": part("parameters"),
        "labels": run_config.get("labels").cloned().unwrap_or(Json::Null),
        "run_config_json": canonical_json(&run_config),
    }))
}

fn agents_of(root: &str, document: &Json) -> Vec<Json> {
    let agents = document.get("agents").and_then(Json::as_array).into_iter().flatten();
    agents
        .filter_map(Json::as_object)
        .map(|agent| {
            let mut agent = agent.clone();
            agent.insert("root".to_owned(), root.into());
            Json::Object(agent)
        })
        .collect()
}
