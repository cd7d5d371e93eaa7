//! `docs/checks.md` is the table of checks. `UPDATE_DOCS=1` writes it.
#![allow(clippy::expect_used)]

use std::path::Path;

#[test]
fn the_reference_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    let expected = flowform::flow::check::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &expected).expect("docs/checks.md can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "docs/checks.md is out of date: run UPDATE_DOCS=1 cargo test checks_reference"
    );
}
