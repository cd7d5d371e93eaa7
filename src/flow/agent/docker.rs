//! The options of the agent that starts containers on a Docker host, and its volumes (semantics 5).

use serde_json::Value as Json;

use super::{Common, Options, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::posix;

/// The engine that is used where none is named.
pub const DEFAULT_BASE_URL: &str = "unix://var/run/docker.sock";

/// The options of a Docker agent.
#[derive(Clone, Debug, PartialEq)]
pub struct DockerAgent {
    /// What every kind has.
    pub common: Common,
    /// The engine.
    pub base_url: String,
    /// Whether images are never pulled.
    pub no_pull: bool,
    /// The volumes of every container.
    pub volumes: Volumes,
    /// The networks of every container; the first one at its creation.
    pub networks: Vec<String>,
    /// The registries that images may be pulled from; empty allows all.
    pub reg_allow_list: Vec<String>,
    /// Whether containers' logs are shown.
    pub show_flow_logs: bool,
    /// How many seconds a call to the engine may take, as given; 60 when left out.
    pub docker_client_timeout: Json,
}

/// What an agent's `volumes` come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volumes {
    /// Volumes that the engine keeps, made before the container where they do not exist.
    pub named: Vec<String>,
    /// Where volumes are mounted, with repetitions.
    pub mount_points: Vec<String>,
    /// What is bound, in order; of one source the last binding.
    pub binds: Vec<Bind>,
}

/// One source that is bound into the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// A path of the host or a named volume.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// `rw`, or as given.
    pub mode: String,
}

impl DockerAgent {
    /// The agent that `options` describe.
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none, `ValueError` for a volume.
    pub fn from_options(options: &Json, surroundings: &Surroundings<'_>) -> Result<Self, OriginalError> {
        let options = Options::new(options, AgentKind::Docker)?;
        let common = Common::from_options(&options, surroundings.settings)?;
        let volumes = options.texts("volumes")?.unwrap_or_default();
        Ok(Self {
            common,
            base_url: options.text("base_url").unwrap_or_else(|| DEFAULT_BASE_URL.to_owned()),
            no_pull: options.truthy("no_pull").is_some(),
            volumes: Volumes::parse(&volumes)?,
            networks: options.texts("networks")?.unwrap_or_default(),
            reg_allow_list: options.texts("reg_allow_list")?.unwrap_or_default(),
            show_flow_logs: options.truthy("show_flow_logs").is_some(),
            docker_client_timeout: options
                .truthy("docker_client_timeout")
                .cloned()
                .unwrap_or_else(|| 60.into()),
        })
    }
}

impl Volumes {
    /// Reads `external:internal[:mode]`. Both sides are trimmed and normalised before it is decided whether the first
    /// is a path or a name, so `./rel` is a name; one part alone is a path on both sides.
    ///
    /// # Errors
    /// `ValueError` for more than three parts, and for a named volume whose mode is not `rw`.
    pub fn parse<S: AsRef<str>>(specifications: &[S]) -> Result<Self, OriginalError> {
        let mut volumes = Self::default();
        for specification in specifications {
            let specification = specification.as_ref();
            let fields: Vec<&str> = specification.split(':').collect();
            let path = |text: &str| posix::normalize(text.trim());
            let (external, internal, mode) = match fields.as_slice() {
                [both] => (None, path(both), "rw"),
                [external, internal] => (Some(path(external)), path(internal), "rw"),
                [external, internal, mode] => (Some(path(external)), path(internal), *mode),
                _ => {
                    return Err(OriginalError::value_error(format!(
                        "Docker volume format is invalid: {specification} (should be 'external:internal[:mode]')"
                    )));
                }
            };
            volumes.mount_points.push(internal.clone());
            if let Some(name) = external.as_ref().filter(|path| !path.starts_with(['.', '/', '~'])) {
                volumes.named.push(name.clone());
                if mode != "rw" {
                    return Err(OriginalError::value_error(format!(
                        "Named volumes can only have 'rw' mode, provided '{mode}'"
                    )));
                }
            }
            let source = external.unwrap_or_else(|| internal.clone());
            let bind = Bind { source, target: internal, mode: mode.to_owned() };
            match volumes.binds.iter_mut().find(|known| known.source == bind.source) {
                Some(known) => *known = bind,
                None => volumes.binds.push(bind),
            }
        }
        Ok(volumes)
    }
}
