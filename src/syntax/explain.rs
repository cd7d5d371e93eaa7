//! Turns the terse messages of the parser library, and what the scanner finds, into words that help. It decides
//! nothing: that there is a mistake is known.

use std::ops::Range;

use super::scan::{Problem, ProblemKind};
use crate::diag::Diagnostic;
use crate::source::{FileId, Span};

/// What to say of a mistake in quotes or brackets.
pub(super) fn explain_problem(file: FileId, text: &str, problem: &Problem) -> Diagnostic {
    let span = |range: &Range<usize>| Span::new(file, range.start, range.end.min(text.len()));
    let found = text.get(problem.at.clone()).unwrap_or_default();
    let other = problem.other.as_ref();
    let diagnostic = match problem.kind {
        ProblemKind::UnclosedQuote => Diagnostic::error(
            "Missing closing quote",
            "The quoted text that starts here does not end on its line. A newline in a quoted text is written as \
             `\\n`.",
        )
        .label("starts here")
        .help("add the closing `\"`, or write a text of several lines as a heredoc (`<<EOT`)"),
        ProblemKind::UnclosedTemplate => Diagnostic::error(
            "Unclosed template sequence",
            format!("The `{found}` that starts here has no matching `}}`."),
        )
        .label("starts here")
        .help(format!("add the closing `}}`, or write `{}{found}` for the characters themselves", first(found))),
        ProblemKind::UnclosedHeredoc => {
            let name = found.trim_start_matches(['<', '-']);
            Diagnostic::error(
                "Unterminated heredoc",
                format!("There is no line that holds `{name}` alone, which would end the heredoc."),
            )
            .label("starts here")
            .help(format!("put `{name}` on a line of its own after the text"))
        }
        ProblemKind::UnclosedComment => {
            Diagnostic::error("Unclosed comment", "The comment that starts here has no `*/`; all that follows is part of it.")
                .label("starts here")
                .help("add `*/`")
        }
        ProblemKind::UnclosedBracket => {
            let detail = format!("The `{found}` that opens here is never closed.");
            Diagnostic::error("Missing closing bracket", detail)
                .label("opens here")
                .help(format!("add the closing `{}`", closing(found)))
        }
        ProblemKind::WrongBracket => {
            let closer = other.and_then(|range| text.get(range.clone())).unwrap_or_default();
            let detail = format!("The `{found}` that opens here is not closed before the `{closer}`.");
            Diagnostic::error("Missing closing bracket", detail)
                .label("opens here")
                .help(format!("add the closing `{}`", closing(found)))
        }
        ProblemKind::StrayBracket => {
            Diagnostic::error("Unexpected closing bracket", format!("This `{found}` closes nothing that is open."))
                .help("remove it, or add the bracket that it should close")
        }
        ProblemKind::SingleQuote => {
            Diagnostic::error("Invalid quotes", "Texts are written in double quotes; a single quote has no meaning here.")
                .help(match found.len() {
                    0..=2 => "use double quotes".to_owned(),
                    _ => format!("write \"{}\"", found.trim_matches('\'')),
                })
        }
    };
    let diagnostic = diagnostic.at(span(&problem.at));
    match (problem.kind, other) {
        (ProblemKind::UnclosedBracket, Some(other)) => {
            diagnostic.related(span(other), "this closes it, but its indentation is that of another block")
        }
        (_, Some(other)) => diagnostic.related(span(other), "found before it"),
        (_, None) => diagnostic,
    }
}

fn first(text: &str) -> &str {
    text.get(..1).unwrap_or_default()
}

fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// What to say when the parser library refuses `text[range]` at `offset` into it.
pub(super) fn explain_syntax(
    file: FileId,
    text: &str,
    range: Range<usize>,
    offset: usize,
    message: &str,
) -> Diagnostic {
    let source = text.get(range.clone()).unwrap_or_default();
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let (diagnostic, at) = explain_nesting(message)
        .map(|diagnostic| (diagnostic, token(source, offset)))
        .or_else(|| explain_text(source, offset, message))
        .or_else(|| explain_directives(source, message))
        .or_else(|| explain_number(source, offset, message))
        .unwrap_or_else(|| explain_structure(source, offset, message));
    diagnostic.at(Span::new(file, range.start + at.start, range.start + at.end))
}

