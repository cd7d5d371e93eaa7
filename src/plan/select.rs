//! `--target`, `--exclude` and `--replace`: which flows a plan is about.

use std::collections::BTreeSet;

use crate::config::model::NodeId;
use crate::desired::DesiredFlow;
use crate::diag::{Diagnostic, Diagnostics, closest};
use crate::graph::Graph;

use super::model::Mode;

/// The filters as given: whole blocks (`flow.etl`), instances (`flow.etl["eu"]`) or modules (`module.shop`).
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
    /// Resolves the filters against what is declared and the addresses of what is recorded; an address that names
    /// nothing is an error.
    pub fn new(
        filters: &'a Filters,
        declared: &[(NodeId, String)],
        recorded: &[String],
        graph: &Graph,
        mode: Mode,
        diags: &mut Diagnostics,
    ) -> Self {
        let given = [
            ("--target", &filters.targets),
            ("--exclude", &filters.excludes),
            ("--replace", &filters.replace),
        ];
        for (option, written) in given {
            for filter in written {
                let names = |address: &String| matches(filter, address);
                if filter == "agent"
                    || declared.iter().any(|(_, address)| names(address))
                    || recorded.iter().any(names)
                {
                    continue;
                }
                let known = declared.iter().map(|(_, address)| address).chain(recorded).map(String::as_str);
                let mut diagnostic = Diagnostic::error(
                    "Unknown address",
                    format!(
                        "`{option} {filter}` names no flow or template of this configuration or its record."
                    ),
                );
                diagnostic.help = closest(filter, known).map(|best| format!("did you mean `{best}`?"));
                diags.push(diagnostic);
            }
        }
        let named = |filters: &[String]| -> BTreeSet<NodeId> {
            let named =
                declared.iter().filter(|(_, address)| filters.iter().any(|filter| matches(filter, address)));
            named.map(|(node, _)| *node).collect()
        };
        let (targeted, excluded) = (named(&filters.targets), named(&filters.excludes));
        // What is made needs what it refers to; what ends takes along what refers to it.
        let (needed, held) = match mode {
            Mode::Normal | Mode::RefreshOnly => (needs(graph, &targeted), dependents(graph, &excluded)),
            Mode::Destroy => (dependents(graph, &targeted), needs(graph, &excluded)),
        };
        Self { filters, needed, held }
    }

    /// Whether the plan is about what is declared by this block at this address.
    pub fn takes(&self, node: NodeId, address: &str) -> bool {
        if !self.is_partial() {
            return true;
        }
        let targeted = self.filters.targets.is_empty()
            || self.needed.contains(&node)
            || self.filters.targets.iter().any(|filter| matches(filter, address));
        targeted
            && !self.held.contains(&node)
            && !self.filters.excludes.iter().any(|filter| matches(filter, address))
    }

    /// Whether the plan is about this recorded address (or `agent`), which nothing depends on.
    pub fn takes_address(&self, address: &str) -> bool {
        (self.filters.targets.is_empty()
            || self.filters.targets.iter().any(|filter| matches(filter, address)))
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

/// The blocks that make something and that `nodes` refer to, however indirectly.
fn needs(graph: &Graph, nodes: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<NodeId> = nodes.iter().copied().collect();
    while let Some(id) = queue.pop() {
        for need in graph.made_before.get(id.0 as usize).into_iter().flat_map(|ids| ids.iter().copied()) {
            if found.insert(need) {
                queue.push(need);
            }
        }
    }
    found
}

/// The blocks that refer to `nodes`, however indirectly. The graph's order has needs first, so one pass is enough.
fn dependents(graph: &Graph, nodes: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    for id in &graph.order {
        let Some(before) = graph.made_before.get(id.0 as usize) else { continue };
        if before.iter().any(|need| nodes.contains(need) || found.contains(need)) {
            found.insert(*id);
        }
    }
    found
}

/// Whether a filter names an address: itself, the block that it is an instance of, or a module that it is in.
fn matches(filter: &str, address: &str) -> bool {
    address.strip_prefix(filter).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}
