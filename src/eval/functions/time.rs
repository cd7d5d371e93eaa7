//! Times, in the RFC 3339 form. It never reads the clock: what depends on it is known only after apply, and volatile.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::call::{Call, Fault, Outcome, fault_at};
use crate::value::{Marks, Type, Value};

/// The time now; another result at each evaluation.
pub(super) fn timestamp(call: &Call<'_>) -> Outcome {
    Ok(volatile(call.env.now()))
}

/// The time of the plan; another result at each plan.
pub(super) fn plantimestamp(call: &Call<'_>) -> Outcome {
    Ok(volatile(call.env.plan_time()))
}

fn volatile(time: Option<String>) -> Value {
    time.map_or(Value::unknown(Type::String), Value::string).marked(Marks::VOLATILE)
}

pub(super) fn timecmp(call: &Call<'_>) -> Outcome {
    let (a, b) = (parse(call, 0)?.instant(0)?, parse(call, 1)?.instant(1)?);
    Ok(Value::int(a.cmp(&b) as i64))
}

pub(super) fn timeadd(call: &Call<'_>) -> Outcome {
    let time = parse(call, 0)?;
    let duration = call.text(1)?;
    let duration = parse_duration(duration).ok_or_else(|| {
        fault_at(
            1,
            "a duration such as \"1h30m\" is required, of hours (h), minutes (m), seconds (s), ms, us and ns",
        )
        .detail(format!("{duration:?} is none"))
    })?;
    let too_far = || fault_at(1, "the result is beyond the years 0 to 9999");
    let sum = time.instant(0)?.checked_add(duration).map_err(|_| too_far())?;
    let local = time.offset.to_datetime(sum);
    if local.year() < 0 {
        return Err(too_far());
    }
    let (date, clock) = (local.date(), local.time());
    Ok(Value::string(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
        date.year(),
        date.month(),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        zone(time.offset, "Z", ":")
    )))
}

pub(super) fn formatdate(call: &Call<'_>) -> Outcome {
    let (format, time) = (call.text(0)?, parse(call, 1)?);
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next() {
                    Some('\'') if chars.next_if_eq(&'\'').is_some() => out.push('\''),
                    Some('\'') => break,
                    Some(literal) => out.push(literal),
                    None => return Err(fault_at(0, "the format has a quoted literal that does not end")),
                }
            },
            'a'..='z' | 'A'..='Z' => {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                let verb = render(c, count, &time).ok_or_else(|| {
                    let written: String = std::iter::repeat_n(c, count.min(16)).collect();
                    fault_at(0, "the format has a date verb that does not exist")
                        .detail(format!("{written:?}"))
                })?;
                out.push_str(&verb);
            }
            _ => out.push(c),
        }
    }
    Ok(Value::string(out))
}

/// One verb: a letter, so many times.
fn render(letter: char, count: usize, time: &Moment) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let (date, clock) = (time.local.date(), time.local.time());
    let name = |names: &[&str], one_based: i8| {
        usize::try_from(one_based)
            .ok()
            .and_then(|at| names.get(at.checked_sub(1)?).map(|name| (*name).to_owned()))
    };
    let short = |name: String| name.chars().take(3).collect::<String>();
    let twelve = |hour: i8| if hour % 12 == 0 { 12 } else { hour % 12 };
    match (letter, count) {
        ('Y', 2) => Some(format!("{:02}", date.year() % 100)),
        ('Y', 4) => Some(format!("{:04}", date.year())),
        ('M', 1) => Some(date.month().to_string()),
        ('M', 2) => Some(format!("{:02}", date.month())),
        ('M', 3) => name(&MONTHS, date.month()).map(short),
        ('M', 4) => name(&MONTHS, date.month()),
        ('D', 1) => Some(date.day().to_string()),
        ('D', 2) => Some(format!("{:02}", date.day())),
        ('E', 3) => name(&DAYS, date.weekday().to_monday_one_offset()).map(short),
        ('E', 4) => name(&DAYS, date.weekday().to_monday_one_offset()),
        ('h', 1) => Some(clock.hour().to_string()),
        ('h', 2) => Some(format!("{:02}", clock.hour())),
        ('H', 1) => Some(twelve(clock.hour()).to_string()),
        ('H', 2) => Some(format!("{:02}", twelve(clock.hour()))),
        ('A', 2) => Some(if clock.hour() < 12 { "AM" } else { "PM" }.to_owned()),
        ('a', 2) => Some(if clock.hour() < 12 { "am" } else { "pm" }.to_owned()),
        ('m', 1) => Some(clock.minute().to_string()),
        ('m', 2) => Some(format!("{:02}", clock.minute())),
        ('s', 1) => Some(clock.second().to_string()),
        ('s', 2) => Some(format!("{:02}", clock.second())),
        ('Z', 1) => Some(zone(time.offset, "Z", ":")),
        ('Z', 3) => Some(zone(time.offset, "UTC", "")),
        ('Z', 4) => Some(zone(time.offset, "+0000", "")),
        ('Z', 5) => Some(zone(time.offset, "+00:00", ":")),
        _ => None,
    }
}

