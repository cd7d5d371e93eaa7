//! What a plan knows of flows beyond the configuration: the recorded attributes of those that do not change.

use flowform_provider_api::FlowId;

use super::effective::effective;
use super::recorded::{Match, Recorded};
use crate::desired::{DesiredFlow, FlowAttributes, Outcomes};
use crate::registry::view::{VersionRecord, VersionState};
use crate::value::{Value, from_json};

/// The record as the evaluator sees it at plan time.
pub struct Planned<'a> {
    /// The record.
    pub recorded: &'a Recorded<'a>,
    /// The project.
    pub project: &'a str,
    /// Whether the configuration declares a flow block of this name, for flows found by their name.
    pub declared: &'a dyn Fn(&str) -> bool,
}

impl Outcomes for Planned<'_> {
    fn attributes(&self, flow: &DesiredFlow) -> FlowAttributes {
        let (Match::Same(record) | Match::Moved(record) | Match::Again(record)) =
            self.recorded.find(flow, self.declared)
        else {
            return FlowAttributes::unknown();
        };
        let mut attributes = FlowAttributes::unknown();
        attributes.id = Value::string(record.id.as_str());
        let Some(version) = record.wanted() else { return attributes };
        let latest = record.latest().and_then(|latest| self.recorded.definition(record, latest));
        let latest = latest.and_then(|json| serde_json::from_str(json.get()).ok());
        let (_, known) = effective(flow, latest.as_ref());
        let unchanged = version.state == VersionState::Bound
            && record.archived.is_none()
            && record.name == flow.name
            && version.digest.is_some()
            && version.digest == known.as_ref().map(|known| known.digest.clone());
        if unchanged && let Some(known) = known {
            return settled(&record.id, version, &flow.name, self.project, known.json.get());
        }
        attributes
    }
}

/// The attributes of a bound version.
pub fn settled(
    flow: &FlowId,
    version: &VersionRecord,
    name: &str,
    project: &str,
    definition: &str,
) -> FlowAttributes {
    let arn = version.artifacts.iter().find(|artifact| artifact.kind == "task_definition");
    let start = serde_json::from_str(definition)
        .map(|definition| from_json(&crate::flow::render::start(name, project, version.version, &definition)));
    FlowAttributes {
        id: Value::string(flow.as_str()),
        version: Value::int(i64::from(version.version)),
        digest: version.digest.as_ref().map_or(Value::NULL, |digest| Value::string(digest.as_str())),
        task_definition_arn: arn.map_or(Value::NULL, |binding| Value::string(binding.id.as_str())),
        start: start.unwrap_or(Value::NULL),
    }
}
