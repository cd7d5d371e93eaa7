//! Recorded behaviour of the original, run again through this library: one case in, what differs out. It knows no case:
//! everything that is compared is made by the code that makes it for users.

mod cases;
mod compare;

use serde_json::Value as Json;

pub use compare::{Difference, differences};

/// What stands for the recorder's working directory.
pub const FILES: &str = "/files";
/// What stands for the recorder's home directory.
pub const HOME: &str = "/home/recorder";

/// One recorded case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub note: String,
    /// What was given.
    pub input: Json,
    /// What came out.
    pub expected: Json,
}

/// What a case came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing differs.
    Passed,
    /// What differs.
    Failed(Vec<Difference>),
    /// It is not run, and why.
    Skipped(&'static str),
}

impl Case {
    /// Reads a line of a file of cases. The recorder's directories are put in for `{{files}}` and `{{home}}`.
    ///
    /// # Errors
    /// What is wrong with a line that is no case.
    pub fn read(line: &str) -> Result<Self, String> {
        let line = line.replace("{{files}}", FILES).replace("{{home}}", HOME);
        let case: Json = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let text = |name: &str| case.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        match (case.get("input"), case.get("expected")) {
            (Some(input), Some(expected)) => Ok(Self {
                id: text("id"),
                note: text("note"),
                input: input.clone(),
                expected: expected.clone(),
            }),
            _ => Err("a case has `input` and `expected`".to_owned()),
        }
    }

    /// Runs the case and compares. Environment variables are compared as maps, labels as sets, numbers by value, errors by class.
    pub fn check(&self) -> Verdict {
        if self.input.get("box") == Some(&Json::Bool(true)) {
            return Verdict::Skipped(
                "a known defect of the original is recorded, and what was meant is built",
            );
        }
        match cases::run(&self.input) {
            Err(reason) => Verdict::Skipped(reason),
            Ok(got) => {
                let found = differences(&self.expected, &got);
                if found.is_empty() { Verdict::Passed } else { Verdict::Failed(found) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
