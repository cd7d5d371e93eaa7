//! Events to view: what each event means. Pure; it refuses an event that contradicts what came before, and then
//! leaves the view as it was.

use std::sync::Arc;

use flowform_provider_api::FlowId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::event::{Event, Origin};
use super::view::{DefinitionAt, FlowRecord, Pin, TemplateRecord, VersionRecord, VersionState, View};

/// A part of the log, written as one object: its number is its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Segment {
    /// The format, see [`super::event::FORMAT`].
    pub format: u32,
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// The lease under which it was written; it tells a writer's own segment from another's.
    pub holder: String,
    /// When, as an RFC 3339 timestamp in UTC.
    pub at: String,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// An event that contradicts the events before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A segment follows another than the one before it.
    #[error("segment {found} follows segment {after}")]
    Order {
        /// The segment.
        found: u64,
        /// The last one in the view.
        after: u64,
    },
    /// The flow is not recorded.
    #[error("{what} of the flow {flow}, which is not recorded")]
    UnknownFlow {
        /// The event.
        what: &'static str,
        /// The flow.
        flow: FlowId,
    },
    /// The flow is recorded already.
    #[error("adoption of the flow {flow}, which is recorded already")]
    KnownFlow {
        /// The flow.
        flow: FlowId,
    },
    /// The flow is archived, and the event is none for an archived flow.
    #[error("{what} of the flow {name:?}, which is archived")]
    Archived {
        /// The event.
        what: &'static str,
        /// The flow's name.
        name: String,
    },
    /// A number was skipped or taken twice.
    #[error("version {found} of the flow {name:?} is reserved, but the next version is {expected}")]
    Number {
        /// The flow's name.
        name: String,
        /// The number of the event.
        found: u32,
        /// The number that was due.
        expected: u32,
    },
    /// The version was never reserved.
    #[error("{what} of version {version} of the flow {name:?}, which does not exist")]
    UnknownVersion {
        /// The event.
        what: &'static str,
        /// The flow's name.
        name: String,
        /// The version.
        version: u32,
    },
    /// Nothing is recorded of the template, or something else was about to be written.
    #[error("{what} of the template at {uri}, which was not about to be written")]
    UnknownTemplate {
        /// The event.
        what: &'static str,
        /// Where it would be.
        uri: String,
    },
    /// The version is in a state that the event does not apply to.
    #[error("{what} of version {version} of the flow {name:?}, which is {state}")]
    State {
        /// The event.
        what: &'static str,
        /// The flow's name.
        name: String,
        /// The version.
        version: u32,
        /// What it is.
        state: &'static str,
    },
}

/// Adds a whole segment to `view`. After an error the view is partly changed and must be dropped.
pub fn fold_segment(view: &mut View, segment: Segment) -> Result<(), LogError> {
    if view.seq.checked_add(1) != Some(segment.seq) {
        return Err(LogError::Order { found: segment.seq, after: view.seq });
    }
    for event in segment.events {
        fold(view, segment.seq, event)?;
    }
    view.seq = segment.seq;
    Ok(())
}

