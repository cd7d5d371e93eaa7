//! `moved` and `removed`: what happens to flows and templates between two configurations.

use super::super::errors;
use super::super::model::{Moved, Removed};
use super::super::schema;
use super::body::{address_text, check_body, literal_bool};
use crate::address::split_modules;
use crate::diag::Diagnostics;
use crate::syntax::ast::Block;

pub(super) fn moved(block: &Block, diags: &mut Diagnostics) -> Option<Moved> {
    check_body(&block.body, "moved", block.header, &schema::MOVED, diags);
    let from = flow_address(block, "from", diags)?;
    let to = flow_address(block, "to", diags)?;
    if is_module(&from) != is_module(&to) {
        diags.push(errors::not_an_address(block.header, "One of `from` and `to`"));
        return None;
    }
    Some(Moved { module: Vec::new(), from, to, span: block.header })
}

pub(super) fn removed(block: &Block, diags: &mut Diagnostics) -> Option<Removed> {
    check_body(&block.body, "removed", block.header, &schema::REMOVED, diags);
    let from = made_address(block, "from", diags)?;
    let mut destroy = true;
    for lifecycle in block.body.blocks_of("lifecycle") {
        check_body(&lifecycle.body, "lifecycle", lifecycle.header, &schema::REMOVED_LIFECYCLE, diags);
        destroy = literal_bool(&lifecycle.body, "destroy", true, diags);
    }
    Some(Removed { module: Vec::new(), from, destroy, span: block.header })
}

/// The address of a flow, a template or a module.
fn made_address(block: &Block, name: &str, diags: &mut Diagnostics) -> Option<String> {
    let attribute = block.body.attribute(name)?;
    match address_text(&attribute.expr).filter(|text| is_template(text)) {
        Some(text) => Some(text),
        None => flow_address(block, name, diags),
    }
}

fn flow_address(block: &Block, name: &str, diags: &mut Diagnostics) -> Option<String> {
    let attribute = block.body.attribute(name)?;
    match address_text(&attribute.expr) {
        Some(text) if is_flow(&text) || is_module(&text) => Some(text),
        _ => {
            diags.push(errors::not_an_address(attribute.expr.span, &format!("`{name}`")));
            None
        }
    }
}

/// Whether an address names a flow, inside whatever modules.
fn is_flow(address: &str) -> bool {
    split_modules(address).is_some_and(|(_, block)| block.starts_with("flow."))
}

/// Whether an address names a template, inside whatever modules.
fn is_template(address: &str) -> bool {
    split_modules(address).is_some_and(|(_, block)| block.starts_with("template."))
}

/// Whether an address names a module as a whole.
fn is_module(address: &str) -> bool {
    split_modules(address).is_some_and(|(modules, block)| !modules.is_empty() && block.is_empty())
}
