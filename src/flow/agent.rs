//! An agent's options as the original takes them (semantics 0.8, 2 to 6). It starts nothing and asks the machine
//! nothing: the host's name is given.

use serde_json::{Map, Value as Json};

use super::original::OriginalError;
use super::python;

/// The settings of the original's configuration file that rendering needs, with its defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `backend`
    pub backend: String,
    /// `cloud.api`
    pub api: String,
    /// `cloud.api_key`
    pub api_key: Option<String>,
    /// `cloud.tenant_id`
    pub tenant_id: Option<String>,
    /// `cloud.send_flow_run_logs`
    pub send_flow_run_logs: bool,
    /// `logging.level`
    pub logging_level: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backend: "cloud".to_owned(),
            api: "https://api.prefect.io".to_owned(),
            api_key: None,
            tenant_id: None,
            send_flow_run_logs: true,
            logging_level: "INFO".to_owned(),
        }
    }
}

/// The options of a local agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalAgent {
    /// The labels, in order, the host's name last where it was added.
    pub labels: Vec<String>,
    /// Variables of every run, as given.
    pub env_vars: Map<String, Json>,
    /// `None`: the setting `cloud.send_flow_run_logs` decides.
    pub no_cloud_logs: Option<bool>,
    /// Directories appended to PYTHONPATH.
    pub import_paths: Vec<String>,
    /// Whether runs write to the agent's standard output.
    pub show_flow_logs: bool,
}

impl LocalAgent {
    /// The agent that `options` describe, on the machine called `hostname`: the name is added to the labels unless
    /// it is among them or `hostname_label` is false (semantics 6).
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none.
    pub fn from_options(options: &Json, hostname: &str) -> Result<Self, OriginalError> {
        let empty = Map::new();
        let options = options.as_object().unwrap_or(&empty);
        let known = super::kind::AgentKind::Local.fields();
        if let Some(unknown) =
            options.keys().find(|name| known.iter().all(|field| field.name != name.as_str()))
        {
            let message = format!("LocalAgent.__init__() got an unexpected keyword argument '{unknown}'");
            return Err(OriginalError::type_error(message));
        }
        let given = |name: &str| options.get(name).filter(|value| python::truthy(value));
        let mut labels = texts(given("labels"))?;
        let hostname_label = options.get("hostname_label").is_none_or(python::truthy);
        if hostname_label && !labels.iter().any(|label| label == hostname) {
            labels.push(hostname.to_owned());
        }
        let env_vars = match given("env_vars") {
            None => Map::new(),
            Some(Json::Object(entries)) => entries.clone(),
            Some(other) => {
                let message = format!("'{}' object is not a mapping", python::type_name(other));
                return Err(OriginalError::type_error(message));
            }
        };
        Ok(Self {
            labels,
            env_vars,
            no_cloud_logs: options.get("no_cloud_logs").filter(|value| !value.is_null()).map(python::truthy),
            import_paths: texts(given("import_paths"))?,
            show_flow_logs: given("show_flow_logs").is_some(),
        })
    }

    /// Whether runs send their logs to the backend (semantics 0.8, step 7).
    pub fn log_to_cloud(&self, settings: &Settings) -> bool {
        self.no_cloud_logs.map_or(settings.send_flow_run_logs, |off| !off)
    }
}

fn texts(value: Option<&Json>) -> Result<Vec<String>, OriginalError> {
    match value {
        None => Ok(Vec::new()),
        Some(Json::Array(items)) => Ok(items.iter().map(python::text).collect()),
        Some(Json::String(text)) => Ok(text.chars().map(String::from).collect()),
        Some(other) => {
            let message = format!("'{}' object is not iterable", python::type_name(other));
            Err(OriginalError::type_error(message))
        }
    }
}
