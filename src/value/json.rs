//! Values to and from JSON. It refuses what is unknown; marks are the caller's to mind.

use super::{Kind, Number, Value};

/// The value of a JSON document: arrays become tuples, objects objects.
pub fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::NULL,
        serde_json::Value::Bool(value) => Value::bool(*value),
        serde_json::Value::Number(number) => Kind::Number(number_from_json(number)).into(),
        serde_json::Value::String(text) => Value::string(text.as_str()),
        serde_json::Value::Array(items) => Value::tuple(items.iter().map(from_json)),
        serde_json::Value::Object(entries) => {
            Value::object(entries.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}

/// The JSON of a value, whose marks are left behind; None when any part of it is unknown, or a
/// number beyond the greatest float. Whole numbers of 64 bits are exact, others are the nearest float.
pub fn to_json(value: &Value) -> Option<serde_json::Value> {
    Some(match &value.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => serde_json::Value::Bool(*value),
        Kind::Number(number) => serde_json::Value::Number(number_to_json(number)?),
        Kind::String(text) => serde_json::Value::String(text.as_ref().to_owned()),
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
            serde_json::Value::Array(items.iter().map(to_json).collect::<Option<_>>()?)
        }
        Kind::Map(entries) | Kind::Object(entries) => serde_json::Value::Object(
            entries
                .iter()
                .map(|(key, value)| Some((key.as_ref().to_owned(), to_json(value)?)))
                .collect::<Option<_>>()?,
        ),
        Kind::Unknown(_) => return None,
    })
}

fn number_from_json(number: &serde_json::Number) -> Number {
    match number.as_i64() {
        Some(value) => Number::written(value),
        // Without exact numbers in the parser, what is left is an integer of 64 bits or a finite float: both parse.
        None => Number::parse(&number.to_string()).unwrap_or(Number::ZERO),
    }
}

fn number_to_json(number: &Number) -> Option<serde_json::Number> {
    if let Some(value) = number.to_i64() {
        return Some(value.into());
    }
    match number.to_string().parse::<u64>() {
        Ok(value) => Some(value.into()),
        Err(_) => serde_json::Number::from_f64(number.to_f64()),
    }
}
