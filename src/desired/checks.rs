//! `check` blocks: assertions that warn and end nothing.

use super::conditions::{Verdict, does_not_hold, judge};
use super::scope::BlockScope;
use crate::config::model::{Check, Node, NodeId};
use crate::diag::{Diagnostic, Diagnostics, Severity};

/// What a check came to.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// The block.
    pub node: NodeId,
    /// Its address.
    pub address: String,
    /// What it came to.
    pub status: CheckStatus,
    /// What does not hold, or cannot be evaluated: warnings.
    pub found: Vec<Diagnostic>,
}

impl CheckResult {
    /// Notes what is wrong with its data: then what it asserts cannot be told, after apply neither.
    pub(super) fn could_not_read(&mut self, found: Vec<Diagnostic>) {
        if !found.is_empty() && self.status == CheckStatus::Unknown {
            self.status = CheckStatus::Error;
        }
        self.found.extend(found);
    }
}

/// What a check can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// Everything holds.
    Pass,
    /// Something does not.
    Fail,
    /// Something cannot be evaluated.
    Error,
    /// Something can be told only after apply, and nothing fails.
    Unknown,
}

/// Judges what a check asserts.
pub(super) fn check(id: NodeId, node: &Node, check: &Check, scope: &BlockScope<'_>) -> CheckResult {
    let address = node.address.to_string();
    let mut status = CheckStatus::Pass;
    let mut found = Vec::new();
    for assert in &check.asserts {
        let mut diags = Diagnostics::new();
        let came_to = match judge(assert, scope, &mut diags) {
            Verdict::Holds => CheckStatus::Pass,
            Verdict::Open => CheckStatus::Unknown,
            Verdict::Unusable => CheckStatus::Error,
            Verdict::Fails(message) => {
                diags.push(
                    Diagnostic::warning("Check failed", message)
                        .at(assert.condition.span)
                        .label(does_not_hold(&assert.condition, scope))
                        .related(node.header, format!("asserted by `{address}`"))
                        .address(address.as_str()),
                );
                CheckStatus::Fail
            }
        };
        status = worse(status, came_to);
        found.extend(warnings(diags));
    }
    CheckResult { node: id, address, status, found }
}

/// What is found in a check warns.
pub(super) fn warnings(diags: Diagnostics) -> Vec<Diagnostic> {
    diags.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found }).collect()
}

const fn worse(a: CheckStatus, b: CheckStatus) -> CheckStatus {
    match (a, b) {
        (CheckStatus::Error, _) | (_, CheckStatus::Error) => CheckStatus::Error,
        (CheckStatus::Fail, _) | (_, CheckStatus::Fail) => CheckStatus::Fail,
        (CheckStatus::Unknown, _) | (_, CheckStatus::Unknown) => CheckStatus::Unknown,
        (CheckStatus::Pass, CheckStatus::Pass) => CheckStatus::Pass,
    }
}
