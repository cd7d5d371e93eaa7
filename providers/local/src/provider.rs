//! The provider of artifacts that no backend stores: they are objects of the registry itself. It starts nothing.
//!
//! The object of one artifact is `specs/<flow id>/v<version>-<kind>.json`; that key is the artifact's id. The
//! object ends in a seal over all of its content, so that a change by hand is seen whatever it touches, while
//! a mere reformatting is none. Where the tags of the store tell the content, an object whose tag is the recorded one is
//! not read.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::{
    BoxFuture, Digest, Entry, ErrorKind, Etag, Identity, Listing, LiveArtifact, Location, Made, MakeRequest,
    ObjectStore, Observation, Provider, ProviderError, PutOutcome, RefreshRequest, RegistryId, Stored,
    key_part,
};
use serde_json::{Value, json};

/// Where the objects are, below the project.
const SPECS: &str = "specs/";

/// How many objects are read before they are looked at: bounds memory.
const READ_AT_ONCE: usize = 1024;

/// How many artifacts are made at once.
const WRITES: usize = 64;

/// How often a write is tried again when others write the same object.
const TRIES: usize = 8;

/// The local provider. It takes artifacts of every kind; `process` is the one that is its own.
pub struct LocalProvider {
    store: Arc<dyn ObjectStore>,
    /// Where the objects are; it ends in `/`.
    place: String,
}

