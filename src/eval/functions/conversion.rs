//! Conversions to a type, and marks. A conversion that cannot be says why without showing the value.

use super::call::{Call, Outcome, fault_at};
use crate::value::{Marks, Type, Value, convert};

pub(super) fn tobool(call: &Call<'_>) -> Outcome {
    to(call, &Type::Bool)
}

pub(super) fn tonumber(call: &Call<'_>) -> Outcome {
    to(call, &Type::Number)
}

pub(super) fn tostring(call: &Call<'_>) -> Outcome {
    to(call, &Type::String)
}

pub(super) fn tolist(call: &Call<'_>) -> Outcome {
    to(call, &Type::List(Box::new(Type::Any)))
}

pub(super) fn toset(call: &Call<'_>) -> Outcome {
    to(call, &Type::Set(Box::new(Type::Any)))
}

pub(super) fn tomap(call: &Call<'_>) -> Outcome {
    to(call, &Type::Map(Box::new(Type::Any)))
}

fn to(call: &Call<'_>, ty: &Type) -> Outcome {
    convert(call.value(0)?, ty).map_err(|error| match error.path.is_empty() {
        true => fault_at(0, error.message),
        // The path may show keys of a container that is sensitive as a whole.
        false => fault_at(0, error.message.clone())
            .detail(format!("at {}", crate::address::path_text(&error.path))),
    })
}

pub(super) fn sensitive(call: &Call<'_>) -> Outcome {
    Ok(call.value(0)?.clone().marked(Marks::SENSITIVE))
}

pub(super) fn nonsensitive(call: &Call<'_>) -> Outcome {
    let value = call.value(0)?;
    Ok(Value { kind: value.kind.clone(), marks: value.marks.without(Marks::SENSITIVE) })
}

pub(super) fn issensitive(call: &Call<'_>) -> Outcome {
    let value = call.value(0)?;
    let marks = value.marks.without(Marks::SENSITIVE);
    Ok(match (value.marks.contains(Marks::SENSITIVE), value.is_unknown()) {
        (true, _) => Value::bool(true),
        // What it turns out to be may still be sensitive.
        (false, true) => Value::unknown(Type::Bool),
        (false, false) => Value::bool(false),
    }
    .marked(marks))
}
