//! Functions of sets. Arguments of different element types are made alike first.

use std::collections::BTreeSet;

use super::call::{Call, Fault, Outcome, check_members, fault, list};
use crate::value::{Kind, Type, Value, convert, unify};

pub(super) fn setunion(call: &Call<'_>) -> Outcome {
    let sets = alike(call)?;
    check_members(sets.iter().map(BTreeSet::len).sum())?;
    Ok(Value::set(sets.into_iter().flatten()))
}

pub(super) fn setintersection(call: &Call<'_>) -> Outcome {
    let common =
        alike(call)?.into_iter().reduce(|a, b| a.into_iter().filter(|item| b.contains(item)).collect());
    Ok(Value::set(common.unwrap_or_default()))
}

pub(super) fn setsubtract(call: &Call<'_>) -> Outcome {
    let left =
        alike(call)?.into_iter().reduce(|a, b| a.into_iter().filter(|item| !b.contains(item)).collect());
    Ok(Value::set(left.unwrap_or_default()))
}

/// The arguments with elements of one type.
fn alike(call: &Call<'_>) -> Result<Vec<BTreeSet<Value>>, Fault> {
    let mut all = Vec::new();
    for index in 0..call.args.len() {
        all.extend(call.items(index)?);
    }
    let ty = unify(all).ok_or_else(|| fault("the elements of the sets share no type"))?;
    let mut sets = Vec::new();
    for index in 0..call.args.len() {
        let items =
            call.items(index)?.iter().map(|item| convert(item, &ty).map_err(|error| fault(error.message)));
        sets.push(items.collect::<Result<_, _>>()?);
    }
    Ok(sets)
}

pub(super) fn setproduct(call: &Call<'_>) -> Outcome {
    if call.args.len() < 2 {
        return Err(fault("at least two sets or lists are required"));
    }
    let mut columns: Vec<Vec<Value>> = Vec::new();
    let (mut rows, mut sets) = (1_usize, false);
    for (index, arg) in call.args.iter().enumerate() {
        sets |= matches!(arg.kind, Kind::Set(_));
        let unified = convert(arg, &Type::List(Box::new(Type::Any)));
        let unified = unified.map_err(|error| super::call::fault_at(index, error.message))?;
        let items = unified.as_slice().unwrap_or_default().to_vec();
        rows = rows.saturating_mul(items.len());
        columns.push(items);
    }
    check_members(rows.saturating_mul(columns.len()))?;
    let mut product: Vec<Vec<Value>> = vec![Vec::new()];
    // No column at all has been multiplied in yet: an empty one anywhere empties the product at once.
    let columns = if rows == 0 { vec![Vec::new()] } else { columns };
    for column in &columns {
        let extend = |row: &Vec<Value>| {
            let row = row.clone();
            column.iter().map(move |item| row.iter().chain([item]).cloned().collect::<Vec<_>>())
        };
        product = product.iter().flat_map(extend).collect();
    }
    let tuples = product.into_iter().map(Value::tuple);
    Ok(if sets { Value::set(tuples) } else { list(tuples.collect()) })
}
