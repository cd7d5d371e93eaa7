//! `format` and `formatlist`: the verbs of Terraform's format strings. Widths and lengths are limited.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, Fault, Outcome, check_text, fault, fault_at, list, strings};
use super::decimal::Decimal;
use super::encoding::json_text;
use crate::value::{Kind, Number, Type, Value, convert};

/// The greatest width, precision and index of an argument.
const MAX_WIDTH: usize = 4096;

/// One verb of a format string, as `%[2]-8.3f` writes it.
#[derive(Debug, Default)]
struct Verb {
    mode: char,
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    /// The argument, from 0.
    arg: usize,
    /// Where in the format string it begins, for messages.
    offset: usize,
    /// How it is written, for messages.
    raw: String,
}

enum Part {
    Text(String),
    Verb(Verb),
}

pub(super) fn format(call: &Call<'_>) -> Outcome {
    let parts = parse(call.text(0)?)?;
    let args: Vec<&Value> = call.args.iter().skip(1).collect();
    check_count(&parts, args.len())?;
    render(&parts, &args).map(Value::string)
}

pub(super) fn formatlist(call: &Call<'_>) -> Outcome {
    let parts = parse(call.text(0)?)?;
    let args: Vec<&Value> = call.args.iter().skip(1).collect();
    check_count(&parts, args.len())?;
    let mut length: Option<(usize, usize)> = None;
    for (index, arg) in args.iter().enumerate() {
        let Some(items) = arg.as_slice() else { continue };
        match length {
            Some((first, length)) if length != items.len() => {
                return Err(fault_at(index + 1, "all lists must have the same length").detail(format!(
                    "argument {} has length {}, which is inconsistent with argument {first} of length {length}",
                    index + 1,
                    items.len()
                )));
            }
            Some(_) => {}
            None => length = Some((index + 1, items.len())),
        }
    }
    let (mut rows, mut bytes) = (Vec::new(), 0_usize);
    for row in 0..length.map_or(1, |(_, length)| length) {
        let cells: Vec<&Value> =
            args.iter().map(|arg| arg.as_slice().and_then(|items| items.get(row)).unwrap_or(arg)).collect();
        let text = render(&parts, &cells)?;
        bytes = bytes.saturating_add(text.len());
        check_text(bytes)?;
        rows.push(text);
    }
    Ok(match rows.is_empty() {
        true => list(Vec::new()),
        false => strings(rows),
    })
}

fn check_count(parts: &[Part], given: usize) -> Result<(), Fault> {
    let used = parts
        .iter()
        .filter_map(|part| if let Part::Verb(verb) = part { Some(verb.arg + 1) } else { None })
        .max();
    match used {
        None if given > 0 => Err(fault_at(1, "too many arguments: the format string has no verbs")),
        Some(used) if given > used => {
            Err(fault_at(used + 1, format!("too many arguments: the format string uses only {used}")))
        }
        _ => Ok(()),
    }
}

fn parse(format: &str) -> Result<Vec<Part>, Fault> {
    let (mut parts, mut text, mut next) = (Vec::new(), String::new(), 0);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        text.push_str(rest.get(..at).unwrap_or_default());
        let offset = format.len() - rest.len() + at;
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = parse_verb(format, rest, offset, next)?;
        next = verb.arg + 1;
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Verb(verb));
        rest = after;
    }
    text.push_str(rest);
    parts.push(Part::Text(text));
    Ok(parts)
}

