//! Values without parts, each in the form that the backend takes. It knows no field.

use super::schema::Scalar;
use super::{Quantity, duration, units};
use crate::address::PathStep;
use crate::flow::definition::Problem;
use crate::value::{Kind, Type, Value, convert, type_name};

/// Checks one known value that is not null; the result is the value as the backend's library takes it.
pub(super) fn check(scalar: Scalar, value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    let fits = match (scalar, &value.kind) {
        (Scalar::Any, _)
        | (Scalar::Boolean, Kind::Bool(_))
        | (Scalar::Number, Kind::Number(_))
        | (Scalar::String | Scalar::Text | Scalar::Timestamp | Scalar::IntOrString, Kind::String(_)) => true,
        (Scalar::Text, Kind::Number(_)) => {
            return convert(value, &Type::String).unwrap_or_else(|_| value.clone());
        }
        (Scalar::Integer | Scalar::Int64 | Scalar::IntOrString | Scalar::Bytes, Kind::Number(number)) => {
            number.to_i64().is_some()
        }
        (Scalar::Int64, Kind::String(text)) => match text.parse::<i64>() {
            Ok(number) => return Value::int(number).marked(value.marks),
            Err(_) => false,
        },
        (Scalar::Bytes, Kind::String(text)) => units::is_bytes(text),
        (Scalar::Duration, Kind::String(text)) => duration::parse_duration(text).is_some(),
        (Scalar::Duration, Kind::Object(_) | Kind::Map(_)) => is_duration_object(value),
        (Scalar::Quantity, Kind::String(text)) => match text.parse::<Quantity>() {
            Ok(_) => true,
            Err(error) => {
                problems.push(
                    Problem::error(
                        path.to_vec(),
                        "Malformed quantity",
                        format!("This is no quantity: {error}."),
                    )
                    .help("write a number with one of the units m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei: `500m`, `2Gi`"),
                );
                return value.clone();
            }
        },
        (Scalar::Quantity, Kind::Number(_)) => true,
        _ => false,
    };
    if !fits {
        let problem = wrong_type(scalar.describe(), value, path);
        problems.push(match help(scalar, value) {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
    value.clone()
}

/// The problem of a value that is not `wanted`. It does not show the value.
pub(super) fn wrong_type(wanted: &str, value: &Value, path: &[PathStep]) -> Problem {
    let name = type_name(value);
    let found = match (value.is_null(), name.starts_with(['a', 'e', 'i', 'o', 'u'])) {
        (true, _) => name,
        (false, true) => format!("an {name}"),
        (false, false) => format!("a {name}"),
    };
    Problem::error(path.to_vec(), "Wrong type", format!("This is {found}, and the field takes {wanted}."))
}

fn help(scalar: Scalar, value: &Value) -> Option<&'static str> {
    match (scalar, &value.kind) {
        (Scalar::String | Scalar::Timestamp, Kind::Number(_) | Kind::Bool(_)) => Some("write it in quotes"),
        (Scalar::Integer | Scalar::Number, Kind::String(text)) if text.parse::<f64>().is_ok() => {
            Some("write the number without quotes")
        }
        (Scalar::Boolean, Kind::String(text)) if matches!(text.as_ref(), "true" | "false") => {
            Some("write it without quotes")
        }
        (Scalar::Duration, Kind::Number(_)) => Some("write the seconds as a text: `\"3600s\"`"),
        _ => None,
    }
}

/// `{ seconds = 3600, nanos = 0 }`
fn is_duration_object(value: &Value) -> bool {
    value.as_entries().is_some_and(|entries| {
        entries.iter().all(|(name, part)| {
            matches!(name.as_ref(), "seconds" | "nanos")
                && match &part.kind {
                    Kind::Number(number) => number.to_i64().is_some(),
                    Kind::Unknown(_) | Kind::Null => true,
                    _ => false,
                }
        })
    })
}
