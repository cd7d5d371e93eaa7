//! `flow` blocks: one instance to a desired flow with its definition.

mod reader;

use std::sync::Arc;

use flowform_provider_api::{Digest, canonical_json};
use serde_json::value::RawValue;

use super::evaluator::Inputs;
use super::exact::inexact;
use super::frames::FrameId;
use super::nested::nested;
use super::resource::{self, without_identity};
use super::scope::BlockScope;
use super::script;
use super::{DesiredAgent, DesiredFlow, KnownDefinition};
use crate::address::{Address, PathStep};
use crate::config::model::{Node, NodeId, Resource};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::definition::{FlowInputs, build};
use crate::flow::kind::StorageKind;
use crate::flow::render::versioned::ArtifactKind;
use crate::value::{Kind, Type, Value, to_json};
use reader::{KEEP_VERSIONS, Reader};

/// The largest definition, in bytes of its JSON: every backend takes less.
const MAX_DEFINITION: usize = 1 << 20;

/// The part of a definition that says which server its template was read from.
pub const TEMPLATE_SOURCE: &str = "template_source";

/// The block that a flow is an instance of.
#[derive(Clone, Copy)]
pub(super) struct FlowContext<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) id: NodeId,
    pub(super) frame: FrameId,
    pub(super) node: &'a Node,
    pub(super) resource: &'a Resource,
    /// The agents that are evaluated so far: all but those that refer to a flow.
    pub(super) agents: &'a [DesiredAgent],
}

/// Evaluates one instance.
pub(super) fn flow(
    context: FlowContext<'_>,
    address: Address,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> DesiredFlow {
    let nested = nested(&context.resource.blocks, scope, diags);
    let reader = Reader { context, address: &address, scope, nested: &nested };
    let name = reader.name(diags);
    let (kind, run_config) = reader.run_config(diags);
    let storage = reader.reference("storage", StorageKind::from_label, diags);
    // A storage that is named and not to be had has its diagnostic already.
    let unresolved = storage.is_err();
    let storage = storage.ok().flatten();
    let schedules = reader.schedules(diags);
    let agent = reader.agent(diags);
    let settings = context.inputs.settings;
    let addresses: Vec<String> = context.agents.iter().map(|agent| agent.address.to_string()).collect();
    let declared = resource::declared(context.agents, &addresses);
    let arguments = run_config.as_ref().map(without_identity);
    let uploads = storage.as_ref().and_then(|(kind, value)| Some((*kind, resource::script_text(value)?)));
    let mut of_script = Vec::new();
    let stored = storage.as_ref().map(|(kind, value)| {
        let arguments = without_identity(value);
        let stored = match uploads {
            Some((_, text)) => {
                script::complete(arguments, text, (&context.inputs.settings.project, &name), &mut of_script)
            }
            None => arguments,
        };
        (*kind, stored)
    });
    let serving = agent.as_ref().map(|(kind, value)| (*kind, without_identity(value)));
    let providers = reader.providers(run_config.as_ref());
    let keeper = settings.providers.get(&providers.keeper(ArtifactKind::TaskDefinition));
    let of_keeper =
        |name: &str| keeper.and_then(|keeper| keeper.values.get(name)).cloned().unwrap_or(Value::NULL);
    let (mut definition, mut problems) = build(&FlowInputs {
        name: &name,
        prefect_version: &settings.prefect_version,
        run_config: arguments.as_ref().map(|value| (kind, value)),
        storage: stored.as_ref().map(|(kind, value)| (*kind, value)),
        agent: serving.as_ref().map(|(kind, value)| (*kind, value)),
        agent_address: agent.as_ref().and_then(|(_, value)| value.get("address")?.as_str()),
        agents: &declared,
        default_labels: &settings.default_labels,
        labels: &reader.value("labels", diags),
        parameters: &reader.value("parameters", diags),
        schedules: &schedules,
        secret_env: &Value::NULL,
        runtime: &reader.value("runtime", diags),
        command: &reader.value("command", diags),
        family: &reader.value("family", diags),
        source_hash: &reader.value("source_hash", diags),
        default_logs: (&of_keeper("default_log_group"), &of_keeper("region")),
    });
    problems.extend(of_script);
    let ignored_checks = reader.ignored_checks(diags);
    for problem in problems.iter().filter(|problem| resource::is_to_tell(problem, &ignored_checks)) {
        if unresolved && problem.path.first() == Some(&PathStep::Key("storage".to_owned())) {
            continue;
        }
        diags.push(reader.diagnostic(problem, run_config.as_ref(), storage.as_ref().map(|(_, value)| value)));
    }
    for path in inexact(&definition) {
        let span =
            reader.places(run_config.as_ref(), storage.as_ref().map(|(_, value)| value)).locate(&path).span;
        diags.push(
            Diagnostic::error(
                "Number without an exact form",
                format!(
                    "`{}` has more digits than a number of a recorded definition keeps.",
                    crate::address::path_text(&path)
                ),
            )
            .at(span)
            .help("write it as a text, in quotes"),
        );
    }
    let remote_template = resource::remote_template_of(run_config.as_ref());
    if let (Some(remote), Kind::Object(entries)) = (&remote_template, &mut definition.kind) {
        Arc::make_mut(entries).insert(TEMPLATE_SOURCE.into(), Value::string(remote.url.as_str()));
    }
    if let Some((kind, text)) = uploads {
        script::add(&mut definition, kind, text);
    }
    let mut known = known(&definition);
    if known.as_ref().is_some_and(|known| known.json.get().len() > MAX_DEFINITION) {
        diags.push(
            Diagnostic::error(
                "Definition too large",
                format!("The definition of `{address}` has more than {} MiB.", MAX_DEFINITION >> 20),
            )
            .at(context.node.header)
            .address(address.to_string())
            .help("keep large data where the flow can read it, and hand over the place"),
        );
        // Flows that refer to this one would only repeat it.
        (definition, known) = (Value::unknown(Type::Any), None);
    }
    let labels = definition.get("run_config").and_then(|value| value.get("labels")).and_then(texts);
    DesiredFlow {
        node: context.id,
        frame: context.frame,
        span: context.node.header,
        kind,
        providers,
        run_config: run_config.as_ref().and_then(|value| value.get("address")?.as_str().map(str::to_owned)),
        written_by: resource::written(run_config.as_ref()),
        remote_template,
        known,
        definition,
        labels,
        keep_versions: reader.whole("keep_versions", diags).unwrap_or(KEEP_VERSIONS),
        keep_for: reader.keep_for(diags),
        version: reader.whole("version", diags),
        prevent_destroy: resource::prevent_destroy(context.resource, &address.to_string(), scope, diags),
        ignored_checks,
        ignore_changes: reader.ignore_changes(diags),
        name,
        address,
    }
}

/// The definition as canonical JSON with its digest, when all of it is known.
pub fn known(definition: &Value) -> Option<KnownDefinition> {
    let text = canonical_json(&to_json(definition)?);
    let digest = Digest::of_bytes(text.as_bytes());
    let json: Box<RawValue> = RawValue::from_string(text).ok()?;
    Some(KnownDefinition { json: Arc::from(json), digest })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_slice()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
