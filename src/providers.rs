//! The only list of providers: name to constructor. Nothing else names one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowform_provider_api::{
    ArtifactType, ObjectStore, ObjectTemplates, Provider, ProviderError, SCRIPT, Scripts, TemplateStore,
    key_part,
};
use flowform_provider_aws as aws;
use flowform_provider_ecs::{EcsProvider, TASK_DEFINITION};
use flowform_provider_google::{
    Bucket, BucketSettings, ConnectionSettings, Credentials, Timing, Vertex, VertexSettings,
};
use flowform_provider_http::{Client, Get};
use flowform_provider_kubernetes::{ConfigMapTemplates, JOB_TEMPLATE, KubernetesProvider, Settings};
use flowform_provider_local::{CONTAINER, CUSTOM_JOB, DirectoryStore, FileTemplates, LocalProvider, PROCESS};
use flowform_provider_s3 as s3;
use serde_json::{Map, Value as Json};

use crate::desired::{AwsAccess, GcsSettings, RegistrySettings, S3Encryption, S3Registry};
use crate::flow::kind::ProviderKind;
use crate::flow::script;

/// The artifact kind of that name.
pub fn artifact_type(kind: &str) -> Option<&'static dyn ArtifactType> {
    let types: [&'static dyn ArtifactType; 6] =
        [&PROCESS, &CONTAINER, &JOB_TEMPLATE, &TASK_DEFINITION, &CUSTOM_JOB, &SCRIPT];
    types.into_iter().find(|artifact_type| artifact_type.kind() == kind)
}

/// What a connection depends on beside its block.
#[derive(Clone, Copy)]
pub struct Connecting<'a> {
    /// What stores of objects are made from; relative paths start from its directory.
    pub around: &'a Surroundings,
    /// Fields that another field manager holds are taken over.
    pub force_conflicts: bool,
}

/// Connects the provider configuration `name` (`ecs`, `ecs.alias`) with the arguments of its block; `registry` is the
/// project's part of the registry's store. `None` when there is no such provider. Nothing is read before the first
/// call, which tells whether the arguments lead anywhere.
pub fn connect(
    name: &str,
    arguments: &Map<String, Json>,
    connecting: Connecting<'_>,
    registry: Arc<dyn ObjectStore>,
) -> Option<Arc<dyn Provider>> {
    if name == script::S3 {
        let scripts = s3::S3Scripts::new(s3_objects(connecting.around), Arc::new(connecting.around.new_id));
        return Some(Arc::new(Scripts::new(Arc::new(scripts))));
    }
    match ProviderKind::of_name(name)? {
        ProviderKind::Local => Some(Arc::new(LocalProvider::new(registry))),
        ProviderKind::Ecs => Some(Arc::new(EcsProvider::new(flowform_provider_ecs::Settings::of(arguments)))),
        ProviderKind::Kubernetes => {
            Some(Arc::new(KubernetesProvider::new(kubernetes_settings(arguments, connecting))))
        }
        ProviderKind::Vertex => {
            let settings = vertex_settings(arguments, connecting);
            // A place of its own in the registry for each project and region: what is listed is all there is to see.
            let part = |given: &Option<String>| key_part(given.as_deref().unwrap_or_default());
            let place = format!("vertex/{}/{}/", part(&settings.project), part(&settings.location));
            let specs = Arc::new(LocalProvider::at(registry, place));
            Some(Arc::new(Vertex::new(settings, specs)))
        }
        ProviderKind::Docker => None,
    }
}

fn vertex_settings(arguments: &Map<String, Json>, connecting: Connecting<'_>) -> VertexSettings {
    let text = |name: &str| arguments.get(name).and_then(Json::as_str).map(str::to_owned);
    VertexSettings {
        project: text("project"),
        location: text("location"),
        credentials: text("credentials").map(|path| connecting.around.base.join(path)),
        endpoint: text("endpoint"),
    }
}

fn kubernetes_settings(arguments: &Map<String, Json>, connecting: Connecting<'_>) -> Settings {
    let text = |name: &str| arguments.get(name).and_then(Json::as_str).map(str::to_owned);
    let list = arguments.get("job_namespaces").and_then(Json::as_array).into_iter().flatten();
    Settings {
        config_path: text("config_path").map(|path| connecting.around.base.join(path)),
        context: text("context"),
        namespace: text("namespace"),
        job_namespaces: list.filter_map(Json::as_str).map(str::to_owned).collect(),
        force_conflicts: connecting.force_conflicts,
    }
}

