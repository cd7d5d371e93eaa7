//! A text that parses, as the tokens that its layout goes by. Every byte that is not white space between tokens is in
//! a token as it was written. It judges nothing: what makes no sense becomes a token all the same.

use std::ops::Range;

/// What a token is, as far as the layout cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Ident,
    /// A number.
    Number,
    /// A comment; one that ends with its line has the line's end in it.
    Comment,
    /// The end of a line.
    Newline,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// The `"` before a text.
    OpenQuote,
    /// The `"` after a text.
    CloseQuote,
    /// Text within quotes or a heredoc.
    Text,
    /// `<<NAME` with the line's end.
    OpenHeredoc,
    /// The line that ends a heredoc, without the line's end.
    CloseHeredoc,
    /// `${` or `${~`.
    OpenInterpolation,
    /// `%{` or `%{~`.
    OpenDirective,
    /// The `}` or `~}` of either.
    CloseTemplate,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `...`
    Ellipsis,
    /// `::`
    DoubleColon,
    /// `=`
    Equal,
    /// `!`
    Bang,
    /// `-`
    Minus,
    /// Another operator, after which a minus is a sign: `+`, `==`, `&&`, `?`, `:` and the like.
    Operator,
    /// Anything else, `=>` among it.
    Other,
}

/// A token and the blanks before it on its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    /// What it is.
    pub(super) kind: Kind,
    /// As written.
    pub(super) text: &'t str,
    /// How many blanks stand before it.
    pub(super) spaces: usize,
}

impl Token<'_> {
    /// How many more brackets are open after it: 1, 0 or -1.
    pub(super) fn opens(&self) -> i64 {
        match self.kind {
            Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::OpenParen
            | Kind::OpenInterpolation
            | Kind::OpenDirective => 1,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseTemplate => -1,
            _ => 0,
        }
    }

    /// Whether its line ends with it.
    pub(super) fn ends_line(&self) -> bool {
        match self.kind {
            Kind::Newline => true,
            Kind::Comment => self.text.ends_with('\n'),
            _ => false,
        }
    }
}

/// What the scanner is in.
enum Mode {
    /// The code inside `${ }`, with the braces open in it.
    Template {
        braces: usize,
    },
    Quote,
    Heredoc {
        name: Range<usize>,
        line_start: bool,
    },
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    pos: usize,
    /// Where the last token ended.
    last: usize,
    modes: Vec<Mode>,
    tokens: Vec<Token<'t>>,
}

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        pos: 0,
        last: 0,
        modes: Vec::new(),
        tokens: Vec::with_capacity(text.len() / 4),
    };
    while scanner.pos < text.len() {
        match scanner.modes.last() {
            Some(Mode::Quote) => scanner.quote(),
            Some(Mode::Heredoc { .. }) => scanner.heredoc(),
            Some(Mode::Template { .. }) | None => scanner.code(),
        }
    }
    scanner.tokens
}

