//! From a plan to its report: takes the lease, checks that the plan still fits, runs it, records the outputs.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use flowform_provider_api::RegistryId;
use tokio::sync::{Semaphore, mpsc, watch};

use super::edge;
use super::failure::Failure;
use super::later::Finishing;
use super::planning::{Planning, Read, connect, is_declared, make, surroundings};
use super::workspace::Workspace;
use crate::apply::event::{ApplyEvent, ApplyReport};
use crate::apply::executor::{Interrupt, Later, Resolved, execute};
use crate::apply::names::Names;
use crate::apply::step::{Completed, Connected, Shared, Traffic};
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::Options;
use crate::plan::artifacts::known_agents;
use crate::plan::model::{Operation, Plan};
use crate::plan::outcomes::Planned;
use crate::plan::recorded::Recorded;
use crate::plan::saved::moved_on;
use crate::providers;
use crate::registry::current::Seen;
use crate::registry::event::Event;
use crate::registry::lease::{self, Holder, LeaseOptions};
use crate::registry::view::View;
use crate::registry::{Registry, RegistryError, Writer, WriterOptions};

/// How long events wait for others to share a segment, while there is something that may still append.
const CLOSE_AFTER: Duration = Duration::from_millis(250);

/// What an apply was asked for.
pub(super) struct Order<'a> {
    /// The configuration.
    pub workspace: &'a Workspace,
    /// What the plan was asked for.
    pub options: &'a Options,
    /// When the plan was made.
    pub made_at: jiff::Timestamp,
    /// Whether the plan was saved, and so may be old.
    pub saved: bool,
    /// What to call it: `apply`, `destroy`.
    pub operation: &'a str,
    /// How many calls at once.
    pub parallelism: usize,
    /// How long to wait for the lease.
    pub patience: Duration,
}

/// Carries a plan out.
///
/// # Errors
/// The lease cannot be had, or the registry fails as a whole. Steps that fail are in the report.
pub(super) async fn apply(
    order: &Order<'_>,
    planning: Planning,
    events: mpsc::UnboundedSender<ApplyEvent>,
) -> Result<ApplyReport, Failure> {
    let Order { workspace, .. } = order;
    let interrupt = interrupts();
    let registry = open_or_create(&planning.read, workspace).await?;
    let writer = writer(&registry, order.operation, order.patience, &workspace.directory, &events).await?;
    let (planning, refused) = still_fits(order, planning, &registry, &writer).await?;
    let view = planning.read.view.clone();
    let root = workspace.settings.root.clone();
    let recorded = Recorded::new(view.as_ref(), &root, &workspace.config.moved, &planning.fetched);
    let declared = |address: &str| is_declared(&workspace.config, address);
    let outcomes = Planned { recorded: &recorded, project: &workspace.settings.project, declared: &declared };
    let agents = known_agents(&planning.evaluation.agents, &planning.read.live, &root);
    let mut finishing = Finishing::new(workspace, &planning, &recorded, &agents, &outcomes);

    let writer = Arc::new(writer);
    let shared = shared(order, &registry, &writer, view.as_ref(), &planning.plan).await?;
    let mut report =
        execute(&planning.plan, Arc::new(shared), &mut finishing, &refused, interrupt, events).await;
    if report.is_complete() && order.options.mode == crate::plan::model::Mode::Normal {
        finishing.prepare_rest().await;
        report.failed = finishing.judge_rest();
        report.checks = finishing.checks();
    }
    if report.is_complete() {
        if order.options.mode == crate::plan::model::Mode::Normal {
            report.outputs = finishing.outputs();
        }
        if !planning.plan.outputs.is_empty() {
            let outputs = report.outputs.clone();
            writer.append(Event::Outputs { root, outputs }).await?;
        }
    }
    close(writer).await?;
    Ok(report)
}