/// What a store of objects is made from, besides its own settings.
#[derive(Clone)]
pub struct Surroundings {
    /// The configuration's directory, which relative paths start from.
    pub base: PathBuf,
    /// Where the registry is; templates in S3 are reached as a registry in S3 is.
    pub registry: RegistrySettings,
    /// The variables that Google's libraries know and its credentials do not read.
    pub environment: fn(&str) -> Option<String>,
    /// Makes a fresh random identity.
    pub new_id: fn() -> String,
    /// The arguments of the provider `kubernetes`: templates in ConfigMaps are in its cluster.
    pub kubernetes: Map<String, Json>,
}

/// The store that the registry is kept in. Nothing is read or sent yet.
pub fn registry_store(around: &Surroundings) -> Arc<dyn ObjectStore> {
    match &around.registry {
        RegistrySettings::Local { path } => Arc::new(DirectoryStore::open(around.base.join(path))),
        RegistrySettings::S3(s3) => {
            let bucket = s3::Bucket { encryption: encryption(s3), ..s3_bucket(&s3.bucket, &s3.access) };
            Arc::new(s3::S3Store::new(bucket, &s3.prefix, Arc::new(around.new_id)))
        }
        RegistrySettings::Gcs(gcs) => {
            Arc::new(Bucket::new(bucket_settings(gcs, &around.base, &around.environment)))
        }
    }
}

fn encryption(s3: &S3Registry) -> s3::Encryption {
    match &s3.encryption {
        S3Encryption::Bucket => s3::Encryption::Bucket,
        S3Encryption::S3 => s3::Encryption::S3,
        S3Encryption::Kms(key) => s3::Encryption::Kms { key: key.clone() },
    }
}

/// Buckets of scripts and templates are reached, and their objects encrypted, as those of a registry in S3 are, where there
/// is one.
fn s3_objects(around: &Surroundings) -> s3::Bucket {
    let bucket = s3_bucket("", &s3_access(around));
    match &around.registry {
        RegistrySettings::S3(s3) => s3::Bucket { encryption: encryption(s3), ..bucket },
        RegistrySettings::Local { .. } | RegistrySettings::Gcs(_) => bucket,
    }
}

fn s3_bucket(name: &str, access: &AwsAccess) -> s3::Bucket {
    let assume_role = access.role.as_ref().map(|role| aws::AssumeRole {
        role_arn: role.role_arn.clone(),
        session_name: role.session_name.clone(),
        external_id: role.external_id.clone(),
    });
    s3::Bucket {
        name: name.to_owned(),
        connection: aws::Settings {
            region: access.region.clone(),
            profile: access.profile.clone(),
            assume_role,
            max_attempts: access.max_attempts,
            allowed_account_ids: access.allowed_account_ids.clone(),
            ..aws::Settings::default()
        },
        endpoint: access.endpoint.clone(),
        path_style: access.path_style,
        encryption: s3::Encryption::Bucket,
    }
}

/// How objects of S3 are reached that the configuration names: as a registry in S3 is, where there is one.
pub fn s3_access(around: &Surroundings) -> AwsAccess {
    match &around.registry {
        RegistrySettings::S3(s3) => s3.access.clone(),
        RegistrySettings::Local { .. } | RegistrySettings::Gcs(_) => AwsAccess::default(),
    }
}

/// The content of an object of S3 that has at most `most` bytes.
///
/// # Errors
/// There is none, or it cannot be read; why, as a clause.
pub async fn s3_object(bucket: &str, key: &str, access: &AwsAccess, most: u64) -> Result<Vec<u8>, String> {
    let place = s3::Place { bucket: s3_bucket(bucket, access), key: key.to_owned() };
    let found = s3::read(&place, most).await.map_err(|error| error.message)?;
    found.ok_or_else(|| format!("there is no object `{key}` in the bucket `{bucket}`"))
}

/// A bucket of Cloud Storage that the configuration names: reached as a registry there is, where there is one.
fn gcs_bucket(name: &str, around: &Surroundings) -> Bucket {
    let registry = match &around.registry {
        RegistrySettings::Gcs(gcs) => gcs.clone(),
        RegistrySettings::Local { .. } | RegistrySettings::S3(_) => GcsSettings::default(),
    };
    let settings = GcsSettings { bucket: name.to_owned(), prefix: String::new(), ..registry };
    Bucket::new(bucket_settings(&settings, &around.base, &around.environment))
}

