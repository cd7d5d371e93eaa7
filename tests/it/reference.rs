//! The pages that are made from the tables of arguments are up to date, and their examples are valid.
//! `UPDATE_DOCS=1` writes the pages.

use std::path::Path;

use flowform::reference::pages;

use crate::support::Project;

#[test]
fn the_pages_of_kinds_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = Vec::new();
    for page in pages() {
        let file = root.join(&page.path);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &page.text).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != page.text {
            stale.push(page.path);
        }
    }
    assert!(stale.is_empty(), "out of date, run UPDATE_DOCS=1 cargo nextest run reference: {stale:?}");
}

#[test]
fn the_examples_of_the_pages_are_valid() {
    let mut checked = 0;
    for page in pages() {
        for example in page.text.split("```hcl\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let run = Project::new(example).run("validate");
            assert_eq!(run.code, Some(0), "{}: {}", page.path, run.stderr);
            checked += 1;
        }
    }
    assert!(checked >= 8, "every kind has an example");
}
