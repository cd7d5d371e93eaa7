//! Durations as the JSON form of protocol buffers has them: `3600s`, `1.5s`. It knows no other unit.

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    /// Billionths of a second; negative for a length backwards.
    pub nanos: i128,
}

/// The longest duration that protocol buffers have, in seconds: about 10,000 years.
const LONGEST: i128 = 315_576_000_000;

/// The duration that a text writes: seconds with at most nine decimals, and `s`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let seconds: i128 = whole.parse().ok()?;
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = seconds * 1_000_000_000 + nanos;
    (nanos <= LONGEST * 1_000_000_000).then_some(Duration { nanos: if negative { -nanos } else { nanos } })
}
