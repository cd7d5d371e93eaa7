//! Turns the terse messages of the parser library, and what the scanner finds, into words that help. It decides
//! nothing: that there is a mistake is known.

mod alone;
mod structure;

use std::ops::Range;

use self::alone::explain_alone;
use self::structure::explain_structure;

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

/// What the parser library was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Arguments and blocks.
    Body,
    /// One expression.
    Expression,
}

/// What to say when the parser library refuses `text[range]` at `offset` into it.
pub(super) fn explain_syntax(
    file: FileId,
    text: &str,
    range: Range<usize>,
    wanted: Wanted,
    offset: usize,
    message: &str,
) -> Diagnostic {
    let source = text.get(range.clone()).unwrap_or_default();
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let alone = || match wanted {
        Wanted::Expression => explain_alone(source, offset, message),
        Wanted::Body => None,
    };
    let (diagnostic, at) = explain_nesting(message)
        .map(|diagnostic| (diagnostic, token(source, offset)))
        .or_else(|| explain_text(source, offset, message))
        .or_else(|| explain_directives(source, message))
        .or_else(|| explain_number(source, offset, message))
        .or_else(alone)
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
    if message.contains("redefined object key") {
        let detail = "This key is given twice in the object; each may be given once.";
        return Some(Diagnostic::error("Duplicate object key", detail).help("remove one of them"));
    }
    if message.contains("redefined") {
        let detail = "This argument is given more than once.";
        return Some(Diagnostic::error("Duplicate argument", detail).help("remove one of them"));
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
    // The end of a number is also where a `:` may be missing.
    if rest.starts_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '.'))
        && !message.contains("`:`")
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
