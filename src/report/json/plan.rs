//! The plan as a JSON document. It holds what people read and not the steps, which are no contract.

use std::collections::BTreeMap;

use flowform_provider_api::{Check, Finding};
use serde::Serialize;
use serde_json::Value;

use super::FORMAT_VERSION;
use super::diagnostics::Item;
use crate::address::{PathStep, path_text};
use crate::plan::model::{self, Action, Mode, Plan, Reason, Side, Subject};

/// A plan.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The version of this document's form.
    pub format_version: &'static str,
    /// What was asked for.
    pub mode: Mode,
    /// The project.
    pub project: String,
    /// The root configuration.
    pub root: String,
    /// The registry; `null` when apply will create it.
    pub registry: Option<String>,
    /// Whether apply would do anything.
    pub has_changes: bool,
    /// What changes, in address order.
    pub changes: Vec<Change>,
    /// Outputs that change, by name.
    pub outputs: BTreeMap<String, OutputChange>,
    /// The checks of the configuration.
    pub checks: Vec<model::CheckOutcome>,
    /// How many changes there are of each action, and how many flows are unchanged.
    pub summary: Summary,
    /// Remarks on the whole.
    pub notes: Vec<String>,
    /// Warnings; with an error there is no plan.
    pub diagnostics: Vec<Item>,
    /// How many calls the refresh made.
    pub calls: u64,
    /// What `--verify` found; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Vec<Verified>>,
}

/// One thing that artifacts name, and whether it can be used.
#[derive(Debug, Serialize)]
pub struct Verified {
    subject: String,
    flows: Vec<String>,
    finding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<&Check> for Verified {
    fn from(check: &Check) -> Self {
        let (finding, reason) = match &check.finding {
            Finding::Usable => ("usable", None),
            Finding::Unusable(reason) => ("unusable", Some(reason.clone())),
            Finding::NotChecked(reason) => ("not_checked", Some(reason.clone())),
        };
        Self { subject: check.subject.clone(), flows: check.flows.clone(), finding, reason }
    }
}

/// How many of what.
#[derive(Debug, Serialize)]
pub struct Summary {
    create: usize,
    update: usize,
    replace: usize,
    adopt: usize,
    archive: usize,
    forget: usize,
    prune: usize,
    no_op: usize,
    moved: usize,
    unchanged: usize,
    not_checked: usize,
}

/// One change.
#[derive(Debug, Serialize)]
pub struct Change {
    address: String,
    subject: Subject,
    action: Action,
    reason: Reason,
    name: Option<String>,
    from_version: Option<u32>,
    to_version: Option<u32>,
    moved_from: Option<String>,
    differences: Vec<Difference>,
    notes: Vec<String>,
}

/// One path that differs.
#[derive(Debug, Serialize)]
pub struct Difference {
    path: String,
    path_steps: Vec<PathStep>,
    before: Known,
    after: Known,
}

/// One output that changes.
#[derive(Debug, Serialize)]
pub struct OutputChange {
    before: Known,
    after: Known,
}

/// One side: exactly one of the four fields is there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The value.
    Value(Value),
    /// `true`: there is nothing on this side.
    Absent(bool),
    /// `true`: it is known only after apply.
    Unknown(bool),
    /// `true`: it is sensitive and not shown.
    Sensitive(bool),
}

impl From<&Side> for Known {
    fn from(side: &Side) -> Self {
        match side {
            Side::Absent => Self::Absent(true),
            Side::Value(value) => Self::Value(value.clone()),
            Side::Unknown => Self::Unknown(true),
            Side::Sensitive => Self::Sensitive(true),
        }
    }
}

/// The document of `plan`, with the warnings that were told about it.
pub fn document(plan: &Plan, diagnostics: Vec<Item>) -> Document {
    let not_checked = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::NoOp && change.reason == Reason::Unreadable)
        .count();
    Document {
        format_version: FORMAT_VERSION,
        mode: plan.mode,
        project: plan.project.clone(),
        root: plan.root.clone(),
        registry: plan.registry.clone(),
        has_changes: !plan.is_empty(),
        changes: plan.changes.iter().map(change).collect(),
        checks: plan.checks.clone(),
        outputs: plan
            .outputs
            .iter()
            .map(|output| {
                let change = OutputChange { before: (&output.before).into(), after: (&output.after).into() };
                (output.name.clone(), change)
            })
            .collect(),
        summary: Summary {
            create: plan.count(Action::Create),
            update: plan.count(Action::Update),
            replace: plan.count(Action::Replace),
            adopt: plan.count(Action::Adopt),
            archive: plan.count(Action::Archive),
            forget: plan.count(Action::Forget),
            prune: plan.count(Action::Prune),
            no_op: plan.count(Action::NoOp).saturating_sub(not_checked),
            moved: plan.changes.iter().filter(|change| change.moved_from.is_some()).count(),
            unchanged: plan.unchanged,
            not_checked,
        },
        notes: plan.notes.clone(),
        diagnostics,
        calls: plan.calls,
        verified: None,
    }
}

fn change(change: &model::Change) -> Change {
    Change {
        address: change.address.clone(),
        subject: change.subject.clone(),
        action: change.action,
        reason: change.reason.clone(),
        name: change.name.clone(),
        from_version: change.from_version,
        to_version: change.to_version,
        moved_from: change.moved_from.clone(),
        differences: differences(&change.differences),
        notes: change.notes.clone(),
    }
}

/// Differences alone, for `diff`.
pub fn differences(differences: &[model::Difference]) -> Vec<Difference> {
    differences
        .iter()
        .map(|difference| Difference {
            path: path_text(&difference.path),
            path_steps: difference.path.clone(),
            before: (&difference.before).into(),
            after: (&difference.after).into(),
        })
        .collect()
}
