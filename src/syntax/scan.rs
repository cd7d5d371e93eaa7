//! Finds the borders of the items of a body (attributes and blocks) without parsing them, in one pass.
//!
//! Each piece can then be parsed by itself: a mistake in one does not hide the mistakes of the others. It knows
//! comments, quotes, heredocs, templates and brackets, and nothing else of the grammar.

use std::ops::Range;

/// One item of a body, or a stretch of text that is no item.
#[derive(Debug)]
pub(super) struct Piece {
    /// Its place, without white space around it.
    pub(super) range: Range<usize>,
    /// The first thing wrong with its quotes and brackets.
    pub(super) problem: Option<Problem>,
    /// What to overwrite before the parser sees it; lengths stay as they are.
    pub(super) edits: Vec<Edit>,
    /// The inside of the last braces that opened and closed at the outermost level.
    pub(super) body: Option<Range<usize>>,
}

/// Overwrites a range with one byte: the parser library refuses or misreads some forms that HCL allows.
#[derive(Debug)]
pub(super) struct Edit {
    /// What is overwritten.
    pub(super) at: Range<usize>,
    /// With what.
    pub(super) fill: u8,
}

/// A mistake in quotes or brackets.
#[derive(Debug)]
pub(super) struct Problem {
    /// Which.
    pub(super) kind: ProblemKind,
    /// Where.
    pub(super) at: Range<usize>,
    /// Another place that matters.
    pub(super) other: Option<Range<usize>>,
}

/// The mistakes in quotes and brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// A quoted text that does not end on its line.
    UnclosedQuote,
    /// `${` or `%{` without its `}`.
    UnclosedTemplate,
    /// A heredoc whose delimiter never comes.
    UnclosedHeredoc,
    /// `/*` without `*/`.
    UnclosedComment,
    /// An opening bracket that nothing closes.
    UnclosedBracket,
    /// An opening bracket that is closed by one of another kind (the other place).
    WrongBracket,
    /// A closing bracket that nothing opened.
    StrayBracket,
    /// `'`.
    SingleQuote,
}

/// How to go on after brackets that never close.
pub(super) struct Resync {
    /// How often the whole rest may still be read in search of the end; afterwards every line that looks like
    /// the header of a block ends what is open. This keeps the work linear.
    budget: u32,
    enabled: bool,
}

impl Resync {
    /// Goes on at the next line that looks like the header of a block.
    pub(super) fn at_headers() -> Self {
        Self { budget: 16, enabled: true }
    }

    /// Does not.
    pub(super) fn never() -> Self {
        Self { budget: 0, enabled: false }
    }
}

/// The next piece of `text[from..end]`, if there is one. The next call starts at `piece.range.end`.
pub(super) fn next_piece(text: &str, from: usize, end: usize, resync: &mut Resync) -> Option<Piece> {
    let mut scanner = Scanner::new(text.as_bytes(), from, end.min(text.len()));
    scanner.skip_blank();
    if scanner.pos >= scanner.end && scanner.problem.is_none() {
        return None;
    }
    if scanner.problem.is_none() {
        scanner.start = scanner.pos;
        scanner.run(resync);
    }
    let mut stop = scanner.pos.max(scanner.start);
    while stop > scanner.start && scanner.bytes[stop - 1].is_ascii_whitespace() {
        stop -= 1;
    }
    Some(Piece {
        // Never empty, so that whoever asks for the next piece always gets on.
        range: scanner.start..stop.max(scanner.start + 1).min(scanner.end),
        problem: scanner.problem,
        edits: scanner.edits,
        body: scanner.body,
    })
}

/// The place of the `{` when the line at `from` looks like the header of a block.
pub(super) fn header_brace(text: &str, from: usize) -> Option<usize> {
    brace_of_header(text.as_bytes(), from)
}

fn brace_of_header(bytes: &[u8], from: usize) -> Option<usize> {
    Some(header_end(bytes, from)).filter(|end| *end > from && bytes.get(*end) == Some(&b'{'))
}

/// Where the names and labels that start at `from` end.
fn header_end(bytes: &[u8], from: usize) -> usize {
    let at = |pos: usize| bytes.get(pos).copied().unwrap_or(0);
    let mut pos = from;
    if !is_id_start(at(pos)) {
        return pos;
    }
    loop {
        match at(pos) {
            b' ' | b'\t' => pos += 1,
            b'"' => {
                let open = pos;
                pos += 1;
                while !matches!(at(pos), b'"' | b'\n' | 0) {
                    pos += 1;
                }
                if at(pos) != b'"' {
                    return open;
                }
                pos += 1;
            }
            byte if is_id_start(byte) => {
                while is_id_continue(at(pos)) {
                    pos += 1;
                }
            }
            _ => return pos,
        }
    }
}

fn is_id_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_id_continue(byte: u8) -> bool {
    is_id_start(byte) || byte.is_ascii_digit() || byte == b'-'
}

/// What is open.
enum Mode {
    Bracket { open: usize, line: usize, byte: u8, indent: usize, blank: bool },
    Template { open: usize, line: usize, blank: bool },
    Quote { open: usize, line: usize, spread: Option<usize> },
    Heredoc { open: usize, line: usize, delimiter: Range<usize>, line_start: bool },
}

