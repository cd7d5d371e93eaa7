//! `plan`: shows what apply would change, and can save it.

use super::{Outcome, leave};
use crate::cli::args::{ModeArgs, PlanArgs, PlanningArgs};
use crate::cli::edge;
use crate::cli::estimate;
use crate::cli::failure::{self, Failure};
use crate::cli::planning::{self, Planning};
use crate::cli::run::Context;
use crate::cli::verify;
use crate::cli::workspace::Workspace;
use crate::diag::Diagnostics;
use crate::plan::Options;
use crate::plan::model::Mode;
use crate::plan::saved::{FORMAT, SavedPlan};
use crate::plan::select::Filters;
use crate::report::{self, json, plan as plan_report};

pub(in crate::cli) async fn run(context: &Context, args: &PlanArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let options = options(args.mode, &args.planning);
    let made_at = edge::now();
    let (planning, diags) =
        make(&workspace, &options, made_at, args.planning.warnings_as_errors, diags).await?;
    let plan = &planning.plan;
    if let Some(path) = &args.out {
        let saved = SavedPlan {
            format: FORMAT,
            flowform: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            options,
            plan: plan.clone(),
            configuration: workspace.keep(),
        };
        let bytes = serde_json::to_vec(&saved)
            .map_err(|error| failure::file("written", path, &std::io::Error::other(error)))?;
        edge::write(path, &bytes).map_err(|error| failure::file("written", path, &error))?;
    }
    let verified = match args.verify {
        true => Some(verify::verify(&workspace, &planning).await?),
        false => None,
    };
    if context.json {
        let warnings = json::diagnostics::items(&diags, &workspace.sources);
        let mut document = json::plan::document(plan, warnings);
        document.verified = verified.as_ref().map(|found| found.checks.iter().map(Into::into).collect());
        context.terminal.out(&json::text(&document));
    } else {
        context.warn(&diags, &workspace.sources);
        show(context, plan, args.full);
        context.terminal.out(&estimate::told(&workspace, &planning));
        if let Some(found) = &verified {
            let text = report::verified::render(&found.checks, found.calls, context.terminal.width());
            context.terminal.out(&format!("\n{text}"));
        }
        if !plan.is_empty() {
            let saved = args.out.as_ref().map(|path| path.display().to_string());
            context.terminal.err(&format!("\n{}\n", plan_report::next_step(saved.as_deref())));
        }
    }
    let unusable = verified.is_some_and(|found| report::verified::has_unusable(&found.checks));
    let changes = args.detailed_exitcode && !planning.plan.is_empty();
    leave((planning, workspace));
    Ok(if unusable {
        Outcome::Failed
    } else if changes {
        Outcome::Changes
    } else {
        Outcome::Done
    })
}

/// Plans for `plan`, `apply` and `destroy` alike.
///
/// # Errors
/// The configuration, the record or a guard has errors; with `strict`, or warnings.
pub(super) async fn make(
    workspace: &Workspace,
    options: &Options,
    now: jiff::Timestamp,
    strict: bool,
    mut diags: Diagnostics,
) -> Result<(Planning, Diagnostics), Failure> {
    if diags.has_errors() {
        // What evaluation alone can find is told together with it.
        crate::desired::evaluate(workspace.inputs(), &crate::desired::NothingKnown, &mut diags);
        return Err(Failure::new(diags, workspace.sources.clone()));
    }
    let read = planning::read(workspace).await?;
    let planning = planning::make(workspace, read, options, now, &mut diags).await?;
    if strict {
        diags.make_strict();
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, workspace.sources.clone()));
    }
    Ok((planning, diags))
}

/// Prints a plan for people.
pub(super) fn show(context: &Context, plan: &crate::plan::model::Plan, full: bool) {
    let (theme, width) = (context.terminal.theme(), context.terminal.width());
    let text = plan_report::render(plan, plan_report::Options { full, theme, width });
    context.terminal.out(&format!("{}\n", text.trim_end()));
}

/// What was typed as planner options.
pub(super) fn options(mode: ModeArgs, planning: &PlanningArgs) -> Options {
    let mode = match (mode.refresh_only, mode.destroy) {
        (true, _) => Mode::RefreshOnly,
        (_, true) => Mode::Destroy,
        (false, false) => Mode::Normal,
    };
    Options {
        mode,
        filters: Filters {
            targets: planning.targets.clone(),
            excludes: planning.excludes.clone(),
            replace: planning.replaces.clone(),
        },
        allow_unreadable: planning.allow_unreadable,
        allow_mass_archive: planning.allow_mass_archive,
    }
}
