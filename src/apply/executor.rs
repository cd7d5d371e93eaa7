//! IO: runs the steps of a plan, bounded, in the order that the scheduler allows. It decides nothing: what was not
//! known at plan time is evaluated again, and a contradiction with the plan fails that step.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::event::{ApplyEvent, ApplyReport, Done, NotDone, what};
use super::scheduler::Scheduler;
use super::step::{Completed, Job, Shared, StepError, run};
use crate::plan::model::{Operation, Plan, Planned, Step, StepId};

/// How many steps are under way at most, waiting for the log or a provider included: bounds memory, and lets many
/// events share a segment.
const WINDOW: usize = 2048;

/// What a step whose definition was not known at plan time becomes once everything before it is done.
pub trait Later {
    /// Reads what can be read only now that everything before the flow is done.
    fn prepare<'a>(&'a mut self, address: &'a str) -> Pin<Box<dyn Future<Output = ()> + 'a>>;
    /// Whether what is asked before a flow is made holds, or why it does not.
    ///
    /// # Errors
    /// It does not.
    fn before(&mut self, address: &str) -> Result<(), String>;
    /// Notes what a flow has become, and asks what is asked after that.
    ///
    /// # Errors
    /// What is asked does not hold; the flow stays as it is.
    fn done(&mut self, address: &str, completed: &Completed) -> Result<(), String>;
    /// The definition of the flow at `address` with final values, or why it cannot be.
    fn resolve(&mut self, address: &str) -> Result<Resolved, String>;
}

/// What a definition that was not known at plan time turned out to be.
#[derive(Debug)]
pub enum Resolved {
    /// Another one than the latest version's: this is what the step makes.
    Changed(Planned),
    /// The very definition of the latest version: there is nothing to make.
    Unchanged(Completed),
}

/// What a step does, now that everything before it is done.
enum Next {
    Run(Operation),
    Nothing(Completed),
}

/// How far an interrupt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupt {
    /// None.
    #[default]
    None,
    /// Finish what runs, begin nothing.
    Finish,
    /// Stop at once.
    Stop,
}

/// Runs the plan's steps. Guarantees: a step that is reported done is recorded durably; a step that was stopped or
/// whose answer was lost is completed by the next apply. Assumes that the caller holds the writer's lease and has
/// checked that the plan still fits the record; `refused` names changes that do not.
pub async fn execute(
    plan: &Plan,
    shared: Arc<Shared>,
    later: &mut dyn Later,
    refused: &HashMap<usize, String>,
    mut interrupt: watch::Receiver<Interrupt>,
    events: mpsc::UnboundedSender<ApplyEvent>,
) -> ApplyReport {
    let mut work =
        Work { plan, outcomes: Outcomes::new(plan), scheduler: Scheduler::new(&plan.steps), events };
    let mut running: JoinSet<(StepId, Instant, Result<Completed, StepError>)> = JoinSet::new();
    let mut interrupted = false;
    loop {
        while !interrupted && running.len() < WINDOW {
            let Some(id) = work.scheduler.start_next() else { break };
            let Some(step) = plan.steps.get(id.0) else { continue };
            if let Some(why) = refused.get(&step.change) {
                work.fail(step, why.clone());
                continue;
            }
            if let Operation::SetVersion { address, .. } = &step.operation {
                later.prepare(address).await;
            }
            match resolved(step, later) {
                Ok(Next::Nothing(completed)) => {
                    work.started(step);
                    match made(step, &completed, later) {
                        Ok(()) => work.finish(step, Instant::now()),
                        Err(why) => work.fail(step, why),
                    }
                }
                Ok(Next::Run(operation)) => {
                    work.started(step);
                    let job = Job { shared: Arc::clone(&shared), operation, interrupt: interrupt.clone() };
                    let started = Instant::now();
                    running.spawn(async move { (id, started, run(job).await) });
                }
                Err(why) => work.fail(step, why),
            }
        }
        if running.is_empty() {
            break;
        }
        shared.running(running.len());
        tokio::select! {
            biased;
            changed = interrupt.changed(), if !interrupted || *interrupt.borrow() != Interrupt::Stop => {
                let now = *interrupt.borrow_and_update();
                match (changed.is_ok(), now) {
                    (true, Interrupt::Finish) => interrupted = true,
                    (true, Interrupt::Stop) => {
                        interrupted = true;
                        running.abort_all();
                    }
                    (true, Interrupt::None) => {}
                    // Nobody can interrupt any more.
                    (false, _) => interrupt = watch::channel(Interrupt::None).1,
                }
            }
            Some(joined) = running.join_next() => {
                let Ok((id, started, result)) = joined else { continue };
                let Some(step) = plan.steps.get(id.0) else { continue };
                match result {
                    Ok(completed) => match made(step, &completed, later) {
                        Ok(()) => work.finish(step, started),
                        Err(why) => work.fail(step, why),
                    },
                    Err(StepError::Interrupted) => {
                        interrupted = true;
                        work.skip(step, "the apply was interrupted before it");
                    }
                    Err(StepError::Failed(message)) => work.fail(step, message),
                }
            }
        }
    }
    if interrupted {
        for id in work.scheduler.stop() {
            if let Some(step) = plan.steps.get(id.0) {
                work.skip(step, "the apply was interrupted before it");
            }
        }
    }
    work.outcomes.report(plan, interrupted)
}