/// Adds one event of the segment `seq` to `view`; on an error the view is as it was.
pub fn fold(view: &mut View, seq: u64, event: Event) -> Result<(), LogError> {
    match event {
        Event::Reserve { flow, name, address, root, version, digest, definition, origin } => {
            let record = VersionRecord {
                version,
                digest: Some(digest),
                definition: DefinitionAt::Inline(Arc::from(definition)),
                segment: seq,
                origin,
                state: VersionState::Reserved,
                artifacts: Vec::new(),
                superseded_at: None,
            };
            reserve(view, flow, Names { name, address, root }, record)
        }
        Event::Bind { flow, version, artifacts, at } => {
            let flow = known(view, &flow, "a binding")?;
            let found = version_mut(flow, version, "a binding")?;
            match found.state {
                VersionState::Reserved | VersionState::Bound | VersionState::Pruned => {}
                VersionState::Abandoned => return Err(wrong_state(flow, version, "a binding")),
            }
            found.state = VersionState::Bound;
            found.artifacts = artifacts;
            found.superseded_at = None;
            // A flow that is declared again goes on with the version that it had.
            flow.archived = None;
            for older in flow.versions.iter_mut().filter(|older| older.version < version) {
                if older.state == VersionState::Bound && older.superseded_at.is_none() {
                    older.superseded_at = Some(at.clone());
                }
            }
            flow.published = Some(version);
            flow.stale_names.clear();
            keep_needed_definitions(flow);
            Ok(())
        }
        Event::Abandon { flow, version } => {
            let flow = known(view, &flow, "the abandonment")?;
            let found = version_mut(flow, version, "the abandonment")?;
            if found.state != VersionState::Reserved {
                return Err(wrong_state(flow, version, "the abandonment"));
            }
            found.state = VersionState::Abandoned;
            // Its maker may have got as far as `current/`.
            flow.published = None;
            keep_needed_definitions(flow);
            Ok(())
        }
        Event::Adopt { flow, name, address, root, artifacts, origin } => {
            if view.flows.contains_key(&flow) {
                return Err(LogError::KnownFlow { flow });
            }
            let version = VersionRecord {
                version: 1,
                digest: None,
                definition: DefinitionAt::Unknown,
                segment: 0,
                origin,
                state: VersionState::Bound,
                artifacts,
                superseded_at: None,
            };
            insert(view, flow, Names { name, address, root }, version);
            Ok(())
        }
        Event::Define { flow, version, digest, definition } => {
            let flow = known(view, &flow, "the definition")?;
            let found = version_mut(flow, version, "the definition")?;
            if found.digest.is_some() {
                return Err(LogError::State {
                    what: "the definition",
                    name: flow.name.clone(),
                    version,
                    state: "defined already",
                });
            }
            found.digest = Some(digest);
            found.definition = DefinitionAt::Inline(Arc::from(definition));
            found.segment = seq;
            keep_needed_definitions(flow);
            Ok(())
        }
        Event::Withdraw { flow } => {
            let flow = known(view, &flow, "the withdrawal")?;
            flow.published = None;
            keep_needed_definitions(flow);
            Ok(())
        }
        Event::Archive { flow, origin } => {
            let flow = live(view, &flow, "the archiving")?;
            flow.archived = Some(origin);
            flow.pin = None;
            flow.published = None;
            keep_needed_definitions(flow);
            Ok(())
        }
        Event::Forget { flow } => match view.flows.remove(&flow) {
            Some(_) => Ok(()),
            None => Err(LogError::UnknownFlow { what: "the removal", flow }),
        },
        Event::Move { flow, name, address, root } => {
            rename(known(view, &flow, "the move")?, Names { name, address, root });
            Ok(())
        }
        Event::Pin { flow, version, configured, reason, origin } => {
            let pin = version.map(|version| Pin { version, configured, reason, origin });
            set_pin(live(view, &flow, "the pin")?, pin)
        }
        Event::Prune { flow, version } => prune(known(view, &flow, "the pruning")?, version),
        Event::WriteTemplate { root, uri, address, digest, document, sha256, origin } => {
            let of_root = view.templates.entry(root).or_default();
            let stored = of_root.get(&uri).and_then(|record| record.stored.clone());
            let (document, pending) = (Arc::from(document), Some(sha256));
            let key = uri.clone();
            of_root.insert(key, TemplateRecord { uri, address, digest, document, stored, pending, origin });
            Ok(())
        }
        Event::BindTemplate { root, uri, sha256 } => {
            let record = view.templates.get_mut(&root).and_then(|of_root| of_root.get_mut(&uri));
            match record.filter(|record| record.pending.as_ref() == Some(&sha256)) {
                Some(record) => {
                    record.stored = record.pending.take();
                    Ok(())
                }
                None => Err(LogError::UnknownTemplate { what: "a binding", uri }),
            }
        }
        Event::DropTemplate { root, uri } => {
            let removed = view.templates.get_mut(&root).and_then(|of_root| of_root.remove(&uri));
            view.templates.retain(|_, of_root| !of_root.is_empty());
            match removed {
                Some(_) => Ok(()),
                None => Err(LogError::UnknownTemplate { what: "the removal", uri }),
            }
        }
        Event::Outputs { root, outputs } => {
            if outputs.is_empty() {
                view.outputs.remove(&root);
            } else {
                view.outputs.insert(root, outputs);
            }
            Ok(())
        }
        Event::Fence { holder: _ } => Ok(()),
    }
}

/// The definition that `event` gives to a version of `flow`.
pub(super) fn definition_in<'a>(event: &'a Event, of: &FlowId, number: u32) -> Option<&'a RawValue> {
    match event {
        Event::Reserve { flow, version, definition, .. }
        | Event::Define { flow, version, definition, .. } => {
            (flow == of && *version == number).then_some(&**definition)
        }
        Event::Bind { .. }
        | Event::Abandon { .. }
        | Event::Adopt { .. }
        | Event::Withdraw { .. }
        | Event::Archive { .. }
        | Event::Forget { .. }
        | Event::Move { .. }
        | Event::Pin { .. }
        | Event::Prune { .. }
        | Event::WriteTemplate { .. }
        | Event::BindTemplate { .. }
        | Event::DropTemplate { .. }
        | Event::Outputs { .. }
        | Event::Fence { .. } => None,
    }
}

/// A flow's aliases.
struct Names {
    name: String,
    address: String,
    root: String,
}

