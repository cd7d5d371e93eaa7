//! Kubernetes quantities: their texts and their order, as `resource.Quantity` of apimachinery has them. Exact: no
//! binary fractions. It writes none.

use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::num_traits::ToPrimitive;
use bigdecimal::{BigDecimal, RoundingMode};

/// An amount of a resource: `500m`, `2Gi`, `1e3`. Equal amounts are equal however they are written: `1000m` is `1`.
///
/// As in apimachinery, an amount is kept in whole billionths, rounded away from zero, and none is larger than
/// 2^63 - 1 in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is no number at its beginning, or one with more than 1000 digits.
    #[error("it does not begin with a number")]
    NoNumber,
    /// What follows the number is no unit.
    #[error("what follows its number is no unit")]
    UnknownUnit,
}

/// The largest amount, in billionths: 2^63 - 1 times a billion.
const LARGEST: i128 = 9_223_372_036_854_775_807 * 1_000_000_000;
/// How many digits the number may have.
const MAX_DIGITS: usize = 1000;
/// These exponents make any number of so many digits larger than the largest amount, or smaller than a billionth.
const MAX_EXPONENT: i64 = 1030;
const MIN_EXPONENT: i64 = -1030;

impl Quantity {
    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whole billionths.
    pub const fn nanos(self) -> i128 {
        self.nanos
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, unit) = unsigned.split_at_checked(end).unwrap_or((unsigned, ""));
        let number = decimal(number).ok_or(QuantityError::NoNumber)?;
        let amount = times_unit(number, unit).ok_or(QuantityError::UnknownUnit)?;
        let (nanos, _) = amount.with_scale_round(9, RoundingMode::Up).into_bigint_and_exponent();
        let nanos = nanos.to_i128().map_or(LARGEST, |nanos| nanos.min(LARGEST));
        Ok(Self { nanos: if negative { -nanos } else { nanos } })
    }
}

/// Digits with an optional point.
fn decimal(text: &str) -> Option<BigDecimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || digits.len() > MAX_DIGITS || digits.contains('.') {
        return None;
    }
    let scale = i64::try_from(fraction.len()).ok()?;
    Some(BigDecimal::new(BigInt::parse_bytes(digits.as_bytes(), 10)?, scale))
}

fn times_unit(number: BigDecimal, unit: &str) -> Option<BigDecimal> {
    let ten_to = |exponent: i64| BigDecimal::new(BigInt::from(1), -exponent);
    let two_to = |exponent: u32| BigDecimal::from(BigInt::from(1_u64) << exponent);
    let factor = match unit {
        "n" => ten_to(-9),
        "u" => ten_to(-6),
        "m" => ten_to(-3),
        "" => return Some(number),
        "k" => ten_to(3),
        "M" => ten_to(6),
        "G" => ten_to(9),
        "T" => ten_to(12),
        "P" => ten_to(15),
        "E" => ten_to(18),
        "Ki" => two_to(10),
        "Mi" => two_to(20),
        "Gi" => two_to(30),
        "Ti" => two_to(40),
        "Pi" => two_to(50),
        "Ei" => two_to(60),
        _ => {
            let exponent = unit.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            ten_to(exponent.parse::<i64>().ok()?.clamp(MIN_EXPONENT, MAX_EXPONENT))
        }
    };
    Some(number * factor)
}
