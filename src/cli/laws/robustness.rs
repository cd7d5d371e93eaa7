//! No text makes the program panic, overflow a small stack, hang or fill the memory.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::cases;
use super::driver::{Store, apply_all, memory, plan, run, text_of, told, workspace};
use super::generate::{Conf, Texts, conf};
use crate::desired::{NothingKnown, evaluate};
use crate::diag::Diagnostics;
use crate::graph::{dot, mermaid};
use crate::report::theme::Theme;
use crate::report::{diagnostics, json};

/// Runs in a thread with a stack of 2 MiB, which is what a thread of a program has.
fn in_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    if let Err(panic) = thread.expect("a thread can be made").join() {
        std::panic::resume_unwind(panic);
    }
}

fn one_file(text: &str) -> Texts {
    Texts::from([("main.hcl".to_owned(), text.to_owned())])
}

/// Everything that is done with a configuration short of applying it. Returns what was wrong with it.
async fn through(texts: &Texts, store: &Store) -> String {
    let mut diags = Diagnostics::new();
    let workspace = workspace(texts, &mut diags);
    let evaluation = evaluate(workspace.inputs(), &NothingKnown, &mut diags);
    let mut said = told(&diags);
    if diags.has_errors() {
        diags.sort();
        diagnostics::render(&diags, &workspace.sources, Theme::plain(), 80);
        json::text(&json::diagnostics::document(&diags, &workspace.sources));
    } else {
        dot(&workspace.config, &workspace.graph);
        mermaid(&workspace.config, &workspace.graph);
        drop(evaluation);
        match plan(&workspace, store).await {
            Ok(planning) => {
                text_of(&planning.plan);
                json::text(&json::plan::document(&planning.plan, Vec::new()));
            }
            Err(error) => said.push_str(&error),
        }
    }
    said
}

/// What is wrong with a text; it is found within seconds.
fn found(text: &str) -> String {
    let texts = one_file(text);
    let start = Instant::now();
    let said = run(async move { through(&texts, &memory()).await });
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "it took {took:?}: {} ...", &text[..100.min(text.len())]);
    said
}

#[derive(Clone, Debug)]
enum Mangle {
    Delete(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Swap(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, &'static str),
    Byte(prop::sample::Index, u8),
}

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "${",
    "%{",
    "<<EOT\n",
    "EOT\n",
    "=",
    "==",
    "?",
    ":",
    ",",
    ".",
    "...",
    "*",
    "[*]",
    "-",
    "!",
    "&&",
    "||",
    "\n",
    "#",
    "/*",
    "*/",
    "null",
    "true",
    "0",
    "1e999",
    "-1",
    "local.both",
    "var.level",
    "each.key",
    "count.index",
    "flow.f0",
    "flow.f0.version",
    "flow.f0[\"a\"]",
    "run_config.local.own",
    "storage.module.code",
    "for x in ",
    "for_each",
    "count",
    "depends_on",
    "version",
    "name",
    "lifecycle {",
    "moved {",
    "removed {",
    "import {",
    "locals {",
    "output \"o\" {",
    "flow \"f0\" {",
    "jsonencode(",
    "tostring(",
    "try(",
    "timestamp()",
    "uuid()",
    "sensitive(",
    "\u{0}",
    "é",
    "\u{202e}",
    "\u{feff}",
    "keep_versions = 0",
    "extends = run_config.local.own",
    "for_each = flow.f0",
    "\t",
    "\r\n",
    "'",
];

fn mangle() -> impl Strategy<Value = Mangle> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 1..40_usize).prop_map(|(at, length)| Mangle::Delete(at, length)),
        (index(), 1..200_usize).prop_map(|(at, length)| Mangle::Repeat(at, length)),
        (index(), index()).prop_map(|(a, b)| Mangle::Swap(a, b)),
        (index(), prop::sample::select(TOKENS)).prop_map(|(at, token)| Mangle::Insert(at, token)),
        (index(), any::<u8>()).prop_map(|(at, byte)| Mangle::Byte(at, byte)),
    ]
}

