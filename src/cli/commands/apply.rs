//! `apply` and `destroy`: plan, show, ask, carry out; or carry out a saved plan.

use std::path::Path;

use tokio::sync::mpsc;

use super::plan::{make, options, show};
use super::{AUTO_APPROVE, Outcome};
use crate::apply::event::{ApplyEvent, ApplyReport};
use crate::cli::applying::{self, Order};
use crate::cli::args::{ApplyArgs, DestroyArgs, ModeArgs, PlanningArgs, WorkArgs};
use crate::cli::edge;
use crate::cli::estimate;
use crate::cli::failure::{self, Failure};
use crate::cli::planning::{self, Planning};
use crate::cli::run::Context;
use crate::cli::workspace::{Kept, Workspace};
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::Options;
use crate::plan::model::Mode;
use crate::plan::saved::{SavedPlan, decode};
use crate::report::progress::Progress;
use crate::report::{apply as report, json};

/// What to do where nobody can be asked.
const UNATTENDED: &str = "read the plan, then run the command again with --auto-approve; or save it with \
     `flowform plan --out FILE` and run `flowform apply FILE`, which asks nothing";

pub(in crate::cli) async fn run(context: &Context, args: &ApplyArgs) -> Result<Outcome, Failure> {
    if let Some(path) = &args.plan {
        return saved(context, args, path).await;
    }
    let mut diags = Diagnostics::new();
    let mut workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    workspace.force_conflicts = args.work.force_conflicts;
    let options = options(args.mode, &args.planning);
    let strict = args.planning.warnings_as_errors;
    let asking = Asking { strict, full: args.full, auto_approve: args.auto_approve, operation: "apply" };
    plan_and_apply(context, &workspace, &options, args.work, &asking, diags).await
}

pub(in crate::cli) async fn destroy(context: &Context, args: &DestroyArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let mut workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    workspace.force_conflicts = args.work.force_conflicts;
    let planning = PlanningArgs {
        targets: args.targets.clone(),
        excludes: args.excludes.clone(),
        allow_unreadable: args.allow_unreadable,
        ..PlanningArgs::default()
    };
    let options = options(ModeArgs { refresh_only: false, destroy: true }, &planning);
    let asking =
        Asking { strict: false, full: args.full, auto_approve: args.auto_approve, operation: "destroy" };
    plan_and_apply(context, &workspace, &options, args.work, &asking, diags).await
}

struct Asking {
    strict: bool,
    full: bool,
    auto_approve: bool,
    operation: &'static str,
}

async fn plan_and_apply(
    context: &Context,
    workspace: &Workspace,
    options: &Options,
    work: WorkArgs,
    asking: &Asking,
    diags: Diagnostics,
) -> Result<Outcome, Failure> {
    let made_at = edge::now();
    let (planning, diags) = make(workspace, options, made_at, asking.strict, diags).await?;
    context.warn(&diags, &workspace.sources);
    if !context.json {
        show(context, &planning.plan, asking.full);
        context.terminal.out(&estimate::told(workspace, &planning));
    }
    if planning.plan.is_empty() {
        if context.json {
            context.terminal.out(&json::line(&json::apply::document(&ApplyReport::default())));
        }
        return Ok(Outcome::Done);
    }
    if !asking.auto_approve {
        let question = match options.mode {
            Mode::Destroy => "Do you want to archive all of this?",
            Mode::Normal | Mode::RefreshOnly => "Do you want to make these changes?",
        };
        let unattended = match options.mode {
            Mode::Destroy => AUTO_APPROVE,
            Mode::Normal | Mode::RefreshOnly => UNATTENDED,
        };
        if !context.terminal.confirm(question, unattended)? {
            context.terminal.err("Nothing was changed.\n");
            return Ok(Outcome::Failed);
        }
    }
    let order = Order {
        workspace,
        options,
        made_at,
        saved: false,
        operation: asking.operation,
        parallelism: work.parallelism.get(),
        patience: work.lock_timeout,
    };
    carry_out(context, &order, planning).await
}

async fn saved(context: &Context, args: &ApplyArgs, path: &Path) -> Result<Outcome, Failure> {
    let bytes = edge::read(path).map_err(|error| failure::file("read", path, &error))?;
    let saved: SavedPlan<Kept> = decode(&bytes).map_err(|reason| {
        Failure::from(Diagnostic::error(
            "Not a plan",
            format!("{} cannot be applied: {reason}.", path.display()),
        ))
    })?;
    let mut diags = Diagnostics::new();
    let mut workspace =
        Workspace::restore(&context.directory, &saved.configuration, &args.variables, &mut diags);
    workspace.force_conflicts = args.work.force_conflicts;
    if diags.has_errors() {
        return Err(Failure::new(diags, workspace.sources));
    }
    if !context.json {
        show(context, &saved.plan, args.full);
    }
    if saved.plan.is_empty() {
        if context.json {
            context.terminal.out(&json::line(&json::apply::document(&ApplyReport::default())));
        }
        return Ok(Outcome::Done);
    }
    let read = planning::read(&workspace).await?;
    applying::same_registry(&saved.plan, read.view.as_ref())?;
    let planning = Planning {
        plan: saved.plan,
        ..planning::make(&workspace, read, &saved.options, saved.made_at, &mut diags).await?
    };
    if diags.has_errors() {
        return Err(Failure::new(diags, workspace.sources));
    }
    let order = Order {
        workspace: &workspace,
        options: &saved.options,
        made_at: saved.made_at,
        saved: true,
        operation: "apply",
        parallelism: args.work.parallelism.get(),
        patience: args.work.lock_timeout,
    };
    carry_out(context, &order, planning).await
}

async fn carry_out(context: &Context, order: &Order<'_>, planning: Planning) -> Result<Outcome, Failure> {
    let steps = planning.plan.steps.len();
    let (sender, receiver) = mpsc::unbounded_channel();
    let (report, ()) =
        tokio::join!(applying::apply(order, planning, sender), listen(context, steps, receiver));
    finish(context, &report?)
}

/// Shows the events of an apply until it has ended.
pub(super) async fn listen(context: &Context, steps: usize, mut events: mpsc::UnboundedReceiver<ApplyEvent>) {
    let mut progress = (!context.json).then(|| Progress::new(&context.terminal, steps));
    while let Some(event) = events.recv().await {
        match &mut progress {
            Some(progress) => progress.event(&event),
            None => context.terminal.out(&json::line(&json::apply::event(&event))),
        }
    }
    if let Some(progress) = progress {
        progress.finish();
    }
}

/// Shows how an apply ended.
pub(super) fn finish(context: &Context, result: &ApplyReport) -> Result<Outcome, Failure> {
    let terminal = &context.terminal;
    if context.json {
        terminal.out(&json::line(&json::apply::document(result)));
    } else {
        terminal
            .out(&format!("\n{}\n", report::render(result, terminal.theme(), terminal.width()).trim_end()));
    }
    Ok(match (result.interrupted, result.is_complete()) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Failed,
    })
}
