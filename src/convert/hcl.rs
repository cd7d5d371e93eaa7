//! Configuration text from values. It decides nothing; `format` puts it in the one style.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::value::quoted;

/// What stands on the right of an argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A value.
    Value(Json),
    /// An expression as it is written.
    Raw(String),
}

/// The content of a block, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Body(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Comment(String),
    Argument(String, Expr),
    Block { header: String, body: Body },
}

impl Body {
    /// A comment on lines of its own.
    pub(super) fn comment(&mut self, text: impl Into<String>) {
        self.0.push(Piece::Comment(text.into()));
    }

    /// An argument with a value.
    pub(super) fn value(&mut self, name: &str, value: impl Into<Json>) {
        self.0.push(Piece::Argument(name.to_owned(), Expr::Value(value.into())));
    }

    /// An argument with an expression.
    pub(super) fn raw(&mut self, name: &str, expression: impl Into<String>) {
        self.0.push(Piece::Argument(name.to_owned(), Expr::Raw(expression.into())));
    }

    /// A block.
    pub(super) fn block(&mut self, kind: &str, labels: &[&str], body: Self) {
        let mut header = kind.to_owned();
        for label in labels {
            header.push(' ');
            header.push_str(&quoted(label));
        }
        self.0.push(Piece::Block { header, body });
    }

    /// Everything of another body, after what is here.
    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The arguments that have plain values.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Argument(name, Expr::Value(value)) => Some((name.as_str(), value)),
            Piece::Argument(_, Expr::Raw(_)) | Piece::Comment(_) | Piece::Block { .. } => None,
        })
    }

    /// The arguments by name.
    pub(super) fn all_values(&self) -> Map<String, Json> {
        self.values().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// The blocks.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Self> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Block { body, .. } => Some(body),
            Piece::Argument(..) | Piece::Comment(_) => None,
        })
    }

    /// The comments.
    pub(super) fn comments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Comment(text) => Some(text.as_str()),
            Piece::Argument(..) | Piece::Block { .. } => None,
        })
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    // The recursion is as deep as the blocks that are made here: three.
    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        for (index, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Comment(text) => {
                    for line in text.lines() {
                        let _ = writeln!(out, "{indent}# {line}");
                    }
                }
                Piece::Argument(name, Expr::Raw(expression)) => {
                    let _ = writeln!(out, "{indent}{name} = {expression}");
                }
                Piece::Argument(name, Expr::Value(value)) => {
                    let _ = writeln!(out, "{indent}{name} = {}", expression(value, depth));
                }
                Piece::Block { header, body } => {
                    let follows = index.checked_sub(1).and_then(|before| self.0.get(before));
                    if follows.is_some_and(|before| !matches!(before, Piece::Comment(_))) {
                        out.push('\n');
                    }
                    if body.is_empty() {
                        let _ = writeln!(out, "{indent}{header} {{}}");
                    } else {
                        let _ = writeln!(out, "{indent}{header} {{");
                        body.write(out, depth.saturating_add(1));
                        let _ = writeln!(out, "{indent}}}");
                    }
                }
            }
        }
    }
}

/// A value as an expression.
pub(super) fn expression(value: &Json, depth: usize) -> String {
    let mut out = String::new();
    write_value(value, depth, &mut out);
    out
}

// The recursion is bounded by the depth of the JSON, which its parser limits.
fn write_value(value: &Json, depth: usize, out: &mut String) {
    let inner = depth.saturating_add(1);
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::String(text) => out.push_str(&quoted(text)),
        Json::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_value(item, depth, out);
            }
            out.push(']');
        }
        Json::Array(items) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&"  ".repeat(inner));
                write_value(item, inner, out);
                out.push_str(",\n");
            }
            out.push_str(&"  ".repeat(depth));
            out.push(']');
        }
        Json::Object(entries) if entries.is_empty() => out.push_str("{}"),
        Json::Object(entries) => {
            out.push_str("{\n");
            for (key, item) in entries {
                out.push_str(&"  ".repeat(inner));
                if is_bare(key) {
                    out.push_str(key);
                } else {
                    out.push_str(&quoted(key));
                }
                out.push_str(" = ");
                write_value(item, inner, out);
                out.push('\n');
            }
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
    }
}

/// Keys that need no quotes and mean nothing else.
fn is_bare(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(key, "for" | "if" | "in" | "null" | "true" | "false")
}
