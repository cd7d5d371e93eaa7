//! Keeps secrets, and values that change by themselves, out of definitions (equal configurations are one version). What it takes out is replaced by an unknown, so that nothing built from it can show it.

use std::sync::Arc;

use super::problem::{Problem, at, at_index};
use crate::address::PathStep;
use crate::value::{Kind, Marks, Value};

/// How deep a value may be nested: as deep as its JSON may be, for those who read it back.
const MAX_DEPTH: usize = 100;

/// `value` without its sensitive and volatile parts, which are reported.
pub(super) fn purify(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    match is_pure(value, 0) {
        // Nothing is taken out, so what there is can be shared.
        true => value.clone(),
        false => walk(value, path, 0, problems),
    }
}

fn is_pure(value: &Value, depth: usize) -> bool {
    depth <= MAX_DEPTH
        && value.marks == Marks::NONE
        && value.members().all(|member| is_pure(member, depth + 1))
}

fn walk(value: &Value, path: &[PathStep], depth: usize, problems: &mut Vec<Problem>) -> Value {
    if depth > MAX_DEPTH {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Value nested too deeply",
                format!("A definition may be nested {MAX_DEPTH} levels deep; this value is deeper."),
            )
            .help("flatten it, or keep it in a file that the flow reads"),
        );
        return Value::NULL;
    }
    if value.marks != Marks::NONE {
        problems.push(refusal(value.marks, path));
        // The type of a secret is no secret, but the keys of a secret object are.
        let ty = match &value.kind {
            Kind::Map(_) | Kind::Object(_) => crate::value::Type::Any,
            _ => crate::value::type_of(value),
        };
        return Value::unknown(ty);
    }
    let items = |items: &[Value], problems: &mut Vec<Problem>| -> Vec<Value> {
        items
            .iter()
            .enumerate()
            .map(|(index, item)| walk(item, &at_index(path, index), depth + 1, problems))
            .collect()
    };
    match &value.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => value.clone(),
        Kind::List(list) => Kind::List(Arc::new(items(list, problems))).into(),
        Kind::Set(list) => Kind::Set(Arc::new(items(list, problems))).into(),
        Kind::Tuple(list) => Kind::Tuple(Arc::new(items(list, problems))).into(),
        Kind::Map(entries) | Kind::Object(entries) => {
            let pure = entries
                .iter()
                .map(|(name, entry)| (Arc::clone(name), walk(entry, &at(path, name), depth + 1, problems)))
                .collect();
            let pure = Arc::new(pure);
            match &value.kind {
                Kind::Map(_) => Kind::Map(pure).into(),
                _ => Kind::Object(pure).into(),
            }
        }
    }
}

fn refusal(marks: Marks, path: &[PathStep]) -> Problem {
    if marks.contains(Marks::SENSITIVE) {
        let problem = Problem::error(
            path.to_vec(),
            "Sensitive value in a definition",
            "A definition is recorded in the registry and handed to the backend as it is, so a sensitive value may \
             not become part of it.",
        );
        let variable = match path {
            [.., PathStep::Key(map), PathStep::Key(name)] if map == "env" => name.as_str(),
            _ => "NAME",
        };
        return problem.help(format!(
            "refer to the secret instead: `secret_env = {{ {variable} = \"env:{variable}\" }}` reads it from the \
             machine that starts the run, `\"file:/path\"` from a file there; use `nonsensitive()` if it is no secret"
        ));
    }
    Problem::error(
        path.to_vec(),
        "Value that changes by itself in a definition",
        "It depends on the time, on chance or on the machine: `timestamp()`, `plantimestamp()`, `uuid()`, `bcrypt()`, \
         `abspath()`, `pathexpand()`. Every plan would make a new flow version.",
    )
    .help("write the value down, take it from a variable, or let the flow compute it when it runs")
}
