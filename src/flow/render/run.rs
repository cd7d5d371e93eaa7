//! What an agent is handed: a flow run and its flow (semantics 0.5). It decides nothing.

use serde_json::{Map, Value as Json};

use crate::flow::agent::Surroundings;
use crate::flow::kind::{AgentKind, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::python;
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

/// The run config that an agent works with, by field.
#[derive(Clone, Debug)]
pub(super) struct Config {
    fields: Map<String, Json>,
}

impl Config {
    /// The field, where it is not null.
    pub(super) fn value(&self, name: &str) -> Option<&Json> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// The field, where Python takes it for true.
    pub(super) fn truthy(&self, name: &str) -> Option<&Json> {
        self.value(name).filter(|value| python::truthy(value))
    }

    /// The text, where it is not null.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Json::as_str)
    }

    /// The text, where it is neither null nor empty.
    pub(super) fn full_text(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The variables.
    pub(super) fn env(&self) -> &Json {
        self.fields.get("env").unwrap_or(&Json::Null)
    }
}

impl FlowRun<'_> {
    /// The run config that an agent of kind `kind` works with.
    ///
    /// # Errors
    /// Those of [`run_config::for_agent`].
    pub(super) fn config(
        &self,
        kind: AgentKind,
        surroundings: &Surroundings<'_>,
    ) -> Result<Config, OriginalError> {
        let _ = surroundings;
        let own = kind.run_config();
        let fields = self.run_config.and_then(Json::as_object).cloned().unwrap_or_default();
        match fields.get("type").and_then(Json::as_str).unwrap_or(own.class()) {
            "UniversalRun" => {
                let mut fields = fields;
                fields.retain(|key, _| key == "env" || key == "labels");
                Ok(Config { fields })
            }
            class if class == own.class() => Ok(Config { fields }),
            class => Err(OriginalError::type_error(format!(
                "Flow run {} has a `run_config` of type `{class}`, only `{}` is supported",
                self.id,
                own.class()
            ))),
        }
    }
}
