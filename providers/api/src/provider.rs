//! The two traits of a backend: what can be decided without it, and what has effects.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;

use crate::{
    Artifact, ArtifactHash, Binding, Etag, Identity, LiveArtifact, Location, ProviderError, RegistryId,
};

/// A boxed future, so that traits with asynchronous methods stay object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The pure half of a backend: one kind of artifact, compared without credentials or network.
///
/// The planner is given this trait and never [`Provider`].
pub trait ArtifactType: Send + Sync {
    /// The artifact kind (`process`, `task_definition`, ...).
    fn kind(&self) -> &'static str;

    /// The one form in which a declared body and a body read back are equal: defaults that the backend injects,
    /// empty against absent, lists whose order has no meaning. It is idempotent.
    fn canonical(&self, body: &Value) -> Value;

    /// Why the backend of the kind would refuse `body`, in a sentence without its full stop: it is too large, say.
    fn refused(&self, body: &Value) -> Option<String> {
        let _ = body;
        None
    }

    /// The hash of `body` in canonical form.
    fn hash(&self, body: &Value) -> ArtifactHash {
        ArtifactHash::of(&self.canonical(body))
    }
}

/// What a refresh asks for.
#[derive(Clone, Debug)]
pub struct RefreshRequest<'a> {
    /// The registry whose artifacts are looked for.
    pub registry: &'a RegistryId,
    /// The project inside it.
    pub project: &'a str,
    /// Every artifact that is recorded as living here and should be.
    pub recorded: &'a [Binding],
    /// The names under which artifacts of unfinished versions may have been made, where the configuration names artifacts.
    pub expected: &'a [String],
}

/// What a refresh found.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Every live artifact of this registry and project, recorded or not.
    pub live: Vec<LiveArtifact>,
    /// The ids of recorded artifacts of which a listing alone told that they are there, and which are as they were made:
    /// their backend's objects cannot change, or the listing has their tag. They are not among `live`.
    pub intact: Vec<String>,
    /// Recorded artifacts that could not be read, with the reason; they are not absent.
    pub unreadable: Vec<(String, ProviderError)>,
    /// Recorded artifacts that must stay for now, with the reason: runs go on that were started from them.
    pub in_use: Vec<(String, String)>,
    /// Live objects that are nobody's and hold what a recorded artifact held that is gone, each with the latter's id.
    pub adoptable: Vec<(String, LiveArtifact)>,
    /// What people should know and nothing follows from, each with the recorded artifact that it is about (its id):
    /// a newer object of somebody else beside it, say.
    pub notes: Vec<(String, String)>,
    /// How many calls were made.
    pub calls: u64,
}

/// What [`Provider::in_use`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// The ids, each with the reason.
    pub artifacts: Vec<(String, String)>,
    /// How many calls were made.
    pub calls: u64,
}

/// What a make asks for.
#[derive(Clone, Debug)]
pub struct MakeRequest<'a> {
    /// What the artifact must carry.
    pub identity: &'a Identity,
    /// What to make.
    pub artifact: &'a Artifact,
    /// The ids of the artifacts that are recorded of the same flow: what stands there is ours, whatever became of it.
    pub recorded: &'a [String],
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The backend's own name for the object.
    pub id: String,
    /// The tag of [`Binding::tag`].
    pub tag: Option<Etag>,
}

impl From<String> for Made {
    fn from(id: String) -> Self {
        Self { id, tag: None }
    }
}

/// What a check of one thing that an artifact names came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It exists and can be used.
    Usable,
    /// It cannot be used: why, and what helps, in a sentence without its full stop.
    Unusable(String),
    /// It was not looked at: why, with the permission that it takes.
    NotChecked(String),
}

/// One thing that artifacts name: a role, a cluster, an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is, for people: ``role `arn:aws:iam::123456789012:role/etl` ``.
    pub subject: String,
    /// The names of the flows whose artifacts name it, sorted.
    pub flows: Vec<String>,
    /// What was found.
    pub finding: Finding,
}

/// What [`Provider::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Everything that was looked at, each once, in order of their subjects.
    pub checks: Vec<Check>,
    /// How many calls were made.
    pub calls: u64,
}

