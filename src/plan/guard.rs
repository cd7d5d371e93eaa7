//! Refusals: plans that would do harm, each with its reason and the way round it where there is one.

use serde_json::Value as Json;

use super::artifacts::{KnownAgent, Rendering};
use super::live::{Live, Standing};
use super::model::{Action, Change, Operation, Planned};
use super::planner::PlanInput;
use super::steps::Decision;
use crate::desired::providers::REGISTRY;
use crate::desired::{DesiredFlow, DesiredTemplate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::check::{self, Taker};
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::labels;
use crate::flow::render::versioned::render;
use crate::registry::view::{FlowRecord, TemplateRecord};

/// A flow of that name belongs to another root configuration.
pub(super) fn foreign(flow: &DesiredFlow, record: &FlowRecord) -> Diagnostic {
    Diagnostic::error(
        "Flow of another root",
        format!(
            "A flow named `{}` exists already in this project and belongs to the root configuration `{}`, which declares it as `{}`.",
            record.name, record.root, record.address
        ),
    )
    .at(flow.span)
    .address(flow.address.to_string())
    .help("rename the flow, or remove it from the other root with a `removed` block first")
}

/// The flow is archived, and `version` names one of the versions that it had.
pub(super) fn held_and_archived(flow: &DesiredFlow, version: u32) -> Diagnostic {
    Diagnostic::error(
        "Archived flow",
        format!(
            "`{}` was archived, so it cannot be held at version {version}: declared again, it goes on with a new version.",
            flow.address
        ),
    )
    .at(flow.span)
    .address(flow.address.to_string())
    .help("remove `version` and apply; then the flow can be held at any of its versions again")
}

/// The recorded artifacts live somewhere that the credentials do not lead to.
pub(super) fn location(flow: &DesiredFlow, record: &FlowRecord, live: &Live) -> Option<Diagnostic> {
    let bound = record.wanted().into_iter().flat_map(|version| &version.artifacts);
    for binding in bound {
        if let Standing::Elsewhere(here) = live.standing(binding) {
            return Some(Diagnostic::error(
                "Another account",
                format!(
                    "The artifacts of `{}` are in {}, and the provider `{}` leads to {here}.",
                    record.name, binding.location, binding.provider
                ),
            )
            .at(flow.span)
            .address(flow.address.to_string())
            .help("use the credentials of the recorded place; to leave it for good, forget the flow with `flowform state rm` first"));
        }
    }
    None
}

/// An artifact is to be made that its backend does not take: it is too large, say. What the registry keeps has no such limits.
pub(super) fn refused(
    rendering: Rendering<'_>,
    flow: &DesiredFlow,
    operations: &[Operation],
    diags: &mut Diagnostics,
) {
    for operation in operations {
        let Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } = operation else {
            continue;
        };
        for planned in
            artifacts.iter().filter(|planned| planned.existing.is_none() && planned.provider != REGISTRY)
        {
            let artifact = &planned.artifact;
            let Some(why) = (rendering.types)(&artifact.kind).and_then(|kind| kind.refused(&artifact.body))
            else {
                continue;
            };
            let detail = format!(
                "The {} of `{}` cannot be made by the provider `{}`: {why}.",
                artifact.kind, flow.address, planned.provider
            );
            diags.push(
                Diagnostic::error("Artifact refused", detail)
                    .at(flow.span)
                    .address(flow.address.to_string())
                    .help("make the run config smaller: what is large belongs into a file or an object that the run reads; or leave the `provider` block out, and the registry keeps it"),
            );
        }
    }
}

/// A live object could not be read: it is not taken for absent.
pub(super) fn unreadable(flow: &DesiredFlow, notes: &[String]) -> Diagnostic {
    Diagnostic::error(
        "Live object not checked",
        format!(
            "What is live for `{}` could not be read, so nothing is decided about it: {}.",
            flow.address,
            notes.join("; ")
        ),
    )
    .at(flow.span)
    .address(flow.address.to_string())
    .help("give the credentials the right to read it, or go on without it with `--allow-unreadable`")
}

/// No declared agent of a fitting kind carries all the flow's labels. Says nothing while no such agent is declared
/// anywhere: agents may be run without being declared. The flow may ignore it, as any check that has a name.
pub fn label_coverage(flow: &DesiredFlow, agents: &[KnownAgent], diags: &mut Diagnostics) {
    let Some(wanted) = &flow.labels else { return };
    let takers =
        agents.iter().map(|agent| Taker { name: &agent.name, kind: agent.kind, labels: &agent.labels });
    let problem = check::coverage(flow.kind, wanted, takers);
    let told = problem.filter(|problem| check::is_told(problem, &flow.ignored_checks));
    diags.extend(told.map(|problem| problem.diagnostic().at(flow.span).address(flow.address.to_string())));
}