/// The content of an object of Cloud Storage that has at most `most` bytes.
///
/// # Errors
/// There is none, or it cannot be read; why, as a clause.
pub async fn gcs_object(
    bucket: &str,
    key: &str,
    around: &Surroundings,
    most: u64,
) -> Result<Vec<u8>, String> {
    let found = gcs_bucket(bucket, around).get(key).await.map_err(|error| error.message)?;
    let found = found.ok_or_else(|| format!("there is no object `{key}` in the bucket `{bucket}`"))?;
    match found.bytes.len() as u64 > most {
        true => Err(format!("the object `{key}` of the bucket `{bucket}` has more than {most} bytes")),
        false => Ok(found.bytes),
    }
}

/// Whether there is an object of Cloud Storage.
///
/// # Errors
/// It cannot be read.
pub async fn gcs_exists(bucket: &str, key: &str, around: &Surroundings) -> Result<bool, ProviderError> {
    Ok(gcs_bucket(bucket, around).get(key).await?.is_some())
}

fn bucket_settings(
    gcs: &GcsSettings,
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> BucketSettings {
    // Emulators take no credentials, and must not be sent any.
    let emulator = match gcs.endpoint {
        Some(_) => None,
        None => environment("STORAGE_EMULATOR_HOST").filter(|host| !host.is_empty()),
    };
    let credentials = match (&emulator, &gcs.credentials) {
        (Some(_), _) => Credentials::Anonymous,
        (None, Some(path)) => Credentials::File(base.join(path)),
        (None, None) => Credentials::Default,
    };
    let emulator = emulator.map(|host| if host.contains("://") { host } else { format!("http://{host}") });
    BucketSettings {
        bucket: gcs.bucket.clone(),
        prefix: gcs.prefix.clone(),
        connection: ConnectionSettings {
            endpoint: gcs.endpoint.clone().or(emulator),
            credentials,
            impersonate_service_account: gcs.impersonate_service_account.clone(),
            timing: Timing::default(),
        },
    }
}

/// The stores of templates. Buckets that are reached alike share one connection.
pub struct TemplatePlaces {
    around: Surroundings,
    s3: s3::S3Store,
}

impl TemplatePlaces {
    /// Connects to nothing yet.
    pub fn new(around: Surroundings) -> Self {
        let s3 = s3::S3Store::new(s3_objects(&around), "", Arc::new(around.new_id));
        Self { around, s3 }
    }

    /// The store of the templates at `uri`. `None` where this version has no store for places of its scheme.
    pub fn store(&self, uri: &str) -> Option<Arc<dyn TemplateStore>> {
        match uri.split_once("://") {
            None => Some(Arc::new(FileTemplates::new(&self.around.base))),
            Some(("s3", place)) => {
                let bucket = place.split('/').next().unwrap_or_default();
                let store = self.s3.beside(bucket);
                Some(Arc::new(ObjectTemplates::new(Arc::new(store), format!("s3://{bucket}/"))))
            }
            // The machine that applies is the agent's, or shares the directory with it.
            Some(("agent", _)) => Some(Arc::new(FileTemplates::new(&self.around.base))),
            Some(("configmap", _)) => {
                let connecting = Connecting { around: &self.around, force_conflicts: false };
                let settings = kubernetes_settings(&self.around.kubernetes, connecting);
                Some(Arc::new(ConfigMapTemplates::new(settings)))
            }
            Some(("gs", place)) => {
                let bucket = place.split('/').next().unwrap_or_default();
                let store = gcs_bucket(bucket, &self.around);
                Some(Arc::new(ObjectTemplates::new(Arc::new(store), format!("gs://{bucket}/"))))
            }
            Some(_) => None,
        }
    }
}

/// What a server answers to a GET request: status, headers, body.
///
/// # Errors
/// There is no answer; why, as a clause.
pub async fn http_get(
    url: String,
    headers: BTreeMap<String, String>,
    timeout: Option<Duration>,
) -> Result<(u16, BTreeMap<String, String>, Vec<u8>), String> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let client = CLIENT.get_or_init(Client::new).as_ref().map_err(Clone::clone)?;
    let answer = client.get(&Get { url, headers, timeout }).await?;
    Ok((answer.status, answer.headers, answer.body))
}
