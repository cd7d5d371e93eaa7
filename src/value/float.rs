//! Binary floats of a stated precision, rounded to the nearest value and a half to the even one, as the reference computes
//! with numbers. There is no zero, no infinity and no "not a number" here, and nothing beyond 2000 decimal digits.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_traits::{One, ToPrimitive, Zero};

/// The bits of numbers that are written, and of what is computed from them.
pub(super) const FULL: u32 = 512;
/// The binary exponent that no number reaches: about 2000 decimal digits before or after the point.
const MAX_EXPONENT: i64 = 6650;

/// `mantissa * 2^exponent`, negated when `negative`. The mantissa is odd and has `precision` bits at most, so that equal
/// floats of one precision have equal fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Float {
    pub(super) negative: bool,
    mantissa: BigUint,
    exponent: i64,
    /// The bits that results made from it keep.
    pub(super) precision: u32,
}

/// What an operation gives: zero is apart, because a float has none.
#[derive(Debug)]
pub(super) enum Rounded {
    Zero,
    Float(Float),
    /// Too large or too small to be held.
    OutOfRange,
}

impl Float {
    /// The integer as a float of at least as many bits as it needs.
    pub(super) fn from_int(value: i64, precision: u32) -> Option<Self> {
        let mantissa = BigUint::from(value.unsigned_abs());
        match round(value < 0, mantissa, 0, false, precision.max(64)) {
            Rounded::Float(float) => Some(Self { precision, ..float }),
            Rounded::Zero | Rounded::OutOfRange => None,
        }
    }

    /// A number of 53 bits; none for zero, infinities and "not a number".
    pub(super) fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let (raw, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let (mantissa, exponent) = if raw == 0 { (fraction, 1) } else { (fraction | 1 << 52, raw) };
        let exponent = i64::try_from(exponent).ok()? - 1075;
        match round(value < 0.0, BigUint::from(mantissa), exponent, false, 53) {
            Rounded::Float(float) => Some(float),
            Rounded::Zero | Rounded::OutOfRange => None,
        }
    }

    /// A whole number, with as many bits as it needs and 64 at least.
    pub(super) fn from_whole(negative: bool, value: BigUint) -> Rounded {
        let precision = u32::try_from(value.bits()).unwrap_or(u32::MAX).max(64);
        round(negative, value, 0, false, precision)
    }

    /// `digits * 10^exponent` in full precision, computed in the steps of Go's `big.Float`, so that the last bit is the
    /// same where a power of ten has more bits than are kept.
    pub(super) fn from_decimal(negative: bool, digits: BigUint, exponent: i64) -> Rounded {
        let Some(power) = power_of_five(exponent.unsigned_abs()) else { return Rounded::OutOfRange };
        match exponent {
            0 => round(negative, digits, 0, false, FULL),
            1.. => {
                let Some(twos) = power.exponent.checked_add(exponent) else { return Rounded::OutOfRange };
                round(negative, digits * power.mantissa, twos, false, FULL)
            }
            _ => quotient(negative, (&digits, exponent), (&power.mantissa, power.exponent), FULL),
        }
    }

    /// The same number, from which results of so many bits are made: no fewer than it has.
    pub(super) fn with_precision(self, precision: u32) -> Self {
        Self { precision, ..self }
    }

    /// The same with the other sign.
    pub(super) fn neg(&self) -> Self {
        Self { negative: !self.negative, ..self.clone() }
    }

    /// The sum, with so many bits.
    pub(super) fn add(&self, other: &Self, precision: u32) -> Rounded {
        let exponent = self.exponent.min(other.exponent);
        let (Some(a), Some(b)) = (self.shifted(exponent), other.shifted(exponent)) else {
            return Rounded::OutOfRange;
        };
        let (negative, sum) = match (self.negative == other.negative, a.cmp(&b)) {
            (true, _) => (self.negative, a + b),
            (false, Ordering::Equal) => return Rounded::Zero,
            (false, Ordering::Greater) => (self.negative, a - b),
            (false, Ordering::Less) => (other.negative, b - a),
        };
        round(negative, sum, exponent, false, precision)
    }

    /// The product: computed with 512 bits, kept with as many as it needs or the factors have.
    pub(super) fn mul(&self, other: &Self) -> Rounded {
        let precision = self.precision.max(other.precision);
        match self.mul_to(other, FULL) {
            Rounded::Float(product) => {
                let needed = u32::try_from(product.mantissa.bits()).unwrap_or(u32::MAX);
                Rounded::Float(Self { precision: precision.max(needed), ..product })
            }
            other => other,
        }
    }

