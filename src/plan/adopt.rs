//! An imported object: its version learns its definition when the configuration renders to the very object.

use flowform_provider_api::{ArtifactType as _, SCRIPT};
use serde_json::Value as Json;

use super::changes::{Context, Made, artifacts, change, decision, set_version};
use super::diff::{all_of, differences};
use super::model::{Action, Difference, Operation, Planned, PlannedArtifact, Reason};
use super::planner::boxed;
use super::steps::Decision;
use crate::desired::{DesiredFlow, KnownDefinition};
use crate::registry::view::{FlowRecord, VersionRecord};
use crate::value::Value;

/// An existing object that an `import` block names becomes version 1, as it is.
pub(super) fn import(context: &Context<'_>, flow: &DesiredFlow) -> Vec<Decision> {
    let address = flow.address.to_string();
    let Some(artifact) = context.input.imports.get(&address) else { return Vec::new() };
    let mut change = change(flow, Action::Adopt, Reason::Imported, None, Some(1));
    change.notes.push(format!(
        "{} will be imported; the plan after that compares it with the configuration",
        artifact.id
    ));
    let operation = Operation::Adopt { name: flow.name.clone(), address, artifact: artifact.clone() };
    vec![decision(context, flow, change, vec![operation])]
}

/// An adopted version: its definition is learnt when the configuration renders to the very object.
pub(super) fn adopted(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: &FlowRecord,
    version: &VersionRecord,
    definition: &Value,
    known: Option<&KnownDefinition>,
) -> Made {
    let planned = known.map(|known| artifacts(context, flow, Some(record), known)).unwrap_or_default();
    // A script is no part of what was imported; it is uploaded when the version is published.
    let backend: Vec<&PlannedArtifact> =
        planned.iter().filter(|wanted| wanted.artifact.kind != SCRIPT.kind()).collect();
    let equal = !backend.is_empty()
        && backend.iter().all(|wanted| {
            version
                .artifacts
                .iter()
                .any(|bound| bound.kind == wanted.artifact.kind && bound.hash == wanted.artifact.hash)
        });
    if equal && let Some(known) = known {
        let number = version.version;
        let mut change = change(flow, Action::Adopt, Reason::Imported, Some(number), Some(number));
        change.notes.push(
            "the imported object equals what the configuration renders to; it stays as it is".to_owned(),
        );
        let define = Operation::Define {
            flow: record.id.clone(),
            version: number,
            digest: known.digest.clone(),
            definition: boxed(&known.json),
        };
        let mut publish = set_version(context, flow, Some(record), number, true, &Some(known.clone()));
        if let Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } = &mut publish {
            for artifact in artifacts {
                artifact.existing = version
                    .artifacts
                    .iter()
                    .find(|bound| {
                        bound.kind == artifact.artifact.kind && bound.hash == artifact.artifact.hash
                    })
                    .cloned();
            }
        }
        return (change, vec![define, publish]);
    }
    let next = record.next_version();
    let mut change =
        change(flow, Action::Update, Reason::DefinitionChanged, Some(version.version), Some(next));
    change.differences =
        imported_differences(context, version, &planned).unwrap_or_else(|| all_of(definition));
    change.notes.push("the imported object differs from what the configuration renders to".to_owned());
    (change, vec![set_version(context, flow, Some(record), next, false, &known.cloned())])
}

/// The imported object against what would be made.
fn imported_differences(
    context: &Context<'_>,
    version: &VersionRecord,
    planned: &[PlannedArtifact],
) -> Option<Vec<Difference>> {
    let bound = version.artifacts.first()?;
    let wanted = planned.iter().find(|planned| planned.artifact.kind == bound.kind)?;
    let live = context.input.live.providers.get(&bound.provider)?.as_ref().ok()?;
    let body: &Json = live.artifacts.get(&bound.id)?.body.as_ref()?;
    Some(differences(body, &crate::value::from_json(&wanted.artifact.body)))
}
