//! Scalars, aliases and mistakes as PyYAML has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;

#[test]
fn scalars_are_resolved_as_in_yaml_1_1() {
    for (text, expected) in [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("yEs", json!("yEs")),
        ("y", json!("y")),
        ("~", json!(null)),
        ("017", json!(15)),
        ("08", json!("08")),
        ("0o17", json!("0o17")),
        ("0x1F", json!(31)),
        ("0b101", json!(5)),
        ("1_000", json!(1000)),
        ("-12", json!(-12)),
        ("12:30", json!(750)),
        ("12:75", json!("12:75")),
        ("1:30.5", json!(90.5)),
        ("1e3", json!("1e3")),
        ("1.5e3", json!("1.5e3")),
        ("1.5e+3", json!(1500.0)),
        ("1.", json!(1.0)),
        (".5", json!(0.5)),
        ("-.5", json!("-.5")),
        ("1_0.5", json!(10.5)),
        ("2 vcpu", json!("2 vcpu")),
        ("500m", json!("500m")),
        ("2022-01-01", json!("2022-01-01")),
        ("'yes'", json!("yes")),
        ("!!str 5", json!("5")),
        ("!!int '5'", json!(5)),
        ("18446744073709551615", json!(18446744073709551615_u64)),
        ("", json!(null)),
        ("# nothing", json!(null)),
    ] {
        assert_eq!(load(text, "t").unwrap(), expected, "{text}");
    }
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let text =
        "base: &b {a: 1, b: 2}\nother: &o {b: 3, c: 4}\nx:\n  <<: [*b, *o]\n  a: 0\ny: *b\n8080: true\n";
    let loaded = load(text, "t").unwrap();
    assert_eq!(loaded["x"], json!({"a": 0, "b": 2, "c": 4}));
    assert_eq!(loaded["y"], json!({"a": 1, "b": 2}));
    assert_eq!(loaded["8080"], json!(true));
    assert_eq!(load("{\"a\": [1, {\"b\": null}]}", "t").unwrap(), json!({"a": [1, {"b": null}]}));
}

#[test]
fn mistakes_have_the_original_s_classes() {
    let deep = "[".repeat(200);
    let bomb = (0..30).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        format!("{text}a{}: &a{} [*a{n}, *a{n}, *a{n}]\n", n + 1, n + 1)
    });
    for (text, class) in [
        ("a: [1\n", "ParserError"),
        ("a: 1\n b: 2\n", "ScannerError"),
        ("a: *nope\n", "ComposerError"),
        ("a: 1\n---\nb: 2\n", "ComposerError"),
        ("!custom x", "ConstructorError"),
        ("? [a]\n: 1\n", "ConstructorError"),
        ("<<: 5\n", "ConstructorError"),
        ("&a [*a]", "ConstructorError"),
        (&deep, "ParserError"),
        (&bomb, "ComposerError"),
    ] {
        let error = load(text, "t.yaml").expect_err(text);
        assert_eq!(error.class.name(), class, "{text:.40}: {error}");
        assert!(error.message.contains("t.yaml"), "{error}");
    }
}

#[test]
fn a_tab_between_words_is_refused_and_one_in_a_text_stays() {
    for text in ["a:\t1", "a: 1\t", "\ta: 1", "a: x\ty", "- \tx", "a: |\t\n  x\n", "a: 1 \t# c", "a: '1'\t"] {
        assert_eq!(load(text, "t").map_err(|error| error.class), Err(ErrorClass::ScannerError), "{text:?}");
    }
    for (text, expected) in [
        ("a: 'x\ty' # c\td", json!({"a": "x\ty"})),
        ("a: \"x\ty\"\nb: 1", json!({"a": "x\ty", "b": 1})),
        ("a: |\n  x\ty\n  \tz\nb: 2\n", json!({"a": "x\ty\n\tz\n", "b": 2})),
        ("a: >-\n  x\ty\n", json!({"a": "x\ty"})),
    ] {
        assert_eq!(load(text, "t").unwrap(), expected, "{text:?}");
    }
}

#[test]
fn dates_are_noted_and_the_calendar_has_them() {
    let dated =
        |text: &str| read(text, "t").map(|read| (read.json, read.has_dates)).map_err(|error| error.class);
    for text in ["2022-02-23", "2024-02-29 9:05:00.25 +1", "2022-2-3T10:00:00Z", "2022-02-23 10:00:00-08:00"]
    {
        assert_eq!(dated(text), Ok((json!(text), true)), "{text}");
    }
    for text in
        ["2022-2-23", "2022-02-23 10:00", "2022-02-23x", "12-02-23", "2022-02-23 10:00:00 Z1", "'2022-02-23'"]
    {
        assert_eq!(dated(text), Ok((json!(text.trim_matches('\'')), false)), "{text}");
    }
    for text in ["2022-13-45", "2023-02-29", "2022-01-01 24:00:00"] {
        assert_eq!(dated(text), Err(ErrorClass::ValueError), "{text}");
    }
    assert_eq!(dated("a: !!timestamp x"), Ok((json!({"a": "x"}), true)));
}

#[test]
fn keys_that_python_calls_equal_are_one() {
    assert_eq!(load("1: x\ntrue: z\n1.0: w\n'1': v\n", "t").unwrap(), json!({"1": "v"}));
    assert_eq!(load("true: x\n1: z\nnull: y\n", "t").unwrap(), json!({"true": "z", "null": "y"}));
    assert_eq!(load("=: 1\n", "t").unwrap(), json!({"=": 1}));
    assert_eq!(load("a: =\n", "t").map_err(|error| error.class), Err(ErrorClass::ConstructorError));
}

#[test]
fn a_block_at_the_end_keeps_the_end_of_line_that_is_there() {
    assert_eq!(load("a: |\n  x", "t").unwrap(), json!({"a": "x"}));
    assert_eq!(load("a: |\n  x\n", "t").unwrap(), json!({"a": "x\n"}));
    assert_eq!(load("a: >+\n  x\n\n", "t").unwrap(), json!({"a": "x\n\n"}));
}
