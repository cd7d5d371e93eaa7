//! YAML as the original reads it (PyYAML's safe loader, which is YAML 1.1): `yes` is true, `017` is 15, `12:30` is 750,
//! `1e3` is a text. Dates stay texts as written, because JSON has none. It reads no file.

mod date;
mod scalar;

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Map, Value as Json};

use super::original::{ErrorClass, OriginalError};
use scalar::{boolean, decimal, integer, number, resolve};

/// The most levels that collections may be nested in each other.
const MAX_DEPTH: usize = 64;
/// The most values that a document may grow to when its aliases are resolved.
const MAX_NODES: usize = 100_000;

/// The one document of `text`; an empty text is null. Of a key that is given twice the last value counts.
///
/// # Errors
/// `ScannerError`, `ParserError`, `ComposerError` or `ConstructorError`, with the place in `name`.
pub fn load(text: &str, name: &str) -> Result<Json, OriginalError> {
    read(text, name).map(|read| read.json)
}

/// A document with what its value does not show.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The document.
    pub json: Json,
    /// Whether it has a date: the original reads one as an object, which it cannot write as JSON.
    pub has_dates: bool,
    /// The keys that an object has twice, with the line of the second.
    pub repeated: Vec<(String, usize)>,
}

/// The same, with what the value does not show.
///
/// # Errors
/// Those of [`load`].
pub fn read(text: &str, name: &str) -> Result<Loaded, OriginalError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        anchors: BTreeMap::new(),
        nodes: 0,
        dated: false,
        repeated: Vec::new(),
        at: 0,
        text,
        with_tabs: Vec::new(),
        name,
    };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => {
                reader.check_tabs()?;
                return Ok(Loaded {
                    json: document.map_or(Json::Null, Node::into_json),
                    has_dates: reader.dated,
                    repeated: reader.repeated,
                });
            }
            Event::DocumentStart(..) if document.is_some() => {
                return Err(reader.error(
                    ErrorClass::ComposerError,
                    "expected a single document in the stream but found another document",
                ));
            }
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => match reader.node(event, 0) {
                Ok(node) => document = Some(node),
                Err(error) => return Err(reader.told_first(error)),
            },
        }
    }
}

/// A value, and whether it is the plain scalar `<<` or `=`, which mean something as a key.
#[derive(Clone)]
struct Node {
    json: Json,
    size: usize,
    /// How many levels of collections it has: through aliases, more than are written.
    levels: usize,
    merge: bool,
}

impl Node {
    fn of(json: Json) -> Self {
        Self { json, size: 1, levels: 0, merge: false }
    }

    fn into_json(self) -> Json {
        self.json
    }
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    /// Whether a date was met.
    dated: bool,
    /// The keys that were met twice in one object, with the line of the second.
    repeated: Vec<(String, usize)>,
    /// Where the last event began, in bytes.
    at: usize,
    text: &'a str,
    /// The comments, quoted texts and contents of blocks: only there may a tab be.
    with_tabs: Vec<Range<usize>>,
    name: &'a str,
}

