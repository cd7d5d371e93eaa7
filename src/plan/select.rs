//! `--target`, `--exclude` and `--replace`: which flows a plan is about.

use std::collections::BTreeSet;

use crate::config::model::NodeId;
use crate::desired::DesiredFlow;
use crate::diag::{Diagnostic, Diagnostics, closest};
use crate::graph::Graph;

/// The filters as given: addresses of flows, whole blocks (`flow.etl`) or instances (`flow.etl["eu"]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Filters {
    /// Only these, and what they depend on.
    pub targets: Vec<String>,
    /// All but these, and what depends on them.
    pub excludes: Vec<String>,
    /// Make the artifacts of these again.
    pub replace: Vec<String>,
}

/// The filters resolved against a configuration.
#[derive(Debug)]
pub struct Selection<'a> {
    filters: &'a Filters,
    needed: BTreeSet<NodeId>,
    held: BTreeSet<NodeId>,
}

impl<'a> Selection<'a> {
    /// Resolves the filters; an address that names nothing is an error.
    pub fn new(
        filters: &'a Filters,
        flows: &[DesiredFlow],
        recorded: &[String],
        graph: &Graph,
        diags: &mut Diagnostics,
    ) -> Self {
        let addresses: Vec<String> = flows.iter().map(|flow| flow.address.to_string()).collect();
        let given = [("--target", &filters.targets), ("--exclude", &filters.excludes), ("--replace", &filters.replace)];
        for (option, written) in given {
            for filter in written {
                let names = |address: &String| matches(filter, address);
                if filter == "agent" || addresses.iter().any(names) || recorded.iter().any(names) {
                    continue;
                }
                let known = addresses.iter().chain(recorded).map(String::as_str);
                let mut diagnostic = Diagnostic::error(
                    "Unknown address",
                    format!("`{option} {filter}` names no flow of this configuration or its record."),
                );
                diagnostic.help = closest(filter, known).map(|best| format!("did you mean `{best}`?"));
                diags.push(diagnostic);
            }
        }
        let before = |id: NodeId| graph.flows_before.get(id.0 as usize);
        let mut needed = BTreeSet::new();
        let mut held = BTreeSet::new();
        let mut queue: Vec<NodeId> = Vec::new();
        for (flow, address) in flows.iter().zip(&addresses) {
            if filters.targets.iter().any(|filter| matches(filter, address)) {
                queue.push(flow.node);
            }
            if filters.excludes.iter().any(|filter| matches(filter, address)) {
                held.insert(flow.node);
            }
        }
        while let Some(id) = queue.pop() {
            for need in before(id).into_iter().flat_map(|ids| ids.iter().copied()) {
                if needed.insert(need) {
                    queue.push(need);
                }
            }
        }
        // What depends on something left out is left out too; the order has needs first, so one pass is enough.
        let excluded: BTreeSet<NodeId> = held.clone();
        let mut dependents = BTreeSet::new();
        for id in &graph.order {
            let blocked = before(*id)
                .is_some_and(|ids| ids.iter().any(|need| excluded.contains(need) || dependents.contains(need)));
            if blocked {
                dependents.insert(*id);
            }
        }
        Self { filters, needed, held: dependents }
    }

    /// Whether the plan is about this desired flow.
    pub fn takes(&self, flow: &DesiredFlow) -> bool {
        let address = flow.address.to_string();
        let targeted = self.filters.targets.is_empty()
            || self.needed.contains(&flow.node)
            || self.filters.targets.iter().any(|filter| matches(filter, &address));
        targeted
            && !self.held.contains(&flow.node)
            && !self.filters.excludes.iter().any(|filter| matches(filter, &address))
    }

    /// Whether the plan is about this recorded address (or `agent`), which nothing depends on.
    pub fn takes_address(&self, address: &str) -> bool {
        (self.filters.targets.is_empty() || self.filters.targets.iter().any(|filter| matches(filter, address)))
            && !self.filters.excludes.iter().any(|filter| matches(filter, address))
    }

    /// Whether `--replace` names the flow.
    pub fn replaces(&self, flow: &DesiredFlow) -> bool {
        !self.filters.replace.is_empty() && {
            let address = flow.address.to_string();
            self.filters.replace.iter().any(|filter| matches(filter, &address))
        }
    }

    /// Whether there is a target or an exclusion.
    pub fn is_partial(&self) -> bool {
        !self.filters.targets.is_empty() || !self.filters.excludes.is_empty()
    }
}

/// Whether a filter names an address: itself, or the block that it is an instance of.
fn matches(filter: &str, address: &str) -> bool {
    address == filter || address.strip_prefix(filter).is_some_and(|rest| rest.starts_with('['))
}
