//! The scanner outside of texts: comments, brackets, numbers. It knows no operators.

use super::{Edit, Mode, ProblemKind, Scanner, brace_of_header, header_end, is_id_continue};

impl Scanner<'_> {
    /// One step outside of texts. False: the piece ends here.
    pub(super) fn step_code(&mut self, strict: bool) -> bool {
        let pos = self.pos;
        let byte = self.at(pos);
        match byte {
            b'\n' => {
                if self.stack.is_empty() && !self.brace_follows() {
                    return false;
                }
                if self.is_blank_mode() {
                    self.blank(pos..pos + 1);
                }
                self.pos += 1;
                self.line += 1;
                self.line_start = self.pos;
                let inside = !self.stack.is_empty() && self.header.is_none();
                if inside && brace_of_header(self.bytes, self.pos).is_some() {
                    self.header = Some(self.pos);
                    return !strict;
                }
                return true;
            }
            b'\r' => self.blank(pos..pos + 1),
            b' ' | b'\t' => {}
            b'#' => return self.step_line_comment(),
            b'/' if self.at(pos + 1) == b'/' => return self.step_line_comment(),
            b'/' if self.at(pos + 1) == b'*' => {
                self.skip_comment();
                return true;
            }
            b'"' => self.stack.push(Mode::Quote { open: pos, line: self.line, spread: None }),
            b'\'' => {
                self.step_single_quote();
                return true;
            }
            b'<' if self.at(pos + 1) == b'<' => {
                self.step_heredoc_start();
                return true;
            }
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(byte),
            b'0'..=b'9' if !is_id_continue(self.at(pos.wrapping_sub(1))) && self.previous != b'.' => {
                self.step_number();
                self.previous = b'0';
                return true;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.previous = byte;
        }
        self.pos += 1;
        true
    }

    /// Whether the next lines begin with a `{`: nothing does, so that it belongs to the header before it.
    fn brace_follows(&self) -> bool {
        let mut pos = self.pos;
        while self.at(pos).is_ascii_whitespace() {
            pos += 1;
        }
        let header = header_end(self.bytes, self.start);
        let only_header = header > self.start && matches!(self.at(header), b'\n' | b'\r');
        self.at(pos) == b'{' && self.body.is_none() && only_header
    }

    fn is_blank_mode(&self) -> bool {
        match self.stack.last() {
            Some(Mode::Bracket { blank, .. } | Mode::Template { blank, .. }) => *blank,
            Some(Mode::Quote { .. } | Mode::Heredoc { .. }) | None => false,
        }
    }

    /// The parser takes newlines for the end of an expression in some places where HCL does not, and refuses a
    /// lone carriage return: such comments are overwritten.
    fn step_line_comment(&mut self) -> bool {
        let from = self.pos;
        self.skip_line();
        if self.is_blank_mode() {
            self.blank(from..self.pos);
        } else {
            for pos in from..self.pos {
                if self.at(pos) == b'\r' {
                    self.blank(pos..pos + 1);
                }
            }
        }
        true
    }

    fn step_single_quote(&mut self) {
        let open = self.pos;
        self.pos += 1;
        while !matches!(self.at(self.pos), b'\'' | b'\n' | 0) && self.pos < self.end {
            self.pos += 1;
        }
        if self.at(self.pos) == b'\'' {
            self.pos += 1;
            self.problem(ProblemKind::SingleQuote, open..self.pos, None);
        } else {
            self.pos = open + 1;
            self.problem(ProblemKind::SingleQuote, open..open + 1, None);
        }
    }

    /// A number with an exponent is handed to the parser as zeros, because it refuses those beyond a float; the
    /// tree takes the number from the source text.
    fn step_number(&mut self) {
        let from = self.pos;
        let digits = |scanner: &mut Self| {
            let before = scanner.pos;
            while scanner.at(scanner.pos).is_ascii_digit() {
                scanner.pos += 1;
            }
            scanner.pos > before
        };
        digits(self);
        if self.at(self.pos) == b'.' && self.at(self.pos + 1).is_ascii_digit() {
            self.pos += 1;
            digits(self);
        }
        let mantissa_end = self.pos;
        if matches!(self.at(self.pos), b'e' | b'E') {
            self.pos += 1;
            if matches!(self.at(self.pos), b'+' | b'-') {
                self.pos += 1;
            }
            match digits(self) && !is_id_continue(self.at(self.pos)) {
                true => self.edits.push(Edit { at: from..self.pos, fill: b'0' }),
                false => self.pos = mantissa_end,
            }
        }
    }

    fn open(&mut self, byte: u8) {
        let open = self.pos;
        // A `for` in braces is an expression, where newlines mean nothing; braces after a name or a label are the
        // body of a block.
        let expression = !(is_id_continue(self.previous) || matches!(self.previous, b'"' | b'0'));
        let blank = byte == b'{' && expression && self.starts_for(open + 1);
        let mut indent = self.line_start;
        while matches!(self.at(indent), b' ' | b'\t') && indent < open {
            indent += 1;
        }
        self.stack.push(Mode::Bracket {
            open,
            line: self.line,
            byte,
            indent: indent - self.line_start,
            blank,
        });
    }

    fn starts_for(&self, from: usize) -> bool {
        let mut pos = from;
        while self.at(pos).is_ascii_whitespace() {
            pos += 1;
        }
        self.bytes.get(pos..(pos + 3).min(self.end)) == Some(b"for")
            && matches!(self.at(pos + 3), b' ' | b'\t' | b'\r' | b'\n' | b'#' | b'/')
    }

    fn close(&mut self, byte: u8) {
        let pos = self.pos;
        let opener = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        // How many inner brackets stay open when this one closes its own; the search is limited so that the work
        // stays linear, and it does not leave the template.
        let mut inner = 0;
        let mut found = false;
        for mode in self.stack.iter().rev().take(64) {
            match mode {
                Mode::Bracket { byte: open, .. } if *open == opener => found = true,
                Mode::Template { .. } if byte == b'}' => found = true,
                Mode::Bracket { .. } => {
                    inner += 1;
                    continue;
                }
                Mode::Template { .. } | Mode::Quote { .. } | Mode::Heredoc { .. } => {}
            }
            break;
        }
        if !found {
            self.problem(ProblemKind::StrayBracket, pos..pos + 1, None);
            return;
        }
        if inner > 0
            && let Some(Mode::Bracket { open, .. }) = self.stack.last()
        {
            let open = *open;
            self.problem(ProblemKind::WrongBracket, open..open + 1, Some(pos..pos + 1));
        }
        self.stack.truncate(self.stack.len() - inner);
        match self.stack.pop() {
            Some(Mode::Bracket { open, indent, .. }) => {
                if self.stack.is_empty() && byte == b'}' {
                    self.body = Some(open + 1..pos);
                }
                self.suspect_indentation(open, indent, pos);
            }
            Some(Mode::Template { open, line, .. }) => {
                let spread = (line != self.line).then_some(open);
                if let Some(Mode::Quote { spread: first, .. }) = self.stack.last_mut() {
                    *first = first.or(spread);
                }
            }
            Some(Mode::Quote { .. } | Mode::Heredoc { .. }) | None => {}
        }
    }

    /// Remembers the first brace that is closed from another indentation: when one is missing at the end, this is
    /// most likely it.
    fn suspect_indentation(&mut self, open: usize, indent: usize, close: usize) {
        let alone =
            self.bytes.get(self.line_start..close).is_some_and(|before| before.trim_ascii().is_empty());
        if self.suspect.is_none() && alone && close - self.line_start != indent && self.at(close) == b'}' {
            self.suspect = Some((open, close));
        }
    }
}
