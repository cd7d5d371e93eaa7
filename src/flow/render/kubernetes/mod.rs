//! The Job that the original's Kubernetes agent submits for one flow run (semantics 3). It sends nothing and checks
//! nothing that the original does not check.

mod pod;

use serde_json::{Map, Value as Json, json};

use super::mapping::{assignable, item, mapping_at, no_attribute, set_default};
use super::run::{FlowRun, full, other_kind};
use super::{command, environment, image};
use crate::flow::agent::{KubernetesAgent, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::location::read_document;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::{KubernetesRun, RunConfig};

/// How much of a template's name stays: the name of a pod has 63 characters, of which the identifiers take 15.
const MAX_NAME: usize = 48;

/// A Job to submit.
#[derive(Clone, Debug, PartialEq)]
pub struct KubernetesJob {
    /// Where: the agent's namespace, whatever the template says.
    pub namespace: String,
    /// The Job.
    pub job: Json,
}

impl KubernetesJob {
    /// The name of the Job.
    pub fn name(&self) -> &str {
        self.job.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default()
    }
}

/// The template that comes with the agent.
pub fn default_job_template() -> Json {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"template": {"spec": {"containers": [{"name": "flow"}]}}},
    })
}

/// The Job for a flow run. `identifier` is eight hexadecimal digits, fresh for each submission.
///
/// # Errors
/// `TypeError` for run configs of another kind, `KeyError` for a template without `spec.template.spec`, `TypeError` and
/// `AttributeError` for one whose parts are of other types, and what reading the template and loading the storage, the
/// run config and the version raises.
pub fn render(
    run: &FlowRun<'_>,
    agent: &KubernetesAgent,
    surroundings: &Surroundings<'_>,
    identifier: &str,
) -> Result<KubernetesJob, OriginalError> {
    let (run_env, config) = match run.config(AgentKind::Kubernetes, surroundings)? {
        RunConfig::Kubernetes { env, run, .. } => (env, run),
        other => return Err(other_kind(&other)),
    };
    let mut job = template(&config, agent, surroundings)?;
    identify(&mut job, run, identifier)?;

    let pod_spec = item(item(item(&mut job, "spec")?, "template")?, "spec")?;
    pod::configure(pod_spec, &config, agent)?;
    let container = pod::first_container(pod_spec)?;

    let template_image = match &*container {
        Json::Object(fields) => fields.get("image").cloned(),
        other => return Err(no_attribute(other, "get")),
    };
    let (image, _) = image::of_run(&run.flow, config.image.as_deref(), template_image.as_ref())?;
    let command = command::for_version(run.flow.core_version)?;
    let fields = assignable(container)?;
    fields.insert("image".to_owned(), image.clone());
    if let Some(policy) = &config.image_pull_policy {
        fields.insert("imagePullPolicy".to_owned(), policy.as_str().into());
    }
    fields.insert("args".to_owned(), command.split(' ').collect());
    let env = environment::of_run(
        AgentKind::Kubernetes,
        run,
        &agent.common,
        &run_env,
        Some(&image),
        surroundings.settings,
    );
    let list = env.to_list(fields.get("env"))?;
    fields.insert("env".to_owned(), list);
    pod::resources(container, &config)?;
    Ok(KubernetesJob { namespace: agent.namespace.clone(), job })
}

/// The run config's template, else that at its path, else the agent's, else the built-in one. They are not merged.
fn template(
    config: &KubernetesRun,
    agent: &KubernetesAgent,
    surroundings: &Surroundings<'_>,
) -> Result<Json, OriginalError> {
    if let Some(template) = config.job_template.as_ref().filter(|template| !template.is_empty()) {
        return Ok(Json::Object(template.clone()));
    }
    match full(&config.job_template_path).or(agent.job_template_path.as_deref()) {
        Some(path) => read_document(path, surroundings.read),
        None => Ok(default_job_template()),
    }
}

/// The name and the three labels, on the Job and on its pods.
fn identify(job: &mut Json, run: &FlowRun<'_>, identifier: &str) -> Result<(), OriginalError> {
    let metadata = mapping_at(job, &["metadata"])?;
    let name = match &*set_default(metadata, "name", "prefect-job".into())? {
        Json::String(name) => name.chars().take(MAX_NAME).collect::<String>(),
        Json::Array(items) => python::repr(&items.iter().take(MAX_NAME).cloned().collect()),
        Json::Object(_) => return Err(OriginalError::type_error("unhashable type: 'slice'")),
        other => {
            let message = format!("'{}' object is not subscriptable", python::type_name(other));
            return Err(OriginalError::type_error(message));
        }
    };
    let ours: Map<String, Json> = [
        ("prefect.io/identifier", identifier),
        ("prefect.io/flow_run_id", run.id),
        ("prefect.io/flow_id", run.flow.id),
    ]
    .map(|(name, value)| (name.to_owned(), value.into()))
    .into_iter()
    .collect();
    mapping_at(job, &["metadata", "labels"])?;
    mapping_at(job, &["spec", "template", "metadata", "labels"])?;
    assignable(mapping_at(job, &["metadata"])?)?
        .insert("name".to_owned(), format!("{name}-{identifier}").into());
    for path in [&["metadata", "labels"][..], &["spec", "template", "metadata", "labels"]] {
        match mapping_at(job, path)? {
            Json::Object(labels) => labels.extend(ours.clone()),
            other => return Err(no_attribute(other, "update")),
        }
    }
    Ok(())
}
