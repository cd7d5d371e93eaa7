//! Laws and samples of numbers, conversion and JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::convert::unmark_deep;
use super::{
    AttributeType, Kind, Marks, Number, Type, Value, convert, from_json, to_json, type_name, type_of, unify,
};

fn number(text: &str) -> Number {
    Number::parse(text).expect("a number")
}

fn attribute(ty: Type, optional: bool, default: Option<Value>) -> AttributeType {
    AttributeType { ty, optional, default }
}

fn object_type<const N: usize>(attributes: [(&str, AttributeType); N]) -> Type {
    Type::Object(attributes.into_iter().map(|(name, ty)| (Arc::from(name), ty)).collect())
}

fn list(ty: Type) -> Type {
    Type::List(Box::new(ty))
}

fn message(value: &Value, ty: &Type) -> String {
    convert(value, ty).expect_err("no conversion").to_string()
}

#[test]
fn numbers_are_written_plainly() {
    let cases = [
        ("1", "1"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("1E-7", "0.0000001"),
        ("-0", "0"),
        ("+1", "1"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e20", "100000000000000000000"),
        ("0.000", "0"),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).to_string(), expected, "{text}");
    }
    for text in
        ["", ".", "-", "1_0", "0x1", " 1", "1 ", "1e", "1e1001", "e1", "1.2.3", "--1", "inf", "NaN", "é"]
    {
        assert_eq!(Number::parse(text), None, "{text}");
    }
    assert_eq!(Number::parse(&"1".repeat(1001)), None);
}

#[test]
fn equal_numbers_are_equal_however_written() {
    assert_eq!(number("1.0"), number("1"));
    assert_eq!(number("1e3"), Number::from(1000));
    assert_eq!(number("9223372036854775808").neg(), Number::from(i64::MIN));
    assert_eq!(Number::from(i64::MIN).neg().neg(), Number::from(i64::MIN));
    assert_eq!(number("0.1").add(&number("0.2")), Some(number("0.3")));
    assert!(number("1.5") > Number::from(1) && number("1.5") < Number::from(2));
}

#[test]
fn quotients_have_limited_precision_and_whole_ones_are_exact() {
    let third = Number::written(1).div(&Number::written(3)).expect("not zero");
    let counted = Number::from(1).div(&Number::from(3)).expect("not zero");
    assert_eq!(counted.to_string(), "0.33333333333333333334");
    assert_eq!(third.to_string(), format!("0.{}5", "3".repeat(154)));
    assert_eq!(third.mul(&Number::from(3)), Some(Number::from(1)));
    assert_eq!(number("10").div(&number("4")), Some(number("2.5")));
    assert_eq!(
        number("123456789012345678901234567890").div(&number("7")),
        Some(number("17636684144620811271604938270"))
    );
    assert_eq!(number("1e400").div(&number("1e200")), Some(number("1e200")));
    assert_eq!(Number::from(1).div(&Number::ZERO), None);
    assert_eq!(Number::from(1).rem(&Number::ZERO), None);
    assert_eq!(number("-7").rem(&number("3")), Some(number("-1")));
    assert_eq!(number("7").rem(&number("-3")), Some(number("1")));
    assert_eq!(number("5.5").rem(&number("2")), Some(number("1.5")));
    assert_eq!(Number::from(i64::MIN).rem(&Number::from(-1)), Some(Number::ZERO));
    assert_eq!(Number::from(i64::MIN).div(&Number::from(-1)), Some(number("9223372036854775808")));
}

#[test]
fn numbers_do_not_explode() {
    let mut value = number("1.5e700");
    value = value.mul(&value).expect("still fits");
    assert_eq!(value.mul(&value), None);
    let mut small = number("1e-900");
    small = small.mul(&small).expect("still fits");
    assert_eq!(small.mul(&small), None);
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from_f64(0.1), Some(number("0.1")));
    assert_eq!(number("0.1").to_f64(), 0.1);
    assert_eq!(number("-1.5").floor(), Number::from(-2));
    assert_eq!(number("-1.5").ceil(), Number::from(-1));
    assert_eq!(number("2").pow(&number("0.5")), Some(number("1.4142135623730951")));
}

