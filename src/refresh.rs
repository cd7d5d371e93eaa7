//! IO: reads what is live for everything recorded, batched per provider. It writes nothing and decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use flowform_provider_api::{Binding, Provider, ProviderError, RefreshRequest};

use crate::flow::script;
use crate::plan::live::{Live, ProviderLive};
use crate::registry::view::{DefinitionAt, FlowRecord, VersionState, View};
use crate::registry::{Registry, RegistryError};

/// What a refresh read, and what it has to say.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// The live side.
    pub live: Live,
    /// Documents that could not be understood, in sentences.
    pub warnings: Vec<String>,
}

/// Reads the live side of `view` through `providers` (by configuration name). A provider that fails as a whole is
/// in the result as such; only a registry that fails is an error.
///
/// # Errors
/// The registry's agents documents cannot be read.
pub async fn refresh(
    registry: &Registry,
    view: &View,
    providers: &BTreeMap<String, Arc<dyn Provider>>,
) -> Result<Refreshed, RegistryError> {
    let mut result = Refreshed::default();
    let agents = registry.agents().await?;
    result.live.agents = agents.by_root;
    result.live.calls += agents.calls;
    result.warnings = agents.warnings;
    for (name, provider) in providers {
        let recorded: Vec<Binding> = view
            .flows
            .values()
            .flat_map(checked)
            .filter(|binding| binding.provider == *name)
            .cloned()
            .collect();
        let expected: Vec<String> = view.flows.values().filter_map(|flow| expected(flow, name)).collect();
        let request = RefreshRequest {
            registry: &view.registry,
            project: &view.project,
            recorded: &recorded,
            expected: &expected,
        };
        let read = read(provider.as_ref(), request).await;
        if let Ok((_, calls)) = &read {
            result.live.calls += calls;
        }
        result.live.providers.insert(name.clone(), read.map(|(live, _)| live));
    }
    Ok(result)
}

async fn read(
    provider: &dyn Provider,
    request: RefreshRequest<'_>,
) -> Result<(ProviderLive, u64), ProviderError> {
    let location = provider.location().await?;
    let observation = provider.refresh(request).await?;
    let artifacts: HashMap<_, _> =
        observation.live.into_iter().map(|artifact| (artifact.id.clone(), artifact)).collect();
    let unreadable = observation.unreadable.into_iter().map(|(id, error)| (id, error.message)).collect();
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, note) in observation.notes {
        notes.entry(id).or_default().push(note);
    }
    let intact = observation.intact.into_iter().collect();
    let in_use = observation.in_use.into_iter().collect();
    let adoptable = observation.adoptable.into_iter().map(|(gone, found)| (gone, found.id)).collect();
    let live = ProviderLive { location, artifacts, intact, unreadable, notes, in_use, adoptable };
    Ok((live, observation.calls))
}

/// Where an apply that was interrupted may have uploaded the script of a flow's latest version.
fn expected(flow: &FlowRecord, provider: &str) -> Option<String> {
    let latest = flow.latest().filter(|latest| latest.state != VersionState::Bound)?;
    let DefinitionAt::Inline(definition) = &latest.definition else { return None };
    let definition: serde_json::Value = serde_json::from_str(definition.get()).ok()?;
    script::of(&definition).filter(|(keeper, _)| *keeper == provider)?;
    script::uri_of(&definition).map(str::to_owned)
}

/// The artifacts that should be alive as recorded.
fn checked(flow: &FlowRecord) -> impl Iterator<Item = &Binding> {
    let bound = |version: &&crate::registry::view::VersionRecord| version.state == VersionState::Bound;
    flow.versions.iter().filter(bound).flat_map(|version| &version.artifacts)
}