impl<'a> Reader<'a> {
    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Event<'a>, OriginalError> {
        loop {
            match self.parser.next_event() {
                None => return Ok(Event::StreamEnd),
                Some(Ok((Event::Anchor(..), _))) => {}
                Some(Ok((Event::Comment(..), span))) => self.with_tabs.extend(span.byte_range()),
                Some(Ok((event, span))) => {
                    self.at = span.byte_range().unwrap_or_default().start;
                    return Ok(self.noted(event, &span));
                }
                Some(Err(error)) => return Err(self.scan_error(&error)),
            }
        }
    }

    /// The event as it is, with what is left to say of a text that is not plain.
    fn noted(&mut self, event: Event<'a>, span: &Span) -> Event<'a> {
        let Event::Scalar(content, style, anchor, tag) = event else { return event };
        let range = span.byte_range().unwrap_or_default();
        let content = match style {
            ScalarStyle::Plain => content,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                self.with_tabs.push(range.clone());
                // A last line without an end has none to keep.
                match content.strip_suffix('\n') {
                    Some(cut) if range.end >= self.text.len() && !self.text.ends_with(['\n', '\r']) => {
                        cut.to_owned().into()
                    }
                    _ => content,
                }
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                self.with_tabs.push(range);
                content
            }
        };
        Event::Scalar(content, style, anchor, tag)
    }

    /// The original composes the whole document before it constructs anything: a mistake further down comes first.
    fn told_first(&mut self, error: OriginalError) -> OriginalError {
        if !matches!(error.class, ErrorClass::ConstructorError | ErrorClass::ValueError) {
            return error;
        }
        loop {
            match self.next() {
                Err(earlier) => return earlier,
                Ok(Event::StreamEnd) => return self.check_tabs().err().unwrap_or(error),
                Ok(_) => {}
            }
        }
    }

    /// No tab between the words: YAML 1.1 as the original reads it takes none.
    fn check_tabs(&mut self) -> Result<(), OriginalError> {
        self.with_tabs.sort_by_key(|range| range.start);
        let mut ranges = self.with_tabs.iter().peekable();
        for (at, _) in self.text.match_indices('\t') {
            while ranges.next_if(|range| range.end <= at).is_some() {}
            if ranges.peek().is_none_or(|range| at < range.start) {
                let line = self.text.get(..at).unwrap_or_default().split('\n').count();
                let message = format!("found character '\\t' that cannot start any token, in line {line}");
                return Err(self.error(ErrorClass::ScannerError, &message));
            }
        }
        Ok(())
    }

    // The recursion is bounded by the parser's limits and by `MAX_DEPTH`.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, OriginalError> {
        if depth > MAX_DEPTH {
            return Err(self.error(ErrorClass::ParserError, "the document is nested too deeply"));
        }
        let (anchor, node) = match event {
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => (0, node.clone()),
                None => {
                    return Err(
                        self.error(ErrorClass::ConstructorError, "found unconstructable recursive node")
                    );
                }
            },
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, self.scalar(&text, style == ScalarStyle::Plain, tag.as_deref())?)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), &["seq"])?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), &["map", "set"])?;
                (anchor, self.mapping(depth)?)
            }
            // The enum is open.
            _ => {
                return Err(self.error(ErrorClass::ParserError, "expected a value"));
            }
        };
        self.nodes = self.nodes.saturating_add(node.size);
        if self.nodes > MAX_NODES {
            return Err(self.error(ErrorClass::ComposerError, "the document grows too large"));
        }
        if depth.saturating_add(node.levels) > MAX_DEPTH {
            return Err(self.error(ErrorClass::ParserError, "the document is nested too deeply"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, OriginalError> {
        let mut items = Vec::new();
        let (mut size, mut levels) = (1_usize, 0_usize);
        loop {
            match self.next()? {
                Event::SequenceEnd => {
                    return Ok(Node {
                        json: Json::Array(items),
                        size,
                        levels: levels.saturating_add(1),
                        merge: false,
                    });
                }
                event => {
                    let node = self.node(event, depth.saturating_add(1))?;
                    size = size.saturating_add(node.size);
                    levels = levels.max(node.levels);
                    items.push(node.json);
                }
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, OriginalError> {
        let mut own = Map::new();
        let mut merged: Vec<Map<String, Json>> = Vec::new();
        let mut numbers: BTreeMap<u64, String> = BTreeMap::new();
        let (mut size, mut levels) = (1_usize, 0_usize);
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, 0, None) if text == "=" => Node::of(Json::from("=")),
                event => self.node(event, depth.saturating_add(1))?,
            };
            let at = self.at;
            let event = self.next()?;
            let value = self.node(event, depth.saturating_add(1))?;
            if value.merge {
                return Err(self.no_meaning("merge"));
            }
            size = size.saturating_add(key.size).saturating_add(value.size);
            levels = levels.max(value.levels);
            if key.merge {
                match value.json {
                    Json::Object(entries) => merged.push(entries),
                    Json::Array(items) => {
                        // The first of a list counts most.
                        for item in items.into_iter().rev() {
                            let Json::Object(entries) = item else { return Err(self.not_mergeable()) };
                            merged.push(entries);
                        }
                    }
                    _ => return Err(self.not_mergeable()),
                }
            } else {
                let name = self.key(&key.json)?;
                // Equal numbers and truth values are one key, which is written as it came first.
                let name = match numeric(&key.json) {
                    None => name,
                    Some(number) => numbers.entry(number).or_insert(name).clone(),
                };
                if own.insert(name.clone(), value.json).is_some() {
                    let line = self.text.get(..at).unwrap_or_default().split('\n').count();
                    self.repeated.push((name, line));
                }
            }
        }
        let mut all = Map::new();
        for entries in merged {
            all.extend(entries);
        }
        all.extend(own);
        Ok(Node { json: Json::Object(all), size, levels: levels.saturating_add(1), merge: false })
    }

    /// A key as JSON writes it.
    fn key(&self, key: &Json) -> Result<String, OriginalError> {
        match key {
            Json::String(text) => Ok(text.clone()),
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(key.to_string()),
            Json::Array(_) | Json::Object(_) => {
                Err(self.error(ErrorClass::ConstructorError, "found unhashable key"))
            }
        }
    }

    fn scalar(&mut self, text: &str, plain: bool, tag: Option<&Tag>) -> Result<Node, OriginalError> {
        let json = match tag {
            // `!` alone means that nothing is resolved.
            Some(tag) if tag.handle() == "!" && tag.suffix().is_empty() => Json::from(text),
            Some(tag) => match core_suffix(tag) {
                Some("str" | "binary") => Json::from(text),
                Some("timestamp") => {
                    self.dated = true;
                    Json::from(text)
                }
                Some("null") => Json::Null,
                Some("bool") => boolean(text).ok_or_else(|| self.bad_tag(tag))?,
                Some("int") => integer(text).ok_or_else(|| self.bad_tag(tag))?,
                Some("float") => decimal(text)
                    .or_else(|| text.replace('_', "").parse().ok().map(number))
                    .ok_or_else(|| self.bad_tag(tag))?,
                _ => return Err(self.bad_tag(tag)),
            },
            None if !plain => Json::from(text),
            None if text == "<<" => return Ok(Node { merge: true, ..Node::of(Json::from(text)) }),
            // The sign has a meaning of its own, which only a key loses.
            None if text == "=" => {
                return Err(self.no_meaning("value"));
            }
            None if date::is_date(text) => {
                self.dated = true;
                date::check(text)?;
                Json::from(text)
            }
            None => resolve(text),
        };
        Ok(Node::of(json))
    }

    fn collection_tag(&self, tag: Option<&Tag>, known: &[&str]) -> Result<(), OriginalError> {
        match tag {
            None => Ok(()),
            Some(tag) if core_suffix(tag).is_some_and(|suffix| known.contains(&suffix)) => Ok(()),
            Some(tag) if tag.handle() == "!" && tag.suffix().is_empty() => Ok(()),
            Some(tag) => Err(self.bad_tag(tag)),
        }
    }

    fn bad_tag(&self, tag: &Tag) -> OriginalError {
        let message = format!("could not determine a constructor for the tag '{}'", tag.original());
        self.error(ErrorClass::ConstructorError, &message)
    }

    /// What is only meant for keys, elsewhere.
    fn no_meaning(&self, suffix: &str) -> OriginalError {
        let message = format!("could not determine a constructor for the tag 'tag:yaml.org,2002:{suffix}'");
        self.error(ErrorClass::ConstructorError, &message)
    }

    fn not_mergeable(&self) -> OriginalError {
        let message = "expected a mapping or list of mappings for merging";
        self.error(ErrorClass::ConstructorError, message)
    }

    fn error(&self, class: ErrorClass, message: &str) -> OriginalError {
        OriginalError::new(class, format!("{message}\n  in \"{}\"", self.name))
    }

    fn scan_error(&self, error: &ScanError) -> OriginalError {
        let marker = error.marker();
        let place = format!("line {}, column {}", marker.line(), marker.col().saturating_add(1));
        let class = match error.kind() {
            ErrorKind::UnknownAnchor | ErrorKind::MultipleDocumentsUnsupported => ErrorClass::ComposerError,
            ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::UnexpectedEofBlockSequence
            | ErrorKind::UnexpectedEofBlockMapping
            | ErrorKind::UnexpectedEof
            | ErrorKind::ExpectedDocumentStart
            | ErrorKind::ExpectedNodeContent
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::UndeclaredTagHandle
            | ErrorKind::DuplicateTagDirective
            | ErrorKind::DuplicateVersionDirective
            | ErrorKind::UnsupportedYamlMajorVersion
            | ErrorKind::MisplacedFlowCollectionEnd
            | ErrorKind::MismatchedFlowCollectionEnd { .. }
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::InvalidIndentation
            | ErrorKind::RecursionLimitExceeded => ErrorClass::ParserError,
            _ => ErrorClass::ScannerError,
        };
        OriginalError::new(class, format!("{}\n  in \"{}\", {place}", error.kind(), self.name))
    }
}

/// The bits of the number that a key is to Python, which counts `true` as 1.
fn numeric(key: &Json) -> Option<u64> {
    let number = match key {
        Json::Bool(value) => f64::from(u8::from(*value)),
        Json::Number(value) => value.as_f64()?,
        Json::Null | Json::String(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    // Zero has a sign, which does not count.
    Some((number + 0.0).to_bits())
}

fn core_suffix(tag: &Tag) -> Option<&str> {
    match tag.handle() {
        "tag:yaml.org,2002:" | "!!" => Some(tag.suffix()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
