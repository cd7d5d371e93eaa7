//! Whose document `current/<name>.json` is while names change hands: one flow may be given a name that another has
//! just lost, in the same apply. Pure.

use std::collections::{HashMap, HashSet};

use flowform_provider_api::FlowId;

use crate::plan::model::{Operation, Plan};
use crate::registry::view::View;

/// The names that are taken: by the flows as they were recorded when the apply began, and by those that it publishes.
#[derive(Debug, Default)]
pub struct Names {
    takers: HashMap<String, HashSet<Option<FlowId>>>,
}

impl Names {
    /// The names of the view's flows that are not archived and of those that the plan publishes.
    pub fn new(view: &View, plan: &Plan) -> Self {
        let mut takers: HashMap<String, HashSet<Option<FlowId>>> = HashMap::with_capacity(view.flows.len());
        for flow in view.flows.values().filter(|flow| flow.archived.is_none()) {
            takers.entry(flow.name.clone()).or_default().insert(Some(flow.id.clone()));
        }
        for step in &plan.steps {
            // A new flow has no identity yet, so it is another one than every flow that has.
            if let Operation::SetVersion { flow, name, .. } = &step.operation {
                takers.entry(name.clone()).or_default().insert(flow.clone());
            }
        }
        Self { takers }
    }

    /// Whether another flow than `flow` has the name, so that its document is not to be withdrawn.
    pub(super) fn is_taken(&self, name: &str, flow: &FlowId) -> bool {
        self.takers.get(name).is_some_and(|takers| takers.iter().any(|taker| taker.as_ref() != Some(flow)))
    }
}
