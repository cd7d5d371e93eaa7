//! The differing paths of a change, one per line, aligned; long values are folded around what differs, texts of
//! several lines are shown as a line diff. A sensitive side is never spelled out.

use similar::{ChangeTag, TextDiff};

use super::Options;
use crate::address::path_text;
use crate::plan::model::{Difference, Side};
use crate::report::text::{clean, count, end, number, pad, start, width};
use crate::report::theme::{Role, Theme};
use crate::report::value::{SENSITIVE, Shown, UNKNOWN};

/// More paths of something new are folded.
const NEW_LIMIT: usize = 12;
/// More paths of something that changes are folded.
const CHANGED_LIMIT: usize = 40;
/// More lines of one value are folded.
const LINES_LIMIT: usize = 30;
/// Equal lines around a differing one.
const CONTEXT: usize = 2;
/// Texts of more lines than this are not compared line by line: the comparison could take minutes.
const DIFF_LIMIT: usize = 5_000;
/// Values are aligned behind paths up to this wide.
const PATH_LIMIT: usize = 32;
/// A folded text still has this many columns.
const LEAST_ROOM: usize = 24;

/// The lines, each indented by `indent` spaces.
pub(super) fn render(differences: &[Difference], new: bool, indent: usize, options: Options) -> Vec<String> {
    let limit = match (options.full, new) {
        (true, _) => usize::MAX,
        (false, true) => NEW_LIMIT,
        (false, false) => CHANGED_LIMIT,
    };
    // A fold of one line would take as much room as the line.
    let shown = if differences.len() <= limit.saturating_add(1) { differences.len() } else { limit };
    let paths: Vec<String> = differences.iter().take(shown).map(path).collect();
    let wide =
        paths.iter().map(|path| width(path)).filter(|wide| *wide <= PATH_LIMIT).max().unwrap_or_default();

    let mut lines = Vec::new();
    for (difference, path) in differences.iter().zip(&paths) {
        one(difference, path, wide, indent, options, &mut lines);
    }
    if shown < differences.len() {
        let more = number(differences.len() - shown);
        let text = format!("... {more} more, shown with --full");
        lines.push(format!("{}{}", " ".repeat(indent), options.theme.paint(Role::Faint, text)));
    }
    lines
}

fn path(difference: &Difference) -> String {
    let text = path_text(&difference.path);
    let text = if text.is_empty() { "(all of it)".to_owned() } else { clean(&text).into_owned() };
    format!("{text}:")
}

fn one(
    difference: &Difference,
    path: &str,
    wide: usize,
    indent: usize,
    options: Options,
    out: &mut Vec<String>,
) {
    let theme = options.theme;
    let margin = " ".repeat(indent);
    let (symbol, role) = match (&difference.before, &difference.after) {
        (Side::Absent, _) => ("+", Role::Add),
        (_, Side::Absent) => ("-", Role::Remove),
        _ => ("~", Role::Change),
    };
    let head = format!("{margin}{} {}", theme.paint(role, symbol), pad(path, wide));
    // The columns that a value may take on the line of its path.
    let room = options.width.saturating_sub(indent + 3 + wide.max(width(path)));

    let (before, after) = match (&difference.before, &difference.after) {
        (Side::Absent, only) | (only, Side::Absent) => {
            let short = inline(only).filter(|text| width(text) <= room);
            match short {
                Some(text) => out.push(format!("{head} {text}")),
                None => {
                    let sign = if symbol == "-" { Sign::Minus } else { Sign::Plus };
                    alone(only, &head, sign, room, indent, options, out);
                }
            }
            return;
        }
        both => both,
    };

    if let (Some(left), Some(right)) = (inline(before), inline(after))
        && width(&left) + width(&right) + 4 <= room
    {
        out.push(format!("{head} {left} {} {right}", theme.paint(Role::Faint, "->")));
        return;
    }
    out.push(format!("{margin}{} {path}", theme.paint(role, symbol)));
    let inner = indent + 4;
    let columns = options.width.saturating_sub(inner + 2);
    match (text_lines(before, columns), text_lines(after, columns)) {
        // Text of several lines, or members, on both sides: only the lines that differ.
        (Some(before), Some(after)) => diff(&before, &after, inner, options, out),
        _ => {
            let room = options.width.saturating_sub(inner + 2).max(LEAST_ROOM);
            let (left, right) = (spelled(before), spelled(after));
            let (left, right) = match options.full {
                true => (left, right),
                false => fold_pair(&left, &right, room),
            };
            out.push(signed(Sign::Minus, &left, inner, theme));
            out.push(signed(Sign::Plus, &right, inner, theme));
        }
    }
}

/// One side alone that does not fit behind its path.
fn alone(
    side: &Side,
    head: &str,
    sign: Sign,
    room: usize,
    indent: usize,
    options: Options,
    out: &mut Vec<String>,
) {
    match text_lines(side, options.width.saturating_sub(indent + 6)) {
        Some(lines) => {
            out.push(head.trim_end().to_owned());
            let signed_lines = lines.iter().map(|line| (sign, line.clone())).collect();
            fold_lines(signed_lines, indent + 4, options, out);
        }
        None => {
            let text = spelled(side);
            let text = if options.full { text } else { fold(&text, room.max(LEAST_ROOM)) };
            out.push(format!("{head} {text}"));
        }
    }
}

