//! A view as one compressed document, and when a new one is worth its bytes. Pure.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::event::FORMAT;
use super::view::View;

/// A tail of the log that is shorter than this is never worth a snapshot for its bytes.
const MIN_TAIL_BYTES: u64 = 1 << 20;

/// A tail of this many segments is worth a snapshot whatever its bytes: each is a read.
const MAX_TAIL_SEGMENTS: u64 = 64;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    view: &'a View,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

#[derive(Deserialize)]
struct Document {
    format: u32,
    view: View,
}

/// Why a snapshot cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// A newer flowform wrote it.
    Newer(u32),
    /// It is damaged, in these words.
    Damaged(String),
}

/// The document of a view, and how many bytes it has before compression.
pub fn encode(view: &View) -> Result<(Vec<u8>, u64), String> {
    let text = serde_json::to_vec(&Written { format: FORMAT, view }).map_err(|error| error.to_string())?;
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    let bytes =
        encoder.write_all(&text).and_then(|()| encoder.finish()).map_err(|error| error.to_string())?;
    Ok((bytes, text.len() as u64))
}

/// The view of a document, and how many bytes the document has before compression.
pub fn decode(bytes: &[u8]) -> Result<(View, u64), Unusable> {
    let damaged = |reason: &dyn ToString| Unusable::Damaged(reason.to_string());
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text).map_err(|error| damaged(&error))?;
    match serde_json::from_slice::<Document>(&text) {
        Ok(Document { format, .. }) if format > FORMAT => Err(Unusable::Newer(format)),
        Ok(Document { view, .. }) => Ok((view, text.len() as u64)),
        Err(error) => match serde_json::from_slice::<Header>(&text) {
            Ok(Header { format }) if format > FORMAT => Err(Unusable::Newer(format)),
            Ok(_) | Err(_) => Err(damaged(&error)),
        },
    }
}

/// The log since the newest snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The bytes of the newest snapshot before compression; 0 where there is none.
    pub snapshot_bytes: u64,
    /// The bytes of the segments after it.
    pub bytes: u64,
    /// The number of segments after it.
    pub segments: u64,
}

impl Tail {
    /// Whether a reader is better off with a new snapshot. The cost stays linear in what is recorded: a snapshot
    /// is written only after half its size was appended.
    pub fn wants_snapshot(&self) -> bool {
        self.segments >= MAX_TAIL_SEGMENTS || self.bytes > (self.snapshot_bytes / 2).max(MIN_TAIL_BYTES)
    }
}
