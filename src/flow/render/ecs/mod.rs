//! What the original's ECS agent registers and runs for one flow run (semantics 2.2 to 2.4). It sends nothing and
//! checks nothing that the original does not check.

mod definition;
mod run_task;

use serde_json::{Map, Value as Json};

use super::run::{FlowRun, other_kind};
use crate::flow::agent::{EcsAgent, Surroundings};
use crate::flow::kind::{AgentKind, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::RunConfig;

pub use definition::{MAX_FAMILY, family};
pub use run_task::merge as merge_run_task_kwargs;

/// The name of the container that runs the flow.
pub const FLOW_CONTAINER: &str = "flow";

/// What ECS is asked for one flow run.
#[derive(Clone, Debug, PartialEq)]
pub struct EcsTask {
    /// The task definition that is run.
    pub definition: TaskDefinition,
    /// The arguments of RunTask. Their errors arise after the definition was registered.
    pub run_task: Result<Json, OriginalError>,
}

/// Which task definition is run.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskDefinition {
    /// One that is registered for this run alone, and deregistered as soon as the task was asked for.
    Register(Json),
    /// One that is registered already, by ARN or family.
    Registered(String),
}

/// What ECS answers while a task is asked for.
#[derive(Clone, Copy)]
pub struct Answers<'a> {
    /// The ARN of a definition that was registered.
    pub registered_arn: &'a str,
    /// The definition of that ARN or family.
    pub describe: &'a dyn Fn(&str) -> Result<Json, OriginalError>,
}

/// What ECS is asked for a flow run.
///
/// # Errors
/// `TypeError` for run configs of another kind, `ValueError` for a registered definition together with Docker storage,
/// `TypeError` and `AttributeError` for a definition whose parts are of other types, and what reading the definition and
/// loading the storage, the run config and the version raises.
pub fn render(
    run: &FlowRun<'_>,
    agent: &EcsAgent,
    surroundings: &Surroundings<'_>,
    answers: &Answers<'_>,
) -> Result<EcsTask, OriginalError> {
    let (env, config) = match run.config(AgentKind::Ecs, surroundings)? {
        RunConfig::Ecs { env, run, .. } => (env, run),
        other => return Err(other_kind(&other)),
    };
    let (definition, arn, described) = match config.task_definition_arn.as_deref() {
        None => {
            let definition = definition::build(run, &config, agent, surroundings)?;
            let arn = answers.registered_arn.to_owned();
            (TaskDefinition::Register(definition.clone()), arn, definition)
        }
        Some(arn) => {
            if run.flow.storage_kind()? == StorageKind::Docker {
                return Err(OriginalError::value_error(
                    "Cannot provide `task_definition_arn` when using `Docker` storage",
                ));
            }
            let described = (answers.describe)(arn)?;
            (TaskDefinition::Registered(arn.to_owned()), arn.to_owned(), described)
        }
    };
    let run_task = run_task::arguments(run, &config, &env, agent, surroundings, &described)
        .and_then(|arguments| with_definition(arguments, &arn));
    Ok(EcsTask { definition, run_task })
}

/// The arguments with the definition among them.
fn with_definition(mut arguments: Map<String, Json>, arn: &str) -> Result<Json, OriginalError> {
    if arguments.contains_key("taskDefinition") {
        return Err(OriginalError::type_error(
            "run_task() got multiple values for keyword argument 'taskDefinition'",
        ));
    }
    arguments.insert("taskDefinition".to_owned(), arn.into());
    Ok(Json::Object(arguments))
}

/// What the agent reports about the answer of RunTask: `Task <arn>`.
///
/// # Errors
/// `ValueError` with the failures when no task was started.
pub fn result(run: &FlowRun<'_>, answer: &Json) -> Result<String, OriginalError> {
    match answer.pointer("/tasks/0/taskArn") {
        Some(arn) => Ok(format!("Task {}", python::text(arn))),
        None => Err(OriginalError::value_error(format!(
            "Failed to start task for flow run {}. Failures: {}",
            run.id,
            python::text(answer.get("failures").unwrap_or(&Json::Null))
        ))),
    }
}
