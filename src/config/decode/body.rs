//! Checks and readings that bodies of all kinds share.

use std::sync::Arc;

use super::super::errors;
use super::super::model::Rule;
use super::super::schema::{BodySchema, DYNAMIC, NEVER_DYNAMIC, RULE};
use crate::address::InstanceKey;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Body, Expr, ExprKind, Step, StepKind};
use crate::value::{Kind, Number};

/// Checks that `body` holds what the schema says: unknown and missing arguments, unknown blocks, label counts.
pub(super) fn check_body(
    body: &Body,
    parent: &str,
    header: Span,
    schema: &BodySchema<'_>,
    diags: &mut Diagnostics,
) {
    let arguments = || schema.required.iter().chain(schema.optional).copied();
    let is_block = |name: &str| schema.blocks.iter().any(|(kind, _)| *kind == name);
    for attribute in &body.attributes {
        let name = &*attribute.name.text;
        if !arguments().any(|known| known == name) {
            diags.push(errors::unknown_argument(attribute, parent, arguments(), is_block(name)));
        }
    }
    for required in schema.required {
        if body.attribute(required).is_none() {
            diags.push(errors::missing_argument(header, parent, required));
        }
    }
    for block in &body.blocks {
        let kind = &*block.kind.text;
        if kind == "dynamic" && dynamic_kinds(schema).next().is_some() {
            dynamic(block, parent, schema, diags);
            continue;
        }
        match schema.blocks.iter().find(|(known, _)| *known == kind) {
            None => {
                let known = schema.blocks.iter().map(|(kind, _)| *kind);
                let is_argument = arguments().any(|known| known == kind);
                diags.push(errors::unknown_nested_block(block, parent, known, is_argument));
            }
            Some((_, labels)) if block.labels.len() != *labels => {
                let wanted = &["kind", "name"][..(*labels).min(2)];
                diags.push(errors::wrong_labels(block, wanted));
            }
            Some(_) => {}
        }
    }
}

/// The kinds of nested blocks that a `dynamic` block can make.
fn dynamic_kinds<'a>(schema: &BodySchema<'a>) -> impl Iterator<Item = &'a str> {
    schema.blocks.iter().map(|(kind, _)| *kind).filter(|kind| !NEVER_DYNAMIC.contains(kind))
}

/// A `dynamic` block as such; what is in its `content` is checked where blocks of its kind are.
fn dynamic(block: &Block, parent: &str, schema: &BodySchema<'_>, diags: &mut Diagnostics) {
    let [label] = block.labels.as_slice() else {
        diags.push(errors::wrong_labels(block, &["kind"]));
        return;
    };
    let kind = &*label.text;
    check_body(&block.body, "dynamic", block.header, &DYNAMIC, diags);
    if !dynamic_kinds(schema).any(|known| known == kind) {
        let exists = schema.blocks.iter().any(|(known, _)| *known == kind);
        diags.push(errors::never_dynamic(label, parent, dynamic_kinds(schema), exists));
        return;
    }
    let wanted = schema.blocks.iter().find(|(known, _)| *known == kind).map_or(0, |(_, labels)| *labels);
    match block.body.attribute("labels") {
        Some(labels) if wanted == 0 => diags.push(errors::labels_of_dynamic(labels.name.span, kind, wanted)),
        None if wanted > 0 => diags.push(errors::labels_of_dynamic(block.header, kind, wanted)),
        _ => {}
    }
    if let Some(iterator) = block.body.attribute("iterator")
        && !matches!(iterator.expr.kind, ExprKind::Variable(_))
    {
        diags.push(
            errors::literal_needed(iterator.expr.span, "iterator", "a name")
                .help("write it without quotes: `iterator = item`"),
        );
    }
    let mut contents = block.body.blocks_of("content");
    match contents.next() {
        None => diags.push(errors::missing_block(block.header, "dynamic", "content")),
        Some(first) => {
            for again in contents {
                diags.push(errors::only_once("`content` block", again.header, first.header));
            }
        }
    }
}

/// The conditions in the blocks `kind` of a body.
pub(super) fn rules(body: &Body, kind: &str, diags: &mut Diagnostics) -> Vec<Rule> {
    let mut rules = Vec::new();
    for rule in body.blocks_of(kind) {
        check_body(&rule.body, kind, rule.header, &RULE, diags);
        if let (Some(condition), Some(message)) =
            (rule.body.attribute("condition"), rule.body.attribute("error_message"))
        {
            let (condition, error_message) = (condition.expr.clone(), message.expr.clone());
            rules.push(Rule { condition, error_message });
        }
    }
    rules
}

/// A text that is written out.
pub(super) fn literal_string(attribute: &Attribute) -> Option<Arc<str>> {
    match &attribute.expr.kind {
        ExprKind::Literal(value) => match &value.kind {
            Kind::String(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A truth value that must be written out; `default` when the argument is absent.
pub(super) fn literal_bool(body: &Body, name: &str, default: bool, diags: &mut Diagnostics) -> bool {
    let Some(attribute) = body.attribute(name) else { return default };
    match &attribute.expr.kind {
        ExprKind::Literal(value) if value.as_bool().is_some() => value.as_bool().unwrap_or(default),
        _ => {
            diags.push(errors::literal_needed(attribute.expr.span, name, "`true` or `false`"));
            default
        }
    }
}

/// The members of `name = [a, b]`, each of which must be a reference.
pub(super) fn reference_list(body: &Body, name: &str, diags: &mut Diagnostics) -> Vec<Expr> {
    let Some(attribute) = body.attribute(name) else { return Vec::new() };
    let items = match &attribute.expr.kind {
        ExprKind::Tuple(items) => items.as_slice(),
        ExprKind::Literal(value) if value.as_slice().is_some_and(<[_]>::is_empty) => &[],
        _ => {
            diags.push(not_references(attribute.expr.span, name));
            return Vec::new();
        }
    };
    let mut references = Vec::new();
    for item in items {
        match &item.kind {
            ExprKind::Traversal(_) => references.push(item.clone()),
            _ => diags.push(not_references(item.span, name)),
        }
    }
    references
}

fn not_references(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("Not a reference", format!("`{name}` is a list of references to other blocks."))
        .at(span)
        .help(format!("write them without quotes: `{name} = [flow.etl]`"))
}

/// The text of an address that is written as a reference: `flow.etl`, `flow.etl["eu"]`, `flow.etl[0]`.
pub(super) fn address_text(expr: &Expr) -> Option<String> {
    let ExprKind::Traversal(traversal) = &expr.kind else { return None };
    let ExprKind::Variable(root) = &traversal.base.kind else { return None };
    let mut text = root.to_string();
    for Step { kind, .. } in &traversal.steps {
        match kind {
            StepKind::Attr(name) => {
                text.push('.');
                text.push_str(name);
            }
            StepKind::Index(Expr { kind: ExprKind::Literal(value), .. }) => {
                let key = match &value.kind {
                    Kind::String(key) => InstanceKey::Key(key.clone()),
                    Kind::Number(number) => InstanceKey::Index(index(number)?),
                    _ => return None,
                };
                text.push_str(&key.to_string());
            }
            StepKind::LegacyIndex(position) => text.push_str(&InstanceKey::Index(*position).to_string()),
            StepKind::Index(_) | StepKind::AttrSplat | StepKind::FullSplat => return None,
        }
    }
    Some(text)
}

fn index(number: &Number) -> Option<u64> {
    number.to_i64().and_then(|index| u64::try_from(index).ok())
}