impl Mode {
    /// Where it opened, and on which line.
    fn opened(&self) -> (usize, usize) {
        match self {
            Self::Bracket { open, line, .. }
            | Self::Template { open, line, .. }
            | Self::Quote { open, line, .. }
            | Self::Heredoc { open, line, .. } => (*open, *line),
        }
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    pos: usize,
    end: usize,
    start: usize,
    /// Lines since the start.
    line: usize,
    /// Where the current line begins.
    line_start: usize,
    /// The last byte that was no white space or comment.
    previous: u8,
    stack: Vec<Mode>,
    problem: Option<Problem>,
    edits: Vec<Edit>,
    body: Option<Range<usize>>,
    /// A `{` and the first `}` that closes it from another indentation.
    suspect: Option<(usize, usize)>,
    /// The first line that looks like a header while brackets are open.
    header: Option<usize>,
    /// The first such line inside the outermost open heredoc.
    heredoc_header: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8], from: usize, end: usize) -> Self {
        Self {
            bytes,
            pos: from,
            end,
            start: from,
            line: 0,
            line_start: from,
            previous: 0,
            stack: Vec::new(),
            problem: None,
            edits: Vec::new(),
            body: None,
            suspect: None,
            header: None,
            heredoc_header: None,
        }
    }

    /// The byte at `pos`; zero beyond the end.
    fn at(&self, pos: usize) -> u8 {
        if pos < self.end { self.bytes.get(pos).copied().unwrap_or(0) } else { 0 }
    }

    fn problem(&mut self, kind: ProblemKind, at: Range<usize>, other: Option<Range<usize>>) {
        if self.problem.is_none() {
            self.problem = Some(Problem { kind, at, other });
        }
    }

    fn blank(&mut self, at: Range<usize>) {
        self.edits.push(Edit { at, fill: b' ' });
    }

    /// Skips white space and comments between items.
    fn skip_blank(&mut self) {
        while self.pos < self.end {
            match self.at(self.pos) {
                byte if byte.is_ascii_whitespace() => self.pos += 1,
                b'#' => self.skip_line(),
                b'/' if self.at(self.pos + 1) == b'/' => self.skip_line(),
                b'/' if self.at(self.pos + 1) == b'*' => {
                    self.start = self.pos;
                    self.skip_comment();
                }
                _ => break,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.pos < self.end && self.at(self.pos) != b'\n' {
            self.pos += 1;
        }
    }

    fn skip_comment(&mut self) {
        let open = self.pos;
        self.pos += 2;
        while self.pos < self.end {
            match self.at(self.pos) {
                b'*' if self.at(self.pos + 1) == b'/' => {
                    self.pos += 2;
                    return;
                }
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.pos + 1;
                }
                _ => {}
            }
            self.pos += 1;
        }
        self.problem(ProblemKind::UnclosedComment, open..(open + 2).min(self.end), None);
    }

    /// Reads one piece; leaves `pos` at its end.
    fn run(&mut self, resync: &mut Resync) {
        let strict = resync.enabled && resync.budget == 0;
        while self.pos < self.end {
            let more = match self.stack.last() {
                Some(Mode::Quote { .. }) => self.step_quote(),
                Some(Mode::Heredoc { .. }) => self.step_heredoc(strict),
                Some(Mode::Bracket { .. } | Mode::Template { .. }) | None => self.step_code(strict),
            };
            if !more {
                break;
            }
        }
        if !self.stack.is_empty() {
            let cut = self.header.or(self.heredoc_header).filter(|_| resync.enabled);
            self.unclosed(cut.unwrap_or(self.end));
            if let Some(cut) = cut {
                self.pos = cut;
                resync.budget = resync.budget.saturating_sub(1);
            }
        }
    }

    /// Says what is still open at `cut`, where the piece is made to end; what was found after it is not of this
    /// piece.
    fn unclosed(&mut self, cut: usize) {
        self.problem = self.problem.take().filter(|problem| problem.at.start < cut);
        self.stack.truncate(self.stack.partition_point(|mode| mode.opened().0 < cut));
        let suspect = self.suspect.filter(|(_, close)| *close < cut);
        let template = self.stack.iter().find_map(|mode| match mode {
            Mode::Template { open, .. } => Some(*open),
            Mode::Bracket { .. } | Mode::Quote { .. } | Mode::Heredoc { .. } => None,
        });
        let inner = self.stack.iter().find(|mode| !matches!(mode, Mode::Bracket { .. }));
        let (kind, at, other) = match (inner.or(self.stack.first()), template) {
            (Some(Mode::Heredoc { open, delimiter, .. }), _) => {
                (ProblemKind::UnclosedHeredoc, *open..delimiter.end, None)
            }
            (Some(Mode::Quote { .. } | Mode::Template { .. }), Some(open)) => {
                (ProblemKind::UnclosedTemplate, open..open + 2, None)
            }
            (Some(Mode::Quote { open, .. } | Mode::Template { open, .. }), None) => {
                (ProblemKind::UnclosedQuote, *open..open + 1, None)
            }
            (Some(Mode::Bracket { open, .. }), _) => match suspect {
                Some((open, close)) => (ProblemKind::UnclosedBracket, open..open + 1, Some(close..close + 1)),
                None => (ProblemKind::UnclosedBracket, *open..open + 1, None),
            },
            (None, _) => return,
        };
        self.problem(kind, at, other);
    }

    /// One step outside of texts. False: the piece ends here.
    fn step_code(&mut self, strict: bool) -> bool {
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

    /// One step inside quotes.
    fn step_quote(&mut self) -> bool {
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

    fn step_heredoc_start(&mut self) {
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
    fn step_heredoc(&mut self, strict: bool) -> bool {
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
