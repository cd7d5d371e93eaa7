//! The kinds of storage and their arguments (semantics 8). It constructs nothing.

use super::{Field, FieldType, optional, required};

/// A kind of storage: where a flow's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageKind {
    /// Inside a container image.
    Docker,
    /// An S3 object.
    S3,
    /// A Google Cloud Storage object.
    Gcs,
    /// An Azure blob.
    Azure,
    /// A file or module on the machine that runs the flow.
    Local,
    /// A file of a GitHub repository.
    Github,
    /// A file of a GitLab repository.
    Gitlab,
    /// A file of a Bitbucket repository.
    Bitbucket,
    /// A file of any git repository.
    Git,
    /// A file of a CodeCommit repository.
    Codecommit,
    /// An importable Python module.
    Module,
    /// Whatever an HTTP request returns.
    Webhook,
}

/// The arguments that every kind has.
const COMMON: &[Field] = &[
    optional("secrets", FieldType::ListOfString, "Names of the original's secrets that the flow needs."),
    optional("labels", FieldType::ListOfString, "Labels that the flow's runs gain."),
    optional("add_default_labels", FieldType::Bool, "Accepted; flowform adds no default label of a machine."),
];

const STORED_AS_SCRIPT: Field = optional(
    "stored_as_script",
    FieldType::Bool,
    "Whether the stored file is a Python script, not a pickled flow.",
);
const SCRIPT: Field =
    optional("script", FieldType::String, "A local script that apply uploads to the storage.");
const LOCAL_SCRIPT_PATH: Field = optional(
    "local_script_path",
    FieldType::String,
    "The original's name for `script`; it uploads at registration.",
);
const PATH: Field = optional("path", FieldType::String, "The flow's file.");
const REF: Field = optional("ref", FieldType::String, "The branch, tag or commit.");
const ACCESS_TOKEN_SECRET: Field = optional(
    "access_token_secret",
    FieldType::String,
    "The name of the original's secret with an access token.",
);
const CLIENT_OPTIONS: Field = optional("client_options", FieldType::MapOfAny, "Options of the AWS client.");

impl StorageKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Docker,
        Self::S3,
        Self::Gcs,
        Self::Azure,
        Self::Local,
        Self::Github,
        Self::Gitlab,
        Self::Bitbucket,
        Self::Git,
        Self::Codecommit,
        Self::Module,
        Self::Webhook,
    ];

    /// The block's type label: `storage "s3" "code"`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
            Self::Local => "local",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Git => "git",
            Self::Codecommit => "codecommit",
            Self::Module => "module",
            Self::Webhook => "webhook",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The original's class name, which is the `type` of the serialized form.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::S3 => "S3",
            Self::Gcs => "GCS",
            Self::Azure => "Azure",
            Self::Local => "Local",
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Bitbucket => "Bitbucket",
            Self::Git => "Git",
            Self::Codecommit => "CodeCommit",
            Self::Module => "Module",
            Self::Webhook => "Webhook",
        }
    }

    /// The kind of that class name.
    pub fn from_class(class: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.class() == class)
    }

    /// Whether `script` may be given: apply uploads the script before a version is bound.
    pub const fn takes_script(self) -> bool {
        match self {
            Self::S3 | Self::Gcs | Self::Azure => true,
            Self::Docker
            | Self::Local
            | Self::Github
            | Self::Gitlab
            | Self::Bitbucket
            | Self::Git
            | Self::Codecommit
            | Self::Module
            | Self::Webhook => false,
        }
    }

    /// The arguments that are part of the serialized form.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Docker => DOCKER,
            Self::S3 => S3,
            Self::Gcs => GCS,
            Self::Azure => AZURE,
            Self::Local => LOCAL,
            Self::Github => GITHUB,
            Self::Gitlab => GITLAB,
            Self::Bitbucket => BITBUCKET,
            Self::Git => GIT,
            Self::Codecommit => CODECOMMIT,
            Self::Module => MODULE,
            Self::Webhook => WEBHOOK,
        }
    }

    /// The arguments that only the constructor takes; they are not serialized.
    pub const fn constructor_fields(self) -> &'static [Field] {
        match self {
            Self::Docker => DOCKER_CONSTRUCTOR,
            Self::S3 => S3_CONSTRUCTOR,
            Self::Gcs => GCS_CONSTRUCTOR,
            Self::Azure => AZURE_CONSTRUCTOR,
            Self::Local => LOCAL_CONSTRUCTOR,
            Self::Webhook => WEBHOOK_CONSTRUCTOR,
            // The base class takes it for all kinds and serializes it for some.
            Self::Github | Self::Gitlab | Self::Bitbucket | Self::Git | Self::Codecommit | Self::Module => {
                SCRIPT_FLAG_ONLY
            }
        }
    }

    /// The arguments that every kind has besides.
    pub const fn common_fields() -> &'static [Field] {
        COMMON
    }

    /// All arguments: serialized, constructor's, common.
    pub fn all_fields(self) -> impl Iterator<Item = &'static Field> {
        self.fields().iter().chain(self.constructor_fields()).chain(COMMON)
    }
}

