#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::format;
use super::token::Kind;
use crate::diag::Diagnostics;
use crate::source::FileId;
use crate::syntax::ast::{Body, ExprKind, TemplatePart};
use crate::syntax::tests::{item, show_body};

/// One case of a file in tests/fmt, whose script `record` says how it is written.
struct Case {
    name: String,
    text: String,
    expected: String,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fmt");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = std::fs::read_to_string(&path).unwrap();
        let file = format!("\n{}", file.strip_suffix('\n').unwrap());
        for case in file.split("\n==== ").skip(1) {
            let (name, rest) = case.split_once('\n').unwrap();
            let rest = format!("\n{rest}\n");
            let (text, expected) =
                rest.split_once("\n----").unwrap_or_else(|| panic!("{name}: not recorded"));
            let text = format!("{text}\n");
            let (head, expected) = expected.split_once('\n').unwrap();
            let text = decode(text.strip_prefix('\n').unwrap());
            let expected = match head.trim() {
                "same" => text.clone(),
                _ => decode(expected),
            };
            cases.push(Case { name: name.to_owned(), text, expected });
        }
    }
    cases
}

fn decode(text: &str) -> String {
    text.replace("⟪END⟫\n", "")
        .replace("␠\n", " \n")
        .replace('␍', "\r")
        .replace('⇥', "\t")
        .replace("⟪BOM⟫", "\u{feff}")
}

fn formatted(text: &str) -> Result<String, String> {
    let mut diags = Diagnostics::new();
    format(FileId(0), text, &mut diags).ok_or_else(|| format!("{diags:?}"))
}

#[test]
fn recorded_cases() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let mut wrong = String::new();
    for case in cases {
        match formatted(&case.text) {
            Ok(found) if found == case.expected => {}
            Ok(found) => {
                writeln!(
                    wrong,
                    "---- {}\n{}---- expected\n{}---- found\n{found}",
                    case.name, case.text, case.expected
                )
                .unwrap();
            }
            Err(error) => writeln!(wrong, "---- {}\n{}---- refused: {error}", case.name, case.text).unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The tree of a text without places, `"${x}"` as `x` where it is a whole value.
fn meaning(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut diags = Diagnostics::new();
    let mut body = crate::syntax::parse(FileId(0), text, &mut diags);
    plain(&mut body);
    let mut out = String::new();
    show_body(&body, 0, &mut out);
    (!diags.has_errors()).then_some(out)
}

fn plain(body: &mut Body) {
    for attribute in &mut body.attributes {
        loop {
            let inner = match &mut attribute.expr.kind {
                ExprKind::Parenthesis(inner) => (**inner).clone(),
                ExprKind::Template(parts) => match parts.as_slice() {
                    [TemplatePart::Interpolation(inner)] => inner.clone(),
                    _ => break,
                },
                _ => break,
            };
            attribute.expr = inner;
        }
    }
    for block in &mut body.blocks {
        plain(&mut block.body);
        if &*block.kind.text == "variable" {
            block.body.attributes.retain(|attribute| &*attribute.name.text != "type");
        }
    }
}

/// The comments of a text, in order.
fn comments(text: &str) -> Vec<&str> {
    let tokens = super::token::tokens(text);
    tokens
        .into_iter()
        .filter(|token| token.kind == Kind::Comment)
        .map(|token| token.text.trim_end())
        .collect()
}

/// What holds of every text that parses.
fn holds(text: &str) {
    let Ok(once) = formatted(text) else { return };
    let twice = formatted(&once)
        .unwrap_or_else(|error| panic!("does not parse any more:\n{text}----\n{once}----\n{error}"));
    assert_eq!(once, twice, "formatted twice is not as once:\n{text}");
    assert_eq!(meaning(text), meaning(&once), "another meaning:\n{text}----\n{once}");
    assert_eq!(comments(text), comments(&once), "other comments:\n{text}----\n{once}");
}

#[test]
fn the_laws_hold_for_the_recorded_cases() {
    for case in cases() {
        holds(&case.text);
    }
}

/// What may stand between two items.
fn between() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("\n"),
        1 => Just("\n\n\n"),
        1 => Just(" # é\n"),
        1 => Just("\n  // b\n"),
        1 => Just(" /* c */\n"),
        1 => Just("\r\n"),
        1 => Just("\n/* d\n   e */  "),
    ]
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_laws_hold(items in proptest::collection::vec((item(), between(), 0..3_usize), 0..6)) {
        let text: String = items.iter().map(|(item, end, indent)| format!("{}{item}{end}", " ".repeat(*indent))).collect();
        holds(&text);
        // Blanks between brackets and operators, which are in no text here.
        holds(&text.replace(", ", ",").replace(" = ", "  =").replace("] ", "]"));
    }

    #[test]
    fn any_text_is_refused_or_formatted(text in "[a-z{}\\[\\]()\"$%<~=#/*\\-\n\r\t .,:?!0-9éE]{0,60}") {
        holds(&text);
    }
}

#[test]
fn what_does_not_parse_is_refused_with_the_reason() {
    let mut diags = Diagnostics::new();
    assert_eq!(format(FileId(0), "a = [1\nb = 2\n", &mut diags), None);
    assert!(diags.has_errors());
}

#[test]
fn a_wrapped_reference_stays_one_value() {
    // terraform's own result of these does not parse or means something else.
    for (text, expected) in [
        ("a = \"${(b)\n+ (c)}\"\n", "a = ((b)\n+ (c))\n"),
        ("a = \"${ # one\nb}\"\n", "a = ( # one\nb)\n"),
        ("a = \"${b # one\n}\"\n", "a = (b # one\n)\n"),
    ] {
        assert_eq!(formatted(text).unwrap(), expected);
        holds(text);
    }
}

/// What users read first is in the style that `fmt` gives it.
#[test]
fn what_this_repository_shows_is_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting = vec![root.join("examples"), root.join("src/cli/commands")];
    let (mut wrong, mut seen) = (String::new(), 0);
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            if !path.extension().is_some_and(|extension| extension == "hcl" || extension == "hclvars") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            match formatted(&text) {
                Ok(found) if found == text => {}
                Ok(_) => writeln!(wrong, "{}: run `flowform fmt` on it", path.display()).unwrap(),
                Err(error) => writeln!(wrong, "{}: {error}", path.display()).unwrap(),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(seen > 5, "the examples and the starter are found");
}
