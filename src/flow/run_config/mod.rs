//! Run configs as the original constructs, serializes and loads them (semantics 0.4, 0.5 and 1). It checks nothing
//! that the original does not check, and reads no file itself.

mod construct;
mod local;
mod schema;

use serde_json::{Map, Value as Json};

use super::kind::{AgentKind, RunConfigKind};
use super::original::OriginalError;
use super::{labels, python};

pub use construct::{Constructed, Disk, construct};
pub use local::absolute;

/// An error of a run config, by the original's class.
pub type RunConfigError = OriginalError;

/// A run config as an agent works with it: loaded from its serialized form. `env` is a mapping or null; its values
/// are as given. Labels are sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum RunConfig {
    /// `UniversalRun`
    Universal {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
    },
    /// `LocalRun`
    Local {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
        /// Absolute and normalised.
        working_dir: Option<String>,
    },
    /// `DockerRun`
    Docker {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
        /// Its other fields.
        run: DockerRun,
    },
    /// `KubernetesRun`
    Kubernetes {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
        /// Its other fields.
        run: Box<KubernetesRun>,
    },
    /// `ECSRun`
    Ecs {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
        /// Its other fields.
        run: Box<EcsRun>,
    },
    /// `VertexRun`
    Vertex {
        /// Environment variables.
        env: Json,
        /// Labels.
        labels: Vec<String>,
        /// Its other fields.
        run: Box<VertexRun>,
    },
}

/// What a `DockerRun` says beyond `env` and `labels`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DockerRun {
    /// The container image.
    pub image: Option<String>,
    /// Ports to expose: integers.
    pub ports: Option<Vec<Json>>,
    /// Laid over the agent's host configuration, key by key.
    pub host_config: Option<Map<String, Json>>,
}

/// What a `KubernetesRun` says beyond `env` and `labels`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KubernetesRun {
    /// Where the agent reads the Job template.
    pub job_template_path: Option<String>,
    /// The Job template.
    pub job_template: Option<Map<String, Json>>,
    /// The container image.
    pub image: Option<String>,
    /// The container's CPU limit, as given.
    pub cpu_limit: Option<String>,
    /// The container's CPU request, as given.
    pub cpu_request: Option<String>,
    /// The container's memory limit, as given.
    pub memory_limit: Option<String>,
    /// The container's memory request, as given.
    pub memory_request: Option<String>,
    /// The pod's service account.
    pub service_account_name: Option<String>,
    /// The names of the pod's pull secrets, in order.
    pub image_pull_secrets: Option<Vec<String>>,
    /// `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: Option<String>,
}

/// What an `ECSRun` says beyond `env` and `labels`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EcsRun {
    /// The task definition; any JSON but null.
    pub task_definition: Option<Json>,
    /// Where the agent reads the task definition.
    pub task_definition_path: Option<String>,
    /// A registered task definition.
    pub task_definition_arn: Option<String>,
    /// The container image.
    pub image: Option<String>,
    /// The task's CPU, as given.
    pub cpu: Option<String>,
    /// The task's memory, as given.
    pub memory: Option<String>,
    /// The role that the flow's code has.
    pub task_role_arn: Option<String>,
    /// The role that starts the task.
    pub execution_role_arn: Option<String>,
    /// Further arguments of `run_task`; any JSON but null.
    pub run_task_kwargs: Option<Json>,
}

/// What a `VertexRun` says beyond `env` and `labels`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VertexRun {
    /// The container image.
    pub image: Option<String>,
    /// The machine type; it is null only where null was given.
    pub machine_type: Option<String>,
    /// Time-out and restart of the job.
    pub scheduling: Option<Map<String, Json>>,
    /// The account that the job runs as.
    pub service_account: Option<String>,
    /// The network that the job is attached to.
    pub network: Option<String>,
    /// The worker pools: mappings or nulls.
    pub worker_pool_specs: Option<Vec<Json>>,
}

