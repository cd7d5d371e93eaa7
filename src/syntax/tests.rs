#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

use std::fmt::Write;

use proptest::prelude::*;

use super::ast::*;
use super::*;
use crate::diag::Diagnostics;
use crate::source::{FileId, SourceMap};

/// The tree as text, without places.
pub(crate) fn show_body(body: &Body, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent);
    for attribute in &body.attributes {
        writeln!(out, "{pad}{} = {}", attribute.name.text, show(&attribute.expr)).unwrap();
    }
    for block in &body.blocks {
        let labels: String = block.labels.iter().map(|label| format!(" {:?}", label.text)).collect();
        writeln!(out, "{pad}{}{labels}", block.kind.text).unwrap();
        show_body(&block.body, indent + 1, out);
    }
}

fn show_all(exprs: &[Expr]) -> String {
    exprs.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => format!("{value:?}"),
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::Traversal(traversal) => {
            let mut text = show(&traversal.base);
            for step in &traversal.steps {
                match &step.kind {
                    StepKind::Attr(name) => write!(text, ".{name}").unwrap(),
                    StepKind::Index(index) => write!(text, "[{}]", show(index)).unwrap(),
                    StepKind::LegacyIndex(index) => write!(text, ".{index}").unwrap(),
                    StepKind::AttrSplat => text.push_str(".*"),
                    StepKind::FullSplat => text.push_str("[*]"),
                }
            }
            text
        }
        ExprKind::Tuple(items) => format!("(tuple {})", show_all(items)),
        ExprKind::Object(items) => {
            let items: Vec<String> =
                items.iter().map(|item| format!("{}: {}", show(&item.key), show(&item.value))).collect();
            format!("(object {})", items.join(", "))
        }
        ExprKind::Template(parts) => format!("(template{})", show_parts(parts)),
        ExprKind::Call(call) => {
            format!(
                "({} {}{})",
                call.name.text,
                show_all(&call.args),
                if call.expand_final { "..." } else { "" }
            )
        }
        ExprKind::Unary(op, operand) => format!("({op:?} {})", show(operand)),
        ExprKind::Binary(binary) => {
            format!("({:?} {} {})", binary.op, show(&binary.left), show(&binary.right))
        }
        ExprKind::Conditional(c) => {
            format!("(? {} {} {})", show(&c.condition), show(&c.then), show(&c.otherwise))
        }
        ExprKind::For(f) => format!(
            "(for {}{} in {}: {}{}{}{})",
            f.key_var.as_ref().map(|name| format!("{}, ", name.text)).unwrap_or_default(),
            f.value_var.text,
            show(&f.collection),
            f.key.as_ref().map(|key| format!("{} => ", show(key))).unwrap_or_default(),
            show(&f.value),
            if f.grouping { "..." } else { "" },
            f.condition.as_ref().map(|condition| format!(" if {}", show(condition))).unwrap_or_default(),
        ),
        ExprKind::Parenthesis(inner) => format!("(paren {})", show(inner)),
    }
}

fn show_parts(parts: &[TemplatePart]) -> String {
    parts
        .iter()
        .map(|part| match part {
            TemplatePart::Literal(text) => format!(" {text:?}"),
            TemplatePart::Interpolation(expr) => format!(" {}", show(expr)),
            TemplatePart::If { condition, then, otherwise } => {
                format!(" (if {}{} else{})", show(condition), show_parts(then), show_parts(otherwise))
            }
            TemplatePart::For { key, value, collection, body } => {
                let key = key.as_ref().map(|key| format!("{key}, ")).unwrap_or_default();
                format!(" (for {key}{value} in {}:{})", show(collection), show_parts(body))
            }
        })
        .collect()
}

