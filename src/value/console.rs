//! Values and types as `terraform console` writes them: every value tells its type, secrets are masked. It refuses to
//! shorten anything; what is too large is the caller's to leave out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Kind, Marks, Type, Value, type_of};

/// The value as `terraform console` prints it: `tolist([...])`, `toset([...])`, `tomap({...})`, texts of several lines as
/// heredocs, `(sensitive value)` and `(known after apply)`. It reads back as the same value, but for the last two.
pub fn console_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, &mut out);
    out
}

/// The type of a value as the console's function `type` prints it, one attribute or element a line. The type of a null
/// and of the elements of an empty collection is `dynamic`.
pub fn describe_type(value: &Value) -> String {
    let mut out = String::new();
    write_type(&type_of(value), 0, &mut out);
    out
}

fn write_value(value: &Value, indent: usize, out: &mut String) {
    if value.marks.contains(Marks::SENSITIVE) {
        out.push_str("(sensitive value)");
        return;
    }
    match &value.kind {
        Kind::Unknown(_) => out.push_str("(known after apply)"),
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => out.push_str(&number.to_string()),
        Kind::String(text) => write_text(text, indent, out),
        Kind::Tuple(items) => write_items(items, indent, out),
        Kind::Object(entries) => write_entries(entries, indent, out),
        Kind::List(items) => wrapped("tolist(", out, |out| write_items(items, indent, out)),
        Kind::Set(items) => wrapped("toset(", out, |out| write_items(items, indent, out)),
        Kind::Map(entries) => wrapped("tomap(", out, |out| write_entries(entries, indent, out)),
    }
}

fn wrapped(open: &str, out: &mut String, inner: impl FnOnce(&mut String)) {
    out.push_str(open);
    inner(out);
    out.push(')');
}

fn write_items(items: &[Value], indent: usize, out: &mut String) {
    if items.is_empty() {
        out.push_str("[]");
        return;
    }
    out.push_str("[\n");
    for item in items {
        pad(indent + 2, out);
        write_value(item, indent + 2, out);
        out.push_str(",\n");
    }
    pad(indent, out);
    out.push(']');
}

fn write_entries(entries: &BTreeMap<Arc<str>, Value>, indent: usize, out: &mut String) {
    if entries.is_empty() {
        out.push_str("{}");
        return;
    }
    out.push_str("{\n");
    for (key, value) in entries {
        pad(indent + 2, out);
        write_text(key, indent + 2, out);
        out.push_str(" = ");
        write_value(value, indent + 2, out);
        out.push('\n');
    }
    pad(indent, out);
    out.push('}');
}

fn write_text(text: &str, indent: usize, out: &mut String) {
    if !text.contains('\n') {
        write_quoted(text, out);
        return;
    }
    let mut delimiter = "EOT".to_owned();
    while text.split('\n').any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    out.push_str(if indent > 0 { "<<-" } else { "<<" });
    out.push_str(&delimiter);
    for line in text.split('\n').chain([delimiter.as_str()]) {
        out.push('\n');
        pad(indent, out);
        out.push_str(line);
    }
}

/// A text in quotes, escaped as the reference escapes it: as Go writes a string.
fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ if is_printable(c) => out.push(c),
            '\0'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
}

/// Letters, marks, digits, punctuation, symbols and the blank. Behind a letter the library escapes exactly the rest.
fn is_printable(c: char) -> bool {
    !format!("a{c}").escape_debug().to_string().starts_with("a\\u")
}

fn write_type(ty: &Type, depth: usize, out: &mut String) {
    match ty {
        Type::Any => out.push_str("dynamic"),
        Type::Bool => out.push_str("bool"),
        Type::Number => out.push_str("number"),
        Type::String => out.push_str("string"),
        Type::List(element) => write_collection("list(", element, depth, out),
        Type::Set(element) => write_collection("set(", element, depth, out),
        Type::Map(element) => write_collection("map(", element, depth, out),
        Type::Tuple(types) if types.is_empty() => out.push_str("tuple([])"),
        Type::Tuple(types) => {
            out.push_str("tuple([\n");
            for ty in types {
                pad(4 * (depth + 1), out);
                write_type(ty, depth + 1, out);
                out.push_str(",\n");
            }
            pad(4 * depth, out);
            out.push_str("])");
        }
        Type::Object(attributes) if attributes.is_empty() => out.push_str("object({})"),
        Type::Object(attributes) => {
            out.push_str("object({\n");
            for (name, attribute) in attributes {
                pad(4 * (depth + 1), out);
                out.push_str(name);
                out.push_str(": ");
                write_type(&attribute.ty, depth + 1, out);
                out.push_str(",\n");
            }
            pad(4 * depth, out);
            out.push_str("})");
        }
    }
}

fn write_collection(open: &str, element: &Type, depth: usize, out: &mut String) {
    out.push_str(open);
    match element {
        Type::Any | Type::Bool | Type::Number | Type::String => write_type(element, depth, out),
        Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_) => {
            out.push('\n');
            pad(4 * (depth + 1), out);
            write_type(element, depth + 1, out);
            out.push_str(",\n");
            pad(4 * depth, out);
        }
    }
    out.push(')');
}

fn pad(columns: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', columns));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_tells_its_type() {
        let list = Kind::List(Arc::new(vec![Value::int(1)])).into();
        let value = Value::object([
            ("list", list),
            ("text", Value::string("a\n\"b\"")),
            ("secret", Value::int(1).marked(Marks::SENSITIVE)),
            ("later", Value::unknown(Type::Any)),
            ("none", Value::tuple([])),
        ]);
        let expected = "{\n  \"later\" = (known after apply)\n  \"list\" = tolist([\n    1,\n  ])\n  \"none\" = []\n  \"secret\" = (sensitive value)\n  \"text\" = <<-EOT\n  a\n  \"b\"\n  EOT\n}";
        assert_eq!(console_text(&value), expected);
    }

    #[test]
    fn texts_are_escaped_as_the_reference_does() {
        let text = Value::string("é \u{7f}\u{1}\u{a0}\u{301}\u{e000}\u{f0000}\\\"\t");
        assert_eq!(console_text(&text), "\"é \\x7f\\x01\\u00a0\u{301}\\ue000\\U000f0000\\\\\\\"\\t\"");
    }

    #[test]
    fn types_are_nested() {
        let value = Value::object([("a", Value::tuple([Value::int(1), Value::tuple([])]))]);
        let expected = "object({\n    a: tuple([\n        number,\n        tuple([]),\n    ]),\n})";
        assert_eq!(describe_type(&value), expected);
    }
}
