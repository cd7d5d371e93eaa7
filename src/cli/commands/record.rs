//! What commands that work on the record share: opening it, finding a flow in it, changing it under the lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Outcome;
use super::apply::{finish, listen};
use crate::cli::applying::{Order, carry_out};
use crate::cli::args::VariableArgs;
use crate::cli::edge;
use crate::cli::failure::{Failure, unknown_flow};
use crate::cli::planning;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::Options;
use crate::plan::model::{Action, Change, Mode, Operation, Plan, Reason, Step, StepId, Subject};
use crate::registry::Registry;
use crate::registry::view::{FlowRecord, View};

/// A configuration with its registry and what is recorded.
pub(super) struct Record {
    pub(super) workspace: Workspace,
    pub(super) registry: Arc<Registry>,
    pub(super) view: View,
}

/// Opens the registry of the configuration.
///
/// # Errors
/// The configuration is in error, or there is no registry.
pub(super) async fn open(context: &Context, variables: &VariableArgs) -> Result<Record, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, variables, &mut diags);
    let (workspace, _) = workspace.checked(diags)?;
    let store = planning::store(&workspace);
    let location = store.location();
    let Some(registry) = Registry::open(store, &workspace.settings.project).await? else {
        return Err(Diagnostic::error(
            "No registry",
            format!("There is no registry of the project `{}` in {location}.", workspace.settings.project),
        )
        .help("run `flowform apply`, which creates it")
        .into());
    };
    let registry = Arc::new(registry);
    let loaded = registry.load().await?;
    for warning in &loaded.warnings {
        context.terminal.err(&format!("Warning: {}.\n", warning.trim_end_matches('.')));
    }
    Ok(Record { workspace, registry, view: loaded.view })
}

impl Record {
    /// The flow of an address or a name; one of this root and one that is not archived come first.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn flow(&self, written: &str) -> Result<&FlowRecord, Failure> {
        find(&self.view, &self.workspace.settings.root, written)
    }
}

/// The flow of an address or a name in a view.
///
/// # Errors
/// There is none.
pub(super) fn find<'a>(view: &'a View, root: &str, written: &str) -> Result<&'a FlowRecord, Failure> {
    let mut found: Vec<&FlowRecord> =
        view.flows.values().filter(|flow| flow.address == written || flow.name == written).collect();
    found.sort_by_key(|flow| (flow.root != root, flow.archived.is_some(), flow.address != written));
    found.first().copied().ok_or_else(|| {
        let known = view.flows.values().flat_map(|flow| [flow.address.as_str(), flow.name.as_str()]);
        unknown_flow(written, known)
    })
}

/// A change that a command asks for, with what it takes.
pub(super) struct Wanted {
    pub(super) action: Action,
    pub(super) reason: Reason,
    pub(super) from: Option<u32>,
    pub(super) to: Option<u32>,
    pub(super) operations: Vec<Operation>,
}

/// Adds a change of `flow` to a plan.
pub(super) fn add(plan: &mut Plan, address: String, name: String, wanted: Wanted) {
    let change = plan.changes.len();
    plan.changes.push(Change {
        address,
        subject: Subject::Flow,
        action: wanted.action,
        reason: wanted.reason,
        name: Some(name),
        moved_from: None,
        from_version: wanted.from,
        to_version: wanted.to,
        differences: Vec::new(),
        notes: Vec::new(),
    });
    let mut previous: Option<StepId> = None;
    for operation in wanted.operations {
        let id = StepId(plan.steps.len());
        plan.steps.push(Step { id, change, operation, waits_for: previous.into_iter().collect() });
        previous = Some(id);
    }
}

/// A plan of this root without any change.
pub(super) fn empty_plan(workspace: &Workspace, view: &View) -> Plan {
    Plan {
        mode: Mode::Normal,
        registry: Some(view.registry.to_string()),
        project: workspace.settings.project.clone(),
        root: workspace.settings.root.clone(),
        seq: view.seq,
        changes: Vec::new(),
        unchanged: 0,
        steps: Vec::new(),
        outputs: Vec::new(),
        checks: Vec::new(),
        notes: Vec::new(),
        calls: 0,
    }
}

/// Carries out what `plan` makes of the record under the lease, and tells how it ended.
///
/// # Errors
/// The plan cannot be made, the lease cannot be had, or the registry fails.
pub(super) async fn change(
    context: &Context,
    record: &Record,
    operation: &str,
    patience: Duration,
    plan: &dyn Fn(&View) -> Result<Plan, Failure>,
) -> Result<Outcome, Failure> {
    let order = Order {
        workspace: &record.workspace,
        options: &Options::default(),
        made_at: edge::now(),
        saved: false,
        operation,
        parallelism: 10,
        patience,
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let carried = carry_out(&order, &record.registry, plan, sender);
    let (report, ()) = tokio::join!(carried, listen(context, 1, receiver));
    finish(context, &report?)
}
