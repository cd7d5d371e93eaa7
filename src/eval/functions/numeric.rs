//! Numeric functions. `pow` and `log` have the precision of 64-bit floats, as Terraform's have.

use num_bigint::BigInt;

use super::call::{Call, Fault, Outcome, as_number, checked, fault, fault_at, list, number};
use crate::value::{Number, Value};

/// As many elements as Terraform's `range` makes at most.
const MAX_RANGE: usize = 1024;
/// The digits that `parseint` reads at most.
const MAX_DIGITS: usize = 1000;

pub(super) fn abs(call: &Call<'_>) -> Outcome {
    Ok(number(call.number(0)?.abs()))
}

pub(super) fn ceil(call: &Call<'_>) -> Outcome {
    Ok(number(call.number(0)?.ceil()))
}

pub(super) fn floor(call: &Call<'_>) -> Outcome {
    Ok(number(call.number(0)?.floor()))
}

pub(super) fn signum(call: &Call<'_>) -> Outcome {
    let number = call.number(0)?;
    match number.is_integer() {
        true => Ok(Value::int(number.signum())),
        false => Err(fault_at(0, "a whole number is required")),
    }
}

pub(super) fn pow(call: &Call<'_>) -> Outcome {
    checked(call.number(0)?.pow(call.number(1)?)).map(number)
}

pub(super) fn log(call: &Call<'_>) -> Outcome {
    let (value, base) = (call.number(0)?.to_f64(), call.number(1)?.to_f64());
    checked(Number::from_f64(value.ln() / base.ln())).map(number)
}

pub(super) fn max(call: &Call<'_>) -> Outcome {
    call.args.iter().max().cloned().ok_or_else(|| fault("at least one number is required"))
}

pub(super) fn min(call: &Call<'_>) -> Outcome {
    call.args.iter().min().cloned().ok_or_else(|| fault("at least one number is required"))
}

pub(super) fn sum(call: &Call<'_>) -> Outcome {
    let items = call.items(0)?;
    if items.is_empty() {
        return Err(fault_at(0, "an empty list has no sum"));
    }
    let mut total = Number::ZERO;
    for item in items {
        let item =
            as_number(item).ok_or_else(|| fault_at(0, "every element must be a number, but one is null"))?;
        total = checked(total.add(item))?;
    }
    Ok(number(total))
}

pub(super) fn parseint(call: &Call<'_>) -> Outcome {
    let Some(text) = call.value(0)?.as_str() else { return Err(fault_at(0, "a string is required")) };
    let base = call.whole(1)?;
    let radix = u32::try_from(base).ok().filter(|radix| (2..=62).contains(radix));
    let radix = radix.ok_or_else(|| fault_at(1, "the base must be a whole number from 2 to 62"))?;
    let refuse = || {
        fault_at(0, "the text is not a whole number of this base").detail(format!("{text:?}, base {base}"))
    };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return Err(refuse());
    }
    let mut total = BigInt::default();
    for digit in digits.chars() {
        total = total * radix + digit_value(digit, radix).ok_or_else(refuse)?;
    }
    checked(Number::from_bigint(&if text.starts_with('-') { -total } else { total })).map(number)
}

/// Up to base 36 case does not matter; above it capitals are the higher digits.
fn digit_value(digit: char, radix: u32) -> Option<u32> {
    let value = match digit {
        'A'..='Z' if radix > 36 => u32::from(digit) - u32::from('A') + 36,
        _ => digit.to_digit(36)?,
    };
    (value < radix).then_some(value)
}

pub(super) fn range(call: &Call<'_>) -> Outcome {
    let zero = Number::ZERO;
    let direction = |start: &Number, end: &Number| Number::from(if start <= end { 1 } else { -1 });
    let (start, end, step) = match call.args.len() {
        1 => (&zero, call.number(0)?, direction(&zero, call.number(0)?)),
        2 => (call.number(0)?, call.number(1)?, direction(call.number(0)?, call.number(1)?)),
        3 => (call.number(0)?, call.number(1)?, call.number(2)?.clone()),
        _ => {
            return Err(fault(
                "one, two or three numbers are required: an end, or a start, an end and a step",
            ));
        }
    };
    match step.signum() {
        0 if start != end => return Err(fault_at(2, "the step must not be zero")),
        1 if end < start => {
            return Err(fault_at(1, "the end must not be less than the start when the step is positive"));
        }
        -1 if end > start => {
            return Err(fault_at(1, "the end must not be greater than the start when the step is negative"));
        }
        _ => {}
    }
    let mut items = Vec::new();
    let mut next = start.clone();
    while if step.signum() > 0 { next < *end } else { next > *end } {
        if items.len() == MAX_RANGE {
            return Err(too_long());
        }
        let following = checked(next.add(&step))?;
        items.push(number(next));
        next = following;
    }
    Ok(list(items))
}

fn too_long() -> Fault {
    fault(format!(
        "more than {MAX_RANGE} values would be generated; bring start and end closer together or use a larger step"
    ))
}