/// Tells others what a flow has become.
fn made(step: &Step, completed: &Completed, later: &mut dyn Later) -> Result<(), String> {
    match &step.operation {
        Operation::SetVersion { address, .. } => later.done(address, completed),
        _ => Ok(()),
    }
}

fn resolved(step: &Step, later: &mut dyn Later) -> Result<Next, String> {
    let mut operation = step.operation.clone();
    if let Operation::SetVersion { address, .. } = &operation {
        later.before(address)?;
    }
    if let Operation::SetVersion { address, planned, .. } = &mut operation
        && matches!(planned, Planned::AfterApply)
    {
        match later.resolve(address)? {
            Resolved::Changed(known) => *planned = known,
            Resolved::Unchanged(completed) => return Ok(Next::Nothing(completed)),
        }
    }
    Ok(Next::Run(operation))
}

struct Work<'a> {
    plan: &'a Plan,
    outcomes: Outcomes,
    scheduler: Scheduler,
    events: mpsc::UnboundedSender<ApplyEvent>,
}

impl Work<'_> {
    fn address(&self, step: &Step) -> String {
        self.plan.changes.get(step.change).map(|change| change.address.clone()).unwrap_or_default()
    }

    /// A listener that went away misses the events, which are for display only.
    fn tell(&self, event: ApplyEvent) {
        let _ = self.events.send(event);
    }

    fn started(&self, step: &Step) {
        let (address, what) = (self.address(step), what(&step.operation));
        self.tell(ApplyEvent::StepStarted { step: step.id, address, what });
    }

    fn finish(&mut self, step: &Step, started: Instant) {
        self.outcomes.done(step);
        let (address, what) = (self.address(step), what(&step.operation));
        self.tell(ApplyEvent::StepFinished { step: step.id, address, what, took: started.elapsed() });
        self.scheduler.succeeded(step.id);
    }

    fn fail(&mut self, step: &Step, message: String) {
        self.outcomes.failed.entry(step.change).or_insert_with(|| message.clone());
        let address = self.address(step);
        self.tell(ApplyEvent::StepFailed { step: step.id, address: address.clone(), message });
        for id in self.scheduler.failed(step.id) {
            let Some(skipped) = self.plan.steps.get(id.0) else { continue };
            if skipped.change != step.change {
                self.skip(skipped, &format!("{address} failed"));
            }
        }
    }

    fn skip(&mut self, step: &Step, because: &str) {
        self.outcomes.skipped.entry(step.change).or_insert_with(|| because.to_owned());
        let event = ApplyEvent::StepSkipped {
            step: step.id,
            address: self.address(step),
            because: because.to_owned(),
        };
        self.tell(event);
    }
}

/// What became of each change.
struct Outcomes {
    open: HashMap<usize, usize>,
    failed: BTreeMap<usize, String>,
    skipped: BTreeMap<usize, String>,
}

impl Outcomes {
    fn new(plan: &Plan) -> Self {
        let mut open = HashMap::new();
        for step in &plan.steps {
            *open.entry(step.change).or_insert(0) += 1;
        }
        Self { open, failed: BTreeMap::new(), skipped: BTreeMap::new() }
    }

    fn done(&mut self, step: &Step) {
        if let Some(open) = self.open.get_mut(&step.change) {
            *open -= 1;
        }
    }

    fn report(self, plan: &Plan, interrupted: bool) -> ApplyReport {
        let mut report = ApplyReport { interrupted, ..ApplyReport::default() };
        for (index, change) in plan.changes.iter().enumerate() {
            let address = change.address.clone();
            let not_done = |why: &String| NotDone { address: address.clone(), why: why.clone() };
            if let Some(why) = self.failed.get(&index) {
                report.failed.push(not_done(why));
            } else if let Some(why) = self.skipped.get(&index) {
                report.skipped.push(not_done(why));
            } else if let Some(open) = self.open.get(&index) {
                if *open == 0 {
                    report.done.push(Done { address, action: change.action });
                } else {
                    // A step that was aborted says nothing of itself.
                    report.skipped.push(not_done(&"the apply was stopped in the middle of it".to_owned()));
                }
            }
        }
        report
    }
}
