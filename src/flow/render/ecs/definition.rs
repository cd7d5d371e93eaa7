//! The task definition of a flow run (semantics 2.3): whole documents, never merged with the default one.

use serde_json::{Value as Json, json};

use super::FLOW_CONTAINER;
use crate::flow::agent::{EcsAgent, Surroundings};
use crate::flow::location::read_document;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::environment::{CONTEXT_IMAGE, others};
use crate::flow::render::image;
use crate::flow::render::mapping::{assignable, named, no_attribute, set_default};
use crate::flow::render::run::{FlowRun, full};
use crate::flow::run_config::EcsRun;
use crate::flow::slug::{cut, slugify};

/// The longest family, without its prefix.
pub const MAX_FAMILY: usize = 247;

/// The family of a name: `prefect-` and its slug.
pub fn family(name: &str) -> String {
    format!("prefect-{}", cut(&slugify(name), MAX_FAMILY))
}

pub(super) fn build(
    run: &FlowRun<'_>,
    config: &EcsRun,
    agent: &EcsAgent,
    surroundings: &Surroundings<'_>,
) -> Result<Json, OriginalError> {
    let mut definition =
        if let Some(definition) = config.task_definition.as_ref().filter(|given| python::truthy(given)) {
            definition.clone()
        } else if let Some(path) = full(&config.task_definition_path) {
            read_document(path, surroundings.read)?
        } else {
            agent.task_definition.clone()
        };
    let family = family(&format!("{}-{}", run.flow.name, run.id));
    assignable(&mut definition)?.insert("family".to_owned(), family.into());

    match set_default(&mut definition, "tags", json!([]))? {
        Json::Array(tags) => tags.extend([
            json!({"key": "prefect:flow-id", "value": run.flow.id}),
            json!({"key": "prefect:flow-version", "value": run.flow.version.to_string()}),
        ]),
        other => return Err(no_attribute(other, "extend")),
    }

    let containers = set_default(&mut definition, "containerDefinitions", json!([]))?;
    let container = named(containers, FLOW_CONTAINER)?;
    let (image, _) = image::of_run(&run.flow, config.image.as_deref(), container.get("image"))?;
    container.insert("image".to_owned(), image.clone());
    let mut env = vec![json!({"name": CONTEXT_IMAGE, "value": image})];
    env.extend(others(container.get("environment"), |name| name == CONTEXT_IMAGE)?);
    container.insert("environment".to_owned(), Json::Array(env));

    let fields = assignable(&mut definition)?;
    for key in ["cpu", "memory"] {
        if let Some(value) = fields.get_mut(key) {
            *value = python::text(value).into();
        }
    }
    let role = full(&config.execution_role_arn).or(full(&agent.execution_role_arn));
    if let (false, Some(role)) =
        (fields.contains_key("executionRoleArn"), role.filter(|role| !role.is_empty()))
    {
        fields.insert("executionRoleArn".to_owned(), role.into());
    }
    let launch_type = agent.launch_type.as_deref().filter(|launch_type| !launch_type.is_empty());
    if let (false, Some(launch_type)) = (fields.contains_key("requiresCompatibilities"), launch_type) {
        fields.insert("requiresCompatibilities".to_owned(), json!([launch_type]));
    }
    Ok(definition)
}
