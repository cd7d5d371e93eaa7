//! Calls whose results Terraform 1.11.4 gave (`cases.txt`), and what marks, the unknown, files and limits do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{Environment, FunctionError, call, lookup, names, table};
use crate::value::{Kind, Marks, Type, Value, convert, from_json, to_json};

struct Files;

impl Environment for Files {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "a.txt" => Ok(b"hello".to_vec()),
            "binary" => Ok(vec![0xff]),
            _ => Err(format!("there is no file {path:?}")),
        }
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        Ok(path == "a.txt")
    }
}

fn run(name: &str, args: &[Value]) -> Result<Value, FunctionError> {
    call(name, args, &Files)
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn message(name: &str, args: &[Value]) -> String {
    run(name, args).expect_err("an error").to_string()
}

fn secret(text: &str) -> Value {
    Value::string(text).marked(Marks::SENSITIVE)
}

fn strings(items: &[&str]) -> Value {
    Value::tuple(items.iter().map(|item| Value::string(*item)))
}

#[test]
fn the_language_page_lists_every_function() {
    let page = include_str!("../../../docs/language.md");
    for function in super::all() {
        let row = format!("| `{}` | {} |", function.signature(), function.doc);
        assert!(page.contains(&row), "docs/language.md lacks the row: {row}");
    }
    for name in super::LAZY {
        assert!(page.contains(&format!("| `{name}(")), "docs/language.md lacks a row about {name}");
    }
    // From the section's heading to the next one.
    let section = page.split("\n## Functions").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("a section about functions");
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("(") && line.contains(")` | "));
    let unknown: Vec<&str> = rows
        .filter_map(|row| row.strip_prefix("| `")?.split('(').next())
        .filter(|name| !names().any(|known| known == *name))
        .collect();
    assert_eq!(unknown, Vec::<&str>::new(), "docs/language.md has functions that do not exist");
}

