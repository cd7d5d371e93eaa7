//! The plan as data: what people read (changes) and what runs (steps). Every step belongs to a shown change.
//! It decides nothing and is serializable as it is.

use flowform_provider_api::{Artifact, Binding, Digest, Etag, FlowId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::address::PathStep;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Make what is live what the configuration says.
    #[default]
    Normal,
    /// Only put what was recorded right, where live objects differ.
    RefreshOnly,
    /// Archive everything that this root declares.
    Destroy,
}

/// What happens to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It does not exist and is made.
    Create,
    /// A flow gets a new version; a published document gets new content.
    Update,
    /// The artifact of the same version is made again and takes the place of the recorded one.
    Replace,
    /// An existing object becomes managed, as it is.
    Adopt,
    /// A flow that is no longer declared ends; its history stays.
    Archive,
    /// A flow is no longer managed; its objects stay.
    Forget,
    /// Artifacts of a superseded version are removed.
    Prune,
}

impl Action {
    /// The symbol that stands before a change of this kind.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::NoOp => " ",
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "!",
            Self::Adopt => "<",
            Self::Archive => "-",
            Self::Forget => ".",
            Self::Prune => "x",
        }
    }

    /// The word for what will happen, after "will be".
    pub const fn participle(self) -> &'static str {
        match self {
            Self::NoOp => "unchanged",
            Self::Create => "created",
            Self::Update => "updated",
            Self::Replace => "replaced",
            Self::Adopt => "adopted",
            Self::Archive => "archived",
            Self::Forget => "forgotten",
            Self::Prune => "pruned",
        }
    }
}

/// Why; for display only, nothing branches on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing differs.
    UpToDate,
    /// Declared, and not recorded.
    NotRecorded,
    /// It was archived and is declared again.
    DeclaredAgain,
    /// The definition differs at the paths of the change.
    DefinitionChanged,
    /// Only defaults of agents differ.
    AgentDefaultChanged,
    /// An apply stopped after it had reserved the version; it is completed.
    Interrupted,
    /// The recorded artifact is gone.
    ArtifactMissing,
    /// The recorded artifact was altered by somebody else.
    ArtifactAltered,
    /// Another provider configuration is to keep the artifact.
    ProviderChanged,
    /// `--replace` asked for it.
    Requested,
    /// `current/` does not name the version that it should.
    NotPublished,
    /// The block is no longer in the configuration.
    NotDeclared,
    /// `destroy` asked for it.
    Destroyed,
    /// A `removed` block, or `state rm`, says so.
    Removed,
    /// An `import` block names the object.
    Imported,
    /// The block was moved, nothing else.
    Moved,
    /// A pin holds the flow at this version; the configuration is ahead.
    Pinned,
    /// A pin that held the flow has ended.
    Unpinned,
    /// More versions than `keep_versions` and longer than `keep_for`.
    Superseded,
    /// The flow is archived.
    OfArchivedFlow,
    /// An interrupted apply left it, and no version has it.
    LeftBehind,
    /// The live object could not be read, so nothing is done.
    Unreadable,
    /// The published document differs.
    DocumentChanged,
    /// An agent that can take the flow is declared, so its artifact is made ahead of its runs.
    AgentDeclared,
    /// The template is stored at another place now.
    StoredElsewhere,
    /// Only the template that a server keeps differs.
    TemplateChanged,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A flow.
    Flow,
    /// One superseded version of a flow (prune).
    FlowVersion,
    /// A shared template that is stored somewhere.
    Template,
    /// The agents that this root declares.
    Agents,
}

/// One side of a difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The path does not exist on this side.
    Absent,
    /// Its value.
    Value(serde_json::Value),
    /// It is known only after apply.
    Unknown,
    /// It is sensitive and not shown.
    Sensitive,
}

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where.
    pub path: Vec<PathStep>,
    /// The recorded side.
    pub before: Side,
    /// The desired side.
    pub after: Side,
}

/// One line of the plan that people read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The address: `flow.etl["eu"]`, `flow.etl["eu"] v3` for a pruned version, `agent` for the agents.
    pub address: String,
    /// What it is about.
    pub subject: Subject,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The flow's name in the project, for flows; where it is stored, for templates.
    pub name: Option<String>,
    /// The address it had before.
    pub moved_from: Option<String>,
    /// The version before, for flows.
    pub from_version: Option<u32>,
    /// The version after, for flows.
    pub to_version: Option<u32>,
    /// The paths that differ.
    pub differences: Vec<Difference>,
    /// Remarks: "pinned at v5, configuration is ahead".
    pub notes: Vec<String>,
}

/// The number of a step inside its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

/// One unit of work: the calls to the backend and the events that record them belong together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its number: the index in [`Plan::steps`].
    pub id: StepId,
    /// The change that it carries out: an index into [`Plan::changes`].
    pub change: usize,
    /// What runs.
    pub operation: Operation,
    /// Steps that must have succeeded before.
    pub waits_for: Vec<StepId>,
}

