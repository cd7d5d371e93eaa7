//! `docs/cli.md` is what the program says of itself. `UPDATE_DOCS=1` writes it.
#![allow(clippy::expect_used)]

use std::path::Path;

use clap::CommandFactory;
use flowform::cli::args::Cli;
use flowform::cli::reference;

#[test]
fn the_reference_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let expected = reference::markdown(&Cli::command());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &expected).expect("docs/cli.md can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "docs/cli.md is out of date: run UPDATE_DOCS=1 cargo test cli_reference");
}
