//! Who asks: the credentials of calls to Google Cloud, found as Google's libraries find them. It keeps no token on disk.

use std::path::PathBuf;

use flowform_provider_api::{ErrorKind, ProviderError};
use google_cloud_auth::credentials::{
    self, CacheableResource, Credentials as Resolved, external_account, impersonated, service_account,
    user_account,
};
use http::{Extensions, HeaderMap};
use serde_json::Value;
use tokio::sync::OnceCell;

/// The scope of all calls; what an identity may do is up to its IAM roles.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How the identity of calls is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// As Google's libraries do (page "How Application Default Credentials works"): the file that
    /// `GOOGLE_APPLICATION_CREDENTIALS` names, the one that `gcloud auth application-default login` writes, the metadata
    /// server of the machine.
    #[default]
    Default,
    /// A file of any of the kinds that the variable may name: a service-account key, workload identity federation, an
    /// impersonated account, user credentials.
    File(PathBuf),
    /// None: for emulators, which take no credentials.
    Anonymous,
}

/// Tokens for calls, resolved at the first one and renewed when they run out.
#[derive(Debug)]
pub(crate) struct Auth {
    credentials: Credentials,
    impersonate: Option<String>,
    resolved: OnceCell<Resolved>,
}

impl Auth {
    pub(crate) fn new(credentials: Credentials, impersonate: Option<String>) -> Self {
        Self { credentials, impersonate, resolved: OnceCell::new() }
    }

    /// The headers that say who asks; empty for nobody.
    ///
    /// # Errors
    /// `Denied` where there are no usable credentials, `Unavailable` where a token cannot be had right now.
    pub(crate) async fn headers(&self) -> Result<HeaderMap, ProviderError> {
        if self.credentials == Credentials::Anonymous {
            return Ok(HeaderMap::new());
        }
        let resolved = self.resolved.get_or_try_init(|| self.resolve()).await?;
        match resolved.headers(Extensions::new()).await {
            Ok(CacheableResource::New { data, .. }) => Ok(data),
            // Only an answer to a question that names what is held already.
            Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
            Err(error) => {
                let kind = match error.is_transient() {
                    true => ErrorKind::Unavailable,
                    false => ErrorKind::Denied,
                };
                Err(failure(kind, &chain(&error)))
            }
        }
    }

    async fn resolve(&self) -> Result<Resolved, ProviderError> {
        let unusable =
            |error: google_cloud_auth::build_errors::Error| failure(ErrorKind::Denied, &chain(&error));
        let found = match &self.credentials {
            Credentials::Anonymous | Credentials::Default => {
                credentials::Builder::default().with_scopes([SCOPE]).build().map_err(unusable)?
            }
            Credentials::File(path) => {
                let told = |error: &dyn std::fmt::Display| {
                    failure(
                        ErrorKind::Denied,
                        &format!("the file {} cannot be used: {error}", path.display()),
                    )
                };
                let text = tokio::fs::read_to_string(path).await.map_err(|error| told(&error))?;
                let json: Value = serde_json::from_str(&text).map_err(|error| told(&error))?;
                of_file(json).map_err(|error| told(&error))?
            }
        };
        match &self.impersonate {
            None => Ok(found),
            Some(account) => impersonated::Builder::from_source_credentials(found)
                .with_target_principal(account)
                .with_scopes([SCOPE])
                .build()
                .map_err(unusable),
        }
    }
}

/// Credentials of the kind that the document names.
fn of_file(json: Value) -> Result<Resolved, String> {
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let scopes = [SCOPE];
    let built = match &*kind {
        "authorized_user" => user_account::Builder::new(json).with_scopes(scopes).build(),
        "external_account" => external_account::Builder::new(json).with_scopes(scopes).build(),
        "impersonated_service_account" => impersonated::Builder::new(json).with_scopes(scopes).build(),
        "service_account" => service_account::Builder::new(json)
            .with_access_specifier(service_account::AccessSpecifier::from_scopes(scopes))
            .build(),
        "" => return Err("it has no `type`, so it holds no credentials of Google Cloud".into()),
        other => return Err(format!("credentials of the type `{other}` are not known")),
    };
    built.map_err(|error| chain(&error))
}

fn failure(kind: ErrorKind, why: &str) -> ProviderError {
    let message = format!(
        "There are no usable credentials for Google Cloud: {why}. Run `gcloud auth application-default login`, or let \
         GOOGLE_APPLICATION_CREDENTIALS name a file of credentials"
    );
    ProviderError::new(kind, message)
}

/// An error with its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text.trim_end_matches('.').to_owned()
}
