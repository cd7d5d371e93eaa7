//! Functions of lists, maps and objects. What they pick or put together keeps its own marks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, Fault, Outcome, check_members, fault, fault_at, list, strings};
use crate::value::{Kind, Marks, Type, Value, convert, type_name, type_of, unify};

pub(super) fn alltrue(call: &Call<'_>) -> Outcome {
    every(call, true)
}

pub(super) fn anytrue(call: &Call<'_>) -> Outcome {
    every(call, false)
}

/// Whether all elements are `wanted`; its opposite as soon as one is not, whatever the unknown ones will be.
fn every(call: &Call<'_>, wanted: bool) -> Outcome {
    let mut unknown = false;
    for item in call.items(0)? {
        match &item.kind {
            Kind::Unknown(_) => unknown = true,
            // A null is not true.
            kind if (*kind == Kind::Bool(true)) != wanted => return Ok(Value::bool(!wanted)),
            _ => {}
        }
    }
    Ok(if unknown { Value::unknown(Type::Bool) } else { Value::bool(wanted) })
}

pub(super) fn chunklist(call: &Call<'_>) -> Outcome {
    let items = call.items(0)?;
    let size = call.whole(1)?;
    let size = usize::try_from(size).map_err(|_| fault_at(1, "the size must not be negative"))?;
    // A size of zero means one chunk of everything.
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(list(items.chunks(size).map(|chunk| list(chunk.to_vec())).collect()))
}

pub(super) fn coalesce(call: &Call<'_>) -> Outcome {
    let ty = unify(call.args).filter(|_| !call.args.is_empty());
    let ty = ty.ok_or_else(|| fault("all arguments must be of one type, and there must be at least one"))?;
    // Beside a null, only texts, numbers and truth values are made alike, as in the reference.
    let primitive = matches!(ty, Type::Bool | Type::Number | Type::String);
    let ty = if primitive || !call.args.iter().any(Value::is_null) { ty } else { Type::Any };
    for arg in call.args {
        let value = convert(arg, &ty).map_err(|error| fault(error.message))?;
        if value.is_unknown() || !(value.is_null() || value.as_str() == Some("")) {
            return Ok(value);
        }
    }
    Err(fault("every argument is null or an empty string"))
}

pub(super) fn coalescelist(call: &Call<'_>) -> Outcome {
    for (index, arg) in call.args.iter().enumerate() {
        match &arg.kind {
            Kind::List(items) | Kind::Tuple(items) if items.is_empty() => {}
            Kind::List(_) | Kind::Tuple(_) => return Ok(arg.clone()),
            _ => return Err(fault_at(index, "a list or a tuple is required")),
        }
    }
    Err(fault("every list is empty"))
}

pub(super) fn compact(call: &Call<'_>) -> Outcome {
    let kept = call.items(0)?.iter().filter(|item| item.as_str().is_some_and(|text| !text.is_empty()));
    Ok(list(kept.cloned().collect()))
}

pub(super) fn concat(call: &Call<'_>) -> Outcome {
    if call.args.is_empty() {
        return Err(fault("at least one list is required"));
    }
    let mut all = Vec::new();
    for (index, arg) in call.args.iter().enumerate() {
        let (Kind::List(items) | Kind::Tuple(items)) = &arg.kind else {
            return Err(fault_at(
                index,
                format!("a list or a tuple is required, but this is {}", type_name(arg)),
            ));
        };
        check_members(all.len() + items.len())?;
        all.extend(items.iter().cloned());
    }
    let lists = call.args.iter().all(|arg| matches!(arg.kind, Kind::List(_)));
    Ok(match lists.then(|| convert(&Value::tuple(all.clone()), &Type::List(Box::new(Type::Any)))) {
        Some(Ok(list)) => list,
        _ => Value::tuple(all),
    })
}

pub(super) fn contains(call: &Call<'_>) -> Outcome {
    Ok(Value::bool(call.items(0)?.contains(call.value(1)?)))
}

pub(super) fn distinct(call: &Call<'_>) -> Outcome {
    let mut seen = BTreeSet::new();
    Ok(list(call.items(0)?.iter().filter(|item| seen.insert(*item)).cloned().collect()))
}

pub(super) fn element(call: &Call<'_>) -> Outcome {
    let items = sequence(call, 0)?;
    let index = call.whole(1)?;
    if items.is_empty() {
        return Err(fault_at(0, "an empty list has no elements"));
    }
    if index < 0 {
        return Err(fault_at(
            1,
            "the index must not be negative; it counts from 0, and beyond the end it begins again",
        ));
    }
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let at = usize::try_from(index.rem_euclid(length)).unwrap_or(0);
    items.get(at).cloned().ok_or_else(|| fault_at(1, "there is no such element"))
}

