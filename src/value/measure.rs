//! How large a value is, within bounds: what is named once can be used many times, so that a few lines of text could
//! make a value that no machine holds, or one nested so deeply that walking it takes more stack than there is.

use std::fmt;

use super::{Kind, Value};

/// How deeply a named value may be nested. An expression adds the parser's 64 levels at most, so everything that
/// walks values meets a bounded depth.
pub const MAX_DEPTH: usize = 128;

/// How many members, however deep, a named value may have; shared ones count each time.
pub const MAX_MEMBERS: usize = 1 << 20;

/// How many bytes the texts of a named value may have together.
pub const MAX_TEXT: usize = 64 << 20;

/// Why a value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    /// Nested more deeply than [`MAX_DEPTH`].
    Depth,
    /// More members than [`MAX_MEMBERS`].
    Members,
    /// More text than [`MAX_TEXT`].
    Text,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth => write!(f, "is nested more than {MAX_DEPTH} levels deep"),
            Self::Members => write!(f, "has more than {MAX_MEMBERS} members"),
            Self::Text => write!(f, "holds more than {} MiB of text", MAX_TEXT >> 20),
        }
    }
}

/// Checks a value against the bounds. It takes no more steps than [`MAX_MEMBERS`], however often parts are shared.
///
/// # Errors
/// The first bound that is met.
pub fn measure(value: &Value) -> Result<(), TooLarge> {
    let mut open = vec![(value, 0)];
    let (mut members, mut text) = (0usize, 0usize);
    while let Some((value, depth)) = open.pop() {
        members += 1;
        if members > MAX_MEMBERS {
            return Err(TooLarge::Members);
        }
        if depth > MAX_DEPTH {
            return Err(TooLarge::Depth);
        }
        match &value.kind {
            Kind::String(content) => {
                text = text.saturating_add(content.len());
                if text > MAX_TEXT {
                    return Err(TooLarge::Text);
                }
            }
            Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => {
                open.extend(items.iter().map(|member| (member, depth + 1)));
            }
            Kind::Map(entries) | Kind::Object(entries) => {
                open.extend(entries.values().map(|member| (member, depth + 1)));
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Unknown(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_does_not_hide_the_size() {
        let mut value = Value::int(1);
        for _ in 0..19 {
            value = Value::tuple([value.clone(), value]);
        }
        assert_eq!(measure(&value), Ok(()));
        for _ in 0..40 {
            value = Value::tuple([value.clone(), value]);
        }
        assert_eq!(measure(&value), Err(TooLarge::Members));
    }

    #[test]
    fn depth_and_text_are_bounded() {
        let mut value = Value::int(1);
        for _ in 0..MAX_DEPTH {
            value = Value::tuple([value]);
        }
        assert_eq!(measure(&value), Ok(()));
        assert_eq!(measure(&Value::tuple([value])), Err(TooLarge::Depth));
        let text = Value::string("x".repeat(1 << 20));
        assert_eq!(measure(&Value::tuple(vec![text; 65])), Err(TooLarge::Text));
    }
}
