//! An apply as JSON: a line per event while it runs, a document at its end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::diagnostics::Item;
use super::{FORMAT_VERSION, Output, outputs};
use crate::apply::event::{ApplyEvent, ApplyReport, NotDone};
use crate::plan::model::{Action, CheckOutcome};

/// One event of a stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A step has begun.
    StepStarted {
        /// Its number.
        step: usize,
        /// The address of its change.
        address: &'a str,
        /// What it does.
        what: &'a str,
    },
    /// A step is done.
    StepFinished {
        /// Its number.
        step: usize,
        /// The address of its change.
        address: &'a str,
        /// What it did.
        what: &'a str,
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// A step failed.
    StepFailed {
        /// Its number.
        step: usize,
        /// The address of its change.
        address: &'a str,
        /// What went wrong.
        message: &'a str,
    },
    /// A step was not begun.
    StepSkipped {
        /// Its number.
        step: usize,
        /// The address of its change.
        address: &'a str,
        /// Why.
        because: &'a str,
    },
    /// A warning about the configuration or the plan, before the first step.
    Diagnostic(Box<Item>),
    /// Nothing moves until something outside does.
    Waiting {
        /// What is waited for.
        what: &'a str,
    },
}

/// The line of one event.
pub fn event(event: &ApplyEvent) -> Event<'_> {
    match event {
        ApplyEvent::StepStarted { step, address, what } => Event::StepStarted { step: step.0, address, what },
        ApplyEvent::StepFinished { step, address, what, took } => {
            Event::StepFinished { step: step.0, address, what, seconds: took.as_secs_f64() }
        }
        ApplyEvent::StepFailed { step, address, message } => {
            Event::StepFailed { step: step.0, address, message }
        }
        ApplyEvent::StepSkipped { step, address, because } => {
            Event::StepSkipped { step: step.0, address, because }
        }
        ApplyEvent::Waiting { what } => Event::Waiting { what },
    }
}

/// How an apply ended.
#[derive(Debug, Serialize)]
pub struct Document {
    /// `apply_report`: tells it from the events before it.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The version of this document's form.
    pub format_version: &'static str,
    /// Whether everything that was planned is done.
    pub complete: bool,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Changes that are done.
    pub done: Vec<DoneItem>,
    /// Changes that failed.
    pub failed: Vec<FailedItem>,
    /// Changes that were not begun.
    pub skipped: Vec<SkippedItem>,
    /// The outputs after it, by name.
    pub outputs: BTreeMap<String, Output>,
    /// What the checks of the configuration came to.
    pub checks: Vec<CheckOutcome>,
}

/// A change that is done.
#[derive(Debug, Serialize)]
pub struct DoneItem {
    address: String,
    action: Action,
}

/// A change that failed.
#[derive(Debug, Serialize)]
pub struct FailedItem {
    address: String,
    message: String,
}

/// A change that was not begun.
#[derive(Debug, Serialize)]
pub struct SkippedItem {
    address: String,
    because: String,
}

/// The document of `report`.
pub fn document(report: &ApplyReport) -> Document {
    let failed = |item: &NotDone| FailedItem { address: item.address.clone(), message: item.why.clone() };
    let skipped = |item: &NotDone| SkippedItem { address: item.address.clone(), because: item.why.clone() };
    Document {
        kind: "apply_report",
        format_version: FORMAT_VERSION,
        complete: report.is_complete(),
        interrupted: report.interrupted,
        done: report
            .done
            .iter()
            .map(|done| DoneItem { address: done.address.clone(), action: done.action })
            .collect(),
        failed: report.failed.iter().map(failed).collect(),
        skipped: report.skipped.iter().map(skipped).collect(),
        outputs: outputs(&report.outputs),
        checks: report.checks.clone(),
    }
}