/// The verb that begins after the `%` at `offset`, and what follows it.
fn parse_verb<'a>(format: &str, rest: &'a str, offset: usize, next: usize) -> Result<(Verb, &'a str), Fault> {
    let mut verb = Verb { arg: next, offset, ..Verb::default() };
    let mut chars = rest.chars();
    let mut flags = true;
    loop {
        let before = chars.as_str();
        let Some(c) = chars.next() else {
            return Err(fault("the format string ends within a verb").detail(format!("offset {offset}")));
        };
        match c {
            '+' if flags => verb.plus = true,
            '-' if flags => verb.minus = true,
            ' ' if flags => verb.space = true,
            '0' if flags => verb.zero = true,
            '#' if flags => verb.sharp = true,
            '[' => {
                let (index, after) = digits(chars.as_str());
                let index = index.filter(|index| *index <= MAX_WIDTH && after.starts_with(']'));
                verb.arg = index
                    .and_then(|index| index.checked_sub(1))
                    .ok_or_else(|| bad_character(format, before))?;
                chars = after.get(1..).unwrap_or_default().chars();
                flags = false;
            }
            '1'..='9' => {
                let (width, after) = digits(before);
                verb.width = width.filter(|width| *width <= MAX_WIDTH).ok_or_else(too_wide)?;
                chars = after.chars();
                flags = false;
            }
            '.' => {
                let (precision, after) = digits(chars.as_str());
                // A point without digits is a precision of zero, as in Go.
                let precision = if after.len() == chars.as_str().len() { Some(0) } else { precision };
                verb.precision =
                    Some(precision.filter(|precision| *precision <= MAX_WIDTH).ok_or_else(too_wide)?);
                chars = after.chars();
                flags = false;
            }
            _ => {
                let length = rest.len() - chars.as_str().len();
                verb.raw = format!("%{}", rest.get(..length).unwrap_or_default());
                verb.mode = c;
                return match c {
                    'v' | 't' | 'b' | 'd' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G' | 's' | 'q' => {
                        Ok((verb, chars.as_str()))
                    }
                    _ if c.is_ascii_alphabetic() => {
                        Err(fault("the format string has a verb that does not exist")
                            .detail(format!("{c:?} in {:?} at offset {offset}", verb.raw)))
                    }
                    _ => Err(bad_character(format, before)),
                };
            }
        }
    }
}

fn bad_character(format: &str, rest: &str) -> Fault {
    let offset = format.len() - rest.len();
    let c = rest.chars().next().unwrap_or_default();
    fault("the format string has a character that no verb can have")
        .detail(format!("{c:?} at offset {offset}"))
}

fn too_wide() -> Fault {
    fault(format!("widths and precisions in a format string may be {MAX_WIDTH} at most"))
}

/// The number at the start of the text, when there is one that fits, and what follows the digits.
fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).map_or((None, text), |(digits, rest)| (digits.parse().ok(), rest))
}

fn render(parts: &[Part], args: &[&Value]) -> Result<String, Fault> {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Verb(verb) => {
                let Some(arg) = args.get(verb.arg) else {
                    return Err(fault("there are not enough arguments for the format string").detail(
                        format!(
                            "{:?} at offset {} needs argument {}, but there are {}",
                            verb.raw,
                            verb.offset,
                            verb.arg + 1,
                            args.len()
                        ),
                    ));
                };
                out.push_str(&render_verb(verb, arg)?);
            }
        }
        check_text(out.len())?;
    }
    Ok(out)
}

fn render_verb(verb: &Verb, arg: &Value) -> Result<String, Fault> {
    let refuse = |required: &str| {
        fault_at(verb.arg + 1, format!("the format string requires {required} here"))
            .detail(format!("{:?} at offset {}", verb.raw, verb.offset))
    };
    if verb.mode == 'v' {
        return render_any(verb, arg);
    }
    if arg.is_null() {
        return Err(refuse("a value that is not null"));
    }
    match verb.mode {
        't' => match convert(arg, &Type::Bool).ok().and_then(|value| value.as_bool()) {
            Some(value) => Ok(value.to_string()),
            None => Err(refuse("a bool")),
        },
        's' | 'q' => {
            let Ok(Value { kind: Kind::String(text), .. }) = convert(arg, &Type::String) else {
                return Err(refuse("a string"));
            };
            render_text(verb, &text)
        }
        _ => {
            let Ok(Value { kind: Kind::Number(number), .. }) = convert(arg, &Type::Number) else {
                return Err(refuse("a number"));
            };
            match verb.mode {
                'b' => integer(verb, &number, 2).ok_or_else(|| refuse("a whole number")),
                'o' => integer(verb, &number, 8).ok_or_else(|| refuse("a whole number")),
                'd' => integer(verb, &number, 10).ok_or_else(|| refuse("a whole number")),
                'x' | 'X' => integer(verb, &number, 16).ok_or_else(|| refuse("a whole number")),
                _ => Ok(float(verb, &number)),
            }
        }
    }
}

