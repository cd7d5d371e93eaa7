//! IO: one step. The backend's call and the events that record it belong together, in an order in which a kill
//! between any two leaves something that the next apply completes: reserve, make, publish, bind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowform_provider_api::{
    Binding, Digest, ErrorKind, FlowId, Identity, Location, MakeRequest, Provider, ProviderError, RegistryId,
    TemplateStore,
};
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, watch};

use super::executor::Interrupt;
use super::names::Names;
use super::published::{self, Published};
use super::template::{self, Storing};
use crate::plan::model::{Operation, Planned, PlannedArtifact};
use crate::registry::current::Seen;
use crate::registry::event::{Event, Origin};
use crate::registry::view::FlowRecord;
use crate::registry::{Registry, RegistryError, Writer};

/// What every step works with.
pub struct Shared {
    /// The registry, for what is published.
    pub registry: Arc<Registry>,
    /// What `current/` held when the apply began.
    pub seen: Seen,
    /// The log's writer; it holds the lease.
    pub writer: Arc<Writer>,
    /// The connected providers by configuration name, each with its place and how many calls it takes at once.
    pub providers: BTreeMap<String, Connected>,
    /// Why the others could not say where they lead, by configuration name.
    pub unconnected: BTreeMap<String, String>,
    /// The store of templates at a place; `None` where this version has none.
    pub templates: Arc<TemplateStores>,
    /// This root's name.
    pub root: String,
    /// Who applies, from which commit; `at` is filled in per event.
    pub origin: Origin,
    /// The time, as an RFC 3339 timestamp in UTC.
    pub now: Arc<dyn Fn() -> String + Send + Sync>,
    /// A fresh random identity.
    pub new_id: Arc<dyn Fn() -> String + Send + Sync>,
    /// At most this many calls at once in all.
    pub parallelism: Semaphore,
    /// The names that are taken.
    pub names: Names,
    /// How many steps are under way, and how many of those wait for the log.
    pub traffic: Traffic,
}

/// Tells the store of templates at a place.
pub type TemplateStores = dyn Fn(&str) -> Option<Arc<dyn TemplateStore>> + Send + Sync;

/// Tells when every step under way waits for the log: then nothing else will share its segment.
#[derive(Debug, Default)]
pub struct Traffic {
    running: AtomicUsize,
    appending: AtomicUsize,
}

/// One connected provider.
pub struct Connected {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Where its credentials lead.
    pub location: Location,
    /// At most this many calls at once.
    pub limit: Semaphore,
}

/// A step on its way.
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) operation: Operation,
    pub(super) interrupt: watch::Receiver<Interrupt>,
}

/// What a step left: for flows, what others may refer to.
#[derive(Clone, Debug, Default)]
pub struct Completed {
    /// The registry that records it.
    pub registry: Option<RegistryId>,
    /// The flow.
    pub flow: Option<FlowId>,
    /// Its version.
    pub version: Option<u32>,
    /// The digest of its definition.
    pub digest: Option<Digest>,
    /// Its definition.
    pub definition: Option<String>,
    /// Its artifacts.
    pub artifacts: Vec<Binding>,
}

/// Why a step did not end well.
pub(super) enum StepError {
    /// It had made nothing yet when the user interrupted.
    Interrupted,
    /// In full sentences.
    Failed(String),
}

impl From<RegistryError> for StepError {
    fn from(error: RegistryError) -> Self {
        Self::Failed(sentence(&error.to_string()))
    }
}

