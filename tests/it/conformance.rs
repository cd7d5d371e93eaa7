//! The runner of recorded cases (`examples/conformance.rs`), over all of them.

use std::path::Path;

#[path = "../../examples/conformance.rs"]
#[allow(dead_code, reason = "only the example has use for its `main`")]
mod runner;

#[test]
fn every_recorded_case_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let entries = [folder.clone(), folder.join("extra")]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("the recorded cases are in the repository"));
    let mut files: Vec<String> = entries
        .map(|entry| entry.expect("an entry can be read").path().display().to_string())
        .filter(|path| path.ends_with(".jsonl"))
        .collect();
    files.sort();
    let mut out = Vec::new();
    let passed = runner::run(&files, &mut out).expect("the files can be read");
    let out = String::from_utf8(out).expect("the report is text");
    assert!(passed, "{out}");
    assert!(out.ends_with(" passed, 0 failed\n"), "{out}");
}

#[test]
fn what_differs_is_told_in_one_line_and_what_is_no_case_fails() {
    let folder = tempfile::tempdir().expect("a directory can be made");
    let file = folder.path().join("cases.jsonl");
    let cases = [
        r#"{"id": "a-1", "input": {"kind": "labels", "agent_labels": [], "run_labels": []}, "expected": {"matches": true}}"#,
        r#"{"id": "a-2", "input": {"kind": "labels", "agent_labels": ["x"], "run_labels": []}, "expected": {"matches": true, "a": 1}}"#,
        r#"{"id": "a-3", "input": {"kind": "ecs", "box": true}, "expected": {}}"#,
        "",
        "no case",
    ];
    std::fs::write(&file, cases.join("\n")).expect("a file can be written");
    let name = file.display().to_string();
    let mut out = Vec::new();
    let passed = runner::run(std::slice::from_ref(&name), &mut out).expect("the file can be read");
    assert!(!passed);
    let out = String::from_utf8(out).expect("the report is text").replace(&name, "FILE");
    assert_eq!(
        out,
        "a-2 a: expected 1, got nothing (and at 1 more places)\n\
         FILE:5: expected ident at line 1 column 2\n\
         FILE: 1 skipped\n\
         1 passed, 2 failed\n"
    );
}
