//! `count` and `for_each`: one block to its instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::{BlockScope, Instance};
use crate::address::InstanceKey;
use crate::config::model::Repetition;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::value::{Kind, Marks, Number, Value, described, type_name};

/// The most instances that one block may have.
const MAX_INSTANCES: usize = 100_000;

/// The instances of a block, in key order; `None` when they cannot be told, or the repetition is in error.
pub(super) fn expand(
    repetition: &Repetition,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Vec<(InstanceKey, Instance)>> {
    match repetition {
        Repetition::Once => Some(vec![(InstanceKey::None, Instance::default())]),
        Repetition::Count(expr) => {
            let value = evaluate(expr, scope, diags);
            count(expr, &value, scope, diags)
        }
        Repetition::ForEach(expr) => {
            let value = evaluate(expr, scope, diags);
            for_each(expr, &value, scope, diags)
        }
    }
}

fn count(
    expr: &Expr,
    value: &Value,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Vec<(InstanceKey, Instance)>> {
    if refused(expr.span, value, "count", scope, diags) {
        return None;
    }
    let number = match crate::value::convert(value, &crate::value::Type::Number) {
        Ok(Value { kind: Kind::Number(number), .. }) => number.to_i64(),
        _ => None,
    };
    let wanted = number.and_then(|number| usize::try_from(number).ok());
    let Some(wanted) = wanted.filter(|wanted| *wanted <= MAX_INSTANCES) else {
        diags.push(
            Diagnostic::error(
                "Invalid count",
                format!(
                    "`count` must be a whole number from 0 to {MAX_INSTANCES}, and this is {}.",
                    described(value)
                ),
            )
            .at(expr.span)
            .help("use `length(...)` of a list, or `condition ? 1 : 0`"),
        );
        return None;
    };
    let instances = (0..wanted).map(|index| {
        let number = Value::from(Kind::Number(Number::from(index as i64)));
        (InstanceKey::Index(index as u64), Instance { index: Some(number), ..Instance::default() })
    });
    Some(instances.collect())
}

fn for_each(
    expr: &Expr,
    value: &Value,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Vec<(InstanceKey, Instance)>> {
    if refused(expr.span, value, "for_each", scope, diags) {
        return None;
    }
    let count = value.as_entries().map(BTreeMap::len).or(value.as_slice().map(<[Value]>::len));
    if count.is_some_and(|count| count > MAX_INSTANCES) {
        diags.push(
            Diagnostic::error(
                "Too many instances",
                format!("A block has at most {MAX_INSTANCES} instances, and `for_each` asks for more."),
            )
            .at(expr.span)
            .help("divide the keys among several blocks"),
        );
        return None;
    }
    let instance = |key: Arc<str>, value: Value| {
        let each = Some((Value::string(key.clone()), value));
        (InstanceKey::Key(key), Instance { each, ..Instance::default() })
    };
    match &value.kind {
        Kind::Map(entries) | Kind::Object(entries) => {
            Some(entries.iter().map(|(key, value)| instance(key.clone(), value.clone())).collect())
        }
        Kind::Set(items) => {
            let mut instances = Vec::with_capacity(items.len());
            for item in items.iter() {
                match &item.kind {
                    Kind::String(key) if item.marks == Marks::NONE => {
                        instances.push(instance(key.clone(), item.clone()));
                    }
                    Kind::Unknown(_) => {
                        refused(expr.span, item, "for_each", scope, diags);
                        return None;
                    }
                    _ => diags
                        .push(not_iterable(expr.span, &format!("a set with a {} in it", type_name(item)))),
                }
            }
            Some(instances)
        }
        Kind::List(_) | Kind::Tuple(_) => {
            diags.push(
                not_iterable(expr.span, &described(value))
                    .help("wrap it in `toset(...)`, so that each instance has a key of its own"),
            );
            None
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => {
            diags.push(not_iterable(expr.span, &described(value)));
            None
        }
    }
}

/// Whether the value cannot say how often: unknown, sensitive or changing by itself.
pub(super) fn refused(
    span: Span,
    value: &Value,
    word: &str,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> bool {
    if value.marks.contains(Marks::VOLATILE) {
        diags.push(
            Diagnostic::error(
                "Changing repetition",
                format!("`{word}` depends on a function whose result changes by itself, so every plan would differ."),
            )
            .at(span)
            .help("use a variable in its place"),
        );
        return true;
    }
    if value.marks.contains(Marks::SENSITIVE) {
        diags.push(
            Diagnostic::error(
                "Sensitive repetition",
                format!(
                    "`{word}` decides on addresses, which every output shows, so it cannot be sensitive."
                ),
            )
            .at(span)
            .help("use keys that are not secret, or `nonsensitive(...)` where the value is none"),
        );
        return true;
    }
    if value.is_unknown() {
        // An unknown that stems from a mistake has its own diagnostic.
        if scope.must_be_known(diags) {
            diags.push(
                Diagnostic::error(
                    "Unknown repetition",
                    format!("`{word}` must be known at plan time, and this value is known only after apply."),
                )
                .at(span)
                .help("use keys from the configuration itself, and put what comes later into the values"),
            );
        }
        return true;
    }
    if value.is_null() {
        diags.push(
            Diagnostic::error("Null repetition", format!("`{word}` is null here, which says nothing."))
                .at(span)
                .help(if word == "count" { "use 0 for none" } else { "use `{}` for none" }),
        );
        return true;
    }
    false
}

fn not_iterable(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid for_each",
        format!("`for_each` takes a map or a set of texts, and this is {what}."),
    )
    .at(span)
}