impl LocalProvider {
    /// A provider over the project's part of a registry's store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self::at(store, SPECS)
    }

    /// The same for objects at another place, a key with a `/` at its end: those of a backend that stores none itself.
    pub fn at(store: Arc<dyn ObjectStore>, place: impl Into<String>) -> Self {
        Self { store, place: place.into() }
    }

    /// What is recorded of a made object.
    fn made(&self, id: String, tag: Etag) -> Made {
        Made { id, tag: self.store.listing().tags_tell.then_some(tag) }
    }

    async fn make_object(&self, request: MakeRequest<'_>) -> Result<Made, ProviderError> {
        let MakeRequest { identity, artifact, .. } = request;
        let flow = key_part(identity.flow.as_str());
        let id = format!("{}{flow}/v{}-{}.json", self.place, identity.version, key_part(&artifact.kind));
        let mut sealed = json!({
            "identity": serde_json::to_value(identity).map_err(|error| broken(&error))?,
            "kind": artifact.kind,
            "hash": artifact.hash,
            "body": artifact.body,
        });
        let seal = Digest::of(&sealed);
        if let Value::Object(fields) = &mut sealed {
            fields.insert("seal".into(), json!(seal));
        }
        let bytes = serde_json::to_vec(&sealed).map_err(|error| broken(&error))?;
        for _ in 0..TRIES {
            if let PutOutcome::Written(tag) = self.store.put_if_absent(&id, bytes.clone()).await? {
                return Ok(self.made(id, tag));
            }
            let Some(Stored { bytes: found, etag }) = self.store.get(&id).await? else { continue };
            match decode(&id, &found) {
                Content::Sound(live) if is_same(&live, identity) && live.hash == artifact.hash => {
                    return Ok(self.made(id, etag));
                }
                content => owned(&id, &content, &identity.registry, Some(identity))?,
            }
            if let PutOutcome::Written(tag) = self.store.put_if_match(&id, bytes.clone(), &etag).await? {
                return Ok(self.made(id, tag));
            }
        }
        Err(contended(&id))
    }

    async fn remove_object(&self, registry: &RegistryId, id: &str) -> Result<(), ProviderError> {
        self.check_id(id)?;
        let Some(Stored { bytes, .. }) = self.store.get(id).await? else { return Ok(()) };
        owned(id, &decode(id, &bytes), registry, None)?;
        self.store.delete(id).await
    }

    fn check_id(&self, id: &str) -> Result<(), ProviderError> {
        if id.starts_with(&self.place) {
            return Ok(());
        }
        let message =
            format!("{id:?} is not the id of an artifact in the registry: those begin with {}", self.place);
        Err(ProviderError::new(ErrorKind::Invalid, message))
    }

    async fn observe(&self, request: RefreshRequest<'_>) -> Result<Observation, ProviderError> {
        let entries = self.store.list(&self.place, None).await?;
        let Listing { rows_per_call, tags_tell } = self.store.listing();
        let calls = (entries.len() as u64).div_ceil(rows_per_call.max(1)).max(1);
        let mut observation = Observation { calls, ..Observation::default() };
        let recorded: BTreeMap<&str, Option<&Etag>> =
            request.recorded.iter().map(|binding| (binding.id.as_str(), binding.tag.as_ref())).collect();
        let mut keys = Vec::new();
        for Entry { key, etag } in entries {
            match recorded.get(key.as_str()) {
                Some(Some(tag)) if **tag == etag && tags_tell => {
                    observation.intact.push(key);
                }
                _ => keys.push(key),
            }
        }
        for keys in keys.chunks(READ_AT_ONCE) {
            for (key, read) in keys.iter().zip(self.store.get_many(keys).await) {
                observation.calls += 1;
                match read {
                    Ok(Some(stored)) => {
                        let live = match decode(key, &stored.bytes) {
                            Content::Sound(live) => LiveArtifact { body: None, ..live },
                            Content::Altered(live) => live,
                        };
                        let ours = live.identity.as_ref().is_some_and(|identity| {
                            identity.registry == *request.registry && identity.project == request.project
                        });
                        if ours || recorded.contains_key(key.as_str()) {
                            observation.live.push(live);
                        }
                    }
                    // Removed since the listing: absent.
                    Ok(None) => {}
                    Err(error) if recorded.contains_key(key.as_str()) => {
                        observation.unreadable.push((key.clone(), error));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        observation.live.sort_by(|a, b| a.id.cmp(&b.id));
        observation.unreadable.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(observation)
    }
}

impl Provider for LocalProvider {
    /// The objects live wherever the registry lives, and move with it; which one it is, each of them says.
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>> {
        Box::pin(async { Ok(Location("registry".into())) })
    }

    fn concurrency(&self) -> usize {
        WRITES
    }

    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>> {
        Box::pin(self.observe(request))
    }

    /// A file at the artifact's own key that is no artifact at all (cut off, say) is replaced: the key holds the
    /// flow's random id, so it can only be ours.
    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        Box::pin(self.make_object(request))
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.remove_object(registry, id))
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>> {
        Box::pin(async move {
            self.check_id(id)?;
            let stored = self.store.get(id).await?;
            Ok(stored.map(|stored| match decode(id, &stored.bytes) {
                Content::Sound(live) | Content::Altered(live) => live,
            }))
        })
    }
}

/// What an object holds.
enum Content {
    /// What was written there.
    Sound(LiveArtifact),
    /// Something else; its hash is that of the bytes, so it equals no recorded one.
    Altered(LiveArtifact),
}

fn decode(id: &str, bytes: &[u8]) -> Content {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else {
        return Content::Altered(LiveArtifact {
            kind: kind_of(id),
            id: id.to_owned(),
            identity: None,
            hash: Digest::of_bytes(bytes),
            body: None,
        });
    };
    let seal = fields.remove("seal");
    let sealed = Value::Object(fields);
    let intact = seal.as_ref().and_then(Value::as_str) == Some(Digest::of(&sealed).as_str());
    let field = |name: &str| sealed.get(name).cloned();
    let identity = field("identity").and_then(|identity| serde_json::from_value(identity).ok());
    let hash = field("hash").and_then(|hash| serde_json::from_value(hash).ok());
    let kind = field("kind").and_then(|kind| kind.as_str().map(str::to_owned));
    let live = LiveArtifact {
        kind: kind.unwrap_or_else(|| kind_of(id)),
        id: id.to_owned(),
        identity,
        hash: hash.filter(|_| intact).unwrap_or_else(|| Digest::of_bytes(bytes)),
        body: field("body"),
    };
    if intact { Content::Sound(live) } else { Content::Altered(live) }
}

/// The kind that the key `specs/<flow>/v<version>-<kind>.json` names.
fn kind_of(id: &str) -> String {
    let name = id.rsplit('/').next().unwrap_or(id);
    let name = name.strip_suffix(".json").unwrap_or(name);
    name.split_once('-').map_or(name, |(_, kind)| kind).to_owned()
}

/// Whether both are the identity of one version; the name is an alias.
fn is_same(live: &LiveArtifact, identity: &Identity) -> bool {
    live.identity.as_ref().is_some_and(|found| {
        let named = Identity { flow_name: identity.flow_name.clone(), ..found.clone() };
        named == *identity
    })
}

/// Refuses an object that carries another identity than ours, or is a document without one.
fn owned(
    id: &str,
    content: &Content,
    registry: &RegistryId,
    identity: Option<&Identity>,
) -> Result<(), ProviderError> {
    let (Content::Sound(live) | Content::Altered(live)) = content;
    let whose = match &live.identity {
        // Not even a document: nobody put that there on purpose.
        None if live.body.is_none() => return Ok(()),
        None => "carries no identity of flowform".to_owned(),
        Some(found) if found.registry != *registry => format!("belongs to the registry {}", found.registry),
        Some(found) => match identity {
            Some(identity) if found.project != identity.project || found.flow != identity.flow => {
                format!("belongs to the flow {:?} of the project {:?}", found.flow_name, found.project)
            }
            _ => return Ok(()),
        },
    };
    let message = format!("{id} is not ours: it {whose}. Move it away, and run apply again");
    Err(ProviderError::new(ErrorKind::Conflict, message))
}

fn contended(id: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Conflict, format!("{id} is written by somebody else at the same time"))
}

fn broken(error: &serde_json::Error) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, format!("an artifact cannot be written as JSON: {error}"))
}

#[cfg(test)]
mod tests;
