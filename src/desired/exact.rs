//! Numbers of a definition that would not survive being recorded. It changes none.

use crate::address::PathStep;
use crate::value::{Kind, Value};

/// The paths of numbers that JSON readers would round.
pub(super) fn inexact(value: &Value) -> Vec<Vec<PathStep>> {
    fn walk(value: &Value, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
        if let Kind::Number(number) = &value.kind {
            let float = number.to_f64();
            let kept = || crate::value::Number::parse(&float.to_string()).as_ref() == Some(number);
            if number.to_i64().is_none() && !kept() {
                found.push(path.clone());
            }
        }
        for (key, member) in value.as_entries().into_iter().flatten() {
            path.push(PathStep::Key(key.to_string()));
            walk(member, path, found);
            path.pop();
        }
        for (index, member) in value.as_slice().into_iter().flatten().enumerate() {
            path.push(PathStep::Index(index));
            walk(member, path, found);
            path.pop();
        }
    }
    let mut found = Vec::new();
    walk(value, &mut Vec::new(), &mut found);
    found
}
