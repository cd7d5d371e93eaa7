//! Which front-end reads a file, and what the JSON syntax has to know of blocks to read one. It parses nothing itself.

use super::schema;
use crate::diag::Diagnostics;
use crate::source::FileId;
use crate::syntax::ast::Body;
use crate::syntax::{self, Grammar, Style};

/// Parses a configuration file by the syntax that its name says.
pub fn parse_file(file: FileId, name: &str, text: &str, diags: &mut Diagnostics) -> Body {
    match is_json(name) {
        true => syntax::parse_json(file, text, Grammar { labels, style }, diags),
        false => syntax::parse(file, text, diags),
    }
}

/// Parses a file of values of variables by the syntax that its name says. In JSON, strings are as they are.
pub fn parse_values(file: FileId, name: &str, text: &str, diags: &mut Diagnostics) -> Body {
    let grammar = Grammar { labels: |_, _| None, style: |_, _| Style::Literal };
    match is_json(name) {
        true => syntax::parse_json_values(file, text, grammar, diags),
        false => syntax::parse(file, text, diags),
    }
}

fn is_json(name: &str) -> bool {
    name.ends_with(".json")
}

/// The number of labels of a block `kind` inside `parent`. What the tables allow there is checked when it is decoded.
fn labels(parent: &str, kind: &str) -> Option<usize> {
    if parent.is_empty() {
        return schema::BLOCKS.iter().find(|(known, _)| *known == kind).map(|(_, labels)| labels.len());
    }
    let nested: &[(&str, usize)] = match parent {
        "flowform" => schema::FLOWFORM.blocks,
        "variable" => schema::VARIABLE.blocks,
        "output" => schema::OUTPUT.blocks,
        "lifecycle" => schema::LIFECYCLE.blocks,
        "flow" => schema::FLOW_BLOCKS,
        "removed" => schema::REMOVED.blocks,
        "check" => &[("data", 2), ("assert", 0)],
        "data" | "storage" | "template" | "run_config" | "execution_environment" | "agent" => {
            &[("lifecycle", 0)]
        }
        _ => &[],
    };
    nested.iter().find(|(known, _)| *known == kind).map(|(_, labels)| *labels)
}

/// How Terraform reads the strings of an argument of that name there.
fn style(parent: &str, argument: &str) -> Style {
    match (parent, argument) {
        ("variable", "type")
        | ("moved" | "removed", "from")
        | ("moved" | "import", "to")
        | ("lifecycle", "ignore_changes")
        | ("module", "providers")
        | ("dynamic", "iterator")
        | (_, "depends_on" | "provider") => Style::Expression,
        ("variable", "default" | "description")
        | ("module", "source" | "version")
        | ("provider", "alias") => Style::Literal,
        ("output", "description") => Style::Literal,
        _ => Style::Template,
    }
}