pub(super) fn flatten(call: &Call<'_>) -> Outcome {
    let (mut out, mut marks, mut unknown) = (Vec::new(), Marks::NONE, false);
    let items = call.items(0)?;
    for item in items {
        flatten_into(item, &mut out, &mut marks, &mut unknown)?;
    }
    Ok(match unknown {
        true => Value::unknown(Type::Any).marked(call.value(0)?.all_marks()),
        false => Value::tuple(out).marked(marks),
    })
}

fn flatten_into(
    value: &Value,
    out: &mut Vec<Value>,
    marks: &mut Marks,
    unknown: &mut bool,
) -> Result<(), Fault> {
    match &value.kind {
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
            // The mark of an inner list covers how many members it has, which the outer one now shows.
            *marks = marks.union(value.marks);
            for item in items.iter() {
                flatten_into(item, out, marks, unknown)?;
            }
        }
        Kind::Unknown(Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => *unknown = true,
        _ => {
            check_members(out.len() + 1)?;
            out.push(value.clone());
        }
    }
    Ok(())
}

pub(super) fn index(call: &Call<'_>) -> Outcome {
    let items = sequence(call, 0)?;
    let wanted = call.value(1)?;
    match items.iter().position(|item| item == wanted).and_then(|at| i64::try_from(at).ok()) {
        Some(at) => Ok(Value::int(at)),
        None if items.is_empty() => Err(fault_at(0, "an empty list has no elements")),
        None => Err(fault("the item is not in the list")),
    }
}

pub(super) fn keys(call: &Call<'_>) -> Outcome {
    let keys = call.entries(0)?.keys().map(|key| Value::string(Arc::clone(key)));
    Ok(match call.value(0)?.kind {
        Kind::Map(_) => list(keys.collect()),
        _ => Value::tuple(keys),
    })
}

pub(super) fn values(call: &Call<'_>) -> Outcome {
    let values = call.entries(0)?.values().cloned();
    Ok(match call.value(0)?.kind {
        Kind::Map(_) => list(values.collect()),
        _ => Value::tuple(values),
    })
}

