//! The scanner inside of quotes and heredocs. It decodes nothing.

use std::ops::Range;

use super::{Edit, Mode, ProblemKind, Scanner, brace_of_header, is_id_continue, is_id_start};

impl Scanner<'_> {
    /// One step inside quotes.
    pub(super) fn step_quote(&mut self) -> bool {
        let pos = self.pos;
        match self.at(pos) {
            b'"' => {
                self.stack.pop();
                self.previous = b'"';
                self.pos += 1;
            }
            b'\n' => self.end_quotes(),
            b'\\' if self.at(pos + 1) != b'\n' => self.pos += 2,
            b'$' | b'%' => self.step_marker(),
            _ => self.pos += 1,
        }
        self.pos = self.pos.min(self.end);
        true
    }

    /// The line ends inside quotes: all quotes that opened on it end here. With a template between two of them, it
    /// is most likely the template that was not closed.
    fn end_quotes(&mut self) {
        let on_line = self.stack.iter().rev().take_while(|mode| mode.opened().1 == self.line).count();
        let first = self.stack.len() - on_line;
        let quote = self.stack.iter().skip(first).position(|mode| matches!(mode, Mode::Quote { .. }));
        // A quote that opened on an earlier line has a template of several lines in it.
        let index = quote.map_or(self.stack.len().saturating_sub(1), |index| first + index);
        let problem = match (self.stack.get(index), self.stack.get(index + 1)) {
            (Some(Mode::Quote { spread: Some(open), .. }), _) | (_, Some(Mode::Template { open, .. })) => {
                (ProblemKind::UnclosedTemplate, *open..open + 2)
            }
            (Some(mode), _) => (ProblemKind::UnclosedQuote, mode.opened().0..mode.opened().0 + 1),
            (None, _) => return,
        };
        self.problem(problem.0, problem.1, None);
        self.stack.truncate(index);
        self.previous = b'"';
    }

    /// `$${`, `${` or a lone `$`; the same with `%`.
    fn step_marker(&mut self) {
        let pos = self.pos;
        let byte = self.at(pos);
        if self.at(pos + 1) == byte && self.at(pos + 2) == b'{' {
            self.pos += 3;
        } else if self.at(pos + 1) == b'{' {
            self.stack.push(Mode::Template { open: pos, line: self.line, blank: byte == b'%' });
            self.previous = b'{';
            self.pos += 2;
        } else {
            self.pos += 1;
        }
    }

    pub(super) fn step_heredoc_start(&mut self) {
        let open = self.pos;
        self.pos += 2;
        self.previous = b'<';
        let mut from = self.pos;
        if self.at(from) == b'-' {
            from += 1;
        }
        let mut to = from;
        while is_id_continue(self.at(to)) {
            to += 1;
        }
        let newline = if self.at(to) == b'\r' { to + 1 } else { to };
        if !is_id_start(self.at(from)) || self.at(newline) != b'\n' {
            return;
        }
        if !self.stack.iter().any(|mode| matches!(mode, Mode::Heredoc { .. })) {
            self.heredoc_header = None;
        }
        if newline > to {
            // The parser takes a carriage return there for part of the line ending.
            self.pos = to;
        }
        self.stack.push(Mode::Heredoc { open, line: self.line, delimiter: from..to, line_start: true });
        self.pos = newline + 1;
        self.line += 1;
        self.line_start = self.pos;
    }

    /// One step inside a heredoc.
    pub(super) fn step_heredoc(&mut self, strict: bool) -> bool {
        let Some(Mode::Heredoc { open, delimiter, line_start, .. }) = self.stack.last_mut() else {
            return true;
        };
        let (open, delimiter) = (*open, delimiter.clone());
        if std::mem::take(line_start) {
            return self.step_heredoc_line(open, &delimiter, strict);
        }
        match self.at(self.pos) {
            b'\n' => {
                self.pos += 1;
                self.line += 1;
                self.line_start = self.pos;
                if let Some(Mode::Heredoc { line_start, .. }) = self.stack.last_mut() {
                    *line_start = true;
                }
            }
            b'$' | b'%' => self.step_marker(),
            _ => self.pos += 1,
        }
        self.pos = self.pos.min(self.end);
        true
    }

    /// The start of a line of a heredoc: is it the end?
    fn step_heredoc_line(&mut self, open: usize, delimiter: &Range<usize>, strict: bool) -> bool {
        let mut from = self.pos;
        while matches!(self.at(from), b' ' | b'\t') {
            from += 1;
        }
        let to = from + delimiter.len();
        let same = self.bytes.get(from..to.min(self.end)) == self.bytes.get(delimiter.clone());
        if same && !is_id_continue(self.at(to)) {
            let mut rest = to;
            while matches!(self.at(rest), b' ' | b'\t' | b'\r') {
                rest += 1;
            }
            if self.at(rest) == b'\n' || rest >= self.end {
                if self.line_start > 0
                    && self.at(self.line_start - 1) == b'\n'
                    && self.is_first_line(delimiter)
                {
                    // The parser looks for the end of an empty heredoc too far below: it gets "" to read.
                    self.edits.push(Edit { at: open..open + 2, fill: b'"' });
                    self.blank(open + 2..to);
                }
                self.stack.pop();
                self.previous = b'"';
                self.pos = to;
                return true;
            }
            // The parser ends a heredoc here, HCL does not: text in a heredoc is taken from the source, so the
            // parser may be shown another letter.
            let fill = if self.at(from) == b'_' { b'x' } else { b'_' };
            self.edits.push(Edit { at: from..from + 1, fill });
        }
        if self.heredoc_header.is_none() && brace_of_header(self.bytes, self.pos).is_some() {
            self.heredoc_header = Some(self.pos);
            return !strict;
        }
        true
    }

    /// Whether the current line follows the opening line of the heredoc.
    fn is_first_line(&self, delimiter: &Range<usize>) -> bool {
        let newline = if self.at(delimiter.end) == b'\r' { delimiter.end + 1 } else { delimiter.end };
        self.line_start == newline + 1
    }
}
