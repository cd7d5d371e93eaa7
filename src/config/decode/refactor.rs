//! `moved` and `removed`: what happens to flows between two configurations.

use super::super::errors;
use super::super::model::{Moved, Removed};
use super::super::schema;
use super::body::{address_text, check_body, literal_bool};
use crate::diag::Diagnostics;
use crate::syntax::ast::Block;

pub(super) fn moved(block: &Block, diags: &mut Diagnostics) -> Option<Moved> {
    check_body(&block.body, "moved", block.header, &schema::MOVED, diags);
    let from = flow_address(block, "from", diags)?;
    let to = flow_address(block, "to", diags)?;
    Some(Moved { from, to, span: block.header })
}

pub(super) fn removed(block: &Block, diags: &mut Diagnostics) -> Option<Removed> {
    check_body(&block.body, "removed", block.header, &schema::REMOVED, diags);
    let from = flow_address(block, "from", diags)?;
    let mut destroy = true;
    for lifecycle in block.body.blocks_of("lifecycle") {
        check_body(&lifecycle.body, "lifecycle", lifecycle.header, &schema::REMOVED_LIFECYCLE, diags);
        destroy = literal_bool(&lifecycle.body, "destroy", true, diags);
    }
    Some(Removed { from, destroy, span: block.header })
}

fn flow_address(block: &Block, name: &str, diags: &mut Diagnostics) -> Option<String> {
    let attribute = block.body.attribute(name)?;
    match address_text(&attribute.expr) {
        Some(text) if text.starts_with("flow.") => Some(text),
        _ => {
            diags.push(errors::not_an_address(attribute.expr.span, &format!("`{name}`")));
            None
        }
    }
}