#[test]
fn primitives_convert_as_in_terraform() {
    assert_eq!(convert(&Value::int(1), &Type::String), Ok(Value::string("1")));
    assert_eq!(convert(&Value::bool(true), &Type::String), Ok(Value::string("true")));
    assert_eq!(convert(&Value::string("0"), &Type::Bool), Ok(Value::bool(false)));
    assert_eq!(convert(&Value::string("1e3"), &Type::Number), Ok(Value::int(1000)));
    assert_eq!(message(&Value::int(1), &Type::Bool), "a bool is required, but this is a number");
    assert_eq!(message(&Value::tuple([]), &Type::String), "a string is required, but this is a tuple");
    assert_eq!(convert(&Value::NULL, &Type::Bool), Ok(Value::NULL));
    assert_eq!(convert(&Value::unknown(Type::Number), &Type::String), Ok(Value::unknown(Type::String)));
    assert_eq!(
        message(&Value::unknown(Type::Number), &Type::Bool),
        "a bool is required, but this is a number"
    );
}

#[test]
fn collections_convert_to_one_element_type() {
    let mixed = Value::tuple([Value::int(1), Value::string("a"), Value::NULL]);
    let converted = convert(&mixed, &list(Type::Any)).expect("strings");
    assert_eq!(format!("{converted:?}"), r#"["1", "a", null]"#);
    assert_eq!(type_name(&converted), "list of string");
    let set = convert(
        &Value::tuple([Value::int(2), Value::string("1"), Value::int(1)]),
        &Type::Set(Box::new(Type::Any)),
    );
    assert_eq!(format!("{:?}", set.expect("a set")), r#"{"1", "2"}"#);
    assert_eq!(
        message(&Value::tuple([Value::int(1), Value::bool(true)]), &list(Type::Any)),
        "all elements must be of one type, but these share none"
    );
    let nested =
        Value::tuple([Value::object([("a", Value::int(1))]), Value::object([("b", Value::string("x"))])]);
    assert_eq!(type_of(&convert(&nested, &list(Type::Any)).expect("maps")).to_string(), "list(map(string))");
    assert_eq!(
        message(
            &Value::object([("a", Value::tuple([Value::NULL, Value::tuple([])]))]),
            &Type::Map(Box::new(list(Type::String)))
        ),
        "a[1]: a string is required, but this is a tuple"
    );
}

#[test]
fn objects_take_defaults_and_lose_unknown_attributes() {
    let ty = object_type([
        ("name", attribute(Type::String, false, None)),
        ("size", attribute(Type::Number, true, Some(Value::int(3)))),
        ("note", attribute(Type::String, true, None)),
    ]);
    let value = Value::object([("name", Value::int(7)), ("size", Value::NULL), ("extra", Value::bool(true))]);
    assert_eq!(
        format!("{:?}", convert(&value, &ty).expect("an object")),
        r#"{"name": "7", "note": null, "size": 3}"#
    );
    assert_eq!(message(&Value::object::<&str>([]), &ty), r#"attribute "name" is required"#);
    let two =
        object_type([("a", attribute(Type::Any, false, None)), ("b", attribute(Type::Any, false, None))]);
    assert_eq!(message(&Value::object::<&str>([]), &two), r#"attributes "a" and "b" are required"#);
}

#[test]
fn marks_stay_and_errors_show_nothing_of_what_is_sensitive() {
    let secret = Value::string("hunter2").marked(Marks::SENSITIVE);
    let set =
        convert(&Value::tuple([secret.clone(), Value::string("a")]), &Type::Set(Box::new(Type::String)));
    let set = set.expect("a set");
    assert_eq!((set.marks, set.members().map(Value::all_marks).max()), (Marks::SENSITIVE, Some(Marks::NONE)));
    assert_eq!(convert(&secret, &Type::Any).map(|value| value.marks), Ok(Marks::SENSITIVE));
    assert!(!message(&secret, &Type::Number).contains("hunter2"));
    let keyed = Value::object([("hunter2", Value::tuple([]))]).marked(Marks::SENSITIVE);
    assert_eq!(
        message(&keyed, &Type::Map(Box::new(Type::String))),
        "a string is required, but this is a tuple"
    );
}

#[test]
fn types_unify() {
    let name = |values: &[Value]| unify(values).map(|ty| ty.to_string());
    assert_eq!(name(&[]).as_deref(), Some("any"));
    assert_eq!(name(&[Value::int(1), Value::bool(true)]), None);
    assert_eq!(name(&[Value::int(1), Value::bool(true), Value::string("")]).as_deref(), Some("string"));
    let tuple = |items: &[Value]| Value::tuple(items.iter().cloned());
    assert_eq!(
        name(&[tuple(&[Value::int(1)]), tuple(&[Value::string("a")])]).as_deref(),
        Some("tuple([string])")
    );
    assert_eq!(name(&[tuple(&[]), tuple(&[Value::string("a")])]).as_deref(), Some("list(string)"));
    assert_eq!(name(&[tuple(&[]), Value::string("a")]), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::NULL),
        any::<bool>().prop_map(Value::bool),
        any::<i64>().prop_map(Value::int),
        any::<f64>().prop_filter_map("finite", |value| Number::parse(&value.to_string())
            .map(|number| Kind::Number(number).into())),
        "[a-c1]{0,2}".prop_map(Value::string),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(Value::object),
        ]
    })
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Any), Just(Type::Bool), Just(Type::Number), Just(Type::String)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(list),
            inner.clone().prop_map(|ty| Type::Set(Box::new(ty))),
            inner.clone().prop_map(|ty| Type::Map(Box::new(ty))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Type::Tuple),
            prop::collection::btree_map("[a-c]", (inner, any::<bool>()), 0..3).prop_map(|entries| {
                let entries = entries.into_iter();
                Type::Object(
                    entries
                        .map(|(k, (ty, optional))| (k.into(), attribute(ty, optional, None)))
                        .collect::<BTreeMap<_, _>>(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn conversion_is_idempotent(value in any_value(), ty in any_type()) {
        if let Ok(once) = convert(&value, &ty) {
            let twice = convert(&once, &ty);
            prop_assert_eq!(twice, Ok(once));
        }
    }

    #[test]
    fn a_value_converts_to_the_type_that_it_shares(values in prop::collection::vec(any_value(), 0..4)) {
        if let Some(ty) = unify(&values) {
            for value in &values {
                prop_assert!(convert(value, &ty).is_ok(), "{:?} to {}", value, ty);
            }
        }
    }

    #[test]
    fn unknown_values_convert_where_known_ones_of_their_type_do(value in any_value(), ty in any_type()) {
        if let Ok(known) = convert(&value, &ty) {
            let texts = type_of(&value).to_string();
            // A null of any type and text that happens to write a number convert further than their types say.
            let unknown = convert(&Value::unknown(type_of(&value)), &ty);
            prop_assert!(unknown.is_ok() , "{} to {}: {:?} {:?}", texts, ty, unknown, known);
        }
    }

    #[test]
    fn json_comes_back(value in any_value()) {
        let json = to_json(&value).expect("known");
        prop_assert_eq!(&from_json(&json), &value);
        let text = serde_json::to_string(&json).expect("json");
        prop_assert_eq!(from_json(&serde_json::from_str(&text).expect("json")), value);
    }

    #[test]
    fn arithmetic_is_that_of_integers(a in any::<i64>(), b in any::<i64>(), c in any::<i64>()) {
        let (x, y, z) = (Number::written(a), Number::written(b), Number::written(c));
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        prop_assert_eq!(x.add(&y).expect("fits").to_string(), (wide_a + wide_b).to_string());
        prop_assert_eq!(x.sub(&y).expect("fits").to_string(), (wide_a - wide_b).to_string());
        prop_assert_eq!(x.mul(&y).expect("fits").to_string(), (wide_a * wide_b).to_string());
        if b != 0 {
            prop_assert_eq!(x.rem(&y).expect("not zero").to_string(), (wide_a % wide_b).to_string());
            prop_assert_eq!(x.mul(&y).expect("fits").div(&y), Some(x.clone()));
        }
        let left = x.mul(&y.add(&z).expect("fits")).expect("fits");
        let right = x.mul(&y).expect("fits").add(&x.mul(&z).expect("fits"));
        prop_assert_eq!(Some(left), right);
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(Number::parse(&a.to_string()), Some(x));
    }

    #[test]
    fn decimals_come_back_from_their_text(text in "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e-?[0-9]{1,2})?") {
        let value = number(&text);
        prop_assert_eq!(Number::parse(&value.to_string()), Some(value.clone()));
        prop_assert_eq!(value.floor() <= value && value <= value.ceil(), true);
        prop_assert_eq!(value.is_integer(), value.floor() == value);
        prop_assert_eq!(value.to_bigint().is_some(), value.is_integer());
    }

    #[test]
    fn unmarking_leaves_no_marks(value in any_value()) {
        let marked = Value::tuple([value.clone().marked(Marks::SENSITIVE)]);
        prop_assert_eq!(unmark_deep(&marked), Value::tuple([value]));
    }
}
