//! The graph as text: DOT for Graphviz, Mermaid for Markdown. Variables are left out, they would be in every
//! picture.

use std::fmt::Write as _;

use super::Graph;
use crate::config::model::{Config, NodeId, NodeKind};

/// The graph in Graphviz's language: an arrow from each block to what it needs.
pub fn dot(config: &Config, graph: &Graph) -> String {
    let mut out = String::from("digraph flowform {\n  rankdir = \"LR\"\n  node [shape = box]\n");
    for (id, node) in config.iter().filter(|(_, node)| shown(&node.kind)) {
        let _ = writeln!(out, "  n{} [label = {:?}]", id.0, node.address.to_string());
    }
    for (from, to) in edges(config, graph) {
        let _ = writeln!(out, "  n{} -> n{}", from.0, to.0);
    }
    out.push_str("}\n");
    out
}

/// The graph in Mermaid's language.
pub fn mermaid(config: &Config, graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (id, node) in config.iter().filter(|(_, node)| shown(&node.kind)) {
        let _ = writeln!(out, "  n{}[\"{}\"]", id.0, node.address);
    }
    for (from, to) in edges(config, graph) {
        let _ = writeln!(out, "  n{} --> n{}", from.0, to.0);
    }
    out
}

fn edges<'a>(config: &'a Config, graph: &'a Graph) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
    config.iter().flat_map(move |(id, node)| {
        let needs = graph.dependencies(id).iter();
        needs
            .filter(move |need| shown(&node.kind) && shown(&config.node(**need).kind))
            .map(move |need| (id, *need))
    })
}

fn shown(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Variable(_) | NodeKind::Import(_) => false,
        NodeKind::Local(_) | NodeKind::Output(_) | NodeKind::Resource(_) | NodeKind::Check(_) => true,
    }
}
