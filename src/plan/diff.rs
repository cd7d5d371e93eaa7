//! The paths at which a recorded definition and a desired one differ. Both are canonical already.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::model::{Difference, Side};
use crate::address::PathStep;
use crate::value::{Kind, Marks, Value, to_json};

/// Every path at which the two differ, in path order. Null and absent are one inside objects.
pub fn differences(before: &Json, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(Some(before), Some(after), &mut Vec::new(), &mut found);
    found
}

/// Every leaf of a new definition, as differences from nothing.
pub fn all_of(after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(None, Some(after), &mut Vec::new(), &mut found);
    // What is empty says nothing of something new.
    found.retain(|difference| !matches!(&difference.after, Side::Value(value) if is_empty(value)));
    found
}

fn is_empty(value: &Json) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn walk(before: Option<&Json>, after: Option<&Value>, path: &mut Vec<PathStep>, found: &mut Vec<Difference>) {
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if let Some(value) = after
        && value.marks.contains(Marks::SENSITIVE)
    {
        found.push(Difference { path: path.clone(), before: json_side(before), after: Side::Sensitive });
        return;
    }
    match (before, after) {
        (None, None) => {}
        (before, Some(Value { kind: Kind::Map(entries) | Kind::Object(entries), .. }))
            if before.is_none_or(Json::is_object) && (before.is_some() || !entries.is_empty()) =>
        {
            let old = before.and_then(Json::as_object);
            let keys: BTreeSet<&str> = entries
                .keys()
                .map(|key| &**key)
                .chain(old.into_iter().flat_map(|map| map.keys().map(String::as_str)))
                .collect();
            for key in keys {
                path.push(PathStep::Key(key.to_owned()));
                walk(old.and_then(|map| map.get(key)), entries.get(key), path, found);
                path.pop();
            }
        }
        (Some(Json::Object(old)), None) if !old.is_empty() => {
            let mut keys: Vec<&String> = old.keys().collect();
            keys.sort();
            for key in keys {
                path.push(PathStep::Key(key.clone()));
                walk(old.get(key), None, path, found);
                path.pop();
            }
        }
        (Some(Json::Array(old)), Some(value)) if same_shape(old, value) => {
            for (index, (old, new)) in old.iter().zip(value.as_slice().unwrap_or_default()).enumerate() {
                path.push(PathStep::Index(index));
                walk(Some(old), Some(new), path, found);
                path.pop();
            }
        }
        (before, after) => {
            let (before, after) = (json_side(before), value_side(after));
            if before != after || after == Side::Unknown {
                found.push(Difference { path: path.clone(), before, after });
            }
        }
    }
}

/// Lists are compared member by member when they hold documents and are equally long; otherwise as a whole.
fn same_shape(old: &[Json], new: &Value) -> bool {
    let documents = |value: &Json| value.is_object() || value.is_array();
    new.as_slice().is_some_and(|new| new.len() == old.len()) && !old.is_empty() && old.iter().all(documents)
}

fn json_side(value: Option<&Json>) -> Side {
    value.map_or(Side::Absent, |value| Side::Value(value.clone()))
}

/// One side of a difference from a value.
pub fn value_side(value: Option<&Value>) -> Side {
    match value {
        None => Side::Absent,
        Some(value) if value.all_marks().contains(Marks::SENSITIVE) => Side::Sensitive,
        Some(value) => to_json(value).map_or(Side::Unknown, Side::Value),
    }
}

/// The part of a JSON document that a path leads to.
pub fn json_at<'a>(document: &'a Json, path: &[PathStep]) -> Option<&'a Json> {
    path.iter().try_fold(document, |value, step| match step {
        PathStep::Key(key) => value.get(key),
        PathStep::Index(index) => value.get(index),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::address::path_text;
    use crate::value::{Type, from_json};

    fn check(before: &Json, after: &Value) -> String {
        let lines = differences(before, after).into_iter();
        lines
            .map(|d| format!("{}: {:?} -> {:?}", path_text(&d.path), d.before, d.after))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn equal_documents_have_none_and_null_is_absent() {
        assert_eq!(check(&json!({"a": 1, "b": null}), &from_json(&json!({"a": 1, "c": null}))), "");
    }

    #[test]
    fn only_the_paths_that_differ_are_told() {
        let before = json!({"env": {"A": "1", "B": "2"}, "labels": ["x"], "s": [{"cron": "a"}]});
        let after =
            from_json(&json!({"env": {"A": "1", "C": "3"}, "labels": ["x", "y"], "s": [{"cron": "b"}]}));
        assert_eq!(
            check(&before, &after),
            "env.B: Value(String(\"2\")) -> Absent\n\
             env.C: Absent -> Value(String(\"3\"))\n\
             labels: Value(Array [String(\"x\")]) -> Value(Array [String(\"x\"), String(\"y\")])\n\
             s[0].cron: Value(String(\"a\")) -> Value(String(\"b\"))"
        );
    }

    #[test]
    fn unknown_and_sensitive_values_are_named_and_not_shown() {
        let after = Value::object([
            ("a", Value::unknown(Type::String)),
            ("b", Value::string("secret").marked(Marks::SENSITIVE)),
        ]);
        assert_eq!(
            check(&json!({"a": "1", "b": "1"}), &after),
            "a: Value(String(\"1\")) -> Unknown\nb: Value(String(\"1\")) -> Sensitive"
        );
    }
}