/// Text in, tree and diagnostics out.
fn check(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let body = parse(file, text, &mut diags);
    let mut out = String::new();
    show_body(&body, 0, &mut out);
    for diagnostic in diags.iter() {
        let span = diagnostic.span.expect("syntax errors have a place");
        let place = sources.line_column(file, span.start);
        write!(out, "{}:{} {}: {}", place.line, place.column, diagnostic.summary, diagnostic.detail).unwrap();
        for (related, what) in &diagnostic.related {
            let place = sources.line_column(file, related.start);
            write!(out, " [{}:{} {what}]", place.line, place.column).unwrap();
        }
        out.push('\n');
    }
    out
}

/// Cases as `text` `>>>>` `expected`, apart by `====`; in `tests.txt`. With FLOWFORM_BLESS set the file is rewritten.
#[test]
fn cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/syntax/tests.txt");
    let file = std::fs::read_to_string(path).expect("the cases are beside the tests");
    let mut blessed = String::new();
    let mut wrong = String::new();
    for case in file.split("\n====\n") {
        let (text, expected) = case.split_once("\n>>>>\n").unwrap_or((case, ""));
        let found = check(&text.replace("\\r\n", "\r\n"));
        let found = found.trim_end();
        if found != expected.trim_end() {
            writeln!(wrong, "---- {text}\n---- expected\n{expected}\n---- found\n{found}").unwrap();
        }
        let separator = if blessed.is_empty() { "" } else { "\n====\n" };
        write!(blessed, "{separator}{text}\n>>>>\n{found}").unwrap();
    }
    if std::env::var_os("FLOWFORM_BLESS").is_some() {
        std::fs::write(path, blessed + "\n").expect("the cases can be written");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

/// Names, so that keys are hardly ever equal.
fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,3}[0-9]{0,2}"
        .prop_filter("keywords", |name| !matches!(name.as_str(), "for" | "in" | "if" | "null" | "true"))
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "[0-9]{1,4}(\\.[0-9]{1,2})?(e[0-9])?",
        name(),
        "\"[a-z $%{#/*<'-]{0,4}\""
            .prop_filter("templates", |text| !text.contains("${") && !text.contains("%{")),
        Just("\"\\u00e9\\n\\\"$${x}\"".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(",\n"))),
            proptest::collection::vec((name(), inner.clone()), 0..3).prop_map(|items| {
                let items: String = items
                    .iter()
                    .enumerate()
                    .map(|(index, (key, value))| format!("{key}x{index} = {value} # }}\n"))
                    .collect();
                format!("{{\n{items}}}")
            }),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f({a}, /* ) */ {b})")),
            inner.clone().prop_map(|a| format!("\"a ${{{a}}} %{{ if x ~}} b %{{ endif }}\"")),
            (name(), inner.clone()).prop_map(|(n, a)| format!("[for {n} in {a} : {n} if {n}]")),
            (name(), inner.clone()).prop_map(|(n, a)| format!("{{for {n} in {a} : {n} =>\n {n} # x\n }}")),
            inner.clone().prop_map(|a| format!("({a})[0].b.*.c")),
            inner.prop_map(|a| format!("f(<<-EOT\n  a ${{{a}}}\n   }} EOT {{\nb {{\n  EOT\n)")),
        ]
    })
}

/// The text of an attribute or a block.
pub(crate) fn item() -> impl Strategy<Value = String> {
    let attribute = (name(), expression()).prop_map(|(name, value)| format!("{name} = {value}"));
    attribute.prop_recursive(3, 16, 3, |inner| {
        (name(), name(), proptest::collection::vec(inner, 0..3))
            .prop_map(|(kind, label, items)| format!("{kind} \"{label}\" {{\n{}\n}}", items.join("\n")))
    })
}

