//! The settings of the original's configuration file that agents and rendering need. It reads no file.

use serde_json::{Map, Value as Json};

use crate::flow::python;

/// The settings, with the original's defaults.
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
    /// `cloud.agent.labels`, of agents that are given none.
    pub agent_labels: Vec<String>,
    /// `cloud.agent.env_vars`, of agents that are given none.
    pub agent_env_vars: Map<String, Json>,
    /// `logging.level`
    pub logging_level: String,
    /// `server.port`
    pub server_port: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backend: "cloud".to_owned(),
            api: "https://api.prefect.io".to_owned(),
            api_key: None,
            tenant_id: None,
            send_flow_run_logs: true,
            agent_labels: Vec::new(),
            agent_env_vars: Map::new(),
            logging_level: "INFO".to_owned(),
            server_port: "4200".to_owned(),
        }
    }
}

impl Settings {
    /// The defaults with those of `given` over them, by dotted name: `{"cloud.api": "http://localhost:4200"}`. Names
    /// that no rendering needs are passed over.
    pub fn from_dotted(given: &Json) -> Self {
        let mut settings = Self::default();
        let of = |name: &str| given.get(name).filter(|value| !value.is_null());
        let text = |name: &str, slot: &mut String| {
            if let Some(value) = of(name) {
                *slot = python::text(value);
            }
        };
        text("backend", &mut settings.backend);
        text("cloud.api", &mut settings.api);
        text("logging.level", &mut settings.logging_level);
        text("server.port", &mut settings.server_port);
        settings.api_key = of("cloud.api_key").map(python::text);
        settings.tenant_id = of("cloud.tenant_id").map(python::text);
        if let Some(value) = of("cloud.send_flow_run_logs") {
            settings.send_flow_run_logs = python::truthy(value);
        }
        if let Some(Json::Array(labels)) = of("cloud.agent.labels") {
            settings.agent_labels = labels.iter().map(python::text).collect();
        }
        if let Some(Json::Object(entries)) = of("cloud.agent.env_vars") {
            settings.agent_env_vars = entries.clone();
        }
        settings
    }

    /// The API key, where there is one: an empty key counts as none.
    pub fn key(&self) -> Option<&str> {
        self.api_key.as_deref().filter(|key| !key.is_empty())
    }
}
