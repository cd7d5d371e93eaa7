//! One file per command: wiring only.

pub(super) mod apply;
pub(super) mod console;
pub(super) mod convert;
pub(super) mod diff;
pub(super) mod explain;
pub(super) mod fmt;
pub(super) mod graph;
pub(super) mod import;
pub(super) mod init;
pub(super) mod output;
pub(super) mod plan;
mod record;
pub(super) mod render;
pub(super) mod rollback;
pub(super) mod schema;
pub(super) mod show;
pub(super) mod state;
pub(super) mod unlock;
pub(super) mod validate;
pub(super) mod version;
pub(super) mod versions;

/// Leaves what a command worked on to the operating system: the process ends next, and taking apart what 10,000
/// flows hold piece by piece would take a tenth of the whole time.
fn leave<T>(worked_on: T) {
    std::mem::forget(worked_on);
}

/// What to do where nobody can be asked.
const AUTO_APPROVE: &str = "read what is above, then run the command again with --auto-approve";

/// How a command ended that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Well.
    Done,
    /// Not well, and everything about it has been said.
    Failed,
    /// With changes, where the user asked to be told by the exit code.
    Changes,
    /// The user interrupted.
    Interrupted,
}
