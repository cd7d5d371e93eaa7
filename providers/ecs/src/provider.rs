//! IO: task definitions of flow versions, registered, found, read and deregistered. Revisions that do not carry our tags
//! are never changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowform_provider_api::{
    ArtifactType, BoxFuture, Digest, ErrorKind, Identity, LiveArtifact, Location, Made, MakeRequest,
    Observation, Provider, ProviderError, RefreshRequest, RegistryId, ToVerify, Verification,
};
use flowform_provider_aws::Connection;
use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::arn;
use crate::canonical::{FIELD, TASK_DEFINITION};
use crate::client::{Calls, Described};
use crate::rates;
use crate::settings::{Settings, with_logs};
use crate::tags::{self, Tags};
use crate::verify;

/// How often a registration is tried.
const TRIES: u32 = 6;

/// The pause before the second try; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// How many revisions that nobody recorded are looked at: what interrupted applies and others leave is few.
const LOOKED_AT: usize = 200;

/// The provider of one account and region.
pub struct EcsProvider {
    settings: Settings,
    pub(crate) calls: Calls,
    /// One registration at a time per family: the service refuses concurrent ones.
    families: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl EcsProvider {
    /// Connects to nothing: credentials are looked for at the first call.
    pub fn new(settings: Settings) -> Self {
        let calls = Calls::new(Connection::new(settings.connection.clone()), settings.modify);
        Self { settings, calls, families: Mutex::default() }
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
        loop {
            let error = match self.calls.register(&document).await {
                Ok(arn) => return Ok(arn),
                Err(error) => error,
            };
            let is_lost = error.kind == ErrorKind::Unavailable;
            let may_repeat = is_lost || error.kind == ErrorKind::Throttled || is_contended(&error);
            if !may_repeat || tries >= TRIES {
                return Err(error);
            }
            sleep(error.retry_after.unwrap_or(pause)).await;
            pause *= 2;
            tries += 1;
            // The call may have been done: a second revision of the version would be one too many.
            if is_lost && let Some(found) = self.find(family, identity, &artifact.hash).await? {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn document(
        &self,
        definition: &Map<String, Value>,
        identity: &Identity,
        hash: &Digest,
    ) -> Result<Value, ProviderError> {
        let mut definition = definition.clone();
        if let Some(group) = &self.settings.default_log_group {
            with_logs(&mut definition, group, &self.calls.region().await?);
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
            (false, Some(newest)) => Err(taken(family, newest)),
            _ => Ok(found),
        }
    }

    async fn observe(&self, request: RefreshRequest<'_>) -> Result<Observation, ProviderError> {
        let before = self.calls.count();
        self.calls.location().await?;
        let mut observation = Observation::default();
        let active: BTreeSet<String> = self.calls.active(None).await?.into_iter().collect();
        let recorded: BTreeSet<&str> = request.recorded.iter().map(|binding| binding.id.as_str()).collect();
        // The newest recorded revision of each family, with its ARN.
        let mut families: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for id in &recorded {
            if active.contains(*id) {
                observation.intact.push((*id).to_owned());
            }
            if let Some((family, number)) = arn::revision(id) {
                let newest = families.entry(family).or_insert((number, id));
                *newest = (*newest).max((number, id));
            }
        }
        let mut others: Vec<String> =
            active.into_iter().filter(|id| !recorded.contains(id.as_str())).collect();
        others.retain(|id| {
            arn::revision(id).is_some_and(|(family, _)| {
                families.contains_key(family) || arn::may_be_of(family, request.project)
            })
        });
        for id in others.iter().take(LOOKED_AT) {
            let tags = self.calls.tags_of(id).await?;
            let identity = tags::identity(&tags)
                .filter(|found| tags::is_of_project(found, request.registry, request.project));
            if let Some(identity) = identity {
                observation.live.push(LiveArtifact {
                    kind: TASK_DEFINITION.kind().to_owned(),
                    id: id.clone(),
                    identity: Some(identity),
                    hash: tags::hash(&tags).unwrap_or_else(|| Digest::of_bytes(id.as_bytes())),
                    body: None,
                });
                continue;
            }
            let Some((family, number)) = arn::revision(id) else { continue };
            if let Some((newest, own)) = families.get(family).filter(|(newest, _)| number > *newest) {
                observation.notes.push(((*own).to_owned(), format!(
                    "somebody else registered {family}:{number}, which is newer than {family}:{newest}; runs use the \
                     latter"
                )));
            }
        }
        if let (true, Some((_, id))) = (others.len() > LOOKED_AT, families.values().next()) {
            observation.notes.push((
                (*id).to_owned(),
                format!("{} revisions that nobody recorded were not looked at", others.len() - LOOKED_AT),
            ));
        }
        observation.calls = self.calls.count().saturating_sub(before);
        Ok(observation)
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
    fn live(&self, found: Described) -> LiveArtifact {
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
        Box::pin(self.observe(request))
    }

    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        Box::pin(async move { Ok(self.make_revision(request).await?.into()) })
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.remove_revision(registry, id))
    }

    fn verify<'a>(
        &'a self,
        artifacts: &'a [ToVerify<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        Box::pin(verify::verify(&self.calls, artifacts))
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
