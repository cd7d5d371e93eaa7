//! What is wrong with a JSON text, in words that help. It decides nothing.

use jsonc_parser::errors::{ParseError, ParseErrorKind};

use crate::diag::Diagnostic;
use crate::source::{FileId, Span};

/// The text is no JSON.
pub(super) fn syntax(file: FileId, text: &str, error: &ParseError) -> Diagnostic {
    use ParseErrorKind as Kind;
    if matches!(error.kind(), Kind::NestingDepthExceeded) {
        return too_deep(place(file, text, error));
    }
    let (detail, help) = match error.kind() {
        Kind::CommentsNotAllowed => {
            ("JSON has no comments.".to_owned(), "write the comment as a property: `\"//\": \"...\"`")
        }
        Kind::TrailingCommasNotAllowed => {
            ("After this comma another element must follow.".to_owned(), "remove the comma")
        }
        Kind::ExpectedComma => {
            ("Properties and elements are separated by commas.".to_owned(), "add a comma before it")
        }
        Kind::SingleQuotedStringsNotAllowed => {
            ("Strings are written in double quotes.".to_owned(), "use double quotes")
        }
        Kind::ExpectedStringObjectProperty | Kind::UnexpectedTokenInObject => {
            ("The name of a property is a string.".to_owned(), "write it in double quotes")
        }
        Kind::UnexpectedWord => (
            "Only `true`, `false` and `null` are written without quotes.".to_owned(),
            "write a string in double quotes, and an expression as `\"${...}\"`",
        ),
        Kind::UnterminatedObject => {
            ("The `{` that opens here is never closed.".to_owned(), "add the closing `}`")
        }
        Kind::UnterminatedArray => {
            ("The `[` that opens here is never closed.".to_owned(), "add the closing `]`")
        }
        other => {
            (format!("The file is not valid JSON: {}.", lower_first(&other.to_string())), "put it right")
        }
    };
    let diagnostic = Diagnostic::error("Invalid JSON", detail).at(place(file, text, error));
    match help {
        "put it right" => diagnostic,
        help => diagnostic.help(help),
    }
}

/// Where the parser stopped, as whole characters.
fn place(file: FileId, text: &str, error: &ParseError) -> Span {
    let range = error.range();
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut end = range.end.clamp(start, start + line.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Span::new(file, start, end)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A value stands where a block does.
pub(super) fn not_an_object(span: Span, detail: &str) -> Diagnostic {
    Diagnostic::error("JSON object needed", detail).at(span).help("write `{ ... }`")
}

/// Too many levels.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    let detail = "Blocks, expressions and templates may be nested at most 64 levels deep.";
    Diagnostic::error("Nested too deeply", detail).at(span).help("move a part of it to a local value")
}

/// A number that cannot be held.
pub(super) fn invalid_number(span: Span) -> Diagnostic {
    let detail = "This number is too large, or has too many digits, to be held exactly.";
    Diagnostic::error("Invalid number", detail).at(span)
}

/// A key that is there twice.
pub(super) fn duplicate_key(key: &str, span: Span, first: Span) -> Diagnostic {
    let detail = format!("The key `{key}` is given twice in this object; each may be given once.");
    Diagnostic::error("Duplicate object key", detail)
        .at(span)
        .related(first, "first given here")
        .help("remove one of them")
}