    /// The product with so many bits.
    pub(super) fn mul_to(&self, other: &Self, precision: u32) -> Rounded {
        let negative = self.negative != other.negative;
        let Some(exponent) = self.exponent.checked_add(other.exponent) else { return Rounded::OutOfRange };
        round(negative, &self.mantissa * &other.mantissa, exponent, false, precision)
    }

    /// The quotient, with the bits of the more precise of the two.
    pub(super) fn div(&self, other: &Self) -> Rounded {
        let precision = self.precision.max(other.precision);
        quotient(
            self.negative != other.negative,
            (&self.mantissa, self.exponent),
            (&other.mantissa, other.exponent),
            precision,
        )
    }

    /// The whole number towards zero, without its sign, and whether that is the number itself.
    pub(super) fn truncated(&self) -> Option<(BigUint, bool)> {
        match u64::try_from(-self.exponent) {
            Ok(shift) if shift > 0 => Some((&self.mantissa >> shift, false)),
            _ => Some((self.shifted(0)?, true)),
        }
    }

    /// Whether it has no fraction.
    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// The whole number with the sign and the bits of this.
    pub(super) fn with_whole(&self, whole: BigUint) -> Rounded {
        round(self.negative, whole, 0, false, self.precision)
    }

    /// The same number as an integer, when it is one of 64 bits whose digits all show.
    pub(super) fn to_i64(&self) -> Option<i64> {
        let bits = i64::try_from(self.mantissa.bits()).ok()?.checked_add(self.exponent)?;
        if self.exponent < 0 || bits > 64 || (self.precision < 64 && bits > i64::from(self.precision)) {
            return None;
        }
        let magnitude = i128::from(self.shifted(0)?.to_u64()?);
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    /// The order by value, whatever the precisions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (negative, _) => {
                let exponent = self.exponent.min(other.exponent);
                let order = match (self.shifted(exponent), other.shifted(exponent)) {
                    (Some(a), Some(b)) => a.cmp(&b),
                    // Out of all range, which no float is.
                    _ => self.exponent.cmp(&other.exponent),
                };
                if negative { order.reverse() } else { order }
            }
        }
    }

    /// The shortest decimal that no other float of this precision is nearer to: digits and where the point stands
    /// among them, as in 0.d1d2d3 * 10^point.
    pub(super) fn shortest(&self) -> (Vec<u8>, i64) {
        let (digits, point) = exact_digits(&self.mantissa, self.exponent);
        let bits = u32::try_from(self.mantissa.bits()).unwrap_or(u32::MAX);
        // The lowest bit stands for half a unit in the last place.
        let shift = (self.precision + 1).saturating_sub(bits);
        let mantissa = &self.mantissa << shift;
        let exponent = self.exponent - i64::from(shift);
        let (lower, _) = exact_digits(&(&mantissa - 1u8), exponent);
        let (upper, _) = exact_digits(&(&mantissa + 1u8), exponent);
        let inclusive = !mantissa.bit(1);
        let at = |digits: &[u8], index: usize| digits.get(index).copied().unwrap_or(0);
        for (index, digit) in digits.iter().copied().enumerate() {
            let (low, high) = (at(&lower, index), at(&upper, index));
            let down = low != digit || (inclusive && index + 1 == lower.len());
            let up = digit != high && (inclusive || digit + 1 < high || index + 1 < upper.len());
            let kept = digits.get(..=index).unwrap_or(&digits);
            match (down, up) {
                (true, true) if rounds_up(&digits, index + 1) => return increased(kept, point),
                (true, _) => return trimmed(kept.to_vec(), point),
                (false, true) => return increased(kept, point),
                (false, false) => {}
            }
        }
        (digits, point)
    }

    fn shifted(&self, exponent: i64) -> Option<BigUint> {
        let shift = u64::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        // Both exponents are in range, so that this is no more than four times the range.
        (shift <= 8 * MAX_EXPONENT.unsigned_abs()).then(|| &self.mantissa << shift)
    }
}

