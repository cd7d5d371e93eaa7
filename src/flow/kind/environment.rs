//! The deprecated execution environments and their arguments (semantics 10). It constructs nothing.

use super::{Field, FieldType, optional, required};

/// A kind of execution environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvironmentKind {
    /// In place, with an executor.
    Local,
    /// In place, with an executor named by its import path.
    Remote,
    /// In place, on a Dask scheduler.
    RemoteDask,
    /// In a second Kubernetes Job.
    KubernetesJob,
    /// On a Dask cluster made in Kubernetes.
    DaskKubernetes,
    /// On a Dask cluster made by a cloud provider class.
    DaskCloudProvider,
    /// In a second Fargate task.
    FargateTask,
}

const LABELS: Field = optional("labels", FieldType::ListOfString, "Labels that an agent must all carry.");
const METADATA: Field =
    optional("metadata", FieldType::MapOfAny, "Free data; `image` names the container image.");
const ON_START: Field = optional("on_start", FieldType::String, "A callback; lives in the flow's code.");
const ON_EXIT: Field = optional("on_exit", FieldType::String, "A callback; lives in the flow's code.");
const EXECUTOR: Field = optional("executor", FieldType::String, "The executor.");
const EXECUTOR_KWARGS: Field = optional("executor_kwargs", FieldType::MapOfAny, "Arguments of the executor.");

impl EnvironmentKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Local,
        Self::Remote,
        Self::RemoteDask,
        Self::KubernetesJob,
        Self::DaskKubernetes,
        Self::DaskCloudProvider,
        Self::FargateTask,
    ];

    /// The block's type label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::RemoteDask => "remote_dask",
            Self::KubernetesJob => "kubernetes_job",
            Self::DaskKubernetes => "dask_kubernetes",
            Self::DaskCloudProvider => "dask_cloud_provider",
            Self::FargateTask => "fargate_task",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The original's class name.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Local => "LocalEnvironment",
            Self::Remote => "RemoteEnvironment",
            Self::RemoteDask => "RemoteDaskEnvironment",
            Self::KubernetesJob => "KubernetesJobEnvironment",
            Self::DaskKubernetes => "DaskKubernetesEnvironment",
            Self::DaskCloudProvider => "DaskCloudProviderEnvironment",
            Self::FargateTask => "FargateTaskEnvironment",
        }
    }

    /// Its arguments, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Local => LOCAL,
            Self::Remote => REMOTE,
            Self::RemoteDask => REMOTE_DASK,
            Self::KubernetesJob => KUBERNETES_JOB,
            Self::DaskKubernetes => DASK_KUBERNETES,
            Self::DaskCloudProvider => DASK_CLOUD_PROVIDER,
            Self::FargateTask => FARGATE_TASK,
        }
    }
}

const LOCAL: &[Field] = &[LABELS, METADATA, ON_START, ON_EXIT, EXECUTOR];

const REMOTE: &[Field] = &[LABELS, ON_START, ON_EXIT, EXECUTOR, EXECUTOR_KWARGS];

const REMOTE_DASK: &[Field] = &[
    LABELS,
    ON_START,
    ON_EXIT,
    required("address", FieldType::String, "The Dask scheduler's address."),
    optional("security", FieldType::MapOfAny, "TLS settings of the Dask client."),
    EXECUTOR_KWARGS,
];

const KUBERNETES_JOB: &[Field] = &[
    LABELS,
    METADATA,
    ON_START,
    ON_EXIT,
    optional("job_spec_file", FieldType::String, "The Job, read when the environment is constructed."),
    optional(
        "unique_job_name",
        FieldType::Bool,
        "Whether eight random characters are added to the Job's name.",
    ),
    EXECUTOR,
    EXECUTOR_KWARGS,
];

const DASK_KUBERNETES: &[Field] = &[
    LABELS,
    METADATA,
    ON_START,
    ON_EXIT,
    optional("min_workers", FieldType::Number, "The fewest workers; 1 when left out."),
    optional("max_workers", FieldType::Number, "The most workers; 2 when left out."),
    optional("work_stealing", FieldType::Bool, "Whether idle workers take tasks of busy ones."),
    optional("scheduler_logs", FieldType::Bool, "Whether the scheduler's logs are kept."),
    optional("private_registry", FieldType::Bool, "Whether images come from a registry that needs a secret."),
    optional("docker_secret", FieldType::String, "The secret with the registry's credentials."),
    optional("scheduler_spec_file", FieldType::String, "The scheduler's Job."),
    optional("worker_spec_file", FieldType::String, "The workers' pod."),
    optional("image_pull_secret", FieldType::String, "Image pull secrets, separated by commas."),
    optional("log_k8s_errors", FieldType::Bool, "Whether the Kubernetes client's logs are kept."),
];

const DASK_CLOUD_PROVIDER: &[Field] = &[
    LABELS,
    METADATA,
    ON_START,
    ON_EXIT,
    required("provider_class", FieldType::String, "The class that makes the cluster."),
    optional("adaptive_min_workers", FieldType::Number, "The fewest workers; no scaling when left out."),
    optional("adaptive_max_workers", FieldType::Number, "The most workers."),
    optional("security", FieldType::MapOfAny, "TLS settings of the provider and the client."),
    EXECUTOR_KWARGS,
    optional("on_execute", FieldType::String, "A callback; lives in the flow's code."),
    optional("provider_kwargs", FieldType::MapOfAny, "Arguments of the provider class."),
];

const FARGATE_TASK: &[Field] = &[
    LABELS,
    METADATA,
    ON_START,
    ON_EXIT,
    optional("launch_type", FieldType::String, "`FARGATE` when left out."),
    optional("region_name", FieldType::String, "The AWS region."),
    EXECUTOR,
    EXECUTOR_KWARGS,
    optional("family", FieldType::String, "The task definition's family; equal to `task_definition`."),
    optional("task_definition", FieldType::String, "The task definition to run; equal to `family`."),
    optional("definition_kwargs", FieldType::MapOfAny, "Arguments of RegisterTaskDefinition."),
    optional("run_kwargs", FieldType::MapOfAny, "Arguments of RunTask."),
];