fn mangled(text: &str, changes: &[Mangle]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Mangle::Delete(at, count) => {
                let at = at.index(length);
                bytes.drain(at..(at + count).min(length));
            }
            Mangle::Repeat(at, count) => {
                let at = at.index(length);
                let part = bytes[at..(at + count).min(length)].to_vec();
                bytes.splice(at..at, part);
            }
            Mangle::Swap(a, b) => bytes.swap(a.index(length), b.index(length)),
            Mangle::Insert(at, token) => {
                let at = at.index(length);
                bytes.splice(at..at, token.bytes());
            }
            Mangle::Byte(at, byte) => bytes[at.index(length)] = *byte,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Mangled configurations against the record of the sound one.
fn no_panic(inputs: impl Strategy<Value = (Conf, Vec<Mangle>)>, number: u32) {
    let mut runner = TestRunner::new(cases(number));
    let result = runner.run(&inputs, |(conf, changes)| {
        run(async {
            let store = memory();
            apply_all(&conf.texts(), &store).await.map_err(TestCaseError::fail)?;
            // One after another, so that most are nearly sound.
            for end in 1..=changes.len() {
                let mut texts = conf.texts();
                // A module in every other case.
                let name = texts.keys().cycle().nth(end).cloned().unwrap_or_default();
                texts.entry(name).and_modify(|text| *text = mangled(text, &changes[..end]));
                through(&texts, &store).await;
            }
            Ok(())
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    in_small_stack(|| no_panic((conf(4), prop::collection::vec(mangle(), 1..6)), 100));
}

#[test]
fn no_sequence_of_words_makes_it_panic() {
    in_small_stack(|| {
        let words = prop::collection::vec(prop::sample::select(TOKENS), 0..60);
        let mut runner = TestRunner::new(cases(200));
        let result = runner.run(&words, |words| {
            let inside = format!("flow \"f0\" {{\n  parameters = {{ a = {} }}\n}}\n", words.join(" "));
            run(async {
                for text in [words.join(" "), words.concat(), inside] {
                    through(&one_file(&text), &memory()).await;
                }
            });
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
    });
}

const FLOW: &str = "storage \"module\" \"code\" {\n  module = \"m\"\n}\nflow \"f\" {\n  storage = storage.module.code\n  parameters = { a = X }\n}\noutput \"o\" {\n  value = X\n}\n";

/// `count` locals, each made of the one before, and a flow and an output that use the last.
fn chain(first: &str, next: impl Fn(&str) -> String, count: usize) -> String {
    let mut text = format!("locals {{\n  v0 = {first}\n");
    for number in 1..count {
        let value = next(&format!("local.v{}", number - 1));
        text.push_str(&format!("  v{number} = {value}\n"));
    }
    text.push_str("}\n");
    text + &FLOW.replace('X', &format!("local.v{}", count - 1))
}

#[test]
fn values_that_grow_with_each_local_are_refused() {
    in_small_stack(|| {
        assert_eq!(found(&chain("1", |before| format!("[{before}]"), 100)), "");
        for (text, wanted) in [
            (chain("1", |before| format!("[{before}]"), 5000), "Value nested too deeply"),
            (chain("1", |before| format!("{{ a = {before} }}"), 5000), "Value nested too deeply"),
            (chain("1", |before| format!("[{before}, {before}]"), 24), "Value too large"),
            (chain("1", |before| format!("{{ a = {before}, b = {before} }}"), 24), "Value too large"),
            (chain("[1]", |before| format!("concat({before}, {before})"), 24), "Value too large"),
            (chain("\"abcdefgh\"", |before| format!("\"${{{before}}}${{{before}}}\""), 24), "Text too long"),
            (
                chain("\"a\"", |before| format!("replace({before}, \"a\", \"aaaa\")"), 24),
                "Invalid function call",
            ),
            (
                chain("\"a\"", |before| format!("jsonencode([{before}, {before}])"), 24),
                "Invalid function call",
            ),
            (chain("2", |before| format!("{before} * {before}"), 24), ""),
        ] {
            let said = found(&text);
            assert!(
                said.contains(wanted),
                "{wanted:?} is wanted of {}, and found {said}",
                &text[..80.min(text.len())]
            );
        }
    });
}

/// An expression of loops in loops, each over what the one around it has doubled.
fn nested(levels: usize, inside: &str) -> String {
    let mut text = String::new();
    for level in 0..levels {
        let value = if level == 0 { "1".to_owned() } else { format!("[v{0}, v{0}]", level - 1) };
        text.push_str(&format!("[for v{level} in [{value}] : "));
    }
    text.push_str(&inside.replace('X', &format!("v{}", levels - 1)));
    text.push_str(&"]".repeat(levels));
    text
}

#[test]
fn values_that_grow_inside_one_expression_are_refused() {
    in_small_stack(|| {
        for inside in
            ["X", "jsonencode(X)", "X == X", "tolist(X)", "distinct(X)", "[X, X]", "can(X)", "length(X)"]
        {
            let said = found(&FLOW.replace('X', &nested(25, inside)));
            assert!(said.contains("Value too large") || inside == "length(X)", "{inside}: {said}");
        }
        let texts = (0..13).fold("\"abcdefgh\"".to_owned(), |inner, level| {
            let four = format!("${{t{level}}}").repeat(4);
            format!("join(\"\", [for t{level} in [{inner}] : \"{four}\"])")
        });
        let said = found(&FLOW.replace('X', &texts));
        assert!(said.contains("Text too long") || said.contains("Invalid function call"), "{said}");
    });
}

#[test]
fn values_that_grow_from_flow_to_flow_are_refused() {
    in_small_stack(|| {
        let mut text = String::from("storage \"module\" \"code\" {\n  module = \"m\"\n}\n");
        for number in 0..40_u32 {
            let up = match number.checked_sub(1) {
                None => "\"x\"".to_owned(),
                Some(before) => {
                    format!("\"${{flow.f{before}.run_config_json}}${{flow.f{before}.run_config_json}}\"")
                }
            };
            text.push_str(&format!(
                "flow \"f{number}\" {{\n  storage = storage.module.code\n  run_config \"local\" {{\n    env = {{ A = {up} }}\n  }}\n}}\n"
            ));
        }
        let said = found(&text);
        assert!(said.contains("Definition too large"), "{said}");
    });
}

#[test]
fn instances_are_bounded() {
    in_small_stack(|| {
        for repetition in [
            "count = 1000000000",
            "count = 100001",
            "for_each = toset([for p in setproduct(range(400), range(400)) : join(\"-\", p)])",
            "for_each = { for p in setproduct(range(1000), range(1000), range(1000)) : join(\"-\", p) => p }",
        ] {
            let said = found(&format!("flow \"f\" {{\n  {repetition}\n}}\n"));
            assert!(!said.is_empty(), "{repetition}");
        }
    });
}

#[test]
fn nesting_in_the_text_is_bounded() {
    in_small_stack(|| {
        for (open, close) in [
            ("[", "]"),
            ("{ a = ", "}"),
            ("(", ")"),
            ("\"${", "}\""),
            ("!", ""),
            ("-", ""),
            ("[for x in ", " : x]"),
            ("tolist(", ")"),
            ("true ? 1 : ", ""),
        ] {
            for depth in [10, 60, 200, 20_000] {
                let said =
                    found(&format!("locals {{\n  a = {}1{}\n}}\n", open.repeat(depth), close.repeat(depth)));
                assert!(depth < 100 || open.len() < 3 || !said.is_empty(), "{open} {depth}");
            }
        }
        found(&"flow \"a\" {\n".repeat(20_000));
        found(&format!("locals {{\n  a = 1{}\n}}\n", " + 1".repeat(20_000)));
        found(&format!("locals {{\n  a = local.b{}\n}}\n", ".c".repeat(20_000)));
        found(&format!("locals {{\n  b = {{}}\n  a = local.b{}\n}}\n", "[0]".repeat(20_000)));
    });
}
