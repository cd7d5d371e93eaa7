//! From a workspace to a plan: reads the record and the live side, evaluates, plans. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowform_provider_api::{ObjectStore, Provider};
use jiff::Timestamp;

use super::data::evaluate_reading;
use super::failure::Failure;
use super::stored;
use super::workspace::Workspace;
use super::{edge, existing, running};
use crate::config::Config;
use crate::config::model::{NodeKind, ResourceKind};
use crate::desired::Evaluation;
use crate::desired::providers::REGISTRY;
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::script;
use crate::plan::live::Live;
use crate::plan::model::Plan;
use crate::plan::outcomes::Planned;
use crate::plan::recorded::{Definitions, Recorded};
use crate::plan::{Options, PlanInput, needed_definitions, plan};
use crate::providers::{self, Surroundings};
use crate::refresh::refresh;
use crate::registry::Registry;
use crate::registry::view::View;

/// The record and the live side as they were read.
pub(super) struct Read {
    /// The store that the registry is, or will be, kept in.
    pub store: Arc<dyn ObjectStore>,
    /// The registry; `None` while it does not exist.
    pub registry: Option<Arc<Registry>>,
    /// The record; `None` while there is no registry.
    pub view: Option<View>,
    /// The live side.
    pub live: Live,
    /// Remarks, in sentences.
    pub warnings: Vec<String>,
}

/// A plan with everything that it was made from.
pub(super) struct Planning {
    /// The record and the live side.
    pub read: Read,
    /// The evaluated configuration.
    pub evaluation: Evaluation,
    /// Definitions that were fetched from the log.
    pub fetched: Definitions,
    /// The plan.
    pub plan: Plan,
}

/// Reads the record and the live side.
///
/// # Errors
/// The registry cannot be read. A provider that cannot be read is in the result as such.
pub(super) async fn read(workspace: &Workspace) -> Result<Read, Failure> {
    read_from(workspace, store(workspace)).await
}

/// The store that the registry is, or will be, kept in.
pub(super) fn store(workspace: &Workspace) -> Arc<dyn ObjectStore> {
    providers::registry_store(&surroundings(workspace))
}

/// What stores of objects are made from.
pub(super) fn surroundings(workspace: &Workspace) -> Surroundings {
    let providers = &workspace.settings.providers;
    Surroundings {
        base: workspace.directory.clone(),
        registry: workspace.settings.registry.clone(),
        environment: edge::variable,
        new_id: edge::new_id,
        kubernetes: providers
            .get("kubernetes")
            .map(|settings| settings.arguments.clone())
            .unwrap_or_default(),
    }
}

/// The same from a store of one's own.
///
/// # Errors
/// The registry cannot be read.
pub(super) async fn read_from(workspace: &Workspace, store: Arc<dyn ObjectStore>) -> Result<Read, Failure> {
    let mut read = read_record(workspace, store).await?;
    let calls = read.live.calls;
    read.refresh(workspace).await?;
    read.live.calls += calls;
    Ok(read)
}

/// Reads the record alone.
///
/// # Errors
/// The registry cannot be read.
pub(super) async fn read_record(workspace: &Workspace, store: Arc<dyn ObjectStore>) -> Result<Read, Failure> {
    let registry = Registry::open(Arc::clone(&store), &workspace.settings.project).await?;
    let Some(registry) = registry.map(Arc::new) else {
        return Ok(Read { store, registry: None, view: None, live: Live::default(), warnings: Vec::new() });
    };
    let loaded = registry.load().await?;
    let live = Live { calls: loaded.calls + 1, ..Live::default() };
    let registry = Some(registry);
    Ok(Read { store, registry, view: Some(loaded.view), live, warnings: loaded.warnings })
}

impl Read {
    /// Reads the live side again.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub(super) async fn refresh(&mut self, workspace: &Workspace) -> Result<(), Failure> {
        let (Some(registry), Some(view)) = (&self.registry, &self.view) else { return Ok(()) };
        let refreshed = refresh(registry, view, &connect(workspace, &registry.store(), Some(view))).await?;
        self.live = refreshed.live;
        self.warnings.extend(refreshed.warnings);
        Ok(())
    }
}

