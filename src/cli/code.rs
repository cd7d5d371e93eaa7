//! `plan --verify`: whether the code of flows is where their storage says, in Cloud Storage. It changes nothing, and does not look at
//! what the code is.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Check, Finding, Verification};
use serde_json::Value as Json;

use super::planning::surroundings;
use super::workspace::Workspace;
use crate::providers;

/// Looks up each object once; `flows` are the names of flows with their definitions.
pub(super) async fn verify(workspace: &Workspace, flows: &[(&str, Json)]) -> Verification {
    let mut places: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (name, definition) in flows {
        if let Some(place) = place(name, definition) {
            places.entry(place).or_default().insert(name);
        }
    }
    let around = surroundings(workspace);
    let mut verified = Verification::default();
    for ((bucket, key), flows) in places {
        let finding = match providers::gcs_exists(bucket, key, &around).await {
            Ok(true) => Finding::Usable,
            Ok(false) => {
                Finding::Unusable("there is no such object; upload the code, or correct its place".to_owned())
            }
            Err(error) => Finding::NotChecked(error.message),
        };
        let subject = format!("code `gs://{bucket}/{key}`");
        let flows = flows.into_iter().map(str::to_owned).collect();
        verified.checks.push(Check { subject, flows, finding });
        verified.calls = verified.calls.saturating_add(1);
    }
    verified
}

/// The bucket and the key of a flow's code, where its storage is `gcs`.
fn place<'a>(name: &str, definition: &'a Json) -> Option<(&'a str, &'a str)> {
    let storage = definition.get("storage")?;
    let text = |value: Option<&'a Json>| value.and_then(Json::as_str);
    if text(storage.get("type")) != Some("GCS") {
        return None;
    }
    let own = text(storage.get("flows").and_then(|flows| flows.get(name)));
    Some((text(storage.get("bucket"))?, own.or_else(|| text(storage.get("key")))?))
}
