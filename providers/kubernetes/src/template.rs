//! Shared templates in ConfigMaps: `configmap://namespace/name/key` is the text under one key of a ConfigMap. The other keys are
//! whoever's they are, and stay; a ConfigMap that was made here goes with its last key.
//!
//! The tag of a template is the digest of its text: labels that somebody sets are nothing to it.

use std::collections::BTreeMap;

use flowform_provider_api::{BoxFuture, Digest, ErrorKind, Etag, ProviderError, Stored, TemplateStore};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::cluster::{Cluster, Settings};
use crate::error::Doing;
use crate::names::{MANAGER, ROLE};
use crate::write::{contended, delete, read};

/// How often a write is tried again when others write the same object.
const TRIES: usize = 8;

/// The role of a ConfigMap that was made for shared templates.
const ROLE_SHARED: &str = "shared-template";

/// The templates in the ConfigMaps of one cluster.
pub struct ConfigMapTemplates {
    cluster: Cluster,
}

/// Where a template is.
struct Place<'a> {
    namespace: &'a str,
    name: &'a str,
    key: &'a str,
}

impl<'a> Place<'a> {
    fn parse(uri: &'a str) -> Result<Self, ProviderError> {
        let parts = uri.strip_prefix("configmap://").map(|rest| rest.split('/').collect::<Vec<_>>());
        match parts.as_deref() {
            Some([namespace, name, key]) => Ok(Self { namespace, name, key }),
            _ => Err(ProviderError::new(
                ErrorKind::Invalid,
                format!("{uri} is not of the form configmap://namespace/name/key"),
            )),
        }
    }

    /// The text under the key, with its tag.
    fn text(&self, object: &ConfigMap) -> Option<Stored> {
        let text =
            object.data.as_ref().and_then(|data| data.get(self.key)).map(|text| text.as_bytes().to_vec());
        let binary = || object.binary_data.as_ref()?.get(self.key).map(|bytes| bytes.0.clone());
        text.or_else(binary).map(|bytes| Stored { etag: tag(&bytes), bytes })
    }

    /// Whether the ConfigMap was made here and holds nothing else.
    fn is_last_of(&self, object: &ConfigMap) -> bool {
        let is_ours = object
            .metadata
            .labels
            .as_ref()
            .is_some_and(|labels| labels.get(ROLE).is_some_and(|role| role == ROLE_SHARED));
        let others = object.data.iter().flatten().filter(|(key, _)| *key != self.key).count();
        is_ours && others == 0 && object.binary_data.as_ref().is_none_or(BTreeMap::is_empty)
    }
}

fn tag(bytes: &[u8]) -> Etag {
    Etag(Digest::of_bytes(bytes).as_str().to_owned())
}

fn conflict(uri: &str) -> ProviderError {
    let message = format!("{uri} holds something else than it did when it was read");
    ProviderError::new(ErrorKind::Conflict, message)
}

impl ConfigMapTemplates {
    /// Those of the cluster that the settings lead to. Nothing is read before the first call.
    pub fn new(settings: Settings) -> Self {
        Self { cluster: Cluster::new(settings) }
    }

    async fn there(&self, place: &Place<'_>) -> Result<(Api<ConfigMap>, Option<ConfigMap>), ProviderError> {
        let api = self.cluster.config_maps(place.namespace).await?;
        let there = read(&api, place.namespace, place.name).await?;
        Ok((api, there))
    }

    async fn put(&self, uri: &str, content: Vec<u8>, expected: Option<&Etag>) -> Result<Etag, ProviderError> {
        let place = Place::parse(uri)?;
        let wanted = tag(&content);
        let text = String::from_utf8(content).map_err(|_| {
            ProviderError::new(ErrorKind::Invalid, format!("what is to be stored at {uri} is no text"))
        })?;
        for _ in 0..TRIES {
            let (api, there) = self.there(&place).await?;
            let found = there.as_ref().and_then(|object| place.text(object)).map(|found| found.etag);
            if found.as_ref() != expected {
                return Err(conflict(uri));
            }
            if found.as_ref() == Some(&wanted) {
                return Ok(wanted);
            }
            let written = match &there {
                Some(object) => set(&api, &place, object, Some(&text)).await?,
                None => create(&api, &place, &text).await?,
            };
            if written {
                return Ok(wanted);
            }
        }
        Err(contended(place.namespace, place.name))
    }

    async fn remove(&self, uri: &str, expected: &Etag) -> Result<(), ProviderError> {
        let place = Place::parse(uri)?;
        for _ in 0..TRIES {
            let (api, Some(object)) = self.there(&place).await? else { return Ok(()) };
            match place.text(&object) {
                None => return Ok(()),
                Some(found) if found.etag != *expected => return Err(conflict(uri)),
                Some(_) if place.is_last_of(&object) => delete(&api, place.namespace, &object).await?,
                Some(_) => drop(set(&api, &place, &object, None).await?),
            }
        }
        Err(contended(place.namespace, place.name))
    }
}

/// Makes the ConfigMap; false when somebody else did.
async fn create(api: &Api<ConfigMap>, place: &Place<'_>, text: &str) -> Result<bool, ProviderError> {
    let labels = [("app.kubernetes.io/managed-by", MANAGER), (ROLE, ROLE_SHARED)];
    let object = ConfigMap {
        metadata: ObjectMeta {
            name: Some(place.name.to_owned()),
            labels: Some(labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(place.key.to_owned(), text.to_owned())])),
        ..ConfigMap::default()
    };
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    let doing = Doing::new("create", "configmaps", place.namespace).named(place.name);
    match api.create(&params, &object).await.map_err(|error| doing.failed(&error)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sets the key, or takes it away, of exactly what was read; false when somebody else has written since.
async fn set(
    api: &Api<ConfigMap>,
    place: &Place<'_>,
    there: &ConfigMap,
    text: Option<&str>,
) -> Result<bool, ProviderError> {
    let metadata = json!({ "resourceVersion": there.metadata.resource_version });
    let mut change = json!({ "metadata": metadata, "data": { place.key: text } });
    if there.binary_data.as_ref().is_some_and(|data| data.contains_key(place.key)) {
        change["binaryData"] = json!({ place.key: null });
    }
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let doing = Doing::new("patch", "configmaps", place.namespace).named(place.name);
    let patched = api.patch_metadata(place.name, &params, &Patch::Merge(&change)).await;
    match patched.map_err(|error| doing.failed(&error)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
        // It was removed since: the caller looks again, and makes it or says why not.
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl TemplateStore for ConfigMapTemplates {
    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move {
            let place = Place::parse(uri)?;
            let (_, there) = self.there(&place).await?;
            Ok(there.and_then(|object| place.text(&object)))
        })
    }

    fn write<'a>(
        &'a self,
        uri: &'a str,
        content: Vec<u8>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(self.put(uri, content, expected))
    }

    fn delete<'a>(&'a self, uri: &'a str, expected: &'a Etag) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.remove(uri, expected))
    }
}