const SCRIPT_FLAG_ONLY: &[Field] = &[STORED_AS_SCRIPT];

const DOCKER: &[Field] = &[
    optional("registry_url", FieldType::String, "The registry of the image."),
    optional("image_name", FieldType::String, "The image's name."),
    optional("image_tag", FieldType::String, "The image's tag."),
    optional("path", FieldType::String, "The flow's file inside the image."),
    STORED_AS_SCRIPT,
    optional("prefect_version", FieldType::String, "The version of the original inside the image."),
];
const DOCKER_CONSTRUCTOR: &[Field] = &[
    optional("prefect_directory", FieldType::String, "Where flows are inside the image; `/opt/prefect`."),
    optional("base_image", FieldType::String, "What the image is built on; flowform builds no image."),
    optional("dockerfile", FieldType::String, "What the image is built from; flowform builds no image."),
    optional("dockerignore", FieldType::String, "For builds; flowform builds no image."),
    optional("python_dependencies", FieldType::ListOfString, "For builds; flowform builds no image."),
    optional("env_vars", FieldType::MapOfString, "For builds; flowform builds no image."),
    optional("files", FieldType::MapOfString, "For builds; flowform builds no image."),
    optional("local_image", FieldType::Bool, "For builds; flowform builds no image."),
    optional("ignore_healthchecks", FieldType::Bool, "For builds; flowform builds no image."),
    optional("base_url", FieldType::String, "For builds; flowform builds no image."),
    optional("tls_config", FieldType::Any, "For builds; flowform builds no image."),
    optional("build_kwargs", FieldType::MapOfAny, "For builds; flowform builds no image."),
    optional("extra_dockerfile_commands", FieldType::ListOfString, "For builds; flowform builds no image."),
];

const S3: &[Field] = &[
    required("bucket", FieldType::String, "The bucket."),
    optional("key", FieldType::String, "The object's key."),
    STORED_AS_SCRIPT,
    CLIENT_OPTIONS,
];
const S3_CONSTRUCTOR: &[Field] = &[
    SCRIPT,
    LOCAL_SCRIPT_PATH,
    optional("upload_options", FieldType::MapOfAny, "Further arguments of the upload."),
];

const GCS: &[Field] = &[
    required("bucket", FieldType::String, "The bucket."),
    optional("key", FieldType::String, "The object's name."),
    optional("project", FieldType::String, "The Google Cloud project."),
    STORED_AS_SCRIPT,
];
const GCS_CONSTRUCTOR: &[Field] = &[SCRIPT, LOCAL_SCRIPT_PATH];

const AZURE: &[Field] = &[
    required("container", FieldType::String, "The container."),
    optional(
        "connection_string_secret",
        FieldType::String,
        "The name of the secret with the connection string.",
    ),
    optional("blob_name", FieldType::String, "The blob's name."),
    STORED_AS_SCRIPT,
];
const AZURE_CONSTRUCTOR: &[Field] =
    &[SCRIPT, optional("overwrite", FieldType::Bool, "Whether an upload may replace an existing blob.")];

