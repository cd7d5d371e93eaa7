//! Spellings of field names: which field a name was meant to be. It decides nothing.

use std::collections::BTreeMap;

use super::schema::Field;
use crate::diag::closest;

/// The name without case and separators: `container_definitions`, `ContainerDefinitions` and `containerDefinitions`
/// are one.
fn squashed(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// The field of the same letters, whatever their case and separators.
pub(super) fn same_letters<'f>(name: &str, fields: &'f BTreeMap<String, Field>) -> Option<&'f str> {
    let wanted = squashed(name);
    fields.keys().find(|field| squashed(field) == wanted).map(String::as_str)
}

/// The field that the name was most likely meant to be.
pub(super) fn meant<'f>(name: &str, fields: &'f BTreeMap<String, Field>) -> Option<&'f str> {
    same_letters(name, fields).or_else(|| {
        let candidates = fields.iter().filter(|(_, field)| !field.output).map(|(name, _)| name.as_str());
        closest(name, candidates)
    })
}

/// `machine_spec` as the service's JSON form has it: `machineSpec`.
pub(super) fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        match (c, upper) {
            ('_', _) => upper = true,
            (c, true) => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            (c, false) => out.push(c),
        }
    }
    out
}
