//! `validate`: everything that can be known without a registry, credentials or a network.

use super::{Outcome, leave};
use crate::cli::args::ValidateArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::desired::data::NoData;
use crate::desired::{Inputs, NothingKnown, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::report::json;
use crate::report::text::count;

pub(in crate::cli) fn run(context: &Context, args: &ValidateArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let inputs = Inputs { tolerant: true, data: &NoData, ..workspace.inputs() };
    let mut evaluation = evaluate(inputs, &NothingKnown, &mut diags);
    diags.extend(std::mem::take(&mut evaluation.conditions.failed).into_iter().map(|(_, failed)| failed));
    let agents = crate::plan::artifacts::known_agents(
        &evaluation.agents,
        &crate::plan::live::Live::default(),
        &workspace.settings.root,
    );
    diags.extend(std::mem::take(&mut evaluation.checks).into_iter().flat_map(|check| check.found));
    let mut uncovered = Diagnostics::new();
    for flow in &evaluation.flows {
        crate::plan::label_coverage(flow, &agents, &mut uncovered);
        crate::plan::startable(flow, &workspace.settings.project, &agents, &mut uncovered);
    }
    // Another root may have published an agent that fits, which only a plan can see.
    diags.extend(
        uncovered
            .into_iter()
            .map(|diagnostic| Diagnostic { severity: crate::diag::Severity::Warning, ..diagnostic }),
    );
    if args.warnings_as_errors {
        diags.make_strict();
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, workspace.sources));
    }
    diags.sort();
    if context.json {
        context.terminal.out(&json::text(&json::diagnostics::document(&diags, &workspace.sources)));
    } else {
        context.warn(&diags, &workspace.sources);
        let flows = count(evaluation.flows.len(), "flow");
        context.terminal.out(&format!("The configuration is valid: {flows}.\n"));
    }
    leave((evaluation, workspace));
    Ok(Outcome::Done)
}
