//! Durations as people type them: `30s`, `5m`, `1h 30m`. A number without a unit is refused, not guessed.

use std::time::Duration;

/// The duration that `text` spells.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(format!("a duration needs a unit: write `{text}s` for seconds or `{text}m` for minutes"));
    }
    let duration: jiff::SignedDuration =
        text.parse().map_err(|_| "write a duration such as `30s`, `5m` or `1h 30m`".to_owned())?;
    Duration::try_from(duration).map_err(|_| "a duration cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_needed() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
        for wrong in ["30", "", "s", "-5m", "soon", "9999999999999999999h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