pub(super) async fn run(job: Job) -> Result<Completed, StepError> {
    let Job { shared, operation, interrupt } = job;
    let done = Completed::default();
    match operation {
        Operation::SetVersion { flow, name, address, version, reserved, planned } => {
            let Planned::Known { digest, definition, artifacts } = planned else {
                return Err(StepError::Failed("Its definition is still not known.".to_owned()));
            };
            let setting = Setting { flow, name, address, version, digest, definition, artifacts };
            setting.run(&shared, reserved, &interrupt).await
        }
        Operation::Abandon { flow, version } => {
            shared.append(Event::Abandon { flow, version }).await?;
            Ok(done)
        }
        Operation::Move { flow, name, address } => {
            // The document under the former name is withdrawn when the new one is published.
            let root = shared.root.clone();
            shared.append(Event::Move { flow, name, address, root }).await?;
            Ok(done)
        }
        Operation::Adopt { name, address, artifact } => {
            let flow = FlowId((shared.new_id)());
            let root = shared.root.clone();
            let origin = shared.origin();
            let artifacts = vec![artifact];
            shared.append(Event::Adopt { flow, name, address, root, artifacts, origin }).await?;
            Ok(done)
        }
        Operation::Define { flow, version, digest, definition } => {
            shared.append(Event::Define { flow, version, digest, definition }).await?;
            Ok(done)
        }
        Operation::Pin { flow, version, configured, reason } => {
            let (version, origin) = (Some(version), shared.origin());
            shared.append(Event::Pin { flow, version, configured, reason, origin }).await?;
            Ok(done)
        }
        Operation::Unpin { flow } => {
            let origin = shared.origin();
            let event = Event::Pin { flow, version: None, configured: None, reason: None, origin };
            shared.append(event).await?;
            Ok(done)
        }
        Operation::Archive { flow } => {
            shared.writer.watch().check()?;
            shared.clear_current(&flow, &interrupt).await?;
            shared.withdraw_all(&flow).await?;
            let origin = shared.origin();
            shared.append(Event::Archive { flow, origin }).await?;
            Ok(done)
        }
        Operation::Forget { flow } => {
            shared.writer.watch().check()?;
            shared.withdraw_all(&flow).await?;
            shared.append(Event::Forget { flow }).await?;
            Ok(done)
        }
        Operation::Prune { flow, version, artifacts } => {
            for artifact in artifacts {
                if !shared.is_bound_to_another(&artifact, (&flow, version)) {
                    shared.remove(&artifact, &interrupt).await?;
                }
            }
            shared.append(Event::Prune { flow, version }).await?;
            Ok(done)
        }
        Operation::Discard { flow, version, artifacts } => {
            for artifact in artifacts {
                if !shared.is_bound_to_another(&artifact, (&flow, version)) {
                    shared.remove(&artifact, &interrupt).await?;
                }
            }
            Ok(done)
        }
        Operation::StoreTemplate {
            uri,
            address,
            digest,
            document,
            text,
            sha256,
            expected,
            found,
            is_written,
        } => {
            let storing =
                Storing { uri, address, digest, document, text, sha256, expected, found, is_written };
            storing.run(&shared, &interrupt).await?;
            Ok(done)
        }
        Operation::RemoveTemplate { uri, expected } => {
            template::remove(&shared, uri, expected, &interrupt).await?;
            Ok(done)
        }
        Operation::PublishAgents { document } => {
            shared.writer.watch().check()?;
            match document {
                Some(document) => shared.registry.publish_agents(&shared.root, &document).await?,
                None => shared.registry.withdraw_agents(&shared.root).await?,
            }
            Ok(done)
        }
    }
}

/// A version on its way to being the flow's current one.
struct Setting {
    flow: Option<FlowId>,
    name: String,
    address: String,
    version: u32,
    digest: Digest,
    definition: Box<RawValue>,
    artifacts: Vec<PlannedArtifact>,
}