/// A plan of a command that works on the record alone: nothing in it is known later.
///
/// # Errors
/// The lease cannot be had, or the registry fails as a whole.
pub(super) async fn carry_out(
    order: &Order<'_>,
    registry: &Arc<Registry>,
    plan: &dyn Fn(&View) -> Result<Plan, Failure>,
    events: mpsc::UnboundedSender<ApplyEvent>,
) -> Result<ApplyReport, Failure> {
    let Order { workspace, .. } = order;
    let writer = writer(registry, order.operation, order.patience, &workspace.directory, &events).await?;
    let view = writer.with_view(View::clone);
    let made = plan(&view);
    let writer = Arc::new(writer);
    let result = match made {
        Ok(plan) => {
            let shared = shared(order, registry, &writer, Some(&view), &plan).await?;
            Ok(execute(&plan, Arc::new(shared), &mut NothingLater, &HashMap::new(), interrupts(), events)
                .await)
        }
        Err(failure) => Err(failure),
    };
    close(writer).await?;
    result
}

/// The registry, created when it does not exist.
async fn open_or_create(read: &Read, workspace: &Workspace) -> Result<Arc<Registry>, Failure> {
    match &read.registry {
        Some(registry) => Ok(Arc::clone(registry)),
        None => create(read, workspace).await,
    }
}

/// Creates the registry.
///
/// # Errors
/// The store cannot be written.
pub(super) async fn create(read: &Read, workspace: &Workspace) -> Result<Arc<Registry>, Failure> {
    let id = RegistryId(edge::new_id());
    let project = &workspace.settings.project;
    // A store that does not keep the conditions of writes would lose what is recorded at the first race.
    read.store.probe().await.map_err(RegistryError::from)?;
    Ok(Arc::new(Registry::create(Arc::clone(&read.store), project, id, &edge::now_text()).await?))
}

/// Takes the lease and opens the log.
///
/// # Errors
/// The lease cannot be had, or the registry cannot be read.
pub(super) async fn writer(
    registry: &Arc<Registry>,
    operation: &str,
    patience: Duration,
    directory: &std::path::Path,
    events: &mpsc::UnboundedSender<ApplyEvent>,
) -> Result<Writer, Failure> {
    let holder =
        Holder { who: edge::origin(directory).by, operation: operation.to_owned(), nonce: edge::new_id() };
    let options = LeaseOptions { ttl: edge::lease_ttl(), patience, now: edge::clock() };
    if let Some(held) = lease::held(registry.store().as_ref()).await? {
        let what = format!("the lease that {} holds for {}", held.holder, held.operation);
        // Nobody listening is no reason not to wait.
        let _ = events.send(ApplyEvent::Waiting { what });
    }
    let lease = lease::acquire(registry.store(), holder, options).await?;
    let options = WriterOptions { close_after: CLOSE_AFTER, now: edge::clock() };
    Ok(Writer::open(Arc::clone(registry), lease, options).await?)
}

/// Writes what is left and gives the lease back.
async fn close(writer: Arc<Writer>) -> Result<View, Failure> {
    match Arc::into_inner(writer) {
        Some(writer) => Ok(writer.close().await?.view),
        // Every task that holds the writer has ended when `execute` returns, unless it was stopped at once.
        None => Err(Diagnostic::error(
            "Stopped",
            "The apply was stopped in the middle of calls. What was acknowledged is recorded; the lease expires by itself.",
        )
        .into()),
    }
}

