//! What an apply says while it runs and what it leaves behind, as data. It shows nothing and runs nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::model::{Action, CheckOutcome, Operation, StepId};
use crate::registry::event::OutputRecord;

/// Something that happened during an apply, in the order it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum ApplyEvent {
    /// A step has begun.
    StepStarted {
        /// The step.
        step: StepId,
        /// The address of its change.
        address: String,
        /// What it does, as an instruction: see [`what`].
        what: String,
    },
    /// A step is done and recorded.
    StepFinished {
        /// The step.
        step: StepId,
        /// The address of its change.
        address: String,
        /// What it did, as an instruction: see [`what`].
        what: String,
        /// How long it took.
        took: Duration,
    },
    /// A step failed; what waits for it is skipped, everything else goes on.
    StepFailed {
        /// The step.
        step: StepId,
        /// The address of its change.
        address: String,
        /// What went wrong, in full sentences.
        message: String,
    },
    /// A step was not begun.
    StepSkipped {
        /// The step.
        step: StepId,
        /// The address of its change.
        address: String,
        /// Why, to be read after "because": "flow.base failed".
        because: String,
    },
    /// Nothing moves until something outside does: a lease, a throttled backend.
    Waiting {
        /// What is waited for, as a sentence without a full stop.
        what: String,
    },
}

/// One change that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its address.
    pub address: String,
    /// What happened to it.
    pub action: Action,
}

/// One change that is not done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDone {
    /// Its address.
    pub address: String,
    /// Why, in words: full sentences for a failure, a clause after "because" for what was skipped.
    pub why: String,
}

/// How an apply ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplyReport {
    /// Changes whose every step is done, in the order of the plan.
    pub done: Vec<Done>,
    /// Changes that failed, in the order of the plan.
    pub failed: Vec<NotDone>,
    /// Changes that were not begun, in the order of the plan.
    pub skipped: Vec<NotDone>,
    /// Whether the user, or a signal, stopped it.
    pub interrupted: bool,
    /// The outputs of the root configuration after the apply.
    pub outputs: BTreeMap<String, OutputRecord>,
    /// What the checks of the configuration came to after the apply.
    pub checks: Vec<CheckOutcome>,
}

impl ApplyReport {
    /// Whether everything that was planned is done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted
    }

    /// How many changes of `action` are done.
    pub fn count(&self, action: Action) -> usize {
        self.done.iter().filter(|done| done.action == action).count()
    }
}

/// What a step does, as a short instruction: "make version 4".
pub fn what(operation: &Operation) -> String {
    match operation {
        Operation::Abandon { version, .. } => format!("give up unfinished version {version}"),
        Operation::Move { address, .. } => format!("move to {address}"),
        Operation::SetVersion { version, reserved: false, .. } => format!("make version {version}"),
        Operation::SetVersion { version, reserved: true, .. } => format!("complete version {version}"),
        Operation::Adopt { artifact, .. } => format!("adopt {} as version 1", artifact.id),
        Operation::Define { version, .. } => format!("record the definition of version {version}"),
        Operation::Pin { version, .. } => format!("pin at version {version}"),
        Operation::Unpin { .. } => "let go of the pin".to_owned(),
        Operation::Archive { .. } => "archive".to_owned(),
        Operation::Forget { .. } => "stop managing".to_owned(),
        Operation::Prune { version, artifacts, .. } | Operation::Discard { version, artifacts, .. } => {
            match artifacts.len() {
                1 => format!("remove the artifact of version {version}"),
                count => format!("remove {count} artifacts of version {version}"),
            }
        }
        Operation::StoreTemplate { uri, is_written: true, .. } => format!("store at {uri}"),
        Operation::StoreTemplate { address, is_written: false, .. } => format!("move to {address}"),
        Operation::RemoveTemplate { uri, expected: Some(_) } => format!("remove {uri}"),
        Operation::RemoveTemplate { uri, expected: None } => format!("forget {uri}"),
        Operation::PublishAgents { document: Some(_) } => "publish the agents document".to_owned(),
        Operation::PublishAgents { document: None } => "withdraw the agents document".to_owned(),
    }
}
