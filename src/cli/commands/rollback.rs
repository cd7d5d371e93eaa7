//! `rollback`: holds a flow at an older version, or lets it go again.

use serde_json::value::RawValue;

use super::diff::definition;
use super::record::{Record, Wanted, add, change, empty_plan, find, open};
use super::{AUTO_APPROVE, Outcome};
use crate::cli::applying::{Order, apply};
use crate::cli::args::RollbackArgs;
use crate::cli::edge;
use crate::cli::failure::Failure;
use crate::cli::planning;
use crate::cli::run::Context;
use crate::desired::ProviderChoice;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::Options;
use crate::plan::artifacts::{Rendering, known_agents, planned};
use crate::plan::model::{Action, Operation, Planned, Reason};
use crate::providers;
use crate::registry::view::VersionState;

pub(in crate::cli) async fn run(context: &Context, args: &RollbackArgs) -> Result<Outcome, Failure> {
    match args.version {
        Some(version) => hold(context, args, version).await,
        None => release(context, args).await,
    }
}

async fn hold(context: &Context, args: &RollbackArgs, number: u32) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let flow = record.flow(&args.flow)?.clone();
    let held = definition(&record, &flow, number).await?;
    let version = flow.version(number).filter(|version| version.state != VersionState::Abandoned);
    let Some((version, digest)) = version.and_then(|version| Some((version, version.digest.clone()?))) else {
        return Err(Diagnostic::error(
            "Version not usable",
            format!("Version {number} of `{}` was given up before it was complete.", flow.address),
        )
        .into());
    };
    if flow.archived.is_some() {
        return Err(Diagnostic::error(
            "Archived flow",
            format!("`{}` is archived, so nothing runs it.", flow.address),
        )
        .help("declare it again and apply")
        .into());
    }
    // What the configuration says now decides when the pin ends.
    let mut diags = Diagnostics::new();
    let read = planning::read(&record.workspace).await?;
    let made = planning::make(&record.workspace, read, &Options::default(), edge::now(), &mut diags).await?;
    let declared = made.evaluation.flows.iter().find(|desired| desired.address.to_string() == flow.address);
    let configured = declared.and_then(|desired| desired.known.as_ref()).map(|known| known.digest.clone());
    let agents = known_agents(&made.evaluation.agents, &made.read.live, &record.workspace.settings.root);
    let rendering = Rendering {
        project: &record.workspace.settings.project,
        agents: &agents,
        types: &providers::artifact_type,
    };
    let providers = declared
        .map_or_else(|| ProviderChoice::of(&record.workspace.config), |desired| desired.providers.clone());
    let artifacts = planned(rendering, &flow.name, &providers, &held, (Some(&flow), &made.read.live));

    let current = flow.wanted().map(|version| version.version);
    context.terminal.err(&format!(
        "{} will be held at version {} (now {}) until its configuration changes.\n",
        flow.address,
        version.version,
        current.map_or_else(|| "none".to_owned(), |current| current.to_string())
    ));
    if !args.auto_approve && !context.terminal.confirm("Do you want to roll back?", AUTO_APPROVE)? {
        context.terminal.err("Nothing was changed.\n");
        return Ok(Outcome::Failed);
    }
    let text: Box<RawValue> = serde_json::value::to_raw_value(&held).map_err(|error| {
        Diagnostic::error("Registry damaged", format!("The definition cannot be written: {error}."))
    })?;
    let outcome = change(context, &record, "rollback", args.lock_timeout, &|view| {
        let now = find(view, &record.workspace.settings.root, &args.flow)?;
        if now.versions.len() != flow.versions.len() || now.id != flow.id {
            return Err(Diagnostic::error("Flow changed", format!("`{}` has just changed.", flow.address))
                .help("look at `flowform versions` and roll back again")
                .into());
        }
        let mut plan = empty_plan(&record.workspace, view);
        let pin = Operation::Pin {
            flow: flow.id.clone(),
            version: number,
            configured: configured.clone(),
            reason: args.reason.clone(),
        };
        let set = Operation::SetVersion {
            flow: Some(flow.id.clone()),
            name: flow.name.clone(),
            address: flow.address.clone(),
            version: number,
            reserved: true,
            planned: Planned::Known {
                digest: digest.clone(),
                definition: text.clone(),
                artifacts: artifacts.clone(),
            },
        };
        let operations = vec![pin, set];
        let wanted = Wanted {
            action: Action::Update,
            reason: Reason::Pinned,
            from: current,
            to: Some(number),
            operations,
        };
        add(&mut plan, flow.address.clone(), flow.name.clone(), wanted);
        Ok(plan)
    })
    .await?;
    record_outputs(&record, args.lock_timeout).await?;
    Ok(outcome)
}

/// Outputs that name the version follow it, so that the next plan has nothing to say.
async fn record_outputs(record: &Record, patience: std::time::Duration) -> Result<(), Failure> {
    let workspace = &record.workspace;
    let (options, made_at) = (Options::default(), edge::now());
    let read = planning::read(workspace).await?;
    let made = planning::make(workspace, read, &options, made_at, &mut Diagnostics::new()).await?;
    if !made.plan.steps.is_empty() || made.plan.outputs.is_empty() {
        return Ok(());
    }
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    let order = Order {
        workspace,
        options: &options,
        made_at,
        saved: false,
        operation: "rollback",
        parallelism: 1,
        patience,
    };
    apply(&order, made, events).await?;
    Ok(())
}

async fn release(context: &Context, args: &RollbackArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let flow = record.flow(&args.flow)?;
    if flow.pin.is_none() {
        return Err(Diagnostic::error(
            "Not pinned",
            format!("`{}` is not held at any version.", flow.address),
        )
        .into());
    }
    let outcome = change(context, &record, "rollback --unpin", args.lock_timeout, &|view| {
        let flow = find(view, &record.workspace.settings.root, &args.flow)?;
        let mut plan = empty_plan(&record.workspace, view);
        let from = flow.wanted().map(|version| version.version);
        let operations = vec![Operation::Unpin { flow: flow.id.clone() }];
        let wanted = Wanted { action: Action::Update, reason: Reason::Unpinned, from, to: None, operations };
        add(&mut plan, flow.address.clone(), flow.name.clone(), wanted);
        Ok(plan)
    })
    .await?;
    context.terminal.err("The pin is gone; the next apply follows the configuration.\n");
    Ok(outcome)
}