/// The word, number or single character at `offset`, as a range.
fn token(source: &str, offset: usize) -> Range<usize> {
    let rest = source.get(offset..).unwrap_or_default();
    let word = rest.find(|ch: char| !(ch.is_alphanumeric() || matches!(ch, '_' | '-'))).unwrap_or(rest.len());
    let length = match word {
        0 => rest.chars().next().filter(|ch| *ch != '\n').map_or(0, char::len_utf8),
        word => word,
    };
    offset..offset + length
}

fn explain_nesting(message: &str) -> Option<Diagnostic> {
    if message.contains("nesting depth") {
        let detail = "Blocks, expressions and templates may be nested at most 64 levels deep.";
        return Some(
            Diagnostic::error("Nested too deeply", detail).help("move a part of it to a local value"),
        );
    }
    if message.contains("chained binary operators") {
        let detail = "An expression may hold at most 128 operators in a row.";
        return Some(
            Diagnostic::error("Expression too long", detail).help("move a part of it to a local value"),
        );
    }
    if message.contains("redefined") || message.contains("too many duplicates") {
        let detail = "The same name is given more than once here.";
        return Some(Diagnostic::error("Duplicate name", detail).help("remove one of them"));
    }
    None
}

/// Mistakes inside quotes and heredocs.
fn explain_text(source: &str, offset: usize, message: &str) -> Option<(Diagnostic, Range<usize>)> {
    let rest = source.get(offset..).unwrap_or_default();
    if message.contains("escape sequence") {
        let start = source.get(..offset).and_then(|before| before.rfind('\\')).unwrap_or(offset);
        let end = start
            + 1
            + source.get(start + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let shown = source.get(start..end).unwrap_or_default();
        let detail = format!(
            "There is no escape `{shown}`. The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN."
        );
        let diagnostic = Diagnostic::error("Invalid escape sequence", detail);
        return Some((diagnostic.help("write `\\\\` for a backslash"), start..end));
    }
    if message.contains("hex code") {
        let start = source.get(..offset).and_then(|before| before.rfind('\\')).unwrap_or(offset);
        let detail = "`\\u` takes exactly 4 and `\\U` exactly 8 hexadecimal digits of a Unicode character.";
        return Some((
            Diagnostic::error("Invalid escape sequence", detail),
            start..offset.max(start + 2).min(source.len()),
        ));
    }
    if source.get(..offset).is_some_and(|before| before.ends_with("<<") || before.ends_with("<<-")) {
        let detail = "`<<` starts a heredoc and must be followed by its delimiter, a name.";
        return Some((
            Diagnostic::error("Invalid heredoc", detail).help("write `<<EOT`"),
            token(source, offset),
        ));
    }
    let before = source.get(..offset).unwrap_or_default();
    let delimiter = before.trim_end_matches(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '-'));
    if delimiter.ends_with("<<") && delimiter.len() < before.len() && !rest.starts_with(['\r', '\n']) {
        let detail =
            "The delimiter of a heredoc must be the last thing on its line; its text starts on the next.";
        return Some((
            Diagnostic::error("Invalid heredoc", detail).help("start a new line here"),
            token(source, offset),
        ));
    }
    None
}