/// The offset from UTC; `utc` when there is none.
fn zone(offset: Offset, utc: &str, separator: &str) -> String {
    let minutes = offset.seconds() / 60;
    match minutes {
        0 => utc.to_owned(),
        _ => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// A time of the wall clock somewhere.
struct Moment {
    local: DateTime,
    offset: Offset,
}

impl Moment {
    fn instant(&self, index: usize) -> Result<Timestamp, Fault> {
        self.offset
            .to_timestamp(self.local)
            .map_err(|_| fault_at(index, "the time is beyond the years 0 to 9999"))
    }
}

fn parse(call: &Call<'_>, index: usize) -> Result<Moment, Fault> {
    let text = call.text(index)?;
    parse_rfc3339(text).ok_or_else(|| {
        fault_at(index, "a time in the RFC 3339 form, such as \"2018-01-02T23:12:01Z\", is required")
            .detail(format!("{text:?} is none"))
    })
}

fn parse_rfc3339(text: &str) -> Option<Moment> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i16>().ok()).flatten()
    };
    let small = |from: usize, to: usize| number(from, to).and_then(|value| i8::try_from(value).ok());
    let is = |at: usize, wanted: &str| text.get(at..at + 1) == Some(wanted);
    if !(is(4, "-") && is(7, "-") && is(10, "T") && is(13, ":") && is(16, ":")) {
        return None;
    }
    let rest = text.get(19..)?;
    let (nanoseconds, rest) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let digits = fraction.get(..end).filter(|digits| !digits.is_empty())?;
            // What is finer than a nanosecond is cut off.
            let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
            (nine.parse::<i32>().ok()?, fraction.get(end..)?)
        }
        None => (0, rest),
    };
    let offset = match rest {
        "Z" => Offset::UTC,
        _ => {
            let start = text.len().checked_sub(6)?;
            let sign = match rest.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            if rest.len() != 6 || !is(start + 3, ":") {
                return None;
            }
            let (hours, minutes) =
                (i32::from(number(start + 1, start + 3)?), i32::from(number(start + 4, start + 6)?));
            if hours > 24 || minutes > 59 {
                return None;
            }
            Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?
        }
    };
    let date = Date::new(number(0, 4)?, small(5, 7)?, small(8, 10)?).ok()?;
    let clock = Time::new(small(11, 13)?, small(14, 16)?, small(17, 19)?, nanoseconds).ok()?;
    Some(Moment { local: DateTime::from_parts(date, clock), offset })
}

/// A duration as Go writes it: `1h30m`, `-1.5s`, `0`.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => (false, text),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total: i128 = 0;
    while total == 0 || !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { i128::from(whole.parse::<i64>().ok()?) };
        // A hundred-thousandth of a nanosecond of an hour is beyond what any time here can show.
        let fraction: String = fraction.chars().take(18).collect();
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let fraction: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        total =
            total.checked_add(whole.checked_mul(unit)?)?.checked_add(fraction.checked_mul(unit)? / scale)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let total = i64::try_from(total).ok()?;
    Some(SignedDuration::from_nanos(if negative { -total } else { total }))
}

/// A text that YAML takes for a time, in the RFC 3339 form: a date alone, or with a time of day behind `T`, `t` or blanks.
pub(super) fn yaml_timestamp(text: &str) -> Option<String> {
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let numbers = |text: &str, separator: char| -> Option<Vec<u16>> {
        let plain = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        text.split(separator).map(|part| Some(part).filter(plain)?.parse().ok()).collect()
    };
    let year = date.split('-').next()?;
    let [y, m, d] = numbers(date, '-')?.try_into().ok()?;
    if year.len() != 4 || (clock.is_empty() && text.len() != date.len()) {
        return None;
    }
    let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(end)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let [hour, minute, second] = match clock {
        "" => [0, 0, 0],
        _ => numbers(clock, ':')?.try_into().ok()?,
    };
    // Behind a blank there is no zone, behind a `T` there is one.
    let blank = text.contains(' ');
    if !clock.is_empty() && blank != zone.is_empty() {
        return None;
    }
    let zone = if zone.is_empty() { "Z" } else { zone };
    let text = format!("{y:04}-{m:02}-{d:02}T{hour:02}:{minute:02}:{second:02}{zone}");
    parse_rfc3339(&text).map(|_| text)
}
