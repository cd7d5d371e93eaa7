//! `plan --verify`: has providers look up what artifacts name - roles, clusters, images - before a run depends on it.
//! It changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::{
    Artifact, Check, Digest, Finding, Identity, ObjectStore, Prefixed, Provider, ProviderError, ToAudit,
    ToVerify, Verification, key_part,
};
use serde_json::{Value as Json, json};

use super::code;
use super::failure::Failure;
use super::planning::{Planning, connect};
use super::workspace::Workspace;
use crate::flow::render::versioned::ArtifactKind;
use crate::plan::artifacts::{Rendering, known_agents, planned};
use crate::plan::live::Live;
use crate::providers;
use crate::registry::RegistryError;
use crate::registry::view::{FlowRecord, VersionState, View};

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
        if let Some(artifact) = registered(&definition) {
            let keeper = flow.providers.keeper(ArtifactKind::TaskDefinition);
            by_provider.entry(keeper).or_default().push((&flow.name, artifact, definition.clone()));
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
        let flows = || artifacts.iter().map(|(flow, ..)| (*flow).to_owned()).collect();
        add(&mut verified, name, provider.verify(&asked).await, flows);
    }
    for (name, provider) in &connected {
        let Some(view) = &read.view else { continue };
        audit(&mut verified, name, provider.as_ref(), (view, &workspace.settings.root)).await;
    }
    Ok(verified)
}

/// A definition that somebody else registered, as an artifact that names it.
fn registered(definition: &Json) -> Option<Artifact> {
    let arn = definition.pointer("/run_config/task_definition_arn")?.as_str()?;
    let body = json!({ "registered": arn });
    let hash = Digest::of(&body);
    Some(Artifact { kind: ArtifactKind::TaskDefinition.name().to_owned(), body, hash })
}

/// Looks up whether what this root has recorded still says whose it is.
async fn audit(
    verified: &mut Verification,
    name: &str,
    provider: &dyn Provider,
    (view, root): (&View, &str),
) {
    let flows = view.flows.values().filter(|flow| flow.root == root && flow.archived.is_none());
    let recorded: Vec<ToAudit<'_>> = flows.flat_map(|flow| to_audit(view, flow, name)).collect();
    if !recorded.is_empty() {
        let flows = || recorded.iter().map(|one| one.flow.to_owned()).collect();
        add(verified, name, provider.audit(&recorded).await, flows);
    }
}

fn to_audit<'a>(
    view: &'a View,
    flow: &'a FlowRecord,
    provider: &'a str,
) -> impl Iterator<Item = ToAudit<'a>> {
    let bound = flow.versions.iter().filter(|version| version.state == VersionState::Bound);
    let identities = move || {
        let known =
            flow.versions.iter().filter_map(|version| Some((version.version, version.digest.clone()?)));
        let identity = |(version, digest)| Identity {
            registry: view.registry.clone(),
            project: view.project.clone(),
            flow: flow.id.clone(),
            flow_name: flow.name.clone(),
            version,
            digest,
        };
        known.map(identity).collect::<Vec<_>>()
    };
    let current = flow.wanted().map(|version| version.version);
    bound.flat_map(move |version| {
        let of_provider = version.artifacts.iter().filter(move |binding| binding.provider == provider);
        of_provider.map(move |binding| ToAudit {
            flow: &flow.name,
            binding,
            identities: identities(),
            is_current: Some(version.version) == current,
        })
    })
}

fn add(
    verified: &mut Verification,
    name: &str,
    found: Result<Verification, ProviderError>,
    flows: impl FnOnce() -> Vec<String>,
) {
    match found {
        Ok(found) => {
            verified.checks.extend(found.checks);
            verified.calls = verified.calls.saturating_add(found.calls);
        }
        Err(error) => verified.checks.push(Check {
            subject: format!("provider `{name}`"),
            flows: flows(),
            finding: Finding::NotChecked(error.message),
        }),
    }
}
