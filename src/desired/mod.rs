//! The configuration evaluated: what should be. One evaluator serves `validate`, `plan` and `apply`; they differ
//! only in what is known about flows ([`Outcomes`]). Pure: files that functions read are handed in.

mod checks;
mod conditions;
mod console;
pub mod data;
mod evaluator;
mod exact;
mod expand;
mod finalize;
mod flow;
mod frames;
mod imports;
mod locate;
mod moves;
mod nested;
mod outputs;
pub mod providers;
mod registry;
mod registry_s3;
mod resource;
mod scope;
mod script;
mod settings;
mod static_scope;
mod template_block;
mod templates;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowform_provider_api::Digest;
use serde_json::value::RawValue;

use crate::address::{Address, PathStep};
use crate::config::model::NodeId;
use crate::flow::check::CheckName;
use crate::flow::kind::{AgentKind, RunConfigKind, TemplateKind};
use crate::source::Span;
use crate::value::Value;

pub use checks::{CheckResult, CheckStatus};
pub use conditions::{Conditions, OpenCondition, When};
pub use console::console;
pub use evaluator::{Evaluation, Inputs, evaluate};
pub use finalize::Finalizer;
pub use flow::{TEMPLATE_SOURCE, known as known_definition};
pub use frames::FrameId;
pub use imports::DesiredImport;
pub use providers::{ProviderChoice, ProviderSettings};
pub use registry::{GcsSettings, RegistrySettings};
pub use registry_s3::{AwsAccess, AwsRole, S3Encryption, S3Registry};
pub use settings::{Settings, settings};

/// One flow as the configuration wants it.
#[derive(Clone, Debug)]
pub struct DesiredFlow {
    /// Its address.
    pub address: Address,
    /// The block that declares it.
    pub node: NodeId,
    /// The instance of the module that the block is in.
    pub frame: FrameId,
    /// What to underline for it.
    pub span: Span,
    /// Its name, unique in the project.
    pub name: String,
    /// The kind of its run config.
    pub kind: RunConfigKind,
    /// Which provider configurations its artifacts go to.
    pub providers: ProviderChoice,
    /// Its definition; parts of it may be known only after apply.
    pub definition: Value,
    /// The address of its run config: of a block, or its own for a nested one.
    pub run_config: Option<String>,
    /// The template that a server keeps, where its run config names one.
    pub remote_template: Option<RemoteTemplate>,
    /// In which block each argument of the run config is written: `cpu`, `env.REGION` to an address.
    pub written_by: BTreeMap<String, String>,
    /// The definition as JSON with its digest, when all of it is known.
    pub known: Option<KnownDefinition>,
    /// Its labels, sorted; `None` while they are not known.
    pub labels: Option<Vec<String>>,
    /// How many versions keep their artifacts, the current one included.
    pub keep_versions: u32,
    /// How long the artifacts of a superseded version are kept, in seconds.
    pub keep_for: u64,
    /// The version it is held at by the configuration.
    pub version: Option<u32>,
    /// Whether plans that end it are refused.
    pub prevent_destroy: bool,
    /// The checks that the flow ignores.
    pub ignored_checks: BTreeSet<CheckName>,
    /// Paths that are taken from the latest version and not compared.
    pub ignore_changes: Vec<Vec<PathStep>>,
}

/// A template that is kept by a server and baked into definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTemplate {
    /// Where it is.
    pub url: String,
    /// Whether the content of the latest version stays, as long as the address does (`template_refresh = "pinned"`).
    pub is_pinned: bool,
    /// Why it could not be read.
    pub unreadable: Option<String>,
}

/// A definition all of which is known.
#[derive(Clone, Debug)]
pub struct KnownDefinition {
    /// The canonical JSON.
    pub json: Arc<RawValue>,
    /// Its digest.
    pub digest: Digest,
}

/// One agent as the configuration declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredAgent {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: AgentKind,
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// Its other options that were given, without sensitive ones.
    pub options: BTreeMap<String, serde_json::Value>,
    /// Everything that was given, as an object.
    pub arguments: Value,
    /// What of it belongs to the definitions of the flows that it takes.
    pub defaults: BTreeMap<String, serde_json::Value>,
    /// What to underline for it.
    pub span: Span,
}

/// One template as the configuration declares it.
#[derive(Clone, Debug)]
pub struct DesiredTemplate {
    /// Its address.
    pub address: Address,
    /// The block that declares it.
    pub node: NodeId,
    /// What to underline for it.
    pub span: Span,
    /// Its kind.
    pub kind: TemplateKind,
    /// Where it is stored; `None` where it is only shared.
    pub path: Option<String>,
    /// What is stored, when all of it is known.
    pub stored: Option<StoredTemplate>,
    /// Whether plans that end it are refused.
    pub prevent_destroy: bool,
}

/// A template as it is stored.
#[derive(Clone, Debug)]
pub struct StoredTemplate {
    /// The document, as canonical JSON.
    pub document: Arc<RawValue>,
    /// The digest of the document.
    pub digest: Digest,
    /// The text that is stored.
    pub text: String,
    /// The SHA-256 of the text.
    pub sha256: Digest,
}

/// One output.
#[derive(Clone, Debug)]
pub struct DesiredOutput {
    /// Its name.
    pub name: String,
    /// Its value; may be known only after apply.
    pub value: Value,
    /// Whether it is declared sensitive.
    pub sensitive: bool,
    /// The block that declares it.
    pub node: NodeId,
}

/// The attributes of a flow that come from outside the configuration.
#[derive(Clone, Debug)]
pub struct FlowAttributes {
    /// `id`: the flow's identity.
    pub id: Value,
    /// `version`: the number.
    pub version: Value,
    /// `digest`: of the definition.
    pub digest: Value,
    /// `task_definition_arn`: the registered definition, for `ecs` flows; null for others.
    pub task_definition_arn: Value,
    /// `start`: the body that starts it, as `current/` has it.
    pub start: Value,
}

/// What is known of flows beyond the configuration; the one thing in which the evaluator's callers differ.
pub trait Outcomes {
    /// The attributes of the flow.
    fn attributes(&self, flow: &DesiredFlow) -> FlowAttributes;
}

/// Nothing is known: for `validate`, where everything is after apply.
#[derive(Clone, Copy, Debug)]
pub struct NothingKnown;

impl Outcomes for NothingKnown {
    fn attributes(&self, _: &DesiredFlow) -> FlowAttributes {
        FlowAttributes::unknown()
    }
}

impl FlowAttributes {
    /// All of them known only after apply.
    pub fn unknown() -> Self {
        use crate::value::Type;
        Self {
            id: Value::unknown(Type::String),
            version: Value::unknown(Type::Number),
            digest: Value::unknown(Type::String),
            task_definition_arn: Value::unknown(Type::String),
            start: Value::unknown(Type::Any),
        }
    }
}
