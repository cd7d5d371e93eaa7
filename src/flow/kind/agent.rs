//! The kinds of agents and their options (semantics 2 to 6). It starts nothing.

use super::{Field, FieldType, RunConfigKind, optional};

/// A kind of agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentKind {
    /// Starts processes on its own machine.
    Local,
    /// Starts containers on a Docker host.
    Docker,
    /// Starts Kubernetes Jobs.
    Kubernetes,
    /// Starts ECS tasks.
    Ecs,
    /// Starts Vertex AI CustomJobs.
    Vertex,
}

const LABELS: Field = optional(
    "labels",
    FieldType::ListOfString,
    "The labels that it carries; a run needs all of its own among them.",
);
const ENV_VARS: Field =
    optional("env_vars", FieldType::MapOfString, "Variables of every run that it starts.");
const NO_CLOUD_LOGS: Field =
    optional("no_cloud_logs", FieldType::Bool, "Whether runs keep their logs to themselves.");

impl AgentKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Local, Self::Docker, Self::Kubernetes, Self::Ecs, Self::Vertex];

    /// The block's type label: `agent "local" "shop"`.
    pub const fn label(self) -> &'static str {
        match self {
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

    /// The agent's own kind of run config.
    pub const fn run_config(self) -> RunConfigKind {
        match self {
            Self::Local => RunConfigKind::Local,
            Self::Docker => RunConfigKind::Docker,
            Self::Kubernetes => RunConfigKind::Kubernetes,
            Self::Ecs => RunConfigKind::Ecs,
            Self::Vertex => RunConfigKind::Vertex,
        }
    }

    /// Whether an agent of this kind can take a run config of `kind` at all: its own and the universal one.
    pub fn takes(self, kind: RunConfigKind) -> bool {
        kind == RunConfigKind::Universal || kind == self.run_config()
    }

    /// Its options, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Local => LOCAL,
            Self::Docker => DOCKER,
            Self::Kubernetes => KUBERNETES,
            Self::Ecs => ECS,
            Self::Vertex => VERTEX,
        }
    }

    /// The options that flowform adds to every kind: settings of the original's configuration file that runs are told.
    pub const fn own_fields() -> &'static [Field] {
        OWN
    }

    /// All options: the original's, then flowform's own.
    pub fn all_fields(self) -> impl Iterator<Item = &'static Field> {
        self.fields().iter().chain(Self::own_fields())
    }
}

const OWN: &[Field] = &[
    optional("backend", FieldType::String, "`cloud` (when left out) or `server`."),
    optional("api", FieldType::String, "The address of the API that runs report to."),
    optional(
        "api_key",
        FieldType::String,
        "The key of the API by reference: `env:NAME` or `file:/path` of the machine that starts the run.",
    ),
    optional("tenant_id", FieldType::String, "The tenant that the key is for."),
];

const LOCAL: &[Field] = &[
    LABELS,
    ENV_VARS,
    NO_CLOUD_LOGS,
    optional("import_paths", FieldType::ListOfString, "Directories appended to PYTHONPATH."),
    optional("show_flow_logs", FieldType::Bool, "Whether runs write to the agent's standard output."),
    optional(
        "hostname_label",
        FieldType::Bool,
        "Whether the running agent adds its host's name to its labels. The declared labels never hold it: a \
         configuration does not depend on a machine.",
    ),
];

const DOCKER: &[Field] = &[
    LABELS,
    ENV_VARS,
    NO_CLOUD_LOGS,
    optional("base_url", FieldType::String, "The Docker engine."),
    optional("no_pull", FieldType::Bool, "Whether images are never pulled."),
    optional("volumes", FieldType::ListOfString, "Volumes of every container: `external:internal[:mode]`."),
    optional("networks", FieldType::ListOfString, "Networks of every container."),
    optional("reg_allow_list", FieldType::ListOfString, "Registries that images may be pulled from."),
    optional("show_flow_logs", FieldType::Bool, "Whether containers' logs are shown."),
    optional("docker_client_timeout", FieldType::Number, "How many seconds a call to the engine may take."),
];

const KUBERNETES: &[Field] = &[
    LABELS,
    ENV_VARS,
    NO_CLOUD_LOGS,
    optional("namespace", FieldType::String, "The namespace of the Jobs."),
    optional("service_account_name", FieldType::String, "The default service account."),
    optional("image_pull_secrets", FieldType::ListOfString, "The default image pull secrets."),
    optional("job_template_path", FieldType::String, "The default Job template."),
    optional("volume_mounts", FieldType::ListOfAny, "Accepted and ignored by the original."),
    optional("volumes", FieldType::ListOfAny, "Accepted and ignored by the original."),
    optional("delete_finished_jobs", FieldType::Bool, "Whether finished Jobs are deleted."),
];

const ECS: &[Field] = &[
    LABELS,
    ENV_VARS,
    NO_CLOUD_LOGS,
    optional("task_definition_path", FieldType::String, "The default task definition."),
    optional("run_task_kwargs_path", FieldType::String, "A file with default arguments of RunTask."),
    optional("cluster", FieldType::String, "The cluster."),
    optional("launch_type", FieldType::String, "`FARGATE` when left out."),
    optional("task_role_arn", FieldType::String, "The default role of the flow's code."),
    optional("execution_role_arn", FieldType::String, "The default role that starts tasks."),
    optional("region_name", FieldType::String, "The AWS region."),
    optional("botocore_config", FieldType::MapOfAny, "Settings of the AWS client."),
];

const VERTEX: &[Field] = &[
    LABELS,
    ENV_VARS,
    NO_CLOUD_LOGS,
    optional("project", FieldType::String, "The Google Cloud project."),
    optional("region_name", FieldType::String, "The region; `us-central1` when left out."),
    optional("service_account", FieldType::String, "The default account that jobs run as."),
];
