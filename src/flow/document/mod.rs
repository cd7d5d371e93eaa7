//! Whole documents of backends - task definitions, Jobs, worker pools, host configuration - checked against the
//! published definitions of what the backend takes: unknown fields, types, required fields, enumerations, all at
//! once. It knows the shape of documents, and nothing of what a flow needs of them.

mod duration;
mod names;
mod repair;
mod scalar;
pub mod schema;
mod units;
mod walk;

pub use duration::{Duration, parse_duration};
pub use flowform_provider_api::{Quantity, QuantityError};
pub use repair::indentation;
pub use schema::{Backend, Field, FieldType, Scalar, Schema};
pub use units::{parse_cpu_units, parse_memory_mib};

use std::sync::Arc;

use crate::address::PathStep;
use crate::flow::definition::{Problem, at_index};
use crate::flow::kind::RunConfigKind;
use crate::value::{Kind, Value};

/// A document that a run config may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// `task_definition` of `ecs`.
    TaskDefinition,
    /// `run_task_kwargs` of `ecs`.
    RunTask,
    /// `job_template` of `kubernetes`.
    Job,
    /// `worker_pool_specs` of `vertex`: a list.
    WorkerPools,
    /// `scheduling` of `vertex`.
    Scheduling,
    /// `custom_job` of `vertex`: what the run config's other arguments are laid into.
    CustomJob,
    /// `host_config` of `docker`.
    HostConfig,
}

impl Document {
    /// Every document.
    pub const ALL: [Self; 7] = [
        Self::TaskDefinition,
        Self::RunTask,
        Self::Job,
        Self::WorkerPools,
        Self::Scheduling,
        Self::CustomJob,
        Self::HostConfig,
    ];

    /// Whose document it is.
    pub const fn backend(self) -> Backend {
        match self {
            Self::TaskDefinition | Self::RunTask => Backend::Ecs,
            Self::Job => Backend::Kubernetes,
            Self::WorkerPools | Self::Scheduling | Self::CustomJob => Backend::Vertex,
            Self::HostConfig => Backend::Docker,
        }
    }

    /// The document of a run config's argument, if it is one.
    pub fn of_argument(kind: RunConfigKind, argument: &str) -> Option<Self> {
        match (kind, argument) {
            (RunConfigKind::Ecs, "task_definition") => Some(Self::TaskDefinition),
            (RunConfigKind::Ecs, "run_task_kwargs") => Some(Self::RunTask),
            (RunConfigKind::Kubernetes, "job_template") => Some(Self::Job),
            (RunConfigKind::Vertex, "worker_pool_specs") => Some(Self::WorkerPools),
            (RunConfigKind::Vertex, "scheduling") => Some(Self::Scheduling),
            (RunConfigKind::Docker, "host_config") => Some(Self::HostConfig),
            (_, _) => None,
        }
    }

    /// Its object type in the backend's schema; that of the members, for a list.
    pub const fn root(self) -> &'static str {
        match self {
            Self::TaskDefinition => "TaskDefinition",
            Self::RunTask => "RunTask",
            Self::Job => "Job",
            Self::WorkerPools => "WorkerPoolSpec",
            Self::Scheduling => "Scheduling",
            Self::CustomJob => "CustomJob",
            Self::HostConfig => "HostConfig",
        }
    }

    /// What it is called in a sentence.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::TaskDefinition => "a task definition",
            Self::RunTask => "a set of arguments of RunTask",
            Self::Job => "a Job template",
            Self::WorkerPools => "a list of worker pools",
            Self::Scheduling => "a scheduling of a CustomJob",
            Self::CustomJob => "a CustomJob",
            Self::HostConfig => "a host configuration",
        }
    }

    /// Required fields that the agent fills in, by object type: they need not be written (semantics 2.3, 2.4 and 4).
    const fn filled_in(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::TaskDefinition => {
                &[("TaskDefinition", "family"), ("TaskDefinition", "containerDefinitions")]
            }
            Self::RunTask => &[("RunTask", "taskDefinition")],
            Self::WorkerPools => &[("ContainerSpec", "image_uri")],
            Self::CustomJob => &[
                ("CustomJob", "display_name"),
                ("CustomJob", "job_spec"),
                ("CustomJobSpec", "worker_pool_specs"),
            ],
            Self::Job | Self::Scheduling | Self::HostConfig => &[],
        }
    }

    /// Whether the original takes snake_case names, so that the names of the service's JSON form are taken too and
    /// become snake_case.
    const fn takes_both_spellings(self) -> bool {
        match self {
            Self::WorkerPools | Self::Scheduling | Self::CustomJob => true,
            Self::TaskDefinition | Self::RunTask | Self::Job | Self::HostConfig => false,
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
    let mut one = |value: &Value, path: &[PathStep]| {
        let root = FieldType::Named(document.root().to_owned());
        walk::value(document, &root, value, path, &mut problems)
    };
    let value = match (document, value.as_slice()) {
        // A pool that is null skips a role, as an empty one does.
        (Document::WorkerPools, Some(pools)) => {
            let pools = pools.iter().enumerate().map(|(index, pool)| match pool.is_null() {
                true => Value::NULL,
                false => one(pool, &at_index(path, index)),
            });
            Value { kind: Kind::Tuple(Arc::new(pools.collect())), marks: value.marks }
        }
        (Document::WorkerPools, None) if !value.is_unknown() => {
            problems.push(scalar::wrong_type("a list of worker pools", value, path));
            value.clone()
        }
        (_, _) => one(value, path),
    };
    (value, problems)
}

#[cfg(test)]
mod tests;