pub(super) fn length(call: &Call<'_>) -> Outcome {
    let count = match &call.value(0)?.kind {
        Kind::String(text) => text.graphemes(true).count(),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => items.len(),
        Kind::Map(entries) | Kind::Object(entries) => entries.len(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Unknown(_) => {
            return Err(fault_at(0, "a string, a collection, a tuple or an object is required"));
        }
    };
    Ok(Value::int(i64::try_from(count).unwrap_or(i64::MAX)))
}

pub(super) fn lookup(call: &Call<'_>) -> Outcome {
    let entries = call.entries(0)?;
    let key = call.text(1)?;
    let default = match call.args {
        [_, _] => None,
        [_, _, default] => Some(default),
        _ => return Err(fault("a map, a key and at most one default are required")),
    };
    match (entries.get(key), default) {
        (Some(found), _) => Ok(found.clone()),
        (None, None) => Err(fault_at(0, "there is no such key").detail(format!("{key:?}"))),
        (None, Some(default)) if matches!(call.value(0)?.kind, Kind::Map(_)) => {
            let element = unify(entries.values()).unwrap_or(Type::Any);
            convert(default, &element)
                .map_err(|_| fault_at(2, "the default value must have the same type as the map elements"))
        }
        (None, Some(default)) => Ok(default.clone()),
    }
}

pub(super) fn merge(call: &Call<'_>) -> Outcome {
    let mut all: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut types: BTreeSet<Type> = BTreeSet::new();
    for (index, arg) in call.args.iter().enumerate() {
        match &arg.kind {
            Kind::Null => {}
            Kind::Map(entries) | Kind::Object(entries) => {
                check_members(all.len() + entries.len())?;
                all.extend(entries.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
                types.insert(type_of(arg));
            }
            _ => {
                let message = format!("a map or an object is required, but this is {}", type_name(arg));
                return Err(fault_at(index, message));
            }
        }
    }
    types.remove(&Type::Map(Box::new(Type::Any)));
    let maps = call.args.iter().filter(|arg| !arg.is_null()).all(|arg| matches!(arg.kind, Kind::Map(_)));
    // Maps of one type make a map; anything else makes an object.
    Ok(match maps && types.len() <= 1 && call.args.iter().any(|arg| !arg.is_null()) {
        true => Kind::Map(Arc::new(all)).into(),
        false => Kind::Object(Arc::new(all)).into(),
    })
}

pub(super) fn one(call: &Call<'_>) -> Outcome {
    match call.items(0)? {
        [] => Ok(Value::NULL),
        [only] => Ok(only.clone()),
        _ => Err(fault_at(0, "a list, a set or a tuple of at most one element is required")),
    }
}

pub(super) fn reverse(call: &Call<'_>) -> Outcome {
    let reversed = call.items(0)?.iter().rev().cloned();
    Ok(match call.value(0)?.kind {
        Kind::Tuple(_) => Value::tuple(reversed),
        _ => list(reversed.collect()),
    })
}

pub(super) fn slice(call: &Call<'_>) -> Outcome {
    let items = sequence(call, 0)?;
    let (start, end) = (call.whole(1)?, call.whole(2)?);
    let from =
        usize::try_from(start).map_err(|_| fault_at(1, "the start index must not be less than zero"))?;
    let to = usize::try_from(end).map_err(|_| fault_at(2, "the end index must not be less than zero"))?;
    if from > to {
        return Err(fault_at(1, "the start index must not be greater than the end index"));
    }
    let part = items.get(from..to);
    let part =
        part.ok_or_else(|| fault_at(2, "the end index must not be greater than the length of the list"))?;
    Ok(match call.value(0)?.kind {
        Kind::Tuple(_) => Value::tuple(part.iter().cloned()),
        _ => list(part.to_vec()),
    })
}

pub(super) fn sort(call: &Call<'_>) -> Outcome {
    let mut texts = Vec::new();
    for (index, item) in call.items(0)?.iter().enumerate() {
        let text = item.as_str();
        texts.push(
            text.ok_or_else(|| fault_at(0, format!("element {index} is null, and null cannot be sorted")))?,
        );
    }
    texts.sort_unstable();
    Ok(strings(texts))
}

pub(super) fn transpose(call: &Call<'_>) -> Outcome {
    let mut out: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, items) in call.entries(0)? {
        for item in items.as_slice().unwrap_or_default() {
            let Kind::String(text) = &item.kind else {
                return Err(fault_at(0, "the lists must hold strings, but one element is null"));
            };
            out.entry(Arc::clone(text)).or_default().push(Value::string(Arc::clone(key)));
        }
    }
    Ok(Kind::Map(Arc::new(out.into_iter().map(|(key, items)| (key, list(items))).collect())).into())
}

pub(super) fn zipmap(call: &Call<'_>) -> Outcome {
    let (keys, values) = (call.items(0)?, sequence(call, 1)?);
    if keys.len() != values.len() {
        return Err(fault("there must be as many keys as values").detail(format!(
            "the number of keys is {}, that of values {}",
            keys.len(),
            values.len()
        )));
    }
    let (mut all, mut marks) = (BTreeMap::new(), Marks::NONE);
    for (key, value) in keys.iter().zip(values) {
        let Kind::String(text) = &key.kind else { return Err(fault_at(0, "a key must not be null")) };
        // Which keys there are is shown by the whole result.
        marks = marks.union(key.marks);
        all.insert(Arc::clone(text), value.clone());
    }
    let kind = match call.value(1)?.kind {
        Kind::Tuple(_) => Kind::Object(Arc::new(all)),
        _ => Kind::Map(Arc::new(all)),
    };
    Ok(Value { kind, marks })
}

pub(super) fn matchkeys(call: &Call<'_>) -> Outcome {
    let (values, keys, wanted) = (call.items(0)?, call.items(1)?, call.items(2)?);
    if values.len() != keys.len() {
        return Err(fault_at(1, "there must be as many keys as values"));
    }
    let ty = unify(keys.iter().chain(wanted))
        .ok_or_else(|| fault("the keys and those searched for share no type"))?;
    let same = |value: &Value| convert(value, &ty).map_err(|error| fault(error.message));
    let wanted = wanted.iter().map(same).collect::<Result<BTreeSet<_>, _>>()?;
    let mut found = Vec::new();
    for (value, key) in values.iter().zip(keys) {
        if wanted.contains(&same(key)?) {
            found.push(value.clone());
        }
    }
    Ok(list(found))
}

/// The members of a list or tuple: of what has an order.
fn sequence<'a>(call: &Call<'a>, index: usize) -> Result<&'a [Value], Fault> {
    match &call.value(index)?.kind {
        Kind::List(items) | Kind::Tuple(items) => Ok(items),
        _ => Err(fault_at(index, "a list or a tuple is required")),
    }
}
