//! What plain scalars are in YAML 1.1: booleans, integers in five notations, decimal numbers. It reads no document.

use serde_json::{Number, Value as Json};

/// What a plain scalar is.
pub(super) fn resolve(text: &str) -> Json {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Json::Null;
    }
    if is_boolean(text)
        && let Some(value) = boolean(text)
    {
        return value;
    }
    decimal(text).or_else(|| integer(text)).unwrap_or_else(|| Json::from(text))
}

/// The three ways of writing each word that YAML 1.1 resolves.
fn is_boolean(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let capital = |lower: &str| {
        let mut chars = lower.chars();
        chars.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
    };
    text == lower
        || text == text.to_ascii_uppercase()
        || capital(&lower).is_some_and(|capital| text == capital)
}

pub(super) fn boolean(text: &str) -> Option<Json> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true.into()),
        "no" | "false" | "off" => Some(false.into()),
        _ => None,
    }
}

/// `10`, `-1_000`, `0b11`, `017`, `0xff`, `12:30`.
pub(super) fn integer(text: &str) -> Option<Json> {
    let (negative, digits) = signed(text);
    let all = |text: &str, allowed: fn(char) -> bool| {
        !text.is_empty() && text.chars().all(|c| c == '_' || allowed(c))
    };
    let clean = |text: &str| text.replace('_', "");
    let magnitude: i128 = if digits == "0" {
        0
    } else if let Some(rest) = digits.strip_prefix("0b").filter(|rest| all(rest, |c| matches!(c, '0' | '1')))
    {
        i128::from_str_radix(&clean(rest), 2).ok()?
    } else if let Some(rest) = digits.strip_prefix("0x").filter(|rest| all(rest, |c| c.is_ascii_hexdigit())) {
        i128::from_str_radix(&clean(rest), 16).ok()?
    } else if digits.starts_with('0') && all(digits, |c| ('0'..='7').contains(&c)) {
        i128::from_str_radix(&clean(digits), 8).ok()?
    } else if digits.starts_with(|c: char| ('1'..='9').contains(&c)) {
        match digits.split_once(':') {
            None if all(digits, |c| c.is_ascii_digit()) => {
                let digits = clean(digits);
                match digits.parse() {
                    Ok(value) => value,
                    // Beyond what JSON holds exactly.
                    Err(_) => {
                        return digits
                            .parse()
                            .ok()
                            .map(|value: f64| number(if negative { -value } else { value }));
                    }
                }
            }
            None => return None,
            Some((first, rest)) if all(first, |c| c.is_ascii_digit()) => {
                let mut value: i128 = clean(first).parse().ok()?;
                for part in rest.split(':') {
                    value = value.checked_mul(60)?.checked_add(sixtieth(part)?.into())?;
                }
                value
            }
            Some(_) => return None,
        }
    } else {
        return None;
    };
    let value = if negative { magnitude.checked_neg()? } else { magnitude };
    let exact = i64::try_from(value).map(Json::from).or_else(|_| u64::try_from(value).map(Json::from));
    #[expect(clippy::cast_precision_loss, reason = "JSON holds no larger integers exactly")]
    Some(exact.unwrap_or_else(|_| number(value as f64)))
}

/// `1.5`, `1.`, `.5`, `1.5e+3`, `1:30.5`, `.inf`; an exponent needs its sign.
pub(super) fn decimal(text: &str) -> Option<Json> {
    let (negative, digits) = signed(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        // JSON has no such numbers.
        return Some(Json::from(text));
    }
    let whole_digits = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '_')
    };
    let (before, after) = digits.split_once('.')?;
    let (fraction, exponent) = match after.find(['e', 'E']) {
        None => (after, None),
        Some(at) => {
            let exponent = after.get(at.checked_add(1)?..)?;
            let unsigned = exponent.strip_prefix(['-', '+'])?;
            if unsigned.is_empty() || !unsigned.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            (after.get(..at)?, Some(exponent))
        }
    };
    if !fraction.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let clean = |text: &str| text.replace('_', "");
    let magnitude: f64 = match before.split_once(':') {
        Some((first, rest)) if exponent.is_none() && whole_digits(first) => {
            let mut value: f64 = clean(first).parse().ok()?;
            let parts: Vec<&str> = rest.split(':').collect();
            let (last, middle) = parts.split_last()?;
            for part in middle {
                value = value * 60.0 + f64::from(sixtieth(part)?);
            }
            sixtieth(last)?;
            value * 60.0 + format!("{last}.{}0", clean(fraction)).parse::<f64>().ok()?
        }
        Some(_) => return None,
        None if before.is_empty() => {
            // Without a digit before the dot no sign is allowed, and a digit must follow.
            if digits.len() != text.len() || !fraction.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            format!("0.{}e{}", clean(fraction), exponent.unwrap_or("0")).parse().ok()?
        }
        None if whole_digits(before) => {
            format!("{}.{}0e{}", clean(before), clean(fraction), exponent.unwrap_or("0")).parse().ok()?
        }
        None => return None,
    };
    Some(number(if negative { -magnitude } else { magnitude }))
}

/// A part of a sexagesimal number: up to two digits, below 60.
fn sixtieth(part: &str) -> Option<u8> {
    let digits = matches!(part.len(), 1 | 2) && part.chars().all(|c| c.is_ascii_digit());
    part.parse().ok().filter(|value| digits && *value < 60)
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

pub(super) fn number(value: f64) -> Json {
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}
