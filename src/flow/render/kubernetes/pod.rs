//! The pod of a Job: account, pull secrets, restart policy, its first container and that container's resources
//! (semantics 3).

use serde_json::{Map, Value as Json, json};

use crate::flow::agent::KubernetesAgent;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::mapping::{assignable, item, mapping_at, no_attribute, set_default};
use crate::flow::render::run::full;
use crate::flow::run_config::KubernetesRun;

/// Sets what the pod has beside its containers. Account and secrets: the run config's, else what a template of the run
/// config has, else the agent's, else what the agent's own template has.
pub(super) fn configure(
    pod: &mut Json,
    config: &KubernetesRun,
    agent: &KubernetesAgent,
) -> Result<(), OriginalError> {
    let own_template = config.job_template.as_ref().is_some_and(|template| !template.is_empty())
        || full(&config.job_template_path).is_some();
    let kept = |pod: &Json, key: &str| match pod {
        Json::Object(fields) => Ok(fields.contains_key(key) && own_template),
        // These can be asked too; what follows finds that they are no mapping.
        Json::Array(_) | Json::String(_) => Ok(false),
        other => Err(OriginalError::type_error(format!(
            "argument of type '{}' is not iterable",
            python::type_name(other)
        ))),
    };
    let account = match config.service_account_name.as_deref() {
        Some(account) => Some(account),
        None if kept(pod, "serviceAccountName")? => None,
        None => agent.service_account_name.as_deref(),
    };
    if let Some(account) = account {
        assignable(pod)?.insert("serviceAccountName".to_owned(), account.into());
    }

    let given = config.image_pull_secrets.as_ref().filter(|secrets| !secrets.is_empty());
    let secrets = match given {
        Some(secrets) => Some(secrets),
        None if kept(pod, "imagePullSecrets")? => None,
        None => agent.image_pull_secrets.as_ref(),
    };
    if let Some(secrets) = secrets {
        let list = secrets.iter().map(|name| json!({ "name": name })).collect();
        assignable(pod)?.insert("imagePullSecrets".to_owned(), list);
    }
    set_default(pod, "restartPolicy", "Never".into())?;
    Ok(())
}

/// The container that runs the flow: the first one, whatever its name; one without a name where there is none.
pub(super) fn first_container(pod: &mut Json) -> Result<&mut Json, OriginalError> {
    let containers = set_default(pod, "containers", json!([]))?;
    if !python::truthy(containers) {
        match containers {
            Json::Array(containers) => containers.push(Json::Object(Map::new())),
            other => return Err(no_attribute(other, "append")),
        }
    }
    match containers {
        Json::Array(containers) => containers.first_mut().ok_or_else(|| OriginalError::key("0")),
        // A mapping has no key 0; the first character of a text has no method `get`.
        Json::Object(_) => Err(OriginalError::new(crate::flow::original::ErrorClass::KeyError, "0")),
        text @ Json::String(_) => Err(no_attribute(text, "get")),
        other => Err(OriginalError::type_error(format!(
            "'{}' object is not subscriptable",
            python::type_name(other)
        ))),
    }
}

/// Requests and limits: both always there, with the run config's values over the template's.
pub(super) fn resources(container: &mut Json, config: &KubernetesRun) -> Result<(), OriginalError> {
    mapping_at(container, &["resources", "requests"])?;
    mapping_at(container, &["resources", "limits"])?;
    let resources = item(container, "resources")?;
    for (value, part, key) in [
        (&config.memory_request, "requests", "memory"),
        (&config.memory_limit, "limits", "memory"),
        (&config.cpu_request, "requests", "cpu"),
        (&config.cpu_limit, "limits", "cpu"),
    ] {
        if let Some(value) = full(value) {
            assignable(item(resources, part)?)?.insert(key.to_owned(), value.into());
        }
    }
    Ok(())
}
