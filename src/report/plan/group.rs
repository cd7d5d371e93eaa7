//! Which changes are shown as one block: those that are the same but for their addresses and versions.

use std::collections::HashMap;

use super::words::Kind;
use crate::plan::model::{Change, Plan, Subject};

/// Fewer equal changes are shown one by one.
const LEAST: usize = 4;

/// Changes that are shown together; more than one only where they are equal but for addresses and versions.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) kind: Kind,
    pub(super) first: &'a Change,
    pub(super) others: Vec<&'a Change>,
}

impl<'a> Block<'a> {
    pub(super) fn changes(&self) -> impl Iterator<Item = &'a Change> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        self.others.len().saturating_add(1)
    }
}

/// The blocks of a plan: by kind, and by address within it (a group stands where its first member does).
pub(super) fn blocks(plan: &Plan) -> Vec<Block<'_>> {
    let mut groups: HashMap<String, Vec<&Change>> = HashMap::new();
    let mut order = Vec::new();
    for change in &plan.changes {
        if Kind::of(change) == Kind::Unchanged && change.notes.is_empty() {
            continue;
        }
        let key = key(change);
        let group = groups.entry(key.clone()).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(change);
    }
    let mut blocks = Vec::new();
    for changes in order.iter().filter_map(|key| groups.remove(key)) {
        if changes.len() < LEAST {
            blocks.extend(changes.into_iter().map(|change| Block {
                kind: Kind::of(change),
                first: change,
                others: Vec::new(),
            }));
        } else if let Some((first, others)) = changes.split_first() {
            blocks.push(Block { kind: Kind::of(first), first, others: others.to_vec() });
        }
    }
    // The plan is in address order, so its own order is the one to keep inside a kind.
    let position: HashMap<*const Change, usize> =
        plan.changes.iter().enumerate().map(|(index, change)| (std::ptr::from_ref(change), index)).collect();
    blocks.sort_by_key(|block| (block.kind, position.get(&std::ptr::from_ref(block.first)).copied()));
    blocks
}

/// Equal for changes that look the same but for address and versions.
fn key(change: &Change) -> String {
    let subject = match change.subject {
        Subject::Flow => "flow",
        Subject::FlowVersion => "version",
        Subject::Template => "template",
        Subject::Agents => "agents",
    };
    // Why something could not be read differs in the object's name only; it then stands beside the address.
    let notes = if Kind::of(change) == Kind::NotChecked { &[] } else { change.notes.as_slice() };
    // The spelling of values in `Debug` is exact, unlike the folded one that is shown.
    format!("{subject}|{:?}|{:?}|{:?}|{:?}", change.action, change.reason, change.differences, notes)
}
