//! What a plan knows of flows beyond the configuration: the recorded attributes of those that do not change.

use flowform_provider_api::{Binding, Digest, FlowId, RegistryId};
use serde_json::value::RawValue;

use super::effective::{effective, takes_from_latest};
use super::pin::{Hold, hold};
use super::planner::parse;
use super::recorded::{Match, Recorded};
use crate::desired::{DesiredFlow, FlowAttributes, Outcomes};
use crate::flow::render::versioned::start::{Version, document};
use crate::registry::view::VersionState;
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
        let (held, latest) = match hold(self.recorded, flow, record) {
            Hold::Configuration(version) | Hold::Rollback(version) => (record.version(version), false),
            Hold::None | Hold::Ended(_) => (record.latest(), true),
        };
        let Some(version) = held else { return attributes };
        let definition = self.recorded.definition(record, version);
        let settled_already = version.state == VersionState::Bound
            && record.archived.is_none()
            && record.name == flow.name
            && record.published == Some(version.version)
            && (!latest || is_configured(flow, version.digest.as_ref(), definition));
        match definition {
            Some(definition) if settled_already => settled(Settled {
                flow: &record.id,
                name: &flow.name,
                project: self.project,
                registry: self.recorded.view.map(|view| &view.registry),
                version: version.version,
                digest: version.digest.as_ref(),
                artifacts: &version.artifacts,
                definition: definition.get(),
            }),
            _ => attributes,
        }
    }
}

/// Whether the configured definition is the recorded one.
fn is_configured(flow: &DesiredFlow, digest: Option<&Digest>, definition: Option<&RawValue>) -> bool {
    let recorded = definition.filter(|_| takes_from_latest(flow)).and_then(parse);
    let (_, known) = effective(flow, recorded.as_ref());
    digest.is_some() && digest == known.as_ref().map(|known| &known.digest)
}

/// A version that is bound, as others refer to it.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// The flow.
    pub flow: &'a FlowId,
    /// Its name.
    pub name: &'a str,
    /// Its project.
    pub project: &'a str,
    /// The registry.
    pub registry: Option<&'a RegistryId>,
    /// The version.
    pub version: u32,
    /// The digest of its definition.
    pub digest: Option<&'a Digest>,
    /// Its artifacts.
    pub artifacts: &'a [Binding],
    /// Its definition.
    pub definition: &'a str,
}

/// The attributes of a bound version.
pub fn settled(version: Settled<'_>) -> FlowAttributes {
    let arn = version.artifacts.iter().find(|artifact| artifact.kind == "task_definition");
    let start = serde_json::from_str(version.definition).ok().map(|definition| {
        let artifacts: Vec<(&str, &str)> =
            version.artifacts.iter().map(|binding| (&*binding.kind, &*binding.id)).collect();
        let document = document(Version {
            name: version.name,
            project: version.project,
            registry: version.registry.map(RegistryId::as_str),
            version: Some(version.version),
            definition: &definition,
            artifacts: &artifacts,
        });
        from_json(document.get("start").unwrap_or(&serde_json::Value::Null))
    });
    FlowAttributes {
        id: Value::string(version.flow.as_str()),
        version: Value::int(i64::from(version.version)),
        digest: version.digest.map_or(Value::NULL, |digest| Value::string(digest.as_str())),
        task_definition_arn: arn.map_or(Value::NULL, |binding| Value::string(binding.id.as_str())),
        start: start.unwrap_or(Value::NULL),
    }
}
