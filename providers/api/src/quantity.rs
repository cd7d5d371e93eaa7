//! Kubernetes quantities: their texts and their order, as `resource.Quantity` of apimachinery has them. Exact: no
//! binary fractions. It writes none.

use std::str::FromStr;

use num_bigint::BigUint;
use num_traits::ToPrimitive;

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
/// An exponent as large as this makes any number of so many digits larger than the largest amount, and its negative
/// smaller than a billionth.
const MAX_EXPONENT: i64 = 1030;

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
        let unit = unit_of(unit).ok_or(QuantityError::UnknownUnit)?;
        let nanos = nanos(number, unit).to_i128().map_or(LARGEST, |nanos| nanos.min(LARGEST));
        Ok(Self { nanos: if negative { -nanos } else { nanos } })
    }
}

/// `digits` times ten to the power of `exponent`.
struct Decimal {
    digits: BigUint,
    exponent: i64,
}

/// Digits with an optional point.
fn decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || digits.len() > MAX_DIGITS || digits.contains('.') {
        return None;
    }
    let places = i64::try_from(fraction.len()).ok()?;
    Some(Decimal { digits: BigUint::parse_bytes(digits.as_bytes(), 10)?, exponent: -places })
}

/// What a unit multiplies by.
#[derive(Clone, Copy)]
enum Unit {
    /// Ten to that power, at most [`MAX_EXPONENT`] either way.
    Ten(i64),
    /// Two to that power.
    Two(u32),
}

fn unit_of(unit: &str) -> Option<Unit> {
    Some(match unit {
        "n" => Unit::Ten(-9),
        "u" => Unit::Ten(-6),
        "m" => Unit::Ten(-3),
        "" => Unit::Ten(0),
        "k" => Unit::Ten(3),
        "M" => Unit::Ten(6),
        "G" => Unit::Ten(9),
        "T" => Unit::Ten(12),
        "P" => Unit::Ten(15),
        "E" => Unit::Ten(18),
        "Ki" => Unit::Two(10),
        "Mi" => Unit::Two(20),
        "Gi" => Unit::Two(30),
        "Ti" => Unit::Two(40),
        "Pi" => Unit::Two(50),
        "Ei" => Unit::Two(60),
        _ => {
            let exponent = unit.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            Unit::Ten(exponent.parse::<i64>().ok()?.clamp(-MAX_EXPONENT, MAX_EXPONENT))
        }
    })
}

/// Whole billionths, rounded up. Exponents are those of at most 1000 digits and of a unit, so that no more than some
/// thousand digits are computed with.
fn nanos(number: Decimal, unit: Unit) -> BigUint {
    let (digits, exponent) = match unit {
        Unit::Ten(exponent) => (number.digits, number.exponent + exponent + 9),
        Unit::Two(exponent) => (number.digits << exponent, number.exponent + 9),
    };
    let power = BigUint::from(10_u32).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX));
    match exponent {
        0.. => digits * power,
        _ => (digits + &power - 1_u32) / power,
    }
}
