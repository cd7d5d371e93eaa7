//! IO: task definitions of flow versions, registered, found, read and deregistered. Revisions that do not carry our tags
//! are never changed, but for one that takes the place of ours, which gets them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowform_provider_api::{
    ArtifactType, BoxFuture, Digest, ErrorKind, Identity, InUse, LiveArtifact, Location, Made, MakeRequest,
    Observation, Provider, ProviderError, RefreshRequest, RegistryId, ToAudit, ToVerify, Verification,
};
use flowform_provider_aws::Connection;
use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::arn;
use crate::canonical::{FIELD, TASK_DEFINITION};
use crate::client::{Calls, Described};
use crate::rates;
use crate::settings::{Settings, lacks_log_region, with_log_region};
use crate::tags::{self, Tags};
use crate::{audit, refresh, registered, verify};

/// How often a registration is tried.
const TRIES: u32 = 6;

/// The pause before the second try; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a registration without an answer is looked up before it is repeated: what was registered is not shown at
/// once (page `RunTask`, on eventual consistency).
const LOOKS: u32 = 3;

/// How many deregistered revisions of a family are looked at for one of the flow.
const FORMER: usize = 20;

/// The provider of one account and region.
pub struct EcsProvider {
    settings: Settings,
    pub(crate) calls: Calls,
    /// One registration at a time per family: the service refuses concurrent ones.
    families: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Revisions that carry our tags as far as this program has seen.
    ours: Mutex<HashSet<String>>,
}

impl EcsProvider {
    /// Connects to nothing: credentials are looked for at the first call.
    pub fn new(settings: Settings) -> Self {
        let attempts = settings.connection.max_attempts;
        let calls = Calls::new(Connection::new(settings.connection.clone()), settings.modify, attempts);
        Self { settings, calls, families: Mutex::default(), ours: Mutex::default() }
    }

