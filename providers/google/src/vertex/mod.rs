//! Vertex AI as a provider. It stores no templates, and a CustomJob runs as soon as it is made: the spec of each version is
//! kept by another provider, in the registry, and this one adds where it is for, and looks up what it names. It starts nothing.

mod jobs;
mod lookup;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::auth::Credentials;
use crate::connection::{Connection, ConnectionSettings, Timing};
use crate::rate::{Gate, TokenBucket};
use flowform_provider_api::{
    BoxFuture, Check, ErrorKind, InUse, LiveArtifact, Location, Made, MakeRequest, Observation, Provider,
    ProviderError, RefreshRequest, RegistryId, ToVerify, Verification,
};
use lookup::{Lookup, Subject};

/// Which project and region, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VertexSettings {
    /// The Google Cloud project.
    pub project: Option<String>,
    /// The region.
    pub location: Option<String>,
    /// A file of credentials; else as Google's libraries find them.
    pub credentials: Option<PathBuf>,
    /// The address that stands for those of Google's services.
    pub endpoint: Option<String>,
}

/// Vertex AI in one project and region.
pub struct Vertex {
    settings: VertexSettings,
    specs: Arc<dyn Provider>,
    /// Holds requests up that come faster than the quota allows.
    requests: Gate,
}

impl Vertex {
    /// A provider whose specs are kept by `specs`. Nothing is read or sent yet.
    pub fn new(settings: VertexSettings, specs: Arc<dyn Provider>) -> Self {
        Self { settings, specs, requests: Gate::new(TokenBucket::requests()) }
    }

    /// The project and the region.
    fn place(&self) -> Result<(&str, &str), ProviderError> {
        let given = |name: &str, value: &'_ Option<String>| {
            let message = format!(
                "the provider `vertex` needs the argument `{name}`: a flow version belongs to one project and region. Add it to \
                 the provider block"
            );
            match value.as_deref() {
                Some(text) if is_name(text) => Ok(()),
                Some(_) | None => Err(ProviderError::new(ErrorKind::Invalid, message)),
            }
        };
        given("project", &self.settings.project)?;
        given("location", &self.settings.location)?;
        Ok((
            self.settings.project.as_deref().unwrap_or_default(),
            self.settings.location.as_deref().unwrap_or_default(),
        ))
    }

    fn connection(&self) -> ConnectionSettings {
        ConnectionSettings {
            endpoint: self.settings.endpoint.clone(),
            credentials: self.settings.credentials.clone().map_or(Credentials::Default, Credentials::File),
            impersonate_service_account: None,
            timing: Timing::default(),
        }
    }

    /// What of `recorded` jobs go on from.
    async fn running(&self, request: RefreshRequest<'_>) -> Result<InUse, ProviderError> {
        let (project, location) = self.place()?;
        let vertex = Connection::new(&service(location), self.connection())?;
        let parent = format!("projects/{project}/locations/{location}");
        let (found, calls) = jobs::unfinished(&vertex, &self.requests, &parent, request.registry).await?;
        let artifacts = request.recorded.iter().filter_map(|binding| {
            let why = found.get(&jobs::label_of(&binding.id)?)?;
            Some((binding.id.clone(), why.clone()))
        });
        Ok(InUse { artifacts: artifacts.collect(), calls })
    }

    async fn look_up(&self, artifacts: &[ToVerify<'_>]) -> Result<Verification, ProviderError> {
        let (project, location) = self.place()?;
        let mut subjects: BTreeMap<Subject, BTreeSet<String>> = BTreeMap::new();
        for artifact in artifacts {
            for subject in lookup::subjects(&artifact.artifact.body) {
                subjects.entry(subject).or_default().insert(artifact.flow.to_owned());
            }
        }
        let lookup = Lookup::new(project, location, self.connection())?;
        let mut verification = Verification::default();
        for (subject, flows) in subjects {
            let (finding, calls) = lookup.find(&subject).await;
            verification.calls += calls;
            let flows = flows.into_iter().collect();
            verification.checks.push(Check { subject: subject.to_string(), flows, finding });
        }
        verification.checks.sort_by(|a, b| a.subject.cmp(&b.subject));
        Ok(verification)
    }
}

impl Provider for Vertex {
    /// The project and the region: whoever plans with others is told so.
    fn location(&self) -> BoxFuture<'_, Result<Location, ProviderError>> {
        Box::pin(async {
            let (project, location) = self.place()?;
            Ok(Location(format!("projects/{project}/locations/{location}")))
        })
    }

    fn concurrency(&self) -> usize {
        self.specs.concurrency()
    }

    fn refresh<'a>(
        &'a self,
        request: RefreshRequest<'a>,
    ) -> BoxFuture<'a, Result<Observation, ProviderError>> {
        Box::pin(async move {
            self.place()?;
            self.specs.refresh(request).await
        })
    }

    fn make<'a>(&'a self, request: MakeRequest<'a>) -> BoxFuture<'a, Result<Made, ProviderError>> {
        self.specs.make(request)
    }

    fn remove<'a>(
        &'a self,
        registry: &'a RegistryId,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        self.specs.remove(registry, id)
    }

    fn in_use<'a>(&'a self, request: RefreshRequest<'a>) -> BoxFuture<'a, Result<InUse, ProviderError>> {
        Box::pin(self.running(request))
    }

    fn verify<'a>(
        &'a self,
        artifacts: &'a [ToVerify<'a>],
    ) -> BoxFuture<'a, Result<Verification, ProviderError>> {
        Box::pin(self.look_up(artifacts))
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<LiveArtifact>, ProviderError>> {
        self.specs.describe(id)
    }
}

/// The service's own address for a region.
fn service(location: &str) -> String {
    match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

/// Whether a text can be a part of a resource's name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_'))
}
