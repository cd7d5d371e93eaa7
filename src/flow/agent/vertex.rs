//! The options of the agent that starts CustomJobs of Vertex AI (semantics 4).

use serde_json::Value as Json;

use super::{Common, Options, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::{ErrorClass, OriginalError};

/// The options of a Vertex agent.
#[derive(Clone, Debug, PartialEq)]
pub struct VertexAgent {
    /// What every kind has.
    pub common: Common,
    /// The project: the option, else that of the credentials.
    pub project: String,
    /// The region: `us-central1` when left out.
    pub region_name: String,
    /// The account of jobs whose run config names none.
    pub service_account: Option<String>,
}

impl VertexAgent {
    /// The agent that `options` describe.
    ///
    /// # Errors
    /// `TypeError` for an unknown option or a list or mapping that is none, `DefaultCredentialsError` without a
    /// project.
    pub fn from_options(options: &Json, surroundings: &Surroundings<'_>) -> Result<Self, OriginalError> {
        let options = Options::new(options, AgentKind::Vertex)?;
        let common = Common::from_options(&options, surroundings.settings)?;
        let project = options.text("project").or_else(|| surroundings.google_project.map(str::to_owned));
        let project = project.ok_or_else(|| {
            let message = "Project could not be determined from environment";
            OriginalError::new(ErrorClass::DefaultCredentialsError, message)
        })?;
        Ok(Self {
            common,
            project,
            region_name: options.text("region_name").unwrap_or_else(|| "us-central1".to_owned()),
            service_account: options.given("service_account").map(crate::flow::python::text),
        })
    }

    /// Where jobs are created: `projects/p/locations/r`.
    pub fn parent(&self) -> String {
        format!("projects/{}/locations/{}", self.project, self.region_name)
    }

    /// The host of the API.
    pub fn endpoint(&self) -> String {
        format!("{}-aiplatform.googleapis.com", self.region_name)
    }
}
