#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use super::functions::Environment;
use super::{Scope, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::Step;
use crate::syntax::parse_expression;
use crate::value::{AttributeType, Kind, Marks, Type, Value};

/// A scope of named values.
struct Names(BTreeMap<&'static str, Value>);

impl Scope for Names {
    fn resolve(&self, root: &str, steps: &[Step], span: Span, diags: &mut Diagnostics) -> (Value, usize) {
        match self.0.get(root) {
            Some(value) => (value.clone(), 0),
            None => {
                let error = Diagnostic::error("Unknown name", format!("There is no `{root}`."));
                diags.push(error.at(span));
                (Value::unknown(Type::Any), steps.len())
            }
        }
    }

    fn environment(&self) -> &dyn Environment {
        self
    }
}

impl Environment for Names {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no file {path}"))
    }

    fn file_exists(&self, _: &str) -> Result<bool, String> {
        Ok(false)
    }
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Kind::List(std::sync::Arc::new(items.into_iter().collect())).into()
}

fn names() -> Names {
    let unknown = Value::unknown;
    let object = Type::Object(BTreeMap::from([(
        "name".into(),
        AttributeType { ty: Type::String, optional: false, default: None },
    )]));
    let secret = Value::string("secret").marked(Marks::SENSITIVE);
    Names(BTreeMap::from([
        ("u", unknown(Type::Any)),
        ("us", unknown(Type::String)),
        ("un", unknown(Type::Number)),
        ("ub", unknown(Type::Bool)),
        ("ul", unknown(Type::List(Box::new(object.clone())))),
        ("uset", unknown(Type::Set(Box::new(Type::String)))),
        ("um", unknown(Type::Map(Box::new(Type::Number)))),
        ("ut", unknown(Type::Tuple(vec![Type::Bool, Type::Number]))),
        ("uo", unknown(object)),
        ("s", secret.clone()),
        ("sn", Value::int(1).marked(Marks::SENSITIVE)),
        ("sl", list([Value::int(1), Value::int(2)]).marked(Marks::SENSITIVE)),
        ("so", Value::object([("password", Value::int(1))]).marked(Marks::SENSITIVE)),
        ("smem", Value::object([("id", Value::int(1)), ("key", secret)])),
        ("v", Value::string("now").marked(Marks::VOLATILE)),
        ("svset", Value::set([Value::string("a"), unknown(Type::String)])),
        ("l", list(["a", "b", "c"].map(Value::string))),
        (
            "m",
            Kind::Map(std::sync::Arc::new(BTreeMap::from([
                ("x".into(), Value::int(1)),
                ("y".into(), Value::int(2)),
            ])))
            .into(),
        ),
        ("o", Value::object([("name", Value::string("n")), ("count", Value::int(3))])),
    ]))
}

/// A value as text that tells its type.
fn show(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    let entries = || {
        let entries = value.as_entries().into_iter().flatten();
        entries.map(|(key, value)| format!("{key} = {}", show(value))).collect::<Vec<_>>().join(", ")
    };
    let text = match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(value) => value.to_string(),
        Kind::String(value) => format!("{value:?}"),
        Kind::List(items) => format!("list[{}]", all(items)),
        Kind::Set(items) => format!("set[{}]", all(items)),
        Kind::Tuple(items) => format!("[{}]", all(items)),
        Kind::Map(_) => format!("map{{{}}}", entries()),
        Kind::Object(_) => format!("{{{}}}", entries()),
        Kind::Unknown(ty) => format!("unknown({ty})"),
    };
    match (value.marks.contains(Marks::SENSITIVE), value.marks.contains(Marks::VOLATILE)) {
        (false, false) => text,
        (true, false) => format!("sensitive({text})"),
        (false, true) => format!("volatile({text})"),
        (true, true) => format!("sensitive(volatile({text}))"),
    }
}

