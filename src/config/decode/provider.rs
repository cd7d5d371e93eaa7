//! `provider` blocks, and the names of providers that other blocks write. It evaluates no argument.

use super::body::{self, check_body};
use crate::config::errors;
use crate::config::model::{Config, NodeKind, ProviderBlock};
use crate::config::schema::{BodySchema, PROVIDERS_NOT_YET};
use crate::diag::Diagnostics;
use crate::flow::kind::ProviderKind;
use crate::syntax::ast::Block;

/// The labels of all kinds.
fn labels() -> impl Iterator<Item = &'static str> + Clone {
    ProviderKind::ALL.into_iter().map(ProviderKind::label)
}

/// Decodes one block.
pub(super) fn declared(block: Block, config: &mut Config, diags: &mut Diagnostics) {
    let Some(label) = block.labels.first() else { return };
    let Some(kind) = ProviderKind::from_label(&label.text) else {
        diags.push(errors::unknown_kind(label, "provider", labels()));
        return;
    };
    if PROVIDERS_NOT_YET.contains(&kind) {
        diags.push(errors::not_yet(block.header, &format!("the provider `{}`", kind.label())));
        return;
    }
    let arguments: Vec<&str> =
        ["alias"].into_iter().chain(kind.fields().iter().map(|field| field.name)).collect();
    let required: Vec<&str> =
        kind.fields().iter().filter(|field| field.required).map(|field| field.name).collect();
    let schema = BodySchema { required: &required, optional: &arguments, blocks: &[] };
    check_body(&block.body, "provider", block.header, &schema, diags);
    let alias = block.body.attribute("alias").and_then(|attribute| {
        let alias = body::literal_string(attribute);
        if alias.is_none() {
            diags.push(errors::literal_needed(attribute.expr.span, "alias", "a text"));
        }
        alias
    });
    let name = match alias {
        Some(alias) => format!("{}.{alias}", label.text),
        None => label.text.to_string(),
    };
    if let Some(first) = config.providers.iter().find(|provider| provider.name == name) {
        let what = format!("`provider` block for `{name}`");
        diags.push(
            errors::only_once(&what, block.header, first.header).help("give the second one an `alias`"),
        );
        return;
    }
    config.providers.push(ProviderBlock {
        name,
        kind,
        header: block.header,
        arguments: block.body.attributes,
    });
}

/// Every `provider =` names a provider that there is, and an alias that is declared.
pub(super) fn check_references(config: &Config, is_root: bool, diags: &mut Diagnostics) {
    for node in &config.nodes {
        let NodeKind::Resource(resource) = &node.kind else { continue };
        let Some(name) = &resource.provider else { continue };
        let declared = config.providers.iter().any(|provider| *provider.name == *name.text);
        match ProviderKind::of_name(&name.text) {
            None => diags.push(errors::unknown_kind(name, "provider", labels())),
            Some(kind) if PROVIDERS_NOT_YET.contains(&kind) => {
                diags.push(errors::not_yet(name.span, &format!("the provider `{}`", kind.label())));
            }
            // The registry needs no block; what a child may use depends on what it is passed.
            Some(kind)
                if is_root && !declared && !(kind == ProviderKind::Local && &*name.text == kind.label()) =>
            {
                let declared = config.providers.iter().map(|provider| provider.name.as_str());
                diags.push(errors::undeclared_provider(name, declared));
            }
            Some(_) => {}
        }
    }
}
