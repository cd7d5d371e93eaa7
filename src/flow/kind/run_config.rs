//! The kinds of run configs and their arguments (semantics 1). It constructs nothing.

use super::{Field, FieldType, optional};

/// A kind of run config: on what the flow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunConfigKind {
    /// Any agent takes it; it carries `env` and `labels` alone.
    Universal,
    /// A process on the agent's machine.
    Local,
    /// A container on a Docker host.
    Docker,
    /// A Kubernetes Job.
    Kubernetes,
    /// An ECS task.
    Ecs,
    /// A Vertex AI CustomJob.
    Vertex,
}

const ENV: Field = optional("env", FieldType::MapOfString, "Environment variables of the flow run.");
const LABELS: Field =
    optional("labels", FieldType::ListOfString, "Labels that an agent must all carry to take the run.");
const IMAGE: Field =
    optional("image", FieldType::String, "The container image; `docker` storage overrules it.");

impl RunConfigKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Universal, Self::Local, Self::Docker, Self::Kubernetes, Self::Ecs, Self::Vertex];

    /// The block's type label: `run_config "local" "base"`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Universal => "universal",
            Self::Local => "local",
            Self::Docker => "docker",
            Self::Kubernetes => "kubernetes",
            Self::Ecs => "ecs",
            Self::Vertex => "vertex",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The original's class name, which is the `type` of the serialized form.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Universal => "UniversalRun",
            Self::Local => "LocalRun",
            Self::Docker => "DockerRun",
            Self::Kubernetes => "KubernetesRun",
            Self::Ecs => "ECSRun",
            Self::Vertex => "VertexRun",
        }
    }

    /// The kind of that class name.
    pub fn from_class(class: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.class() == class)
    }

    /// Whether this release can resolve and render it. The arguments of the others are known already, so that a
    /// misspelled one is found; a flow that uses such a kind is told that it arrives later.
    pub const fn available(self) -> bool {
        match self {
            Self::Universal | Self::Local => true,
            Self::Docker | Self::Kubernetes | Self::Ecs | Self::Vertex => false,
        }
    }

    /// The arguments of the original's class, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Universal => UNIVERSAL,
            Self::Local => LOCAL,
            Self::Docker => DOCKER,
            Self::Kubernetes => KUBERNETES,
            Self::Ecs => ECS,
            Self::Vertex => VERTEX,
        }
    }

    /// The arguments that flowform adds to the kind, which are no part of a run config in the original's form.
    pub const fn language_fields(self) -> &'static [Field] {
        match self {
            Self::Ecs => ECS_LANGUAGE,
            Self::Vertex => VERTEX_LANGUAGE,
            Self::Universal | Self::Local | Self::Docker | Self::Kubernetes => &[],
        }
    }

    /// The arguments that flowform adds to every kind.
    pub const fn own_fields() -> &'static [Field] {
        OWN
    }
}

const OWN: &[Field] = &[optional(
    "secret_env",
    FieldType::MapOfString,
    "Environment variables by reference: `env:NAME` or `file:/path` of the machine that starts the run, an ARN \
     of Secrets Manager or SSM on ECS, `secret/key` on Kubernetes.",
)];

const ECS_LANGUAGE: &[Field] = &[optional(
    "template_refresh",
    FieldType::String,
    "When a task definition that a server keeps is taken anew: `\"always\"`, which is the default, or `\"pinned\"`.",
)];

const VERTEX_LANGUAGE: &[Field] = &[optional(
    "custom_job",
    FieldType::MapOfAny,
    "The CustomJob that the other arguments are laid into, with all of its fields: labels, encryption, and in `job_spec` what has \
     no argument of its own.",
)];

const UNIVERSAL: &[Field] = &[ENV, LABELS];

const LOCAL: &[Field] = &[
    ENV,
    LABELS,
    optional(
        "working_dir",
        FieldType::String,
        "The directory in which the process starts: an absolute path of the machine that runs the flow.",
    ),
];

const DOCKER: &[Field] = &[
    ENV,
    LABELS,
    IMAGE,
    optional("ports", FieldType::ListOfAny, "Container ports to expose."),
    optional(
        "host_config",
        FieldType::MapOfAny,
        "Docker host configuration, laid over the agent's key by key.",
    ),
];

const KUBERNETES: &[Field] = &[
    ENV,
    LABELS,
    optional("job_template_path", FieldType::String, "Where the Job template is: a path or a URL."),
    optional("job_template", FieldType::Any, "The Job template itself; not together with the path."),
    IMAGE,
    optional("cpu_limit", FieldType::NumberAsText, "The first container's CPU limit."),
    optional("cpu_request", FieldType::NumberAsText, "The first container's CPU request."),
    optional("memory_limit", FieldType::NumberAsText, "The first container's memory limit."),
    optional("memory_request", FieldType::NumberAsText, "The first container's memory request."),
    optional("service_account_name", FieldType::String, "The pod's service account."),
    optional("image_pull_secrets", FieldType::ListOfString, "The pod's image pull secrets."),
    optional("image_pull_policy", FieldType::String, "`Always`, `IfNotPresent` or `Never`."),
];

const ECS: &[Field] = &[
    ENV,
    LABELS,
    optional("task_definition", FieldType::Any, "The task definition itself."),
    optional("task_definition_path", FieldType::String, "Where the task definition is: a path or a URL."),
    optional("task_definition_arn", FieldType::String, "A registered task definition to use as it is."),
    IMAGE,
    optional("cpu", FieldType::NumberAsText, "The task's CPU."),
    optional("memory", FieldType::NumberAsText, "The task's memory."),
    optional("task_role_arn", FieldType::String, "The role that the flow's code has."),
    optional("execution_role_arn", FieldType::String, "The role that starts the task."),
    optional("run_task_kwargs", FieldType::MapOfAny, "Further arguments of RunTask."),
];

const VERTEX: &[Field] = &[
    ENV,
    LABELS,
    IMAGE,
    optional("machine_type", FieldType::String, "The machine type; `e2-standard-4` when left out."),
    optional("scheduling", FieldType::MapOfAny, "Time-out and restart of the job."),
    optional("service_account", FieldType::String, "The account that the job runs as."),
    optional("network", FieldType::String, "The network that the job is attached to."),
    optional("worker_pool_specs", FieldType::ListOfAny, "The worker pools; `machine_type` is then ignored."),
];
