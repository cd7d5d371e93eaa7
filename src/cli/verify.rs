//! `plan --verify`: has providers look up what artifacts name - roles, clusters, images - before a run depends on it.
//! It changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::{
    Artifact, Check, Finding, ObjectStore, Prefixed, ToVerify, Verification, key_part,
};
use serde_json::Value as Json;

use super::code;
use super::failure::Failure;
use super::planning::{Planning, connect};
use super::workspace::Workspace;
use crate::plan::artifacts::{Rendering, known_agents, planned};
use crate::plan::live::Live;
use crate::providers;
use crate::registry::RegistryError;

/// Looks up what the artifacts of all flows name, whether they change or not.
///
/// # Errors
/// The project's name cannot be part of a key.
pub(super) async fn verify(workspace: &Workspace, planning: &Planning) -> Result<Verification, Failure> {
    let agents = known_agents(&planning.evaluation.agents, &planning.read.live, &workspace.settings.root);
    let rendering =
        Rendering { project: &workspace.settings.project, agents: &agents, types: &providers::artifact_type };
    let nothing = Live::default();
    let mut definitions: Vec<(&str, Json)> = Vec::new();
    let mut by_provider: BTreeMap<String, Vec<(&str, Artifact, Json)>> = BTreeMap::new();
    for flow in &planning.evaluation.flows {
        // What is not known before apply cannot be looked up either; the plan says that it is not known.
        let Some(known) = &flow.known else { continue };
        let Ok(definition) = serde_json::from_str::<Json>(known.json.get()) else { continue };
        for planned in planned(rendering, &flow.name, &flow.providers, &definition, (None, &nothing)) {
            let artifacts = by_provider.entry(planned.provider).or_default();
            artifacts.push((&flow.name, planned.artifact, definition.clone()));
        }
        definitions.push((&flow.name, definition));
    }
    let mut verified = code::verify(workspace, &definitions).await;
    let read = &planning.read;
    let store: Arc<dyn ObjectStore> = match &read.registry {
        Some(registry) => registry.store(),
        None => {
            let key = key_part(&workspace.settings.project);
            Arc::new(Prefixed::new(Arc::clone(&read.store), &key).map_err(RegistryError::from)?)
        }
    };
    let connected = connect(workspace, &store, read.view.as_ref());
    for (name, artifacts) in &by_provider {
        let Some(provider) = connected.get(name) else { continue };
        let asked: Vec<ToVerify<'_>> = artifacts
            .iter()
            .map(|(flow, artifact, definition)| ToVerify { flow, artifact, definition })
            .collect();
        match provider.verify(&asked).await {
            Ok(found) => {
                verified.checks.extend(found.checks);
                verified.calls = verified.calls.saturating_add(found.calls);
            }
            Err(error) => verified.checks.push(Check {
                subject: format!("provider `{name}`"),
                flows: artifacts.iter().map(|(flow, ..)| (*flow).to_owned()).collect(),
                finding: Finding::NotChecked(error.message),
            }),
        }
    }
    Ok(verified)
}
