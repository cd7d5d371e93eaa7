//! Reads the recorded behaviour of the original (`tests/vectors`). For tests only.

#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value as Json;

use super::original::{ErrorClass, OriginalError};

/// What stands for the recorder's working directory.
pub(crate) const FILES: &str = "/files";
/// What stands for its home directory.
pub(crate) const HOME: &str = "/home/recorder";

/// One recorded case.
pub(crate) struct Case {
    /// Its name, for messages.
    pub(crate) id: String,
    /// What was given.
    pub(crate) input: Json,
    /// What came out.
    pub(crate) expected: Json,
}

/// All cases of a file.
pub(crate) fn load(file: &str) -> Vec<Case> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the recorded cases are in the repository");
    text.lines()
        .map(|line| {
            let line = line.replace("{{files}}", FILES).replace("{{home}}", HOME);
            let case: Json = serde_json::from_str(&line).expect("each line is JSON");
            Case {
                id: format!("{} ({})", case["id"].as_str().unwrap(), case["note"].as_str().unwrap()),
                input: case["input"].clone(),
                expected: case["expected"].clone(),
            }
        })
        .collect()
}

/// Compares by class, as the recorded cases ask, and by message, because ours are the same - but for what a YAML parser
/// says of a text that does not read.
pub(crate) fn assert_error(case: &Case, expected: &Json, error: &OriginalError) {
    assert_eq!(expected["class"], error.class.name(), "{}: {error}", case.id);
    let of_the_parser = matches!(error.class, ErrorClass::ScannerError | ErrorClass::ParserError);
    if !of_the_parser {
        assert_eq!(expected["message"], error.message.as_str(), "{}", case.id);
    }
}
