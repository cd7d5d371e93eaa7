//! Text as a terminal takes it: measured, wrapped, folded, and free of anything that could move the cursor.
//! It knows no meaning and no colour.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::value::is_hidden;

/// How many columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` with everything escaped that is not a visible character: control characters, and the invisible ones that
/// reorder or hide text. User data passes through here before it is shown.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// As [`clean`], but lines stay lines; for prose of several paragraphs.
pub fn clean_lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.lines().map(clean).collect();
    lines.join("\n")
}

/// `text` broken at spaces into lines of at most `columns`; a longer word stays whole on its own line. Line breaks in
/// `text` are kept.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        // What is indented is an example or a list, and keeps its form.
        if paragraph.starts_with(' ') {
            lines.push(paragraph.to_owned());
            continue;
        }
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let wide = width(word);
            if used > 0 && used + 1 + wide > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += wide;
        }
        lines.push(line);
    }
    lines
}

/// The longest start of `text` that takes at most `columns`.
pub fn start(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(..index).unwrap_or_default();
        }
    }
    text
}

/// The longest end of `text` that takes at most `columns`.
pub fn end(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(index + c.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// `text` and the spaces that fill it up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let fill = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(fill))
}

/// A number for people: `12,345`.
pub fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A count with its noun: `1 flow`, `3 flows`.
pub fn count(value: usize, noun: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", number(value))
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_is_escaped() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(clean("grüße 日本"), "grüße 日本");
    }

    #[test]
    fn lines_break_at_spaces_and_wide_characters_count_twice() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("日本 日本", 6), ["日本", "日本"]);
        assert_eq!(wrap("a verylongword b", 4), ["a", "verylongword", "b"]);
        assert_eq!((start("日本語", 5), end("日本語", 5)), ("日本", "本語"));
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(
            [number(0), number(999), number(1000), number(1234567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
