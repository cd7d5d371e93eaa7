//! The Job template of a `kubernetes` version (semantics 3). It creates nothing; names, and labels of a single run, are
//! added when a run is started.

use serde_json::{Map, Value as Json, json};

use super::super::image::From;
use super::super::origin::{Origin, Origins};
use super::super::runtime::{Contract, contract};
use super::{Input, RenderError, entry, image_origin};
use crate::flow::definition::is_secret_key;
use crate::flow::kind::AgentKind;

/// Where the container is, from the Job down.
pub(super) const CONTAINER: [&str; 5] = ["spec", "template", "spec", "containers", "0"];

/// The labels that hold a run's id, from the start down.
pub(super) const RUN_LABEL: [&[&str]; 2] = [
    &["job", "metadata", "labels", "flowform.io/run-id"],
    &["job", "spec", "template", "metadata", "labels", "flowform.io/run-id"],
];

/// The body: the whole `job`, and the names of the variables that are added per run.
///
/// With a template that is kept elsewhere there is also its `job_template_path`, and `job` is what is laid over the
/// template by whoever starts the run: objects by key, the first container over the first, variables by name.
pub(super) fn body(input: Input<'_>) -> Result<(Json, Origins), RenderError> {
    let of_agent = |name: &str| input.agent_default(AgentKind::Kubernetes, name);
    let remote = input.given("job_template_path").or_else(|| {
        of_agent("job_template_path").filter(|_| !input.given("job_template").is_some_and(is_given))
    });
    let (template, origin) = match (input.given("job_template"), of_agent("job_template")) {
        (Some(template), _) if is_given(template) => (template.clone(), Origin::Template),
        (None, _) if remote.is_some() => (json!({"spec": {"template": {"spec": {}}}}), Origin::Template),
        (_, Some(template)) if is_given(template) => (template.clone(), Origin::AgentDefault),
        _ => (built_in(), Origin::BuiltIn),
    };
    let Json::Object(mut job) = template else {
        return Err(RenderError::Template("job_template".to_owned(), "an object"));
    };
    let mut origins = Origins::of(origin);
    let pod = pod_spec(&mut job)?;

    let container = first_container(pod)?;
    if remote.is_some() {
        container.remove("name");
    }
    let own_image = container.get("image").and_then(Json::as_str);
    let (image, from) = input.image(own_image);
    // The image of a template that is not read is not known here.
    let known = remote.is_none() || from != From::BuiltIn;
    let contract = contract(input, AgentKind::Kubernetes, Some(&*image).filter(|_| known))?;
    if known {
        origins.set_from(&within("image"), image_origin(from, origin), "image");
        container.insert("image".to_owned(), image.into());
    }
    container.insert("args".to_owned(), contract.command.clone().into());
    origins.set(&within("args"), contract.command_origin());
    if let Some(policy) = input.given("image_pull_policy") {
        container.insert("imagePullPolicy".to_owned(), policy.clone());
        origins.set_from(&within("imagePullPolicy"), Origin::RunConfig, "image_pull_policy");
    }
    environment(container, &contract, origin, &mut origins)?;
    resources(container, input, &mut origins)?;

    service_account(pod, input, origin, &mut origins);
    pull_secrets(pod, input, origin, &mut origins);
    if remote.is_none() && pod.get("restartPolicy").is_none_or(Json::is_null) {
        pod.insert("restartPolicy".to_owned(), "Never".into());
        origins.set(&["job", "spec", "template", "spec", "restartPolicy"], Origin::BuiltIn);
    }
    origins.set(&["per_run"], Origin::Runtime);
    let mut body = json!({ "job": job, "per_run": contract.per_run });
    if let (Some(path), Json::Object(fields)) = (remote, &mut body) {
        fields.insert("job_template_path".to_owned(), path.clone());
        origins.set_from(&["job_template_path"], Origin::RunConfig, "job_template_path");
    }
    Ok((body, origins))
}

/// Templates count when they hold something (semantics 3: by truthiness).
fn is_given(template: &Json) -> bool {
    template.as_object().is_some_and(|entries| !entries.is_empty())
}

/// The original's own template.
fn built_in() -> Json {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"template": {"spec": {"containers": [{"name": "flow"}]}}},
    })
}

/// The path of a field of the container in the body.
fn within(field: &str) -> [&str; 7] {
    let [a, b, c, d, e] = CONTAINER;
    ["job", a, b, c, d, e, field]
}

fn pod_spec(job: &mut Map<String, Json>) -> Result<&mut Map<String, Json>, RenderError> {
    let spec = entry(job, "spec", "spec")?;
    let template = entry(spec, "template", "spec.template")?;
    match template.get_mut("spec") {
        Some(Json::Object(pod)) => Ok(pod),
        _ => Err(RenderError::Template("spec.template.spec".to_owned(), "an object, and a Job needs it")),
    }
}

