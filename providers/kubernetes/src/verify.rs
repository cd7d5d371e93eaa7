//! Before a run depends on it: the rendered Job and a Pod of its template sent as server-side dry runs, so that admission,
//! quota and limits speak, and everything that they name looked up. It changes nothing in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{BoxFuture, Check, ErrorKind, Finding, ProviderError, ToVerify, Verification};
use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::PostParams;
use kube::core::Request;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::Doing;

/// How many calls are under way at once.
const CALLS: usize = 32;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// A ConfigMap.
    ConfigMap(String),
    /// A Secret.
    Secret(String),
    /// A Secret with what it takes to pull images.
    PullSecret(String),
    /// A service account.
    ServiceAccount(String),
}

/// Looks at all of it.
pub(crate) async fn verify(
    cluster: &Cluster,
    artifacts: &[ToVerify<'_>],
) -> Result<Verification, ProviderError> {
    let client = cluster.client().await?;
    let default = cluster.namespace().await?;
    // The server answers, and is the one that is meant.
    cluster.location().await?;
    let mut named: BTreeMap<(String, Named), BTreeSet<String>> = BTreeMap::new();
    let mut tasks: Vec<BoxFuture<'static, (Check, u64)>> = Vec::new();
    for asked in artifacts {
        let namespace = namespace_of(asked, &default);
        let Some(job) = asked.artifact.body.get("job") else { continue };
        for name in names(job) {
            named.entry((namespace.clone(), name)).or_default().insert(asked.flow.to_owned());
        }
        // What is laid over a template that is read when a run is started is no whole Job.
        if asked.artifact.body.get("job_template_path").is_some() {
            continue;
        }
        for (resource, object) in [("jobs", sendable(job)), ("pods", pod(job))] {
            let dry = DryRun { client: client.clone(), namespace: namespace.clone(), resource, object };
            tasks.push(Box::pin(dry.run(asked.flow.to_owned())));
        }
    }
    for ((namespace, name), flows) in named {
        tasks.push(Box::pin(look_up(client.clone(), namespace, name, flows.into_iter().collect())));
    }
    let done: Vec<(Check, u64)> = stream::iter(tasks).buffer_unordered(CALLS).collect().await;
    let calls = done.iter().map(|(_, calls)| calls).sum::<u64>().saturating_add(1);
    let mut checks: Vec<Check> = done.into_iter().map(|(check, _)| check).collect();
    checks.sort_by(|a, b| a.subject.cmp(&b.subject));
    Ok(Verification { checks, calls })
}

/// Where the flow's Jobs run: the agent's namespace, where the definition has one.
fn namespace_of(asked: &ToVerify<'_>, default: &str) -> String {
    let agent = asked.definition.pointer("/agent_defaults/kubernetes/namespace").and_then(Value::as_str);
    agent.filter(|namespace| !namespace.is_empty()).unwrap_or(default).to_owned()
}

struct DryRun {
    client: Client,
    namespace: String,
    resource: &'static str,
    object: Value,
}

impl DryRun {
    async fn run(self, flow: String) -> (Check, u64) {
        let what = if self.resource == "jobs" { "Job" } else { "Pod" };
        let subject = format!("{what} of flow `{flow}` in namespace `{}`", self.namespace);
        let doing = Doing::new("create", self.resource, &self.namespace);
        let sent = self.send().await.map_err(|error| (doing.quoted(&error), doing.failed(&error)));
        let (finding, calls) = match sent {
            Ok(()) => (Finding::Usable, 1),
            Err((said, error)) if error.kind == ErrorKind::Denied => {
                // The server forbids for want of a role as for a quota; which of them it is, it says when asked.
                match self.may_create().await {
                    // What a role allows and the server forbids all the same is not mended by a role.
                    Ok(true) => (Finding::Unusable(said), 2),
                    Ok(false) | Err(_) => (Finding::NotChecked(error.message), 2),
                }
            }
            Err((_, error)) => match error.kind {
                ErrorKind::Unavailable | ErrorKind::Throttled | ErrorKind::Internal => {
                    (Finding::NotChecked(error.message), 1)
                }
                _ => (Finding::Unusable(error.message), 1),
            },
        };
        (Check { subject, flows: vec![flow], finding }, calls)
    }

    async fn send(&self) -> Result<(), kube::Error> {
        let group = if self.resource == "jobs" { "/apis/batch/v1" } else { "/api/v1" };
        let path = format!("{group}/namespaces/{}/{}", self.namespace, self.resource);
        let params = PostParams { dry_run: true, ..PostParams::default() };
        post(&self.client, &path, &params, &self.object).await?;
        Ok(())
    }

    /// Whether the credentials may create such objects at all.
    async fn may_create(&self) -> Result<bool, kube::Error> {
        let group = if self.resource == "jobs" { "batch" } else { "" };
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": self.namespace, "verb": "create", "group": group, "resource": self.resource,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = post(&self.client, path, &PostParams::default(), &review).await?;
        Ok(answer.pointer("/status/allowed") == Some(&json!(true)))
    }
}

/// Sends an object as it is, unknown fields included.
async fn post(
    client: &Client,
    path: &str,
    params: &PostParams,
    object: &Value,
) -> Result<Value, kube::Error> {
    let body = object.to_string().into_bytes();
    let request = Request::new(path).create(params, body).map_err(kube::Error::BuildRequest)?;
    client.request(request).await
}

/// The Job with a generated name.
fn sendable(job: &Value) -> Value {
    let mut job = job.clone();
    if let Value::Object(fields) = &mut job {
        fields.insert("metadata".to_owned(), generated(fields.get("metadata")));
    }
    job
}

/// A Pod of the Job's template.
fn pod(job: &Value) -> Value {
    let metadata = generated(job.pointer("/spec/template/metadata"));
    let spec = job.pointer("/spec/template/spec").cloned().unwrap_or(Value::Null);
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
}

fn generated(metadata: Option<&Value>) -> Value {
    let mut fields = metadata.and_then(Value::as_object).cloned().unwrap_or_default();
    fields.remove("name");
    fields.remove("namespace");
    fields.insert("generateName".to_owned(), json!("flowform-verify-"));
    Value::Object(fields)
}

/// What a Job needs to be there.
pub(crate) fn names(job: &Value) -> BTreeSet<Named> {
    let mut found = BTreeSet::new();
    let Some(pod) = job.pointer("/spec/template/spec") else { return found };
    let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    found.extend(text(pod, "/serviceAccountName").map(Named::ServiceAccount));
    found.extend(
        list(pod, "imagePullSecrets").filter_map(|secret| text(secret, "/name")).map(Named::PullSecret),
    );
    for volume in list(pod, "volumes") {
        let projected = volume.get("projected").into_iter().flat_map(|source| list(source, "sources"));
        for (source, key) in
            [(volume, "/secret/secretName")].into_iter().chain(projected.map(|s| (s, "/secret/name")))
        {
            if needed(source.get("secret")) {
                found.extend(text(source, key).map(Named::Secret));
            }
            if needed(source.get("configMap")) {
                found.extend(text(source, "/configMap/name").map(Named::ConfigMap));
            }
        }
    }
    for container in ["containers", "initContainers"].into_iter().flat_map(|group| list(pod, group)) {
        let variables = list(container, "env").filter_map(|variable| variable.get("valueFrom"));
        for (source, secret, map) in variables
            .map(|source| (source, "secretKeyRef", "configMapKeyRef"))
            .chain(list(container, "envFrom").map(|source| (source, "secretRef", "configMapRef")))
        {
            let secret = source.get(secret).filter(|reference| needed(Some(reference)));
            found.extend(secret.and_then(|reference| text(reference, "/name")).map(Named::Secret));
            let map = source.get(map).filter(|reference| needed(Some(reference)));
            found.extend(map.and_then(|reference| text(reference, "/name")).map(Named::ConfigMap));
        }
    }
    found
}

/// Whether a reference has to lead somewhere.
fn needed(reference: Option<&Value>) -> bool {
    reference.is_some_and(|reference| reference.get("optional") != Some(&json!(true)))
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

async fn look_up(client: Client, namespace: String, named: Named, flows: Vec<String>) -> (Check, u64) {
    let (what, resource, name) = match &named {
        Named::ConfigMap(name) => ("config map", "configmaps", name),
        Named::Secret(name) => ("secret", "secrets", name),
        Named::PullSecret(name) => ("pull secret", "secrets", name),
        Named::ServiceAccount(name) => ("service account", "serviceaccounts", name),
    };
    let there = match &named {
        Named::ConfigMap(name) => is_there(Api::<ConfigMap>::namespaced(client, &namespace), name).await,
        Named::Secret(name) | Named::PullSecret(name) => {
            is_there(Api::<Secret>::namespaced(client, &namespace), name).await
        }
        Named::ServiceAccount(name) => {
            is_there(Api::<ServiceAccount>::namespaced(client, &namespace), name).await
        }
    };
    let doing = Doing::new("get", resource, &namespace).named(name);
    let finding = match there {
        Ok(true) => Finding::Usable,
        Ok(false) => Finding::Unusable(format!(
            "there is none of that name, and no Pod starts without it; create it in namespace `{namespace}`"
        )),
        Err(error) => Finding::NotChecked(doing.failed(&error).message),
    };
    (Check { subject: format!("{what} `{name}` in namespace `{namespace}`"), flows, finding }, 1)
}

/// Nothing of a Secret is read: its metadata tell that it is there.
async fn is_there<K>(api: Api<K>, name: &str) -> Result<bool, kube::Error>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    Ok(api.get_metadata_opt(name).await?.is_some())
}

#[cfg(test)]
mod tests;