impl Setting {
    async fn run(
        self,
        shared: &Shared,
        reserved: bool,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<Completed, StepError> {
        let flow = self.flow.clone().unwrap_or_else(|| FlowId((shared.new_id)()));
        if !reserved {
            let event = Event::Reserve {
                flow: flow.clone(),
                name: self.name.clone(),
                address: self.address.clone(),
                root: shared.root.clone(),
                version: self.version,
                digest: self.digest.clone(),
                definition: self.definition.clone(),
                origin: shared.origin(),
            };
            shared.append(event).await?;
        }
        let identity = Identity {
            registry: shared.registry.id().clone(),
            project: shared.registry.project().to_owned(),
            flow: flow.clone(),
            flow_name: self.name.clone(),
            version: self.version,
            digest: self.digest.clone(),
        };
        let mut bindings = Vec::with_capacity(self.artifacts.len());
        for planned in &self.artifacts {
            bindings.push(match &planned.existing {
                Some(binding) => binding.clone(),
                None => shared.make(&identity, planned, interrupt).await?,
            });
        }
        for binding in &bindings {
            shared.set_current(&identity, binding, interrupt).await?;
        }
        self.publish(shared, &flow, &bindings, interrupt).await?;
        shared.withdraw_former(&flow).await?;
        let bind = Event::Bind {
            flow: flow.clone(),
            version: self.version,
            artifacts: bindings.clone(),
            at: (shared.now)(),
        };
        shared.append(bind).await?;
        Ok(Completed {
            registry: Some(shared.registry.id().clone()),
            flow: Some(flow),
            version: Some(self.version),
            digest: Some(self.digest),
            definition: Some(self.definition.get().to_owned()),
            artifacts: bindings,
        })
    }

    /// Writes `current/` before the version is bound: a version that is not bound says that `current/` is in doubt.
    async fn publish(
        &self,
        shared: &Shared,
        flow: &FlowId,
        bindings: &[Binding],
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<(), StepError> {
        let document = published::document(Published {
            flow,
            name: &self.name,
            project: shared.registry.project(),
            registry: shared.registry.id(),
            version: self.version,
            digest: &self.digest,
            definition: self.definition.get(),
            artifacts: bindings,
        });
        let document = document
            .map_err(|error| StepError::Failed(format!("The recorded definition is not JSON: {error}.")))?;
        let _permit = shared.permit(interrupt).await?;
        shared.writer.watch().check()?;
        shared.registry.publish(&self.name, &document, &shared.seen).await?;
        Ok(())
    }
}

impl Shared {
    /// Says how many steps are under way.
    pub(super) fn running(&self, steps: usize) {
        self.traffic.running.store(steps, Ordering::Relaxed);
        self.flush_when_idle();
    }

    fn flush_when_idle(&self) {
        let appending = self.traffic.appending.load(Ordering::Relaxed);
        if appending > 0 && appending >= self.traffic.running.load(Ordering::Relaxed) {
            self.writer.hint_idle();
        }
    }

    pub(super) async fn append(&self, event: Event) -> Result<(), RegistryError> {
        let durable = self.writer.append(event);
        self.traffic.appending.fetch_add(1, Ordering::Relaxed);
        self.flush_when_idle();
        let result = durable.await;
        self.traffic.appending.fetch_sub(1, Ordering::Relaxed);
        result
    }

    pub(super) fn origin(&self) -> Origin {
        Origin { at: (self.now)(), ..self.origin.clone() }
    }

    /// Withdraws the documents under the names that the flow has had since it was last bound.
    async fn withdraw_former(&self, flow: &FlowId) -> Result<(), StepError> {
        let former = |flow: &FlowRecord| flow.stale_names.clone();
        let names = self.writer.with_view(|view| view.flows.get(flow).map(former));
        self.withdraw(flow, names.unwrap_or_default()).await
    }

    /// Withdraws the flow's document, and those under its former names. That this begins is recorded first: a kill in
    /// between would leave a record of what is not published any more.
    async fn withdraw_all(&self, flow: &FlowId) -> Result<(), StepError> {
        self.append(Event::Withdraw { flow: flow.clone() }).await?;
        let all = |flow: &FlowRecord| flow.stale_names.iter().chain([&flow.name]).cloned().collect();
        let names = self.writer.with_view(|view| view.flows.get(flow).map(all));
        self.withdraw(flow, names.unwrap_or_default()).await
    }

    async fn withdraw(&self, flow: &FlowId, names: Vec<String>) -> Result<(), StepError> {
        for name in names.iter().filter(|name| !self.names.is_taken(name, flow)) {
            self.registry.withdraw(name).await?;
        }
        Ok(())
    }

    /// A place among those that call, unless the user interrupts first.
    pub(super) async fn permit(
        &self,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<tokio::sync::SemaphorePermit<'_>, StepError> {
        let permit = self.parallelism.acquire().await;
        // The semaphore is never closed; if it were, nothing could be called any more.
        let permit = permit.map_err(|_| StepError::Interrupted)?;
        match *interrupt.borrow() {
            Interrupt::None => Ok(permit),
            Interrupt::Finish | Interrupt::Stop => Err(StepError::Interrupted),
        }
    }

    async fn make(
        &self,
        identity: &Identity,
        planned: &PlannedArtifact,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<Binding, StepError> {
        let connected = self.connected(&planned.provider)?;
        let _permit = self.permit(interrupt).await?;
        let _limit = connected.limit.acquire().await;
        self.writer.watch().check()?;
        let artifact = &planned.artifact;
        let recorded = self.recorded(&identity.flow, &planned.provider);
        let made = connected
            .provider
            .make(MakeRequest { identity, artifact, recorded: &recorded })
            .await
            .map_err(|error| failed("made", &artifact.kind, &error))?;
        Ok(Binding {
            kind: artifact.kind.clone(),
            provider: planned.provider.clone(),
            id: made.id,
            hash: artifact.hash.clone(),
            location: connected.location.clone(),
            tag: made.tag,
        })
    }

    async fn set_current(
        &self,
        identity: &Identity,
        binding: &Binding,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<(), StepError> {
        let connected = self.connected(&binding.provider)?;
        let _permit = self.permit(interrupt).await?;
        let _limit = connected.limit.acquire().await;
        self.writer.watch().check()?;
        let set = connected.provider.set_current(identity, &binding.id).await;
        set.map_err(|error| failed("made the current one", &binding.kind, &error))
    }

    /// The backends of the flow's published version say no more which artifact is the current one.
    async fn clear_current(
        &self,
        flow: &FlowId,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<(), StepError> {
        let published = |flow: &FlowRecord| Some(flow.version(flow.published?)?.artifacts.clone());
        let bindings = self.writer.with_view(|view| view.flows.get(flow).and_then(published));
        for binding in bindings.unwrap_or_default() {
            let connected = self.connected(&binding.provider)?;
            let _permit = self.permit(interrupt).await?;
            let _limit = connected.limit.acquire().await;
            let cleared = connected.provider.clear_current(self.registry.id(), &binding.id).await;
            cleared.map_err(|error| failed("withdrawn", &binding.kind, &error))?;
        }
        Ok(())
    }

    async fn remove(
        &self,
        artifact: &Binding,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<(), StepError> {
        let connected = self.connected(&artifact.provider)?;
        if connected.location != artifact.location {
            return Err(StepError::Failed(format!(
                "{} is in {}, and the provider leads to {}.",
                artifact.id, artifact.location, connected.location
            )));
        }
        let _permit = self.permit(interrupt).await?;
        let _limit = connected.limit.acquire().await;
        self.writer.watch().check()?;
        connected
            .provider
            .remove(self.registry.id(), &artifact.id)
            .await
            .map_err(|error| failed("removed", &artifact.kind, &error))
    }

    fn connected(&self, provider: &str) -> Result<&Connected, StepError> {
        self.providers.get(provider).ok_or_else(|| {
            let why = self.unconnected.get(provider).map(|why| format!(": {}", why.trim_end_matches('.')));
            StepError::Failed(format!(
                "The provider `{provider}` is not connected{}.",
                why.unwrap_or_default()
            ))
        })
    }
}

pub(super) fn failed(what: &str, kind: &str, error: &ProviderError) -> StepError {
    let advice = match error.kind {
        ErrorKind::Denied => " Give the credentials the right to do it.",
        ErrorKind::Throttled | ErrorKind::Unavailable => " Run apply again to complete it.",
        ErrorKind::Conflict => " Somebody else owns or changed it; look at it before you go on.",
        ErrorKind::NotFound | ErrorKind::AlreadyExists | ErrorKind::Invalid | ErrorKind::Internal => "",
    };
    StepError::Failed(format!(
        "The {kind} could not be {what}: {}.{advice}",
        error.message.trim_end_matches('.')
    ))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest = chars.as_str().trim_end_matches('.');
    format!("{first}{rest}.")
}
