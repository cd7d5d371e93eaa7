//! Registration as the original's command line and its backend do it (semantics 9): what a flow is registered with,
//! the key that tells whether anything changed, versions, and whose settings a flow run gets. It calls nothing.

mod backend;

use serde_json::{Map, Value as Json};

use super::python;
use super::run_config::{Constructed, RunConfigError};

pub use backend::{Group, Outcome, RunSettings, Version};

/// A flow as it is registered: its serialized form, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The serialized flow: name, type, schedule, parameters, tasks, edges, reference tasks, run config, storage.
    pub serialized_flow: Json,
    /// Absent when registration is forced.
    pub idempotency_key: Option<String>,
    /// Whether its schedule is switched on.
    pub set_schedule_active: bool,
}

/// How a flow is registered.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Labels given beside the flow's own.
    pub labels: &'a [String],
    /// Register although nothing changed.
    pub force: bool,
    /// Switch the schedule on.
    pub schedule: bool,
}

impl Registration {
    /// Registers a flow without tasks, schedule and parameters: what its run config and its storage decide. Its run config gains the
    /// labels of the storage and those given (semantics 9.1); `None` is a universal one.
    ///
    /// # Errors
    /// What serializing the run config raises.
    pub fn new(
        name: &str,
        run_config: Option<Constructed>,
        storage: &super::storage::Storage,
        options: Options<'_>,
        prefect_version: &str,
    ) -> Result<Self, RunConfigError> {
        let mut run_config = run_config.unwrap_or_else(Constructed::universal);
        let given: Vec<Json> = options.labels.iter().map(|label| label.as_str().into()).collect();
        run_config.add_labels(&given)?;
        run_config.add_labels(&storage.labels)?;
        let empty = || Json::Array(Vec::new());
        let mut flow = Map::new();
        for (key, value) in [
            ("name", name.into()),
            ("type", "prefect.core.flow.Flow".into()),
            ("schedule", Json::Null),
            ("parameters", empty()),
            ("tasks", empty()),
            ("edges", empty()),
            ("reference_tasks", empty()),
            ("run_config", run_config.to_serialized(prefect_version)?),
            ("storage", storage.serialized.clone()),
            ("__version__", prefect_version.into()),
        ] {
            flow.insert(key.to_owned(), value);
        }
        Ok(Self::complete(Json::Object(flow), options))
    }

    /// Registers a flow that was serialized before: its run config gains only the labels given.
    pub fn prebuilt(mut serialized_flow: Json, options: Options<'_>) -> Self {
        if let Some(Json::Object(run_config)) = serialized_flow.get_mut("run_config") {
            let own = run_config.get("labels").and_then(Json::as_array).into_iter().flatten();
            let mut labels: Vec<String> = own.map(python::text).chain(options.labels.to_vec()).collect();
            labels.sort();
            labels.dedup();
            run_config.insert("labels".to_owned(), labels.into());
        }
        Self::complete(serialized_flow, options)
    }

    fn complete(serialized_flow: Json, options: Options<'_>) -> Self {
        let idempotency_key = (!options.force).then(|| idempotency_key(&serialized_flow));
        Self { serialized_flow, idempotency_key, set_schedule_active: options.schedule }
    }

    /// The input of the mutation that registers it. Without a key there is no entry for one.
    pub fn input(&self, project_id: &str) -> Map<String, Json> {
        let mut input = Map::new();
        input.insert("project_id".to_owned(), project_id.into());
        input.insert("serialized_flow".to_owned(), self.serialized_flow.clone());
        input.insert("set_schedule_active".to_owned(), self.set_schedule_active.into());
        if let Some(key) = &self.idempotency_key {
            input.insert("idempotency_key".to_owned(), key.as_str().into());
        }
        input
    }
}

/// SHA-256, in hexadecimal digits, of a serialized flow as Python's `json` writes it with sorted keys (semantics 9.2).
pub fn idempotency_key(serialized_flow: &Json) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(python::json(serialized_flow).as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
