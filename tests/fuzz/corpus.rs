//! Where inputs come from: the texts of the repository, and what becomes of them. The same seed gives the same inputs as
//! long as the target says the same.

use std::path::Path;

/// Longer texts are cut, so that many are tried.
const LONGEST: usize = 4_096;

/// A generator of numbers (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// What is inserted.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "${",
    "%{",
    "~}",
    "$${",
    "%%{",
    "\\",
    "\\u00e9",
    "\\ud83d",
    "<<EOT\n",
    "<<-EOT\n",
    "\nEOT\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "=",
    "=>",
    "==",
    "!=",
    "<=",
    ">=",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "?",
    ":",
    "::",
    ",",
    ".",
    "...",
    ".*",
    "[*]",
    "#",
    "//",
    "/*",
    "*/",
    "'",
    "0",
    "1e999",
    "-1",
    "0.1",
    "99999999999999999999",
    "null",
    "true",
    "for x in ",
    "if ",
    "else",
    "endif",
    "endfor",
    "in ",
    "var.x",
    "local.a",
    "each.key",
    "flow.x",
    "upper(",
    "range(",
    "format(\"%",
    "join(\",\", ",
    "regex(\"",
    "jsondecode(\"",
    "setproduct(",
    "cidrsubnet(",
    "formatdate(",
    "try(",
    "é",
    "日本",
    "\u{301}",
    "\u{feff}",
    "\u{0}",
    "👩‍👩‍👧",
    "\"//\": ",
    "\"flow\": {",
    "\"${",
    "}\"",
    "\"dynamic\": {",
    "type = \"list\"",
    "variable \"x\" {\n",
    "dynamic \"schedule\" {\n",
    "locals {\n  a = ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "!!set ",
    "!",
    "|\n  ",
    ">-\n  ",
    "---\n",
    "...\n",
    "12:30",
    "0x",
    "_",
    ".inf",
    "Gi",
    "E",
    "e-9",
    "m",
    " vcpu",
    "GB",
    "s3://",
];

/// Amounts of every notation, and places.
const AMOUNTS: &[&str] = &[
    "500m",
    "2Gi",
    "1e3",
    "-.5E",
    "+1.",
    "9223372036854775807",
    "1e-9n",
    "3600s",
    "-1.000000001s",
    "315576000000s",
    "512",
    "0.5 vcpu",
    "2 GB",
    "1.5g",
    "64kb",
    "s3://bucket/key.yaml",
    "agent:///srv/job.yaml",
    "https://u@[::1]:80/a;b?c#d",
];

pub(crate) struct Corpus {
    texts: Vec<String>,
}

impl Corpus {
    /// What suits the target: the configurations of the repository; those in JSON syntax, and some of the others in it,
    /// for `json`; documents of backends beside them for `yaml`; amounts for `quantity`.
    pub(crate) fn new(target: &str) -> Self {
        if target == "quantity" {
            return Self { texts: AMOUNTS.iter().map(|text| (*text).to_owned()).collect() };
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = Vec::new();
        let mut waiting =
            vec![root.join("examples"), root.join("src"), root.join("tests"), root.join("docs")];
        while let Some(directory) = waiting.pop() {
            let mut entries: Vec<_> = std::fs::read_dir(directory)
                .into_iter()
                .flatten()
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .collect();
            entries.sort();
            for path in entries {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() && name != "found" && name != "vectors" && name != "python" {
                    waiting.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path)
                    && text.len() < 1_000_000
                {
                    match name.rsplit('.').next() {
                        Some("hcl" | "hclvars") => texts.push(text),
                        Some("txt") => texts.extend(text.split("\n====").map(str::to_owned)),
                        Some("yaml" | "yml" | "json") if target == "yaml" => texts.push(text),
                        Some("md") => texts.extend(blocks(&text)),
                        _ => {}
                    }
                }
            }
        }
        if target == "json" {
            texts = texts.iter().flat_map(|text| in_json(text)).collect();
            texts.push(include_str!("example.hcl.json").to_owned());
        }
        texts.retain(|text| !text.trim().is_empty());
        texts.sort();
        texts.dedup();
        for text in &mut texts {
            cut(text);
        }
        Self { texts }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn text(&self, index: usize) -> &str {
        &self.texts[index]
    }

    pub(crate) fn add(&mut self, text: String) {
        self.texts.push(text);
    }

    /// A text, changed in some places.
    pub(crate) fn mangled(&self, random: &mut Random) -> String {
        // Half of the time one of the newest, which made the target say something new.
        let newest = self.len().saturating_sub(200);
        let index = match random.below(2) {
            0 => random.below(self.len()),
            _ => newest + random.below(self.len() - newest),
        };
        let mut text = self.texts[index].clone();
        for _ in 0..=random.below(5) {
            self.mangle(&mut text, random);
        }
        cut(&mut text);
        text
    }

    fn mangle(&self, text: &mut String, random: &mut Random) {
        let from = place(text, random.below(text.len() + 1));
        let length = match random.below(3) {
            0 => random.below(4),
            1 => random.below(40),
            _ => random.below(400),
        };
        let to = place(text, (from + length).min(text.len()));
        match random.below(8) {
            0 => text.replace_range(from..to, ""),
            1..=3 => text.insert_str(from, PIECES[random.below(PIECES.len())]),
            4 => text.replace_range(from..to, PIECES[random.below(PIECES.len())]),
            5 => {
                let again = text[from..to].repeat(1 + random.below(8));
                text.insert_str(from, &again);
            }
            6 => {
                let other = &self.texts[random.below(self.len())];
                let start = place(other, random.below(other.len() + 1));
                let end = place(other, (start + length).min(other.len()));
                text.insert_str(from, &other[start..end]);
            }
            _ => {
                // Deep nesting.
                let piece = PIECES[random.below(PIECES.len())];
                text.insert_str(from, &piece.repeat(1 + random.below(120)));
            }
        }
    }
}

/// The boundary of characters at or before `at`.
fn place(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn cut(text: &mut String) {
    let end = place(text, LONGEST);
    text.truncate(end);
}

/// The code blocks of a document.
fn blocks(text: &str) -> Vec<String> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| Some(block.split_once('\n')?.1.to_owned()))
        .collect()
}

/// Lines of the native syntax as strings and values of JSON.
fn in_json(text: &str) -> Option<String> {
    let mut object = serde_json::Map::new();
    for line in text.lines().take(30) {
        let (name, value) = line.split_once('=')?;
        object.insert(name.trim().to_owned(), format!("${{{}}}", value.trim()).into());
    }
    Some(serde_json::json!({ "locals": object, "flow": { "a": object } }).to_string())
}
