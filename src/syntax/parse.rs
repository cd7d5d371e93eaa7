//! Text to tree: parses each item of a file by itself, lowers it and drops the parser's own tree, so that memory
//! stays small and one mistake does not hide another. It reads no file.

use std::borrow::Cow;

use hcl_edit::parser::{Error, parse_body, parse_expr};

use super::ast::{Block, Body, Expr};
use super::explain::{Wanted, explain_problem, explain_syntax};
use super::lower::Lowering;
use super::scan::{Edit, Piece, ProblemKind, Resync, header_brace, next_piece};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// The largest file that is read.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Blocks deeper than this are refused by the parser anyway.
const MAX_DEPTH: usize = 64;

/// Parses the text of a file, which comes without a byte-order mark. What could be understood is returned also
/// when there are errors.
pub fn parse(file: FileId, text: &str, diags: &mut Diagnostics) -> Body {
    let mut body = Body::default();
    if refuse_large(file, text, diags) {
        return body;
    }
    let mut lowering = Lowering::new(file, text, diags);
    let mut resync = Resync::at_headers();
    let mut from = 0;
    while let Some(piece) = next_piece(text, from, text.len(), &mut resync) {
        from = piece.range.end;
        parse_piece(&mut lowering, &piece, &mut body, 0);
    }
    lowering.refuse_duplicates(&mut body);
    body
}

/// Says so and returns true when a file has more bytes than are read.
pub(super) fn refuse_large(file: FileId, text: &str, diags: &mut Diagnostics) -> bool {
    let refused = text.len() > MAX_BYTES;
    if refused {
        let detail = format!(
            "The file has {} bytes and at most {MAX_BYTES} are read; a configuration of this size would not fit \
             in memory once it is evaluated.",
            text.len()
        );
        diags.push(
            Diagnostic::error("File too large", detail)
                .at(Span::new(file, 0, 0))
                .help("split it into several files, or make the blocks with `for_each`"),
        );
    }
    refused
}

/// Parses the text of one expression, as `console` and `--var` take it. Newlines count only inside brackets.
pub fn parse_expression(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    let whole = Span::new(file, 0, text.len());
    let mut pieces = std::iter::successors(next_piece(text, 0, text.len(), &mut Resync::never()), |piece| {
        next_piece(text, piece.range.end, text.len(), &mut Resync::never())
    });
    let (Some(piece), None) = (pieces.next(), pieces.next()) else {
        let detail = "One expression is expected here.";
        diags.push(Diagnostic::error("Invalid expression", detail).at(whole));
        return None;
    };
    if let Some(problem) = &piece.problem {
        diags.push(explain_problem(file, text, problem));
        return None;
    }
    let parsed = parse_alone(text, &piece, parse_expr);
    let parsed = match (parsed, without_comment(text, &piece)) {
        (Err(error), Some(shorter)) => parse_alone(text, &shorter, parse_expr).map_err(|_| error),
        (parsed, _) => parsed,
    };
    match parsed {
        Ok(expr) => Some(Lowering::new(file, text, diags).lower_expr(&expr, piece.range.start)),
        Err((offset, message)) => {
            diags.push(explain_syntax(file, text, piece.range, Wanted::Expression, offset, &message));
            None
        }
    }
}

/// Whether nothing in `text` waits for more lines: every bracket, template, heredoc and comment that opens also closes,
/// or cannot any more.
pub fn is_complete(text: &str) -> bool {
    let piece = next_piece(text, 0, text.len(), &mut Resync::never());
    let problem = piece.and_then(|piece| piece.problem);
    problem.is_none_or(|problem| match problem.kind {
        ProblemKind::UnclosedTemplate
        | ProblemKind::UnclosedHeredoc
        | ProblemKind::UnclosedComment
        | ProblemKind::UnclosedBracket => false,
        ProblemKind::UnclosedQuote
        | ProblemKind::WrongBracket
        | ProblemKind::StrayBracket
        | ProblemKind::SingleQuote => true,
    })
}

/// The piece up to a comment at its end, of which the parser of single expressions knows nothing. The first mark that may
/// begin one is taken: where it stands in a text, what is left does not parse.
fn without_comment(text: &str, piece: &Piece) -> Option<Piece> {
    let source = text.get(piece.range.clone())?;
    let last = source.trim_end().rfind('\n').map_or(0, |at| at + 1);
    let tail = source.get(last..)?;
    let at = [tail.find('#'), tail.find("//")].into_iter().flatten().min()?;
    let end = piece.range.start + source.get(..last + at)?.trim_end().len();
    Some(Piece { range: piece.range.start..end, edits: Vec::new(), problem: None, body: None })
}

