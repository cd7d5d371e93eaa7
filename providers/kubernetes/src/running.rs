//! Which templates Jobs that have not ended were made from. It starts and stops nothing.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::ProviderError;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::ListParams;
use kube::core::ObjectList;

use crate::cluster::Cluster;
use crate::error::Doing;
use crate::names::{self, ObjectId};
use crate::page;

/// A Job that has not ended and was made from the object, as `namespace/name`.
pub(crate) async fn of(cluster: &Cluster, id: &ObjectId) -> Result<Option<String>, ProviderError> {
    let selector = format!("{}={}", names::TEMPLATE, id.name);
    for namespace in namespaces(cluster, &BTreeSet::from([id.namespace.clone()])) {
        let (jobs, _) = jobs(cluster, &namespace, &selector).await?;
        if let Some(job) = jobs.iter().find(|job| !ended(job)) {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            return Ok(Some(format!("{namespace}/{name}")));
        }
    }
    Ok(None)
}

/// The names of templates with a Job that has not ended, each with one such Job, and how many calls it took.
pub(crate) async fn all(
    cluster: &Cluster,
    templates_in: &BTreeSet<String>,
) -> Result<(BTreeMap<String, String>, u64), ProviderError> {
    let (mut found, mut calls) = (BTreeMap::new(), 0);
    for namespace in namespaces(cluster, templates_in) {
        let (jobs, pages) = jobs(cluster, &namespace, names::TEMPLATE).await?;
        calls += pages;
        for job in jobs.into_iter().filter(|job| !ended(job)) {
            let template = job.metadata.labels.as_ref().and_then(|labels| labels.get(names::TEMPLATE));
            if let Some(template) = template {
                let name = job.metadata.name.as_deref().unwrap_or_default();
                found.entry(template.clone()).or_insert_with(|| format!("{namespace}/{name}"));
            }
        }
    }
    Ok((found, calls))
}

fn namespaces(cluster: &Cluster, templates_in: &BTreeSet<String>) -> BTreeSet<String> {
    templates_in.iter().chain(&cluster.settings().job_namespaces).cloned().collect()
}

/// The Jobs that have not succeeded.
async fn jobs(cluster: &Cluster, namespace: &str, selector: &str) -> Result<(Vec<Job>, u64), ProviderError> {
    let api: Api<Job> = Api::namespaced(cluster.client().await?, namespace);
    let params = ListParams {
        label_selector: Some(selector.to_owned()),
        field_selector: Some("status.successful=0".to_owned()),
        ..ListParams::default()
    };
    let doing = Doing::new("list", "jobs", namespace);
    page::all(doing, &params, |params| Box::pin(list(api.clone(), params))).await
}

async fn list(api: Api<Job>, params: ListParams) -> Result<ObjectList<Job>, kube::Error> {
    api.list(&params).await
}

fn ended(job: &Job) -> bool {
    let Some(status) = &job.status else { return false };
    let conditions = status.conditions.iter().flatten();
    status.completion_time.is_some()
        || conditions
            .filter(|condition| condition.status == "True")
            .any(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed"))
}
