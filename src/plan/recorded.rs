//! The record seen from one root configuration: which recorded flow each address and name means.

use std::collections::HashMap;
use std::sync::Arc;

use flowform_provider_api::FlowId;
use serde_json::value::RawValue;

use crate::address::inside;
use crate::config::model::Moved;
use crate::desired::DesiredFlow;
use crate::registry::view::{DefinitionAt, FlowRecord, TemplateRecord, VersionRecord, View};

/// Definitions that are not in the view, fetched from the log beforehand.
pub type Definitions = HashMap<(FlowId, u32), Arc<RawValue>>;

/// The recorded flows by address and by name.
pub struct Recorded<'a> {
    /// The view; `None` while there is no registry.
    pub view: Option<&'a View>,
    /// This root's name.
    pub root: &'a str,
    by_address: HashMap<&'a str, &'a FlowRecord>,
    by_name: HashMap<&'a str, &'a FlowRecord>,
    archived: HashMap<&'a str, &'a FlowRecord>,
    moved: &'a [Moved],
    fetched: &'a Definitions,
}

/// How a desired flow was found in the record.
#[derive(Clone, Copy, Debug)]
pub enum Match<'a> {
    /// It was never recorded.
    New,
    /// It is recorded under this address.
    Same(&'a FlowRecord),
    /// It is recorded under another address, which is not declared any more.
    Moved(&'a FlowRecord),
    /// It was archived and is declared again.
    Again(&'a FlowRecord),
    /// Another root configuration declares a flow of this name.
    Foreign(&'a FlowRecord),
}

impl<'a> Recorded<'a> {
    /// Indexes the view for `root`. `declared` tells whether the configuration has a flow of an address.
    pub fn new(view: Option<&'a View>, root: &'a str, moved: &'a [Moved], fetched: &'a Definitions) -> Self {
        let mut result = Self {
            view,
            root,
            by_address: HashMap::new(),
            by_name: HashMap::new(),
            archived: HashMap::new(),
            moved,
            fetched,
        };
        for flow in view.into_iter().flat_map(|view| view.flows.values()) {
            if flow.archived.is_some() {
                if flow.root == root {
                    // Of several archived flows of one name the one with most history is continued.
                    let place = result.archived.entry(&flow.name).or_insert(flow);
                    if place.versions.len() < flow.versions.len() {
                        *place = flow;
                    }
                }
                continue;
            }
            result.by_name.insert(&flow.name, flow);
            if flow.root == root {
                result.by_address.insert(&flow.address, flow);
            }
        }
        result
    }

    /// The flows of this root that are not archived.
    pub fn own(&self) -> impl Iterator<Item = &'a FlowRecord> + '_ {
        self.view
            .into_iter()
            .flat_map(|view| view.flows.values())
            .filter(|flow| flow.archived.is_none() && flow.root == self.root)
    }

    /// The templates of this root, by where they are stored.
    pub fn own_templates(&self) -> impl Iterator<Item = &'a TemplateRecord> + use<'a> {
        let own = self.view.and_then(|view| view.templates.get(self.root));
        own.into_iter().flat_map(|templates| templates.values())
    }

    /// The flow of this root that is recorded under an address.
    pub fn at(&self, address: &str) -> Option<&'a FlowRecord> {
        self.by_address.get(address).copied()
    }

    /// The flow that is not archived and has that name, of whatever root.
    pub fn named(&self, name: &str) -> Option<&'a FlowRecord> {
        self.by_name.get(name).copied()
    }

    /// The record of a desired flow.
    pub fn find(&self, flow: &DesiredFlow, declared: &dyn Fn(&str) -> bool) -> Match<'a> {
        let address = flow.address.to_string();
        if let Some(record) = self.by_address.get(&*address) {
            return Match::Same(record);
        }
        if let Some(record) = self.moved_to(&address) {
            return Match::Moved(record);
        }
        match self.by_name.get(&*flow.name) {
            Some(record) if record.root != self.root => return Match::Foreign(record),
            Some(record) if !declared(&record.address) => return Match::Moved(record),
            _ => {}
        }
        match self.archived.get(&*flow.name) {
            Some(record) => Match::Again(record),
            None => Match::New,
        }
    }

    /// The flow that `moved` blocks lead to `address`, by whatever number of moves; the last of them first.
    fn moved_to(&self, address: &str) -> Option<&'a FlowRecord> {
        let mut seen = vec![address.to_owned()];
        let mut next = 0;
        // Circles are refused elsewhere and still end here: no address is gone through twice.
        while let Some(address) = seen.get(next).cloned() {
            next += 1;
            for from in self.moved.iter().filter_map(|moved| former_address(moved, &address)) {
                if let Some(record) = self.by_address.get(&*from) {
                    return Some(record);
                }
                if !seen.contains(&from) {
                    seen.push(from);
                }
            }
        }
        None
    }

    /// A version's definition, from the view or as fetched beforehand.
    pub fn definition(&self, flow: &FlowRecord, version: &'a VersionRecord) -> Option<&'a RawValue> {
        match &version.definition {
            DefinitionAt::Inline(json) => Some(json),
            DefinitionAt::Segment(_) => {
                self.fetched.get(&(flow.id.clone(), version.version)).map(|json| &**json)
            }
            DefinitionAt::Unknown => None,
        }
    }
}

/// The address that `address` had before a `moved` block: exact, the same instance of a moved block, or the same block
/// of a moved module. A block that stands in a module means its own instance of the module.
fn former_address(moved: &Moved, address: &str) -> Option<String> {
    let (prefix, inside) = inside(&moved.module, address)?;
    let rest = inside.strip_prefix(&*moved.to)?;
    let carries = match rest.chars().next() {
        None | Some('.') => true,
        Some('[') => !moved.from.ends_with(']'),
        Some(_) => false,
    };
    carries.then(|| format!("{prefix}{}{rest}", moved.from))
}
