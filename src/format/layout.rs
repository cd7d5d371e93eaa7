//! Where each line and each of its cells begins: indentation, then blanks between tokens, then columns. A line has
//! up to three cells: what leads, the `=` with its value when the value ends on the line, and a comment.

use unicode_segmentation::UnicodeSegmentation;

use super::spacing::blank_after;
use super::token::{Kind, Token};

/// Sets the blanks before every token.
pub(super) fn lay_out(tokens: &mut [Token<'_>]) {
    let lines = lines(tokens);
    indent(tokens, &lines);
    space(tokens, &lines);
    align(tokens, &lines, |line| line.assign.map(|at| (at, line.start)));
    align(tokens, &lines, |line| line.comment.map(|at| (at, line.start)));
}

/// A line as ranges of tokens: `start..assign`, `assign..comment`, `comment..end`; a cell that is not there has no
/// start.
struct Line {
    start: usize,
    assign: Option<usize>,
    comment: Option<usize>,
    end: usize,
}

impl Line {
    /// Where the comment, or the line, begins to end: the end of what is neither.
    fn code_end(&self) -> usize {
        self.comment.unwrap_or(self.end)
    }
}

fn lines(tokens: &[Token<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.ends_line() || index + 1 == tokens.len() {
            lines.push(line(tokens, start, index + 1));
            start = index + 1;
        }
    }
    lines
}

fn line(tokens: &[Token<'_>], start: usize, end: usize) -> Line {
    let cell = tokens.get(start..end).unwrap_or_default();
    let comment = cell.len() > 1 && cell.last().is_some_and(|token| token.kind == Kind::Comment);
    let comment = comment.then_some(end - 1);
    let code = tokens.get(start..comment.unwrap_or(end)).unwrap_or_default();
    let equal = code.iter().skip(1).position(|token| token.kind == Kind::Equal).map(|at| start + 1 + at);
    // A value that goes on on the next line is no cell of this one.
    let assign = equal.filter(|at| {
        let value = tokens.get(*at..comment.unwrap_or(end)).unwrap_or_default();
        value.iter().map(Token::opens).sum::<i64>() == 0
    });
    Line { start, assign, comment, end }
}

/// Indents each line by how many of the lines before it opened brackets that are still open.
fn indent(tokens: &mut [Token<'_>], lines: &[Line]) {
    // How many brackets each of those lines opened.
    let mut open: Vec<i64> = Vec::new();
    // What was open after the line that opened each heredoc: its end goes back to that.
    let mut heredocs: Vec<Vec<i64>> = Vec::new();
    for line in lines {
        let code = tokens.get(line.start..line.code_end()).unwrap_or_default();
        let heredoc_at = code.iter().position(|token| token.kind == Kind::OpenHeredoc);
        // What a heredoc's templates open is not indented: the text around them is not either.
        let counted = code.get(..heredoc_at.unwrap_or(code.len())).unwrap_or_default();
        let net: i64 = counted.iter().map(Token::opens).sum();
        let ends = |kind: Kind| code.iter().filter(|token| token.kind == kind).count();
        let (opened, closed) = (ends(Kind::OpenHeredoc), ends(Kind::CloseHeredoc));
        let Some(first) = tokens.get_mut(line.start) else { continue };
        if first.kind == Kind::Newline {
            first.spaces = 0;
            continue;
        }
        close(&mut open, -net);
        first.spaces = 2 * open.len();
        if net > 0 {
            open.push(net);
        }
        for _ in closed..opened {
            heredocs.push(open.clone());
        }
        for _ in opened..closed {
            open = heredocs.pop().unwrap_or(open);
        }
    }
}

/// Takes back indentation for `closed` brackets, the last opened first.
fn close(open: &mut Vec<i64>, mut closed: i64) {
    while closed > 0
        && let Some(last) = open.last_mut()
    {
        let taken = closed.min(*last);
        closed -= taken;
        *last -= taken;
        if *last == 0 {
            open.pop();
        }
    }
}

/// One blank or none between the tokens of each cell.
fn space(tokens: &mut [Token<'_>], lines: &[Line]) {
    for line in lines {
        let assign = line.assign.unwrap_or(line.code_end());
        for cell in [line.start..assign, assign..line.code_end()] {
            for index in cell.clone().skip(1) {
                let before = index.checked_sub(2).filter(|before| *before >= cell.start);
                let before = before.and_then(|before| tokens.get(before));
                let (Some(token), Some(next)) = (tokens.get(index - 1), tokens.get(index)) else { continue };
                let blank = blank_after(before, token, next);
                if let Some(next) = tokens.get_mut(index) {
                    next.spaces = usize::from(blank);
                }
            }
        }
    }
}

/// Moves the cells that `cell` finds (with where their lines start) to the same column, for each run of lines that
/// have one.
fn align(tokens: &mut [Token<'_>], lines: &[Line], cell: impl Fn(&Line) -> Option<(usize, usize)>) {
    let mut run: Vec<(usize, usize)> = Vec::new();
    for found in lines.iter().map(cell).chain([None]) {
        if let Some((at, start)) = found {
            run.push((at, columns(tokens.get(start..at).unwrap_or_default())));
            continue;
        }
        let widest = run.iter().map(|(_, columns)| *columns).max().unwrap_or(0);
        for (at, columns) in run.drain(..) {
            if let Some(token) = tokens.get_mut(at) {
                token.spaces = widest - columns + 1;
            }
        }
    }
}

/// How many characters, as people count them, the tokens take with their blanks.
fn columns(tokens: &[Token<'_>]) -> usize {
    let width = |token: &Token<'_>| match token.text.is_ascii() {
        true => token.text.len(),
        false => token.text.graphemes(true).count(),
    };
    tokens.iter().map(|token| token.spaces + width(token)).sum()
}
