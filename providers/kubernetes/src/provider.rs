//! The provider: the calls of the trait, each handed on.

use flowform_provider_api::{
    BoxFuture, ErrorKind, Identity, LiveArtifact, Location, Made, MakeRequest, Observation, Provider,
    ProviderError, RefreshRequest, RegistryId, ToVerify, Verification,
};

use crate::cluster::{Cluster, Settings};
use crate::names::ObjectId;
use crate::{object, pointer, refresh, verify, write};

/// How many calls are under way at once: as many as an API server takes from one client without queueing them.
const CALLS: usize = 64;

/// Job templates in the ConfigMaps of one cluster.
pub struct KubernetesProvider {
    cluster: Cluster,
}

impl KubernetesProvider {
    /// A provider with these settings. Nothing is read before the first call.
    pub fn new(settings: Settings) -> Self {
        Self { cluster: Cluster::new(settings) }
    }
}

impl Provider for KubernetesProvider {
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>> {
        Box::pin(self.cluster.location())
    }

    fn concurrency(&self) -> usize {
        CALLS
    }

    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>> {
        Box::pin(refresh::observe(&self.cluster, request))
    }

    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        Box::pin(async move {
            let id = write::make(&self.cluster, request.identity, request.artifact).await?;
            Ok(id.to_string().into())
        })
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { write::remove(&self.cluster, registry, &parse(id)?).await })
    }

    fn set_current<'a>(
        &'a self,
        identity: &'a Identity,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { pointer::set(&self.cluster, identity, &parse(id)?).await })
    }

    fn clear_current<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { write::clear(&self.cluster, registry, &parse(id)?).await })
    }

    fn verify<'a>(
        &'a self,
        artifacts: &'a [ToVerify<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        Box::pin(verify::verify(&self.cluster, artifacts))
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>> {
        Box::pin(async move {
            let id = parse(id)?;
            let api = self.cluster.config_maps(&id.namespace).await?;
            let found = write::read(&api, &id.namespace, &id.name).await?;
            Ok(found.map(|found| object::live(&id.namespace, &found)))
        })
    }
}

fn parse(id: &str) -> Result<ObjectId, ProviderError> {
    ObjectId::parse(id).ok_or_else(|| {
        let message =
            format!("{id:?} is not the id of an object in a cluster: those are written namespace/name");
        ProviderError::new(ErrorKind::Invalid, message)
    })
}
