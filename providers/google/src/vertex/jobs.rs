//! CustomJobs that were started from stored specs and have not ended, found by their labels. It starts and ends none.

use std::collections::BTreeMap;

use flowform_provider_api::{ErrorKind, ProviderError, RegistryId};
use http::Method;
use serde::Deserialize;

use crate::connection::{Call, Connection, escape};
use crate::rate::Gate;

/// The label that says of which registry a job is a run.
const REGISTRY: &str = "flowform_registry";
/// The label that says which stored spec a job was started from.
const SPEC: &str = "flowform_spec";

/// The states in which a job has ended (Vertex AI, "JobState").
const ENDED: [&str; 5] = [
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
];

/// A job as listings have it.
#[derive(Debug, Deserialize)]
struct Job {
    #[serde(default)]
    name: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// A page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    custom_jobs: Vec<Job>,
    #[serde(default)]
    next_page_token: String,
}

/// By stored spec, why it must stay: one of its jobs that have not ended. Also in how many calls that was found.
pub(super) async fn unfinished(
    vertex: &Connection,
    requests: &Gate,
    parent: &str,
    registry: &RegistryId,
) -> Result<(BTreeMap<String, String>, u64), ProviderError> {
    let path = parent.split('/').map(escape).collect::<Vec<_>>().join("/");
    let going_on = ENDED.map(|state| format!(" AND state!=\"{state}\"")).concat();
    let filter = format!("labels.{REGISTRY}=\"{registry}\"{going_on}");
    let (mut found, mut calls, mut token) = (BTreeMap::new(), 0, String::new());
    loop {
        let mut query =
            vec![("filter", filter.as_str()), ("pageSize", "100"), ("readMask", "name,state,labels")];
        if !token.is_empty() {
            query.push(("pageToken", &token));
        }
        let call = Call {
            method: Method::GET,
            path: format!("/v1/{path}/customJobs"),
            query: &query,
            body: None,
            accept: "",
            what: &format!("list the CustomJobs of {parent}"),
            permission: "`aiplatform.customJobs.list`",
        };
        requests.pass().await;
        calls += 1;
        let answer = vertex.repeat(&call).await.map_err(|failure| failure.error)?;
        let page: Page = serde_json::from_slice(&answer.body).map_err(|error| {
            let message =
                format!("the list of the CustomJobs of {parent} is not what it is documented to be: {error}");
            ProviderError::new(ErrorKind::Internal, message)
        })?;
        for job in page.custom_jobs {
            // The filter has been applied, and is not relied on.
            let is_ours = job.labels.get(REGISTRY).map(String::as_str) == Some(registry.as_str());
            if let (Some(spec), true, false) = (job.labels.get(SPEC), is_ours, ENDED.contains(&&*job.state)) {
                let id = job.name.rsplit('/').next().unwrap_or_default();
                let state = job.state.trim_start_matches("JOB_STATE_").to_lowercase();
                found.entry(spec.clone()).or_insert_with(|| format!("CustomJob {id} runs from it ({state})"));
            }
        }
        if page.next_page_token.is_empty() {
            return Ok((found, calls));
        }
        token = page.next_page_token;
    }
}

/// What the label of jobs says that were started from the stored spec: `FLOW_v3` for `vertex/.../FLOW/v3-custom_job.json`.
pub(super) fn label_of(id: &str) -> Option<String> {
    let (place, name) = id.rsplit_once('/')?;
    Some(format!("{}_{}", place.rsplit('/').next()?, name.split('-').next()?))
}