const LOCAL: &[Field] = &[
    optional("directory", FieldType::String, "Where pickled flows are; an absolute path."),
    optional("path", FieldType::String, "The flow's file, or its module (`pkg.flows:etl`)."),
    STORED_AS_SCRIPT,
];
const LOCAL_CONSTRUCTOR: &[Field] = &[optional(
    "validate",
    FieldType::Bool,
    "Whether the original makes the directory; flowform never does.",
)];

const GITHUB: &[Field] = &[
    required("repo", FieldType::String, "The repository: `owner/name`."),
    required("path", FieldType::String, "The flow's file."),
    REF,
    ACCESS_TOKEN_SECRET,
    optional("base_url", FieldType::String, "The API of a GitHub Enterprise server."),
];

const GITLAB: &[Field] = &[
    required("repo", FieldType::String, "The repository: `group/name` or its number."),
    PATH,
    optional("host", FieldType::String, "A GitLab server other than gitlab.com."),
    REF,
    ACCESS_TOKEN_SECRET,
];

const BITBUCKET: &[Field] = &[
    required("project", FieldType::String, "The project."),
    required("repo", FieldType::String, "The repository."),
    optional("workspace", FieldType::String, "The workspace, for Bitbucket Cloud."),
    optional("host", FieldType::String, "The server, for Bitbucket Server."),
    PATH,
    REF,
    ACCESS_TOKEN_SECRET,
    optional("cloud_username_secret", FieldType::String, "The name of the secret with the user name."),
    optional("cloud_app_password_secret", FieldType::String, "The name of the secret with the app password."),
];

const GIT: &[Field] = &[
    required("flow_path", FieldType::String, "The flow's file."),
    optional("repo", FieldType::String, "The repository: `owner/name`."),
    optional("repo_host", FieldType::String, "The server; `github.com` when left out."),
    optional("flow_name", FieldType::String, "The flow in the file, when there are several."),
    optional("git_token_secret_name", FieldType::String, "The name of the secret with a token."),
    optional("git_token_username", FieldType::String, "The token's user; the owner of the repository."),
    optional("git_clone_url_secret_name", FieldType::String, "The name of the secret with the URL to clone."),
    optional("branch_name", FieldType::String, "The branch; not with `tag` or `commit`."),
    optional("tag", FieldType::String, "The tag; not with `branch_name` or `commit`."),
    optional("commit", FieldType::String, "The commit; not with `branch_name` or `tag`."),
    optional("clone_depth", FieldType::Number, "How many commits are cloned; 1 when left out."),
    optional("use_ssh", FieldType::Bool, "Whether to clone over SSH."),
    optional("format_access_token", FieldType::Bool, "Whether the token is fitted to the server's kind."),
];

const CODECOMMIT: &[Field] = &[
    required("repo", FieldType::String, "The repository."),
    PATH,
    optional("commit", FieldType::String, "The branch, tag or commit."),
    CLIENT_OPTIONS,
];

const MODULE: &[Field] =
    &[required("module", FieldType::String, "The module: `pkg.flows` or `pkg.flows:etl`.")];

const WEBHOOK: &[Field] = &[
    required("build_request_kwargs", FieldType::MapOfAny, "The request that stores the flow."),
    required("build_request_http_method", FieldType::String, "`GET`, `PATCH`, `POST` or `PUT`."),
    required("get_flow_request_kwargs", FieldType::MapOfAny, "The request that fetches the flow."),
    required("get_flow_request_http_method", FieldType::String, "`GET`, `PATCH`, `POST` or `PUT`."),
    STORED_AS_SCRIPT,
];
const WEBHOOK_CONSTRUCTOR: &[Field] = &[optional(
    "flow_script_path",
    FieldType::String,
    "A local script; the original sends it at registration.",
)];