/// The nearest float of so many bits; `sticky` says that a little is missing at the end.
fn round(negative: bool, mantissa: BigUint, exponent: i64, sticky: bool, precision: u32) -> Rounded {
    let (mut mantissa, mut exponent) = (mantissa, exponent);
    let excess = mantissa.bits().saturating_sub(u64::from(precision));
    if excess > 0 {
        let half = mantissa.bit(excess - 1);
        let rest = sticky || mantissa.trailing_zeros().is_some_and(|zeros| zeros < excess - 1);
        mantissa >>= excess;
        if half && (rest || mantissa.bit(0)) {
            mantissa += 1u8;
        }
        exponent = exponent.saturating_add(i64::try_from(excess).unwrap_or(i64::MAX));
    }
    let Some(zeros) = mantissa.trailing_zeros() else { return Rounded::Zero };
    mantissa >>= zeros;
    exponent = exponent.saturating_add(i64::try_from(zeros).unwrap_or(i64::MAX));
    let top = exponent.saturating_add(i64::try_from(mantissa.bits()).unwrap_or(i64::MAX));
    match (-MAX_EXPONENT..=MAX_EXPONENT).contains(&top) {
        true => Rounded::Float(Float { negative, mantissa, exponent, precision }),
        false => Rounded::OutOfRange,
    }
}

/// `a / b`, each a mantissa and an exponent; `b` is not zero.
fn quotient(negative: bool, a: (&BigUint, i64), b: (&BigUint, i64), precision: u32) -> Rounded {
    if a.0.is_zero() || b.0.is_zero() {
        return Rounded::Zero;
    }
    // Two bits more than are kept, and the sticky one, round correctly.
    let shift = (u64::from(precision) + 2 + b.0.bits()).saturating_sub(a.0.bits());
    let dividend = a.0 << shift;
    let (whole, rest) = (&dividend / b.0, &dividend % b.0);
    let exponent = i64::try_from(shift).ok().and_then(|shift| a.1.checked_sub(b.1)?.checked_sub(shift));
    match exponent {
        Some(exponent) => round(negative, whole, exponent, !rest.is_zero(), precision),
        None => Rounded::OutOfRange,
    }
}

/// Five to the power of `n` with 64 bits more than are kept, multiplied in the order of Go's `big.Float`.
fn power_of_five(n: u64) -> Option<Float> {
    const TABLE: u64 = 27;
    let float = |rounded| if let Rounded::Float(float) = rounded { Some(float) } else { None };
    let first = BigUint::from(5u8).pow(u32::try_from(n.min(TABLE)).ok()?);
    let mut power = float(round(false, first, 0, false, FULL + 64))?;
    let mut square = float(round(false, BigUint::from(5u8), 0, false, FULL + 128))?;
    let mut left = n.saturating_sub(TABLE);
    while left > 0 {
        if left & 1 == 1 {
            power = float(power.mul_to(&square, FULL + 64))?;
        }
        left >>= 1;
        if left > 0 {
            square = float(square.mul_to(&square, FULL + 128))?;
        }
    }
    Some(power)
}

/// All decimal digits of `mantissa * 2^exponent`, without zeros at the end, and where the point stands.
fn exact_digits(mantissa: &BigUint, exponent: i64) -> (Vec<u8>, i64) {
    let shift = exponent.unsigned_abs().min(8 * MAX_EXPONENT.unsigned_abs());
    let (whole, places) = match exponent >= 0 {
        true => (mantissa << shift, 0),
        // x / 2^n = x * 5^n / 10^n
        false => (mantissa * power(5, shift), shift),
    };
    let digits: Vec<u8> = whole.to_string().bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
    let point = i64::try_from(digits.len()).unwrap_or(i64::MAX) - i64::try_from(places).unwrap_or(i64::MAX);
    trimmed(digits, point)
}

fn power(base: u8, exponent: u64) -> BigUint {
    u32::try_from(exponent).map_or_else(|_| BigUint::one(), |exponent| BigUint::from(base).pow(exponent))
}

fn trimmed(mut digits: Vec<u8>, point: i64) -> (Vec<u8>, i64) {
    while digits.last() == Some(&0) {
        digits.pop();
    }
    (digits, point)
}

/// Whether cutting off behind `count` digits is nearer to the next higher decimal; a half goes to the even one.
fn rounds_up(digits: &[u8], count: usize) -> bool {
    match digits.get(count) {
        Some(5) if count + 1 == digits.len() => {
            count.checked_sub(1).and_then(|last| digits.get(last)).is_some_and(|digit| digit % 2 == 1)
        }
        Some(digit) => *digit >= 5,
        None => false,
    }
}

fn increased(digits: &[u8], point: i64) -> (Vec<u8>, i64) {
    let mut digits = digits.to_vec();
    while digits.last() == Some(&9) {
        digits.pop();
    }
    match digits.last_mut() {
        Some(last) => {
            *last += 1;
            (digits, point)
        }
        None => (vec![1], point + 1),
    }
}
