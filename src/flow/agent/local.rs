//! The options of the agent that starts processes on its own machine (semantics 6).

use serde_json::Value as Json;

use super::{Common, Options, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// The options of a local agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalAgent {
    /// What every kind has; among the labels the host's name is last where it was added.
    pub common: Common,
    /// Directories appended to PYTHONPATH.
    pub import_paths: Vec<String>,
    /// Whether runs write to the agent's standard output.
    pub show_flow_logs: bool,
}

impl LocalAgent {
    /// The agent that `options` describe: its host's name is added to the labels unless it is among them or
    /// `hostname_label` is false.
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none.
    pub fn from_options(options: &Json, surroundings: &Surroundings<'_>) -> Result<Self, OriginalError> {
        let options = Options::new(options, AgentKind::Local)?;
        let mut common = Common::from_options(&options, surroundings.settings)?;
        let hostname = surroundings.hostname;
        let hostname_label = options.entries.and_then(|entries| entries.get("hostname_label"));
        if hostname_label.is_none_or(python::truthy) && !common.labels.iter().any(|label| label == hostname) {
            common.labels.push(hostname.to_owned());
        }
        Ok(Self {
            common,
            import_paths: options.texts("import_paths")?.unwrap_or_default(),
            show_flow_logs: options.truthy("show_flow_logs").is_some(),
        })
    }
}