impl RunConfig {
    /// Loads a serialized run config: unknown keys and `__version__` are dropped, missing keys take the
    /// constructor's default, texts given as numbers are refused, and the constructor's rules run again.
    ///
    /// # Errors
    /// `ValidationError` for a form that does not load, else what the constructor raises.
    pub fn from_serialized(serialized: &Json, disk: Disk<'_>) -> Result<Self, RunConfigError> {
        let kind = kind_of(serialized)?;
        let arguments = schema::load(kind, entries_of(serialized)?)?;
        let (env, labels, mut fields) = Constructed::new(kind, arguments, disk)?.into_parts();
        let labels = labels::serialized(&labels)?.iter().map(python::text).collect();
        // The schema let only these types through, and the constructor keeps them.
        let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_null());
        let text = |value: Option<Json>| value.as_ref().map(python::text);
        let list = |value: Option<Json>| match value {
            Some(Json::Array(items)) => Some(items),
            _ => None,
        };
        let mapping = |value: Option<Json>| match value {
            Some(Json::Object(entries)) => Some(entries),
            _ => None,
        };
        Ok(match kind {
            RunConfigKind::Universal => Self::Universal { env, labels },
            RunConfigKind::Local => Self::Local { env, labels, working_dir: text(take("working_dir")) },
            RunConfigKind::Docker => {
                let run = DockerRun {
                    image: text(take("image")),
                    ports: list(take("ports")),
                    host_config: mapping(take("host_config")),
                };
                Self::Docker { env, labels, run }
            }
            RunConfigKind::Kubernetes => {
                let run = KubernetesRun {
                    job_template_path: text(take("job_template_path")),
                    job_template: mapping(take("job_template")),
                    image: text(take("image")),
                    cpu_limit: text(take("cpu_limit")),
                    cpu_request: text(take("cpu_request")),
                    memory_limit: text(take("memory_limit")),
                    memory_request: text(take("memory_request")),
                    service_account_name: text(take("service_account_name")),
                    image_pull_secrets: list(take("image_pull_secrets"))
                        .map(|names| names.iter().map(python::text).collect()),
                    image_pull_policy: text(take("image_pull_policy")),
                };
                Self::Kubernetes { env, labels, run: Box::new(run) }
            }
            RunConfigKind::Ecs => {
                let run = EcsRun {
                    task_definition: take("task_definition"),
                    task_definition_path: text(take("task_definition_path")),
                    task_definition_arn: text(take("task_definition_arn")),
                    image: text(take("image")),
                    cpu: text(take("cpu")),
                    memory: text(take("memory")),
                    task_role_arn: text(take("task_role_arn")),
                    execution_role_arn: text(take("execution_role_arn")),
                    run_task_kwargs: take("run_task_kwargs"),
                };
                Self::Ecs { env, labels, run: Box::new(run) }
            }
            RunConfigKind::Vertex => {
                let run = VertexRun {
                    image: text(take("image")),
                    machine_type: text(take("machine_type")),
                    scheduling: mapping(take("scheduling")),
                    service_account: text(take("service_account")),
                    network: text(take("network")),
                    worker_pool_specs: list(take("worker_pool_specs")),
                };
                Self::Vertex { env, labels, run: Box::new(run) }
            }
        })
    }

    /// The serialized form: one flat object with every field of the kind, `labels` sorted, `type` and
    /// `__version__` (semantics 0.4).
    pub fn to_serialized(&self, prefect_version: &str) -> Json {
        let mut out = match self {
            Self::Universal { .. } => serde_json::json!({}),
            Self::Local { working_dir, .. } => serde_json::json!({ "working_dir": working_dir }),
            Self::Docker { run, .. } => serde_json::json!({
                "image": run.image,
                "ports": run.ports,
                "host_config": run.host_config,
            }),
            Self::Kubernetes { run, .. } => serde_json::json!({
                "job_template_path": run.job_template_path,
                "job_template": run.job_template,
                "image": run.image,
                "cpu_limit": run.cpu_limit,
                "cpu_request": run.cpu_request,
                "memory_limit": run.memory_limit,
                "memory_request": run.memory_request,
                "service_account_name": run.service_account_name,
                "image_pull_secrets": run.image_pull_secrets,
                "image_pull_policy": run.image_pull_policy,
            }),
            Self::Ecs { run, .. } => serde_json::json!({
                "task_definition": run.task_definition,
                "task_definition_path": run.task_definition_path,
                "task_definition_arn": run.task_definition_arn,
                "image": run.image,
                "cpu": run.cpu,
                "memory": run.memory,
                "task_role_arn": run.task_role_arn,
                "execution_role_arn": run.execution_role_arn,
                "run_task_kwargs": run.run_task_kwargs,
            }),
            Self::Vertex { run, .. } => serde_json::json!({
                "image": run.image,
                "machine_type": run.machine_type,
                "scheduling": run.scheduling,
                "service_account": run.service_account,
                "network": run.network,
                "worker_pool_specs": run.worker_pool_specs,
            }),
        };
        if let Json::Object(out) = &mut out {
            out.insert("env".to_owned(), self.env().clone());
            out.insert("labels".to_owned(), self.labels().into());
            out.insert("type".to_owned(), self.kind().class().into());
            out.insert("__version__".to_owned(), prefect_version.into());
        }
        out
    }

    /// Its kind.
    pub const fn kind(&self) -> RunConfigKind {
        match self {
            Self::Universal { .. } => RunConfigKind::Universal,
            Self::Local { .. } => RunConfigKind::Local,
            Self::Docker { .. } => RunConfigKind::Docker,
            Self::Kubernetes { .. } => RunConfigKind::Kubernetes,
            Self::Ecs { .. } => RunConfigKind::Ecs,
            Self::Vertex { .. } => RunConfigKind::Vertex,
        }
    }

    /// Its environment variables: a mapping or null.
    pub const fn env(&self) -> &Json {
        match self {
            Self::Universal { env, .. }
            | Self::Local { env, .. }
            | Self::Docker { env, .. }
            | Self::Kubernetes { env, .. }
            | Self::Ecs { env, .. }
            | Self::Vertex { env, .. } => env,
        }
    }

    /// Its labels, sorted.
    pub fn labels(&self) -> &[String] {
        match self {
            Self::Universal { labels, .. }
            | Self::Local { labels, .. }
            | Self::Docker { labels, .. }
            | Self::Kubernetes { labels, .. }
            | Self::Ecs { labels, .. }
            | Self::Vertex { labels, .. } => labels,
        }
    }
}

