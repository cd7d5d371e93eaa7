//! What the original's backend keeps of registered flows: groups of versions, their settings and which of them a flow
//! run gets (semantics 9.3 and 9.4). It stores nothing.

use serde_json::Value as Json;

/// What registering came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The flow's id: the former one where nothing changed.
    pub flow_id: String,
    /// Its version, from 1.
    pub version: u64,
    /// Whether this is a new version.
    pub is_new: bool,
}

impl Outcome {
    /// What the command line says of a registration: it knows the id and version of the last flow of that name, and the id
    /// that the backend answered with (semantics 9.2).
    pub fn seen(previous: Option<(&str, u64)>, answered: &str) -> Self {
        let is_new = previous.is_none_or(|(id, _)| id != answered);
        let version = previous.map_or(0, |(_, version)| version);
        let version = if is_new { version.saturating_add(1) } else { version };
        Self { flow_id: answered.to_owned(), version, is_new }
    }
}

/// One registered version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The flow's id.
    pub flow_id: String,
    /// From 1.
    pub version: u64,
    /// Whether it makes no runs any more.
    pub archived: bool,
}

/// All versions of a flow, and the last key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The key of the last registration; forced ones have none.
    pub idempotency_key: Option<String>,
    /// In the order of registration.
    pub versions: Vec<Version>,
}

impl Group {
    /// Registers under `key`. Where it is the last one and an unarchived version exists, nothing changes; else `new_id` becomes
    /// the next version and every other one is archived (semantics 9.3).
    pub fn register(&mut self, key: Option<&str>, new_id: &str) -> Outcome {
        let live = self.versions.iter().rev().find(|version| !version.archived);
        if let (Some(key), Some(live)) = (key, live)
            && self.idempotency_key.as_deref() == Some(key)
        {
            return Outcome { flow_id: live.flow_id.clone(), version: live.version, is_new: false };
        }
        self.idempotency_key = key.map(str::to_owned);
        let last = self.versions.iter().map(|version| version.version).max().unwrap_or(0);
        let version = last.saturating_add(1);
        for earlier in &mut self.versions {
            earlier.archived = true;
        }
        self.versions.push(Version { flow_id: new_id.to_owned(), version, archived: false });
        Outcome { flow_id: new_id.to_owned(), version, is_new: true }
    }
}

/// Whose settings a flow run may get; null is nothing said.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunSettings<'a> {
    /// Labels given with the run.
    pub labels: Option<&'a Json>,
    /// The serialized run config given with the run.
    pub run_config: Option<&'a Json>,
    /// The flow group's labels.
    pub group_labels: Option<&'a Json>,
    /// The flow group's serialized run config.
    pub group_run_config: Option<&'a Json>,
    /// The flow's serialized run config.
    pub flow_run_config: Option<&'a Json>,
    /// The flow's serialized execution environment.
    pub flow_environment: Option<&'a Json>,
}

impl<'a> RunSettings<'a> {
    /// The run's labels, sorted: given, else its run config's, else the group's, else the group's run config's, else the flow's,
    /// else its environment's. An empty list is something said (semantics 9.4).
    pub fn run_labels(&self) -> Vec<String> {
        let of = |holder: Option<&'a Json>| given(given(holder).and_then(|holder| holder.get("labels")));
        let labels = given(self.labels)
            .or_else(|| of(self.run_config))
            .or_else(|| given(self.group_labels))
            .or_else(|| of(self.group_run_config))
            .or_else(|| of(self.flow_run_config))
            .or_else(|| of(self.flow_environment));
        let mut labels: Vec<String> =
            labels.and_then(Json::as_array).into_iter().flatten().map(crate::flow::python::text).collect();
        labels.sort();
        labels
    }

    /// The run's serialized run config: given, else the group's, else the flow's.
    pub fn effective_run_config(&self) -> Option<&'a Json> {
        given(self.run_config)
            .or_else(|| given(self.group_run_config))
            .or_else(|| given(self.flow_run_config))
    }
}

fn given(value: Option<&Json>) -> Option<&Json> {
    value.filter(|value| !value.is_null())
}