/// Each line is a call in JSON, ` => `, and the result in JSON or the word `error`.
#[test]
fn results_are_those_of_terraform() {
    let mut wrong = Vec::new();
    for line in include_str!("cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let (text, expected) = line.rsplit_once(" => ").expect("an arrow");
        let (name, args) = text.split_once('(').expect("a call");
        let args = from_json(&json(&format!("[{}]", args.strip_suffix(')').expect("a call"))));
        let result = run(name, args.as_slice().expect("arguments"));
        let right = match (&result, expected) {
            (Err(_), "error") => true,
            (Ok(value), expected) if expected != "error" => to_json(value) == Some(json(expected)),
            _ => false,
        };
        if !right {
            wrong.push(format!("{line}\n    but {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_sorted_and_every_function_is_found() {
    assert!(table::FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    for function in table::FUNCTIONS {
        assert_eq!(lookup(function.name).map(|found| found.name), Some(function.name));
        assert!(function.doc.ends_with('.'), "{}", function.name);
    }
    assert!(
        lookup("try").is_none() && names().any(|name| name == "try") && names().any(|name| name == "can")
    );
}

#[test]
fn messages_say_what_is_wrong() {
    let cases: [(&str, Vec<Value>, &str); 13] = [
        ("abs", vec![], "abs expects 1 argument; the value for \"num\" is missing"),
        ("abs", vec![Value::int(1), Value::int(2)], "abs expects only 1 argument"),
        ("timestamp", vec![Value::int(1)], "timestamp expects no arguments"),
        ("join", vec![], "join expects at least 1 argument; the value for \"separator\" is missing"),
        ("abs", vec![Value::NULL], "the argument must not be null"),
        ("upper", vec![Value::tuple([])], "a string is required, but this is a tuple"),
        (
            "sum",
            vec![strings(&["1", "x"])],
            "[1]: a number is required, but this text is not the decimal form of one",
        ),
        (
            "parseint",
            vec![Value::string("zz"), Value::int(10)],
            "the text is not a whole number of this base: \"zz\", base 10",
        ),
        (
            "lookup",
            vec![Value::object([("a", Value::int(1))]), Value::string("b")],
            "there is no such key: \"b\"",
        ),
        ("file", vec![Value::string("nope")], "the file cannot be read: there is no file \"nope\""),
        (
            "file",
            vec![Value::string("binary")],
            "the file is not valid UTF-8; use filebase64 for files that are not text",
        ),
        (
            "format",
            vec![Value::string("%z"), Value::int(1)],
            "the format string has a verb that does not exist: 'z' in \"%z\" at offset 0",
        ),
        (
            "regex",
            vec![Value::string("("), Value::string("a")],
            "the pattern is not a valid regular expression: unclosed group (in \"(\")",
        ),
    ];
    for (name, args, expected) in cases {
        assert_eq!(message(name, &args), expected, "{name}");
    }
}

#[test]
fn sensitive_arguments_mark_the_result_and_are_never_shown() {
    assert_eq!(run("upper", &[secret("a")]), Ok(secret("A")));
    let joined = run("join", &[Value::string(","), Value::tuple([secret("a"), Value::string("b")])]);
    assert_eq!(joined, Ok(secret("a,b")));
    let word = "hunter2";
    let object = Value::object([(word, Value::int(1))]).marked(Marks::SENSITIVE);
    let failing: [(&str, Vec<Value>); 10] = [
        ("parseint", vec![secret(word), Value::int(10)]),
        ("jsondecode", vec![secret(word)]),
        ("lookup", vec![Value::object::<&str>([]), secret(word)]),
        ("regex", vec![secret("(hunter2"), Value::string("a")]),
        ("format", vec![secret("%z hunter2"), Value::int(1)]),
        ("format", vec![Value::string("%d"), secret(word)]),
        ("file", vec![secret(word)]),
        ("timeadd", vec![secret(word), secret(word)]),
        ("tonumber", vec![secret(word)]),
        ("tolist", vec![object]),
    ];
    for (name, args) in failing {
        let text = message(name, &args);
        assert!(!text.contains(word), "{name}: {text}");
    }
}

#[test]
fn containers_keep_the_marks_of_their_members_apart() {
    let env = Value::object([("A", secret("x")), ("B", Value::string("y"))]);
    let merged = run("merge", &[env.clone(), Value::object([("C", Value::int(1))])]).expect("an object");
    assert_eq!(merged.marks, Marks::NONE);
    assert_eq!(merged.get("A"), Some(&secret("x")));
    assert_eq!(run("keys", std::slice::from_ref(&env)), Ok(strings(&["A", "B"])));
    assert_eq!(run("length", std::slice::from_ref(&env)), Ok(Value::int(2)));
    assert_eq!(run("lookup", &[env.clone(), Value::string("B")]), Ok(Value::string("y")));
    assert_eq!(
        run("values", std::slice::from_ref(&env)),
        Ok(Value::tuple([secret("x"), Value::string("y")]))
    );
    assert_eq!(run("length", &[env.marked(Marks::SENSITIVE)]), Ok(Value::int(2).marked(Marks::SENSITIVE)));
    let inner = Value::tuple([Value::int(1)]).marked(Marks::SENSITIVE);
    let flat = run("flatten", &[Value::tuple([inner])]);
    assert_eq!(flat, Ok(Value::tuple([Value::int(1)]).marked(Marks::SENSITIVE)));
    let set = run("toset", &[Value::tuple([secret("a"), Value::string("a")])]);
    assert_eq!(set, Ok(Value::set([Value::string("a")]).marked(Marks::SENSITIVE)));
    assert_eq!(run("sensitive", &[Value::int(1)]), Ok(Value::int(1).marked(Marks::SENSITIVE)));
    assert_eq!(run("nonsensitive", &[secret("a")]), Ok(Value::string("a")));
    assert_eq!(run("issensitive", &[secret("a")]), Ok(Value::bool(true)));
}

#[test]
fn the_unknown_makes_results_unknown_only_where_it_matters() {
    let unknown = Value::unknown(Type::String);
    let object = Value::object([("a", unknown.clone())]);
    assert_eq!(run("upper", std::slice::from_ref(&unknown)), Ok(unknown.clone()));
    assert_eq!(run("abs", &[Value::unknown(Type::Any)]), Ok(Value::unknown(Type::Number)));
    assert_eq!(run("jsonencode", std::slice::from_ref(&object)), Ok(unknown.clone()));
    assert_eq!(run("keys", std::slice::from_ref(&object)), Ok(strings(&["a"])));
    assert_eq!(run("length", &[Value::tuple([unknown.clone()])]), Ok(Value::int(1)));
    assert_eq!(run("coalesce", &[Value::string("a"), unknown.clone()]), Ok(Value::string("a")));
    assert_eq!(run("coalesce", &[Value::NULL, unknown.clone(), Value::string("a")]), Ok(unknown.clone()));
    assert_eq!(
        run("alltrue", &[Value::tuple([Value::unknown(Type::Bool), Value::bool(false)])]),
        Ok(Value::bool(false))
    );
    let set = run("toset", &[Value::tuple([unknown.clone(), Value::string("a")])]).expect("a set");
    assert_eq!(run("length", &[set]), Ok(Value::unknown(Type::Number)));
    assert_eq!(
        run("upper", &[unknown.clone().marked(Marks::SENSITIVE)]),
        Ok(unknown.clone().marked(Marks::SENSITIVE))
    );
    assert_eq!(
        run("tolist", &[Value::unknown(Type::Tuple(vec![Type::Number]))]),
        Ok(Value::unknown(Type::List(Box::new(Type::Number))))
    );
    for name in ["timestamp", "plantimestamp", "uuid"] {
        assert_eq!(run(name, &[]), Ok(unknown.clone().marked(Marks::VOLATILE)), "{name}");
    }
    let volatile =
        run("bcrypt", &[Value::string("a"), Value::int(5)]).and_then(|value| run("upper", &[value]));
    assert_eq!(volatile, Ok(unknown.marked(Marks::VOLATILE)));
}

#[test]
fn kinds_of_collections_are_those_of_terraform() {
    let list = |items: &[&str]| convert(&strings(items), &Type::List(Box::new(Type::Any))).expect("a list");
    let map = |value: Value| convert(&value, &Type::Map(Box::new(Type::Any))).expect("a map");
    let is = |name: &str, args: &[Value]| match run(name, args).expect("a result").kind {
        Kind::List(_) => "list",
        Kind::Set(_) => "set",
        Kind::Tuple(_) => "tuple",
        Kind::Map(_) => "map",
        Kind::Object(_) => "object",
        _ => "other",
    };
    let a = map(Value::object([("a", Value::string("x"))]));
    assert_eq!(is("concat", &[list(&["a"]), list(&["b"])]), "list");
    assert_eq!(is("concat", &[list(&["a"]), strings(&["b"])]), "tuple");
    assert_eq!(is("merge", &[a.clone(), a.clone()]), "map");
    assert_eq!(is("merge", &[a.clone(), Value::object([("b", Value::int(1))])]), "object");
    assert_eq!(is("merge", &[]), "object");
    assert_eq!(is("keys", std::slice::from_ref(&a)), "list");
    assert_eq!(is("slice", &[list(&["a"]), Value::int(0), Value::int(1)]), "list");
    assert_eq!(is("slice", &[strings(&["a"]), Value::int(0), Value::int(1)]), "tuple");
    assert_eq!(is("reverse", &[Value::set([Value::int(1)])]), "list");
    assert_eq!(is("zipmap", &[strings(&["a"]), list(&["b"])]), "map");
    assert_eq!(is("setunion", &[strings(&["a"]), list(&["b"])]), "set");
    assert_eq!(is("setproduct", &[Value::set([Value::int(1)]), Value::set([Value::int(2)])]), "set");
    assert_eq!(run("lookup", &[a, Value::string("b"), Value::int(1)]), Ok(Value::string("1")));
    assert!(run("element", &[Value::set([Value::int(1)]), Value::int(0)]).is_err());
    assert!(run("element", &[list(&["a", "b"]), Value::int(-1)]).is_err());
}

#[test]
fn files_come_from_the_environment() {
    let path = [Value::string("a.txt")];
    assert_eq!(run("file", &path), Ok(Value::string("hello")));
    assert_eq!(run("filebase64", &path), Ok(Value::string("aGVsbG8=")));
    assert_eq!(run("filesha256", &path), run("sha256", &[Value::string("hello")]));
    assert_eq!(run("fileexists", &path), Ok(Value::bool(true)));
    assert_eq!(run("fileexists", &[Value::string("b")]), Ok(Value::bool(false)));
}

#[test]
fn what_would_take_unbounded_memory_is_refused() {
    let long = "a".repeat(1 << 20);
    let many = Value::tuple((0..1024).map(Value::int));
    assert!(message("join", &[Value::string(long.as_str()), many.clone()]).contains("16 MiB"));
    assert!(
        message(
            "replace",
            &[Value::string(long.as_str()), Value::string("a"), Value::string("a".repeat(64))]
        )
        .contains("16 MiB")
    );
    let pattern = [Value::string(long.as_str()), Value::string("/a/"), Value::string("b".repeat(64))];
    assert!(message("replace", &pattern).contains("16 MiB"));
    let lines = "\n".repeat(1 << 20);
    assert!(message("indent", &[Value::int(1000), Value::string(lines)]).contains("16 MiB"));
    assert!(message("format", &[Value::string("%999999d"), Value::int(1)]).contains("4096"));
    assert!(message("format", &[Value::string("%.99999999999999999999d"), Value::int(1)]).contains("4096"));
    assert!(run("format", &[Value::string("%[18446744073709551615]s%s"), Value::int(1)]).is_err());
    assert!(message("format", &[Value::string("%[1]s".repeat(32)), Value::string(long)]).contains("16 MiB"));
    assert!(message("setproduct", &[many.clone(), many.clone()]).contains("members"));
    assert!(message("setproduct", &vec![many.clone(); 20]).contains("members"));
    assert!(message("concat", &vec![many; 2000]).contains("members"));
    assert!(message("parseint", &[Value::string("9".repeat(5000)), Value::int(10)]).contains("whole number"));
}

fn any_argument() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::NULL),
        Just(Value::unknown(Type::Any)),
        any::<bool>().prop_map(Value::bool),
        (-3_i64..70).prop_map(Value::int),
        Just(Value::int(i64::MIN)),
        Just(Value::int(i64::MAX)),
        ".{0,6}".prop_map(Value::string),
        "[%\\[\\]+0-9#. vsdqxfeg*]{0,8}".prop_map(Value::string),
        "/[\\[\\]()a\\\\dQEb^|*&~-]{0,8}/".prop_map(Value::string),
        "[0-9:TZ+.-]{15,30}".prop_map(Value::string),
        "[-+0-9.hmsun]{0,6}".prop_map(Value::string),
        Just(Value::string("2018-01-02T23:12:01+05:30")),
        Just(secret("hidden")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::set),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(Value::object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_call_panics_and_marks_are_never_lost(args in prop::collection::vec(any_argument(), 0..4)) {
        let marks = args.iter().fold(Marks::NONE, |marks, arg| marks.union(arg.marks));
        for function in table::FUNCTIONS {
            match run(function.name, &args) {
                Ok(value) if !matches!(function.name, "nonsensitive" | "issensitive") => {
                    prop_assert!(value.all_marks().contains(marks), "{}: {:?}", function.name, args);
                }
                Ok(_) => {}
                Err(error) => prop_assert!(!error.to_string().contains("hidden"), "{}: {}", function.name, error),
            }
        }
    }

    #[test]
    fn encodings_come_back(text in ".{0,40}") {
        for (encode, decode) in [("base64encode", "base64decode"), ("jsonencode", "jsondecode")] {
            let encoded = run(encode, &[Value::string(text.as_str())]).expect("encoded");
            prop_assert_eq!(run(decode, &[encoded]), Ok(Value::string(text.as_str())));
        }
    }
}
