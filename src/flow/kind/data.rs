//! The kinds of data and their arguments: what a `data` block reads. It reads nothing.

use super::{Field, FieldType, optional, required};

/// A kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataKind {
    /// A file.
    File,
    /// An HTTP resource.
    Http,
    /// The outputs of a Terraform state.
    TerraformState,
    /// The flows, agents and outputs that a registry has of another project.
    FlowformRegistry,
}

impl DataKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::File, Self::Http, Self::TerraformState, Self::FlowformRegistry];

    /// The block's type label: `data "http" "regions"`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::TerraformState => "terraform_state",
            Self::FlowformRegistry => "flowform_registry",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// Its arguments, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::File => FILE,
            Self::Http => HTTP,
            Self::TerraformState => TERRAFORM_STATE,
            Self::FlowformRegistry => FLOWFORM_REGISTRY,
        }
    }

    /// What is read, besides the arguments: attributes of the block.
    pub const fn results(self) -> &'static [Field] {
        match self {
            Self::File => FILE_RESULTS,
            Self::Http => HTTP_RESULTS,
            Self::TerraformState => TERRAFORM_STATE_RESULTS,
            Self::FlowformRegistry => FLOWFORM_REGISTRY_RESULTS,
        }
    }
}

const FILE: &[Field] = &[required(
    "path",
    FieldType::String,
    "The file; a relative path is against the configuration's directory.",
)];

const FILE_RESULTS: &[Field] = &[
    optional("content", FieldType::String, "The content; null where it is not UTF-8."),
    optional("content_base64", FieldType::String, "The content in base64."),
    optional("sha256", FieldType::String, "The SHA-256 of the content, in hexadecimal."),
];

const HTTP: &[Field] = &[
    required("url", FieldType::String, "The address, with `http` or `https`."),
    optional("request_headers", FieldType::MapOfString, "Headers to send, by name."),
    optional(
        "timeout",
        FieldType::String,
        "How long the answer may take: `\"10s\"`, or a number of seconds; 30.",
    ),
];

const HTTP_RESULTS: &[Field] = &[
    optional("status_code", FieldType::Number, "The status; whatever it is, it is an answer."),
    optional("response_headers", FieldType::MapOfString, "The headers, names in lower case."),
    optional("response_body", FieldType::String, "The body; null where it is not UTF-8."),
    optional("response_body_base64", FieldType::String, "The body in base64."),
];

const TERRAFORM_STATE: &[Field] = &[
    optional(
        "path",
        FieldType::String,
        "The state file, of format 4; a relative path is against the configuration's directory. Only with the backend `local`, which needs it.",
    ),
    optional("backend", FieldType::String, "Where the state is: `local`, which is the default, or `s3`."),
    optional("bucket", FieldType::String, "The bucket; with the backend `s3`, which needs it."),
    optional(
        "key",
        FieldType::String,
        "The object's key in the bucket; with the backend `s3`, which needs it.",
    ),
    optional("region", FieldType::String, "The bucket's region, where the surroundings do not say it."),
    optional("profile", FieldType::String, "The AWS profile whose credentials are used."),
    optional("endpoint", FieldType::String, "Where S3 is called, for a store that is compatible with it."),
    optional(
        "path_style",
        FieldType::Bool,
        "Whether the bucket stands in the path of addresses; true with an `endpoint`.",
    ),
    optional("role_arn", FieldType::String, "The role that is assumed to read the state."),
    optional("defaults", FieldType::MapOfAny, "Outputs for names that the state does not have."),
];

const TERRAFORM_STATE_RESULTS: &[Field] = &[optional(
    "outputs",
    FieldType::MapOfAny,
    "The outputs by name, of their recorded types; sensitive ones are sensitive.",
)];

const FLOWFORM_REGISTRY: &[Field] = &[
    required("project", FieldType::String, "The project whose flows are read."),
    optional(
        "path",
        FieldType::String,
        "The directory of the registry, against the configuration's; the registry of the `flowform` block.",
    ),
];

const FLOWFORM_REGISTRY_RESULTS: &[Field] = &[
    optional(
        "flows",
        FieldType::MapOfAny,
        "The published flows by name: what `flow.NAME` has, and `root`, `runtime` and `parameters`.",
    ),
    optional(
        "agents",
        FieldType::ListOfAny,
        "The declared agents, each with `root`, `address`, `kind`, `labels` and its options.",
    ),
    optional(
        "outputs",
        FieldType::MapOfAny,
        "The outputs of each root's last apply, by root and name; sensitive ones are not recorded, and null.",
    ),
];