/// An artifact whose surroundings are to be checked.
#[derive(Clone, Debug)]
pub struct ToVerify<'a> {
    /// The name of its flow.
    pub flow: &'a str,
    /// The artifact, made already or not.
    pub artifact: &'a Artifact,
    /// The version's definition: run arguments that are no part of the artifact are in its `run_config`.
    pub definition: &'a Value,
}

/// A recorded artifact that should say whose it is.
#[derive(Clone, Debug)]
pub struct ToAudit<'a> {
    /// The name of its flow.
    pub flow: &'a str,
    /// The artifact.
    pub binding: &'a Binding,
    /// What it may say: versions of a flow that are equal share an artifact, which says the first of them.
    pub identities: Vec<Identity>,
    /// Whether the flow's current version has it.
    pub is_current: bool,
}

/// The half of a backend that has effects. An instance is one configured connection.
pub trait Provider: Send + Sync {
    /// The account, cluster or directory that the credentials lead to.
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>>;

    /// How many calls may usefully be under way at once.
    fn concurrency(&self) -> usize {
        10
    }

    /// How long that many makes and removes take at the least, at the rate that the backend allows.
    fn estimate(&self, makes: u64, removes: u64) -> Duration {
        let _ = (makes, removes);
        Duration::ZERO
    }

    /// Reads the live artifacts, batched: list calls, and content only where its hash cannot be known otherwise.
    ///
    /// A failure of the whole call (credentials, network) is `Err`; a failure for one object is in
    /// [`Observation::unreadable`].
    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>>;

    /// Which of the recorded artifacts, all of which are about to be removed, must stay for now: runs go on that were started
    /// from them. Asked only where something is to be removed, so that a plan that removes nothing makes no call for it; a
    /// backend whose refresh knows it anyway tells it in [`Observation::in_use`].
    ///
    /// # Errors
    /// It cannot be read; nothing is removed then.
    fn in_use<'a>(&'a self, request: RefreshRequest<'a>) -> BoxFuture<'a, Result<InUse, ProviderError>> {
        let _ = request;
        Box::pin(async { Ok(InUse::default()) })
    }

    /// Makes the artifact and returns what its binding says of it.
    ///
    /// Guarantees: an artifact of the same identity and hash that exists already is found and returned, so the
    /// call may be repeated when its answer was lost. A different artifact in its place is replaced only if it
    /// carries our identity, otherwise the call fails with [`crate::ErrorKind::Conflict`].
    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>>;

    /// Removes an artifact; an absent one is success. Refuses one that is not ours (`Conflict`).
    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Has the backend itself say which artifact is its flow's current one, where it has a place for that; `identity` is that of
    /// the version, which may have taken over the artifact of another one. It may be repeated.
    ///
    /// # Errors
    /// `Conflict` when somebody else has written there.
    fn set_current<'a>(
        &'a self,
        identity: &'a Identity,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (identity, id);
        Box::pin(async { Ok(()) })
    }

    /// Has the backend say no more which artifact of the flow of artifact `id` is the current one. It may be repeated.
    ///
    /// # Errors
    /// `Conflict` when what says so is not ours.
    fn clear_current<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (registry, id);
        Box::pin(async { Ok(()) })
    }

    /// Looks up what the artifacts name - roles, networks, images - before a run depends on it. It changes nothing, and
    /// may need rights that [`Provider::refresh`] does not. A provider that can look up nothing returns nothing.
    ///
    /// # Errors
    /// The backend cannot be reached at all; what cannot be read is [`Finding::NotChecked`].
    fn verify<'a>(
        &'a self,
        artifacts: &'a [ToVerify<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        let _ = artifacts;
        Box::pin(async { Ok(Verification::default()) })
    }

    /// Looks up whether recorded artifacts still say whose they are, where a listing does not tell, and who else uses
    /// those that are superseded. It changes nothing.
    ///
    /// # Errors
    /// The backend cannot be reached at all.
    fn audit<'a>(
        &'a self,
        recorded: &'a [ToAudit<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        let _ = recorded;
        Box::pin(async { Ok(Verification::default()) })
    }

    /// Reads one object by the backend's own name for it, ours or not, with its body; `None` when it is absent.
    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>>;
}
