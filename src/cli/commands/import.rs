//! `import`: an existing object becomes version 1 of a flow, as it is.

use super::Outcome;
use super::record::{Wanted, add, change, empty_plan, open};
use crate::cli::applying::create;
use crate::cli::args::ImportArgs;
use crate::cli::data::evaluate_reading;
use crate::cli::existing;
use crate::cli::failure::Failure;
use crate::cli::planning::{self, connect};
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::desired::NothingKnown;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::model::{Action, Operation, Reason};

pub(in crate::cli) async fn run(context: &Context, args: &ImportArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let evaluation = evaluate_reading(&workspace, &NothingKnown, &mut diags).await;
    let (workspace, _) = workspace.checked(diags)?;
    let desired = evaluation.flows.iter().find(|flow| flow.address.to_string() == args.address);
    let Some(desired) = desired else {
        let known: Vec<String> = evaluation.flows.iter().map(|flow| flow.address.to_string()).collect();
        let mut diagnostic = Diagnostic::error(
            "Unknown address",
            format!("The configuration declares no flow `{}` that the object could become.", args.address),
        )
        .suggest(&args.address, known.iter().map(String::as_str));
        diagnostic.help.get_or_insert_with(|| "write the flow's block first, then import into it".to_owned());
        return Err(diagnostic.into());
    };
    let name = desired.name.clone();
    let read = planning::read(&workspace).await?;
    let registry = match &read.registry {
        Some(registry) => std::sync::Arc::clone(registry),
        None => create(&read, &workspace).await?,
    };
    drop(read);
    let record = open(context, &args.variables).await?;
    let connected = connect(&workspace, &registry.store(), Some(&record.view));
    let artifact = existing::find(&connected, desired, &args.id).await?;
    change(context, &record, "import", args.lock_timeout, &|view| {
        let taken = view.flows.values().find(|flow| {
            flow.archived.is_none()
                && (flow.name == name
                    || (flow.address == args.address && flow.root == record.workspace.settings.root))
        });
        if let Some(taken) = taken {
            return Err(Diagnostic::error(
                "Flow recorded already",
                format!(
                    "`{}` is recorded already (as `{}`), so nothing can be imported into it.",
                    taken.address, taken.name
                ),
            )
            .help("forget it first with `flowform state rm`, or import into another flow")
            .into());
        }
        let mut plan = empty_plan(&record.workspace, view);
        let operation = Operation::Adopt {
            name: name.clone(),
            address: args.address.clone(),
            artifact: artifact.clone(),
        };
        let wanted = Wanted {
            action: Action::Adopt,
            reason: Reason::Imported,
            from: None,
            to: Some(1),
            operations: vec![operation],
        };
        add(&mut plan, args.address.clone(), name.clone(), wanted);
        Ok(plan)
    })
    .await
}
