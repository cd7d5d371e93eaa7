//! Amounts of CPU and memory of a task, as the service keeps them: `1 vCPU` is `1024`, `2 GB` is `2048` (developer
//! guide, page `task-cpu-memory-error`). An amount that is none is kept as it is. Pure.

use serde_json::Value;

/// CPU units.
pub(super) fn cpu(value: &Value) -> Value {
    amount(value, &["vcpu"])
}

/// Mebibytes.
pub(super) fn mebibytes(value: &Value) -> Value {
    amount(value, &["gb"])
}

/// The text of the whole number of 1024ths that the value says, with or without the unit.
fn amount(value: &Value, units: &[&str]) -> Value {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_lowercase(),
        other => return other.clone(),
    };
    let in_unit = units.iter().find_map(|unit| text.strip_suffix(unit));
    let (number, factor) = match in_unit {
        Some(number) => (number.trim_end(), 1024.0),
        None => (text.as_str(), 1.0),
    };
    // What a float parses is more than an amount is: `inf`, `1e3`.
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match number.parse::<f64>() {
        Ok(amount) if is_plain && amount < 1e9 && (amount * factor).fract() == 0.0 => {
            format!("{:.0}", amount * factor).into()
        }
        _ => value.clone(),
    }
}
