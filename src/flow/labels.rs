//! Labels: how they are gathered, and which agent may take which run (semantics 0.2 and 7). It reads no host name.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::original::OriginalError;
use super::python;

/// Whether an agent with `agent` labels takes a run with `run` labels: it carries all of them, and an agent that
/// has labels takes no run without any (semantics 7).
pub fn matches<A: AsRef<str>, R: AsRef<str>>(agent: &[A], run: &[R]) -> bool {
    if run.is_empty() && !agent.is_empty() {
        return false;
    }
    missing(agent, run).is_empty()
}

/// The run's labels that the agent does not carry, sorted and unique.
pub fn missing<'r, A: AsRef<str>, R: AsRef<str>>(agent: &[A], run: &'r [R]) -> Vec<&'r str> {
    let carried: BTreeSet<&str> = agent.iter().map(AsRef::as_ref).collect();
    let wanted: BTreeSet<&str> = run.iter().map(AsRef::as_ref).collect();
    wanted.into_iter().filter(|label| !carried.contains(label)).collect()
}

/// All labels of all lists, unique and sorted by code point (semantics 0.2).
pub fn unite<'a>(lists: impl IntoIterator<Item = &'a [String]>) -> Vec<String> {
    let all: BTreeSet<&String> = lists.into_iter().flatten().collect();
    all.into_iter().cloned().collect()
}

/// Labels as the original's constructors take them: null and empty are none, one text is taken apart into its
/// characters, other members become text; unique and sorted by code point.
///
/// # Errors
/// `TypeError` for what cannot be iterated or holds a list, a mapping or, beside other labels, a null.
pub fn from_argument(labels: Option<&Json>) -> Result<Vec<String>, OriginalError> {
    let mut labels: Vec<String> = serialized(&unique(labels)?)?.iter().map(python::text).collect();
    labels.dedup();
    Ok(labels)
}

/// The members of the set that the original makes of `labels`, not yet texts: 1, 1.0 and true are one member, 1 and "1" are two.
///
/// # Errors
/// `TypeError` for what cannot be iterated or holds a list or a mapping.
pub fn unique(labels: Option<&Json>) -> Result<Vec<Json>, OriginalError> {
    let Some(labels) = labels.filter(|labels| python::truthy(labels)) else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    let mut texts = BTreeSet::new();
    // Equal numbers and truth values are one member of a Python set, and the first one stays.
    let mut numbers: Vec<f64> = Vec::new();
    let mut null = false;
    for item in python::members(labels)? {
        let new = match &item {
            Json::Array(_) | Json::Object(_) => {
                let message = format!("unhashable type: '{}'", python::type_name(&item));
                return Err(OriginalError::type_error(message));
            }
            Json::Null => !std::mem::replace(&mut null, true),
            Json::String(text) => texts.insert(text.clone()),
            Json::Bool(_) | Json::Number(_) => {
                let number = match &item {
                    Json::Bool(value) => f64::from(u8::from(*value)),
                    other => other.as_f64().unwrap_or(f64::NAN),
                };
                let new = !numbers.contains(&number);
                numbers.push(number);
                new
            }
        };
        if new {
            members.push(item);
        }
    }
    Ok(members)
}

/// The members of a set of labels as texts, sorted by code point. A null stays one, when it is alone.
///
/// # Errors
/// `TypeError` for a null beside other labels: they cannot be sorted.
pub fn serialized(members: &[Json]) -> Result<Vec<Json>, OriginalError> {
    if members.len() > 1 && members.iter().any(Json::is_null) {
        let message = "'<' not supported between instances of 'NoneType' and 'str'";
        return Err(OriginalError::type_error(message));
    }
    if members.iter().any(Json::is_null) {
        return Ok(members.to_vec());
    }
    let mut texts: Vec<String> = members.iter().map(python::text).collect();
    texts.sort();
    Ok(texts.into_iter().map(Json::from).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn members_become_text_and_equal_numbers_are_one() {
        let labels = |value: Json| from_argument(Some(&value)).map_err(|error| error.class.name());
        assert_eq!(labels(json!([1, true, 1.0, "1", "a"])), Ok(vec!["1".to_owned(), "a".to_owned()]));
        assert_eq!(labels(json!({"b": 1, "a": 2})), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(labels(json!(0)), Ok(vec![]));
        assert_eq!(labels(json!(5)), Err("TypeError"));
        assert_eq!(labels(json!([["a"]])), Err("TypeError"));
    }
}
