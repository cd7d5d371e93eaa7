//! What Python makes of values: `str` and `repr`, what it takes for true, `int` and `list`. It evaluates nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Number, Value as Json};

use super::original::OriginalError;

/// `str(value)`: a text is itself, anything else is its [`repr`].
pub fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`: `'a'`, `"it's"`, `1.0`, `True`, `None`, `['a', 'b']`, `{'k': 1}`.
pub fn repr(value: &Json) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

/// `repr` of a list of texts: `['a', "it's"]`.
pub fn repr_list<S: AsRef<str>>(items: &[S]) -> String {
    let mut out = String::from("[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_repr_str(item.as_ref(), &mut out);
    }
    out.push(']');
    out
}

/// What `if value:` takes for true: everything but null, `false`, zero and empty containers and texts.
pub fn truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(entries) => !entries.is_empty(),
    }
}

/// The name of the value's type: `int`, `str`, `NoneType`.
pub fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "int",
        Json::String(_) => "str",
        Json::Array(_) => "list",
        Json::Object(_) => "dict",
    }
}

/// `json.dumps(value, sort_keys=True)`: separators `", "` and `": "`, everything beyond ASCII escaped.
pub fn json(value: &Json) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

// The recursion is bounded by the depth of the JSON, which its parser limits.
fn write_json(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number_text(number)),
        Json::String(text) => write_json_text(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_json(item, out);
            }
            out.push(']');
        }
        Json::Object(entries) => {
            // Byte order of UTF-8 is the order of code points, by which Python sorts.
            let sorted: BTreeMap<&String, &Json> = entries.iter().collect();
            out.push('{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_json_text(key, out);
                out.push_str(": ");
                write_json(item, out);
            }
            out.push('}');
        }
    }
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// `list(value)`: the members of a list, the characters of a text, the names of a mapping.
///
/// # Errors
/// `TypeError` for what cannot be iterated.
pub fn members(value: &Json) -> Result<Vec<Json>, OriginalError> {
    match value {
        Json::Array(items) => Ok(items.clone()),
        Json::String(text) => Ok(text.chars().map(|c| c.to_string().into()).collect()),
        Json::Object(entries) => Ok(entries.keys().map(|key| key.as_str().into()).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            let message = format!("'{}' object is not iterable", type_name(value));
            Err(OriginalError::type_error(message))
        }
    }
}

/// `int(value)`: a fraction is cut off, a text is read as an integer. One that JSON does not hold exactly becomes the
/// nearest double.
///
/// # Errors
/// `ValueError` for a text that is no integer, `TypeError` for a list, a mapping or null.
pub fn integer(value: &Json) -> Result<Json, OriginalError> {
    match value {
        Json::Bool(value) => Ok(u8::from(*value).into()),
        Json::Number(number) if !number.is_f64() => Ok(value.clone()),
        Json::Number(number) => Ok(whole(number.as_f64().unwrap_or_default())),
        Json::String(text) => integer_literal(text).ok_or_else(|| {
            let message = format!("invalid literal for int() with base 10: {}", repr(value));
            OriginalError::value_error(message)
        }),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(OriginalError::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            type_name(value)
        ))),
    }
}

/// A double without its fraction.
fn whole(float: f64) -> Json {
    let float = float.trunc();
    if float.abs() < 9_223_372_036_854_775_808.0 {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^63 the cast of a whole double is exact")]
        let integer = float as i64;
        return integer.into();
    }
    Number::from_f64(float).map_or(Json::Null, Json::Number)
}

/// Spaces around, a sign, digits with single underscores between them.
fn integer_literal(text: &str) -> Option<Json> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let parts = || digits.split('_');
    if !parts().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let literal = format!("{sign}{}", parts().collect::<String>());
    let exact = literal.parse::<i64>().map(Json::from).or_else(|_| literal.parse::<u64>().map(Json::from));
    exact.ok().or_else(|| literal.parse::<f64>().ok().map(whole))
}

// The recursion is bounded by the depth of the JSON, which its parser limits.
fn write_repr(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("None"),
        Json::Bool(true) => out.push_str("True"),
        Json::Bool(false) => out.push_str("False"),
        Json::Number(number) => out.push_str(&number_text(number)),
        Json::String(text) => write_repr_str(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(item, out);
            }
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr_str(key, out);
                out.push_str(": ");
                write_repr(item, out);
            }
            out.push('}');
        }
    }
}

/// `1` -> `1`, `2.0` -> `2.0`, `1e16` -> `1e+16`, `0.00001` -> `1e-05`.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float_text(float),
        _ => number.to_string(),
    }
}

fn float_text(float: f64) -> String {
    // Rust and Python both write the shortest digits that read back equal; only the layout differs.
    let scientific = format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{float}");
        if plain.contains('.') { plain } else { format!("{plain}.0") }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

fn write_repr_str(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            // Writing to a String cannot fail.
            c if is_printable(c) => out.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push(quote);
}

/// Python escapes controls, separators other than the space, format characters and private use.
fn is_printable(c: char) -> bool {
    if c == ' ' {
        return true;
    }
    let format_or_private = matches!(
        u32::from(c),
        0xad | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x180e
            | 0x200b..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0xe000..=0xf8ff
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xe0000..
    );
    !c.is_control() && !c.is_whitespace() && !format_or_private
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_the_python_way() {
        for (value, expected) in [
            (json!(1), "1"),
            (json!(-7), "-7"),
            (json!(2.0), "2.0"),
            (json!(0.5), "0.5"),
            (json!(1e16), "1e+16"),
            (json!(123456789012345.0), "123456789012345.0"),
            (json!(1.5e300), "1.5e+300"),
            (json!(0.0001), "0.0001"),
            (json!(0.00001), "1e-05"),
            (json!(-0.0), "-0.0"),
            (json!(18446744073709551615u64), "18446744073709551615"),
            (json!(true), "True"),
            (json!(null), "None"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn integers_are_read_as_by_int() {
        for (value, expected) in [
            (json!("8_0"), Ok(json!(80))),
            (json!(" +7\n"), Ok(json!(7))),
            (json!("-007"), Ok(json!(-7))),
            (json!(-80.9), Ok(json!(-80))),
            (json!(true), Ok(json!(1))),
            (json!("18446744073709551615"), Ok(json!(18446744073709551615_u64))),
            (json!(1e300), Ok(json!(1e300))),
            (json!("1__0"), Err("ValueError")),
            (json!("_1"), Err("ValueError")),
            (json!("1.5"), Err("ValueError")),
            (json!(""), Err("ValueError")),
            (json!("- 1"), Err("ValueError")),
            (json!([1]), Err("TypeError")),
        ] {
            assert_eq!(integer(&value).map_err(|error| error.class.name()), expected, "{value}");
        }
    }

    #[test]
    fn texts_are_quoted_the_python_way() {
        for (value, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("say \"hi\"", "'say \"hi\"'"),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("a\\b\n\t\r", "'a\\\\b\\n\\t\\r'"),
            ("\u{1}\u{7f}\u{a0}", "'\\x01\\x7f\\xa0'"),
            ("é\u{2028}\u{1f600}", "'é\\u2028\u{1f600}'"),
        ] {
            assert_eq!(repr(&json!(value)), expected);
        }
        assert_eq!(repr_list(&["a", "it's"]), "['a', \"it's\"]");
        assert_eq!(repr_list::<&str>(&[]), "[]");
        assert_eq!(repr(&json!({"k": [1, null]})), "{'k': [1, None]}");
    }
}
