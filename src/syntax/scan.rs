//! Finds the borders of the items of a body (attributes and blocks) without parsing them, in one pass.
//!
//! Each piece can then be parsed by itself: a mistake in one does not hide the mistakes of the others. It knows
//! comments, quotes, heredocs, templates and brackets, and nothing else of the grammar.

mod code;
mod text;

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
            // Its end is there, and was read as a part of the template.
            (Some(Mode::Heredoc { delimiter, .. }), Some(open)) if self.has_line(delimiter, open..cut) => {
                (ProblemKind::UnclosedTemplate, open..open + 2, None)
            }
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

    /// Whether a line of `within` holds the word at `delimiter` alone.
    fn has_line(&self, delimiter: &Range<usize>, within: Range<usize>) -> bool {
        let word = self.bytes.get(delimiter.clone()).unwrap_or_default();
        let text = self.bytes.get(within).unwrap_or_default();
        text.split(|byte| *byte == b'\n').skip(1).any(|line| line.trim_ascii() == word)
    }
}
