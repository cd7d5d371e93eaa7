//! Nested blocks as they are once `dynamic` blocks are expanded: each with the values that its iterators stand for.
//! It does not read their arguments.

use std::sync::Arc;

use super::expand::refused;
use super::scope::{BlockScope, Instance, Iterator};
use crate::config::model::DynamicBlock;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::source::Span;
use crate::syntax::ast::{Block, Body, Name};
use crate::value::{Kind, Marks, Type, Value, type_name};

/// The most nested blocks that the `dynamic` blocks of one block make.
const MAX_NESTED: usize = 10_000;

/// A nested block, written out or made by a `dynamic` block.
pub(super) struct Nested<'a> {
    /// Its kind.
    pub(super) kind: &'a str,
    /// Its labels.
    pub(super) labels: Vec<Name>,
    /// What to underline for it.
    pub(super) header: Span,
    /// Its inside.
    pub(super) body: &'a Body,
    /// Whether a `dynamic` block made it.
    pub(super) is_dynamic: bool,
    /// The instance around it, with the iterators of the `dynamic` blocks that made it.
    pub(super) instance: Instance,
}

impl<'a> Nested<'a> {
    /// What names mean inside of it.
    pub(super) fn scope<'b>(&'b self, around: &BlockScope<'b>) -> BlockScope<'b> {
        BlockScope { instance: &self.instance, ..*around }
    }
}

/// The nested blocks of a block, in source order; a `dynamic` block's are in the order of its collection.
pub(super) fn nested<'a>(
    blocks: &'a [Block],
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Vec<Nested<'a>> {
    let mut result = Vec::new();
    for block in blocks {
        let Some(dynamic) = DynamicBlock::of(block) else {
            result.push(Nested {
                kind: &block.kind.text,
                labels: block.labels.clone(),
                header: block.header,
                body: &block.body,
                is_dynamic: false,
                instance: scope.instance.clone(),
            });
            continue;
        };
        let (Some(for_each), Some(content)) = (dynamic.for_each, dynamic.content) else { continue };
        let collection = evaluate(for_each, scope, diags);
        for (key, value) in elements(&collection, for_each.span, scope, diags) {
            if result.len() >= MAX_NESTED {
                diags.push(
                    Diagnostic::error(
                        "Too many nested blocks",
                        format!("The `dynamic` blocks of one block make at most {MAX_NESTED} nested blocks."),
                    )
                    .at(for_each.span)
                    .help("divide the elements among several blocks"),
                );
                return result;
            }
            let mut instance = scope.instance.clone();
            instance.iterators.push(Iterator { name: dynamic.iterator.clone(), key, value });
            let inner = BlockScope { instance: &instance, ..*scope };
            let labels = dynamic.labels.map(|labels| (evaluate(labels, &inner, diags), labels.span));
            let labels = match labels {
                None => Some(Vec::new()),
                Some((value, span)) => label_names(&value, span, scope, diags),
            };
            let Some(labels) = labels else { continue };
            result.push(Nested {
                kind: &dynamic.kind.text,
                labels,
                header: block.header,
                body: &content.body,
                is_dynamic: true,
                instance,
            });
        }
    }
    result
}

/// The keys and values that a `dynamic` block goes through: those of a map or object, the elements of a set as both,
/// the elements of a list with their positions.
fn elements(
    collection: &Value,
    span: Span,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Vec<(Value, Value)> {
    if collection.is_unknown() && scope.tolerant {
        // The content is checked once, with whatever the element may be.
        return vec![(Value::unknown(Type::Any), Value::unknown(Type::Any))];
    }
    if refused(span, collection, "for_each", scope, diags) {
        return Vec::new();
    }
    match &collection.kind {
        Kind::Map(entries) | Kind::Object(entries) => {
            entries.iter().map(|(key, value)| (Value::string(key.clone()), value.clone())).collect()
        }
        Kind::Set(items) => items.iter().map(|item| (item.clone(), item.clone())).collect(),
        Kind::List(items) | Kind::Tuple(items) => {
            let keys = (0..).map(Value::int);
            keys.zip(items.iter().cloned()).collect()
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => {
            diags.push(
                Diagnostic::error(
                    "Invalid for_each",
                    format!(
                        "The `for_each` of a `dynamic` block takes a collection, and this is a {}.",
                        type_name(collection)
                    ),
                )
                .at(span)
                .help(
                    "give a list, a set, a map or an object; `condition ? [1] : []` makes one block or none",
                ),
            );
            Vec::new()
        }
    }
}

fn label_names(
    value: &Value,
    span: Span,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Vec<Name>> {
    let text = |item: &Value| -> Option<Arc<str>> {
        match &item.kind {
            Kind::String(text) if item.marks == Marks::NONE => Some(text.clone()),
            _ => None,
        }
    };
    let labels = match value.as_slice().map(|items| items.iter().map(text).collect::<Option<Vec<_>>>()) {
        Some(labels) if value.marks == Marks::NONE => labels,
        _ => None,
    };
    if labels.is_none() && (value.is_wholly_known() || scope.must_be_known(diags)) {
        diags.push(
            Diagnostic::error(
                "Invalid labels",
                "The `labels` of a `dynamic` block are a list of texts that are known at plan time and not sensitive.",
            )
            .at(span)
            .help("write for example `labels = [\"local\"]`"),
        );
    }
    Some(labels?.into_iter().map(|text| Name { text, span }).collect())
}
