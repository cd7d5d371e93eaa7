//! Serialized schedules as `schedule` blocks: one for each clock. Filters and adjustments have none.

use serde_json::Value as Json;

use super::Told;
use super::hcl::Body;

/// Adds the blocks of a serialized schedule.
pub(super) fn blocks(schedule: &Json, body: &mut Body, told: &mut Told) {
    if !schedule.is_null() && !schedule.get("clocks").is_some_and(Json::is_array) {
        told.leave_out(body, format!("the schedule has no clocks: {schedule}"));
    }
    for name in ["filters", "or_filters", "not_filters", "adjustments"] {
        if schedule.get(name).and_then(Json::as_array).is_some_and(|steps| !steps.is_empty()) {
            told.leave_out(
                body,
                format!("the schedule's {name} have no counterpart; its clocks run without them"),
            );
        }
    }
    for clock in schedule.get("clocks").and_then(Json::as_array).into_iter().flatten() {
        match block(clock, told) {
            Some(block) => body.block("schedule", &[], block),
            None => {
                let class = clock.get("type").and_then(Json::as_str).unwrap_or_default();
                told.leave_out(body, format!("a clock of type {class:?} has no counterpart: {clock}"));
            }
        }
    }
}

fn block(clock: &Json, told: &mut Told) -> Option<Body> {
    let mut body = Body::default();
    let given = |name: &str| clock.get(name).filter(|value| !value.is_null());
    let zone = zone(clock);
    match clock.get("type").and_then(Json::as_str) {
        // A server's older rows have no type.
        Some("CronClock") | None if given("cron").is_some() => {
            body.value("cron", given("cron")?.clone());
            if given("day_or") == Some(&Json::Bool(false)) {
                told.leave_out(&mut body, "day_or was false: both days had to match".to_owned());
            }
        }
        Some("IntervalClock") | None if given("interval").is_some() => {
            let microseconds = given("interval")?.as_u64()?;
            #[expect(clippy::cast_precision_loss, reason = "a hundred years of microseconds are below 2^53")]
            let seconds = microseconds as f64 / 1e6;
            if microseconds % 1_000_000 == 0 {
                body.value("interval", microseconds / 1_000_000);
            } else {
                body.value("interval", seconds);
            }
        }
        Some("DatesClock") | None if given("dates").is_some() => {
            let dates: Option<Vec<String>> =
                given("dates")?.as_array()?.iter().map(|date| moment(date, zone.as_deref())).collect();
            body.value("dates", dates?);
        }
        _ => return None,
    }
    if let Some(zone) = &zone {
        body.value("timezone", zone.as_str());
    }
    for (name, argument) in [("start_date", "start"), ("end_date", "end")] {
        if let Some(date) = given(name) {
            body.value(argument, moment(date, zone.as_deref())?);
        }
    }
    if let Some(parameters) =
        given("parameter_defaults").filter(|value| value.as_object().is_some_and(|v| !v.is_empty()))
    {
        body.value("parameters", parameters.clone());
    }
    if let Some(labels) = given("labels").filter(|value| value.is_array()) {
        body.value("labels", labels.clone());
    }
    Some(body)
}

/// The named zone of the clock's dates, where they agree on one; UTC needs no name.
fn zone(clock: &Json) -> Option<String> {
    let dates = clock.get("dates").and_then(Json::as_array).into_iter().flatten();
    let mut zones = ["start_date", "end_date"].iter().filter_map(|name| clock.get(*name)).chain(dates);
    zones.find_map(|date| {
        date.get("tz").and_then(Json::as_str).filter(|tz| tz.contains('/')).map(str::to_owned)
    })
}

/// A time as RFC 3339, without an offset when it is in `zone`.
fn moment(date: &Json, zone: Option<&str>) -> Option<String> {
    let (local, tz) = match date {
        Json::String(text) => return Some(text.clone()),
        date => (date.get("dt")?.as_str()?, date.get("tz").and_then(Json::as_str).unwrap_or("UTC")),
    };
    match tz {
        tz if Some(tz) == zone => Some(local.to_owned()),
        "UTC" | "Z" | "+00:00" => Some(format!("{local}Z")),
        tz if tz.starts_with(['+', '-']) => Some(format!("{local}{tz}")),
        _ => None,
    }
}
