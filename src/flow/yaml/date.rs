//! Which plain scalars YAML 1.1 takes for dates. It makes no dates: JSON has none.

use crate::flow::original::OriginalError;

/// Whether a plain scalar is a day or a moment: `2022-02-23`, `2022-2-3 9:05:00.5 +1`.
pub(super) fn is_date(text: &str) -> bool {
    let digits = |text: &str, counts: &[usize]| {
        counts.contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
    };
    let blank = [' ', '\t'];
    let (day, time) = match text.find(['T', 't', ' ', '\t']) {
        None => (text, None),
        Some(at) => {
            let (day, rest) = text.split_at(at);
            let bare = rest.strip_prefix(['T', 't']).unwrap_or_else(|| rest.trim_start_matches(blank));
            (day, Some(bare))
        }
    };
    let [year, month, date] = day.split('-').collect::<Vec<_>>()[..] else { return false };
    let Some(time) = time else {
        return digits(year, &[4]) && digits(month, &[2]) && digits(date, &[2]);
    };
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        None => (time, ""),
        Some(at) => time.split_at(at),
    };
    let clock = if zone.is_empty() { clock } else { clock.trim_end_matches(blank) };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = clock.split(':').collect::<Vec<_>>()[..] else { return false };
    let offset = match zone.strip_prefix(['+', '-']) {
        None => matches!(zone, "" | "Z"),
        Some(zone) => {
            let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "00"));
            digits(hours, &[1, 2]) && digits(minutes, &[2])
        }
    };
    let calendar = digits(year, &[4]) && digits(month, &[1, 2]) && digits(date, &[1, 2]);
    let daytime = digits(hour, &[1, 2]) && digits(minute, &[2]) && digits(second, &[2]);
    calendar && daytime && fraction.chars().all(|c| c.is_ascii_digit()) && offset
}

/// That the calendar has the day of a date, and the day its time.
///
/// # Errors
/// `ValueError`.
pub(super) fn check(text: &str) -> Result<(), OriginalError> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut next = || numbers.next().and_then(|part| part.parse::<u16>().ok()).unwrap_or(0);
    let (year, month, day) = (next(), next(), next());
    let (hour, minute, second) = (next(), next(), next());
    let last = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let known = year > 0 && (1..=12).contains(&month) && (1..=last).contains(&day);
    // A fraction or an offset stands behind the time, and does not count as one of a day.
    let timed = !text.contains(':') || hour < 24 && minute < 60 && second < 60;
    if known && timed {
        Ok(())
    } else {
        Err(OriginalError::value_error(format!("no day has the date {text}")))
    }
}
