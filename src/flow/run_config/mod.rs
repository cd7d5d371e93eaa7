//! Run configs as the original constructs, serializes and loads them (semantics 0.4, 0.5 and 1). It checks nothing
//! that the original does not check, and reads no file.

mod local;
mod universal;

use serde_json::{Map, Value as Json};

use super::kind::{AgentKind, RunConfigKind};
use super::original::OriginalError;
use super::{labels, python};

pub use local::absolute;

/// An error of a run config, by the original's class.
pub type RunConfigError = OriginalError;

/// A constructed run config.
#[derive(Clone, Debug, PartialEq)]
pub enum RunConfig {
    /// `UniversalRun`
    Universal {
        /// As given; a mapping or null, which only serializing finds out.
        env: Json,
        /// Unique and sorted.
        labels: Vec<String>,
    },
    /// `LocalRun`
    Local {
        /// As given; a mapping or null, which only serializing finds out.
        env: Json,
        /// Unique and sorted.
        labels: Vec<String>,
        /// Absolute and normalised.
        working_dir: Option<String>,
    },
}

impl RunConfig {
    /// Constructs the run config that `arguments` describe: an object with `type` (the class name) and the
    /// constructor's arguments. A relative `working_dir` is taken against `cwd`.
    ///
    /// # Errors
    /// What the constructor raises; `ValidationError` for a `type` that is missing, unknown or not available yet.
    pub fn from_arguments(arguments: &Json, cwd: &str) -> Result<Self, RunConfigError> {
        match kind_of(arguments)? {
            RunConfigKind::Universal => universal::construct(arguments),
            RunConfigKind::Local => local::construct(arguments, cwd),
            kind @ (RunConfigKind::Docker
            | RunConfigKind::Kubernetes
            | RunConfigKind::Ecs
            | RunConfigKind::Vertex) => Err(not_available(kind)),
        }
    }

    /// Loads a serialized run config: unknown keys and `__version__` are dropped, missing keys take the
    /// constructor's default, texts given as numbers are refused, and the constructor's rules run again.
    ///
    /// # Errors
    /// `ValidationError` for a form that does not load, else what the constructor raises.
    pub fn from_serialized(serialized: &Json, cwd: &str) -> Result<Self, RunConfigError> {
        match kind_of(serialized)? {
            RunConfigKind::Universal => universal::load(serialized),
            RunConfigKind::Local => local::load(serialized, cwd),
            kind @ (RunConfigKind::Docker
            | RunConfigKind::Kubernetes
            | RunConfigKind::Ecs
            | RunConfigKind::Vertex) => Err(not_available(kind)),
        }
    }

    /// The serialized form: one flat object with every field of the kind, `labels` sorted, `type` and
    /// `__version__` (semantics 0.4).
    ///
    /// # Errors
    /// `AttributeError` when `env` is no mapping.
    pub fn to_serialized(&self, prefect_version: &str) -> Result<Json, RunConfigError> {
        let mut out = Map::new();
        let (env, labels) = match self {
            Self::Universal { env, labels } => (env, labels),
            Self::Local { env, labels, working_dir } => {
                out.insert("working_dir".to_owned(), working_dir.clone().into());
                (env, labels)
            }
        };
        match env {
            Json::Null | Json::Object(_) => out.insert("env".to_owned(), env.clone()),
            other => {
                let message = format!("'{}' object has no attribute 'keys'", python::type_name(other));
                return Err(RunConfigError::attribute(message));
            }
        };
        out.insert("labels".to_owned(), labels.clone().into());
        out.insert("type".to_owned(), self.kind().class().into());
        out.insert("__version__".to_owned(), prefect_version.into());
        Ok(Json::Object(out))
    }

    /// Its kind.
    pub const fn kind(&self) -> RunConfigKind {
        match self {
            Self::Universal { .. } => RunConfigKind::Universal,
            Self::Local { .. } => RunConfigKind::Local,
        }
    }

    /// Its environment variables, as given.
    pub const fn env(&self) -> &Json {
        match self {
            Self::Universal { env, .. } | Self::Local { env, .. } => env,
        }
    }

    /// Its labels, unique and sorted.
    pub fn labels(&self) -> &[String] {
        match self {
            Self::Universal { labels, .. } | Self::Local { labels, .. } => labels,
        }
    }
}

