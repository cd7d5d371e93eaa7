//! Which version a flow is held at, and by whom.

use super::changes::Made;
use super::effective::effective;
use super::model::{Action, Operation, Reason};
use super::planner::parse;
use super::recorded::Recorded;
use crate::desired::DesiredFlow;
use crate::registry::view::FlowRecord;

/// What holds a flow at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing.
    None,
    /// `version = N` in the configuration.
    Configuration(u32),
    /// A pin that `rollback` wrote.
    Rollback(u32),
    /// A pin that `rollback` wrote at this version and that ends, because the configured definition has changed.
    Ended(u32),
}

/// What holds the flow. A pin lasts until the configured definition is another one than when it was written.
pub(super) fn hold(recorded: &Recorded<'_>, flow: &DesiredFlow, record: &FlowRecord) -> Hold {
    if let Some(version) = flow.version {
        return Hold::Configuration(version);
    }
    let Some(pin) = record.pin.as_ref().filter(|_| record.archived.is_none()) else { return Hold::None };
    let latest = record.latest().filter(|_| !flow.ignore_changes.is_empty());
    let latest = latest.and_then(|latest| recorded.definition(record, latest)).and_then(parse);
    let (_, configured) = effective(flow, latest.as_ref());
    match (&pin.configured, &configured) {
        (Some(then), Some(now)) if *then != now.digest => Hold::Ended(pin.version),
        // Without a digest to compare, the pin holds.
        _ => Hold::Rollback(pin.version),
    }
}

/// The pin ends, and what the configuration says follows.
pub(super) fn unpinned((mut change, mut operations): Made, record: &FlowRecord, version: u32) -> Made {
    operations.insert(0, Operation::Unpin { flow: record.id.clone() });
    change.notes.push(format!("the pin at version {version} ends: the configured definition has changed"));
    if change.action == Action::NoOp {
        change.action = Action::Update;
        change.reason = Reason::Unpinned;
    }
    (change, operations)
}
