//! YAML texts to values, by the rules of the reference's decoder: plain scalars are read as YAML 1.1 does (`yes` is true),
//! but for numbers, which are those of the language. Infinities are refused, and so is what aliases would blow up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::call::{Call, MAX_MEMBERS, Outcome, fault_at};
use crate::value::{Kind, Number, Value, measure::measure};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// The prefix of the tags that YAML itself defines.
const CORE: &str = "tag:yaml.org,2002:";

pub(super) fn yamldecode(call: &Call<'_>) -> Outcome {
    let value = decode(call.text(0)?)
        .map_err(|reason| fault_at(0, "the text is not YAML that can be read").detail(reason))?;
    measure(&value).map_err(|reason| fault_at(0, format!("the value {reason}")))?;
    Ok(value)
}

fn decode(text: &str) -> Result<Value, String> {
    let mut reader =
        Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), deepest: 0, nodes: 0 };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => break,
            Event::DocumentStart(..) if document.is_some() => {
                return Err("it has several documents, and one is wanted".to_owned());
            }
            Event::DocumentStart(_, version) => {
                if version.is_some() {
                    return Err("a %YAML directive is not read".to_owned());
                }
                let event = reader.next()?;
                document = Some(reader.node(event, 0)?);
            }
            _ => {}
        }
    }
    document.ok_or_else(|| "it has no document".to_owned())
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    /// What each anchor stands for, and how deep it is; none while it is being read.
    anchors: HashMap<usize, Option<(Value, usize)>>,
    /// How deep what was read last is.
    deepest: usize,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        loop {
            match self.parser.next() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => return Err(error.to_string()),
                None => return Ok(Event::StreamEnd),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_MEMBERS {
            return Err(too_deep());
        }
        let outer = std::mem::replace(&mut self.deepest, depth);
        let value = self.read(event, depth);
        self.deepest = self.deepest.max(outer);
        value
    }

    fn read(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        match event {
            Event::Alias(id) => match self.anchors.get(&id) {
                // A chain of aliases would make a value that is deeper than the text.
                Some(Some((value, height))) if depth + height <= MAX_DEPTH => {
                    self.deepest = self.deepest.max(depth + height);
                    Ok(value.clone())
                }
                Some(Some(_)) => Err(too_deep()),
                Some(None) => Err("an alias refers to what it is a part of".to_owned()),
                None => Err("an alias refers to an anchor that is not there".to_owned()),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref())?;
                self.anchors.insert(anchor, Some((value.clone(), self.deepest - depth)));
                Ok(value)
            }
            Event::SequenceStart(_, anchor, tag) => {
                only(tag.as_deref(), "seq")?;
                self.anchors.insert(anchor, None);
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        Event::StreamEnd => return Err("it ends within a sequence".to_owned()),
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                let value = Value::tuple(items);
                self.anchors.insert(anchor, Some((value.clone(), self.deepest - depth)));
                Ok(value)
            }
            Event::MappingStart(_, anchor, tag) => {
                only(tag.as_deref(), "map")?;
                self.anchors.insert(anchor, None);
                let value = self.mapping(depth)?;
                self.anchors.insert(anchor, Some((value.clone(), self.deepest - depth)));
                Ok(value)
            }
            _ => Err("a value is missing".to_owned()),
        }
    }

    /// The entries up to the end. What `<<` merges in gives way to what is written.
    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let (mut own, mut merged): (BTreeMap<Arc<str>, Value>, BTreeMap<Arc<str>, Value>) =
            Default::default();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                Event::StreamEnd => return Err("it ends within a mapping".to_owned()),
                event => event,
            };
            if matches!(&key, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<") {
                let event = self.next()?;
                let value = self.node(event, depth + 1)?;
                let entries = value.as_entries().ok_or("`<<` merges a mapping alone")?;
                for (key, value) in entries {
                    merged.entry(Arc::clone(key)).or_insert_with(|| value.clone());
                }
                continue;
            }
            let key = self.node(key, depth + 1)?;
            let Kind::String(key) = key.kind else {
                return Err("a key that is not a string: put quotes around it".to_owned());
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            own.insert(key, value);
        }
        merged.extend(own);
        Ok(Kind::Object(Arc::new(merged)).into())
    }
}

fn too_deep() -> String {
    format!("it is nested more than {MAX_DEPTH} deep, or has too many parts")
}

fn core_tag(tag: &Tag) -> Option<&str> {
    (tag.handle() == CORE).then(|| tag.suffix())
}

fn unsupported(tag: &Tag) -> String {
    format!("the tag {}{} is not supported", tag.handle(), tag.suffix())
}

fn only(tag: Option<&Tag>, suffix: &str) -> Result<(), String> {
    match tag {
        Some(tag) if core_tag(tag) != Some(suffix) => Err(unsupported(tag)),
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let suffix = match tag {
        None => None,
        Some(tag) => Some(core_tag(tag).ok_or_else(|| unsupported(tag))?),
    };
    match suffix {
        Some("str" | "binary") => return Ok(Value::string(text)),
        None | Some("null" | "bool" | "int" | "float" | "timestamp") => {}
        Some(_) => return Err(tag.map(unsupported).unwrap_or_default()),
    }
    if !matches!(style, ScalarStyle::Plain) {
        return Ok(Value::string(text));
    }
    let value = plain(text)?;
    let fits = match (suffix, &value.kind) {
        (None, _) => true,
        (Some("null"), Kind::Null) | (Some("bool"), Kind::Bool(_)) => true,
        (Some("int"), Kind::Number(number)) => number.is_integer(),
        (Some("float"), Kind::Number(_)) | (Some("timestamp"), Kind::String(_)) => true,
        _ => false,
    };
    fits.then_some(value).ok_or_else(|| format!("{text:?} is not of the type that its tag says"))
}

/// A scalar without quotes.
fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::NULL),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Value::bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Value::bool(false));
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan"
        | ".NaN" | ".NAN" => return Err(format!("{text} is no number of the language")),
        _ => {}
    }
    let radix = [("0x", 16), ("0o", 8)].into_iter().find_map(|(prefix, radix)| {
        i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok().map(Number::written)
    });
    if let Some(number) = radix.or_else(|| Number::parse(text)) {
        return Ok(Kind::Number(number).into());
    }
    Ok(Value::string(super::time::yaml_timestamp(text).unwrap_or_else(|| text.to_owned())))
}