impl Scanner<'_> {
    /// The byte at `pos`; zero beyond the end.
    fn at(&self, pos: usize) -> u8 {
        self.bytes.get(pos).copied().unwrap_or(0)
    }

    fn starts(&self, with: &str) -> bool {
        self.bytes.get(self.pos..).is_some_and(|rest| rest.starts_with(with.as_bytes()))
    }

    /// Ends a token of `kind` at `end`.
    fn push(&mut self, kind: Kind, end: usize) {
        let mut end = end.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let text = self.text.get(self.pos..end).unwrap_or_default();
        self.tokens.push(Token { kind, text, spaces: self.pos.saturating_sub(self.last) });
        self.pos = end;
        self.last = end;
    }

    fn code(&mut self) {
        let (pos, byte, next) = (self.pos, self.at(self.pos), self.at(self.pos + 1));
        match (byte, next) {
            (b'\r', b'\n') => self.push(Kind::Newline, pos + 2),
            (b'\n', _) => self.push(Kind::Newline, pos + 1),
            (b' ' | b'\t' | b'\r', _) => self.pos += 1,
            (b'#', _) | (b'/', b'/') => {
                let line = self.text.get(pos..).unwrap_or_default();
                let length = line.find('\n').map_or(line.len(), |at| at + 1);
                self.push(Kind::Comment, pos + length);
            }
            (b'/', b'*') => {
                let rest = self.text.get(pos + 2..).unwrap_or_default();
                let length = rest.find("*/").map_or(rest.len(), |at| at + 2);
                self.push(Kind::Comment, pos + 2 + length);
            }
            (b'"', _) => {
                self.push(Kind::OpenQuote, pos + 1);
                self.modes.push(Mode::Quote);
            }
            (b'<', b'<') if self.heredoc_opens() => {}
            (b'0'..=b'9', _) => self.number(),
            (b'{' | b'}' | b'~', _) => self.brace(byte),
            _ => self.symbol(byte, next),
        }
    }

    fn symbol(&mut self, byte: u8, next: u8) {
        let pos = self.pos;
        let (kind, length) = match (byte, next) {
            (b'.', b'.') if self.starts("...") => (Kind::Ellipsis, 3),
            (b':', b':') => (Kind::DoubleColon, 2),
            (b'=', b'>') => (Kind::Other, 2),
            (b'=' | b'!' | b'<' | b'>', b'=') | (b'&', b'&') | (b'|', b'|') => (Kind::Operator, 2),
            (b'=', _) => (Kind::Equal, 1),
            (b'!', _) => (Kind::Bang, 1),
            (b'-', _) => (Kind::Minus, 1),
            (b'+' | b'*' | b'/' | b'%' | b'<' | b'>' | b'?' | b':', _) => (Kind::Operator, 1),
            (b'[', _) => (Kind::OpenBracket, 1),
            (b']', _) => (Kind::CloseBracket, 1),
            (b'(', _) => (Kind::OpenParen, 1),
            (b')', _) => (Kind::CloseParen, 1),
            (b'.', _) => (Kind::Dot, 1),
            (b',', _) => (Kind::Comma, 1),
            _ => {
                let name = self.text.get(pos..).map_or(0, name_length);
                (if name > 0 { Kind::Ident } else { Kind::Other }, name.max(1))
            }
        };
        self.push(kind, pos + length);
    }

    /// A brace, or the end of a template.
    fn brace(&mut self, byte: u8) {
        let (pos, ends) = (self.pos, self.at(self.pos + 1) == b'}');
        let inside = match self.modes.last_mut() {
            Some(Mode::Template { braces }) => Some(braces),
            Some(Mode::Quote | Mode::Heredoc { .. }) | None => None,
        };
        match (byte, inside) {
            (b'{', braces) => {
                if let Some(braces) = braces {
                    *braces += 1;
                }
                self.push(Kind::OpenBrace, pos + 1);
            }
            (b'}', Some(0)) => {
                self.modes.pop();
                self.push(Kind::CloseTemplate, pos + 1);
            }
            (b'}', braces) => {
                if let Some(braces) = braces {
                    *braces = braces.saturating_sub(1);
                }
                self.push(Kind::CloseBrace, pos + 1);
            }
            (_, Some(0)) if ends => {
                self.modes.pop();
                self.push(Kind::CloseTemplate, pos + 2);
            }
            _ => self.push(Kind::Other, pos + 1),
        }
    }

    fn number(&mut self) {
        let digits = |mut pos: usize| {
            while self.at(pos).is_ascii_digit() {
                pos += 1;
            }
            pos
        };
        let mut end = digits(self.pos);
        if self.at(end) == b'.' && self.at(end + 1).is_ascii_digit() {
            end = digits(end + 1);
        }
        if matches!(self.at(end), b'e' | b'E') {
            let from = if matches!(self.at(end + 1), b'+' | b'-') { end + 2 } else { end + 1 };
            if self.at(from).is_ascii_digit() {
                end = digits(from);
            }
        }
        self.push(Kind::Number, end);
    }

    /// `<<NAME` or `<<-NAME` with the line's end, if it is one.
    fn heredoc_opens(&mut self) -> bool {
        let from = if self.at(self.pos + 2) == b'-' { self.pos + 3 } else { self.pos + 2 };
        let to = from + self.text.get(from..).map_or(0, name_length);
        let end = if self.at(to) == b'\r' { to + 2 } else { to + 1 };
        if to == from || self.at(end - 1) != b'\n' {
            return false;
        }
        self.push(Kind::OpenHeredoc, end);
        self.modes.push(Mode::Heredoc { name: from..to, line_start: true });
        true
    }

    /// Where a template opens at the current place: its kind and length.
    fn template(&self) -> Option<(Kind, usize)> {
        let kind = match self.at(self.pos) {
            b'$' => Kind::OpenInterpolation,
            b'%' => Kind::OpenDirective,
            _ => return None,
        };
        let length = if self.at(self.pos + 2) == b'~' { 3 } else { 2 };
        (self.at(self.pos + 1) == b'{').then_some((kind, length))
    }

    fn open_template(&mut self, kind: Kind, length: usize) {
        self.push(kind, self.pos + length);
        self.modes.push(Mode::Template { braces: 0 });
    }

    /// `$${` and `%%{`: no template.
    fn is_escaped(&self, pos: usize) -> bool {
        matches!(self.at(pos), b'$' | b'%') && self.at(pos + 1) == self.at(pos) && self.at(pos + 2) == b'{'
    }

    fn quote(&mut self) {
        if self.at(self.pos) == b'"' {
            self.push(Kind::CloseQuote, self.pos + 1);
            self.modes.pop();
            return;
        }
        if let Some((kind, length)) = self.template() {
            return self.open_template(kind, length);
        }
        let mut end = self.pos;
        while end < self.text.len() {
            match self.at(end) {
                b'"' => break,
                b'\\' => end += 2,
                b'$' | b'%' if self.is_escaped(end) => end += 3,
                b'$' | b'%' if self.at(end + 1) == b'{' => break,
                _ => end += 1,
            }
        }
        self.push(Kind::Text, end);
    }

    fn heredoc(&mut self) {
        let Some(Mode::Heredoc { name, line_start }) = self.modes.last_mut() else { return };
        let name = name.clone();
        let line_start = std::mem::take(line_start);
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let line = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or_default());
        if line_start && Some(line.trim()) == self.text.get(name) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            self.push(Kind::CloseHeredoc, self.pos + line.len());
            self.modes.pop();
            return;
        }
        if let Some((kind, length)) = self.template() {
            return self.open_template(kind, length);
        }
        let mut end = self.pos;
        while end < self.text.len() {
            match self.at(end) {
                b'\n' => {
                    end += 1;
                    if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
                        *line_start = true;
                    }
                    break;
                }
                b'$' | b'%' if self.is_escaped(end) => end += 3,
                b'$' | b'%' if self.at(end + 1) == b'{' => break,
                _ => end += 1,
            }
        }
        self.push(Kind::Text, end);
    }
}

/// How long the name at the start of `text` is, in bytes; zero when there is none.
fn name_length(text: &str) -> usize {
    let starts = text.chars().next().is_some_and(|ch| ch.is_alphabetic() || ch == '_' || !ch.is_ascii());
    match starts {
        true => text
            .find(|ch: char| !(ch.is_alphanumeric() || matches!(ch, '_' | '-') || !ch.is_ascii()))
            .unwrap_or(text.len()),
        false => 0,
    }
}
