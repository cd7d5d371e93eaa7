//! IO: finds credentials and region when the first call needs them, and says whose they are. It decides nothing
//! about what is called.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig};
use aws_types::SdkConfig;
use aws_types::region::Region;
use flowform_provider_api::{ErrorKind, ProviderError};
use tokio::sync::OnceCell;

use crate::error::{Call, failure};
use crate::settings::Settings;

/// How often a call is made at most, unless the settings say.
const ATTEMPTS: u32 = 5;

/// How long a connection may take to open: an address that drops packets is told within a minute.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How long a call may take with all its attempts and the pauses between them.
const OPERATION: Duration = Duration::from_secs(180);

/// What a session is called in the logs of the account whose role is assumed.
const SESSION: &str = "flowform";

/// Whom the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's twelve digits.
    pub account: String,
    /// The user or the role's session.
    pub arn: String,
    /// The partition of the account (`aws`, `aws-cn`, `aws-us-gov`).
    pub partition: String,
}

/// A connection that is opened when it is first needed.
pub struct Connection {
    settings: Settings,
    config: OnceCell<SdkConfig>,
    caller: OnceCell<Caller>,
}

impl Connection {
    /// Opens nothing.
    pub fn new(settings: Settings) -> Self {
        Self { settings, config: OnceCell::new(), caller: OnceCell::new() }
    }

    /// What a client of a service is made from. It has a region, and leads to an allowed account.
    ///
    /// # Errors
    /// `Invalid`: there is no region. `Denied`: there are no usable credentials, or they lead to an account that is
    /// not allowed.
    pub async fn config(&self) -> Result<&SdkConfig, ProviderError> {
        if !self.settings.allowed_account_ids.is_empty() {
            self.caller().await?;
        }
        self.unchecked().await
    }

    /// The region that services are called in.
    ///
    /// # Errors
    /// As [`Self::config`].
    pub async fn region(&self) -> Result<String, ProviderError> {
        let config = self.config().await?;
        Ok(config.region().map(ToString::to_string).unwrap_or_default())
    }

    /// Whom the credentials belong to; asked once.
    ///
    /// # Errors
    /// As [`Self::config`], and those of the call.
    pub async fn caller(&self) -> Result<&Caller, ProviderError> {
        self.caller.get_or_try_init(|| self.ask()).await
    }

    async fn unchecked(&self) -> Result<&SdkConfig, ProviderError> {
        self.config.get_or_try_init(|| load(&self.settings)).await
    }

    async fn ask(&self) -> Result<Caller, ProviderError> {
        let config = self.unchecked().await?;
        let mut sts = aws_sdk_sts::config::Builder::from(config);
        if let Some(endpoint) = &self.settings.sts_endpoint {
            sts = sts.endpoint_url(endpoint);
        }
        let call = Call::new("sts", "GetCallerIdentity", "the account of the credentials");
        let client = aws_sdk_sts::Client::from_conf(sts.build());
        let answer = client.get_caller_identity().send().await.map_err(|error| failure(&call, &error))?;
        let (Some(account), Some(arn)) = (answer.account, answer.arn) else {
            return Err(ProviderError::new(
                ErrorKind::Internal,
                "STS answered GetCallerIdentity without an account: the endpoint is no STS",
            ));
        };
        let allowed = &self.settings.allowed_account_ids;
        if !allowed.is_empty() && !allowed.contains(&account) {
            let allowed: Vec<_> = allowed.iter().map(String::as_str).collect();
            return Err(ProviderError::new(
                ErrorKind::Denied,
                format!(
                    "the credentials lead to the account {account} (as {arn}), and only {} may be used: use other \
                     credentials or another profile, or change `allowed_account_ids`",
                    allowed.join(", ")
                ),
            ));
        }
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(Caller { account, arn, partition })
    }
}

async fn load(settings: &Settings) -> Result<SdkConfig, ProviderError> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let attempts = settings.max_attempts.unwrap_or(ATTEMPTS).max(1);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    if let Ok(name) = AppName::new(SESSION) {
        loader = loader.app_name(name);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(keys) = &settings.keys {
        loader =
            loader.credentials_provider(Credentials::new(&keys.id, &keys.secret, None, None, "settings"));
    }
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(ProviderError::new(
            ErrorKind::Invalid,
            "no AWS region is known: set `region`, the environment variable AWS_REGION, or `region` in the profile",
        ));
    }
    let Some(role) = &settings.assume_role else { return Ok(config) };
    let sts_config = match &settings.sts_endpoint {
        Some(endpoint) => config.to_builder().endpoint_url(endpoint).build(),
        None => config.clone(),
    };
    let mut provider = AssumeRoleProvider::builder(&role.role_arn)
        .configure(&sts_config)
        .session_name(role.session_name.as_deref().unwrap_or(SESSION));
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    let provider = provider.build().await;
    let builder = config.into_builder();
    Ok(builder.credentials_provider(SharedCredentialsProvider::new(provider)).build())
}

/// The one HTTP client: rustls with ring, and the proxy that the environment names.
fn http_client() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}
