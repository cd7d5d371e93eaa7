//! The one translation of what the AWS SDK says of a failed call: a kind to branch on, and a sentence that names the
//! call, the cause and what to do about it. Pure.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use flowform_provider_api::{ErrorKind, ProviderError};

/// The most characters of what a service or the system says that are shown.
const SHOWN: usize = 600;

/// How many causes of a cause are shown.
const CAUSES: usize = 8;

/// A call to a service, as it is told of.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service as permissions name it (`s3`, `ecs`, `sts`).
    pub service: &'static str,
    /// The operation as the API names it (`PutObject`).
    pub operation: &'static str,
    /// The permission that it needs (`s3:ListBucket`).
    pub action: String,
    /// What it was about (`s3://bucket/key`).
    pub about: String,
}

impl Call {
    /// A call whose permission has the operation's name.
    pub fn new(service: &'static str, operation: &'static str, about: impl Into<String>) -> Self {
        Self { service, operation, action: format!("{service}:{operation}"), about: about.into() }
    }

    /// A call whose permission has another name.
    pub fn needs(self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self }
    }

    fn said(&self) -> String {
        format!("{}:{} for {}", self.service, self.operation, self.about)
    }
}

/// What a failed call means.
pub fn failure<E>(call: &Call, error: &SdkError<E, HttpResponse>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let said = call.said();
    let (kind, sentence) = match error {
        SdkError::ServiceError(answer) => {
            let raw = answer.raw();
            let refusal = Refusal {
                status: raw.status().as_u16(),
                code: answer.err().code().unwrap_or_default(),
                message: answer.err().message().unwrap_or_default(),
                region: raw.headers().get("x-amz-bucket-region"),
            };
            let mut failed = refused(call, &refusal);
            failed.retry_after =
                raw.headers().get("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
            return failed;
        }
        SdkError::TimeoutError(_) => (
            ErrorKind::Unavailable,
            format!(
                "{said} was not answered in time: check the endpoint, the region, the network and the proxy"
            ),
        ),
        SdkError::ResponseError(answer) => (
            ErrorKind::Unavailable,
            format!(
                "the answer to {said} (status {}) cannot be read ({}): check that the endpoint is the service",
                answer.raw().status().as_u16(),
                causes(error.source())
            ),
        ),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
            let unsent = matches!(error, SdkError::ConstructionFailure(_));
            match find::<CredentialsError>(error) {
                Some(wrong) => credentials(&said, wrong),
                None if unsent => {
                    (ErrorKind::Invalid, format!("{said} cannot be asked: {}", causes(error.source())))
                }
                None => (
                    ErrorKind::Unavailable,
                    format!(
                        "{said} has not reached the service ({}): check the endpoint, the region, the network and \
                         the proxy",
                        causes(error.source())
                    ),
                ),
            }
        }
        _ => (ErrorKind::Internal, format!("{said} failed: {}", causes(Some(error)))),
    };
    ProviderError::new(kind, sentence)
}

/// Why there are no credentials to sign with.
fn credentials(said: &str, wrong: &CredentialsError) -> (ErrorKind, String) {
    let why = causes(Some(wrong));
    match wrong {
        CredentialsError::CredentialsNotLoaded(_) => (
            ErrorKind::Denied,
            format!(
                "{said} needs credentials, and there are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a \
                 profile (`profile` or AWS_PROFILE), log in with `aws sso login`, or run where a role is attached"
            ),
        ),
        CredentialsError::InvalidConfiguration(_) => {
            (ErrorKind::Denied, format!("{said} needs credentials, and their configuration is wrong: {why}"))
        }
        CredentialsError::ProviderTimedOut(_) => (
            ErrorKind::Unavailable,
            format!("{said} needs credentials, and what gives them did not answer in time: {why}"),
        ),
        _ => (
            ErrorKind::Denied,
            format!(
                "{said} needs credentials, and they cannot be had: {why}; check the profile, `assume_role` and that the \
                 session of `aws sso login` has not expired"
            ),
        ),
    }
}

