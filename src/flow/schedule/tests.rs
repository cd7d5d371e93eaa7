//! Schedule blocks in, clocks and problems out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::{Value as Json, json};

use super::*;
use crate::value::{from_json, to_json};

fn clock(block: Json) -> Json {
    let (clock, problems) = normalize(&from_json(&block), "1.4.1");
    assert_eq!(problems, vec![], "{block}");
    to_json(&clock).expect("wholly known")
}

fn problems(block: Json) -> Vec<String> {
    let (_, problems) = normalize(&from_json(&block), "1.4.1");
    problems.iter().map(|problem| format!("{}: {}", problem.place(), problem.detail)).collect()
}

#[test]
fn a_cron_schedule_is_a_cron_clock() {
    assert_eq!(
        clock(json!({
            "cron": " 0  6 * * mon-fri ",
            "timezone": "europe/berlin",
            "start": "2030-07-01T00:00:00Z",
            "end": "2031-01-01T00:00:00",
            "parameters": {"n": 1},
            "labels": ["b", "a", "b"],
        })),
        json!({
            "type": "CronClock",
            "__version__": "1.4.1",
            "cron": "0 6 * * mon-fri",
            "day_or": true,
            "timezone": "Europe/Berlin",
            "start_date": {"dt": "2030-07-01T02:00:00", "tz": "Europe/Berlin"},
            "end_date": {"dt": "2031-01-01T00:00:00", "tz": "Europe/Berlin"},
            "parameter_defaults": {"n": 1},
            "labels": ["a", "b"],
        })
    );
}

#[test]
fn an_interval_is_in_microseconds() {
    for (interval, expected) in [
        (json!(90), 90_000_000_i64),
        (json!(60.5), 60_500_000),
        (json!("1h30m"), 5_400_000_000),
        (json!("90 minutes"), 5_400_000_000),
        (json!("PT1H30M"), 5_400_000_000),
        (json!("2d"), 172_800_000_000),
        (json!("1 week"), 604_800_000_000),
    ] {
        let block = json!({"interval": interval});
        assert_eq!(clock(block.clone())["interval"], json!(expected), "{block}");
    }
    assert_eq!(
        clock(json!({"interval": 60})),
        json!({
            "type": "IntervalClock", "__version__": "1.4.1", "interval": 60_000_000, "start_date": null,
            "end_date": null, "parameter_defaults": {}, "labels": null,
        })
    );
}

#[test]
fn dates_are_sorted_and_unique_instants() {
    assert_eq!(
        clock(
            json!({"dates": ["2030-02-01T00:00:00Z", "2030-01-31T06:00:00+02:00", "2030-01-31T04:00:00Z"]})
        ),
        json!({
            "type": "DatesClock",
            "__version__": "1.4.1",
            "dates": [{"dt": "2030-01-31T04:00:00", "tz": "UTC"}, {"dt": "2030-02-01T00:00:00", "tz": "UTC"}],
            "parameter_defaults": {},
            "labels": null,
        })
    );
}

