//! Checks and conversions that several parts of a definition share. Values keep their unknown parts.

use std::collections::BTreeMap;

use super::problem::{Problem, at, at_index};
use super::secret;
use crate::address::PathStep;
use crate::flow::check::plaintext;
use crate::flow::kind::{Field, FieldType, RunConfigKind};
use crate::value::{Kind, Type, Value, convert, type_name};

/// What a value is called in a sentence.
pub(super) fn describe(value: &Value) -> String {
    if value.is_unknown() {
        return "known only after apply".to_owned();
    }
    let name = type_name(value);
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    match value.is_null() {
        true => name,
        false => format!("{article} {name}"),
    }
}

/// The value as the field wants it, by Terraform's conversions; null stays null. `None` when it does not fit, which
/// is reported.
pub fn typed(field: &Field, value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Option<Value> {
    if value.is_null() {
        return Some(Value::NULL);
    }
    let ty = match field.ty {
        FieldType::String | FieldType::NumberAsText => Type::String,
        FieldType::Number => Type::Number,
        FieldType::Bool => Type::Bool,
        FieldType::MapOfString => Type::Map(Box::new(Type::String)),
        FieldType::Any => return Some(value.clone()),
        FieldType::ListOfString => Type::List(Box::new(Type::String)),
        FieldType::ListOfAny => {
            return if value.is_unknown() || value.as_slice().is_some() {
                Some(value.clone())
            } else {
                problems.push(unsuitable(field, value, path));
                None
            };
        }
        FieldType::MapOfAny => {
            return if value.is_unknown() || value.as_entries().is_some() {
                Some(value.clone())
            } else {
                problems.push(unsuitable(field, value, path));
                None
            };
        }
    };
    match convert(value, &ty) {
        Ok(converted) => {
            let members = match field.ty {
                FieldType::ListOfString => converted.as_slice().unwrap_or_default(),
                _ => &[],
            };
            for (index, _) in members.iter().enumerate().filter(|(_, member)| member.is_null()) {
                let what = format!("A member of `{}` is null; each is a text.", field.name);
                problems.push(
                    Problem::error(at_index(path, index), "Unsuitable value", what)
                        .help("remove it, or write a text"),
                );
            }
            Some(converted)
        }
        Err(error) => {
            let mut problem = unsuitable(field, value, path);
            if !error.path.is_empty() {
                problem.path.extend(error.path);
                problem.detail =
                    format!("`{}` must be {}: {}.", field.name, field.ty.describe(), error.message);
            }
            problems.push(problem);
            None
        }
    }
}

fn unsuitable(field: &Field, value: &Value, path: &[PathStep]) -> Problem {
    Problem::error(
        path.to_vec(),
        "Unsuitable value",
        format!("`{}` must be {}, but this is {}.", field.name, field.ty.describe(), describe(value)),
    )
}

/// A text that is not empty; null is none.
pub(super) fn text(
    name: &'static str,
    value: &Value,
    path: &[PathStep],
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let field = Field { name, ty: FieldType::String, required: false, doc: "" };
    let value = typed(&field, value, path, problems).filter(|value| !value.is_null())?;
    if value.as_str() == Some("") {
        problems.push(
            Problem::error(path.to_vec(), "Empty text", format!("`{name}` is empty, which names nothing."))
                .help("write a text, or leave the argument out"),
        );
        return None;
    }
    Some(value)
}

/// The labels of one list. `None` when they are not all known yet.
///
/// Stricter than the original (semantics 0.2), which takes one text apart into its characters and turns anything
/// into text: here labels are a list of texts that are not empty. Null is no labels.
pub(super) fn labels(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    if value.is_null() {
        return Some(Vec::new());
    }
    if value.is_unknown() {
        return None;
    }
    let Some(items) = value.as_slice() else {
        let problem = Problem::error(
            path.to_vec(),
            "Unsuitable labels",
            format!("Labels are a list of texts, but this is {}.", describe(value)),
        );
        problems.push(match value.as_str() {
            Some(text) => problem.help(format!("write `[{text:?}]`")),
            None => problem.help("write `[\"first\", \"second\"]`"),
        });
        return Some(Vec::new());
    };
    let mut labels = Vec::with_capacity(items.len());
    let mut known = true;
    for (index, item) in items.iter().enumerate() {
        if item.is_unknown() {
            known = false;
            continue;
        }
        match item.as_str() {
            Some("") => problems.push(
                Problem::error(
                    at_index(path, index),
                    "Unsuitable labels",
                    "An empty label matches no agent.",
                )
                .help("remove it"),
            ),
            Some(text) => labels.push(text.to_owned()),
            None => problems.push(
                Problem::error(
                    at_index(path, index),
                    "Unsuitable labels",
                    format!("A label is a text, but this is {}.", describe(item)),
                )
                .help("write it in quotes, or use `tostring()`"),
            ),
        }
    }
    known.then_some(labels)
}

/// Labels of several lists, unique and sorted by code point; one unknown part makes all of it unknown.
pub(super) fn unite_labels(lists: Vec<Option<Vec<String>>>) -> Value {
    match lists.into_iter().collect::<Option<Vec<_>>>() {
        Some(lists) => Value::set(lists.into_iter().flatten().map(Value::string)),
        None => Value::unknown(Type::Set(Box::new(Type::String))),
    }
}

/// Environment variables as texts, without those that `secret_env` names (rule: a name in `secret_env` is removed
/// from every env layer). Null stays null and `{}` stays `{}`, as in the original (semantics 1).
///
/// Numbers and booleans become text as Terraform writes them (`1.0` is `1`). A null value is an error: Terraform's
/// maps have none, the original would drop the variable on one backend and fail on another.
pub(super) fn environment(
    value: &Value,
    secrets: &BTreeMap<String, Value>,
    kind: RunConfigKind,
    path: &[PathStep],
    problems: &mut Vec<Problem>,
) -> Value {
    if value.is_null() {
        return Value::NULL;
    }
    if value.is_unknown() {
        return Value::unknown(Type::Map(Box::new(Type::String)));
    }
    let Some(entries) = value.as_entries() else {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Unsuitable value",
                format!("`env` must be a map of texts, but this is {}.", describe(value)),
            )
            .help("write `env = { NAME = \"value\" }`"),
        );
        return Value::NULL;
    };
    let mut out = Vec::with_capacity(entries.len());
    for (name, entry) in entries.iter() {
        let path = at(path, name);
        check_variable_name(name, &path, problems);
        if secrets.contains_key(name.as_ref()) {
            continue;
        }
        if entry.is_null() {
            problems.push(
                Problem::error(
                    path,
                    "Variable without a value",
                    format!("`{name}` is null; an environment variable has a text."),
                )
                .help("remove the variable, or write \"\" for an empty one"),
            );
            continue;
        }
        match convert(entry, &Type::String) {
            Ok(text) => {
                if let Some(plain) = text.as_str() {
                    problems.extend(plaintext(name, plain, &path, &secret::instead(kind, name)));
                    if plain.contains('\0') {
                        problems.push(Problem::error(
                            path,
                            "Unsuitable value",
                            format!("`{name}` holds a NUL character, which no environment variable can."),
                        ));
                    }
                }
                out.push((name.to_string(), text));
            }
            Err(_) => problems.push(
                Problem::error(
                    path,
                    "Unsuitable value",
                    format!(
                        "`{name}` must be a text, a number or a boolean, but this is {}.",
                        describe(entry)
                    ),
                )
                .help("use `jsonencode()` to hand structured data to the flow"),
            ),
        }
    }
    Value::object(out)
}

/// Names that the operating system takes, and that are not flowform's own.
pub(super) fn check_variable_name(name: &str, path: &[PathStep], problems: &mut Vec<Problem>) {
    if name.is_empty() || name.contains(['=', '\0']) {
        problems.push(Problem::error(
            path.to_vec(),
            "Unsuitable variable name",
            "The name of an environment variable is not empty and holds neither `=` nor a NUL character.",
        ));
    } else if name.starts_with("FLOWFORM_") {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Reserved variable name",
                format!("`{name}` is set by flowform for every run; names that begin with `FLOWFORM_` are reserved."),
            )
            .help("choose another name"),
        );
    }
}

/// An attribute of an object or map, null when it is missing.
pub(super) fn attribute<'a>(object: &'a Value, name: &str) -> &'a Value {
    const NULL: &Value = &Value { kind: Kind::Null, marks: crate::value::Marks::NONE };
    object.get(name).unwrap_or(NULL)
}
