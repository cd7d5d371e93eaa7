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
