//! A JSON string and where each of its characters is spelled. It reads only what the JSON parser has accepted.

use std::borrow::Cow;

use crate::source::Span;

/// The text of a string literal.
pub(super) struct Decoded<'t> {
    text: Cow<'t, str>,
    /// Where the inside of the quotes begins.
    start: u32,
    /// For each byte of the text, and its end, the offset of its spelling from `start`; empty when nothing is escaped.
    places: Vec<u32>,
}

impl<'t> Decoded<'t> {
    /// The string literal at `span` of `source`, quotes included.
    pub(super) fn new(source: &'t str, span: Span) -> Self {
        let (start, end) = (span.start as usize + 1, (span.end as usize).saturating_sub(1));
        let raw = source.get(start..end).unwrap_or_default();
        let start = span.start.saturating_add(1);
        if !raw.contains('\\') {
            return Self { text: Cow::Borrowed(raw), start, places: Vec::new() };
        }
        let mut text = String::with_capacity(raw.len());
        let mut places = Vec::with_capacity(raw.len() + 1);
        let mut at = 0;
        while let Some((ch, length)) = character(raw.get(at..).unwrap_or_default()) {
            text.push(ch);
            places.resize(text.len(), at as u32);
            at += length;
        }
        places.push(raw.len() as u32);
        Self { text: Cow::Owned(text), start, places }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the byte at `offset` of the text is spelled.
    pub(super) fn place(&self, offset: u32) -> u32 {
        let within = match self.places.is_empty() {
            true => offset,
            false => self.places.get(offset as usize).or(self.places.last()).copied().unwrap_or(0),
        };
        self.start.saturating_add(within)
    }
}

/// The first character that `raw` spells, and how many bytes spell it.
fn character(raw: &str) -> Option<(char, usize)> {
    let mut chars = raw.chars();
    let first = chars.next()?;
    if first != '\\' {
        return Some((first, first.len_utf8()));
    }
    let escape = chars.next()?;
    let plain = match escape {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return Some(unicode(raw)),
        other => other,
    };
    Some((plain, 1 + escape.len_utf8()))
}

/// `\uXXXX`, or two of them for a character beyond the first plane.
fn unicode(raw: &str) -> (char, usize) {
    let unit = |at: usize| -> Option<u32> {
        raw.get(at..)?.strip_prefix("\\u").and_then(|rest| u32::from_str_radix(rest.get(..4)?, 16).ok())
    };
    let Some(first) = unit(0) else { return (char::REPLACEMENT_CHARACTER, 2) };
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(6)) {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}