/// The side on one line, unless it is a text of several lines.
fn inline(side: &Side) -> Option<String> {
    match side {
        Side::Value(serde_json::Value::String(text)) if is_multi_line(text) => None,
        other => Some(spelled(other)),
    }
}

fn spelled(side: &Side) -> String {
    match side {
        Side::Absent => "(absent)".to_owned(),
        Side::Value(value) => Shown::json(value).inline(),
        Side::Unknown => UNKNOWN.to_owned(),
        Side::Sensitive => SENSITIVE.to_owned(),
    }
}

/// The lines of a text of several lines, or of a value with members; `None` for everything that is one line.
fn text_lines(side: &Side, columns: usize) -> Option<Vec<String>> {
    match side {
        Side::Value(serde_json::Value::String(text)) if is_multi_line(text) => {
            Some(text.split('\n').map(|line| clean(line).into_owned()).collect())
        }
        Side::Value(value @ (serde_json::Value::Array(_) | serde_json::Value::Object(_))) => {
            Some(Shown::json(value).lines(columns))
        }
        Side::Value(_) | Side::Absent | Side::Unknown | Side::Sensitive => None,
    }
}

fn is_multi_line(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    Minus,
    Plus,
    Gap,
}

fn diff(before: &[String], after: &[String], indent: usize, options: Options, out: &mut Vec<String>) {
    if before.len().max(after.len()) > DIFF_LIMIT {
        let text = format!("({} -> {})", count(before.len(), "line"), count(after.len(), "line"));
        out.push(format!("{}{text}", " ".repeat(indent)));
        return;
    }
    let left: Vec<&str> = before.iter().map(String::as_str).collect();
    let right: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&left, &right);
    let mut lines = Vec::new();
    for (index, hunk) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            lines.push((Sign::Gap, "...".to_owned()));
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Equal,
                ChangeTag::Delete => Sign::Minus,
                ChangeTag::Insert => Sign::Plus,
            };
            lines.push((sign, change.value().to_owned()));
        }
    }
    fold_lines(lines, indent, options, out);
}

fn fold_lines(lines: Vec<(Sign, String)>, indent: usize, options: Options, out: &mut Vec<String>) {
    let limit = if options.full { usize::MAX } else { LINES_LIMIT };
    let total = lines.len();
    let shown = if total <= limit.saturating_add(1) { total } else { limit };
    let room = options.width.saturating_sub(indent + 2).max(LEAST_ROOM);
    for (sign, line) in lines.into_iter().take(shown) {
        let line = if options.full { line } else { fold(&line, room) };
        out.push(signed(sign, &line, indent, options.theme));
    }
    if shown < total {
        let text = format!("... {} more, shown with --full", count(total - shown, "line"));
        out.push(format!("{}{}", " ".repeat(indent), options.theme.paint(Role::Faint, text)));
    }
}

fn signed(sign: Sign, line: &str, indent: usize, theme: Theme) -> String {
    let margin = " ".repeat(indent);
    let text = match sign {
        Sign::Equal => format!("{margin}  {line}"),
        Sign::Gap => format!("{margin}{}", theme.paint(Role::Faint, line)),
        Sign::Minus => format!("{margin}{}", theme.paint(Role::Remove, format!("- {line}").trim_end())),
        Sign::Plus => format!("{margin}{}", theme.paint(Role::Add, format!("+ {line}").trim_end())),
    };
    text.trim_end().to_owned()
}

/// `text` with its middle left out when it takes more than `room`; its length is then said.
fn fold(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let note = format!("... ({} characters) ...", number(text.chars().count()));
    let keep = room.saturating_sub(width(&note)).max(8);
    format!("{}{note}{}", start(text, keep - keep / 3), end(text, keep / 3))
}

/// Two long texts, folded where they are equal, so that what differs stays in sight.
fn fold_pair(left: &str, right: &str, room: usize) -> (String, String) {
    if width(left).max(width(right)) <= room {
        return (left.to_owned(), right.to_owned());
    }
    let common: usize =
        left.chars().zip(right.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let tail = |text: &str| text.get(common..).unwrap_or_default().to_owned();
    let (left_tail, right_tail) = (tail(left), tail(right));
    let ending: usize = left_tail
        .chars()
        .rev()
        .zip(right_tail.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let middle_of = |tail: &str| width(tail.get(..tail.len().saturating_sub(ending)).unwrap_or_default());
    // What differs comes first; what room it leaves goes to what is equal, more of it to what comes before.
    let differing = middle_of(&left_tail).max(middle_of(&right_tail)).min(room / 2);
    let near = room.saturating_sub(differing + 6).max(12);
    let (before, after) = (near - near / 3, near / 3);
    let prefix = left.get(..common).unwrap_or_default();
    let prefix = match end(prefix, before) {
        all if all.len() == prefix.len() => prefix.to_owned(),
        last => format!("...{last}"),
    };
    let part = |tail: &str| {
        let (middle, same) = tail.split_at_checked(tail.len().saturating_sub(ending)).unwrap_or((tail, ""));
        let same = match start(same, after) {
            all if all.len() == same.len() => same.to_owned(),
            first => format!("{first}..."),
        };
        let left = room.saturating_sub(width(&prefix) + width(&same)).max(LEAST_ROOM);
        format!("{prefix}{}{same}", fold(middle, left))
    };
    (part(&left_tail), part(&right_tail))
}
