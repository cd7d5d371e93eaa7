//! What differs between a recorded result and ours. It runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;

/// One place at which two results differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: names and positions, joined by dots.
    pub path: String,
    /// What was recorded; `None` where nothing was.
    pub expected: Option<Json>,
    /// What we make; `None` where we make nothing.
    pub got: Option<Json>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            |value: &Option<Json>| value.as_ref().map_or_else(|| "nothing".to_owned(), Json::to_string);
        write!(f, "{}: expected {}, got {}", self.path, text(&self.expected), text(&self.got))
    }
}

/// Recorded for information: what other programs say of the result, not what the original made.
const INFORMATION: &[&str] = &["botocore_validation", "derived"];

/// Everything that differs. Lists of environment variables are maps by name, `labels` are sets, numbers are compared by value
/// and errors by class.
pub fn differences(expected: &Json, got: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(expected), Some(got), &mut found);
    found
}

// The recursion is bounded by the depth of the JSON, which its parser limits.
fn compare(path: &str, expected: Option<&Json>, got: Option<&Json>, found: &mut Vec<Difference>) {
    let name = path.rsplit('.').next().unwrap_or_default();
    match (expected, got) {
        _ if INFORMATION.contains(&name) => {}
        (Some(Json::Number(a)), Some(Json::Number(b))) if a == b || a.as_f64() == b.as_f64() => {}
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            // An error's words are those of its language.
            let words = |key: &str| key == "message" && name.ends_with("error") && a.contains_key("class");
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys.into_iter().filter(|key| !words(key)) {
                compare(&join(path, key), a.get(key), b.get(key), found);
            }
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) => {
            // The engine takes variables as texts, `NAME=value`.
            if matches!(name, "labels" | "Env") && set(a) == set(b) {
                return;
            }
            if let (true, Some(a), Some(b)) = (matches!(name, "env" | "environment"), by_name(a), by_name(b))
            {
                let keys: BTreeSet<&&str> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    compare(&join(path, key), a.get(*key).copied(), b.get(*key).copied(), found);
                }
                return;
            }
            for index in 0..a.len().max(b.len()) {
                compare(&join(path, &index.to_string()), a.get(index), b.get(index), found);
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => {
            found.push(Difference { path: path.to_owned(), expected: expected.cloned(), got: got.cloned() });
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn set(items: &[Json]) -> BTreeSet<String> {
    items.iter().map(Json::to_string).collect()
}

/// Variables by name; `None` where a member has none.
fn by_name(items: &[Json]) -> Option<BTreeMap<&str, &Json>> {
    items.iter().map(|item| Some((item.get("name")?.as_str()?, item))).collect()
}
