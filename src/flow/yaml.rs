//! YAML as the original reads it (PyYAML's safe loader, which is YAML 1.1): `yes` is true, `017` is 15, `12:30` is 750,
//! `1e3` is a text. Dates stay texts as written, because JSON has none. It reads no file.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value as Json};

use super::original::{ErrorClass, OriginalError};

/// The most levels that collections may be nested in each other.
const MAX_DEPTH: usize = 64;
/// The most values that a document may grow to when its aliases are resolved.
const MAX_NODES: usize = 100_000;

/// The one document of `text`; an empty text is null. Of a key that is given twice the last value counts.
///
/// # Errors
/// `ScannerError`, `ParserError`, `ComposerError` or `ConstructorError`, with the place in `name`.
pub fn load(text: &str, name: &str) -> Result<Json, OriginalError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        anchors: BTreeMap::new(),
        nodes: 0,
        name,
    };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(document.map_or(Json::Null, Node::into_json)),
            Event::DocumentStart(..) if document.is_some() => {
                return Err(reader.error(
                    ErrorClass::ComposerError,
                    "expected a single document in the stream but found another document",
                ));
            }
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => document = Some(reader.node(event, 0)?),
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
    name: &'a str,
}

impl<'a> Reader<'a> {
    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Event<'a>, OriginalError> {
        loop {
            match self.parser.next_event() {
                None => return Ok(Event::StreamEnd),
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => return Err(self.scan_error(&error)),
            }
        }
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
        let (mut size, mut levels) = (1_usize, 0_usize);
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.node(event, depth.saturating_add(1))?,
            };
            let event = self.next()?;
            let value = self.node(event, depth.saturating_add(1))?;
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
                own.insert(self.key(&key.json)?, value.json);
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

    fn scalar(&self, text: &str, plain: bool, tag: Option<&Tag>) -> Result<Node, OriginalError> {
        let json = match tag {
            // `!` alone means that nothing is resolved.
            Some(tag) if tag.handle() == "!" && tag.suffix().is_empty() => Json::from(text),
            Some(tag) => match core_suffix(tag) {
                Some("str" | "binary" | "timestamp") => Json::from(text),
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

fn core_suffix(tag: &Tag) -> Option<&str> {
    match tag.handle() {
        "tag:yaml.org,2002:" | "!!" => Some(tag.suffix()),
        _ => None,
    }
}

/// What a plain scalar is.
fn resolve(text: &str) -> Json {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Json::Null;
    }
    if is_boolean(text)
        && let Some(value) = boolean(text)
    {
        return value;
    }
    decimal(text).or_else(|| integer(text)).unwrap_or_else(|| Json::from(text))
}

/// The three ways of writing each word that YAML 1.1 resolves.
fn is_boolean(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let capital = |lower: &str| {
        let mut chars = lower.chars();
        chars.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
    };
    text == lower
        || text == text.to_ascii_uppercase()
        || capital(&lower).is_some_and(|capital| text == capital)
}

fn boolean(text: &str) -> Option<Json> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true.into()),
        "no" | "false" | "off" => Some(false.into()),
        _ => None,
    }
}

/// `10`, `-1_000`, `0b11`, `017`, `0xff`, `12:30`.
fn integer(text: &str) -> Option<Json> {
    let (negative, digits) = signed(text);
    let all = |text: &str, allowed: fn(char) -> bool| {
        !text.is_empty() && text.chars().all(|c| c == '_' || allowed(c))
    };
    let clean = |text: &str| text.replace('_', "");
    let magnitude: i128 = if digits == "0" {
        0
    } else if let Some(rest) = digits.strip_prefix("0b").filter(|rest| all(rest, |c| matches!(c, '0' | '1')))
    {
        i128::from_str_radix(&clean(rest), 2).ok()?
    } else if let Some(rest) = digits.strip_prefix("0x").filter(|rest| all(rest, |c| c.is_ascii_hexdigit())) {
        i128::from_str_radix(&clean(rest), 16).ok()?
    } else if digits.starts_with('0') && all(digits, |c| ('0'..='7').contains(&c)) {
        i128::from_str_radix(&clean(digits), 8).ok()?
    } else if digits.starts_with(|c: char| ('1'..='9').contains(&c)) {
        match digits.split_once(':') {
            None if all(digits, |c| c.is_ascii_digit()) => {
                let digits = clean(digits);
                match digits.parse() {
                    Ok(value) => value,
                    // Beyond what JSON holds exactly.
                    Err(_) => {
                        return digits
                            .parse()
                            .ok()
                            .map(|value: f64| number(if negative { -value } else { value }));
                    }
                }
            }
            None => return None,
            Some((first, rest)) if all(first, |c| c.is_ascii_digit()) => {
                let mut value: i128 = clean(first).parse().ok()?;
                for part in rest.split(':') {
                    value = value.checked_mul(60)?.checked_add(sixtieth(part)?.into())?;
                }
                value
            }
            Some(_) => return None,
        }
    } else {
        return None;
    };
    let value = if negative { magnitude.checked_neg()? } else { magnitude };
    let exact = i64::try_from(value).map(Json::from).or_else(|_| u64::try_from(value).map(Json::from));
    #[expect(clippy::cast_precision_loss, reason = "JSON holds no larger integers exactly")]
    Some(exact.unwrap_or_else(|_| number(value as f64)))
}

/// `1.5`, `1.`, `.5`, `1.5e+3`, `1:30.5`, `.inf`; an exponent needs its sign.
fn decimal(text: &str) -> Option<Json> {
    let (negative, digits) = signed(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        // JSON has no such numbers.
        return Some(Json::from(text));
    }
    let whole_digits = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '_')
    };
    let (before, after) = digits.split_once('.')?;
    let (fraction, exponent) = match after.find(['e', 'E']) {
        None => (after, None),
        Some(at) => {
            let exponent = after.get(at.checked_add(1)?..)?;
            let unsigned = exponent.strip_prefix(['-', '+'])?;
            if unsigned.is_empty() || !unsigned.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            (after.get(..at)?, Some(exponent))
        }
    };
    if !fraction.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let clean = |text: &str| text.replace('_', "");
    let magnitude: f64 = match before.split_once(':') {
        Some((first, rest)) if exponent.is_none() && whole_digits(first) => {
            let mut value: f64 = clean(first).parse().ok()?;
            let parts: Vec<&str> = rest.split(':').collect();
            let (last, middle) = parts.split_last()?;
            for part in middle {
                value = value * 60.0 + f64::from(sixtieth(part)?);
            }
            sixtieth(last)?;
            value * 60.0 + format!("{last}.{}0", clean(fraction)).parse::<f64>().ok()?
        }
        Some(_) => return None,
        None if before.is_empty() => {
            // Without a digit before the dot no sign is allowed, and a digit must follow.
            if digits.len() != text.len() || !fraction.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            format!("0.{}e{}", clean(fraction), exponent.unwrap_or("0")).parse().ok()?
        }
        None if whole_digits(before) => {
            format!("{}.{}0e{}", clean(before), clean(fraction), exponent.unwrap_or("0")).parse().ok()?
        }
        None => return None,
    };
    Some(number(if negative { -magnitude } else { magnitude }))
}

/// A part of a sexagesimal number: up to two digits, below 60.
fn sixtieth(part: &str) -> Option<u8> {
    let digits = matches!(part.len(), 1 | 2) && part.chars().all(|c| c.is_ascii_digit());
    part.parse().ok().filter(|value| digits && *value < 60)
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn number(value: f64) -> Json {
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests;
