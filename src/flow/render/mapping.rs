//! Mappings and lists as the original's code handles them, with the errors that Python raises on anything else. It
//! knows no kind of document.

use serde_json::{Map, Value as Json};

use crate::flow::original::OriginalError;
use crate::flow::python;

/// `mapping.setdefault(key, default)`.
///
/// # Errors
/// `AttributeError` when `value` is no mapping.
pub(super) fn set_default<'a>(
    value: &'a mut Json,
    key: &str,
    default: Json,
) -> Result<&'a mut Json, OriginalError> {
    match value {
        Json::Object(entries) => Ok(entries.entry(key).or_insert(default)),
        other => Err(no_attribute(other, "setdefault")),
    }
}

/// The mapping at `path`; mappings on the way that are missing are made.
///
/// # Errors
/// `AttributeError` when something on the way is no mapping.
pub(super) fn mapping_at<'a>(mut value: &'a mut Json, path: &[&str]) -> Result<&'a mut Json, OriginalError> {
    for key in path {
        value = set_default(value, key, Json::Object(Map::new()))?;
    }
    Ok(value)
}

/// `mapping[key]`, to write into.
///
/// # Errors
/// `KeyError` when it is not there, `TypeError` when `value` is no mapping.
pub(super) fn item<'a>(value: &'a mut Json, key: &str) -> Result<&'a mut Json, OriginalError> {
    match value {
        Json::Object(entries) => entries.get_mut(key).ok_or_else(|| OriginalError::key(key)),
        Json::Array(_) => Err(OriginalError::type_error("list indices must be integers or slices, not str")),
        Json::String(_) => Err(OriginalError::type_error("string indices must be integers, not 'str'")),
        other => Err(OriginalError::type_error(format!(
            "'{}' object is not subscriptable",
            python::type_name(other)
        ))),
    }
}

/// `mapping[key] = ...`: the entries to put it into.
///
/// # Errors
/// `TypeError` when `value` is no mapping.
pub(super) fn assignable(value: &mut Json) -> Result<&mut Map<String, Json>, OriginalError> {
    match value {
        Json::Object(entries) => Ok(entries),
        Json::Array(_) => Err(OriginalError::type_error("list indices must be integers or slices, not str")),
        other => Err(OriginalError::type_error(format!(
            "'{}' object does not support item assignment",
            python::type_name(other)
        ))),
    }
}

/// A mapping whose method `method` is called.
///
/// # Errors
/// `AttributeError` when `value` is none.
pub(super) fn mapping<'a>(value: &'a Json, method: &str) -> Result<&'a Map<String, Json>, OriginalError> {
    value.as_object().ok_or_else(|| no_attribute(value, method))
}

/// The members of a list that is iterated over to find and change one.
///
/// # Errors
/// `TypeError` for what cannot be iterated.
pub(super) fn members(value: &mut Json) -> Result<&mut Vec<Json>, OriginalError> {
    match value {
        Json::Array(items) => Ok(items),
        // Iterating gives keys or characters, which have no method `get`.
        Json::Object(entries) if !entries.is_empty() => Err(no_attribute(&Json::from(""), "get")),
        Json::String(text) if !text.is_empty() => Err(no_attribute(&Json::from(""), "get")),
        Json::Object(_) | Json::String(_) => Err(no_attribute(value, "append")),
        other => {
            Err(OriginalError::type_error(format!("'{}' object is not iterable", python::type_name(other))))
        }
    }
}

/// The first member of `list` that is called `name`; where none is, `{"name": name}` is appended.
///
/// # Errors
/// `TypeError` when `list` is no list, `AttributeError` when a member is no mapping.
pub(super) fn named<'a>(list: &'a mut Json, name: &str) -> Result<&'a mut Map<String, Json>, OriginalError> {
    let items = members(list)?;
    let mut found = None;
    for (index, item) in items.iter().enumerate() {
        if mapping(item, "get")?.get("name").and_then(Json::as_str) == Some(name) {
            found = Some(index);
            break;
        }
    }
    let index = found.unwrap_or_else(|| {
        items.push(serde_json::json!({ "name": name }));
        items.len().saturating_sub(1)
    });
    match items.get_mut(index) {
        Some(item) => assignable(item),
        None => Err(OriginalError::key(name)),
    }
}

/// `'X' object has no attribute 'Y'`.
pub(super) fn no_attribute(value: &Json, attribute: &str) -> OriginalError {
    let message = format!("'{}' object has no attribute '{attribute}'", python::type_name(value));
    OriginalError::attribute(message)
}

/// JSON text without apostrophes: within texts, where alone they stand, they are escaped. The API of Vertex AI refuses
/// variables that hold one.
pub(super) fn without_apostrophes(json: &str) -> String {
    json.replace('\'', "\\u0027")
}
