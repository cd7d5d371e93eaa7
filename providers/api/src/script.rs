//! Scripts of flows: objects of a bucket that a version is bound to as it is to its other artifacts. Object stores share the
//! rules here and bring the calls. It reads no file, and starts nothing.
//!
//! An object says whose it is in its metadata. Its content is told by its MD5, which listings of object stores have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    ArtifactType, Binding, BoxFuture, Digest, ErrorKind, Etag, FlowId, Identity, LiveArtifact, Location,
    Made, MakeRequest, Observation, Provider, ProviderError, PutOutcome, RefreshRequest, RegistryId,
    key_part,
};

/// What keys begin with that no configuration names.
const ROOT: &str = "flowform";

/// How many digits of a script's digest its key has.
const HASH_DIGITS: usize = 16;

/// The kind of artifact.
pub const SCRIPT: ScriptType = ScriptType;

/// A script: `{ "uri": "s3://bucket/key", "text": "..." }`.
#[derive(Clone, Copy, Debug)]
pub struct ScriptType;

impl ArtifactType for ScriptType {
    fn kind(&self) -> &'static str {
        "script"
    }

    fn canonical(&self, body: &Value) -> Value {
        let md5 = match body.get("text").and_then(Value::as_str) {
            Some(text) => json!(md5_of(text.as_bytes())),
            None => body.get("md5").cloned().unwrap_or(Value::Null),
        };
        json!({ "uri": body.get("uri"), "md5": md5 })
    }
}

/// The key of a flow's script where the configuration names none: one for each content, so that versions share what did not
/// change, and none overwrites what runs of another one read.
pub fn script_key(project: &str, flow: &str, text: &str) -> String {
    let digest = Digest::of_bytes(text.as_bytes());
    let digits: String = digest.as_str().chars().take(HASH_DIGITS).collect();
    format!("{ROOT}/{}/{}/{digits}.py", key_part(project), key_part(flow))
}

/// The MD5 of a content, in hexadecimal digits.
pub fn md5_of(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An object as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundScript {
    /// The MD5 of its content.
    pub md5: String,
    /// What is said of it beside its content.
    pub metadata: BTreeMap<String, String>,
    /// The tag to write over it.
    pub etag: Etag,
}

/// The calls to one kind of object store.
pub trait ScriptStore: Send + Sync {
    /// What is recorded as the place of its objects.
    fn location(&self) -> Location;

    /// The objects of these URIs, in their order.
    fn look<'a>(
        &'a self,
        uris: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<FoundScript>, ProviderError>>>;

    /// The content of an object.
    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, ProviderError>>;

    /// The URIs of the objects below a URI that ends in `/`, each with what is probably its MD5, and how many calls it took.
    #[expect(clippy::type_complexity, reason = "one answer of one call")]
    fn list<'a>(
        &'a self,
        below: &'a str,
    ) -> BoxFuture<'a, Result<(BTreeMap<String, String>, u64), ProviderError>>;

    /// Writes an object over the one with the tag `expected`, or where there is none.
    fn write<'a>(
        &'a self,
        uri: &'a str,
        bytes: Vec<u8>,
        metadata: BTreeMap<String, String>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>>;

    /// Removes an object; an absent one is success.
    fn delete<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<(), ProviderError>>;
}

/// Scripts in one kind of object store.
pub struct Scripts {
    store: Arc<dyn ScriptStore>,
}

impl Scripts {
    /// Makes no call.
    pub fn new(store: Arc<dyn ScriptStore>) -> Self {
        Self { store }
    }

    fn look<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<FoundScript>, ProviderError>> {
        Box::pin(async move {
            let found = self.store.look(&[uri.to_owned()]).await.into_iter().next();
            found.unwrap_or_else(|| {
                Err(ProviderError::new(ErrorKind::Internal, format!("{uri} was not read")))
            })
        })
    }
}

