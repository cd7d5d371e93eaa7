//! Cron expressions, durations, time zones and points in time, read strictly. It knows no values and no "now".

use std::sync::OnceLock;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::fmt::friendly::SpanParser;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SpanRelativeTo, Timestamp, Unit};

use crate::diag::closest;

/// A zone of the database that is built in.
#[derive(Clone, Debug)]
pub(super) struct NamedZone {
    name: String,
    zone: TimeZone,
}

impl NamedZone {
    /// Its name, as the database spells it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A point in time as the original writes it.
pub(super) struct Moment {
    /// The instant.
    pub(super) instant: Timestamp,
    /// The local time in `zone`, without offset.
    pub(super) local: String,
    /// The zone's name.
    pub(super) zone: String,
}

/// The zone of that name, else the name that was probably meant.
pub(super) fn named_zone(name: &str) -> Result<NamedZone, Option<String>> {
    let database = database();
    // The database ignores case; the definition holds its spelling, so that two spellings are one version.
    let spelling = database.available().find(|known| known.as_str().eq_ignore_ascii_case(name));
    match (spelling, database.get(name)) {
        (Some(spelling), Ok(zone)) => Ok(NamedZone { name: spelling.as_str().to_owned(), zone }),
        _ => {
            let names: Vec<String> = database.available().map(|known| known.as_str().to_owned()).collect();
            Err(closest(name, names.iter().map(String::as_str)).map(str::to_owned))
        }
    }
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// The expression with single spaces between its five fields.
pub(super) fn cron(text: &str) -> Result<String, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if text.contains('@') {
        return Err("nicknames such as `@daily` are not taken; `@daily` is `0 0 * * *`.".to_owned());
    }
    if fields.len() != 5 {
        return Err(format!("it has {} fields, and five are needed.", fields.len()));
    }
    // The original's parser does not know "nearest weekday".
    if fields.iter().any(|field| {
        field
            .to_ascii_uppercase()
            .strip_suffix('W')
            .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()))
    }) {
        return Err("`W` (the nearest weekday) is not known to the original.".to_owned());
    }
    let normal = fields.join(" ");
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    match parser.parse(&normal) {
        Ok(_) => Ok(normal),
        Err(error) => {
            let text = error.to_string();
            let stop = if text.ends_with('.') { "" } else { "." };
            Err(format!("{text}{stop}"))
        }
    }
}

/// The microseconds of `1h30m`, `90 minutes`, `PT1H30M`; a day has 24 hours. None for anything else, for months and
/// years, whose length differs, and for what is not in range.
pub(super) fn duration_microseconds(text: &str) -> Option<i64> {
    let span = SpanParser::new().parse_span(text).ok().or_else(|| text.parse().ok())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let total = span.total((Unit::Microsecond, SpanRelativeTo::days_are_24_hours())).ok()?;
    // Whole microseconds up to 2^53 (285 years) are exact.
    #[allow(clippy::cast_possible_truncation)]
    (total.fract() == 0.0 && total.abs() < 9_007_199_254_740_992.0).then_some(total as i64)
}

/// The point in time that `text` names: with an offset, or without one in `zone`. It is written in `zone`, or in UTC.
pub(super) fn moment(text: &str, zone: Option<&NamedZone>) -> Result<Moment, String> {
    let instant = match (text.parse::<Timestamp>(), zone) {
        (Ok(instant), _) => instant,
        (Err(_), Some(zone)) => {
            let local: DateTime = text.parse().map_err(|_| NOT_A_TIME.to_owned())?;
            zone.zone.to_timestamp(local).map_err(|error| format!("{error}."))?
        }
        (Err(_), None) if text.parse::<DateTime>().is_ok() => {
            return Err("it has neither an offset nor a `timezone` beside it.".to_owned());
        }
        (Err(_), None) => return Err(NOT_A_TIME.to_owned()),
    };
    let (name, zone) = match zone {
        Some(zone) => (zone.name.clone(), zone.zone.clone()),
        None => ("UTC".to_owned(), TimeZone::UTC),
    };
    Ok(Moment { instant, local: instant.to_zoned(zone).datetime().to_string(), zone: name })
}

const NOT_A_TIME: &str = "it is not written as RFC 3339 asks.";