    fn ours(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn family(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(families.entry(name.to_owned()).or_default())
    }

    async fn make_revision(&self, request: MakeRequest<'_>) -> Result<String, ProviderError> {
        let MakeRequest { identity, artifact, .. } = request;
        let Some(Value::Object(definition)) = artifact.body.get(FIELD) else {
            return Err(no_definition());
        };
        let Some(family) = definition.get("family").and_then(Value::as_str) else {
            return Err(no_definition());
        };
        let document = self.document(definition, identity, &artifact.hash).await?;
        let lock = self.family(family);
        let _one = lock.lock().await;
        if let Some(found) = self.find(family, identity, &artifact.hash).await? {
            return Ok(found);
        }
        let mut pause = PAUSE;
        let mut tries = 1;
        let mut is_in_doubt = false;
        loop {
            let error = match self.calls.register(&document).await {
                Ok(arn) if is_in_doubt => {
                    // An earlier try may have been done after all: the lowest is kept, and the next apply prunes this one.
                    let lowest = self.find(family, identity, &artifact.hash).await?;
                    return Ok(lowest.unwrap_or(arn));
                }
                Ok(arn) => return Ok(arn),
                Err(error) => error,
            };
            let is_lost = error.kind == ErrorKind::Unavailable;
            if !(is_lost || is_contended(&error)) || tries >= TRIES {
                return Err(error);
            }
            is_in_doubt |= is_lost;
            tries += 1;
            sleep(error.retry_after.unwrap_or(pause)).await;
            for look in 0..LOOKS {
                // The call may have been done: a second revision of the version would be one too many.
                if !is_lost {
                    break;
                }
                if let Some(found) = self.find(family, identity, &artifact.hash).await? {
                    return Ok(found);
                }
                if look + 1 < LOOKS {
                    sleep(pause).await;
                }
            }
            pause = pause.saturating_mul(2);
        }
    }

    /// Has a revision carry our tags that was not registered by us: it equals what would be registered, and the plan
    /// said that it takes the place.
    async fn take_over(&self, identity: &Identity, id: &str) -> Result<(), ProviderError> {
        if self.ours().contains(id) {
            return Ok(());
        }
        let Some(found) = self.calls.describe(id).await? else {
            return Err(ProviderError::new(ErrorKind::NotFound, format!("{id} is gone: plan again")));
        };
        match tags::identity(&found.tags) {
            Some(owner) if tags::is_of_flow(&owner, identity) => {}
            Some(owner) => return Err(not_ours(id, &format!("belongs to the flow {}", owner.flow_name))),
            None => {
                let hash = self.live(found).hash;
                self.calls.tag(id, &tags::of(identity, &hash)).await?;
            }
        }
        self.ours().insert(id.to_owned());
        Ok(())
    }

    pub(crate) async fn document(
        &self,
        definition: &Map<String, Value>,
        identity: &Identity,
        hash: &Digest,
    ) -> Result<Value, ProviderError> {
        let mut definition = definition.clone();
        if lacks_log_region(&definition) {
            with_log_region(&mut definition, &self.calls.region().await?);
        }
        Ok(tags::request(&definition, &self.settings.default_tags, &tags::of(identity, hash)))
    }

    /// The revision that was registered for this version already: of several, the lowest.
    ///
    /// # Errors
    /// `Conflict`: the family holds revisions, and none is of this flow.
    async fn find(
        &self,
        family: &str,
        wanted: &Identity,
        hash: &Digest,
    ) -> Result<Option<String>, ProviderError> {
        let mut revisions = self.calls.active(Some(family)).await?;
        revisions.retain(|found| arn::revision(found).is_some_and(|(of, _)| of == family));
        arn::newest_first(&mut revisions);
        let mut found = None;
        let mut is_ours = revisions.is_empty();
        for revision in &revisions {
            let tags = self.calls.tags_of(revision).await?;
            let Some(identity) = tags::identity(&tags).filter(|found| tags::is_of_flow(found, wanted)) else {
                continue;
            };
            is_ours = true;
            let is_same = identity.version == wanted.version && identity.digest == wanted.digest;
            if is_same && tags::hash(&tags).as_ref() == Some(hash) {
                found = Some(revision.clone());
            } else if identity.version < wanted.version {
                // Versions are registered in order: what is older cannot be of this one.
                break;
            }
        }
        match (is_ours, revisions.first()) {
            (false, Some(newest)) if !self.was_ours(family, wanted).await? => Err(taken(family, newest)),
            _ => Ok(found),
        }
    }

    /// Whether the flow had a revision in the family before, which is deregistered now.
    async fn was_ours(&self, family: &str, wanted: &Identity) -> Result<bool, ProviderError> {
        let mut revisions = self.calls.inactive(family).await?;
        revisions.retain(|found| arn::revision(found).is_some_and(|(of, _)| of == family));
        arn::newest_first(&mut revisions);
        for revision in revisions.iter().take(FORMER) {
            let tags = self.calls.tags_of(revision).await?;
            if tags::identity(&tags).is_some_and(|found| tags::is_of_flow(&found, wanted)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn remove_revision(&self, registry: &RegistryId, id: &str) -> Result<(), ProviderError> {
        let Some(found) = self.calls.describe(id).await? else { return Ok(()) };
        if !found.is_active {
            return Ok(());
        }
        match tags::identity(&found.tags) {
            Some(identity) if identity.registry == *registry => self.calls.deregister(&found.arn).await,
            Some(identity) => Err(not_ours(id, &format!("belongs to the registry {}", identity.registry))),
            None => Err(not_ours(id, "does not carry the tags of flowform")),
        }
    }

    /// A revision as an artifact; tags that the provider adds to all are no content.
    pub(crate) fn live(&self, found: Described) -> LiveArtifact {
        let mut definition = found.definition;
        let own: Tags = found
            .tags
            .iter()
            .filter(|(key, value)| {
                !tags::is_reserved(key) && self.settings.default_tags.get(*key) != Some(*value)
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if let Value::Object(fields) = &mut definition {
            fields.insert("tags".to_owned(), tags::written(&own));
        }
        let body = Value::Object(Map::from_iter([(FIELD.to_owned(), definition)]));
        LiveArtifact {
            kind: TASK_DEFINITION.kind().to_owned(),
            id: found.arn,
            identity: tags::identity(&found.tags),
            hash: TASK_DEFINITION.hash(&body),
            body: Some(body),
        }
    }
}

impl Provider for EcsProvider {
    /// The account and the region: `111122223333/eu-west-1`.
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>> {
        Box::pin(self.calls.location())
    }

    /// One listing of the revisions that can be run, whoever's they are. What a revision holds cannot change, so nothing
    /// recorded is read again; tags are read of those alone that nobody recorded and that may be ours.
    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>> {
        Box::pin(refresh::observe(self, request))
    }

    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        Box::pin(async move {
            let id = self.make_revision(request).await?;
            self.ours().insert(id.clone());
            Ok(id.into())
        })
    }

    /// A revision that somebody else registered and that takes the place of ours gets our tags.
    fn set_current<'a>(
        &'a self,
        identity: &'a Identity,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.take_over(identity, id))
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.remove_revision(registry, id))
    }

    /// Running tasks outlive the deregistration of their revision; one that is queued or starting may not.
    fn in_use<'a>(&'a self, request: RefreshRequest<'a>) -> BoxFuture<'a, Result<InUse, ProviderError>> {
        Box::pin(async move {
            let before = self.calls.count();
            let starting = self.calls.starting().await?;
            let artifacts = request.recorded.iter().filter_map(|binding| {
                let cluster = starting.get(&binding.id)?;
                Some((binding.id.clone(), format!("a task of it is starting in the cluster `{cluster}`")))
            });
            let artifacts = artifacts.collect();
            Ok(InUse { artifacts, calls: self.calls.count().saturating_sub(before) })
        })
    }

    fn verify<'a>(
        &'a self,
        artifacts: &'a [ToVerify<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        Box::pin(async move {
            let mut verified = verify::verify(&self.calls, artifacts).await?;
            let registered = registered::verify(&self.calls, artifacts).await;
            verified.checks.extend(registered.checks);
            verified.calls += registered.calls;
            Ok(verified)
        })
    }

    fn audit<'a>(
        &'a self,
        recorded: &'a [ToAudit<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        Box::pin(audit::audit(&self.calls, recorded))
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>> {
        Box::pin(async move {
            let found = self.calls.describe(id).await?.filter(|found| found.is_active);
            Ok(found.map(|found| self.live(found)))
        })
    }

    /// Registrations and deregistrations share a bucket that is filled slowly.
    fn estimate(&self, makes: u64, removes: u64) -> Duration {
        rates::estimate(makes.saturating_add(removes), self.settings.modify)
    }
}

/// The service takes one registration of a family at a time, and says so by a sentence.
fn is_contended(error: &ProviderError) -> bool {
    error.message.contains("Too many concurrent attempts to create a new revision")
}

fn no_definition() -> ProviderError {
    ProviderError::new(ErrorKind::Internal, "the artifact holds no task definition with a family")
}

fn taken(family: &str, newest: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Conflict,
        format!(
            "the family {family} holds revisions of somebody else ({newest} is the newest): give the flow another \
             `family`, or import the revision"
        ),
    )
}

fn not_ours(id: &str, why: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Conflict, format!("{id} is not ours: it {why}"))
}
