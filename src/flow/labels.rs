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
/// `TypeError` for what cannot be iterated or holds a list or a mapping.
pub fn from_argument(labels: Option<&Json>) -> Result<Vec<String>, OriginalError> {
    let Some(labels) = labels.filter(|labels| python::truthy(labels)) else { return Ok(Vec::new()) };
    let mut set = BTreeSet::new();
    match labels {
        Json::String(text) => set.extend(text.chars().map(String::from)),
        Json::Object(entries) => set.extend(entries.keys().cloned()),
        Json::Array(items) => {
            // Equal numbers and truth values are one member of a Python set, and the first one stays.
            let mut numbers: Vec<f64> = Vec::new();
            for item in items {
                match item {
                    Json::Array(_) | Json::Object(_) => {
                        let message = format!("unhashable type: '{}'", python::type_name(item));
                        return Err(OriginalError::type_error(message));
                    }
                    // The original fails when it sorts the serialized labels; with no other label it makes a form
                    // that does not load.
                    Json::Null => {
                        return Err(OriginalError::type_error(
                            "'<' not supported between instances of 'NoneType' and 'str'",
                        ));
                    }
                    Json::String(_) => {}
                    Json::Bool(_) | Json::Number(_) => {
                        let number = match item {
                            Json::Bool(value) => f64::from(u8::from(*value)),
                            other => other.as_f64().unwrap_or(f64::NAN),
                        };
                        if numbers.contains(&number) {
                            continue;
                        }
                        numbers.push(number);
                    }
                }
                set.insert(python::text(item));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            let message = format!("'{}' object is not iterable", python::type_name(labels));
            return Err(OriginalError::type_error(message));
        }
    }
    Ok(set.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;
    use crate::flow::vectors;

    #[test]
    fn recorded_matches_are_reproduced() {
        let cases = vectors::load("labels.jsonl");
        assert_eq!(cases.len(), 6);
        for case in cases {
            let agent = vectors::strings(&case.input["agent_labels"]);
            let run = vectors::strings(&case.input["run_labels"]);
            assert_eq!(json!(matches(&agent, &run)), case.expected["matches"], "{}", case.id);
        }
    }

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
