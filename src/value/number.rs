//! Numbers: decimal, exact for sums and products, of limited precision for quotients. A result that would take
//! unbounded memory is refused; there is no infinity and no "not a number".

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::num_traits::{Signed, ToPrimitive, Zero};
use bigdecimal::{BigDecimal, RoundingMode};

/// The significant digits of a quotient, and of the square of it; as many as Terraform prints.
const PRECISION: u64 = 155;
/// A fraction with more digits than this comes from a quotient: results made from it are rounded ...
const INEXACT: u64 = 120;
/// ... to so many digits, so that `1 / 3 * 3` is 1 again.
const ROUNDED: u64 = 150;
/// The digits, before and after the point, that a number may have.
const MAX_DIGITS: u64 = 2000;
/// The digits and the exponent that a literal may have.
const MAX_LITERAL: usize = 1000;

/// A number. Equal numbers are equal however they were written: `1.0 == 1`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// Always the first form that fits, and `Big` always normalised, so that the derived equality is that of numbers.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Int(i64),
    Big(BigDecimal),
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Int(0));

    /// The number that `text` writes: an optional sign, digits with an optional point, an optional exponent. None for
    /// anything else, for more than 1000 digits and for exponents beyond 1000.
    pub fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
        let points = mantissa.bytes().filter(|byte| *byte == b'.').count();
        if digits == 0 || points > 1 || digits + points != mantissa.len() || digits > MAX_LITERAL {
            return None;
        }
        if let Some(exponent) = exponent {
            let value: i64 = exponent.parse().ok()?;
            if value.unsigned_abs() > MAX_LITERAL as u64 {
                return None;
            }
        } else if let Ok(value) = text.parse::<i64>() {
            return Some(value.into());
        }
        // `.5` and `5.` are numbers here; the library wants a digit on the left only.
        let padded = match (mantissa.starts_with('.'), text.starts_with('-')) {
            (true, true) => format!("-0{unsigned}"),
            (true, false) => format!("0{unsigned}"),
            (false, _) => text.to_owned(),
        };
        Self::settle(&BigDecimal::from_str(&padded).ok()?)
    }

    /// The number nearest to `value` in decimal; None for infinities and "not a number".
    pub fn from_f64(value: f64) -> Option<Self> {
        // The shortest text that means this float: 0.1 and not 0.1000000000000000055.
        if value.is_finite() { Self::settle(&BigDecimal::from_str(&value.to_string()).ok()?) } else { None }
    }

    /// The sum; None when it has too many digits.
    pub fn add(&self, other: &Self) -> Option<Self> {
        match (&self.0, &other.0) {
            (Repr::Int(0), _) => Some(other.clone()),
            (_, Repr::Int(0)) => Some(self.clone()),
            (Repr::Int(a), Repr::Int(b)) if a.checked_add(*b).is_some() => a.checked_add(*b).map(Self::from),
            _ => Self::rounded(&(self.big() + other.big()), self.is_inexact() || other.is_inexact()),
        }
    }

    /// The difference; None when it has too many digits.
    pub fn sub(&self, other: &Self) -> Option<Self> {
        self.add(&other.neg())
    }

    /// The product; None when it has too many digits.
    pub fn mul(&self, other: &Self) -> Option<Self> {
        match (&self.0, &other.0) {
            (Repr::Int(1), _) => Some(other.clone()),
            (_, Repr::Int(1)) => Some(self.clone()),
            (Repr::Int(a), Repr::Int(b)) if a.checked_mul(*b).is_some() => a.checked_mul(*b).map(Self::from),
            _ => Self::rounded(&(self.big() * other.big()), self.is_inexact() || other.is_inexact()),
        }
    }

    /// The quotient, to 155 significant digits; None when `other` is zero or the quotient has too many digits.
    pub fn div(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && a.checked_rem(*b) == Some(0)
            && let Some(quotient) = a.checked_div(*b)
        {
            return Some(quotient.into());
        }
        let (a, b) = (self.big(), other.big());
        let shift = (PRECISION + b.digits() + 1).saturating_sub(a.digits());
        let ((a, a_scale), (b, b_scale)) = (a.into_bigint_and_scale(), b.into_bigint_and_scale());
        let dividend = a * BigInt::from(10).pow(u32::try_from(shift).ok()?);
        let scale = a_scale.checked_sub(b_scale)?.checked_add(i64::try_from(shift).ok()?)?;
        let exact = (&dividend % &b).is_zero();
        let quotient = BigDecimal::new(dividend / b, scale);
        match exact && quotient.is_integer() {
            true => Self::settle(&quotient),
            false if self.is_inexact() || other.is_inexact() => Self::settle(&quotient.with_prec(ROUNDED)),
            false => Self::settle(&quotient.with_prec(PRECISION)),
        }
    }

    /// What is left of dividing towards zero; its sign is that of `self`. None when `other` is zero.
    pub fn rem(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0) {
            // The one overflow, MIN % -1, leaves nothing.
            return Some(a.checked_rem(*b).unwrap_or(0).into());
        }
        let (a, b) = (self.big(), other.big());
        let scale = a.fractional_digit_count().max(b.fractional_digit_count()).max(0);
        let ((a, _), (b, _)) =
            (a.with_scale(scale).into_bigint_and_scale(), b.with_scale(scale).into_bigint_and_scale());
        Self::settle(&BigDecimal::new(a % b, scale))
    }

    /// `self` to the power of `other`, computed as Terraform does it: with the precision of a 64-bit float. None
    /// where that has no finite result.
    pub fn pow(&self, other: &Self) -> Option<Self> {
        Self::from_f64(self.to_f64().powf(other.to_f64()))
    }

    /// The number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        match &self.0 {
            Repr::Int(value) => match value.checked_neg() {
                Some(value) => value.into(),
                None => Self(Repr::Big(-self.big())),
            },
            // The negation of 2^63 fits an integer again.
            Repr::Big(value) => Self::smallest(&-value.clone()),
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.signum() < 0 { self.neg() } else { self.clone() }
    }

    /// The greatest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.whole(RoundingMode::Floor)
    }

    /// The smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.whole(RoundingMode::Ceiling)
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i64 {
        match &self.0 {
            Repr::Int(value) => value.signum(),
            Repr::Big(value) if value.is_negative() => -1,
            Repr::Big(_) => 1,
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0 == Repr::Int(0)
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => true,
            Repr::Big(value) => value.is_integer(),
        }
    }

    /// The same as an integer, when it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(value) => Some(value),
            Repr::Big(_) => None,
        }
    }

    /// The nearest float; infinite when it is beyond the greatest.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(value) => value.to_f64().unwrap_or(f64::NAN),
            Repr::Big(value) => value.to_scientific_notation().parse().unwrap_or(f64::NAN),
        }
    }

    /// The whole number that it is, of any size; None when it has a fraction.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Int(value) => Some(BigInt::from(*value)),
            Repr::Big(value) if value.is_integer() => Some(value.with_scale(0).into_bigint_and_scale().0),
            Repr::Big(_) => None,
        }
    }

    /// A whole number of any size; None when it has too many digits.
    pub fn from_bigint(value: BigInt) -> Option<Self> {
        Self::settle(&BigDecimal::new(value, 0))
    }

    fn whole(&self, mode: RoundingMode) -> Self {
        match &self.0 {
            Repr::Int(_) => self.clone(),
            Repr::Big(value) => Self::smallest(&value.with_scale_round(0, mode)),
        }
    }

    fn is_inexact(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => false,
            Repr::Big(value) => value.fractional_digit_count() > 0 && value.digits() > INEXACT,
        }
    }

    fn big(&self) -> BigDecimal {
        match &self.0 {
            Repr::Int(value) => BigDecimal::from(*value),
            Repr::Big(value) => value.clone(),
        }
    }

    fn rounded(value: &BigDecimal, inexact: bool) -> Option<Self> {
        let value = value.normalized();
        match value.is_integer() {
            true => Self::settle(&value),
            false if inexact => Self::settle(&value.with_prec(ROUNDED)),
            false if value.digits() > PRECISION => Self::settle(&value.with_prec(PRECISION)),
            false => Self::settle(&value),
        }
    }

    /// The number in its one form, unless it is too big to keep.
    fn settle(value: &BigDecimal) -> Option<Self> {
        let value = value.normalized();
        let limit = i64::try_from(MAX_DIGITS).ok()?;
        let scale = value.fractional_digit_count();
        let fits =
            scale.checked_abs()? <= limit && i64::try_from(value.digits()).ok()?.checked_sub(scale)? <= limit;
        fits.then(|| Self::smallest(&value))
    }

    fn smallest(value: &BigDecimal) -> Self {
        match value.is_integer().then(|| value.to_i64()).flatten() {
            Some(value) => value.into(),
            None => Self(Repr::Big(value.normalized())),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            (Repr::Big(a), Repr::Big(b)) => a.cmp(b),
            (Repr::Int(_), Repr::Big(b)) => self.big().cmp(b),
            (Repr::Big(a), Repr::Int(_)) => a.cmp(&other.big()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plain decimal without an exponent and without zeros at the end, as Terraform prints numbers.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(value) => value.fmt(f),
            Repr::Big(value) => f.write_str(&value.to_plain_string()),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