#[test]
fn wrong_schedules_are_explained() {
    for (block, expected) in [
        (json!({}), ": A schedule says when: by `cron`, by `interval` or by `dates`."),
        (
            json!({"cron": "0 6 * * *", "interval": 60}),
            "interval: A schedule has exactly one of `cron`, `interval` and `dates`; this has `cron` and `interval`.",
        ),
        (
            json!({"cron": "0 6 * *"}),
            "cron: \"0 6 * *\" is no cron expression: it has 4 fields, and five are needed.",
        ),
        (
            json!({"cron": "@daily"}),
            "cron: \"@daily\" is no cron expression: nicknames such as `@daily` are not taken; `@daily` is `0 0 * * *`.",
        ),
        (
            json!({"cron": "0 0 15W * *"}),
            "cron: \"0 0 15W * *\" is no cron expression: `W` (the nearest weekday) is not known to the original.",
        ),
        (json!({"cron": 5}), "cron: `cron` must be a text, but this is a number."),
        (json!({"interval": 59}), "interval: The shortest interval is one minute, as in the original."),
        (json!({"interval": -1}), "interval: The shortest interval is one minute, as in the original."),
        (
            json!({"interval": "1e30"}),
            "interval: `interval` is a number of seconds or a text such as `1h30m`, but this is \"1e30\".",
        ),
        (
            json!({"interval": "1 month"}),
            "interval: `interval` is a number of seconds or a text such as `1h30m`, but this is \"1 month\".",
        ),
        (json!({"interval": 4e9}), "interval: The interval is longer than a hundred years."),
        (json!({"dates": []}), "dates: `dates` is empty, so the schedule never runs."),
        (
            json!({"dates": "2030-01-01T00:00:00Z"}),
            "dates: `dates` is a list of texts, but this is a string.",
        ),
        (
            json!({"dates": ["2030-01-01T00:00:00"]}),
            "dates[0]: \"2030-01-01T00:00:00\" is no point in time: it has neither an offset nor a `timezone` beside it.",
        ),
        (
            json!({"dates": ["soon"]}),
            "dates[0]: \"soon\" is no point in time: it is not written as RFC 3339 asks.",
        ),
        (
            json!({"dates": ["2030-01-01T00:00:00Z"], "start": "2029-01-01T00:00:00Z"}),
            "start: `dates` names every run, so `start` has no meaning beside it.",
        ),
        (
            json!({"cron": "0 6 * * *", "timezone": "Europe/Berln"}),
            "timezone: The time zone database has no zone \"Europe/Berln\".",
        ),
        (
            json!({"cron": "0 6 * * *", "start": "2030-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}),
            "end: `end` is not after `start`.",
        ),
        (
            json!({"cron": "0 6 * * *", "labels": "a"}),
            "labels: Labels are a list of texts, but this is a string.",
        ),
        (json!({"cron": "0 6 * * *", "zone": "UTC"}), "zone: A schedule has no argument `zone`."),
        (
            json!({"cron": "0 6 * * *", "parameters": []}),
            "parameters: `parameters` must be a map by parameter name, but this is a tuple.",
        ),
        (json!([]), ": A schedule is an object of its arguments, but this is a tuple."),
    ] {
        assert_eq!(problems(block.clone()), vec![expected.to_owned()], "{block}");
    }
    // Out of range: the words are the parser's.
    for wrong in ["61 * * * *", "0 25 * * *", "0 0 * 13 *", "a b c d e", "*/0 * * * *", "5-1 * * * *"] {
        assert_eq!(problems(json!({"cron": wrong})).len(), 1, "{wrong}");
    }
    let (_, found) =
        normalize(&from_json(&json!({"cron": "0 6 * * *", "timezone": "Europe/Berln"})), "1.4.1");
    assert_eq!(found[0].help.as_deref(), Some("did you mean `Europe/Berlin`?"));
}

#[test]
fn unknown_arguments_stay_unknown() {
    let block = Value::object([
        ("cron", Value::unknown(Type::String)),
        ("timezone", Value::unknown(Type::String)),
        ("start", Value::string("2030-01-01T00:00:00Z")),
        ("labels", Value::unknown(Type::Any)),
    ]);
    let (clock, problems) = normalize(&block, "1.4.1");
    assert_eq!(problems, vec![]);
    for name in ["cron", "timezone", "start_date", "labels"] {
        assert!(clock.get(name).unwrap().is_unknown(), "{name}");
    }
    assert_eq!(clock.get("type"), Some(&Value::string("CronClock")));
}

proptest::proptest! {
    // Each text is compared with every zone of the database.
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let value = Value::string(text);
        for name in ["cron", "interval", "timezone", "start"] {
            normalize(&Value::object([(name, value.clone())]), "1.4.1");
        }
        normalize(&Value::object([("dates", Value::tuple([value]))]), "1.4.1");
    }

    #[test]
    fn no_cron_like_text_panics(text in "[0-9*/,\\-LW#?A-Z ]{0,30}") {
        normalize(&Value::object([("cron", Value::string(text))]), "1.4.1");
    }
}
