//! Many flows as shared run configs and one `for_each`: what they have in common is written once. It changes nothing of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::hcl::{Body, expression};
use super::{Names, Parts};
use crate::flow::kind::{RunConfigKind, StorageKind};
use crate::value::quoted;

/// Writes all flows. Those whose code is in one kind of storage make one `for_each`; a flow without a storage has its own block.
pub(super) fn write(parts: Vec<Parts>, names: &mut Names, body: &mut Body) {
    let mut run_configs: BTreeMap<String, (RunConfigKind, String)> = BTreeMap::new();
    let mut by_storage: BTreeMap<StorageKind, Vec<(String, Parts)>> = BTreeMap::new();
    let mut alone = Vec::new();
    for part in parts {
        let (kind, block) = &part.run_config;
        let identity = format!("{} {}", kind.label(), Json::Object(block.all_values()));
        if !run_configs.contains_key(&identity) {
            let name = names.unique("shared");
            body.block("run_config", &[kind.label(), &name], block.clone());
            run_configs.insert(identity.clone(), (*kind, name));
        }
        match &part.storage {
            Some((storage, _)) => by_storage.entry(*storage).or_default().push((identity, part)),
            None => alone.push(part),
        }
    }
    for (kind, members) in by_storage {
        for_each(kind, &members, &run_configs, names, body);
    }
    super::write(alone, names, body);
}

/// One `for_each` over the flows of a kind of storage.
fn for_each(
    kind: StorageKind,
    members: &[(String, Parts)],
    run_configs: &BTreeMap<String, (RunConfigKind, String)>,
    names: &mut Names,
    body: &mut Body,
) {
    let label = names.unique(&format!("{} flows", kind.label()));
    // What every storage has with the same value is written once.
    let mut common: Option<Map<String, Json>> = None;
    for (_, part) in members {
        let values = storage_values(part);
        common = Some(match common {
            None => values,
            Some(common) => {
                common.into_iter().filter(|(name, value)| values.get(name) == Some(value)).collect()
            }
        });
    }
    let common = common.unwrap_or_default();

    let mut own_fields: Vec<&str> = Vec::new();
    let mut used: BTreeMap<&str, String> = BTreeMap::new();
    let mut rows = String::from("{\n");
    let mut keys = Names::default();
    let mut has_parameters = false;
    let mut has_schedules = false;
    for (identity, part) in members {
        let key = keys.unique(&part.name);
        let comments =
            part.storage.iter().flat_map(|(_, storage)| storage.comments()).chain(part.rest.comments());
        for comment in comments {
            for line in comment.lines() {
                rows.push_str(&format!("    # {line}\n"));
            }
        }
        let mut row = vec![format!("name = {}", quoted(&part.name))];
        if let Some((kind, name)) = run_configs.get(identity) {
            used.insert(name, format!("run_config.{}.{name}", kind.label()));
            row.push(format!("run_config = {}", quoted(name)));
        }
        for (name, value) in storage_values(part) {
            if common.get(&name) != Some(&value) {
                row.push(format!("{name} = {}", expression(&value, 3)));
                let known = kind.all_fields().map(|field| field.name).find(|field| *field == name);
                if let Some(field) = known.filter(|field| !own_fields.contains(field)) {
                    own_fields.push(field);
                }
            }
        }
        for (name, value) in part.rest.values() {
            has_parameters |= name == "parameters";
            row.push(format!("{name} = {}", expression(value, 3)));
        }
        let schedules: Vec<Json> = part.rest.blocks().map(|block| Json::Object(block.all_values())).collect();
        if !schedules.is_empty() {
            has_schedules = true;
            row.push(format!("schedules = {}", expression(&Json::Array(schedules), 3)));
        }
        rows.push_str(&format!("    {key} = {{\n"));
        for line in row {
            rows.push_str(&format!("      {line}\n"));
        }
        rows.push_str("    }\n");
    }
    rows.push_str("  }");
    let mut locals = Body::default();
    locals.raw(&label, rows);
    let one = used.len() == 1;
    if !one {
        let entries: Vec<String> =
            used.iter().map(|(name, reference)| format!("    {name} = {reference}\n")).collect();
        locals.raw(&format!("{label}_run_configs"), format!("{{\n{}  }}", entries.concat()));
    }
    body.block("locals", &[], locals);

    let mut storage = Body::default();
    let mut reference = format!("storage.{}.{label}", kind.label());
    if !own_fields.is_empty() {
        storage.raw("for_each", format!("local.{label}"));
        reference.push_str("[each.key]");
    }
    for field in kind.all_fields().map(|field| field.name) {
        if let Some(value) = common.get(field) {
            storage.value(field, value.clone());
        } else if own_fields.contains(&field) {
            storage.raw(field, format!("try(each.value.{field}, null)"));
        }
    }
    body.block("storage", &[kind.label(), &label], storage);

    let mut flow = Body::default();
    flow.raw("for_each", format!("local.{label}"));
    flow.raw("name", "each.value.name");
    flow.raw("storage", reference);
    let shared = match used.into_values().next() {
        Some(only) if one => only,
        Some(_) | None => format!("local.{label}_run_configs[each.value.run_config]"),
    };
    flow.raw("run_config", shared);
    if has_parameters {
        flow.raw("parameters", "try(each.value.parameters, null)");
    }
    if has_schedules {
        let mut content = Body::default();
        for field in crate::flow::schedule::FIELDS {
            content.raw(field.name, format!("try(schedule.value.{}, null)", field.name));
        }
        let mut dynamic = Body::default();
        dynamic.raw("for_each", "try(each.value.schedules, [])");
        dynamic.block("content", &[], content);
        flow.block("dynamic", &["schedule"], dynamic);
    }
    body.block("flow", &[&label], flow);
}

fn storage_values(part: &Parts) -> Map<String, Json> {
    part.storage.as_ref().map(|(_, storage)| storage.all_values()).unwrap_or_default()
}
