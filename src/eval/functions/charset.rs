//! Texts in other encodings, and tables in texts. It guesses no encoding: what a byte means is said by the caller.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::call::{Call, Fault, Outcome, check_members, check_text, fault, fault_at, list};
use crate::value::{Kind, Value};

/// An encoding by its IANA name.
enum Charset {
    Utf16 {
        big: bool,
        mark: bool,
    },
    /// The first 128 or 256 characters, one byte each.
    Direct(u32),
    Other(&'static Encoding),
}

pub(super) fn textencodebase64(call: &Call<'_>) -> Outcome {
    let (text, charset) = (call.text(0)?, charset(call)?);
    let lost = || fault_at(0, "the text has a character that this encoding does not have");
    let bytes = match charset {
        Charset::Utf16 { big, mark } => {
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        }
        Charset::Direct(limit) => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok().filter(|byte| u32::from(*byte) < limit).ok_or_else(lost))
            .collect::<Result<Vec<u8>, _>>()?,
        Charset::Other(encoding) => match encoding.encode(text) {
            (bytes, _, false) => bytes.into_owned(),
            (_, _, true) => return Err(lost()),
        },
    };
    check_text(bytes.len())?;
    Ok(Value::string(STANDARD.encode(bytes)))
}

pub(super) fn textdecodebase64(call: &Call<'_>) -> Outcome {
    let bytes = STANDARD
        .decode(call.text(0)?)
        .map_err(|error| fault_at(0, "the text is not valid base64").detail(error.to_string()))?;
    let text = match charset(call)? {
        Charset::Utf16 { big, mark } => utf16(&bytes, big, mark),
        Charset::Direct(limit) => bytes
            .iter()
            .map(|byte| char::from_u32(u32::from(*byte)).filter(|_| u32::from(*byte) < limit))
            .collect(),
        Charset::Other(encoding) => {
            encoding.decode_without_bom_handling_and_without_replacement(&bytes).map(Cow::into_owned)
        }
    };
    text.map(Value::string).ok_or_else(|| fault_at(0, "the bytes are not a text in this encoding"))
}

fn charset(call: &Call<'_>) -> Result<Charset, Fault> {
    let name = call.text(1)?;
    Ok(match name.to_ascii_uppercase().as_str() {
        "UTF-16" => Charset::Utf16 { big: true, mark: true },
        "UTF-16BE" => Charset::Utf16 { big: true, mark: false },
        "UTF-16LE" => Charset::Utf16 { big: false, mark: false },
        "US-ASCII" | "ASCII" => Charset::Direct(128),
        "ISO-8859-1" | "LATIN1" | "L1" | "ISO_8859-1" => Charset::Direct(256),
        // A name of the Web, which the register of names does not have.
        "UTF8" => return Err(unknown(name)),
        _ => {
            Charset::Other(Encoding::for_label_no_replacement(name.as_bytes()).ok_or_else(|| unknown(name))?)
        }
    })
}

fn unknown(name: &str) -> Fault {
    fault_at(1, "the IANA name of an encoding is required, such as \"UTF-8\" or \"windows-1252\"")
        .detail(format!("{name:?} is none that is known"))
}

fn utf16(bytes: &[u8], big: bool, mark: bool) -> Option<String> {
    let mut units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| match (pair, big) {
            ([a, b], true) => Some(u16::from_be_bytes([*a, *b])),
            ([a, b], false) => Some(u16::from_le_bytes([*a, *b])),
            _ => None,
        })
        .collect::<Option<_>>()?;
    if mark {
        match units.first() {
            Some(0xfeff) => drop(units.remove(0)),
            Some(0xfffe) => units = units.into_iter().skip(1).map(u16::swap_bytes).collect(),
            _ => {}
        }
    }
    String::from_utf16(&units).ok()
}

pub(super) fn base64gzip(call: &Call<'_>) -> Outcome {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(call.text(0)?.as_bytes()).and_then(|()| encoder.finish());
    let bytes = written.map_err(|error| fault(format!("the text cannot be compressed: {error}")))?;
    Ok(Value::string(STANDARD.encode(bytes)))
}

pub(super) fn csvdecode(call: &Call<'_>) -> Outcome {
    let text = call.text(0)?;
    check_quotes(text)?;
    // The library drops one byte-order mark, and the reference none.
    let text = if text.starts_with('\u{feff}') {
        Cow::Owned(format!("\u{feff}{text}"))
    } else {
        Cow::Borrowed(text)
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut header: Option<Vec<Arc<str>>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                fault_at(0, format!("line {line} has {len} fields, and the first has {expected_len}"))
            }
            _ => fault_at(0, "the text is not valid CSV"),
        })?;
        // Line ends inside a field are those of the reference.
        let fields = record.iter().map(|field| Arc::from(field.replace("\r\n", "\n")));
        match &header {
            None => {
                let names: Vec<Arc<str>> = fields.collect();
                let mut seen = std::collections::BTreeSet::new();
                if let Some(twice) = names.iter().find(|name| !seen.insert(Arc::clone(name))) {
                    return Err(fault_at(0, "two columns have the same name").detail(format!("{twice:?}")));
                }
                header = Some(names);
            }
            Some(names) => {
                check_members(names.len().saturating_mul(rows.len() + 1))?;
                let row: BTreeMap<Arc<str>, Value> =
                    names.iter().cloned().zip(fields.map(Value::string)).collect();
                rows.push(Value::from(Kind::Object(Arc::new(row))));
            }
        }
    }
    match header {
        Some(_) => Ok(list(rows)),
        None => Err(fault_at(0, "the text has no line with the names of the columns")),
    }
}

/// Refuses quotes in the wrong places, of which the library would make something.
fn check_quotes(text: &str) -> Result<(), Fault> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Bare,
        Quoted,
        Closed,
    }
    let (mut at, mut line) = (At::Start, 1);
    for c in text.chars() {
        line += usize::from(c == '\n');
        at = match (at, c) {
            (At::Quoted, '"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, ',' | '\n') => At::Start,
            (At::Closed, '"') => At::Quoted,
            (At::Closed, '\r') => At::Closed,
            (At::Start, '"') => At::Quoted,
            (At::Bare, '"') | (At::Closed, _) => {
                return Err(fault_at(
                    0,
                    format!("line {line} has a quote inside a field that is not closed rightly"),
                ));
            }
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    match at {
        At::Quoted => Err(fault_at(0, "the text ends within a quoted field")),
        At::Start | At::Bare | At::Closed => Ok(()),
    }
}