impl Provider for Scripts {
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>> {
        Box::pin(async { Ok(self.store.location()) })
    }

    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>> {
        Box::pin(async move {
            let mut asked = Asked::of(&request);
            let mut seen = Observation::default();
            for below in std::mem::take(&mut asked.below) {
                match self.store.list(&below).await {
                    Ok((listed, calls)) => {
                        seen.calls = seen.calls.saturating_add(calls);
                        seen.intact.extend(asked.listed(&below, &listed));
                    }
                    Err(error) => {
                        seen.calls = seen.calls.saturating_add(1);
                        seen.unreadable.extend(asked.unlisted(&below, &error));
                    }
                }
            }
            let uris: Vec<String> = asked.open.into_iter().collect();
            seen.calls = seen.calls.saturating_add(uris.len() as u64);
            for (uri, found) in uris.iter().zip(self.store.look(&uris).await) {
                match found {
                    Ok(None) => {}
                    Ok(Some(found)) => {
                        let identity = identity_of(&found.metadata);
                        let ours = identity.as_ref().is_some_and(|it| {
                            it.registry == *request.registry && it.project == request.project
                        });
                        if ours || asked.recorded.contains_key(uri.as_str()) {
                            seen.live.push(live(uri, &found, identity, None));
                        }
                    }
                    // Nothing is known of what nobody recorded.
                    Err(_) if !asked.recorded.contains_key(uri.as_str()) => {}
                    Err(error) => seen.unreadable.push((uri.clone(), error)),
                }
            }
            Ok(seen)
        })
    }

    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        Box::pin(async move {
            let made = |uri: &str| Ok(Made { id: uri.to_owned(), tag: None });
            let text = |name: &str| request.artifact.body.get(name).and_then(Value::as_str);
            let (Some(uri), Some(text)) = (text("uri"), text("text")) else {
                return Err(ProviderError::new(ErrorKind::Internal, "a script has no place or no text"));
            };
            let found = self.look(uri).await?;
            if let Some(found) = &found {
                let whose = identity_of(&found.metadata);
                let is_ours = whose.as_ref().is_some_and(|whose| same_flow(whose, request.identity));
                if is_ours && found.md5 == md5_of(text.as_bytes()) {
                    return made(uri);
                }
                if !is_ours && !request.recorded.iter().any(|id| id == uri) {
                    return Err(foreign(uri, whose.as_ref()));
                }
            }
            let expected = found.as_ref().map(|found| &found.etag);
            let metadata = metadata(request.identity);
            match self.store.write(uri, text.as_bytes().to_vec(), metadata, expected).await? {
                PutOutcome::Written(_) => made(uri),
                PutOutcome::Refused => Err(ProviderError::new(
                    ErrorKind::Conflict,
                    format!("{uri} was written by somebody else at the same time"),
                )),
            }
        })
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let Some(found) = self.look(id).await? else { return Ok(()) };
            match identity_of(&found.metadata) {
                Some(whose) if whose.registry == *registry => self.store.delete(id).await,
                whose => Err(foreign(id, whose.as_ref())),
            }
        })
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>> {
        Box::pin(async move {
            let Some(found) = self.look(id).await? else { return Ok(None) };
            let Some(bytes) = self.store.read(id).await? else { return Ok(None) };
            let body = json!({ "uri": id, "text": String::from_utf8_lossy(&bytes) });
            let identity = identity_of(&found.metadata);
            Ok(Some(live(id, &found, identity, Some(body))))
        })
    }
}

/// What is to be read, and what is known of it.
struct Asked<'a> {
    /// The hashes that are recorded of each place: several where versions share a key of the configuration's.
    recorded: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What is listed.
    below: BTreeSet<String>,
    /// What is read one by one.
    open: BTreeSet<String>,
}

impl<'a> Asked<'a> {
    fn of(request: &RefreshRequest<'a>) -> Self {
        let mut recorded: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for Binding { id, hash, .. } in request.recorded {
            recorded.entry(id).or_default().insert(hash.as_str());
        }
        let own = format!("/{ROOT}/{}/", key_part(request.project));
        let (mut below, mut open) = (BTreeSet::new(), BTreeSet::new());
        for uri in recorded.keys().copied().chain(request.expected.iter().map(String::as_str)) {
            // In every bucket, what an interrupted apply left is looked for as well.
            let bucket = bucket_of(uri);
            match uri.get(bucket.len()..).is_some_and(|key| key.starts_with(&own)) {
                true => drop(below.insert(format!("{bucket}{own}"))),
                false => drop(open.insert(uri.to_owned())),
            }
        }
        Self { recorded, below, open }
    }

    /// What a listing tells of recorded objects to be intact; the others of it are to be looked at.
    fn listed(&mut self, below: &str, listed: &BTreeMap<String, String>) -> Vec<String> {
        let mut intact = Vec::new();
        for (uri, md5) in listed {
            let hash = SCRIPT.hash(&json!({ "uri": uri, "md5": md5 }));
            let is_as_recorded = self
                .recorded
                .get(uri.as_str())
                .is_some_and(|hashes| hashes.len() == 1 && hashes.contains(hash.as_str()));
            match is_as_recorded && uri.starts_with(below) {
                true => intact.push(uri.clone()),
                false => drop(self.open.insert(uri.clone())),
            }
        }
        intact
    }

