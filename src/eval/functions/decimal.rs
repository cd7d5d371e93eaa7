//! A number as its decimal digits, to be rounded and written as format verbs ask. It knows nothing of verbs.

use crate::value::Number;

/// The number 0.d1d2d3... times ten to the power of `point`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    pub(super) digits: Vec<u8>,
    pub(super) point: i64,
}

impl Decimal {
    pub(super) fn of(number: &Number) -> Self {
        let text = number.to_string();
        let unsigned = text.strip_prefix('-').unwrap_or(&text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|byte| byte.wrapping_sub(b'0')).collect();
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        Self { negative: text.starts_with('-'), digits, point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        self.point = self.point.saturating_sub(i64::try_from(zeros).unwrap_or(i64::MAX));
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 1;
        }
        self
    }

    /// Rounded to so many digits, a half to the even neighbour. Below zero digits nothing is left.
    pub(super) fn rounded(&self, count: i64) -> Self {
        let Ok(keep) = usize::try_from(count) else {
            return Self { digits: Vec::new(), ..self.clone() }.trimmed();
        };
        let Some((kept, dropped)) = self.digits.split_at_checked(keep) else { return self.clone() };
        let odd = kept.last().is_some_and(|digit| digit % 2 == 1);
        let up = match dropped.split_first() {
            Some((5, rest)) => odd || !rest.is_empty(),
            Some((first, _)) => *first > 5,
            None => false,
        };
        // A zero in front takes the carry.
        let mut digits: Vec<u8> = std::iter::once(0).chain(kept.iter().copied()).collect();
        if up {
            for digit in digits.iter_mut().rev() {
                *digit = (*digit + 1) % 10;
                if *digit != 0 {
                    break;
                }
            }
        }
        Self { negative: self.negative, digits, point: self.point.saturating_add(1) }.trimmed()
    }

    /// Plain, with so many digits after the point (none when negative).
    pub(super) fn fixed(&self, precision: i64) -> String {
        let precision = precision.max(0);
        let rounded = self.rounded(self.point.saturating_add(precision));
        let mut out = self.sign();
        match rounded.point > 0 {
            true => (0..rounded.point).for_each(|at| out.push(rounded.digit(at))),
            false => out.push('0'),
        }
        if precision > 0 {
            out.push('.');
            (0..precision).for_each(|at| out.push(rounded.digit(rounded.point.saturating_add(at))));
        }
        out
    }

    /// With an exponent and so many digits after the point.
    pub(super) fn scientific(&self, precision: i64, letter: char) -> String {
        let precision = precision.max(0);
        let rounded = self.rounded(precision.saturating_add(1));
        let mut out = self.sign();
        out.push(rounded.digit(0));
        if precision > 0 {
            out.push('.');
            (1..=precision).for_each(|at| out.push(rounded.digit(at)));
        }
        let exponent = if rounded.digits.is_empty() { 0 } else { rounded.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("{letter}{sign}{:02}", exponent.unsigned_abs()));
        out
    }

    fn sign(&self) -> String {
        if self.negative { "-".to_owned() } else { String::new() }
    }

    fn digit(&self, at: i64) -> char {
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
        char::from(b'0'.saturating_add(digit))
    }
}