/// A universal flow that agents take, and that none of them can start.
pub fn startable(flow: &DesiredFlow, project: &str, agents: &[KnownAgent], diags: &mut Diagnostics) {
    let (Some(wanted), Some(known)) = (&flow.labels, &flow.known) else { return };
    if flow.kind != RunConfigKind::Universal {
        return;
    }
    let Ok(definition) = serde_json::from_str::<Json>(known.json.get()) else { return };
    let takes = |kind: &AgentKind| {
        agents.iter().any(|agent| agent.kind == *kind && labels::matches(&agent.labels, wanted))
    };
    let mut why = Vec::new();
    for kind in AgentKind::ALL.into_iter().filter(takes) {
        match render(&definition, &flow.name, project, kind) {
            Ok(_) => return,
            Err(error) => why.push(format!("by an agent of kind `{}`: {error}", kind.label())),
        }
    }
    if why.is_empty() {
        return;
    }
    diags.push(
        Diagnostic::error(
            "Flow that no agent can start",
            format!("`{}` cannot be started {}.", flow.address, why.join("; ")),
        )
        .at(flow.span)
        .address(flow.address.to_string())
        .help("declare an agent of another kind that takes it, or give the flow a run config, a storage and secrets that fit its agents"),
    );
}

/// An empty configuration, or more than a fifth of the flows archived. One flow may always go as long as others stay.
pub(super) fn mass_archive(input: PlanInput<'_>, ended: &[Decision], diags: &mut Diagnostics) {
    if input.options.allow_mass_archive {
        return;
    }
    let archived = ended.iter().filter(|decision| decision.change.action == Action::Archive).count();
    let recorded = input.recorded.own().count();
    if archived == 0 || recorded == 0 {
        return;
    }
    if input.evaluation.flows.is_empty() {
        diags.push(
            Diagnostic::error(
                "Empty configuration",
                format!("The configuration declares no flow, so all {recorded} recorded flows of this root would be archived."),
            )
            .help("check the directory (`--chdir`); if it is meant, add `--allow-mass-archive` or run `flowform destroy`"),
        );
    } else if archived > 1 && archived * 5 > recorded {
        diags.push(
            Diagnostic::error(
                "Many flows archived",
                format!("The plan archives {archived} of {recorded} flows, which is more than a fifth."),
            )
            .help("check that nothing went missing; `moved` blocks keep history across renames; if it is meant, add `--allow-mass-archive`"),
        );
    }
}

/// Something stands where a template is to be stored, and nothing records that it is ours.
pub(super) fn foreign_template(template: &DesiredTemplate, path: &str) -> Diagnostic {
    Diagnostic::error(
        "Foreign object in the way",
        format!("`{}` is to be stored at {path}, and what stands there was not stored by this project.", template.address),
    )
    .at(template.span)
    .address(template.address.to_string())
    .help("choose another `path`, or move away what stands there; to use it as it is, name it by `file` and leave `path` out")
}

/// Another root configuration stores a template there.
pub(super) fn template_of_another_root(
    template: &DesiredTemplate,
    root: &str,
    record: &TemplateRecord,
) -> Diagnostic {
    Diagnostic::error(
        "Template of another root",
        format!(
            "The template at {} belongs to the root configuration `{root}`, which declares it as `{}`.",
            record.uri, record.address
        ),
    )
    .at(template.span)
    .address(template.address.to_string())
    .help("choose another `path`, or remove it from the other root first")
}

/// What stands where a template is stored could not be read.
pub(super) fn unreadable_template(change: &Change) -> Diagnostic {
    Diagnostic::error(
        "Live object not checked",
        format!(
            "What is live for `{}` could not be read, so nothing is decided about it: {}.",
            change.address,
            change.notes.join("; ")
        ),
    )
    .address(change.address.as_str())
    .help("give the program the right to read it, or go on without it with `--allow-unreadable`")
}

/// `lifecycle { prevent_destroy = true }` of a template.
pub(super) fn protected_template(template: &DesiredTemplate) -> Diagnostic {
    Diagnostic::error(
        "Protected template",
        format!(
            "`{}` has `prevent_destroy = true`, and this plan would remove what it stores.",
            template.address
        ),
    )
    .at(template.span)
    .address(template.address.to_string())
    .help("remove `prevent_destroy`, leave the template where it is, or leave it out with `--exclude`")
}

/// `lifecycle { prevent_destroy = true }`.
pub(super) fn prevented(flow: &DesiredFlow) -> Diagnostic {
    Diagnostic::error(
        "Protected flow",
        format!("`{}` has `prevent_destroy = true`, and this plan would end it.", flow.address),
    )
    .at(flow.span)
    .address(flow.address.to_string())
    .help("remove `prevent_destroy`, or leave the flow out with `--exclude`")
}

/// An instance goes whose block has `prevent_destroy = true`.
pub(super) fn prevented_instance(address: &str, span: crate::source::Span) -> Diagnostic {
    Diagnostic::error(
        "Protected flow",
        format!("`{address}` is no longer declared, its block has `prevent_destroy = true`, and this plan would archive it."),
    )
    .at(span)
    .address(address)
    .help("declare the instance again, move it with a `moved` block, or remove `prevent_destroy`")
}