/// `%{ if }` and `%{ for }` without their ends: the parser gives up at the very start.
fn explain_directives(source: &str, message: &str) -> Option<(Diagnostic, Range<usize>)> {
    if !(message.contains("unexpected token")
        || message.contains("endif")
        || message.contains("endfor")
        || message.contains("`}`"))
    {
        return None;
    }
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    let mut from = 0;
    while let Some(found) = source.get(from..).and_then(|rest| rest.find("%{")).map(|index| from + index) {
        from = found + 2;
        if source.get(..found).is_some_and(|before| before.ends_with('%')) {
            continue;
        }
        let rest = source.get(from..).unwrap_or_default();
        let word_start = from + (rest.len() - rest.trim_start_matches(['~', ' ', '\t', '\n', '\r']).len());
        let at = token(source, word_start);
        let word = source.get(at.clone()).unwrap_or_default();
        let expected = match word {
            "if" | "for" => {
                open.push((word, at));
                continue;
            }
            "else" => "if",
            "endif" => "if",
            "endfor" => "for",
            _ => {
                let detail = format!(
                    "`{word}` is no template directive; those are `if`, `else`, `endif`, `for` and `endfor`."
                );
                let diagnostic = Diagnostic::error("Invalid template directive", detail)
                    .help("write `%%{` for the characters themselves")
                    .suggest(word, ["if", "else", "endif", "for", "endfor"]);
                return Some((diagnostic, at));
            }
        };
        let top = if word == "else" { open.last().cloned() } else { open.pop() };
        if top.as_ref().map(|(word, _)| *word) != Some(expected) {
            let detail = format!("This `{word}` has no `%{{ {expected} }}` before it.");
            return Some((Diagnostic::error("Invalid template directive", detail), at));
        }
    }
    let (word, at) = open.pop()?;
    let detail = format!("The `%{{ {word} }}` that starts here is not ended in the same text.");
    Some((
        Diagnostic::error("Unclosed template directive", detail).help(format!("add `%{{ end{word} }}`")),
        at,
    ))
}

fn explain_number(source: &str, offset: usize, message: &str) -> Option<(Diagnostic, Range<usize>)> {
    let invalid = |at: Range<usize>| {
        let shown = source.get(at.clone()).unwrap_or_default();
        let detail = format!("`{shown}` is not a number. Numbers are decimal: 5, 0.5, 1e6.");
        (Diagnostic::error("Invalid number", detail), at)
    };
    let number_start = |end: usize| {
        let before = source.get(..end).unwrap_or_default();
        let start =
            before.trim_end_matches(|ch: char| ch.is_ascii_alphanumeric() || ch == '.' || ch == '_').len();
        before.get(start..).filter(|word| word.starts_with(|ch: char| ch.is_ascii_digit())).map(|_| start)
    };
    let rest = source.get(offset..).unwrap_or_default();
    // `1_000`, `0x10`, `1e`: digits and something that is stuck to them.
    if rest.starts_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '.'))
        && let Some(start) = number_start(offset)
    {
        return Some(invalid(start..token(source, offset).end));
    }
    if message.contains("digit") && !message.contains("letter") {
        let start = number_start(offset).unwrap_or(offset);
        return Some(invalid(start..offset.max(start + 1).min(source.len())));
    }
    // `5.`: the parser gives up at the very start.
    if message.contains("unexpected token") || message.contains("traversal operator") {
        for (index, _) in source.match_indices('.') {
            let digit_before = source.as_bytes().get(index.wrapping_sub(1)).is_some_and(u8::is_ascii_digit);
            let after = source.get(index + 1..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
            if digit_before
                && (after.is_whitespace() || matches!(after, ')' | ']' | ',' | '}'))
                && let Some(start) = number_start(index)
            {
                return Some(invalid(start..index + 1));
            }
        }
    }
    None
}

/// Everything else, by what stands at the place and what was expected.
fn explain_structure(source: &str, offset: usize, message: &str) -> (Diagnostic, Range<usize>) {
    // The parser library puts a mistake at the very end on the last character.
    let at_end = message.contains("`{`") && offset + 1 >= source.len();
    let offset = if at_end { source.len() } else { offset };
    // It puts a missing `=` in an object behind the character that stands in its place.
    let offset = match message.contains("object value assignment") {
        true => source
            .get(..offset)
            .and_then(|before| before.char_indices().next_back())
            .map_or(offset, |last| last.0),
        false => offset,
    };
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
