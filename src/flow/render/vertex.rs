//! The CustomJob that the original's Vertex agent creates for one flow run (semantics 4). It sends nothing.

use serde_json::{Value as Json, json};

use super::run::FlowRun;
use super::{command, environment, image, mapping};
use crate::flow::agent::{Surroundings, VertexAgent};
use crate::flow::kind::AgentKind;
use crate::flow::original::{ErrorClass, OriginalError};
use crate::flow::slug::slugify_words;

/// The longest display name.
const MAX_NAME: usize = 255;

/// A CustomJob to create.
#[derive(Clone, Debug, PartialEq)]
pub struct VertexJob {
    /// Where: `projects/p/locations/r`.
    pub parent: String,
    /// The job, in the client's snake_case names.
    pub custom_job: Json,
}

/// The job for a flow run.
///
/// # Errors
/// `TypeError` for run configs of another kind and a first pool that is no mapping, `IndexError` for an empty list of
/// pools, and what loading the storage, the run config and the version raises.
pub fn render(
    run: &FlowRun<'_>,
    agent: &VertexAgent,
    surroundings: &Surroundings<'_>,
) -> Result<VertexJob, OriginalError> {
    let config = run.config(AgentKind::Vertex, surroundings)?;
    let image = image::choose(&run.flow, config.text("image"), None)?;
    let command = command::for_version(run.flow.core_version)?;
    let env =
        environment::of_run(AgentKind::Vertex, run, &agent.common, config.env(), None, surroundings.settings);

    let mut pools = config.value("worker_pool_specs").cloned().unwrap_or_else(|| {
        json!([{
            "machine_spec": {"machine_type": config.text("machine_type")},
            "replica_count": 1,
        }])
    });
    let first = match &mut pools {
        Json::Array(pools) => pools
            .first_mut()
            .ok_or_else(|| OriginalError::new(ErrorClass::IndexError, "list index out of range"))?,
        other => return Err(mapping::no_attribute(other, "__getitem__")),
    };
    let container = json!({
        "image_uri": image.value,
        "command": command.split(' ').collect::<Vec<_>>(),
        "args": [],
        "env": env.to_list(None)?,
    });
    mapping::assignable(first)?.insert("container_spec".to_owned(), container);

    let mut spec = serde_json::Map::new();
    spec.insert("worker_pool_specs".to_owned(), pools);
    for name in ["network", "scheduling"] {
        if let Some(value) = config.value(name) {
            spec.insert(name.to_owned(), value.clone());
        }
    }
    let account = config.text("service_account").or(agent.service_account.as_deref());
    spec.insert("service_account".to_owned(), account.into());
    let display_name = slugify_words(&format!("{}-{}", run.flow.name, run.name), MAX_NAME);
    Ok(VertexJob {
        parent: agent.parent(),
        custom_job: json!({"display_name": display_name, "job_spec": spec}),
    })
}

/// The page of a created job, by the full name that the API answered with.
pub fn console_url(job: &str) -> String {
    let path = job.split('/').skip(2).collect::<Vec<_>>().join("/").replace("customJobs", "training");
    format!("https://console.cloud.google.com/vertex-ai/{path}")
}

#[cfg(test)]
#[path = "vertex_tests.rs"]
mod tests;