    /// The recorded objects that a listing would have told of.
    fn unlisted(&self, below: &str, error: &ProviderError) -> Vec<(String, ProviderError)> {
        let hit = self.recorded.keys().filter(|uri| uri.starts_with(below));
        hit.map(|uri| ((*uri).to_owned(), error.clone())).collect()
    }
}

/// `s3://bucket` of `s3://bucket/key`.
fn bucket_of(uri: &str) -> &str {
    let name = uri.find("://").map_or(0, |at| at + "://".len());
    let end = uri.get(name..).and_then(|rest| rest.find('/')).map_or(uri.len(), |at| name + at);
    uri.get(..end).unwrap_or(uri)
}

fn live(uri: &str, found: &FoundScript, identity: Option<Identity>, body: Option<Value>) -> LiveArtifact {
    let hash = SCRIPT.hash(&json!({ "uri": uri, "md5": found.md5 }));
    LiveArtifact { kind: SCRIPT.kind().to_owned(), id: uri.to_owned(), identity, hash, body }
}

fn same_flow(one: &Identity, other: &Identity) -> bool {
    (&one.registry, &one.project, &one.flow) == (&other.registry, &other.project, &other.flow)
}

fn foreign(uri: &str, whose: Option<&Identity>) -> ProviderError {
    let whose = match whose {
        Some(whose) => format!(
            "belongs to the flow `{}` of the project `{}` in the registry {}",
            whose.flow_name, whose.project, whose.registry
        ),
        None => "was not written by flowform, or was written over since".to_owned(),
    };
    ProviderError::new(ErrorKind::Conflict, format!("{uri} {whose}: remove it, or choose another `key`"))
}

/// The names of the metadata, in the order of [`Identity`].
const NAMES: [&str; 6] = [
    "flowform-registry",
    "flowform-project",
    "flowform-flow-id",
    "flowform-flow",
    "flowform-version",
    "flowform-digest",
];

/// Metadata is sent in headers, so everything but plain letters and digits is percent-encoded.
fn metadata(identity: &Identity) -> BTreeMap<String, String> {
    let version = identity.version.to_string();
    let values = [
        identity.registry.as_str(),
        &identity.project,
        identity.flow.as_str(),
        &identity.flow_name,
        &version,
        identity.digest.as_str(),
    ];
    let encoded = values.map(|value| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
    NAMES.into_iter().map(str::to_owned).zip(encoded).collect()
}

/// Whose an object says it is.
fn identity_of(metadata: &BTreeMap<String, String>) -> Option<Identity> {
    let text = |name: &str| {
        let value = percent_decode_str(metadata.get(name)?);
        Some(value.decode_utf8().ok()?.into_owned())
    };
    let [registry, project, flow, flow_name, version, digest] = NAMES.map(text);
    Some(Identity {
        registry: RegistryId(registry?),
        project: project?,
        flow: FlowId(flow?),
        flow_name: flow_name?,
        version: version?.parse().ok()?,
        digest: serde_json::from_value(Value::String(digest?)).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_bucket() {
        for (uri, bucket) in
            [("s3://b/k/x.py", "s3://b"), ("gs://b", "gs://b"), ("b/k", "b"), ("", ""), ("s3://", "s3://")]
        {
            assert_eq!(bucket_of(uri), bucket, "{uri}");
        }
    }

    #[test]
    fn a_script_is_its_content_and_place() {
        let written = json!({ "uri": "s3://b/k", "text": "flow" });
        let listed = json!({ "uri": "s3://b/k", "md5": "cff5497121104c2b8e0cb41ed2083a9b" });
        assert_eq!(SCRIPT.canonical(&written), listed);
        assert_eq!(SCRIPT.canonical(&listed), listed);
        assert_eq!(script_key("Shop", "etl", "flow"), script_key("Shop", "etl", "flow"));
        assert_ne!(script_key("Shop", "etl", "flow"), script_key("Shop", "etl", "other"));
    }

    #[test]
    fn whose_an_object_is_survives_headers() {
        let identity = Identity {
            registry: RegistryId("2c1a6e3e-0000-4000-8000-00000000c0de".into()),
            project: "Größe / shop".into(),
            flow: FlowId("7d3f0000-0000-4000-8000-000000000001".into()),
            flow_name: "Flow № 1\n".into(),
            version: 7,
            digest: Digest::of_bytes(b"x"),
        };
        let sent = metadata(&identity);
        assert!(sent.values().all(|value| value.bytes().all(|byte| byte.is_ascii_graphic())), "{sent:?}");
        assert_eq!(identity_of(&sent), Some(identity));
        assert_eq!(identity_of(&BTreeMap::new()), None);
    }
}