/// That a name is one flow's alone is the planner's affair: two flows that swap their names share one for an
/// event.
fn reserve(view: &mut View, id: FlowId, names: Names, record: VersionRecord) -> Result<(), LogError> {
    let expected = view.flows.get(&id).map_or(1, FlowRecord::next_version);
    if record.version != expected {
        return Err(LogError::Number { name: names.name, found: record.version, expected });
    }
    let Some(flow) = view.flows.get_mut(&id) else {
        insert(view, id, names, record);
        return Ok(());
    };
    flow.archived = None;
    rename(flow, names);
    flow.versions.push(record);
    keep_needed_definitions(flow);
    Ok(())
}

fn insert(view: &mut View, id: FlowId, names: Names, version: VersionRecord) {
    let Names { name, address, root } = names;
    let record = FlowRecord {
        id: id.clone(),
        name,
        address,
        root,
        archived: None,
        pin: None,
        published: None,
        stale_names: Vec::new(),
        versions: vec![version],
    };
    view.flows.insert(id, record);
}

fn rename(flow: &mut FlowRecord, names: Names) {
    let Names { name, address, root } = names;
    flow.address = address;
    flow.root = root;
    if flow.name == name {
        return;
    }
    flow.stale_names.retain(|stale| *stale != name);
    let former = std::mem::replace(&mut flow.name, name);
    flow.stale_names.push(former);
    flow.published = None;
}

fn set_pin(flow: &mut FlowRecord, pin: Option<Pin>) -> Result<(), LogError> {
    if let Some(pin) = &pin
        && version_mut(flow, pin.version, "the pin")?.state == VersionState::Abandoned
    {
        return Err(wrong_state(flow, pin.version, "the pin"));
    }
    let wanted = |flow: &FlowRecord| flow.wanted().map(|version| version.version);
    let before = wanted(flow);
    flow.pin = pin;
    if wanted(flow) != before {
        flow.published = None;
    }
    keep_needed_definitions(flow);
    Ok(())
}

/// Pruning what has no artifacts any more changes nothing; an abandoned version may have left some. The published
/// version is pruned when a refresh finds its artifacts gone: what `current/` names does not exist any more.
fn prune(flow: &mut FlowRecord, version: u32) -> Result<(), LogError> {
    if flow.published == Some(version) {
        flow.published = None;
    }
    let found = version_mut(flow, version, "the pruning")?;
    match found.state {
        VersionState::Bound | VersionState::Pruned => found.state = VersionState::Pruned,
        VersionState::Abandoned => {}
        VersionState::Reserved => return Err(wrong_state(flow, version, "the pruning")),
    }
    found.artifacts.clear();
    Ok(())
}

/// The definitions of the latest, the pinned and the published version stay in the view; of the others the log
/// alone has them.
fn keep_needed_definitions(flow: &mut FlowRecord) {
    let latest = flow.latest().map(|version| version.version);
    let last = flow.versions.last().map(|version| version.version);
    let needed = [latest, last, flow.published, flow.pin.as_ref().map(|pin| pin.version)];
    for version in &mut flow.versions {
        if matches!(version.definition, DefinitionAt::Inline(_)) && !needed.contains(&Some(version.version)) {
            version.definition = DefinitionAt::Segment(version.segment);
        }
    }
}

fn known<'a>(view: &'a mut View, id: &FlowId, what: &'static str) -> Result<&'a mut FlowRecord, LogError> {
    view.flows.get_mut(id).ok_or_else(|| LogError::UnknownFlow { what, flow: id.clone() })
}

/// The flow, which must not be archived.
fn live<'a>(view: &'a mut View, id: &FlowId, what: &'static str) -> Result<&'a mut FlowRecord, LogError> {
    let flow = known(view, id, what)?;
    match flow.archived {
        Some(Origin { .. }) => Err(LogError::Archived { what, name: flow.name.clone() }),
        None => Ok(flow),
    }
}

fn version_mut<'a>(
    flow: &'a mut FlowRecord,
    version: u32,
    what: &'static str,
) -> Result<&'a mut VersionRecord, LogError> {
    let index = (version as usize).checked_sub(1);
    let FlowRecord { name, versions, .. } = flow;
    index.and_then(|index| versions.get_mut(index)).ok_or_else(|| LogError::UnknownVersion {
        what,
        name: name.clone(),
        version,
    })
}

fn wrong_state(flow: &FlowRecord, version: u32, what: &'static str) -> LogError {
    let state = match flow.version(version).map(|version| version.state) {
        Some(VersionState::Reserved) => "reserved",
        Some(VersionState::Bound) => "bound",
        Some(VersionState::Abandoned) => "abandoned",
        Some(VersionState::Pruned) => "pruned",
        None => "not there",
    };
    LogError::State { what, name: flow.name.clone(), version, state }
}
