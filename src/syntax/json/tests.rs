#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::source::SourceMap;
use crate::syntax::parse;
use crate::syntax::tests::{item, show_body};

/// `flow` has a label, `schedule` and `dynamic` are in it; `type` is an expression, `note` is as it is.
const GRAMMAR: Grammar = Grammar {
    labels: |parent, kind| match (parent, kind) {
        ("", "flow") => Some(1),
        ("", "storage") => Some(2),
        ("", "locals") | ("flow", "schedule") => Some(0),
        _ => None,
    },
    style: |_, argument| match argument {
        "type" | "depends_on" | "iterator" => Style::Expression,
        "note" => Style::Literal,
        _ => Style::Template,
    },
};

/// JSON in, tree and diagnostics out.
fn check(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("main.hcl.json", text);
    let mut diags = Diagnostics::new();
    let body = parse_json(file, text, GRAMMAR, &mut diags);
    let mut out = String::new();
    show_body(&body, 0, &mut out);
    for diagnostic in diags.iter() {
        let span = diagnostic.span.unwrap();
        let place = sources.line_column(file, span.start);
        let found = sources.slice(span);
        out.push_str(&format!("{}:{} `{found}` {}\n", place.line, place.column, diagnostic.summary));
    }
    out
}

/// The tree of a text in the native syntax.
fn native(text: &str) -> String {
    let mut diags = Diagnostics::new();
    let body = parse(FileId(0), text, &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    let mut out = String::new();
    show_body(&body, 0, &mut out);
    out
}

#[test]
fn both_syntaxes_give_the_same_tree() {
    for (json, hcl) in [
        (
            r#"{"locals": {"a": 1, "b": 1.50, "c": true, "d": null, "e": "x"}}"#,
            "locals {\na = 1\nb = 1.5\nc = true\nd = null\ne = \"x\"\n}",
        ),
        (r#"{"locals": {"a": "${b.c}", "d": "x-${e}"}}"#, "locals {\na = b.c\nd = \"x-${e}\"\n}"),
        (r#"{"locals": {"a": [1, "${b}", {"c": "${d}"}]}}"#, "locals {\na = [1, b, { c = d }]\n}"),
        (
            r#"{"locals": {"a": {"${b}": 1, "c-${d}": 2}}}"#,
            "locals {\na = { \"${b}\" = 1, \"c-${d}\" = 2 }\n}",
        ),
        (
            r#"{"locals": {"a": "%{ if b ~} c %{ endif }", "d": "$${e} %%{f} \n"}}"#,
            "locals {\na = \"%{ if b ~} c %{ endif }\"\nd = \"$${e} %%{f} \\n\"\n}",
        ),
        (
            r#"{"locals": {"a": "EOT\n${b}\nEOT\n", "c": "${d}\n"}}"#,
            "locals {\na = \"EOT\\n${b}\\nEOT\\n\"\nc = \"${d}\\n\"\n}",
        ),
        (
            r#"{"locals": {"a": "\u00e9\ud83d\ude00\t${\"x\\n\"}y"}}"#,
            "locals {\na = \"é😀\t${\"x\\n\"}y\"\n}",
        ),
        (r#"{"flow": {"a": {"x": 1}, "b": {}}}"#, "flow \"a\" {\nx = 1\n}\nflow \"b\" {\n}"),
        (
            r#"{"flow": [{"a": {"x": 1}}, {"b": [{}, {"y": 2}]}]}"#,
            "flow \"a\" {\nx = 1\n}\nflow \"b\" {\n}\nflow \"b\" {\ny = 2\n}",
        ),
        (
            r#"[{"flow": {"a": {}}}, {"storage": {"s3": {"b": {}}}}]"#,
            "flow \"a\" {\n}\nstorage \"s3\" \"b\" {\n}",
        ),
        (
            r#"{"flow": {"a": {"schedule": [{"x": 1}, {"x": 2}]}}}"#,
            "flow \"a\" {\nschedule {\nx = 1\n}\nschedule {\nx = 2\n}\n}",
        ),
        (
            r#"{"flow": {"a": {"schedule": null, "other": {"schedule": 1}}}}"#,
            "flow \"a\" {\nother = { schedule = 1 }\n}",
        ),
        (
            r#"{"//": "c", "flow": {"a": {"//": {"x": 1}, "x": {"//": 1}}}}"#,
            "flow \"a\" {\nx = { \"//\" = 1 }\n}",
        ),
        (
            r#"{"flow": {"a": {"dynamic": {"schedule": {"for_each": "${x}", "iterator": "it", "content": {"y": "${it.value}"}}}}}}"#,
            "flow \"a\" {\ndynamic \"schedule\" {\nfor_each = x\niterator = it\ncontent {\ny = it.value\n}\n}\n}",
        ),
        (
            r#"{"flow": {"a": {"type": "list(string)", "depends_on": ["b.c", "d.e[\"f\"]"], "note": "${x}"}}}"#,
            "flow \"a\" {\ntype = list(string)\ndepends_on = [b.c, d.e[\"f\"]]\nnote = \"$${x}\"\n}",
        ),
        ("{}", ""),
        ("[]", ""),
    ] {
        // A key in parentheses is what JSON writes as a template.
        assert_eq!(check(json), native(hcl).replace("(template b)", "b"), "{json}");
    }
}

#[test]
fn mistakes_have_their_place_in_the_json_text() {
    for (json, expected) in [
        ("", "1:1 `` JSON object needed"),
        ("3", "1:1 `3` JSON object needed"),
        ("{\"flow\": [3]}", "1:11 `3` JSON object needed"),
        ("{\"flow\": {\"a\": 1}}", "1:16 `1` JSON object needed"),
        ("{\"locals\": {\"a\": 1,}}", "1:19 `,` Invalid JSON"),
        ("{\"locals\": {\"a\": 1 // c\n}}", "1:20 `// c` Invalid JSON"),
        ("{\"locals\": {'a': 1}}", "1:13 `'` Invalid JSON"),
        ("{\"locals\": {\"a\": 1", "1:12 `{\"a\": 1` Invalid JSON"),
        ("{\"locals\": {\"a\": b}}", "1:18 `b` Invalid JSON"),
        ("{\"locals\": {\"a\": \"é\\n${f(}\"}}", "1:25 `(` Missing closing bracket"),
        ("{\"locals\": {\"a\": \"\\u00e9${b\"}}", "1:25 `${` Unclosed template sequence"),
        ("{\"locals\": {\"a\": 1, \"a\": 2}}", "1:21 `\"a\"` Duplicate argument"),
        ("{\"locals\": {\"a\": {\"b\": 1, \"b\": 2}}}", "1:27 `\"b\"` Duplicate object key"),
        ("{\"flow\": {\"a\": {\"type\": \"list(\\\"a\"}}}", "1:31 `\\\"` Missing closing quote"),
    ] {
        let found = check(json);
        assert_eq!(found.lines().last(), Some(expected), "{json}\n{found}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [70, 600, 100_000] {
        let text = format!("{{\"locals\": {{\"a\": {}1{}}}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(&text).contains("Nested too deeply"), "{depth}");
    }
}

/// A configuration of the native syntax in JSON: every expression as it is spelled.
fn to_json(body: &Body, text: &str) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for attribute in &body.attributes {
        let span = attribute.expr.span;
        // A heredoc needs the end of its line.
        let source = format!("${{ {}\n}}", &text[span.start as usize..span.end as usize]);
        object.insert(attribute.name.text.to_string(), source.into());
    }
    serde_json::Value::Object(object)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn expressions_mean_the_same_in_both(items in proptest::collection::vec(item(), 1..4)) {
        let text = format!("locals {{\n{}\n}}", items.join("\n"));
        let mut diags = Diagnostics::new();
        let mut body = parse(FileId(0), &text, &mut diags);
        prop_assume!(!diags.has_errors());
        let mut locals = body.blocks.pop().unwrap();
        locals.body.blocks.clear();
        let json = serde_json::json!({ "locals": to_json(&locals.body, &text) }).to_string();
        locals.body.attributes.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        let native = Body { blocks: vec![locals], ..Body::default() };
        let mut expected = String::new();
        show_body(&native, 0, &mut expected);
        prop_assert_eq!(check(&json), expected, "{}", json);
    }

    #[test]
    fn any_text_never_panics(text in "[\\[\\]{}\":,0-9a-z$%\\\\nu/ \n'é.e+-]{0,60}") {
        check(&text);
    }

    #[test]
    fn any_string_never_panics(text in "\\PC{0,20}", sequence in "[${}%~\"\\\\a-z(\\[ \n]{0,12}") {
        let json = serde_json::json!({ "locals": { "a": format!("{text}${{{sequence}") }, "flow": { "b": { "type": text } } });
        let json = json.to_string();
        check(&json);
    }
}
