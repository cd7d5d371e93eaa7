//! The part of a source text that a diagnostic shows: the whole lines that hold its marks. Pure byte arithmetic;
//! every range it gives out lies on character borders of its own text. How lines that are too long for the terminal
//! are cut is not decided here.

use std::ops::Range;

use crate::source::Span;
use crate::value::is_hidden;

/// Marks further apart than this many bytes get windows of their own: what lies between is of no use.
const FAR: usize = 100_000;

/// Longer lines (generated files, mostly) are shown around one place at a time.
const LONG_LINE: usize = 200;

/// Some lines of a text.
#[derive(Debug)]
pub(super) struct Window {
    /// The lines.
    pub(super) text: String,
    /// The number of the first one.
    pub(super) first_line: usize,
    start: usize,
}

impl Window {
    /// The lines from the first to the last of `ranges`; `None` where they are too far apart, or so long that the
    /// renderer could not cut them around several places.
    pub(super) fn around(text: &str, ranges: &[Range<usize>]) -> Option<Self> {
        let first = ranges.iter().map(|range| range.start).min()?;
        let last = ranges.iter().map(|range| range.end).max()?;
        let range = line_of(text, first).start..line_of(text, last).end;
        let lines = text.get(range.clone()).unwrap_or_default();
        let far = last.saturating_sub(first) > FAR;
        if far || (ranges.len() > 1 && lines.lines().any(|line| line.len() > LONG_LINE)) {
            return None;
        }
        Some(Self::new(text, range))
    }

    /// The line on which `mark` starts.
    pub(super) fn of_line(text: &str, mark: &Range<usize>) -> Self {
        Self::new(text, line_of(text, mark.start))
    }

    fn new(text: &str, range: Range<usize>) -> Self {
        Self {
            text: text.get(range.clone()).unwrap_or_default().chars().map(visible).collect(),
            first_line: line_number(text, range.start),
            start: range.start,
        }
    }

    /// A range of the whole text as one of the window's text, cut to it.
    pub(super) fn translate(&self, range: &Range<usize>) -> Range<usize> {
        let inside = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        inside(range.start)..inside(range.end)
    }
}

/// The bytes of `span` that are on its first line, on character borders and inside the text.
pub(super) fn first_line_of(text: &str, span: Span) -> Range<usize> {
    let start = floor(text, span.start as usize);
    let end = floor(text, span.end as usize).max(start);
    let line_end = line_of(text, start).end;
    start.min(line_end)..end.min(line_end)
}

/// A character that can be shown and has as many bytes, so that offsets stay right. Characters of one byte are left
/// to the renderer, which has visible forms for them.
fn visible(c: char) -> char {
    match c.len_utf8() {
        _ if c == '\r' => ' ',
        2 if is_hidden(c) => '·',
        3 if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// The line that holds byte `offset`, without its line break.
fn line_of(text: &str, offset: usize) -> Range<usize> {
    let offset = floor(text, offset);
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |index| index.saturating_add(1));
    let end = after.find('\n').map_or(text.len(), |index| offset.saturating_add(index));
    let end = match text.get(start..end) {
        Some(line) if line.ends_with('\r') => end.saturating_sub(1),
        _ => end,
    };
    start..end
}

fn line_number(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count().saturating_add(1)
}

/// The last character border at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    offset
}
