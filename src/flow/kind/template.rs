//! The kinds of templates that several run configs may share, and their arguments. It reads and stores nothing.

use super::{Field, FieldType, RunConfigKind, optional};
use crate::flow::document::Document;

/// A kind of template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// A task definition of ECS.
    EcsTaskDefinition,
    /// A Job of Kubernetes.
    KubernetesJob,
}

impl TemplateKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::EcsTaskDefinition, Self::KubernetesJob];

    /// The block's type label: `template "kubernetes_job" "base"`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::EcsTaskDefinition => "ecs_task_definition",
            Self::KubernetesJob => "kubernetes_job",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The templates that run configs of that kind take.
    pub const fn of(kind: RunConfigKind) -> Option<Self> {
        match kind {
            RunConfigKind::Ecs => Some(Self::EcsTaskDefinition),
            RunConfigKind::Kubernetes => Some(Self::KubernetesJob),
            RunConfigKind::Universal
            | RunConfigKind::Local
            | RunConfigKind::Docker
            | RunConfigKind::Vertex => None,
        }
    }

    /// The document that a template of the kind is.
    pub const fn document(self) -> Document {
        match self {
            Self::EcsTaskDefinition => Document::TaskDefinition,
            Self::KubernetesJob => Document::Job,
        }
    }

    /// Its arguments, in the order of the documentation.
    pub const fn fields() -> &'static [Field] {
        FIELDS
    }

    /// What others see of it, besides the arguments: attributes of the block.
    pub const fn results() -> &'static [Field] {
        RESULTS
    }
}

const FIELDS: &[Field] = &[
    optional("content", FieldType::Any, "The whole document: an object, or a text that is read as YAML."),
    optional(
        "file",
        FieldType::String,
        "The file that holds the document, in place of `content`; it is below the configuration's directory.",
    ),
    optional(
        "path",
        FieldType::String,
        "Where flowform stores the document; without it the template is shared and not stored.",
    ),
    optional(
        "versioned",
        FieldType::Bool,
        "Whether each content has a place of its own: digits of its SHA-256 go into `path`, before the ending.",
    ),
];

const RESULTS: &[Field] = &[
    optional("uri", FieldType::String, "Where it is stored; null where it is not."),
    optional("content", FieldType::String, "The document as it is stored: JSON, which is YAML too."),
    optional("sha256", FieldType::String, "The SHA-256 of `content`, in hexadecimal."),
    optional("document", FieldType::MapOfAny, "The document as an object."),
];