/// The providers that are configured or hold something recorded; `store` is the project's part of the registry's store.
pub(super) fn connect(
    workspace: &Workspace,
    store: &Arc<dyn ObjectStore>,
    view: Option<&View>,
) -> BTreeMap<String, Arc<dyn Provider>> {
    let none = serde_json::Map::new();
    let around = surroundings(workspace);
    let connecting = providers::Connecting { around: &around, force_conflicts: workspace.force_conflicts };
    let configured = workspace.config.providers.iter().map(|provider| provider.name.as_str());
    let versions = view.into_iter().flat_map(|view| view.flows.values()).flat_map(|flow| &flow.versions);
    let recorded = versions.flat_map(|version| &version.artifacts).map(|binding| binding.provider.as_str());
    let uploading = workspace.config.iter().filter_map(|(_, node)| match &node.kind {
        NodeKind::Resource(resource) => match resource.kind {
            ResourceKind::Storage(kind) => resource.argument("script").and_then(|_| script::keeper(kind)),
            _ => None,
        },
        _ => None,
    });
    let names: BTreeSet<&str> =
        [REGISTRY].into_iter().chain(configured).chain(recorded).chain(uploading).collect();
    let connected = names.into_iter().filter_map(|name| {
        let settings = workspace.settings.providers.get(name);
        let arguments = settings.map_or(&none, |settings| &settings.arguments);
        Some((name.to_owned(), providers::connect(name, arguments, connecting, Arc::clone(store))?))
    });
    connected.collect()
}

/// Evaluates and plans. The plan must not be applied when `diags` has errors afterwards.
///
/// # Errors
/// A definition that the plan needs cannot be read from the log.
pub(super) async fn make(
    workspace: &Workspace,
    mut read: Read,
    options: &Options,
    now: Timestamp,
    diags: &mut Diagnostics,
) -> Result<Planning, Failure> {
    for warning in &read.warnings {
        diags.push(Diagnostic::warning("Registry", format!("{}.", warning.trim_end_matches('.'))));
    }
    let (evaluation, fetched) = evaluated(workspace, &read, diags).await?;
    read.live.templates = stored::read(workspace, read.view.as_ref(), &evaluation).await;
    read.live.calls += read.live.templates.len() as u64;
    let (root, moved) = (workspace.settings.root.as_str(), workspace.config.moved.as_slice());
    let recorded = Recorded::new(read.view.as_ref(), root, moved, &fetched);
    let declared = |address: &str| is_declared(&workspace.config, address);
    let imports = existing::of_blocks(workspace, &read, &evaluation, &recorded, &declared, diags).await;
    let plan_with = |live: &Live, found: &mut Diagnostics| {
        let input = PlanInput {
            config: &workspace.config,
            graph: &workspace.graph,
            settings: &workspace.settings,
            evaluation: &evaluation,
            recorded: &recorded,
            live,
            imports: &imports,
            options,
            now,
            types: &providers::artifact_type,
        };
        plan(input, found)
    };
    let mut found = Diagnostics::new();
    let mut plan = plan_with(&read.live, &mut found);
    if let (Some(registry), Some(view)) = (&read.registry, &read.view)
        && running::mark(workspace, registry, view, &mut read.live, &plan).await
    {
        found = Diagnostics::new();
        plan = plan_with(&read.live, &mut found);
    }
    plan.calls = read.live.calls;
    diags.extend(found);
    Ok(Planning { read, evaluation, fetched, plan })
}

/// Evaluates the configuration with what is recorded; also the definitions that this took from the log.
///
/// # Errors
/// A definition that is needed cannot be read from the log.
pub(super) async fn evaluated(
    workspace: &Workspace,
    read: &Read,
    diags: &mut Diagnostics,
) -> Result<(Evaluation, Definitions), Failure> {
    let (root, moved) = (workspace.settings.root.as_str(), workspace.config.moved.as_slice());
    let mut fetched = Definitions::new();
    let declared = |address: &str| is_declared(&workspace.config, address);
    let project = workspace.settings.project.as_str();
    let mut evaluation = {
        let recorded = Recorded::new(read.view.as_ref(), root, moved, &fetched);
        let mut found = Diagnostics::new();
        let outcomes = Planned { recorded: &recorded, project, declared: &declared };
        let evaluation = evaluate_reading(workspace, &outcomes, &mut found).await;
        let needed = needed_definitions(&evaluation, &recorded);
        if needed.is_empty() {
            diags.extend(found);
            Some(evaluation)
        } else {
            fetch(read, needed, &mut fetched).await?;
            None
        }
    };
    let recorded = Recorded::new(read.view.as_ref(), root, moved, &fetched);
    // Flows that are held at a version have the attributes of that version, which had to be fetched first.
    let outcomes = Planned { recorded: &recorded, project, declared: &declared };
    let evaluation = match evaluation.take() {
        Some(evaluation) => evaluation,
        None => evaluate_reading(workspace, &outcomes, diags).await,
    };
    Ok((evaluation, fetched))
}

async fn fetch(
    read: &Read,
    needed: Vec<(flowform_provider_api::FlowId, u32)>,
    fetched: &mut Definitions,
) -> Result<(), Failure> {
    let (Some(registry), Some(view)) = (&read.registry, &read.view) else { return Ok(()) };
    for (flow, version) in needed {
        if let Some(definition) = registry.definition(view, &flow, version).await? {
            fetched.insert((flow, version), Arc::from(definition));
        }
    }
    Ok(())
}

/// Whether the configuration has the block of a flow's address.
pub(super) fn is_declared(config: &Config, address: &str) -> bool {
    config.block_at(address).is_some()
}