/// The run config that an agent of kind `agent` works with, from the flow run's serialized one (semantics 0.5):
/// none is the agent's own kind with every default, a universal one lends its `env` and `labels`, its own kind is
/// itself. Paths are read in the agent's disk.
///
/// # Errors
/// `TypeError` for a run config of another kind; what loading raises.
pub fn for_agent(
    agent: AgentKind,
    serialized: Option<&Json>,
    flow_run_id: &str,
    disk: Disk<'_>,
) -> Result<RunConfig, RunConfigError> {
    let own = agent.run_config();
    let Some(serialized) = serialized.filter(|serialized| !serialized.is_null()) else {
        return RunConfig::from_serialized(&serde_json::json!({ "type": own.class() }), disk);
    };
    let config = RunConfig::from_serialized(serialized, disk)?;
    match config.kind() {
        kind if kind == own => Ok(config),
        RunConfigKind::Universal => {
            let lent =
                serde_json::json!({ "type": own.class(), "env": config.env(), "labels": config.labels() });
            RunConfig::from_serialized(&lent, disk)
        }
        kind => Err(RunConfigError::type_error(format!(
            "Flow run {flow_run_id} has a `run_config` of type `{}`, only `{}` is supported",
            kind.class(),
            own.class()
        ))),
    }
}

fn kind_of(arguments: &Json) -> Result<RunConfigKind, RunConfigError> {
    entries_of(arguments)?;
    match arguments.get("type") {
        None | Some(Json::Null) => {
            Err(RunConfigError::validation("{'type': ['Missing data for required field.']}"))
        }
        Some(class @ (Json::Array(_) | Json::Object(_))) => {
            Err(RunConfigError::validation(format!("{{'type': ['Invalid value: {}']}}", python::text(class))))
        }
        Some(class) => class.as_str().and_then(RunConfigKind::from_class).ok_or_else(|| {
            RunConfigError::validation(format!("{{'type': ['Unsupported value: {}']}}", python::text(class)))
        }),
    }
}

fn entries_of(value: &Json) -> Result<&Map<String, Json>, RunConfigError> {
    value.as_object().ok_or_else(|| {
        RunConfigError::validation(format!("{{'_schema': 'Invalid data type: {}'}}", python::text(value)))
    })
}

#[cfg(test)]
mod tests;
