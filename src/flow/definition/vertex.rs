//! The rules of `vertex` run configs that the original leaves to the run (semantics 1 and 4). It knows no API beyond
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::{Problem, at, at_index};
use super::values;
use crate::address::PathStep;
use crate::value::{Kind, Value};

/// The machine when none is said.
const MACHINE_TYPE: &str = "e2-standard-4";

/// Fills in the original's default and checks the pools, which are at `path`.
pub(super) fn rules(
    fields: &mut BTreeMap<&'static str, Value>,
    path: &[PathStep],
    problems: &mut Vec<Problem>,
) {
    if let Some(machine) = fields.get_mut("machine_type").filter(|value| value.is_null()) {
        *machine = Value::string(MACHINE_TYPE);
    }
    if let Some(pools) = fields.get_mut("worker_pool_specs") {
        *pools = worker_pools(pools, path, problems);
    }
}

/// The pools: a list that is not empty, whose first is the flow's own.
fn worker_pools(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    let Some(pools) = value.as_slice() else { return value.clone() };
    if pools.is_empty() {
        problems.push(
            Problem::error(
                path.to_vec(),
                "No worker pools",
                "The list is empty, and the first pool is the one that runs the flow; the original fails on it.",
            )
            .help("leave `worker_pool_specs` out to run on one `machine_type`"),
        );
    }
    let mut out = Vec::with_capacity(pools.len());
    for (index, pool) in pools.iter().enumerate() {
        let path = at_index(path, index);
        if pool.is_null() && index == 0 {
            problems.push(
                Problem::error(
                    path,
                    "No first worker pool",
                    "The first pool is the one that runs the flow, so it cannot be null.",
                )
                .help("give it a `machine_spec`, and a `replica_count` of 1"),
            );
            out.push(pool.clone());
        } else if pool.is_null() || pool.is_unknown() {
            out.push(pool.clone());
        } else if pool.as_entries().is_none() {
            problems.push(Problem::error(
                path,
                "Unsuitable value",
                format!("A worker pool is an object, but this is {}.", values::describe(pool)),
            ));
        } else {
            out.push(image_uri(pool, &path, problems));
        }
    }
    Value::tuple(out)
}

/// The pool with `image` of its container spec as `image_uri`: one of the original's own examples has it so.
fn image_uri(pool: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    for spec in ["container_spec", "containerSpec"] {
        let Some(container) = pool.get(spec).and_then(Value::as_entries) else { continue };
        let name = if spec == "container_spec" { "image_uri" } else { "imageUri" };
        let Some(image) = container.get("image") else { continue };
        problems.push(
            Problem::warning(
                at(&at(path, spec), "image"),
                "Misspelled argument of a worker pool",
                format!("A container spec has no `image`; it is taken as `{name}`."),
            )
            .help(format!("write `{name}`")),
        );
        let mut container = BTreeMap::clone(container);
        container.entry(name.into()).or_insert_with(|| image.clone());
        container.remove("image");
        let mut entries = pool.as_entries().cloned().unwrap_or_default();
        entries.insert(spec.into(), Value::from(Kind::Object(Arc::new(container))));
        return Value::from(Kind::Object(Arc::new(entries)));
    }
    pool.clone()
}