/// A definition as a step holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planned {
    /// Known now.
    Known {
        /// Its digest.
        digest: Digest,
        /// Its JSON.
        definition: Box<RawValue>,
        /// What the backends will hold; empty where an artifact is made at the first run.
        artifacts: Vec<PlannedArtifact>,
    },
    /// Known once the steps before it are done; then it is evaluated again.
    AfterApply,
}

/// An artifact to make, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedArtifact {
    /// The provider configuration: `local`, or `local.alias`.
    pub provider: String,
    /// What to make.
    pub artifact: Artifact,
    /// The equal artifact that lives already, if one does; then no call is made.
    pub existing: Option<Binding>,
}

/// What a step does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Give up a reserved version.
    Abandon {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
    },
    /// Give the flow another name, address or root.
    Move {
        /// The flow.
        flow: FlowId,
        /// The name from now on.
        name: String,
        /// The address from now on.
        address: String,
    },
    /// Reserve a version unless it is reserved already, make its artifacts, publish, bind.
    SetVersion {
        /// The flow; `None` for a new one, whose identity is made at apply.
        flow: Option<FlowId>,
        /// Its name.
        name: String,
        /// Its address.
        address: String,
        /// The number it will have.
        version: u32,
        /// Whether the number is reserved already.
        reserved: bool,
        /// The definition.
        planned: Planned,
    },
    /// Record that an existing object is the artifact of version 1.
    Adopt {
        /// The flow's name.
        name: String,
        /// Its address.
        address: String,
        /// The object.
        artifact: Binding,
    },
    /// Record the definition of an adopted version.
    Define {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
        /// Its JSON.
        definition: Box<RawValue>,
    },
    /// Hold the flow at a version: `rollback`.
    Pin {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
        /// The digest of the configured definition at this moment.
        configured: Option<Digest>,
        /// Why, in the user's words.
        reason: Option<String>,
    },
    /// Let go of a pin that has ended.
    Unpin {
        /// The flow.
        flow: FlowId,
    },
    /// Withdraw the flow from `current/` and end it.
    Archive {
        /// The flow.
        flow: FlowId,
    },
    /// Stop managing the flow.
    Forget {
        /// The flow.
        flow: FlowId,
    },
    /// Remove artifacts of a superseded version.
    Prune {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
        /// The artifacts to remove: those that no kept version shares.
        artifacts: Vec<Binding>,
    },
    /// Remove artifacts that carry a version's identity and that no version is bound to.
    Discard {
        /// The flow.
        flow: FlowId,
        /// The version that they were made for.
        version: u32,
        /// The artifacts to remove.
        artifacts: Vec<Binding>,
    },
    /// Write a shared template where nothing is, or over what is expected there.
    StoreTemplate {
        /// Where.
        uri: String,
        /// Its address.
        address: String,
        /// The digest of the document.
        digest: Digest,
        /// The document.
        document: Box<RawValue>,
        /// What is written.
        text: String,
        /// The SHA-256 of what is there afterwards.
        sha256: Digest,
        /// The tag of what is there; `None` where nothing is.
        expected: Option<Etag>,
        /// What is there, where an interrupted apply wrote it without recording that.
        found: Option<Digest>,
        /// Whether anything is written; otherwise it is only recorded.
        is_written: bool,
    },
    /// Remove a shared template and its record.
    RemoveTemplate {
        /// Where.
        uri: String,
        /// The tag of what is there; `None` to remove the record alone.
        expected: Option<Etag>,
    },
    /// Write this root's agents document, or withdraw it.
    PublishAgents {
        /// The document; `None` withdraws it.
        document: Option<serde_json::Value>,
    },
}

/// How an output changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// The recorded side.
    pub before: Side,
    /// The side after apply.
    pub after: Side,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Everything that it asserts holds.
    Pass,
    /// Something does not.
    Fail,
    /// Something cannot be evaluated.
    Error,
    /// Something can be told only after apply.
    Unknown,
}

/// A check with what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// Its address: `check.reachable`.
    pub address: String,
    /// What it came to.
    pub status: CheckStatus,
    /// What does not hold, in sentences.
    pub messages: Vec<String>,
}

/// The whole plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub mode: Mode,
    /// The registry's identity; `None` when it does not exist yet and apply will create it.
    pub registry: Option<String>,
    /// The project.
    pub project: String,
    /// The root configuration.
    pub root: String,
    /// The last segment of the log that the plan saw.
    pub seq: u64,
    /// What people read, in address order; unchanged subjects are counted in `unchanged` only.
    pub changes: Vec<Change>,
    /// How many flows and templates are unchanged.
    pub unchanged: usize,
    /// What runs, in an order in which each waits only for earlier ones.
    pub steps: Vec<Step>,
    /// Outputs that change.
    pub outputs: Vec<OutputChange>,
    /// The checks of the configuration.
    #[serde(default)]
    pub checks: Vec<CheckOutcome>,
    /// Remarks on the whole: foreign objects, filters, waiting prunes.
    pub notes: Vec<String>,
    /// How many calls the refresh made.
    pub calls: u64,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.outputs.is_empty()
    }

    /// How many changes of `action` there are.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}
