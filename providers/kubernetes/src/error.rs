//! What the API server and the client say, as errors of a provider: a kind to branch on and a sentence that names the
//! verb, the resource and what helps. It holds no secret: the messages quoted are the server's own.

use std::time::Duration;

use flowform_provider_api::{ErrorKind, ProviderError};
use kube::client::AuthError;
use kube::core::Status;

/// What was being done: `list`, `configmaps`, `namespace flows`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing<'a> {
    pub(crate) verb: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

impl<'a> Doing<'a> {
    /// A verb on a resource of a namespace.
    pub(crate) const fn new(verb: &'static str, resource: &'static str, namespace: &'a str) -> Self {
        Self { verb, resource, namespace: Some(namespace), name: None }
    }

    /// The same on one object.
    pub(crate) const fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    fn describe(self) -> String {
        let object = match self.name {
            Some(name) => format!("{} `{name}`", self.resource.trim_end_matches('s')),
            None => self.resource.to_owned(),
        };
        match self.namespace {
            Some(namespace) => format!("{} {object} in namespace `{namespace}`", self.verb),
            None => format!("{} {object}", self.verb),
        }
    }

    /// The permission that it takes, as a rule of a role says it.
    fn permission(self) -> String {
        let place =
            self.namespace.map(|namespace| format!(" in namespace `{namespace}`")).unwrap_or_default();
        format!("verb `{}` on `{}`{place}", self.verb, self.resource)
    }

    /// The error of a call.
    pub(crate) fn failed(self, error: &kube::Error) -> ProviderError {
        match error {
            kube::Error::Api(status) => self.answered(status),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => ProviderError::new(
                ErrorKind::Unavailable,
                format!(
                    "cannot {}: the answer is not one of a Kubernetes API server: {}",
                    self.describe(),
                    chain(error)
                ),
            ),
            kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => ProviderError::new(
                ErrorKind::Invalid,
                format!("cannot {}: {}", self.describe(), chain(error)),
            ),
            other => match credentials(other) {
                Some(why) => ProviderError::new(
                    ErrorKind::Denied,
                    format!("cannot {}: no credentials could be had: {why}", self.describe()),
                ),
                None => ProviderError::new(
                    ErrorKind::Unavailable,
                    format!("cannot {}: the API server does not answer: {}", self.describe(), chain(other)),
                ),
            },
        }
    }

    /// What the server said about a call, without a word about what helps.
    pub(crate) fn quoted(self, error: &kube::Error) -> String {
        let said = match error {
            kube::Error::Api(status) => status.message.clone(),
            other => chain(other),
        };
        format!("cannot {}: {}", self.describe(), said.trim_end_matches('.'))
    }

    fn answered(self, status: &Status) -> ProviderError {
        let what = self.describe();
        let said = status.message.trim_end_matches('.');
        let (kind, message) = match status.code {
            401 => (
                ErrorKind::Denied,
                format!(
                    "cannot {what}: the API server does not accept the credentials (401 Unauthorized); the token has \
                     expired or is of another cluster. Log in again, or renew the kubeconfig"
                ),
            ),
            403 => (
                ErrorKind::Denied,
                format!("cannot {what}: {said}. A role has to allow the {}", self.permission()),
            ),
            404 if self.namespace.is_some_and(|namespace| is_namespace(status, namespace)) => (
                ErrorKind::NotFound,
                format!(
                    "cannot {what}: there is no such namespace. Create it, or name another one in the `provider` block"
                ),
            ),
            404 => (ErrorKind::NotFound, format!("cannot {what}: {said}")),
            409 if status.reason == "AlreadyExists" => {
                (ErrorKind::AlreadyExists, format!("cannot {what}: {said}"))
            }
            409 => (ErrorKind::Conflict, conflict(&what, status)),
            429 => {
                (ErrorKind::Throttled, format!("cannot {what}: the API server asks for fewer calls: {said}"))
            }
            400 | 405 | 406 | 410 | 413 | 415 | 422 => {
                (ErrorKind::Invalid, format!("cannot {what}: the API server refuses it: {said}"))
            }
            500.. => (
                ErrorKind::Unavailable,
                format!("cannot {what}: the API server fails ({}): {said}", status.code),
            ),
            code => (ErrorKind::Internal, format!("cannot {what}: unexpected answer {code}: {said}")),
        };
        let seconds =
            status.details.as_ref().map(|details| details.retry_after_seconds).filter(|after| *after > 0);
        ProviderError {
            retry_after: seconds.map(|after| Duration::from_secs(after.into())),
            ..ProviderError::new(kind, message)
        }
    }
}

/// Whether the object that is not found is the namespace.
fn is_namespace(status: &Status, namespace: &str) -> bool {
    status.details.as_ref().is_some_and(|details| details.kind == "namespaces" && details.name == namespace)
}

/// Who holds which fields.
fn conflict(what: &str, status: &Status) -> String {
    let causes: Vec<String> = status
        .details
        .iter()
        .flat_map(|details| &details.causes)
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| format!("`{}`: {}", cause.field, cause.message))
        .collect();
    if causes.is_empty() {
        let said = status.message.trim_end_matches('.');
        return format!("cannot {what}: somebody else wrote at the same time: {said}");
    }
    format!(
        "cannot {what}: fields of it are held by another field manager: {}. Give `--force-conflicts` to take them over",
        causes.join("; ")
    )
}

/// Why there are no credentials, if that is what failed. The output of the kubeconfig's command is not shown: it may
/// hold some.
pub(crate) fn credentials(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<AuthError>() {
            return Some(match error {
                AuthError::AuthExecRun { cmd, out } => {
                    let said = String::from_utf8_lossy(&out.stderr);
                    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
                    format!("the kubeconfig's command `{cmd}` failed ({}) and said: {said}", out.status)
                }
                AuthError::AuthExecParse(_) => {
                    "what the kubeconfig's command printed is no ExecCredential".to_owned()
                }
                other => chain(other),
            });
        }
        next = error.source();
    }
    None
}

/// An error with everything that caused it, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
