//! Plans and applies in this process, on a store in memory, as the commands do; and what a registry must look like.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowform_provider_api::{ObjectStore, RegistryId};
use flowform_provider_contract::MemoryStore;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::generate::Texts;
use crate::apply::event::{ApplyEvent, ApplyReport};
use crate::cli::applying::{self, Order};
use crate::cli::args::VariableArgs;
use crate::cli::edge;
use crate::cli::failure::Failure;
use crate::cli::planning::{self, Planning};
use crate::cli::workspace::{Kept, Workspace};
use crate::diag::Diagnostics;
use crate::plan::Options;
use crate::plan::model::Plan;
use crate::registry::Registry;
use crate::registry::view::{VersionState, View};
use crate::report::theme::Theme;

pub(super) type Store = Arc<dyn ObjectStore>;

/// Runs to the end; waiting takes no time.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be made").block_on(work)
}

pub(super) fn memory() -> Store {
    Arc::new(MemoryStore::default())
}

/// Another store with the same objects.
pub(super) async fn copy(store: &Store) -> Store {
    let result = memory();
    for entry in store.list("", None).await.expect("the store lists") {
        let stored = store.get(&entry.key).await.expect("the store reads").expect("the object is there");
        result.put(&entry.key, stored.bytes).await.expect("the store writes");
    }
    result
}

pub(super) fn options() -> Options {
    Options { allow_mass_archive: true, ..Options::default() }
}

/// A configuration from its texts.
pub(super) fn workspace(texts: &Texts, diags: &mut Diagnostics) -> Workspace {
    let kept = Kept { files: texts.clone(), ..Kept::default() };
    Workspace::restore(Path::new("."), &kept, &VariableArgs::default(), diags)
}

pub(super) fn told(diags: &Diagnostics) -> String {
    let lines = diags.iter().map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail));
    lines.collect::<Vec<_>>().join("\n")
}

fn failed(failure: &Failure) -> String {
    told(&failure.diagnostics)
}

/// A plan, or why there is none.
pub(super) async fn plan(workspace: &Workspace, store: &Store) -> Result<Planning, String> {
    let mut diags = Diagnostics::new();
    let read = planning::read_from(workspace, Arc::clone(store)).await.map_err(|failure| failed(&failure))?;
    let planning = planning::make(workspace, read, &options(), edge::now(), &mut diags).await;
    let planning = planning.map_err(|failure| failed(&failure))?;
    match diags.has_errors() {
        true => Err(told(&diags)),
        false => Ok(planning),
    }
}

/// The plan of texts, or why there is none.
pub(super) async fn plan_texts(texts: &Texts, store: &Store) -> Result<Plan, String> {
    let mut diags = Diagnostics::new();
    let workspace = workspace(texts, &mut diags);
    if diags.has_errors() {
        return Err(told(&diags));
    }
    Ok(plan(&workspace, store).await?.plan)
}

pub(super) fn text_of(plan: &Plan) -> String {
    let options = crate::report::plan::Options { full: true, theme: Theme::plain(), width: 100 };
    crate::report::plan::render(plan, options)
}

/// What an apply did.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) plan: Plan,
    pub(super) report: ApplyReport,
    pub(super) events: Vec<ApplyEvent>,
}

/// Plans and applies.
pub(super) async fn apply(texts: &Texts, store: &Store) -> Result<Applied, String> {
    let mut diags = Diagnostics::new();
    let workspace = workspace(texts, &mut diags);
    if diags.has_errors() {
        return Err(told(&diags));
    }
    let planning = plan(&workspace, store).await?;
    carry_out(&workspace, planning, false).await
}

/// Applies a plan; one without anything to do is not begun, as in the command.
pub(super) async fn carry_out(
    workspace: &Workspace,
    planning: Planning,
    saved: bool,
) -> Result<Applied, String> {
    let plan = planning.plan.clone();
    if plan.is_empty() {
        return Ok(Applied { plan, report: ApplyReport::default(), events: Vec::new() });
    }
    let options = options();
    let order = Order {
        workspace,
        options: &options,
        made_at: edge::now(),
        saved,
        operation: "apply",
        parallelism: 10,
        patience: Duration::from_secs(600),
    };
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let report = applying::apply(&order, planning, sender).await.map_err(|failure| failed(&failure))?;
    let mut events = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        events.push(event);
    }
    Ok(Applied { plan, report, events })
}

/// Applies, and everything must go well.
pub(super) async fn apply_all(texts: &Texts, store: &Store) -> Result<Applied, String> {
    let applied = apply(texts, store).await?;
    match applied.report.is_complete() {
        true => Ok(applied),
        false => Err(format!(
            "the apply is not complete: {:?} {:?}",
            applied.report.failed, applied.report.skipped
        )),
    }
}

/// Plan after a complete apply is empty.
pub(super) async fn settled(texts: &Texts, store: &Store) -> Result<(), String> {
    let plan = plan_texts(texts, store).await?;
    let quiet = plan
        .changes
        .iter()
        .all(|change| change.action == crate::plan::model::Action::NoOp && !change.notes.is_empty());
    match plan.is_empty() && quiet {
        true => integrity(store).await,
        false => Err(format!("the plan is not empty:\n{}\n{:?}", text_of(&plan), plan.steps)),
    }
}

