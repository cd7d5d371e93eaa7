//! Text functions. Characters are what readers take for one (grapheme clusters), as in Terraform.

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, Outcome, check_text, fault_at, strings};
use crate::value::Value;

/// The widest indentation.
const MAX_INDENT: usize = 1024;

pub(super) fn chomp(call: &Call<'_>) -> Outcome {
    Ok(Value::string(call.text(0)?.trim_end_matches(['\r', '\n'])))
}

pub(super) fn startswith(call: &Call<'_>) -> Outcome {
    Ok(Value::bool(call.text(0)?.starts_with(call.text(1)?)))
}

pub(super) fn endswith(call: &Call<'_>) -> Outcome {
    Ok(Value::bool(call.text(0)?.ends_with(call.text(1)?)))
}

pub(super) fn strcontains(call: &Call<'_>) -> Outcome {
    Ok(Value::bool(call.text(0)?.contains(call.text(1)?)))
}

pub(super) fn join(call: &Call<'_>) -> Outcome {
    let separator = call.text(0)?;
    let mut parts = Vec::new();
    for list in 1..call.args.len() {
        for (index, item) in call.items(list)?.iter().enumerate() {
            let Some(text) = item.as_str() else {
                return Err(fault_at(list, format!("element {index} is null, and null cannot be joined")));
            };
            parts.push(text);
        }
    }
    if call.args.len() < 2 {
        return Err(super::call::fault("at least one list is required"));
    }
    let bytes = parts
        .iter()
        .fold(separator.len().saturating_mul(parts.len()), |sum, part| sum.saturating_add(part.len()));
    check_text(bytes)?;
    Ok(Value::string(parts.join(separator)))
}

pub(super) fn split(call: &Call<'_>) -> Outcome {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    Ok(match separator.is_empty() {
        true => strings(text.chars().map(String::from)),
        false => strings(text.split(separator)),
    })
}

pub(super) fn lower(call: &Call<'_>) -> Outcome {
    Ok(Value::string(call.text(0)?.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<String>()))
}

pub(super) fn upper(call: &Call<'_>) -> Outcome {
    Ok(Value::string(call.text(0)?.chars().map(upper_char).collect::<String>()))
}

pub(super) fn title(call: &Call<'_>) -> Outcome {
    let mut before = ' ';
    let convert = |c: char| {
        let first = is_separator(before);
        before = c;
        if first { upper_char(c) } else { c }
    };
    Ok(Value::string(call.text(0)?.chars().map(convert).collect::<String>()))
}

/// Between words: what is neither letter, digit nor underscore in ASCII, and only space beyond it.
fn is_separator(c: char) -> bool {
    match c.is_ascii() {
        true => !c.is_ascii_alphanumeric() && c != '_',
        false => c.is_whitespace(),
    }
}

fn upper_char(c: char) -> char {
    simple(c, c.to_uppercase())
}

/// The one character that `c` maps to; `c` itself where there would be several ("ß" has no capital of its own).
fn simple(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

pub(super) fn trim(call: &Call<'_>) -> Outcome {
    let cut = call.text(1)?;
    Ok(Value::string(call.text(0)?.trim_matches(|c| cut.contains(c))))
}

pub(super) fn trimprefix(call: &Call<'_>) -> Outcome {
    let text = call.text(0)?;
    Ok(Value::string(text.strip_prefix(call.text(1)?).unwrap_or(text)))
}

pub(super) fn trimsuffix(call: &Call<'_>) -> Outcome {
    let text = call.text(0)?;
    Ok(Value::string(text.strip_suffix(call.text(1)?).unwrap_or(text)))
}

pub(super) fn trimspace(call: &Call<'_>) -> Outcome {
    Ok(Value::string(call.text(0)?.trim()))
}

pub(super) fn substr(call: &Call<'_>) -> Outcome {
    let text = call.text(0)?;
    let (offset, length) = (call.whole(1)?, call.whole(2)?);
    let skip = match usize::try_from(offset) {
        Ok(offset) => offset,
        Err(_) => {
            let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            text.graphemes(true).count().saturating_sub(back)
        }
    };
    // A negative length means all the rest.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(Value::string(text.graphemes(true).skip(skip).take(length).collect::<String>()))
}

pub(super) fn strrev(call: &Call<'_>) -> Outcome {
    Ok(Value::string(call.text(0)?.graphemes(true).rev().collect::<String>()))
}

pub(super) fn indent(call: &Call<'_>) -> Outcome {
    let (spaces, text) = (call.whole(0)?, call.text(1)?);
    let spaces = usize::try_from(spaces).ok().filter(|spaces| *spaces <= MAX_INDENT);
    let spaces =
        spaces.ok_or_else(|| fault_at(0, format!("a whole number from 0 to {MAX_INDENT} is required")))?;
    check_text(text.matches('\n').count().saturating_mul(spaces).saturating_add(text.len()))?;
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}