fn render_any(verb: &Verb, arg: &Value) -> Result<String, Fault> {
    let text: Arc<str> = match &arg.kind {
        Kind::String(text) if !verb.sharp => Arc::clone(text),
        Kind::Number(number) if !verb.sharp => general(&Decimal::of(number), None, 'e').into(),
        _ => json_text(arg)?.into(),
    };
    Ok(pad(verb, &text))
}

fn render_text(verb: &Verb, text: &str) -> Result<String, Fault> {
    let cut: String = match verb.precision {
        Some(precision) => text.graphemes(true).take(precision).collect(),
        None => text.to_owned(),
    };
    Ok(match verb.mode {
        'q' => pad(verb, &json_text(&Value::string(cut))?),
        _ => pad(verb, &cut),
    })
}

/// Filled to the width: on the left, with `-` on the right, with `0` by zeros.
fn pad(verb: &Verb, text: &str) -> String {
    if verb.width == 0 {
        return text.to_owned();
    }
    let missing = verb.width.saturating_sub(text.graphemes(true).count());
    match (verb.minus, verb.zero) {
        (true, _) => format!("{text}{}", " ".repeat(missing)),
        (false, true) => format!("{}{text}", "0".repeat(missing)),
        (false, false) => format!("{}{text}", " ".repeat(missing)),
    }
}

/// A number with its sign: zeros go between the sign and the digits.
fn pad_number(verb: &Verb, negative: bool, prefix: &str, digits: &str, zero: bool) -> String {
    let sign = match (negative, verb.plus, verb.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    let missing = verb.width.saturating_sub(sign.len() + prefix.len() + digits.len());
    match (verb.minus, zero) {
        (true, _) => format!("{sign}{prefix}{digits}{}", " ".repeat(missing)),
        (false, true) => format!("{sign}{prefix}{}{digits}", "0".repeat(missing)),
        (false, false) => format!("{}{sign}{prefix}{digits}", " ".repeat(missing)),
    }
}

fn integer(verb: &Verb, number: &Number, radix: u32) -> Option<String> {
    let mut digits = number.abs().to_bigint()?.to_str_radix(radix);
    let prefix = match (verb.sharp, verb.mode) {
        (true, 'b') => "0b",
        (true, 'o') => "0",
        (true, 'x') => "0x",
        (true, 'X') => "0X",
        _ => "",
    };
    if verb.mode == 'X' {
        digits = digits.to_uppercase();
    }
    let missing = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    digits.insert_str(0, &"0".repeat(missing));
    // As in Go, a precision turns off padding with zeros.
    Some(pad_number(verb, number.signum() < 0, prefix, &digits, verb.zero && verb.precision.is_none()))
}

fn float(verb: &Verb, number: &Number) -> String {
    let (decimal, precision) = (Decimal::of(number), to_i64(verb.precision.unwrap_or(6)));
    let text = match verb.mode {
        'f' => decimal.fixed(precision),
        'e' => decimal.scientific(precision, 'e'),
        'E' => decimal.scientific(precision, 'E'),
        'G' => general(&decimal, verb.precision, 'E'),
        _ => general(&decimal, verb.precision, 'e'),
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    pad_number(verb, text.starts_with('-'), "", digits, verb.zero)
}

/// The shorter of plain and scientific, by Go's rule for `%g` of big floats.
fn general(decimal: &Decimal, precision: Option<usize>, letter: char) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let rounded = match precision {
        Some(precision) => decimal.rounded(to_i64(precision)),
        None => decimal.clone(),
    };
    let length = to_i64(rounded.digits.len());
    let threshold = match precision.map(to_i64) {
        None => 6,
        Some(precision) if precision > length && length >= rounded.point => length,
        Some(precision) => precision,
    };
    match rounded.digits.is_empty() || (-4..threshold).contains(&(rounded.point - 1)) {
        true => rounded.fixed(length - rounded.point),
        false => rounded.scientific(length - 1, letter),
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
