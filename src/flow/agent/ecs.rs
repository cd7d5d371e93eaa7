//! The options of the agent that starts ECS tasks, with what it reads and asks when it starts (semantics 2.1).

use serde_json::{Map, Value as Json, json};

use super::{Common, Options, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::location::read_document;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// The options of an ECS agent that has started.
#[derive(Clone, Debug, PartialEq)]
pub struct EcsAgent {
    /// What every kind has.
    pub common: Common,
    /// The default task definition, as read.
    pub task_definition: Json,
    /// Whether the default task definition is the built-in one.
    pub built_in_definition: bool,
    /// The default arguments of RunTask, with the network configuration where it was inferred.
    pub run_task_kwargs: Map<String, Json>,
    /// Whether the network configuration was inferred.
    pub inferred_network: bool,
    /// `None` with a capacity provider strategy and no launch type.
    pub launch_type: Option<String>,
    /// The cluster; `None` is the default one.
    pub cluster: Option<String>,
    /// The role of the flow's code where nothing else names one.
    pub task_role_arn: Option<String>,
    /// The role that starts tasks where nothing else names one.
    pub execution_role_arn: Option<String>,
    /// The region; `None` is that of the machine.
    pub region_name: Option<String>,
    /// Settings of the AWS client: `retries` is `{"mode": "standard"}` unless they or `AWS_RETRY_MODE` say otherwise.
    pub botocore_config: Map<String, Json>,
}

/// The default task definition that comes with the agent.
pub fn default_task_definition() -> Json {
    json!({
        "networkMode": "awsvpc",
        "cpu": 1024,
        "memory": 2048,
        "containerDefinitions": [{"name": "flow"}],
    })
}

impl EcsAgent {
    /// The agent that `options` describe, started.
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none, what reading the two files raises,
    /// `AttributeError` for a file of arguments that holds no mapping, `ValueError` when the network configuration is
    /// needed and cannot be inferred.
    pub fn from_options(options: &Json, surroundings: &Surroundings<'_>) -> Result<Self, OriginalError> {
        let options = Options::new(options, AgentKind::Ecs)?;
        let common = Common::from_options(&options, surroundings.settings)?;
        let botocore_config = botocore_config(&options, surroundings)?;
        let (task_definition, built_in_definition) = match options.text("task_definition_path") {
            Some(path) => (read_document(&path, surroundings.read)?, false),
            None => (default_task_definition(), true),
        };
        let mut run_task_kwargs = match options.text("run_task_kwargs_path") {
            None => Map::new(),
            Some(path) => match read_document(&path, surroundings.read)? {
                Json::Object(entries) => entries,
                other => {
                    let message = format!("'{}' object has no attribute 'get'", python::type_name(&other));
                    return Err(OriginalError::attribute(message));
                }
            },
        };
        let truthy = |kwargs: &Map<String, Json>, name: &str| kwargs.get(name).is_some_and(python::truthy);
        let given = options.given("launch_type").map(python::text);
        let launch_type = if truthy(&run_task_kwargs, "capacityProviderStrategy") {
            given
        } else {
            let given = given.filter(|given| !given.is_empty());
            Some(given.map_or_else(|| "FARGATE".to_owned(), |given| given.to_uppercase()))
        };
        let inferred_network =
            launch_type.as_deref() == Some("FARGATE") && !truthy(&run_task_kwargs, "networkConfiguration");
        if inferred_network {
            run_task_kwargs.insert("networkConfiguration".to_owned(), infer_network(surroundings)?);
        }
        let text = |name: &str| options.given(name).map(python::text);
        Ok(Self {
            common,
            task_definition,
            built_in_definition,
            run_task_kwargs,
            inferred_network,
            launch_type,
            cluster: text("cluster"),
            task_role_arn: text("task_role_arn"),
            execution_role_arn: text("execution_role_arn"),
            region_name: text("region_name"),
            botocore_config,
        })
    }
}

/// All subnets of the default VPC, with public addresses and no security group.
fn infer_network(surroundings: &Surroundings<'_>) -> Result<Json, OriginalError> {
    let subnets = (surroundings.default_subnets)()?;
    if subnets.is_empty() {
        return Err(OriginalError::value_error(
            "Failed to infer default networkConfiguration, please explicitly configure using `--run-task-kwargs`",
        ));
    }
    Ok(json!({"awsvpcConfiguration": {"subnets": subnets, "assignPublicIp": "ENABLED"}}))
}

fn botocore_config(
    options: &Options<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<Map<String, Json>, OriginalError> {
    let mut config = match options.truthy("botocore_config") {
        None => Map::new(),
        Some(Json::Object(entries)) => entries.clone(),
        Some(other) => {
            let message = format!("argument after ** must be a mapping, not {}", python::type_name(other));
            return Err(OriginalError::type_error(message));
        }
    };
    let mode = surroundings.process_env.get("AWS_RETRY_MODE").is_some_and(|mode| !mode.is_empty());
    if !config.get("retries").is_some_and(python::truthy) && !mode {
        config.insert("retries".to_owned(), json!({"mode": "standard"}));
    }
    Ok(config)
}
