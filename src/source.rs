//! Source texts and places in them. It holds text and counts lines; it reads no file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A byte range of one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Files are limited to far less than 4 GiB when they are loaded, so the casts lose nothing.
        Self { file, start: start as u32, end: end as u32 }
    }

    /// The smallest range that holds both; they are of one file.
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A place as people count: from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// One source text with the name it is shown under.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as shown to the user, relative to the configuration directory.
    pub name: String,
    /// The whole text, without a byte-order mark.
    pub text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[u32]>,
}

/// All source texts of one configuration, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a text and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(self.files.len() as u32);
        let text: Arc<str> = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(index, _)| index as u32 + 1)).collect();
        self.files.push(SourceFile { name: name.into(), text, lines });
        id
    }

    /// The file of an id that this map gave out.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Every file with its id.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }

    /// The text of a range; empty when the range is not of this map.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// Where byte `offset` of `file` is.
    pub fn line_column(&self, file: FileId, offset: u32) -> LineColumn {
        let Some(file) = self.file(file) else { return LineColumn { line: 1, column: 1 } };
        let mut offset = (offset as usize).min(file.text.len());
        while !file.text.is_char_boundary(offset) {
            offset -= 1;
        }
        // The first line begins at 0, so at least one does not begin later.
        let line = file.lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = file.lines.get(line - 1).copied().unwrap_or(0) as usize;
        let column = file.text.get(start..offset).unwrap_or_default().chars().count();
        LineColumn { line: line as u32, column: column as u32 + 1 }
    }
}
