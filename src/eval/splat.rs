//! The steps of a traversal: attributes, indexes and splats.

use std::sync::Arc;

use super::expr::{Evaluator, Locals, poison};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Step, StepKind};
use crate::value::{Kind, Marks, Number, Type, Value, convert, type_name};

impl Evaluator<'_> {
    /// Applies `steps` to `value`.
    pub(super) fn steps(
        &mut self,
        mut value: Value,
        steps: &[Step],
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        let mut rest = steps;
        if let Some(diagnostic) = legacy_twice(steps) {
            diags.push(diagnostic);
            return poison().marked(value.marks);
        }
        while let Some((step, after)) = rest.split_first() {
            rest = after;
            value = match &step.kind {
                StepKind::Attr(name) => attribute(&value, name, step.span, diags),
                StepKind::LegacyIndex(index) => {
                    let number = Number::parse(&index.to_string()).unwrap_or_else(|| Number::from(i64::MAX));
                    let key = Value::from(Kind::Number(number));
                    index_value(&value, &key, step.span, diags)
                }
                StepKind::Index(expr) => {
                    let key = self.eval(expr, locals, diags);
                    index_value(&value, &key, expr.span, diags)
                }
                // `[*]` takes all that follows into each element, `.*` only the attributes right behind it.
                StepKind::FullSplat => return self.splat(&value, std::mem::take(&mut rest), locals, diags),
                StepKind::AttrSplat => {
                    let inner = after
                        .iter()
                        .take_while(|step| matches!(step.kind, StepKind::Attr(_) | StepKind::LegacyIndex(_)))
                        .count();
                    let (inside, outside) = after.split_at_checked(inner).unwrap_or((after, &[]));
                    rest = outside;
                    self.splat(&value, inside, locals, diags)
                }
            };
        }
        value
    }

    fn splat(&mut self, value: &Value, steps: &[Step], locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let kind = match &value.kind {
            Kind::Null => Kind::Tuple(Arc::default()),
            Kind::Unknown(_) => Kind::Unknown(Type::Any),
            Kind::Set(_) if !value.is_wholly_known() => return poison().marked(value.all_marks()),
            Kind::Tuple(items) => {
                Kind::Tuple(Arc::new(self.splat_items(items, value.marks, steps, locals, diags)))
            }
            Kind::List(items) | Kind::Set(items) => {
                Kind::List(Arc::new(self.splat_items(items, value.marks, steps, locals, diags)))
            }
            // A single value is as good as a list of it.
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Map(_) | Kind::Object(_) => {
                let one = std::slice::from_ref(value);
                Kind::Tuple(Arc::new(self.splat_items(one, value.marks, steps, locals, diags)))
            }
        };
        Value { kind, marks: value.marks }
    }

    fn splat_items(
        &mut self,
        items: &[Value],
        marks: Marks,
        steps: &[Step],
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Vec<Value> {
        items
            .iter()
            .map(|item| {
                self.spend_bytes(64);
                if self.exhausted() {
                    poison()
                } else {
                    self.steps(item.clone().marked(marks), steps, locals, diags)
                }
            })
            .collect()
    }
}

/// Two indexes in the old form side by side, as in `a.0.1`, which Terraform reads as the number 0.1.
fn legacy_twice(steps: &[Step]) -> Option<Diagnostic> {
    let pair = steps.windows(2).find_map(|pair| match pair {
        [first, second] => match (&first.kind, &second.kind) {
            (StepKind::LegacyIndex(a), StepKind::LegacyIndex(b)) => Some((second.span, *a, *b)),
            _ => None,
        },
        _ => None,
    });
    let (span, a, b) = pair?;
    let detail =
        "Indexes in the form `.0` cannot follow each other, because `.0.1` looks like the number 0.1.";
    Some(Diagnostic::error("Invalid index", detail).at(span).help(format!("write `[{a}][{b}]`")))
}

/// `value.name`.
fn attribute(value: &Value, name: &Arc<str>, span: Span, diags: &mut Diagnostics) -> Value {
    let error = |detail: String| Diagnostic::error("Unsupported attribute", detail).at(span);
    let diagnostic = match &value.kind {
        Kind::Object(entries) | Kind::Map(entries) => match entries.get(name) {
            Some(member) => return member.clone().marked(value.marks),
            None => missing(value, name, error),
        },
        Kind::Unknown(Type::Any) => return value.clone(),
        Kind::Unknown(Type::Map(element)) => return Value::unknown((**element).clone()).marked(value.marks),
        Kind::Unknown(Type::Object(attributes)) => match attributes.get(name) {
            Some(attribute) => return Value::unknown(attribute.ty.clone()).marked(value.marks),
            None => error(format!("This object has no attribute `{name}`."))
                .suggest(name, attributes.keys().map(|name| &**name)),
        },
        Kind::Null => error(format!("This value is null, so that it has no attribute `{name}`."))
            .help("guard it with a condition, or use `try`"),
        Kind::List(_)
        | Kind::Set(_)
        | Kind::Tuple(_)
        | Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => error(format!(
            "This value is of type {}, which has no attributes.",
            type_name(value)
        ))
        .help(format!(
            "choose an element, as in `[0].{name}`, or take the attribute of all of them with `[*].{name}`"
        )),
        Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Unknown(Type::Bool | Type::Number | Type::String) => {
            error(format!("This value is of type {}, which has no attributes.", type_name(value)))
        }
    };
    diags.push(diagnostic);
    poison().marked(value.marks)
}

