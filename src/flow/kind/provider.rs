//! The kinds of providers and their arguments: which backend a `provider` block connects to. It connects to nothing.

use super::{Field, FieldType, optional, required};

/// A kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderKind {
    /// The registry itself: it keeps what no backend keeps.
    Local,
    /// A Docker host.
    Docker,
    /// A Kubernetes cluster.
    Kubernetes,
    /// Amazon ECS in one account and region.
    Ecs,
    /// Vertex AI in one Google Cloud project and region.
    Vertex,
}

impl ProviderKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Local, Self::Docker, Self::Kubernetes, Self::Ecs, Self::Vertex];

    /// The block's label: `provider "ecs"`.
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

    /// The kind of a provider configuration: of `ecs` and of `ecs.west`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::from_label(name.split('.').next().unwrap_or(name))
    }

    /// Its arguments besides `alias`, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Local | Self::Docker => &[],
            Self::Kubernetes => KUBERNETES,
            Self::Ecs => ECS,
            Self::Vertex => VERTEX,
        }
    }
}

const ECS: &[Field] = &[
    optional("region", FieldType::String, "The region; else as the AWS SDK finds it."),
    optional("profile", FieldType::String, "A profile of the shared AWS configuration."),
    optional(
        "assume_role",
        FieldType::MapOfString,
        "The role to assume: `role_arn`, `session_name`, `external_id`.",
    ),
    optional(
        "allowed_account_ids",
        FieldType::ListOfString,
        "The accounts that the credentials may lead to.",
    ),
    optional("default_tags", FieldType::MapOfString, "Tags that every registered task definition gets."),
    optional(
        "default_log_group",
        FieldType::String,
        "The log group of containers that have no log configuration.",
    ),
    optional("endpoint", FieldType::String, "The address of the ECS service, for one that is not Amazon's."),
    optional("max_attempts", FieldType::Number, "How often a call is tried; 5."),
    optional(
        "register_rate",
        FieldType::Number,
        "How many registrations and deregistrations a second the account takes; 1, as Amazon has it.",
    ),
];

const KUBERNETES: &[Field] = &[
    optional("config_path", FieldType::String, "The kubeconfig; else as kubectl finds it."),
    optional("context", FieldType::String, "The context of the kubeconfig; its current one."),
    optional(
        "namespace",
        FieldType::String,
        "The namespace that job templates are kept in; that of the context, else `default`.",
    ),
    optional(
        "job_namespaces",
        FieldType::ListOfString,
        "Further namespaces that Jobs run in: no template is removed while one of them runs from it.",
    ),
];

const VERTEX: &[Field] = &[
    required("project", FieldType::String, "The Google Cloud project."),
    required("location", FieldType::String, "The region, such as `us-central1`."),
    optional(
        "credentials",
        FieldType::String,
        "The path of a file with credentials; else as Google's libraries find them.",
    ),
    optional(
        "endpoint",
        FieldType::String,
        "Another address that stands for all of Google's services; a test's.",
    ),
];
