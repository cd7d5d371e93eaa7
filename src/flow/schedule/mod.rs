//! Schedules: the arguments of a `schedule` block checked and put in the form of the original's clocks. It computes
//! no run time and reads no clock; time zones come from the database that is built in, so that every machine agrees.

mod time;

use std::collections::BTreeMap;

use super::definition::{Problem, at, at_index, key, unknown_argument};
use super::kind::{Field, FieldType};
use crate::value::{Kind, Number, Type, Value, type_name};

/// The arguments of a `schedule` block.
pub const FIELDS: &[Field] = &[
    field("cron", FieldType::String, "Five fields: minute, hour, day of month, month, day of week."),
    field("interval", FieldType::Any, "Seconds as a number, or a text such as `1h30m`; a minute at least."),
    field("dates", FieldType::ListOfString, "Fixed times, as RFC 3339 texts."),
    field(
        "timezone",
        FieldType::String,
        "The IANA time zone in which the schedule is meant; UTC when left out.",
    ),
    field("start", FieldType::String, "The first time at which it may run, as an RFC 3339 text."),
    field("end", FieldType::String, "The last time at which it may run, as an RFC 3339 text."),
    field("parameters", FieldType::MapOfAny, "Parameters of the runs, laid over the flow's."),
    field("labels", FieldType::ListOfString, "Labels of the runs, in place of the flow's."),
];

const fn field(name: &'static str, ty: FieldType, doc: &'static str) -> Field {
    Field { name, ty, required: false, doc }
}

/// The clock that a `schedule` block means, and what is wrong with the block; problems are placed by argument.
///
/// The form is the original's: `type` (`CronClock`, `IntervalClock`, `DatesClock`), `__version__`, `cron` with
/// `day_or`, `interval` in microseconds or `dates`, `start_date` and `end_date` as `{dt, tz}` (the local time in a
/// named zone), `parameter_defaults`, `labels` (null when none are given). Where a zone is given, `timezone` holds it
/// besides: the original can only say it in a start date. Unknown arguments stay unknown.
pub fn normalize(block: &Value, prefect_version: &str) -> (Value, Vec<Problem>) {
    let mut problems = Vec::new();
    let Some(entries) = block.as_entries() else {
        if !block.is_unknown() {
            problems.push(Problem::error(
                Vec::new(),
                "Unsuitable value",
                format!("A schedule is an object of its arguments, but this is a {}.", type_name(block)),
            ));
        }
        return (Value::unknown(Type::Any), problems);
    };
    for name in entries.keys() {
        if FIELDS.iter().all(|field| field.name != name.as_ref()) {
            problems.push(unknown_argument(&[], name, "A schedule", FIELDS.iter()));
        }
    }
    let argument = |name: &str| entries.get(name).filter(|value| !value.is_null());
    let zone = zone(argument("timezone"), &mut problems);
    let mut clock: BTreeMap<&str, Value> = BTreeMap::new();
    match one_of(entries, &mut problems) {
        Some("interval") => {
            clock.insert("type", Value::string("IntervalClock"));
            clock
                .insert("interval", argument("interval").map_or(Value::NULL, |v| interval(v, &mut problems)));
        }
        Some("dates") => {
            clock.insert("type", Value::string("DatesClock"));
            clock.insert("dates", argument("dates").map_or(Value::NULL, |v| dates(v, &zone, &mut problems)));
            for name in ["start", "end"].into_iter().filter(|name| argument(name).is_some()) {
                problems.push(
                    Problem::error(
                        vec![key(name)],
                        "Contradicting arguments",
                        format!("`dates` names every run, so `{name}` has no meaning beside it."),
                    )
                    .help(format!("remove `{name}`, or the dates outside of it")),
                );
            }
        }
        Some(_) => {
            clock.insert("type", Value::string("CronClock"));
            clock.insert("cron", argument("cron").map_or(Value::NULL, |v| cron(v, &mut problems)));
            clock.insert("day_or", Value::bool(true));
        }
        None => return (Value::unknown(Type::Any), problems),
    }
    if !clock.contains_key("dates") {
        let start = argument("start").map(|value| moment(value, &zone, &[key("start")], &mut problems));
        let end = argument("end").map(|value| moment(value, &zone, &[key("end")], &mut problems));
        if let (Some(Moment::At(start, _)), Some(Moment::At(end, _))) = (&start, &end)
            && start >= end
        {
            problems.push(
                Problem::error(vec![key("end")], "Schedule that never runs", "`end` is not after `start`.")
                    .help("write an `end` after the `start`, or remove one of them"),
            );
        }
        clock.insert("start_date", start.map_or(Value::NULL, Moment::value));
        clock.insert("end_date", end.map_or(Value::NULL, Moment::value));
    }
    match &zone {
        Zone::Named(zone) => {
            clock.insert("timezone", Value::string(zone.name()));
        }
        Zone::Unknown => {
            clock.insert("timezone", Value::unknown(Type::String));
        }
        Zone::Default => {}
    }
    clock.insert("parameter_defaults", parameters(argument("parameters"), &mut problems));
    clock.insert("labels", labels(argument("labels"), &mut problems));
    clock.insert("__version__", Value::string(prefect_version));
    (Value::object(clock), problems)
}

