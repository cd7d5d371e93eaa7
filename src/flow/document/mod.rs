//! Whole documents of backends - task definitions, Jobs, worker pools, host configuration - checked against the
//! published definitions of what the backend takes: unknown fields, types, required fields, enumerations, all at
//! once. It knows the shape of documents, and nothing of what a flow needs of them.

mod duration;
mod names;
mod quantity;
mod scalar;
pub mod schema;
mod units;
mod walk;

pub use duration::{Duration, parse_duration};
pub use quantity::{Quantity, QuantityError};
pub use schema::{Backend, Field, FieldType, Scalar, Schema};
pub use units::{parse_cpu_units, parse_memory_mib};

use crate::address::PathStep;
use crate::flow::definition::Problem;
use crate::value::Value;

/// A document that a run config may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// `task_definition` of `ecs`.
    TaskDefinition,
    /// `run_task_kwargs` of `ecs`.
    RunTask,
}

impl Document {
    /// Every document.
    pub const ALL: [Self; 2] = [Self::TaskDefinition, Self::RunTask];

    /// Whose document it is.
    pub const fn backend(self) -> Backend {
        match self {
            Self::TaskDefinition | Self::RunTask => Backend::Ecs,
        }
    }

    /// Its object type in the backend's schema.
    pub const fn root(self) -> &'static str {
        match self {
            Self::TaskDefinition => "TaskDefinition",
            Self::RunTask => "RunTask",
        }
    }

    /// What it is called in a sentence.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::TaskDefinition => "a task definition",
            Self::RunTask => "a set of arguments of RunTask",
        }
    }

    /// Required fields that the agent fills in, by object type: they need not be written (semantics 2.3 and 2.4).
    const fn filled_in(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::TaskDefinition => {
                &[("TaskDefinition", "family"), ("TaskDefinition", "containerDefinitions")]
            }
            Self::RunTask => &[("RunTask", "taskDefinition")],
        }
    }

    /// Whether the original takes snake_case names, so that the names of the service's JSON form are taken too and
    /// become snake_case.
    const fn takes_both_spellings(self) -> bool {
        match self {
            Self::TaskDefinition | Self::RunTask => false,
        }
    }
}

/// The document in the form that the backend's library takes, and everything that is wrong with it.
///
/// The form differs from what was written in that fields have the library's own names, fields that are null or that
/// only the backend sets are gone, and numbers are texts where the original makes them so. What is unknown stays
/// unknown and is not complained of. Problems are placed below `path`.
pub fn check(document: Document, value: &Value, path: &[PathStep]) -> (Value, Vec<Problem>) {
    let mut problems = Vec::new();
    let value = walk::object(document, document.root(), value, path, &mut problems);
    (value, problems)
}

#[cfg(test)]
mod tests;