/// The first container, whatever its name; one without a name where there is none.
fn first_container(pod: &mut Map<String, Json>) -> Result<&mut Map<String, Json>, RenderError> {
    let wrong = || RenderError::Template("spec.template.spec.containers".to_owned(), "a list of objects");
    let containers = pod.entry("containers").or_insert_with(|| json!([]));
    if containers.is_null() {
        *containers = json!([]);
    }
    let containers = containers.as_array_mut().ok_or_else(wrong)?;
    if containers.is_empty() {
        // The original adds one without a name, which the cluster refuses.
        containers.push(json!({"name": "flow"}));
    }
    containers.first_mut().and_then(Json::as_object_mut).ok_or_else(wrong)
}

/// Ours in order, then the template's of other names.
fn environment(
    container: &mut Map<String, Json>,
    contract: &Contract,
    template: Origin,
    origins: &mut Origins,
) -> Result<(), RenderError> {
    let mut env = Vec::new();
    let mut note = |index: usize, origin: Origin, name: &str| {
        let index = index.to_string();
        let [a, b, c, d, e, f, _] = within("");
        origins.set_from(&[a, b, c, d, e, f, "env", &index], origin, format!("env.{name}"));
    };
    for (name, (value, origin)) in &contract.env {
        note(env.len(), *origin, name);
        env.push(json!({"name": name, "value": value}));
    }
    for (name, reference) in &contract.secret_env {
        let Some((secret, key)) = reference.split_once('/').filter(|_| is_secret_key(reference)) else {
            return Err(RenderError::UnresolvableSecret(name.clone(), AgentKind::Kubernetes.label()));
        };
        note(env.len(), Origin::RunConfig, name);
        env.push(json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}));
    }
    let theirs = match container.remove("env") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(entries)) => entries,
        Some(_) => return Err(RenderError::Template("containers[0].env".to_owned(), "a list")),
    };
    for variable in theirs {
        let name = variable.get("name").and_then(Json::as_str).unwrap_or_default();
        if !contract.sets(name) {
            note(env.len(), template, name);
            env.push(variable);
        }
    }
    container.insert("env".to_owned(), env.into());
    Ok(())
}

fn resources(
    container: &mut Map<String, Json>,
    input: Input<'_>,
    origins: &mut Origins,
) -> Result<(), RenderError> {
    for (argument, kind, resource) in [
        ("cpu_limit", "limits", "cpu"),
        ("cpu_request", "requests", "cpu"),
        ("memory_limit", "limits", "memory"),
        ("memory_request", "requests", "memory"),
    ] {
        let Some(value) = input.given(argument) else { continue };
        let resources = entry(container, "resources", "containers[0].resources")?;
        entry(resources, kind, "containers[0].resources.*")?.insert(resource.to_owned(), value.clone());
        let [a, b, c, d, e, f, _] = within("");
        origins.set_from(&[a, b, c, d, e, f, "resources", kind, resource], Origin::RunConfig, argument);
    }
    Ok(())
}

/// The run config's, else the one in a template of the run config, else the agent's, else the template's.
fn service_account(pod: &mut Map<String, Json>, input: Input<'_>, template: Origin, origins: &mut Origins) {
    let at = ["job", "spec", "template", "spec", "serviceAccountName"];
    let in_template = template == Origin::Template && pod.contains_key("serviceAccountName");
    let of_agent =
        input.agent_default(AgentKind::Kubernetes, "service_account_name").filter(|_| !in_template);
    if let Some(account) = input.given("service_account_name") {
        pod.insert("serviceAccountName".to_owned(), account.clone());
        origins.set_from(&at, Origin::RunConfig, "service_account_name");
    } else if let Some(account) = of_agent {
        pod.insert("serviceAccountName".to_owned(), account.clone());
        origins.set_from(&at, Origin::AgentDefault, "service_account_name");
    }
}

/// In the same order; an empty list of the run config is none, and the winner is the whole list.
fn pull_secrets(pod: &mut Map<String, Json>, input: Input<'_>, template: Origin, origins: &mut Origins) {
    let at = ["job", "spec", "template", "spec", "imagePullSecrets"];
    let named = |value: &Json| -> Option<Json> {
        let names = value.as_array().filter(|names| !names.is_empty())?;
        Some(names.iter().map(|name| json!({ "name": name })).collect())
    };
    let in_template = template == Origin::Template && pod.contains_key("imagePullSecrets");
    let of_agent = input.agent_default(AgentKind::Kubernetes, "image_pull_secrets").filter(|_| !in_template);
    if let Some(secrets) = input.given("image_pull_secrets").and_then(named) {
        pod.insert("imagePullSecrets".to_owned(), secrets);
        origins.set_from(&at, Origin::RunConfig, "image_pull_secrets");
    } else if let Some(secrets) = of_agent.and_then(named) {
        pod.insert("imagePullSecrets".to_owned(), secrets);
        origins.set_from(&at, Origin::AgentDefault, "image_pull_secrets");
    }
}
