//! JSON, base64 and URL encoding. JSON is written byte for byte as Terraform writes it: sorted keys, and `<`, `>` and
//! `&` escaped.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, Fault, Outcome, check_text, fault, fault_at};
use crate::value::{Kind, Value, from_json};

pub(super) fn jsonencode(call: &Call<'_>) -> Outcome {
    json_text(call.value(0)?).map(Value::string)
}

pub(super) fn jsondecode(call: &Call<'_>) -> Outcome {
    match serde_json::from_str::<serde_json::Value>(call.text(0)?) {
        Ok(json) => Ok(from_json(&json)),
        Err(error) => Err(fault_at(0, "the text is not valid JSON").detail(error.to_string())),
    }
}

pub(super) fn base64encode(call: &Call<'_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(call.text(0)?)))
}

pub(super) fn base64decode(call: &Call<'_>) -> Outcome {
    // Line breaks are no part of the data, as in Go.
    let text: String = call.text(0)?.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = STANDARD.decode(text);
    let bytes =
        bytes.map_err(|error| fault_at(0, "the text is not valid base64").detail(error.to_string()))?;
    let text = String::from_utf8(bytes);
    text.map(Value::string).map_err(|_| fault("the result of decoding the text is not valid UTF-8"))
}

pub(super) fn urlencode(call: &Call<'_>) -> Outcome {
    let mut out = String::new();
    for byte in call.text(0)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Ok(Value::string(out))
}

/// The JSON of a value that is wholly known.
pub(super) fn json_text(value: &Value) -> Result<String, Fault> {
    let mut out = String::new();
    write_json(value, &mut out)?;
    Ok(out)
}

fn write_json(value: &Value, out: &mut String) -> Result<(), Fault> {
    check_text(out.len())?;
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Kind::String(text) => write_json_string(text, out),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out)?;
            }
            out.push(']');
        }
        Kind::Map(entries) | Kind::Object(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json_string(key, out);
                out.push(':');
                write_json(value, out)?;
            }
            out.push('}');
        }
        Kind::Unknown(_) => return Err(fault("a value that is known only after apply has no JSON yet")),
    }
    Ok(())
}

fn write_json_string(text: &str, out: &mut String) {
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
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
