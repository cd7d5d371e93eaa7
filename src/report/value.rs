//! Values as people read them: HCL-like text, on one line or indented. Sensitive and unknown values are never
//! spelled out. It decides no layout beyond that.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::text::width;
use crate::registry::event::OutputRecord;
use crate::value::{Kind, Marks, Value, quoted};

/// What stands for a sensitive value.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands for a value that is not known yet.
pub const UNKNOWN: &str = "(known after apply)";

/// Deeper members are cut off; no parser of this program accepts as many levels.
const DEPTH_LIMIT: usize = 256;
/// What fits in this many columns stays on one line.
const INLINE_WIDTH: usize = 72;

/// A value as it is shown: leaves are text already, entries are sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A leaf.
    Atom(String),
    /// A list, set or tuple.
    List(Vec<Shown>),
    /// A map or object.
    Map(BTreeMap<String, Shown>),
}

impl Shown {
    /// JSON as it is shown.
    pub fn json(value: &Json) -> Self {
        from_json(value, 0)
    }

    /// A value as it is shown: what is sensitive or unknown, however deep, is masked.
    pub fn value(value: &Value) -> Self {
        from_value(value, 0)
    }

    /// On one line.
    pub fn inline(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::inline).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Self::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(name, value)| format!("{} = {}", key(name), value.inline()))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }

    /// One line per member, indented by two spaces a level; a member that fits in `columns` stays on its line.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        match self {
            Self::Atom(text) => vec![text.clone()],
            Self::List(items) if items.is_empty() => vec!["[]".to_owned()],
            Self::Map(entries) if entries.is_empty() => vec!["{}".to_owned()],
            Self::List(items) => {
                let mut lines = vec!["[".to_owned()];
                for item in items {
                    item.member("", columns, &mut lines);
                }
                lines.push("]".to_owned());
                lines
            }
            Self::Map(entries) => {
                let mut lines = vec!["{".to_owned()];
                let wide = entries.keys().map(|name| width(&key(name))).max().unwrap_or_default().min(32);
                for (name, value) in entries {
                    value.member(&format!("{} = ", super::text::pad(&key(name), wide)), columns, &mut lines);
                }
                lines.push("}".to_owned());
                lines
            }
        }
    }

    fn member(&self, head: &str, columns: usize, lines: &mut Vec<String>) {
        let columns = columns.saturating_sub(2);
        let inline = self.inline();
        let short = width(head) + width(&inline) < columns || matches!(self, Self::Atom(_));
        let body = if short { vec![inline] } else { self.lines(columns) };
        let last = body.len().saturating_sub(1);
        let is_list_item = head.is_empty();
        for (index, line) in body.iter().enumerate() {
            let head = if index == 0 { head } else { "" };
            let comma = if is_list_item && index == last { "," } else { "" };
            lines.push(format!("  {head}{line}{comma}"));
        }
    }
}

/// Recorded outputs, one below the other: `name = value`.
pub fn outputs(outputs: &BTreeMap<String, OutputRecord>) -> String {
    let wide = outputs.keys().map(|name| width(name)).max().unwrap_or_default();
    let mut out = String::new();
    for (name, record) in outputs {
        out.push_str(&format!("{} = {}\n", super::text::pad(name, wide), output(record)));
    }
    out
}

/// One recorded output, as HCL.
pub fn output(record: &OutputRecord) -> String {
    match &record.value {
        _ if record.sensitive => SENSITIVE.to_owned(),
        None => "null".to_owned(),
        Some(value) => {
            let shown = Shown::json(value);
            let inline = shown.inline();
            if width(&inline) <= INLINE_WIDTH { inline } else { shown.lines(INLINE_WIDTH).join("\n") }
        }
    }
}

/// The bare text of a text, number or truth value, for scripts (`output --raw`); `None` for anything else.
pub fn raw(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn from_json(value: &Json, depth: usize) -> Shown {
    if depth > DEPTH_LIMIT {
        return Shown::Atom("...".to_owned());
    }
    match value {
        Json::Null => Shown::Atom("null".to_owned()),
        Json::Bool(value) => Shown::Atom(value.to_string()),
        Json::Number(number) => Shown::Atom(number.to_string()),
        Json::String(text) => Shown::Atom(quoted(text)),
        Json::Array(items) => Shown::List(items.iter().map(|item| from_json(item, depth + 1)).collect()),
        Json::Object(entries) => Shown::Map(
            entries.iter().map(|(name, value)| (name.clone(), from_json(value, depth + 1))).collect(),
        ),
    }
}

fn from_value(value: &Value, depth: usize) -> Shown {
    if value.marks.contains(Marks::SENSITIVE) {
        return Shown::Atom(SENSITIVE.to_owned());
    }
    if depth > DEPTH_LIMIT {
        return Shown::Atom("...".to_owned());
    }
    match &value.kind {
        Kind::Null => Shown::Atom("null".to_owned()),
        Kind::Bool(value) => Shown::Atom(value.to_string()),
        Kind::Number(number) => Shown::Atom(number.to_string()),
        Kind::String(text) => Shown::Atom(quoted(text)),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
            Shown::List(items.iter().map(|item| from_value(item, depth + 1)).collect())
        }
        Kind::Map(entries) | Kind::Object(entries) => Shown::Map(
            entries.iter().map(|(name, value)| (name.to_string(), from_value(value, depth + 1))).collect(),
        ),
        Kind::Unknown(_) => Shown::Atom(UNKNOWN.to_owned()),
    }
}

fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_reads_back_as_hcl() {
        assert_eq!(quoted("a \"b\" \\ ${c} $d\n\u{1b}"), "\"a \\\"b\\\" \\\\ $${c} $d\\n\\u001b\"");
    }

    #[test]
    fn masks_hold_at_any_depth() {
        let secret = Value::string("hunter2").marked(Marks::SENSITIVE);
        let value = Value::object([("list", Value::tuple([secret, Value::int(1)]))]);
        assert_eq!(Shown::value(&value).inline(), "{ list = [(sensitive value), 1] }");
    }

    #[test]
    fn long_values_take_a_line_per_member() {
        let long = "x".repeat(80);
        let value = json!({"b": [1, 2], "a key": {"deep": long}, "empty": {}});
        let expected = format!(
            "{{\n  \"a key\" = {{\n    deep = \"{long}\"\n  }}\n  b       = [1, 2]\n  empty   = {{}}\n}}"
        );
        assert_eq!(Shown::json(&value).lines(72).join("\n"), expected);
    }

    #[test]
    fn sensitive_outputs_stay_masked_even_where_a_value_was_recorded() {
        let record = OutputRecord { value: Some(json!("hunter2")), sensitive: true };
        let text = outputs(&BTreeMap::from([("token".to_owned(), record)]));
        assert_eq!(text, "token = (sensitive value)\n");
    }
}
