//! `module` blocks: what is called, how often, with which inputs and providers.

use super::super::errors;
use super::super::model::{ModuleCall, ROOT};
use super::super::modules::{is_local, not_local};
use super::body::{literal_string, reference_list};
use super::resource::{provider_name, repetition};
use crate::diag::Diagnostics;
use crate::syntax::ast::{Attribute, Block, Expr, ExprKind, Name};

/// The arguments that are not inputs of the child.
const OWN: &[&str] = &["source", "version", "providers", "count", "for_each", "depends_on"];

pub(super) fn module(block: &Block, diags: &mut Diagnostics) -> Option<ModuleCall> {
    for nested in &block.body.blocks {
        diags.push(errors::unknown_nested_block(nested, "module", [], false));
    }
    let Some(source) = block.body.attribute("source") else {
        diags.push(errors::missing_argument(block.header, "module", "source"));
        return None;
    };
    let Some(text) = literal_string(source) else {
        diags.push(errors::literal_needed(source.expr.span, "source", "a text"));
        return None;
    };
    let source = Name { text, span: source.expr.span };
    if !is_local(&source.text) {
        diags.push(not_local(&source));
    } else if let Some(version) = block.body.attribute("version") {
        diags.push(errors::version_of_local(version.name.span));
    }
    let inputs = block.body.attributes.iter().filter(|attribute| !OWN.contains(&&*attribute.name.text));
    Some(ModuleCall {
        child: ROOT,
        source,
        repetition: repetition(block, diags),
        depends_on: reference_list(&block.body, "depends_on", diags),
        providers: block
            .body
            .attribute("providers")
            .map(|attribute| providers(attribute, diags))
            .unwrap_or_default(),
        inputs: inputs.cloned().collect(),
    })
}

/// `providers = { local = local.other }`: names on both sides.
fn providers(attribute: &Attribute, diags: &mut Diagnostics) -> Vec<(Name, Name)> {
    let ExprKind::Object(items) = &attribute.expr.kind else {
        diags.push(errors::literal_needed(attribute.expr.span, "providers", "`{ local = local.other }`"));
        return Vec::new();
    };
    let name = |expr: &Expr, diags: &mut Diagnostics| {
        let name = Name { text: "providers".into(), span: expr.span };
        provider_name(&Attribute { name, expr: expr.clone() }, diags)
    };
    items.iter().filter_map(|item| Some((name(&item.key, diags)?, name(&item.value, diags)?))).collect()
}