/// What a service answered when it refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refusal<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// Where the bucket is, if the answer says.
    pub(crate) region: Option<&'a str>,
}

/// The codes are those of the services' pages "Common errors" and "Error responses" (S3).
pub(crate) fn refused(call: &Call, refusal: &Refusal<'_>) -> ProviderError {
    let Refusal { status, code, message, region } = *refusal;
    let said = call.said();
    let name = if code.is_empty() { format!("status {status}") } else { code.to_owned() };
    let told = match message.is_empty() {
        true => name,
        false => format!("{name}: {}", cut(message.trim_end_matches('.'))),
    };
    let (kind, fix) = match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            (ErrorKind::Denied, "the credentials have expired: get new ones, with SSO by `aws sso login`".into())
        }
        "InvalidAccessKeyId"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "AuthFailure"
        | "InvalidToken"
        | "NotSignedUp" => (
            ErrorKind::Denied,
            "the credentials are not accepted: check the access key, the secret key and the session token of the \
             profile or the environment"
                .into(),
        ),
        "RequestTimeTooSkewed" => {
            (ErrorKind::Denied, "the clock of this machine is wrong: set it, or run a time service".into())
        }
        "OptInRequired" | "RegionDisabledException" => {
            (ErrorKind::Denied, "the region is not enabled for the account: enable it or use another".into())
        }
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => (ErrorKind::Invalid, other_region(region)),
        "NoSuchBucket" => {
            (ErrorKind::NotFound, "there is no such bucket: make it, or correct `bucket` and `region`".into())
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown" => (ErrorKind::Throttled, "the service asks for fewer calls: try again later".into()),
        "PreconditionFailed" | "ConditionalRequestConflict" | "OperationAborted" => {
            (ErrorKind::Conflict, "somebody else wrote in between".into())
        }
        "NotImplemented" => {
            (ErrorKind::Invalid, "the endpoint has no such thing: use the service itself".into())
        }
        _ if status == 429 => {
            (ErrorKind::Throttled, "the service asks for fewer calls: try again later".into())
        }
        _ if matches!(status, 301 | 302 | 307 | 308) => (ErrorKind::Invalid, other_region(region)),
        _ if status == 403 || is_denial(code) => (
            ErrorKind::Denied,
            format!("allow the action `{}` to whoever the credentials belong to", call.action),
        ),
        _ if status == 404 || is_absence(code) => (ErrorKind::NotFound, "there is no such thing".into()),
        _ if status >= 500 || matches!(code, "InternalError" | "ServiceUnavailable" | "RequestTimeout") => {
            (ErrorKind::Unavailable, "the service does not work at the moment: try again later".into())
        }
        _ if status >= 400 => (ErrorKind::Invalid, "the request is wrong, and repeating it cannot help".into()),
        _ => (ErrorKind::Internal, "this is no answer that the service documents".into()),
    };
    ProviderError::new(kind, format!("{said} is refused ({told}): {fix}"))
}

fn other_region(region: Option<&str>) -> String {
    match region {
        Some(region) => format!("the bucket is in the region {region}: set `region = \"{region}\"`"),
        None => "it is in another region: correct `region`".to_owned(),
    }
}

fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "Forbidden"
    )
}

fn is_absence(code: &str) -> bool {
    matches!(code, "NoSuchKey" | "NotFound" | "ResourceNotFoundException" | "ClusterNotFoundException")
}

/// The error of that type in the chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    for _ in 0..32 {
        let error = next?;
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What the causes say, the outermost first, each thing once.
fn causes(error: Option<&(dyn Error + 'static)>) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = error;
    while let Some(error) = next {
        let text = error.to_string();
        if said.len() < CAUSES && !text.is_empty() && !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    if said.is_empty() {
        return "no reason is told".to_owned();
    }
    cut(&said.join(": "))
}

fn cut(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", one_line.get(..end).unwrap_or_default()),
        None => one_line,
    }
}
