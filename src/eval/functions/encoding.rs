//! JSON, base64 and URL encoding. JSON is written byte for byte as Terraform writes it: sorted keys, and `<`, `>` and
//! `&` escaped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::call::{Call, Fault, Outcome, check_text, fault, fault_at};
use crate::value::{Kind, Number, Value, from_json};

pub(super) fn jsonencode(call: &Call<'_>) -> Outcome {
    json_text(call.value(0)?).map(Value::string)
}

pub(super) fn jsondecode(call: &Call<'_>) -> Outcome {
    let invalid =
        |error: serde_json::Error| fault_at(0, "the text is not valid JSON").detail(error.to_string());
    let text = replace_lone_surrogates(call.text(0)?);
    let json: serde_json::Value = serde_json::from_str(&text).map_err(invalid)?;
    match has_long_number(&text) {
        false => Ok(from_json(&json)),
        true => exact_json(serde_json::from_str(&text).map_err(invalid)?),
    }
}

/// Whether a number may have more digits than a machine float.
fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() || byte == b'.' { run + 1 } else { 0 };
        run > 15
    })
}

/// The value of a JSON text that is known to be valid, and no deeper than the library goes: 128 levels.
fn exact_json(json: &RawValue) -> Outcome {
    let text = json.get();
    let bad = || fault_at(0, "the text is not valid JSON");
    Ok(match text.bytes().next() {
        Some(b'{') => {
            let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|_| bad())?;
            let entries = entries.into_iter().map(|(key, json)| Ok((key, exact_json(json)?)));
            Value::object(entries.collect::<Result<Vec<_>, Fault>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| bad())?;
            Value::tuple(items.into_iter().map(exact_json).collect::<Result<Vec<_>, Fault>>()?)
        }
        Some(b'-' | b'0'..=b'9') => {
            let number = Number::parse(text);
            Kind::Number(number.ok_or_else(|| fault_at(0, "a number is too large to be held"))?).into()
        }
        _ => from_json(&serde_json::from_str(text).map_err(|_| bad())?),
    })
}

/// The text with the character for what cannot be read in place of halves of surrogate pairs, which have no meaning alone.
fn replace_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return Cow::Borrowed(text);
    }
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let length = match (c, unit(at), unit(at + 6)) {
            ('\\', Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            ('\\', Some(0xd800..=0xdfff), _) => {
                out.push('\u{fffd}');
                at += 6;
                continue;
            }
            ('\\', _, _) => {
                1 + text.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
            }
            _ => c.len_utf8(),
        };
        out.push_str(text.get(at..at + length).unwrap_or_default());
        at += length;
    }
    Cow::Owned(out)
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