/// Parses one item and adds it to `out`.
fn parse_piece(lowering: &mut Lowering<'_, '_>, piece: &Piece, out: &mut Body, depth: usize) {
    let text = lowering.text();
    let failure = match &piece.problem {
        Some(problem) => explain_problem(lowering.file(), text, problem),
        None => match parse_alone(text, piece, parse_body) {
            Ok(body) => {
                lowering.lower_into(out, &body, piece.range.start);
                return;
            }
            Err((offset, message)) => {
                explain_syntax(lowering.file(), text, piece.range.clone(), Wanted::Body, offset, &message)
            }
        },
    };
    let before = lowering.error_count();
    if depth < MAX_DEPTH {
        parse_inside(lowering, piece, out, depth);
    }
    // What is wrong with a block is most often wrong with one of its items, which has been said more exactly.
    if lowering.error_count() == before {
        lowering.push(failure);
    }
}

/// Parses the items of a block that cannot be parsed as a whole one by one.
fn parse_inside(lowering: &mut Lowering<'_, '_>, piece: &Piece, out: &mut Body, depth: usize) {
    let text = lowering.text();
    let Some(inside) = piece.body.clone() else { return };
    if header_brace(text, piece.range.start) != inside.start.checked_sub(1) {
        return;
    }
    let (Some(header), Some(content)) = (text.get(piece.range.start..inside.start), text.get(inside.clone()))
    else {
        return;
    };
    if !content.trim_start_matches([' ', '\t', '\r']).starts_with(['\n', '#', '/']) {
        return;
    }
    let mut body = Body::default();
    let mut from = inside.start;
    while let Some(inner) = next_piece(text, from, inside.end, &mut Resync::never()) {
        from = inner.range.end;
        parse_piece(lowering, &inner, &mut body, depth + 1);
    }
    lowering.refuse_duplicates(&mut body);
    let empty = format!("{header}}}");
    let mut shell = Body::default();
    match parse_body(&empty) {
        Ok(parsed) => lowering.lower_into(&mut shell, &parsed, piece.range.start),
        Err(error) => {
            let range = piece.range.start..inside.start;
            let offset = error.location().offset();
            let file = lowering.file();
            lowering.push(explain_syntax(file, text, range, Wanted::Body, offset, error.message()));
        }
    }
    out.blocks
        .extend(shell.blocks.into_iter().map(|block| Block { body: std::mem::take(&mut body), ..block }));
}

/// Hands one piece to the parser library. Gives its tree, or where and what it complains of.
fn parse_alone<T>(
    text: &str,
    piece: &Piece,
    parser: fn(&str) -> Result<T, Error>,
) -> Result<T, (usize, String)> {
    let source = text.get(piece.range.clone()).unwrap_or_default();
    let mut clean = edited(source, piece.range.start, &piece.edits);
    // The parser library stops at a name that was given before and does not tell where. Such names are changed, so
    // that the tree has all of them; lowering takes the names from the source and reports both places.
    let mut attempt = 0;
    loop {
        let error = match parser(&clean) {
            Ok(tree) => return Ok(tree),
            Err(error) => error,
        };
        let offset = error.location().offset();
        let renamed = match error.message().contains("redefined") && attempt < 64 {
            true => rename(&clean, offset, attempt),
            false => None,
        };
        attempt += 1;
        match renamed {
            Some(renamed) => clean = Cow::Owned(renamed),
            None => return Err((offset, error.message().to_owned())),
        }
    }
}

/// `source` with the edits of a piece that starts at `start` done.
fn edited<'a>(source: &'a str, start: usize, edits: &[Edit]) -> Cow<'a, str> {
    if edits.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut bytes = source.as_bytes().to_vec();
    for edit in edits {
        let range = edit.at.start.saturating_sub(start)..edit.at.end.saturating_sub(start);
        if let Some(slice) = bytes.get_mut(range) {
            slice.fill(edit.fill);
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(source), Cow::Owned)
}

/// The text with another first letter of the name at `offset`.
fn rename(text: &str, offset: usize, attempt: usize) -> Option<String> {
    const LETTERS: &[u8] = b"qxzjkvwyQXZJKVWYabcdefghilmnoprstuABCDEFGHILMNOPRSTU_";
    let offset = if text.as_bytes().get(offset) == Some(&b'"') { offset + 1 } else { offset };
    let mut bytes = text.as_bytes().to_vec();
    let byte = bytes.get_mut(offset)?;
    if !(byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    *byte = *LETTERS.get(attempt % LETTERS.len())?;
    String::from_utf8(bytes).ok()
}