pub(super) async fn view(store: &Store) -> Result<View, String> {
    let registry = Registry::open(Arc::clone(store), "default").await.map_err(|error| error.to_string())?;
    let Some(registry) = registry else { return Ok(View::new(RegistryId("none".to_owned()), "default")) };
    Ok(registry.load().await.map_err(|error| error.to_string())?.view)
}

async fn objects(store: &Store, part: &str) -> Result<BTreeMap<String, Json>, String> {
    let prefix = format!("default/{part}/");
    let mut objects = BTreeMap::new();
    for entry in store.list(&prefix, None).await.map_err(|error| error.message)? {
        let stored = store.get(&entry.key).await.map_err(|error| error.message)?;
        let bytes = stored.ok_or("an object is gone")?.bytes;
        let document = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        objects.insert(entry.key.trim_start_matches("default/").to_owned(), document);
    }
    Ok(objects)
}

/// What must hold after every complete apply.
pub(super) async fn integrity(store: &Store) -> Result<(), String> {
    let view = view(store).await?;
    let mut bound = BTreeSet::new();
    let mut published = BTreeMap::new();
    for flow in view.flows.values() {
        let numbers: Vec<u32> = flow.versions.iter().map(|version| version.version).collect();
        let expected: Vec<u32> = (1..=flow.versions.len() as u32).collect();
        if numbers != expected {
            return Err(format!("{} has the versions {numbers:?}", flow.address));
        }
        if flow.versions.iter().any(|version| version.state == VersionState::Reserved) {
            return Err(format!("{} has an unfinished version", flow.address));
        }
        bound.extend(
            flow.versions.iter().flat_map(|version| &version.artifacts).map(|artifact| artifact.id.clone()),
        );
        if flow.archived.is_none() {
            published.insert(flow.name.clone(), flow);
            if !flow.stale_names.is_empty() {
                return Err(format!("{} has the stale names {:?}", flow.address, flow.stale_names));
            }
        }
    }
    let specs: BTreeSet<String> = objects(store, "specs").await?.into_keys().collect();
    if specs != bound {
        return Err(format!("there are the artifacts {specs:?}, and recorded are {bound:?}"));
    }
    let current = objects(store, "current").await?;
    for (name, flow) in &published {
        let key = format!("current/{}.json", flowform_provider_api::key_part(name));
        let document = current.get(&key).ok_or(format!("{key} is not published"))?;
        let version =
            flow.wanted_version(document).ok_or(format!("{key} is not of {}: {document}", flow.address))?;
        if flow.published != Some(version) {
            return Err(format!("{key} has version {version}, and the record says {:?}", flow.published));
        }
    }
    match current.len() == published.len() {
        true => Ok(()),
        false => Err(format!("published are {:?}, and there are {:?}", current.keys(), published.keys())),
    }
}

trait Published {
    fn wanted_version(&self, document: &Json) -> Option<u32>;
}

impl Published for crate::registry::view::FlowRecord {
    /// The version that a published document of this flow names.
    fn wanted_version(&self, document: &Json) -> Option<u32> {
        let version = u32::try_from(document.get("version")?.as_u64()?).ok()?;
        let digest = self.version(version)?.digest.as_ref()?;
        let own = document.get("flow_id")?.as_str()? == self.id.as_str();
        (own && document.get("digest")?.as_str()? == digest.as_str()).then_some(version)
    }
}

/// Everything recorded and published, as text without what differs from run to run: identities, times, segments.
pub(super) async fn state(store: &Store) -> Result<String, String> {
    let view = view(store).await?;
    let mut flows: Vec<_> = view.flows.values().collect();
    flows.sort_by_key(|flow| {
        let digests: Vec<_> = flow.versions.iter().map(|version| version.digest.clone()).collect();
        (flow.name.clone(), flow.address.clone(), flow.archived.is_some(), digests)
    });
    let mut record: Vec<Json> =
        flows.iter().map(|flow| serde_json::to_value(flow).expect("a record is JSON")).collect();
    record.iter_mut().for_each(stable);
    let mut specs = objects(store, "specs").await?;
    specs.values_mut().for_each(stable);
    let mut current = objects(store, "current").await?;
    current.values_mut().for_each(stable);
    let whole = json!({
        "flows": record,
        "outputs": view.outputs,
        "specs": specs,
        "current": current,
        "agents": objects(store, "agents").await?,
    });
    let mut text = serde_json::to_string_pretty(&whole).expect("a document is JSON");
    for (number, flow) in flows.iter().enumerate() {
        text = text.replace(flow.id.as_str(), &format!("<flow {number}>"));
    }
    text = text.replace(view.registry.as_str(), "<registry>");
    // The order of keys depends on the identities.
    let mut lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}

fn stable(document: &mut Json) {
    match document {
        Json::Object(fields) => {
            for name in ["at", "by", "commit", "segment", "seal", "origin"] {
                fields.remove(name);
            }
            if let Some(at) = fields.get_mut("superseded_at") {
                *at = json!("<time>");
            }
            fields.values_mut().for_each(stable);
        }
        Json::Array(items) => items.iter_mut().for_each(stable),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
