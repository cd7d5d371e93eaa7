//! Numbers as the reference has them: binary floats of 512 bits, or of the 64 and 53 bits of the functions that count and
//! of those that compute with machine floats. Whole numbers of 64 bits are fast. A result that would take unbounded
//! memory is refused; there is no infinity and no "not a number".

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::ToPrimitive;

use super::float::{FULL, Float, Rounded};

/// The digits and the decimal exponent that a written number may have.
const MAX_LITERAL: usize = 1000;
/// The bits of whole numbers that functions count.
const COUNTED: u16 = 64;

/// A number. Equal numbers are equal however they were written: `1.0 == 1`. Those with a fraction are equal when they
/// are written alike, though they may have been computed with different precision.
#[derive(Clone)]
pub struct Number(Repr);

/// Always the first form that fits: an integer is one whose digits all show.
#[derive(Clone)]
enum Repr {
    Int { value: i64, precision: u16 },
    Float(Box<Float>),
}

/// A whole number that is counted: 64 bits are kept in what is computed from such numbers alone.
impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int { value, precision: COUNTED })
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Int { value: 0, precision: FULL as u16 });

    /// A whole number that is written: what is computed from it has full precision.
    pub fn written(value: i64) -> Self {
        Self(Repr::Int { value, precision: FULL as u16 })
    }

    /// The number that `text` writes: an optional sign, digits with an optional point, an optional exponent. None for
    /// anything else, for more than 1000 digits and for exponents beyond 1000.
    pub fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
        let points = mantissa.bytes().filter(|byte| *byte == b'.').count();
        if digits == 0 || points > 1 || digits + points != mantissa.len() || digits > MAX_LITERAL {
            return None;
        }
        if exponent.unsigned_abs() > MAX_LITERAL as u64 {
            return None;
        }
        if let Ok(value) = text.parse::<i64>() {
            return Some(Self::written(value));
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let places = i64::try_from(fraction.len()).ok()?;
        let digits = BigUint::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        let negative = text.starts_with('-');
        Self::settle(Float::from_decimal(negative, digits, exponent.checked_sub(places)?), FULL)
    }

    /// The number that a machine float is; None for infinities and "not a number".
    pub fn from_f64(value: f64) -> Option<Self> {
        if value == 0.0 {
            return Some(Self::ZERO);
        }
        Some(Self::of(Float::from_f64(value)?))
    }

    /// The sum; None when it has too many digits.
    pub fn add(&self, other: &Self) -> Option<Self> {
        if let (Some((a, b)), precision @ 64..) = (self.ints(other), self.wider(other))
            && let Some(value) = a.checked_add(b)
        {
            return Some(Self::int(value, precision));
        }
        let precision = self.wider(other);
        match (self.float(), other.float()) {
            (Some(a), Some(b)) => Self::settle(a.add(&b, precision), precision),
            (Some(only), None) | (None, Some(only)) => Some(Self::of(only.with_precision(precision))),
            (None, None) => Some(Self::int(0, precision)),
        }
    }

    /// The difference; None when it has too many digits.
    pub fn sub(&self, other: &Self) -> Option<Self> {
        self.add(&other.neg())
    }

    /// The product; None when it has too many digits.
    pub fn mul(&self, other: &Self) -> Option<Self> {
        if let (Some((a, b)), precision @ 64..) = (self.ints(other), self.wider(other))
            && let Some(value) = a.checked_mul(b)
        {
            return Some(Self::int(value, precision));
        }
        match (self.float(), other.float()) {
            (Some(a), Some(b)) => Self::settle(a.mul(&b), FULL),
            _ => Some(Self::int(0, self.wider(other))),
        }
    }

    /// The quotient; None when `other` is zero or the quotient has too many digits.
    pub fn div(&self, other: &Self) -> Option<Self> {
        if let (Some((a, b)), precision @ 64..) = (self.ints(other), self.wider(other))
            && a.checked_rem(b) == Some(0)
            && let Some(value) = a.checked_div(b)
        {
            return Some(Self::int(value, precision));
        }
        let divisor = other.float()?;
        match self.float() {
            Some(dividend) => Self::settle(dividend.div(&divisor), FULL),
            None => Some(Self::int(0, self.wider(other))),
        }
    }

    /// What is left of dividing towards zero; its sign is that of `self`. None when `other` is zero. A quotient that
    /// rounds up to a whole number leaves less than nothing, as in the reference.
    pub fn rem(&self, other: &Self) -> Option<Self> {
        if let (Some((a, b)), precision @ 64..) = (self.ints(other), self.wider(other)) {
            // The one overflow, MIN % -1, leaves nothing.
            return (b != 0).then(|| Self::int(a.checked_rem(b).unwrap_or(0), precision));
        }
        let divisor = other.float()?;
        let Some(dividend) = self.float() else { return Some(self.clone()) };
        let precision = dividend.precision;
        let quotient = match dividend.div(&divisor) {
            Rounded::Float(quotient) => quotient,
            Rounded::Zero => return Some(self.clone()),
            Rounded::OutOfRange => return None,
        };
        let whole = quotient.clone().with_precision(precision).with_whole(quotient.truncated()?.0);
        let product = match whole {
            Rounded::Float(whole) => whole.mul_to(&divisor, precision),
            Rounded::Zero => return Some(self.clone()),
            Rounded::OutOfRange => return None,
        };
        match product {
            Rounded::Float(product) => Self::settle(dividend.add(&product.neg(), precision), precision),
            Rounded::Zero => Some(self.clone()),
            Rounded::OutOfRange => None,
        }
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
            Repr::Int { value, precision } => match (value.checked_neg(), self.float()) {
                (Some(value), _) => Self::int(value, u32::from(*precision)),
                (None, Some(float)) => Self::of(float.neg()),
                (None, None) => self.clone(),
            },
            // The negation of 2^63 fits an integer again.
            Repr::Float(float) => Self::of(float.neg()),
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
        self.whole(true)
    }

    /// The smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.whole(false)
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i64 {
        match &self.0 {
            Repr::Int { value, .. } => value.signum(),
            Repr::Float(float) if float.negative => -1,
            Repr::Float(_) => 1,
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Int { value: 0, .. })
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int { .. } => true,
            Repr::Float(float) => float.is_integer(),
        }
    }

    /// The same as an integer, when it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int { value, .. } => Some(*value),
            Repr::Float(_) => self.to_bigint()?.to_i64(),
        }
    }

    /// The nearest float; infinite when it is beyond the greatest.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int { value, .. } => value.to_f64().unwrap_or(f64::NAN),
            Repr::Float(float) => {
                let (digits, point) = float.shortest();
                let sign = if float.negative { "-" } else { "" };
                let digits: String = digits.into_iter().map(digit).collect();
                format!("{sign}0.{digits}e{point}").parse().unwrap_or(f64::NAN)
            }
        }
    }

    /// The whole number that it is, of any size; None when it has a fraction.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Int { value, .. } => Some(BigInt::from(*value)),
            Repr::Float(float) => {
                let (whole, exact) = float.truncated()?;
                let sign = if float.negative { Sign::Minus } else { Sign::Plus };
                exact.then(|| BigInt::from_biguint(sign, whole))
            }
        }
    }

    /// A whole number of any size; None when it has too many digits.
    pub fn from_bigint(value: &BigInt) -> Option<Self> {
        match value.to_i64() {
            Some(value) => Some(value.into()),
            None => {
                let (sign, magnitude) = (value.sign() == Sign::Minus, value.magnitude().clone());
                Self::settle(Float::from_whole(sign, magnitude), u32::from(COUNTED))
            }
        }
    }

    /// The order by value, as the operators see it. [`Ord`] is the order that goes with equality, which looks at how
    /// numbers are written; they differ for numbers of different precision that are nearly the same.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.ints(other), self.float(), other.float()) {
            (Some((a, b)), _, _) => a.cmp(&b),
            (None, Some(a), Some(b)) => a.compare(&b),
            (None, ..) => self.signum().cmp(&other.signum()),
        }
    }

    fn whole(&self, floor: bool) -> Self {
        let Repr::Float(float) = &self.0 else { return self.clone() };
        match float.truncated() {
            Some((_, true)) | None => self.clone(),
            Some((mut whole, false)) => {
                if float.negative == floor {
                    whole += 1u8;
                }
                Self::settle(float.with_whole(whole), float.precision).unwrap_or_else(|| self.clone())
            }
        }
    }

    fn ints(&self, other: &Self) -> Option<(i64, i64)> {
        match (&self.0, &other.0) {
            (Repr::Int { value: a, .. }, Repr::Int { value: b, .. }) => Some((*a, *b)),
            _ => None,
        }
    }

    fn precision(&self) -> u32 {
        match &self.0 {
            Repr::Int { precision, .. } => u32::from(*precision),
            Repr::Float(float) => float.precision,
        }
    }

    fn wider(&self, other: &Self) -> u32 {
        self.precision().max(other.precision())
    }

    /// None for zero.
    fn float(&self) -> Option<Float> {
        match &self.0 {
            Repr::Int { value, precision } => Float::from_int(*value, u32::from(*precision)),
            Repr::Float(float) => Some(float.as_ref().clone()),
        }
    }

    fn int(value: i64, precision: u32) -> Self {
        Self(Repr::Int { value, precision: u16::try_from(precision).unwrap_or(u16::MAX) })
    }

    fn of(float: Float) -> Self {
        match float.to_i64() {
            Some(value) => Self::int(value, float.precision),
            None => Self(Repr::Float(Box::new(float))),
        }
    }

    /// The number, unless it is too big to keep.
    fn settle(rounded: Rounded, precision: u32) -> Option<Self> {
        match rounded {
            Rounded::Zero => Some(Self::int(0, precision)),
            Rounded::Float(float) => Some(Self::of(float)),
            Rounded::OutOfRange => None,
        }
    }

    /// The sign, the digits and the place of the point that equality and order look at.
    fn decimal(&self) -> (i64, Vec<u8>, i64) {
        let digits = match (&self.0, self.to_bigint()) {
            (Repr::Float(float), None) => {
                let (digits, point) = float.shortest();
                return (self.signum(), digits, point);
            }
            (_, whole) => whole.unwrap_or_default().magnitude().to_string(),
        };
        let point = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let digits = digits.trim_end_matches('0').bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
        (self.signum(), digits, point)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int { value: a, .. }, Repr::Int { value: b, .. }) => a.cmp(b),
            (Repr::Float(a), Repr::Float(b)) if a.precision == b.precision => a.compare(b),
            _ => {
                let ((sign, a, a_point), (other_sign, b, b_point)) = (self.decimal(), other.decimal());
                let size = match sign {
                    0 => Ordering::Equal,
                    _ => a_point.cmp(&b_point).then_with(|| a.cmp(&b)),
                };
                sign.cmp(&other_sign).then(if sign < 0 { size.reverse() } else { size })
            }
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn digit(value: u8) -> char {
    char::from(b'0'.wrapping_add(value))
}

/// Plain decimal without an exponent and without zeros at the end, as Terraform prints numbers: the shortest that tells
/// the number from its neighbors of the same precision.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let float = match &self.0 {
            Repr::Int { value, .. } => return value.fmt(f),
            Repr::Float(float) => float,
        };
        let (digits, point) = float.shortest();
        let mut out = String::new();
        if float.negative {
            out.push('-');
        }
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        match usize::try_from(point) {
            Ok(point) if point > 0 => {
                out.extend(digits.iter().take(point).copied().map(digit));
                out.extend((count..i64::try_from(point).unwrap_or(i64::MAX)).map(|_| '0'));
                if digits.len() > point {
                    out.push('.');
                    out.extend(digits.iter().skip(point).copied().map(digit));
                }
            }
            _ => {
                out.push_str("0.");
                out.extend((point..0).map(|_| '0'));
                out.extend(digits.into_iter().map(digit));
            }
        }
        f.write_str(&out)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