/// Makes the plan again under the lease when anything may have happened since, and holds the two against each
/// other: a change that is not the same any more is refused on its own.
async fn still_fits(
    order: &Order<'_>,
    planning: Planning,
    registry: &Arc<Registry>,
    writer: &Writer,
) -> Result<(Planning, HashMap<usize, String>), Failure> {
    let view = writer.with_view(View::clone);
    let same = planning.read.view.as_ref().map_or(0, |view| view.seq) == view.seq;
    if same && !order.saved {
        let read = Read { registry: Some(Arc::clone(registry)), view: Some(view), ..planning.read };
        return Ok((Planning { read, ..planning }, HashMap::new()));
    }
    let Planning { read, plan, .. } = planning;
    same_registry(&plan, Some(&view))?;
    let mut read = Read { registry: Some(Arc::clone(registry)), view: Some(view), ..read };
    read.refresh(order.workspace).await?;
    let mut diags = Diagnostics::new();
    let mut now = make(order.workspace, read, order.options, order.made_at, &mut diags).await?;
    if diags.has_errors() {
        return Err(Failure::new(diags, order.workspace.sources.clone()));
    }
    let refused = moved_on(&plan, &now.plan).into_iter().collect();
    // What was confirmed runs, with the steps as they were confirmed.
    now.plan = plan;
    Ok((now, refused))
}

/// Refuses a saved plan whose registry is not the one that there is.
///
/// # Errors
/// It is another one, or gone.
pub(in crate::cli) fn same_registry(plan: &Plan, view: Option<&View>) -> Result<(), Failure> {
    let Some(planned) = &plan.registry else { return Ok(()) };
    let found = match view {
        Some(view) if view.registry.as_str() == planned => return Ok(()),
        Some(view) => format!("this is {}", view.registry),
        None => "there is none here now".to_owned(),
    };
    Err(Diagnostic::error(
        "Plan of another registry",
        format!("The plan was made for the registry {planned}, and {found}."),
    )
    .help("plan again")
    .into())
}

async fn shared(
    order: &Order<'_>,
    registry: &Arc<Registry>,
    writer: &Arc<Writer>,
    view: Option<&View>,
    plan: &Plan,
) -> Result<Shared, Failure> {
    let mut providers = BTreeMap::new();
    let mut unconnected = BTreeMap::new();
    let empty = View::new(registry.id().clone(), registry.project());
    let view = view.unwrap_or(&empty);
    for (name, provider) in connect(order.workspace, &registry.store(), Some(view)) {
        // The steps of a provider that cannot say where it leads fail one by one.
        match provider.location().await {
            Ok(location) => {
                let limit = Semaphore::new(provider.concurrency().max(1));
                providers.insert(name, Connected { provider, location, limit });
            }
            Err(error) => drop(unconnected.insert(name, error.message)),
        }
    }
    // What is published is written over only as it was seen.
    let publishes = plan.steps.iter().any(|step| matches!(step.operation, Operation::SetVersion { .. }));
    let seen = match publishes {
        true => registry.seen(writer.nonce()).await?,
        false => Seen::default(),
    };
    Ok(Shared {
        registry: Arc::clone(registry),
        seen,
        writer: Arc::clone(writer),
        providers,
        unconnected,
        templates: {
            let stores = providers::TemplatePlaces::new(surroundings(order.workspace));
            Arc::new(move |uri| stores.store(uri))
        },
        root: order.workspace.settings.root.clone(),
        origin: edge::origin(&order.workspace.directory),
        now: edge::clock(),
        new_id: Arc::new(edge::new_id),
        parallelism: Semaphore::new(order.parallelism.max(1)),
        names: Names::new(view, plan),
        traffic: Traffic::default(),
    })
}

/// The first interrupt finishes what runs, the second stops at once.
fn interrupts() -> watch::Receiver<Interrupt> {
    let (sender, receiver) = watch::channel(Interrupt::None);
    tokio::spawn(async move {
        for state in [Interrupt::Finish, Interrupt::Stop] {
            if tokio::signal::ctrl_c().await.is_err() || sender.send(state).is_err() {
                return;
            }
        }
        // Nobody listens any more; the channel stays open until the apply has ended.
        sender.closed().await;
    });
    receiver
}

struct NothingLater;

impl Later for NothingLater {
    fn prepare<'a>(&'a mut self, _: &'a str) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn before(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn done(&mut self, _: &str, _: &Completed) -> Result<(), String> {
        Ok(())
    }

    fn resolve(&mut self, _: &str) -> Result<Resolved, String> {
        Err("Its definition is not known.".to_owned())
    }
}