/// The zone of a schedule.
enum Zone {
    /// None is given: UTC.
    Default,
    /// Known only after apply.
    Unknown,
    /// This one.
    Named(time::NamedZone),
}

/// A point in time.
enum Moment {
    /// Known: the instant, and its `{dt, tz}`.
    At(jiff::Timestamp, Value),
    /// Not known, or wrong and reported.
    Unknown,
}

impl Moment {
    fn value(self) -> Value {
        match self {
            Self::At(_, value) => value,
            Self::Unknown => Value::unknown(Type::Any),
        }
    }
}

/// Which of `cron`, `interval` and `dates` is given; exactly one must be.
fn one_of(
    entries: &BTreeMap<std::sync::Arc<str>, Value>,
    problems: &mut Vec<Problem>,
) -> Option<&'static str> {
    let given = |name: &&'static str| entries.get(*name).is_some_and(|value| !value.is_null());
    let kinds: Vec<&'static str> = ["cron", "interval", "dates"].into_iter().filter(given).collect();
    match kinds.as_slice() {
        [] => {
            problems.push(
                Problem::error(
                    Vec::new(),
                    "Schedule without a time",
                    "A schedule says when: by `cron`, by `interval` or by `dates`.",
                )
                .help("write one of them, for example `cron = \"0 6 * * *\"`"),
            );
            None
        }
        [first, rest @ ..] => {
            // One that is not known yet may still be null.
            let known =
                kinds.iter().filter(|name| entries.get(**name).is_some_and(|value| !value.is_unknown()));
            if !rest.is_empty() && known.count() > 1 {
                let second = rest.first().copied().unwrap_or_default();
                problems.push(
                    Problem::error(
                        vec![key(second)],
                        "Contradicting arguments",
                        format!(
                            "A schedule has exactly one of `cron`, `interval` and `dates`; this has `{}`.",
                            kinds.join("` and `")
                        ),
                    )
                    .help("keep one of them, and write a second `schedule` block for the other"),
                );
            }
            Some(first)
        }
    }
}

fn zone(value: Option<&Value>, problems: &mut Vec<Problem>) -> Zone {
    let Some(value) = value else { return Zone::Default };
    if value.is_unknown() {
        return Zone::Unknown;
    }
    let path = vec![key("timezone")];
    let Some(name) = value.as_str() else {
        problems.push(not_a_text("timezone", value, path));
        return Zone::Unknown;
    };
    match time::named_zone(name) {
        Ok(zone) => Zone::Named(zone),
        Err(closest) => {
            let problem = Problem::error(
                path,
                "Unknown time zone",
                format!("The time zone database has no zone {name:?}."),
            );
            problems.push(match closest {
                Some(best) => problem.help(format!("did you mean `{best}`?")),
                None => problem.help("write a name such as `Europe/Berlin` or `UTC`"),
            });
            Zone::Unknown
        }
    }
}

fn cron(value: &Value, problems: &mut Vec<Problem>) -> Value {
    if value.is_unknown() {
        return Value::unknown(Type::String);
    }
    let path = vec![key("cron")];
    let Some(text) = value.as_str() else {
        problems.push(not_a_text("cron", value, path));
        return Value::unknown(Type::String);
    };
    match time::cron(text) {
        Ok(normal) => Value::string(normal),
        Err(why) => {
            problems.push(
                Problem::error(path, "Unsuitable cron expression", format!("{text:?} is no cron expression: {why}"))
                    .help("write five fields: minute, hour, day of month, month, day of week; `0 6 * * 1-5` is six o'clock on weekdays"),
            );
            Value::unknown(Type::String)
        }
    }
}

