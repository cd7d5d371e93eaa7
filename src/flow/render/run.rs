//! What an agent is handed: a flow run and its flow (semantics 0.5). It decides nothing.

use serde_json::Value as Json;

use crate::flow::agent::Surroundings;
use crate::flow::kind::{AgentKind, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::{self, Disk, RunConfig};
use crate::flow::storage::docker_image;

/// A flow run.
#[derive(Clone, Copy, Debug)]
pub struct FlowRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its flow.
    pub flow: Flow<'a>,
    /// Its serialized run config; `None` or null when it carries none.
    pub run_config: Option<&'a Json>,
}

/// A registered flow.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its version, from 1.
    pub version: u64,
    /// The version of the original's package that registered it.
    pub core_version: Option<&'a str>,
    /// Its serialized storage.
    pub storage: &'a Json,
}

impl Flow<'_> {
    /// The kind of its storage.
    ///
    /// # Errors
    /// `ValidationError` for a storage that does not load.
    pub fn storage_kind(&self) -> Result<StorageKind, OriginalError> {
        match self.storage.get("type") {
            None | Some(Json::Null) => {
                Err(OriginalError::validation("{'type': ['Missing data for required field.']}"))
            }
            Some(class) => class.as_str().and_then(StorageKind::from_class).ok_or_else(|| {
                OriginalError::validation(format!(
                    "{{'type': ['Unsupported value: {}']}}",
                    python::text(class)
                ))
            }),
        }
    }

    /// The image that holds its code: `Docker` storage has one.
    ///
    /// # Errors
    /// `ValidationError` for a storage that does not load, `ValueError` for `Docker` storage without name or tag.
    pub fn storage_image(&self) -> Result<Option<String>, OriginalError> {
        match self.storage_kind()? {
            StorageKind::Docker => docker_image(self.storage).map(Some),
            StorageKind::S3
            | StorageKind::Gcs
            | StorageKind::Azure
            | StorageKind::Local
            | StorageKind::Github
            | StorageKind::Gitlab
            | StorageKind::Bitbucket
            | StorageKind::Git
            | StorageKind::Codecommit
            | StorageKind::Module
            | StorageKind::Webhook => Ok(None),
        }
    }
}

impl FlowRun<'_> {
    /// The run config that an agent of kind `kind` works with: one of the agent's own kind.
    ///
    /// # Errors
    /// Those of [`run_config::for_agent`].
    pub(super) fn config(
        &self,
        kind: AgentKind,
        surroundings: &Surroundings<'_>,
    ) -> Result<RunConfig, OriginalError> {
        let disk = Disk { cwd: surroundings.cwd, read: surroundings.read };
        run_config::for_agent(kind, self.run_config, self.id, disk)
    }
}

/// The error for a run config of another kind, which [`FlowRun::config`] does not give.
pub(super) fn other_kind(config: &RunConfig) -> OriginalError {
    OriginalError::type_error(format!("a `run_config` of type `{}`", config.kind().class()))
}

/// The text, where Python takes it for true.
pub(super) fn full(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}