/// What to say of a key that an object or map does not have.
fn missing(value: &Value, name: &str, error: impl Fn(String) -> Diagnostic) -> Diagnostic {
    let what = match value.kind {
        Kind::Map(_) => "map has no element",
        _ => "object has no attribute",
    };
    let diagnostic = error(format!("This {what} `{name}`."));
    // The names of a sensitive object are not shown either.
    match (value.as_entries(), value.marks.contains(Marks::SENSITIVE)) {
        (Some(entries), false) => diagnostic.suggest(name, entries.keys().map(|name| &**name)),
        _ => diagnostic,
    }
}

/// `value[key]`.
fn index_value(value: &Value, key: &Value, span: Span, diags: &mut Diagnostics) -> Value {
    let marks = value.marks.union(key.marks);
    match lookup(value, key, span) {
        Ok(member) => member.marked(marks),
        Err(diagnostic) => {
            diags.push(*diagnostic);
            poison().marked(marks)
        }
    }
}

fn lookup(value: &Value, key: &Value, span: Span) -> Result<Value, Box<Diagnostic>> {
    let error = |detail: String| Box::new(Diagnostic::error("Invalid index", detail).at(span));
    if key.is_null() {
        return Err(error("The index is null.".to_owned()));
    }
    let hidden = key.marks.union(value.marks).contains(Marks::SENSITIVE);
    match &value.kind {
        Kind::Null => Err(error("This value is null, so that it has no elements.".to_owned())),
        Kind::List(items) | Kind::Tuple(items) => match position(key, span)? {
            None => Ok(poison().marked(value.all_marks())),
            Some(position) => position
                .to_i64()
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|index| items.get(index))
                .cloned()
                .ok_or_else(|| error(out_of_range(&position, items.len(), hidden))),
        },
        Kind::Map(entries) | Kind::Object(entries) => match text_key(key, span)? {
            None => Ok(poison().marked(value.all_marks())),
            Some(text) => match entries.get(&text) {
                Some(member) => Ok(member.clone()),
                None if hidden => Err(error("The key is not in this value.".to_owned())),
                None => Err(Box::new(missing(value, &text, |detail| *error(detail)))),
            },
        },
        Kind::Set(_) | Kind::Unknown(Type::Set(_)) => Err(Box::new(
            error(
                "The elements of a set have no order and no keys, so that none can be chosen by an index."
                    .to_owned(),
            )
            .help("make it a list with `tolist`, or take the only element with `one`"),
        )),
        Kind::Unknown(Type::Any) => Ok(value.clone()),
        Kind::Unknown(Type::List(element)) => {
            position(key, span).map(|_| Value::unknown((**element).clone()))
        }
        Kind::Unknown(Type::Map(element)) => text_key(key, span).map(|_| Value::unknown((**element).clone())),
        Kind::Unknown(Type::Tuple(types)) => match position(key, span)? {
            None => Ok(poison()),
            Some(position) => position
                .to_i64()
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|index| types.get(index))
                .map(|ty| Value::unknown(ty.clone()))
                .ok_or_else(|| error(out_of_range(&position, types.len(), hidden))),
        },
        Kind::Unknown(Type::Object(attributes)) => match text_key(key, span)? {
            None => Ok(poison()),
            Some(text) => match attributes.get(&text) {
                Some(attribute) => Ok(Value::unknown(attribute.ty.clone())),
                None if hidden => Err(error("The key is not in this value.".to_owned())),
                None => Err(Box::new(
                    error(format!("This object has no attribute `{text}`."))
                        .suggest(&text, attributes.keys().map(|name| &**name)),
                )),
            },
        },
        Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Unknown(Type::Bool | Type::Number | Type::String) => {
            Err(error(format!("A value of type {} has no elements.", type_name(value))))
        }
    }
}

/// A key as the number of an element; none when it is unknown.
fn position(key: &Value, span: Span) -> Result<Option<Number>, Box<Diagnostic>> {
    let error = |detail: &str| Box::new(Diagnostic::error("Invalid index", detail).at(span));
    match convert(key, &Type::Number) {
        Ok(Value { kind: Kind::Number(number), .. }) if number.is_integer() => Ok(Some(number)),
        Ok(Value { kind: Kind::Number(_), .. }) => {
            Err(error("The elements of a list are chosen by whole numbers, but this number has a fraction."))
        }
        Ok(_) => Ok(None),
        Err(_) => Err(error("The elements of a list are chosen by number, and this value is none.")),
    }
}

/// A key as text; none when it is unknown.
fn text_key(key: &Value, span: Span) -> Result<Option<Arc<str>>, Box<Diagnostic>> {
    match convert(key, &Type::String) {
        Ok(Value { kind: Kind::String(text), .. }) => Ok(Some(text)),
        Ok(_) => Ok(None),
        Err(_) => {
            let detail = format!(
                "The elements of a map are chosen by text, but this value is of type {}.",
                type_name(key)
            );
            Err(Box::new(Diagnostic::error("Invalid index", detail).at(span)))
        }
    }
}

fn out_of_range(index: &Number, length: usize, hidden: bool) -> String {
    let shown = match hidden {
        true => "The index".to_owned(),
        false => format!("The index {index}"),
    };
    match length {
        _ if index.signum() < 0 => format!("{shown} is negative; the first element is 0."),
        0 => format!("{shown} is out of range: there are no elements."),
        1 => format!("{shown} is out of range: there is one element, number 0."),
        _ => format!("{shown} is out of range: there are {length} elements, from 0 to {}.", length - 1),
    }
}