/// Microseconds, as the original writes them; a minute at least.
fn interval(value: &Value, problems: &mut Vec<Problem>) -> Value {
    let microseconds = match &value.kind {
        Kind::Unknown(_) => return Value::unknown(Type::Number),
        Kind::Number(seconds) => seconds.mul(&Number::from(1_000_000)).and_then(|number| number.to_i64()),
        Kind::String(text) => time::duration_microseconds(text),
        Kind::Null
        | Kind::Bool(_)
        | Kind::List(_)
        | Kind::Set(_)
        | Kind::Tuple(_)
        | Kind::Map(_)
        | Kind::Object(_) => None,
    };
    let (detail, help) = match microseconds {
        // A hundred years; the original's own type ends later, but such a schedule is a mistake.
        Some(microseconds) if (60_000_000..=3_155_760_000_000_000).contains(&microseconds) => {
            return Value::int(microseconds);
        }
        Some(microseconds) if microseconds < 60_000_000 => {
            ("The shortest interval is one minute, as in the original.".to_owned(), "write 60 or more")
        }
        Some(_) => ("The interval is longer than a hundred years.".to_owned(), "use `dates` for single runs"),
        None => (
            format!(
                "`interval` is a number of seconds or a text such as `1h30m`, but this is {}.",
                match value.as_str() {
                    Some(text) => format!("{text:?}"),
                    None => type_name(value),
                }
            ),
            "write `interval = 5400` or `interval = \"1h30m\"`",
        ),
    };
    problems.push(Problem::error(vec![key("interval")], "Unsuitable interval", detail).help(help));
    Value::unknown(Type::Number)
}

/// Sorted and unique: their order means nothing.
fn dates(value: &Value, zone: &Zone, problems: &mut Vec<Problem>) -> Value {
    let unknown = || Value::unknown(Type::List(Box::new(Type::Any)));
    if value.is_unknown() {
        return unknown();
    }
    let path = vec![key("dates")];
    let items = value.as_slice().unwrap_or_default();
    if items.is_empty() {
        let detail = match value.as_slice() {
            Some(_) => "`dates` is empty, so the schedule never runs.".to_owned(),
            None => format!("`dates` is a list of texts, but this is a {}.", type_name(value)),
        };
        problems.push(
            Problem::error(path, "Unsuitable dates", detail)
                .help("write `dates = [\"2030-01-31T06:00:00Z\"]`"),
        );
        return unknown();
    }
    let mut moments = Vec::with_capacity(items.len());
    let mut known = true;
    for (index, item) in items.iter().enumerate() {
        match moment(item, zone, &at_index(&path, index), problems) {
            Moment::At(instant, value) => moments.push((instant, value)),
            Moment::Unknown => known = false,
        }
    }
    if !known {
        return unknown();
    }
    moments.sort();
    moments.dedup();
    Value::tuple(moments.into_iter().map(|(_, value)| value))
}

fn moment(
    value: &Value,
    zone: &Zone,
    path: &[crate::address::PathStep],
    problems: &mut Vec<Problem>,
) -> Moment {
    if value.is_unknown() {
        return Moment::Unknown;
    }
    let named = match zone {
        Zone::Unknown => return Moment::Unknown,
        Zone::Default => None,
        Zone::Named(zone) => Some(zone),
    };
    let Some(text) = value.as_str() else {
        problems.push(not_a_text("A time", value, path.to_vec()));
        return Moment::Unknown;
    };
    match time::moment(text, named) {
        Ok(moment) => Moment::At(
            moment.instant,
            Value::object([("dt", Value::string(moment.local)), ("tz", Value::string(moment.zone))]),
        ),
        Err(why) => {
            problems.push(
                Problem::error(
                    path.to_vec(),
                    "Unsuitable time",
                    format!("{text:?} is no point in time: {why}"),
                )
                .help(
                    "write it as `2030-01-31T06:00:00Z`, with an offset, or without one beside a `timezone`",
                ),
            );
            Moment::Unknown
        }
    }
}

fn parameters(value: Option<&Value>, problems: &mut Vec<Problem>) -> Value {
    match value {
        None => Value::object::<String>([]),
        Some(value) if value.is_unknown() || value.as_entries().is_some() => value.clone(),
        Some(value) => {
            problems.push(Problem::error(
                vec![key("parameters")],
                "Unsuitable value",
                format!("`parameters` must be a map by parameter name, but this is a {}.", type_name(value)),
            ));
            Value::object::<String>([])
        }
    }
}

/// Null when none are given: the runs then have the flow's.
fn labels(value: Option<&Value>, problems: &mut Vec<Problem>) -> Value {
    match value {
        None => Value::NULL,
        Some(value) => super::definition::label_set(value, &at(&[], "labels"), problems),
    }
}

fn not_a_text(name: &str, value: &Value, path: Vec<crate::address::PathStep>) -> Problem {
    let name = if name.contains(' ') { name.to_owned() } else { format!("`{name}`") };
    Problem::error(
        path,
        "Unsuitable value",
        format!("{name} must be a text, but this is a {}.", type_name(value)),
    )
}

#[cfg(test)]
mod tests;
