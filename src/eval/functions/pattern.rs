//! Replacing and searching in texts, with patterns in the syntax of Go's regular expressions, which Terraform's are.

use regex::{Captures, Regex, RegexBuilder};

use super::call::{Call, Fault, Outcome, check_members, check_text, fault, fault_at, list};
use crate::value::Value;

/// The most bytes of a compiled pattern.
const MAX_COMPILED: usize = 4 << 20;

pub(super) fn replace(call: &Call<'_>) -> Outcome {
    let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if let Some(pattern) = from.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return replace_pattern(&compile(1, pattern)?, text, to);
    }
    check_text(text.matches(from).count().saturating_mul(to.len()).saturating_add(text.len()))?;
    Ok(Value::string(text.replace(from, to)))
}

fn replace_pattern(regex: &Regex, text: &str, to: &str) -> Outcome {
    let (mut out, mut end) = (String::new(), 0);
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(text.get(end..whole.start()).unwrap_or_default());
        // One expansion is bounded by the template times the match, so it is measured before it is made.
        check_text(to.len().saturating_mul(whole.len().saturating_add(1)).saturating_add(out.len()))?;
        captures.expand(to, &mut out);
        end = whole.end();
    }
    out.push_str(text.get(end..).unwrap_or_default());
    check_text(out.len())?;
    Ok(Value::string(out))
}

pub(super) fn regex(call: &Call<'_>) -> Outcome {
    let regex = compile_groups(call.text(0)?)?;
    match regex.captures(call.text(1)?) {
        Some(captures) => Ok(found(&regex, &captures)),
        None => Err(fault("the pattern did not match any part of the given string")),
    }
}

pub(super) fn regexall(call: &Call<'_>) -> Outcome {
    let regex = compile_groups(call.text(0)?)?;
    let mut items = Vec::new();
    for captures in regex.captures_iter(call.text(1)?) {
        check_members(items.len())?;
        items.push(found(&regex, &captures));
    }
    Ok(list(items))
}

/// The whole match, or its groups: by name, or in order.
fn found(regex: &Regex, captures: &Captures<'_>) -> Value {
    let text =
        |group: Option<regex::Match<'_>>| group.map_or(Value::NULL, |group| Value::string(group.as_str()));
    match (regex.captures_len(), regex.capture_names().flatten().next()) {
        (1, _) => text(captures.get(0)),
        (_, None) => Value::tuple(captures.iter().skip(1).map(text)),
        (_, Some(_)) => {
            Value::object(regex.capture_names().flatten().map(|name| (name, text(captures.name(name)))))
        }
    }
}

fn compile_groups(pattern: &str) -> Result<Regex, Fault> {
    let regex = compile(0, pattern)?;
    let named = regex.capture_names().flatten().count();
    match named == 0 || named + 1 == regex.captures_len() {
        true => Ok(regex),
        false => Err(fault_at(0, "a pattern cannot have both named and unnamed capture groups")),
    }
}

fn compile(index: usize, pattern: &str) -> Result<Regex, Fault> {
    let built = RegexBuilder::new(&translate(pattern)).size_limit(MAX_COMPILED).build();
    built.map_err(|error| {
        let last = error.to_string();
        let reason = last.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        fault_at(index, "the pattern is not a valid regular expression")
            .detail(format!("{reason} (in {pattern:?})"))
    })
}

/// The pattern in the syntax of the library. Two things differ: Go's `\d`, `\w`, `\s` and `\b` know ASCII alone, and
/// in its classes `[`, `&&`, `--` and `~~` mean themselves.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    // Inside a class: how many of its members were seen, because `]` means itself as the first of them.
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        let first = class == Some(0);
        class = class.map(|seen| seen + 1);
        match (c, class.is_some()) {
            ('\\', inside) => match chars.next() {
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('s') => out.push_str("[\\t\\n\\f\\r ]"),
                Some('S') => out.push_str("[^\\t\\n\\f\\r ]"),
                Some(escape @ ('b' | 'B')) if !inside => {
                    out.push_str("(?-u:\\");
                    out.push(escape);
                    out.push(')');
                }
                Some('Q') if !inside => {
                    while let Some(c) = chars.next() {
                        if c == '\\' && chars.peek() == Some(&'E') {
                            chars.next();
                            break;
                        }
                        out.push_str(&regex::escape(&c.to_string()));
                    }
                }
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            ('[', false) => {
                class = Some(0);
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ('[', true) if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            (']', true) if !first => {
                class = None;
                out.push(']');
            }
            ('[' | ']' | '&' | '~', true) => out.extend(['\\', c]),
            ('-', true) if chars.peek() == Some(&'-') => out.push_str("\\-"),
            (other, _) => out.push(other),
        }
    }
    out
}
