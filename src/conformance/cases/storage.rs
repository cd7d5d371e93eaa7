//! Constructs and serializes storages.

use serde_json::{Map, Value as Json, json};

use super::super::HOME;
use super::{FILES, PREFECT_VERSION, error};
use crate::flow::kind::StorageKind;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::storage::{self, Machine, Storage};

/// The serialized form with one flow in it, its location, labels and name; or the error.
pub(super) fn run(input: &Json) -> Json {
    let arguments = input.get("storage").unwrap_or(&Json::Null);
    let flow = input.get("add_flow").and_then(Json::as_str);
    let storage = match made(arguments, flow, input) {
        Err(refused) => return json!({ "storage": { "error": error(&refused) } }),
        Ok(storage) => storage,
    };
    let class = arguments.get("type").and_then(Json::as_str).unwrap_or_default();
    let name = if class == StorageKind::Docker.class() {
        storage::docker_image(&storage.serialized)
            .map_or_else(|refused| json!({ "error": error(&refused) }), Json::from)
    } else {
        class.into()
    };
    let mut out = json!({
        "serialized": storage.serialized,
        "labels": storage.labels,
        "default_labels": storage.default_labels,
        "name": name,
    });
    if let (Some(location), Some(out)) = (storage.location, out.as_object_mut()) {
        out.insert("add_flow".to_owned(), location);
    }
    json!({ "storage": out })
}

/// The storage of constructor arguments, on the recorder's machine.
pub(super) fn made(arguments: &Json, flow: Option<&str>, input: &Json) -> Result<Storage, OriginalError> {
    let empty = Map::new();
    let entries = arguments.as_object().unwrap_or(&empty);
    let class = entries.get("type").and_then(Json::as_str).unwrap_or_default();
    let kind = StorageKind::from_class(class)
        .ok_or_else(|| OriginalError::validation(format!("{{'type': ['Unsupported value: {class}']}}")))?;
    let setting =
        input.get("config").and_then(|config| config.get("flows.defaults.storage.add_default_labels"));
    let machine = Machine {
        home: HOME.to_owned(),
        cwd: FILES.to_owned(),
        hostname: "oracle-host".to_owned(),
        now: "2022-02-23T19:26:00+00:00".to_owned(),
        add_default_labels: setting.is_none_or(python::truthy),
    };
    storage::serialize(kind, entries, flow, PREFECT_VERSION, &machine)
}
