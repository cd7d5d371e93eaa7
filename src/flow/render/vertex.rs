//! The CustomJob that the original's Vertex agent creates for one flow run (semantics 4). It sends nothing.

use serde_json::{Value as Json, json};

use super::run::{FlowRun, other_kind};
use super::{command, environment, image, mapping};
use crate::flow::agent::{Surroundings, VertexAgent};
use crate::flow::kind::AgentKind;
use crate::flow::original::{ErrorClass, OriginalError};
use crate::flow::run_config::RunConfig;
use crate::flow::slug::{cut, slugify};

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
    let (run_env, config) = match run.config(AgentKind::Vertex, surroundings)? {
        RunConfig::Vertex { env, run, .. } => (env, *run),
        other => return Err(other_kind(&other)),
    };
    let (image, _) = image::of_run(&run.flow, config.image.as_deref(), None)?;
    let command = command::for_version(run.flow.core_version)?;
    let env =
        environment::of_run(AgentKind::Vertex, run, &agent.common, &run_env, None, surroundings.settings);

    let mut pools = config.worker_pool_specs.unwrap_or_else(|| {
        vec![json!({
            "machine_spec": {"machine_type": config.machine_type},
            "replica_count": 1,
        })]
    });
    let first = pools
        .first_mut()
        .ok_or_else(|| OriginalError::new(ErrorClass::IndexError, "list index out of range"))?;
    let container = json!({
        "image_uri": image,
        "command": command.split(' ').collect::<Vec<_>>(),
        "args": [],
        "env": env.to_list(None)?,
    });
    mapping::assignable(first)?.insert("container_spec".to_owned(), container);

    let mut spec = serde_json::Map::new();
    spec.insert("worker_pool_specs".to_owned(), pools.into());
    if let Some(network) = config.network {
        spec.insert("network".to_owned(), network.into());
    }
    if let Some(scheduling) = config.scheduling {
        spec.insert("scheduling".to_owned(), scheduling.into());
    }
    let account = config.service_account.or_else(|| agent.service_account.clone());
    spec.insert("service_account".to_owned(), account.into());
    let display_name = cut(&slugify(&format!("{}-{}", run.flow.name, run.name)), MAX_NAME);
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
