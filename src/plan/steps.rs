//! Changes with their operations, put in order: each step waits for the one before it in its change, and for the
//! last step of every flow that its own refers to.

use std::collections::HashMap;

use super::model::{Change, Operation, Step, StepId};
use crate::address::natural_order;
use crate::config::model::NodeId;

/// One change with what it takes, before it has a place in the plan.
#[derive(Debug)]
pub(super) struct Decision {
    /// What people read.
    pub(super) change: Change,
    /// What runs, in order; empty for what is only told.
    pub(super) operations: Vec<Operation>,
    /// The flow block that it carries out, for those that refer to it.
    pub(super) node: Option<NodeId>,
    /// The flow blocks that it refers to.
    pub(super) after: Vec<NodeId>,
    /// Runs once everything else of the flow is done: prunes.
    pub(super) last: bool,
    /// What it belongs to: the flow's address.
    pub(super) group: String,
}

impl Decision {
    /// A decision on its own.
    pub(super) fn new(change: Change, operations: Vec<Operation>) -> Self {
        let group = change.address.clone();
        Self { change, operations, node: None, after: Vec::new(), last: false, group }
    }
}

/// Decisions, in an order in which each flow comes after those it refers to, to changes and steps. Changes are
/// sorted by address, steps keep the order of the decisions with prunes at the end.
pub(super) fn assemble(mut decisions: Vec<Decision>) -> (Vec<Change>, Vec<Step>) {
    // Prunes come last; the sort is stable.
    decisions.sort_by_key(|decision| decision.last);
    let mut order: Vec<usize> = (0..decisions.len()).collect();
    order.sort_by(|a, b| match (decisions.get(*a), decisions.get(*b)) {
        (Some(a), Some(b)) => natural_order(&a.group, &b.group)
            .then_with(|| a.last.cmp(&b.last))
            .then_with(|| a.change.from_version.cmp(&b.change.from_version)),
        _ => std::cmp::Ordering::Equal,
    });
    let mut place = vec![0; decisions.len()];
    for (position, index) in order.into_iter().enumerate() {
        if let Some(slot) = place.get_mut(index) {
            *slot = position;
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut of_node: HashMap<NodeId, Vec<StepId>> = HashMap::new();
    let mut of_group: HashMap<String, StepId> = HashMap::new();
    let mut changes: Vec<(usize, Change)> = Vec::with_capacity(decisions.len());
    for (decision, position) in decisions.into_iter().zip(place) {
        let mut waits_for: Vec<StepId> = Vec::new();
        for node in &decision.after {
            waits_for.extend(of_node.get(node).into_iter().flatten());
        }
        if decision.last {
            waits_for.extend(of_group.get(&decision.group));
        }
        let mut previous = None;
        for operation in decision.operations {
            let id = StepId(steps.len());
            let mut waits = std::mem::take(&mut waits_for);
            waits.extend(previous);
            steps.push(Step { id, change: position, operation, waits_for: waits });
            previous = Some(id);
        }
        if let Some(id) = previous {
            if let Some(node) = decision.node {
                of_node.entry(node).or_default().push(id);
            }
            if !decision.last {
                of_group.insert(decision.group, id);
            }
        }
        changes.push((position, decision.change));
    }
    changes.sort_by_key(|(position, _)| *position);
    (changes.into_iter().map(|(_, change)| change).collect(), steps)
}
