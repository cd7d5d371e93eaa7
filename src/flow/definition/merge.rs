//! `extends`: one run config laid over another. It validates nothing; [`super::build`] checks the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::template;
use crate::value::{Kind, Marks, Type, Value};

/// `over` laid over `base`: fields replace, `env` and `secret_env` merge by key, `labels` unite. A
/// template that `over` gives, inline or by a path or an ARN, takes the place of the base's, however that was given. A null argument of `over` is one that is not written, so the base's stays. A variable that `over`
/// gives in the one map is taken out of the base's other one.
pub fn merge_run_configs(base: &Value, over: &Value) -> Value {
    let (Some(base_entries), Some(over_entries)) = (base.as_entries(), over.as_entries()) else {
        return if over.is_null() { base.clone() } else { over.clone() };
    };
    let mut merged: BTreeMap<Arc<str>, Value> = BTreeMap::clone(base_entries);
    for (map, other) in [("env", "secret_env"), ("secret_env", "env")] {
        let names = over_entries.get(map).and_then(Value::as_entries);
        if let (Some(names), Some(theirs)) = (names, merged.get_mut(other)) {
            remove_keys(theirs, names);
        }
    }
    for group in [template::KUBERNETES, template::ECS] {
        let given = |name: &str| over_entries.get(name).is_some_and(|value| !value.is_null());
        if group.names().any(given) {
            merged.retain(|name, _| group.names().all(|other| other != &**name));
        }
    }
    for (name, value) in over_entries.iter() {
        if value.is_null() {
            merged.entry(Arc::clone(name)).or_insert(Value::NULL);
            continue;
        }
        let value = match (name.as_ref(), merged.get(name)) {
            ("env" | "secret_env", Some(theirs)) => merge_maps(theirs, value),
            ("labels", Some(theirs)) => unite(theirs, value),
            _ => value.clone(),
        };
        merged.insert(Arc::clone(name), value);
    }
    Value { kind: Kind::Object(Arc::new(merged)), marks: base.marks.union(over.marks) }
}

fn remove_keys(value: &mut Value, names: &BTreeMap<Arc<str>, Value>) {
    if let Kind::Map(entries) | Kind::Object(entries) = &mut value.kind {
        Arc::make_mut(entries).retain(|name, _| !names.contains_key(name));
    }
}

fn merge_maps(base: &Value, over: &Value) -> Value {
    let marks = base.marks.union(over.marks);
    match (base.as_entries(), over.as_entries()) {
        (Some(base), Some(over)) => {
            let mut entries = BTreeMap::clone(base);
            entries.extend(over.iter().map(|(name, value)| (Arc::clone(name), value.clone())));
            Value { kind: Kind::Object(Arc::new(entries)), marks }
        }
        // An unknown side leaves open which keys there are.
        _ if base.is_unknown() && (over.is_unknown() || over.as_entries().is_some()) => unknown_map(marks),
        _ if over.is_unknown() && base.as_entries().is_some() => unknown_map(marks),
        _ => over.clone(),
    }
}

fn unknown_map(marks: Marks) -> Value {
    Value::unknown(Type::Map(Box::new(Type::String))).marked(marks)
}

fn unite(base: &Value, over: &Value) -> Value {
    let marks = base.marks.union(over.marks);
    match (base.as_slice(), over.as_slice()) {
        (Some(base), Some(over)) => Value::set(base.iter().chain(over).cloned()).marked(marks),
        _ if base.is_unknown() && (over.is_unknown() || over.as_slice().is_some()) => unknown_labels(marks),
        _ if over.is_unknown() && base.as_slice().is_some() => unknown_labels(marks),
        // Not a list: the check of the merged run config says so.
        _ => over.clone(),
    }
}

fn unknown_labels(marks: Marks) -> Value {
    Value::unknown(Type::Set(Box::new(Type::String))).marked(marks)
}