/// An expression in, its value and the diagnostics out, on one line.
fn check(text: &str, names: &Names) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    let mut diags = Diagnostics::new();
    let value = parse_expression(file, text, &mut diags).map(|expr| evaluate(&expr, names, &mut diags));
    let mut out = match value {
        Some(value) if !diags.has_errors() => show(&value),
        _ => String::new(),
    };
    for diagnostic in diags.iter() {
        let place = sources.line_column(file, diagnostic.span.expect("every mistake has a place").start);
        let separator = if out.is_empty() { "" } else { " | " };
        write!(
            out,
            "{separator}{}:{} {}: {}",
            place.line, place.column, diagnostic.summary, diagnostic.detail
        )
        .unwrap();
        if let Some(hint) = diagnostic.help.as_ref().filter(|help| help.contains("did you mean")) {
            write!(out, " ({hint})").unwrap();
        }
    }
    out.replace('\n', "\\n")
}

/// Cases as an expression and, on the next line, its value; in `tests.txt`. With FLOWFORM_BLESS set the file is
/// rewritten.
#[test]
fn cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/eval/tests.txt");
    let file = std::fs::read_to_string(path).expect("the cases are beside the tests");
    let (names, mut blessed, mut wrong) = (names(), String::new(), String::new());
    let mut lines = file.lines().peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(blessed, "{line}").unwrap();
            continue;
        }
        let found = check(line, &names);
        let expected = lines.next_if(|next| next.starts_with("  => ")).unwrap_or_default();
        if expected.strip_prefix("  => ") != Some(&found) {
            writeln!(wrong, "{line}\nexpected{expected}\nfound      {found}\n").unwrap();
        }
        writeln!(blessed, "{line}\n  => {found}").unwrap();
    }
    if std::env::var_os("FLOWFORM_BLESS").is_some() {
        std::fs::write(path, blessed).expect("the cases can be written");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

#[test]
fn loops_in_loops_end() {
    let text = "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]";
    let mut diags = Diagnostics::new();
    let expr = parse_expression(FileId(0), text, &mut diags).expect("it parses");
    super::expr::evaluate_within(100_000, &expr, &names(), &mut diags);
    assert!(diags.iter().any(|diagnostic| diagnostic.summary == "Expression too expensive"));
    assert_eq!(diags.error_count(), 1);
}

#[test]
fn deep_expressions_fit_the_stack() {
    let text = format!("{}1{}", "(1 + ".repeat(60), ")".repeat(60));
    assert_eq!(check(&text, &names()), "61");
    let chain = format!("1{}", " + 1".repeat(120));
    assert_eq!(check(&chain, &names()), "121");
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("0".to_owned()),
        Just("1".to_owned()),
        Just("2.5".to_owned()),
        Just("\"1\"".to_owned()),
        Just("\"name\"".to_owned()),
        Just("\"true\"".to_owned()),
        "[abcde]",
        "[abcde]",
        Just("x".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"]);
        let function = prop::sample::select(vec![
            "try",
            "can",
            "upper",
            "length",
            "tostring",
            "tonumber",
            "tolist",
            "toset",
            "tomap",
            "coalesce",
            "concat",
            "merge",
            "keys",
            "values",
            "sensitive",
            "jsonencode",
            "flatten",
            "lookup",
            "element",
            "contains",
            "max",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("{{ name = {a}, (\"k${{{b}}}\") = {b} }}")),
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (function.clone(), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (function, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            inner.clone().prop_map(|a| format!("({a}).name")),
            inner.clone().prop_map(|a| format!("({a})[*].name")),
            inner.clone().prop_map(|a| format!("({a}).*.name")),
            inner.clone().prop_map(|a| format!("({a})[*]")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("[for k, x in {a} : {b} if {c}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{{for k, x in {a} : {b} => {c}...}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{for k, x in {a} : k => {b}}}")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("\"<${{{a}}}%{{ if {b} }}+%{{ else }}-%{{ endif }}\"")),
            (inner.clone(), inner)
                .prop_map(|(a, b)| format!("\"%{{ for x in {a} }}${{{b}}}%{{ endfor }}.\"")),
        ]
    })
}

fn known() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::bool(true)),
        Just(Value::bool(false)),
        Just(Value::int(0)),
        Just(Value::int(1)),
        Just(Value::string("1")),
        Just(Value::string("name")),
        Just(Value::NULL),
        Just(list([Value::int(1), Value::int(2)])),
        Just(Value::tuple([Value::string("name"), Value::int(2)])),
        Just(Value::tuple([])),
        Just(Value::set([Value::string("a"), Value::string("b")])),
        Just(Value::object([("name", Value::int(1))])),
        Just(Value::object([("name", Value::tuple([Value::bool(true)]))])),
    ]
}

