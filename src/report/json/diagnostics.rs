//! Diagnostics as a JSON document, with places in lines, columns and bytes and the source line. Nothing is left out.

use serde::Serialize;

use super::FORMAT_VERSION;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::report::explain;
use crate::source::{SourceMap, Span};

/// Longer source lines are left out of the snippet: nobody reads them, and each would be there once per diagnostic.
const LONG_LINE: usize = 2_000;

/// The result of a check.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The version of this document's form.
    pub format_version: &'static str,
    /// Whether there is no error.
    pub valid: bool,
    /// How many errors.
    pub error_count: usize,
    /// How many warnings.
    pub warning_count: usize,
    /// All of them.
    pub diagnostics: Vec<Item>,
}

/// One diagnostic.
#[derive(Debug, Serialize)]
pub struct Item {
    severity: Severity,
    code: String,
    summary: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Snippet>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related>,
    /// What the names in the expression that failed stood for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    is: String,
}

#[derive(Debug, Serialize)]
struct Related {
    message: String,
    range: Option<Range>,
}

/// A place, its end excluded.
#[derive(Debug, Serialize)]
struct Range {
    filename: String,
    start: Position,
    end: Position,
}

/// Line and column count from 1, columns in characters; bytes count from 0.
#[derive(Debug, Serialize)]
struct Position {
    line: u32,
    column: u32,
    byte: u32,
}

/// The first source line of the place; the offsets are bytes of `code`.
#[derive(Debug, Serialize)]
struct Snippet {
    code: String,
    start_line: u32,
    highlight_start_offset: usize,
    highlight_end_offset: usize,
}

/// The document of `diagnostics`.
pub fn document(diagnostics: &Diagnostics, sources: &SourceMap) -> Document {
    let error_count = diagnostics.error_count();
    Document {
        format_version: FORMAT_VERSION,
        valid: !diagnostics.has_errors(),
        error_count,
        warning_count: diagnostics.iter().count().saturating_sub(error_count),
        diagnostics: items(diagnostics, sources),
    }
}

/// The diagnostics one by one, for documents that are about something else.
pub fn items(diagnostics: &Diagnostics, sources: &SourceMap) -> Vec<Item> {
    diagnostics.iter().map(|diagnostic| item(diagnostic, sources)).collect()
}

fn item(diagnostic: &Diagnostic, sources: &SourceMap) -> Item {
    Item {
        severity: diagnostic.severity,
        code: explain::code(&diagnostic.summary),
        summary: diagnostic.summary.clone(),
        detail: diagnostic.detail.clone(),
        address: diagnostic.address.clone(),
        label: diagnostic.label.clone(),
        help: diagnostic.help.clone(),
        range: diagnostic.span.and_then(|span| range(span, sources)),
        snippet: diagnostic.span.and_then(|span| snippet(span, sources)),
        related: diagnostic
            .related
            .iter()
            .map(|(span, message)| Related { message: message.clone(), range: range(*span, sources) })
            .collect(),
        values: diagnostic
            .values
            .iter()
            .flatten()
            .map(|(name, is)| Shown { name: name.clone(), is: is.clone() })
            .collect(),
    }
}

fn range(span: Span, sources: &SourceMap) -> Option<Range> {
    let file = sources.file(span.file)?;
    let position = |byte: u32| {
        let place = sources.line_column(span.file, byte);
        Position { line: place.line, column: place.column, byte }
    };
    Some(Range { filename: file.name.clone(), start: position(span.start), end: position(span.end) })
}

fn snippet(span: Span, sources: &SourceMap) -> Option<Snippet> {
    let text = &*sources.file(span.file)?.text;
    let (before, after) = text.split_at_checked(span.start as usize)?;
    let line_start = before.rfind('\n').map_or(0, |index| index.saturating_add(1));
    let line_end = after.find('\n').map_or(text.len(), |index| before.len().saturating_add(index));
    let code = text.get(line_start..line_end)?.trim_end_matches('\r');
    if code.len() > LONG_LINE {
        return None;
    }
    let start = before.len().saturating_sub(line_start).min(code.len());
    let end = (span.end as usize).saturating_sub(line_start).clamp(start, code.len());
    Some(Snippet {
        code: code.to_owned(),
        start_line: sources.line_column(span.file, span.start).line,
        highlight_start_offset: start,
        highlight_end_offset: end,
    })
}
