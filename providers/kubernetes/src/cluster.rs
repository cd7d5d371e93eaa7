//! Which cluster, as whom, in which namespace: from the `provider` block, and from the kubeconfig or the pod as any client
//! of Kubernetes finds them. Nothing is read before the first call.

use std::path::PathBuf;
use std::time::Duration;

use flowform_provider_api::{ErrorKind, Location, ProviderError};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::sync::OnceCell;

use crate::error::{Doing, chain, credentials};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// What the `provider` block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The kubeconfig; else `KUBECONFIG`, `~/.kube/config`, or the pod that this runs in.
    pub config_path: Option<PathBuf>,
    /// The kubeconfig's context; else its current one.
    pub context: Option<String>,
    /// Where Job templates are kept; else the context's namespace.
    pub namespace: Option<String>,
    /// Where Jobs run, beside the namespaces that hold templates: those that are looked at before a template is removed.
    pub job_namespaces: Vec<String>,
    /// Fields that another field manager holds are taken over.
    pub force_conflicts: bool,
}

/// A connection, made at the first call.
pub(crate) struct Cluster {
    settings: Settings,
    client: OnceCell<(Client, String)>,
    location: OnceCell<Location>,
}

impl Cluster {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, client: OnceCell::new(), location: OnceCell::new() }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The client.
    pub(crate) async fn client(&self) -> Result<Client, ProviderError> {
        Ok(self.connected().await?.0.clone())
    }

    /// Where Job templates are kept.
    pub(crate) async fn namespace(&self) -> Result<String, ProviderError> {
        Ok(self.connected().await?.1.clone())
    }

    /// The ConfigMaps of a namespace.
    pub(crate) async fn config_maps(&self, namespace: &str) -> Result<Api<ConfigMap>, ProviderError> {
        Ok(Api::namespaced(self.client().await?, namespace))
    }

    /// The uid of the namespace `kube-system`, which lives as long as the cluster does.
    pub(crate) async fn location(&self) -> Result<Location, ProviderError> {
        let found = self.location.get_or_try_init(|| async {
            let namespaces: Api<Namespace> = Api::all(self.client().await?);
            let doing =
                Doing { verb: "get", resource: "namespaces", namespace: None, name: Some("kube-system") };
            let system =
                namespaces.get_metadata("kube-system").await.map_err(|error| doing.failed(&error))?;
            match system.metadata.uid {
                Some(uid) => Ok(Location(format!("cluster {uid}"))),
                None => Err(ProviderError::new(
                    ErrorKind::Internal,
                    "the namespace `kube-system` has no uid, which is what tells clusters apart",
                )),
            }
        });
        found.await.cloned()
    }

    async fn connected(&self) -> Result<&(Client, String), ProviderError> {
        self.client.get_or_try_init(|| connect(&self.settings)).await
    }
}

async fn connect(settings: &Settings) -> Result<(Client, String), ProviderError> {
    let mut config = configuration(settings).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(ANSWER);
    config.reset_reader_on_write = true;
    let namespace = settings.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config).map_err(|error| match credentials(&error) {
        Some(why) => ProviderError::new(
            ErrorKind::Denied,
            format!("cannot connect to the cluster: no credentials could be had: {why}"),
        ),
        None => unusable(&chain(&error)),
    })?;
    Ok((client, namespace))
}

async fn configuration(settings: &Settings) -> Result<Config, ProviderError> {
    let options = KubeConfigOptions { context: settings.context.clone(), cluster: None, user: None };
    match &settings.config_path {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| {
                unusable(&format!("the kubeconfig {}: {}", path.display(), chain(&error)))
            })?;
            Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|error| unusable(&format!("the kubeconfig {}: {}", path.display(), chain(&error))))
        }
        // A context is one of a kubeconfig; a pod has none.
        None if settings.context.is_some() => Config::from_kubeconfig(&options)
            .await
            .map_err(|error| unusable(&format!("the kubeconfig: {}", chain(&error)))),
        None => Config::infer().await.map_err(|error| unusable(&chain(&error))),
    }
}

fn unusable(why: &str) -> ProviderError {
    let why = why.trim_end_matches('.');
    let message = format!(
        "cannot connect to the cluster: {why}. Set `config_path` or `context` in the `provider` block, or KUBECONFIG"
    );
    ProviderError::new(ErrorKind::Invalid, message)
}
