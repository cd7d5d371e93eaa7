//! Values to YAML, byte for byte as the reference writes it: every text and key in double quotes, so that no reader takes
//! it for something else, and texts of several lines as literal blocks.

use std::fmt::Write;

use super::call::{Call, Fault, Outcome, check_text, fault};
use crate::value::{Kind, Value};

pub(super) fn yamlencode(call: &Call<'_>) -> Outcome {
    let value = call.value(0)?;
    let mut out = String::new();
    write_node(value, Place { indent: 0, inline: true, root: true }, &mut out)?;
    Ok(Value::string(out))
}

/// The columns behind which the lines of a quoted text are broken.
const WIDTH: usize = 80;

/// Where a node stands.
#[derive(Clone, Copy)]
struct Place {
    /// The columns that its lines begin with.
    indent: usize,
    /// Whether it begins on the line that is being written, behind `- ` or at the start of the text.
    inline: bool,
    root: bool,
}

impl Place {
    /// The columns before the further lines of a text.
    fn columns(self) -> usize {
        self.indent.max(2)
    }
}

fn write_node(value: &Value, place: Place, out: &mut String) -> Result<(), Fault> {
    check_text(out.len())?;
    let begin = out.len();
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Kind::String(text) if is_literal(text) => {
            return write_literal(text, place.columns(), out);
        }
        Kind::String(text) => write_quoted(text, Some(place.columns()), out),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) if items.is_empty() => out.push_str("[]"),
        Kind::Map(entries) | Kind::Object(entries) if entries.is_empty() => out.push_str("{}"),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 || !place.inline {
                    pad(place.indent, out);
                }
                out.push_str("- ");
                write_node(item, Place { indent: place.indent + 2, inline: true, root: false }, out)?;
            }
            return Ok(());
        }
        Kind::Map(entries) | Kind::Object(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 || !place.inline {
                    pad(place.indent, out);
                }
                write_quoted(key, None, out);
                out.push(':');
                let nested = value.members().next().is_some();
                out.push(if nested { '\n' } else { ' ' });
                // A sequence stands right below its key, without further indentation.
                let deeper = if nested && value.as_slice().is_some() { 0 } else { 2 };
                let indent = place.indent + deeper;
                write_node(value, Place { indent, inline: false, root: false }, out)?;
            }
            return Ok(());
        }
        Kind::Unknown(_) => return Err(fault("a value that is known only after apply has no YAML yet")),
    }
    // A plain scalar alone does not tell where it ends.
    let plain = out.get(begin..).is_some_and(|text| !text.starts_with(['"', '[', '{']));
    out.push_str(if place.root && plain { "\n...\n" } else { "\n" });
    Ok(())
}

/// Whether a text is written as a block of lines: it has several, and nothing that a block would lose.
fn is_literal(text: &str) -> bool {
    let lost = |c: char| !is_printable(c) || c == '\r' || c == '\u{feff}';
    text.contains('\n')
        && !text.chars().any(lost)
        && !text.ends_with(' ')
        && !text.split('\n').rev().skip(1).any(|line| line.ends_with(' '))
}

fn write_literal(text: &str, columns: usize, out: &mut String) -> Result<(), Fault> {
    out.push('|');
    // A block that begins with a blank or an empty line says how far it is indented.
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    match ends {
        0 => out.push('-'),
        _ if ends > 1 || body.is_empty() => out.push('+'),
        _ => {}
    }
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    check_text(lines.len().saturating_mul(columns).saturating_add(text.len()).saturating_add(out.len()))?;
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            pad(columns, out);
            out.push_str(line);
        }
    }
    out.push('\n');
    Ok(())
}

/// A text in quotes. Where `columns` are given, a line that is longer than [`WIDTH`] is broken at the next blank, and its rest
/// begins so far to the right.
fn write_quoted(text: &str, columns: Option<usize>, out: &mut String) {
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    let mut column = out.get(start..).unwrap_or_default().chars().count() + 1;
    out.push('"');
    let mut blank = false;
    let mut chars = text.chars().enumerate().peekable();
    while let Some((index, c)) = chars.next() {
        let begin = out.len();
        match (c, columns, chars.peek()) {
            (' ', Some(columns), Some((_, next))) if !blank && column > WIDTH && index > 0 => {
                out.push('\n');
                pad(columns, out);
                if *next == ' ' {
                    out.push('\\');
                }
                (column, blank) = (columns, true);
                continue;
            }
            _ => blank = c == ' ',
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            _ if is_printable(c) && c != '\u{feff}' => out.push(c),
            '\0'..='\u{ff}' => {
                let _ = write!(out, "\\x{:02X}", u32::from(c));
            }
            '\0'..='\u{ffff}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            _ => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
        column += out.get(begin..).unwrap_or_default().chars().count();
    }
    out.push('"');
}

/// The characters that the reference's writer takes for printable.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

fn pad(columns: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', columns));
}