/// The run config that an agent of kind `agent` works with, from the flow run's serialized one (semantics 0.5):
/// none is the agent's own kind with every default, a universal one lends its `env` and `labels`, its own kind is
/// itself.
///
/// # Errors
/// `TypeError` for a run config of another kind; what loading raises.
pub fn for_agent(
    agent: AgentKind,
    serialized: Option<&Json>,
    flow_run_id: &str,
    cwd: &str,
) -> Result<RunConfig, RunConfigError> {
    let own = agent.run_config();
    let serialized = match serialized.filter(|serialized| !serialized.is_null()) {
        None => serde_json::json!({ "type": own.class() }),
        Some(serialized) => match kind_of(serialized)? {
            RunConfigKind::Universal => {
                let mut entries = serialized.as_object().cloned().unwrap_or_default();
                entries.retain(|key, _| key == "env" || key == "labels");
                entries.insert("type".to_owned(), own.class().into());
                Json::Object(entries)
            }
            kind if kind == own => serialized.clone(),
            kind => {
                return Err(RunConfigError::type_error(format!(
                    "Flow run {flow_run_id} has a `run_config` of type `{}`, only `{}` is supported",
                    kind.class(),
                    own.class()
                )));
            }
        },
    };
    RunConfig::from_serialized(&serialized, cwd)
}

fn kind_of(arguments: &Json) -> Result<RunConfigKind, RunConfigError> {
    entries_of(arguments)?;
    match arguments.get("type") {
        None | Some(Json::Null) => {
            Err(RunConfigError::validation("{'type': ['Missing data for required field.']}"))
        }
        Some(class) => class.as_str().and_then(RunConfigKind::from_class).ok_or_else(|| {
            RunConfigError::validation(format!("{{'type': ['Unsupported value: {}']}}", python::text(class)))
        }),
    }
}

fn not_available(kind: RunConfigKind) -> RunConfigError {
    RunConfigError::validation(format!(
        "run configs of type {} are not available in this release",
        kind.class()
    ))
}

/// The arguments of a constructor, checked for unknown names. `owner` is the class that Python names in the error.
fn arguments_of<'a>(
    arguments: &'a Json,
    kind: RunConfigKind,
    owner: &str,
) -> Result<&'a Map<String, Json>, RunConfigError> {
    let entries = entries_of(arguments)?;
    let known = kind.fields();
    match entries.keys().find(|key| *key != "type" && known.iter().all(|field| field.name != key.as_str())) {
        Some(unknown) => Err(RunConfigError::type_error(format!(
            "{owner}.__init__() got an unexpected keyword argument '{unknown}'"
        ))),
        None => Ok(entries),
    }
}

fn entries_of(value: &Json) -> Result<&Map<String, Json>, RunConfigError> {
    value.as_object().ok_or_else(|| {
        RunConfigError::validation(format!("{{'_schema': 'Invalid data type: {}'}}", python::text(value)))
    })
}

/// `env` and `labels` of a constructor's arguments.
fn base_arguments(entries: &Map<String, Json>) -> Result<(Json, Vec<String>), RunConfigError> {
    let env = entries.get("env").cloned().unwrap_or(Json::Null);
    Ok((env, labels::from_argument(entries.get("labels"))?))
}

/// `env` and `labels` of a serialized form, which is stricter than the constructor.
fn base_loaded(entries: &Map<String, Json>) -> Result<(Json, Vec<String>), RunConfigError> {
    let env = match entries.get("env") {
        None | Some(Json::Null) => Json::Null,
        Some(env @ Json::Object(_)) => env.clone(),
        Some(_) => return Err(RunConfigError::validation("{'env': ['Not a valid mapping type.']}")),
    };
    let labels = match entries.get("labels") {
        None => None,
        Some(Json::Null) => return Err(RunConfigError::validation("{'labels': ['Field may not be null.']}")),
        Some(labels @ Json::Array(items)) => {
            if let Some(index) = items.iter().position(|item| !item.is_string()) {
                let message = format!("{{'labels': {{{index}: ['Not a valid string.']}}}}");
                return Err(RunConfigError::validation(message));
            }
            Some(labels)
        }
        Some(_) => return Err(RunConfigError::validation("{'labels': ['Not a valid list.']}")),
    };
    Ok((env, labels::from_argument(labels)?))
}

/// A text of a serialized form: null when missing; a number is refused (semantics 0.4).
fn loaded_text<'a>(entries: &'a Map<String, Json>, name: &str) -> Result<Option<&'a str>, RunConfigError> {
    match entries.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(RunConfigError::validation(format!("{{'{name}': ['Not a valid string.']}}"))),
    }
}

#[cfg(test)]
mod tests;