/// The tree of the whole text parsed at once, shown.
fn parse_whole(text: &str) -> Option<String> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let mut diags = Diagnostics::new();
    let mut tree = Body::default();
    super::lower::Lowering::new(FileId(0), text, &mut diags).lower_into(&mut tree, &body, 0);
    // With places: those of a piece must be moved to where the piece is.
    (!diags.has_errors()).then(|| format!("{tree:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn piecewise_is_whole(items in proptest::collection::vec(item(), 0..6)) {
        let text = items.join("\n\n# comment {\n");
        if let Some(whole) = parse_whole(&text) {
            let mut diags = Diagnostics::new();
            let tree = parse(FileId(0), &text, &mut diags);
            prop_assert_eq!(format!("{:?}", tree), whole);
            prop_assert!(diags.is_empty(), "{}", text);
        }
    }

    #[test]
    fn mangled_text_never_panics(
        items in proptest::collection::vec(item(), 0..4),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), "[\\[\\](){}\"'$%<~\\-\\\\\n\r=,:/*#EOTa1.é]{0,3}"), 1..5),
    ) {
        let mut text = items.join("\n");
        for (at, with) in cuts {
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let end = (at + 1..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(at);
            text.replace_range(at..end, &with);
        }
        check(&text);
        parse_expression(FileId(0), &text, &mut Diagnostics::new());
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,40}") {
        check(&text);
    }
}

#[test]
fn a_mistake_stays_in_its_block() {
    let bad = "flow \"a\" {\n  x = [1\n  y = \"\n\n";
    let good = "flow \"b\" {\n  x = 1\n}\n";
    for count in [1, 5, 40] {
        let text = (bad.to_owned() + good).repeat(count);
        let mut diags = Diagnostics::new();
        let body = parse(FileId(0), &text, &mut diags);
        assert_eq!(body.blocks.len(), count);
        assert_eq!(diags.error_count(), count);
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in
        [("[", "]"), ("(", ")"), ("{a=", "}"), ("\"${", "}\""), ("!", ""), ("f(", ")"), ("a[", "]")]
    {
        let text = format!("x = {}1{}", open.repeat(20_000), close.repeat(20_000));
        let found = check(&text);
        assert!(found.contains("Nested too deeply"), "{open}: {}", &found[..found.len().min(300)]);
    }
    assert!(check(&format!("x = 1{}", " + 1".repeat(500))).contains("Expression too long"));
}

#[test]
fn references_leave_out_loop_variables() {
    let text =
        "[for k, v in a.b : {(k) = v.x, (c[d].e) = \"${f} %{ for g in h }${g}${k}%{ endfor }\"} if i(j)]";
    let mut diags = Diagnostics::new();
    let expr = parse_expression(FileId(0), text, &mut diags).expect("it parses");
    let mut found = Vec::new();
    references(&expr, &mut |reference| {
        let span = reference.span;
        found.push(format!("{} {}", reference.root, &text[span.start as usize..span.end as usize]));
    });
    assert_eq!(found, ["a a.b", "c c[d].e", "d d", "f f", "h h", "j j"]);
}

/// Each of these takes minutes as soon as the work is quadratic.
#[test]
fn large_texts_are_parsed_to_their_end() {
    let good = "flow \"a\" {\n  x = { a = \"b${c}\", d = [1, 2, 3] }\n}\n".repeat(4_000);
    let broken = [
        "flow \"a\" {\n  x = 1\n".repeat(8_000),
        "flow \"a\" {\n  x = <<A\n".repeat(8_000),
        "x = \"${\n".repeat(8_000),
        "x = [\"\n".repeat(8_000),
        "}\n".repeat(20_000),
        "{".repeat(100_000),
        "${\"".repeat(50_000),
        "(".repeat(50_000) + &"}".repeat(50_000),
        "/*".repeat(50_000),
        "<<A\n".repeat(20_000),
        "a\n".repeat(20_000),
        "a b \"c\" \n\n\n".repeat(8_000),
    ];
    for text in std::iter::once(&good).chain(&broken) {
        let mut diags = Diagnostics::new();
        parse(FileId(0), text, &mut diags);
        assert_eq!(diags.has_errors(), text != &good, "{}", &text[..text.len().min(40)]);
    }
}
