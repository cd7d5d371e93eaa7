//! Runs recorded behaviour of the original through this library and tells what differs:
//! `cargo run -q --release --example conformance -- FILE.jsonl...`
//!
//! One line for each case that differs (id, path, what was recorded, what is made), one for each file with skipped cases, and at the
//! end how many passed and failed.

#![allow(
    clippy::disallowed_methods,
    reason = "an example is its own edge: it reads its arguments and its files"
)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, fs};

use flowform::conformance::{Case, Verdict};

fn main() -> io::Result<ExitCode> {
    let files: Vec<String> = env::args().skip(1).collect();
    let passed = run(&files, &mut io::stdout().lock())?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the cases of `files`; whether none failed.
pub(crate) fn run(files: &[String], out: &mut dyn Write) -> io::Result<bool> {
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for file in files {
        let mut skipped = 0_usize;
        for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let verdict = Case::read(line).map(|case| (case.check(), case.id));
            match verdict {
                Ok((Verdict::Passed, _)) => passed += 1,
                Ok((Verdict::Skipped(_), _)) => skipped += 1,
                Ok((Verdict::Failed(differences), id)) => {
                    failed += 1;
                    if let Some((first, others)) = differences.split_first() {
                        let more = match others.len() {
                            0 => String::new(),
                            more => format!(" (and at {more} more places)"),
                        };
                        writeln!(out, "{id} {first}{more}")?;
                    }
                }
                Err(error) => {
                    failed += 1;
                    writeln!(out, "{file}:{}: {error}", number + 1)?;
                }
            }
        }
        if skipped > 0 {
            writeln!(out, "{file}: {skipped} skipped")?;
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(failed == 0)
}