/// Whether the final value can be what `early` promised, when inputs were unknown. Texts, numbers and truth values
/// count as equal when their texts are: the type that a conditional converts to may depend on an unknown input.
fn keeps(early: &Value, last: &Value) -> bool {
    let text =
        |value: &Value| crate::value::convert(value, &Type::String).ok().filter(|value| !value.is_unknown());
    match (&early.kind, &last.kind) {
        (Kind::Unknown(_), _) => true,
        (Kind::Null, Kind::Null) => true,
        (Kind::Map(a) | Kind::Object(a), Kind::Map(b) | Kind::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((ka, a), (kb, b))| ka == kb && keeps(a, b))
        }
        (Kind::Set(_), Kind::Set(_)) if !early.is_wholly_known() => true,
        (Kind::List(a) | Kind::Tuple(a) | Kind::Set(a), Kind::List(b) | Kind::Tuple(b) | Kind::Set(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| keeps(a, b))
        }
        _ => text(early).zip(text(last)).is_some_and(|(a, b)| a.kind == b.kind),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_shrink_iters: 20000, ..ProptestConfig::default() })]

    #[test]
    fn unknown_inputs_promise_nothing_wrong(
        text in expression(),
        inputs in proptest::collection::vec((known(), 0..3, any::<bool>()), 5),
    ) {
        let mut early = BTreeMap::from([("x", Value::int(7))]);
        let mut last = early.clone();
        for (name, (value, hide, sensitive)) in ["a", "b", "c", "d", "e"].into_iter().zip(inputs) {
            let marks = if sensitive { Marks::SENSITIVE } else { Marks::NONE };
            let hidden = match hide {
                1 if !value.is_null() => Value::unknown(Type::Any),
                2 if !value.is_null() => Value::unknown(crate::value::type_of(&value)),
                _ => value.clone(),
            };
            early.insert(name, hidden.marked(marks));
            last.insert(name, value.marked(marks));
        }
        let run = |names: BTreeMap<&'static str, Value>| {
            let mut diags = Diagnostics::new();
            let expr = parse_expression(FileId(0), &text, &mut diags)?;
            let value = evaluate(&expr, &Names(names), &mut diags);
            Some((value, diags.has_errors()))
        };
        let early = run(early);
        let last = run(last);
        if let (Some((early, false)), Some((last, false))) = (early, last) {
            prop_assert!(keeps(&early, &last), "{text}: {} then {}", show(&early), show(&last));
            // What is shown before may not turn out to be sensitive.
            prop_assert!(!early.is_wholly_known() || early.all_marks().contains(last.all_marks()), "{text}: {} then {}", show(&early), show(&last));
        }
    }
}

#[test]
fn what_failed_says_what_its_names_stood_for() {
    let told = |text: &str| {
        let mut sources = SourceMap::default();
        let file = sources.add("test", text);
        let mut diags = Diagnostics::new();
        let expr = parse_expression(file, text, &mut diags).expect("parses");
        evaluate(&expr, &names(), &mut diags);
        let values = diags.iter().flat_map(|diagnostic| diagnostic.values.iter().flatten());
        values.map(|(name, is)| format!("{name} {is}")).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(told("o.name + 1"), "o.name is \"n\"");
    assert_eq!(told("[for x in l : x + o.count]"), "x is \"a\"; o.count is 3");
    assert_eq!(told("o.missing"), "o is an object with 2 members");
    assert_eq!(told("tonumber(l[0])"), "l[0] is \"a\"");
    assert_eq!(told("l[o.count]"), "l is a list of string with 3 members; o.count is 3");
    assert_eq!(told("upper(so.password.x)"), "so.password is sensitive, and not shown");
    assert_eq!(told("\"${s}\" + 1"), "s is sensitive, and not shown");
    assert_eq!(told("u + [1]"), "u is known only after apply");
    assert_eq!(told("try(o.missing, [] + 1, l)"), "");
    assert_eq!(told("o.count + 1"), "");
}
