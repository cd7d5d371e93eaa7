//! The options of the agent that starts Kubernetes Jobs, and the variables of its process that stand in for them
//! (semantics 3).

use serde_json::Value as Json;

use super::{Common, Options, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// The options of a Kubernetes agent. `volumes` and `volume_mounts` are accepted and ignored, as in the original.
#[derive(Clone, Debug, PartialEq)]
pub struct KubernetesAgent {
    /// What every kind has.
    pub common: Common,
    /// Where Jobs are submitted: the option, else `NAMESPACE`, else `default`.
    pub namespace: String,
    /// The option, else `SERVICE_ACCOUNT_NAME`.
    pub service_account_name: Option<String>,
    /// The option, else `IMAGE_PULL_SECRETS`, split at commas.
    pub image_pull_secrets: Option<Vec<String>>,
    /// Where the default template is, read for each run; `None` is the built-in one.
    pub job_template_path: Option<String>,
    /// Whether finished Jobs are deleted: the option, and `DELETE_FINISHED_JOBS` is not set or exactly `True`.
    pub delete_finished_jobs: bool,
}

impl KubernetesAgent {
    /// The agent that `options` describe.
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none.
    pub fn from_options(options: &Json, surroundings: &Surroundings<'_>) -> Result<Self, OriginalError> {
        let options = Options::new(options, AgentKind::Kubernetes)?;
        let common = Common::from_options(&options, surroundings.settings)?;
        let variable = |name: &str| surroundings.process_env.get(name).cloned();
        let image_pull_secrets = match options.texts("image_pull_secrets")? {
            Some(secrets) => Some(secrets),
            None => variable("IMAGE_PULL_SECRETS")
                .filter(|secrets| !secrets.is_empty())
                .map(|secrets| secrets.split(',').map(|secret| secret.trim().to_owned()).collect()),
        };
        let delete = options.entries.and_then(|entries| entries.get("delete_finished_jobs"));
        Ok(Self {
            common,
            namespace: options
                .text("namespace")
                .or_else(|| variable("NAMESPACE"))
                .unwrap_or_else(|| "default".to_owned()),
            service_account_name: options
                .text("service_account_name")
                .or_else(|| variable("SERVICE_ACCOUNT_NAME")),
            image_pull_secrets,
            job_template_path: options.text("job_template_path"),
            delete_finished_jobs: delete.is_none_or(python::truthy)
                && variable("DELETE_FINISHED_JOBS").is_none_or(|value| value == "True"),
        })
    }
}
