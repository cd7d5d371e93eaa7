//! Mistakes in the structure of items and expressions, told by what stands at the place and what was expected there.

use std::ops::Range;

use super::token;
use crate::diag::Diagnostic;

/// Everything else, by what stands at the place and what was expected.
pub(super) fn explain_structure(source: &str, offset: usize, message: &str) -> (Diagnostic, Range<usize>) {
    // The parser library puts a mistake at the very end on the last character.
    let before = source.get(..offset).unwrap_or_default();
    let is_inside = before.ends_with(|ch: char| !ch.is_whitespace()) || before.trim_end().ends_with('?');
    let at_end = (message.contains("`{`") || message.contains("`:`") && is_inside)
        && source.get(offset..).is_some_and(|rest| rest.chars().count() <= 1);
    let offset = if at_end { source.len() } else { offset };
    // It puts a missing `=` in an object behind the character that stands in its place.
    let offset = match message.contains("object value assignment") {
        true => source
            .get(..offset)
            .and_then(|before| before.char_indices().next_back())
            .map_or(offset, |last| last.0),
        false => offset,
    };
    // A bracket in the place of a value was taken already.
    let before = source.get(..offset).unwrap_or_default();
    let is_behind = message.contains("invalid expression") && before.ends_with([')', ']', '}']);
    let offset = if is_behind { offset - 1 } else { offset };
    let rest = source.get(offset..).unwrap_or_default();
    let at = token(source, offset);
    let found = match source.get(at.clone()).unwrap_or_default() {
        "" => "the end of the line".to_owned(),
        word => format!("`{word}`"),
    };
    let line_start = source.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |index| index + 1);
    let before = source.get(line_start..offset).unwrap_or_default().trim();
    let name = before
        .split(|ch: char| !(ch.is_alphanumeric() || matches!(ch, '_' | '-')))
        .next()
        .unwrap_or_default();
    let error = |summary: &str, detail: String, help: &str| Diagnostic::error(summary, detail).help(help);
    let word = source.trim_end_matches(|ch: char| ch == '=' || ch.is_whitespace());
    let lone = !word.is_empty() && word.chars().all(|ch| ch.is_alphanumeric() || matches!(ch, '_' | '-'));
    let diagnostic = if lone && word.len() == source.len() {
        error(
            "Invalid argument or block",
            format!(
                "The name `{word}` stands alone; a name is followed by `=` and a value (an argument) or by labels and `{{` (a block)."
            ),
            "add `=` and a value, or `{`",
        )
    } else if lone {
        error(
            "Missing value",
            format!("The argument `{word}` has no value."),
            "add the value; `null` stands for none",
        )
    } else if message.contains("invalid structure") {
        match rest.chars().next() {
            Some(':') => error(
                "Invalid argument",
                format!("An argument is set with `=`, not with `:`; found after `{name}`."),
                "write `=` instead of `:`",
            ),
            Some('.' | '[') => error(
                "Invalid argument name",
                "The name of an argument is one word; only expressions can refer to a part of something."
                    .to_owned(),
                "set the whole argument, as in `name = { key = value }`",
            ),
            _ => error(
                "Invalid argument or block",
                format!(
                    "After the name `{name}` stands {found}; a name is followed by `=` and a value (an argument) or by labels and `{{` (a block)."
                ),
                "add `=` and a value, or `{`",
            ),
        }
    } else if message.contains("invalid block body") {
        match rest.chars().next() {
            Some(',') => error(
                "Invalid block on one line",
                "The arguments of a block are not separated by commas, and a block on one line can hold only one argument.".to_owned(),
                "put each argument on a line of its own, without commas",
            ),
            _ => error(
                "Invalid block on one line",
                format!("A block on one line can hold only one argument; found {found}."),
                "put each argument on a line of its own",
            ),
        }
    } else if message.contains("newline or eof") || message.contains("eof") {
        match rest.chars().next() {
            Some(',') => error(
                "Unexpected comma",
                "Arguments are separated by newlines, not by commas.".to_owned(),
                "remove the comma",
            ),
            Some('.') => error(
                "Invalid reference",
                "After `.` comes a name, a number or `*`.".to_owned(),
                "complete the name, or remove the dot",
            ),
            Some(';') => error(
                "Unexpected semicolon",
                "Arguments are separated by newlines; there is no `;`.".to_owned(),
                "remove the semicolon",
            ),
            Some('+' | '-' | '*' | '/' | '%' | '<' | '>' | '&' | '|' | '?' | '!' | '=') => error(
                "Incomplete expression",
                "This operator is not one of the language, or nothing follows it on this line; an expression may go \
                 on in the next line only inside brackets.".to_owned(),
                "complete the expression, or put it in parentheses",
            ),
            _ => error(
                "Missing newline",
                format!("The argument or block ends here, but {found} follows on the same line."),
                "start a new line, or add the operator or comma that is missing",
            ),
        }
    } else if message.contains("invalid object item") && !message.contains("assignment") {
        error(
            "Missing separator in an object",
            format!(
                "The entries of an object are separated by commas or newlines; found {found} after a value."
            ),
            "add a comma or a newline",
        )
    } else if message.contains("object value assignment") {
        error(
            "Invalid object",
            format!("After the key of an object entry comes `=` (or `:`) and its value; found {found}."),
            "write `key = value`; a key that is an expression goes in parentheses",
        )
    } else if message.contains("traversal operator") {
        error(
            "Invalid reference",
            format!("After `.` comes a name, a number or `*`; found {found}."),
            "complete the name, or remove the dot",
        )
    } else if message.contains("invalid expression") {
        match rest.chars().next() {
            None | Some('\n' | '\r' | '}' | ')' | ']' | ',' | '#') => error(
                "Missing value",
                format!("A value is expected here; found {found}."),
                "add the value; `null` stands for none",
            ),
            _ => error(
                "Invalid expression",
                format!("A value cannot start with {found}."),
                "write a value here",
            ),
        }
    } else if message.contains("`]`") {
        error(
            "Missing separator in a list",
            format!("The items of a list are separated by commas; found {found}."),
            "add a comma or the closing `]`",
        )
    } else if message.contains("`)`") {
        error(
            "Missing separator in arguments",
            format!("The arguments of a function are separated by commas and closed by `)`; found {found}."),
            "add a comma, an operator or the closing `)`",
        )
    } else if message.contains("`:`") {
        error(
            "Incomplete expression",
            format!(
                "A `:` is expected here, as in `condition ? a : b` and `[for x in list : x]`; found {found}."
            ),
            "add the `:`",
        )
    } else if message.contains("`=>`") {
        error(
            "Incomplete expression",
            format!("In braces, `for` makes an object and needs `key => value`; found {found}."),
            "write `{ for k, v in map : k => v }`, or use brackets for a list",
        )
    } else if message.contains("`in`") {
        error(
            "Incomplete expression",
            format!("After the variables of a `for` comes `in`; found {found}."),
            "write `for x in list`",
        )
    } else if message.contains("`{`") && header_has_template(source) {
        error(
            "Invalid block label",
            "The labels of a block must be plain text; they cannot hold `${ ... }` or `%{ ... }`, because blocks are named before anything is evaluated.".to_owned(),
            "use `for_each` to make several of a block",
        )
    } else if message.contains("`{`") && rest.trim_start().starts_with('{') {
        error(
            "Invalid block",
            "The `{` of a block must be on the same line as its labels.".to_owned(),
            "move the `{` up",
        )
    } else if message.contains("`{`") {
        error(
            "Invalid block",
            format!("The labels of a block are followed by `{{`; found {found}."),
            "add `{`",
        )
    } else if message.contains("`}`") {
        error(
            "Unclosed template sequence",
            format!("The template sequence should end here; found {found}."),
            "add `}`",
        )
    } else if rest.starts_with(|ch: char| ch.is_alphabetic() || ch == '_')
        || message.contains("unexpected token") && offset > 0
    {
        error(
            "Invalid syntax",
            format!("{} is not expected here.", capital(&found)),
            "check what stands before it",
        )
    } else if rest.is_empty() {
        error("Invalid syntax", "The text ends too early.".to_owned(), "complete it")
    } else {
        error(
            "Invalid syntax",
            format!(
                "An argument (`name = value`) or a block (`kind \"label\" {{ ... }}`) is expected here; found {found}."
            ),
            "check the quotes, brackets and operators of this item",
        )
    };
    (diagnostic, at)
}

fn header_has_template(source: &str) -> bool {
    let header = source.lines().next().unwrap_or_default();
    header.contains("${") || header.contains("%{")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
