//! What a CustomJob names, looked up: accounts, networks, machine types, images. It only reads, and what it may not read is
//! not checked.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use flowform_provider_api::{ErrorKind, Finding, ProviderError};
use http::Method;
use serde_json::{Value, json};

use crate::connection::{Answer, Call, Connection, ConnectionSettings, Failure, escape};

/// What answers may be: JSON, and of images any manifest that there is (OCI distribution specification, "Pulling manifests").
const MANIFESTS: &str = "application/json, application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// Something that a job names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Account(String),
    Image(String),
    MachineType(String),
    Network(String),
}

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(name) => write!(f, "service account `{name}`"),
            Self::Image(name) => write!(f, "image `{name}`"),
            Self::MachineType(name) => write!(f, "machine type `{name}`"),
            Self::Network(name) => write!(f, "network `{name}`"),
        }
    }
}

/// Everything that the body of a `custom_job` names.
pub(super) fn subjects(body: &Value) -> BTreeSet<Subject> {
    let text = |value: &Value, pointer: &str| {
        let found = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned)
    };
    let mut found = BTreeSet::new();
    found.extend(text(body, "/job_spec/service_account").map(Subject::Account));
    found.extend(text(body, "/job_spec/network").map(Subject::Network));
    let pools = body.pointer("/job_spec/worker_pool_specs").and_then(Value::as_array);
    for pool in pools.into_iter().flatten() {
        found.extend(text(pool, "/machine_spec/machine_type").map(Subject::MachineType));
        for image in ["/container_spec/image_uri", "/python_package_spec/executor_image_uri"] {
            found.extend(text(pool, image).map(Subject::Image));
        }
    }
    found
}

/// The services that are asked.
pub(super) struct Lookup<'a> {
    project: &'a str,
    location: &'a str,
    settings: ConnectionSettings,
    iam: Connection,
    compute: Connection,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(
        project: &'a str,
        location: &'a str,
        settings: ConnectionSettings,
    ) -> Result<Self, ProviderError> {
        let iam = Connection::new("https://iam.googleapis.com", settings.clone())?;
        let compute = Connection::new("https://compute.googleapis.com", settings.clone())?;
        Ok(Self { project, location, settings, iam, compute })
    }

    /// What is found, and in how many calls.
    pub(super) async fn find(&self, subject: &Subject) -> (Finding, u64) {
        match subject {
            Subject::Account(email) => self.account(email).await,
            Subject::Network(name) => (self.network(name).await, 1),
            Subject::MachineType(name) => (self.machine_type(name).await, 1),
            Subject::Image(name) => self.image(name).await,
        }
    }

    async fn account(&self, email: &str) -> (Finding, u64) {
        let path = format!("/v1/projects/-/serviceAccounts/{}", escape(email));
        let asked = Asked {
            query: &[],
            what: &format!("read the service account {email}"),
            permission: "`iam.serviceAccounts.get`",
        };
        let found = match get(&self.iam, path.clone(), asked).await {
            Ok(found) => found,
            Err(failure) => return (unread(&failure), 1),
        };
        if found.get("disabled") == Some(&Value::Bool(true)) {
            return (Finding::Unusable("it is disabled; enable it, or name another".into()), 1);
        }
        let asked = json!({"permissions": ["iam.serviceAccounts.actAs"]}).to_string().into_bytes();
        let call = Call {
            method: Method::POST,
            path: format!("{path}:testIamPermissions"),
            query: &[],
            body: Some(("application/json", asked)),
            accept: "",
            what: "test what the credentials may do with the service account",
            permission: "`iam.serviceAccounts.get`",
        };
        let finding = match self.iam.repeat(&call).await.map(|answer| document(&answer)) {
            Err(failure) => unread(&failure),
            Ok(granted) if granted.get("permissions").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) => {
                Finding::Usable
            }
            Ok(_) => Finding::Unusable(
                "whoever plans may not run jobs as it; grant `roles/iam.serviceAccountUser` on it to whoever starts runs".into(),
            ),
        };
        (finding, 2)
    }

    /// A network that Google's services are connected with: Vertex AI reaches it over that connection.
    async fn network(&self, name: &str) -> Finding {
        let path = name.split('/').map(escape).collect::<Vec<_>>().join("/");
        let asked = Asked {
            query: &[],
            what: &format!("read the network {name}"),
            permission: "`compute.networks.get`",
        };
        match get(&self.compute, format!("/compute/v1/{path}"), asked).await {
            Err(failure) => unread(&failure),
            Ok(network) => {
                let peerings = network.get("peerings").and_then(Value::as_array);
                let is_connected = peerings.into_iter().flatten().any(|peering| {
                    peering.get("name").and_then(Value::as_str) == Some("servicenetworking-googleapis-com")
                        && peering.get("state").and_then(Value::as_str) == Some("ACTIVE")
                });
                match is_connected {
                    true => Finding::Usable,
                    false => Finding::Unusable(
                        "it has no active connection to Google's services; make one with `gcloud services vpc-peerings connect`"
                            .into(),
                    ),
                }
            }
        }
    }

    async fn machine_type(&self, name: &str) -> Finding {
        let path = format!("/compute/v1/projects/{}/aggregated/machineTypes", escape(self.project));
        let filter = format!("name = \"{name}\"");
        let asked = Asked {
            query: &[("filter", filter.as_str()), ("fields", "items/*/machineTypes/name")],
            what: &format!("list the machine types of {}", self.project),
            permission: "`compute.machineTypes.list`",
        };
        match get(&self.compute, path, asked).await {
            Err(failure) => unread(&failure),
            Ok(list) => {
                let zones = list.get("items").and_then(Value::as_object);
                let is_offered = zones.into_iter().flatten().any(|(zone, types)| {
                    zone.strip_prefix("zones/")
                        .is_some_and(|zone| zone.starts_with(&format!("{}-", self.location)))
                        && types
                            .get("machineTypes")
                            .and_then(Value::as_array)
                            .is_some_and(|all| !all.is_empty())
                });
                match is_offered {
                    true => Finding::Usable,
                    false => {
                        Finding::Unusable(format!("no zone of {} offers it; choose another", self.location))
                    }
                }
            }
        }
    }

    async fn image(&self, name: &str) -> (Finding, u64) {
        let (host, rest) = name.split_once('/').unwrap_or(("", name));
        if !(host.ends_with("-docker.pkg.dev") || host == "gcr.io" || host.ends_with(".gcr.io")) {
            return (Finding::NotChecked("only images in Artifact Registry are looked up".into()), 0);
        }
        let (repository, reference) = match (rest.split_once('@'), rest.rsplit_once(':')) {
            (Some((repository, digest)), _) => (repository.split(':').next().unwrap_or(repository), digest),
            (None, Some((repository, tag))) => (repository, tag),
            (None, None) => (rest, "latest"),
        };
        let registry = match Connection::new(&format!("https://{host}"), self.settings.clone()) {
            Ok(registry) => registry,
            Err(error) => return (Finding::NotChecked(error.message), 0),
        };
        let repository = repository.split('/').map(escape).collect::<Vec<_>>().join("/");
        let path = format!("/v2/{repository}/manifests/{}", escape(reference));
        let asked = Asked {
            query: &[],
            what: "read the image's manifest",
            permission: "`artifactregistry.repositories.downloadArtifacts`",
        };
        match get(&registry, path, asked).await {
            Ok(_) => (Finding::Usable, 1),
            Err(failure) => (unread(&failure), 1),
        }
    }
}

/// What a call asks for, beside its path.
struct Asked<'a> {
    query: &'a [(&'a str, &'a str)],
    what: &'a str,
    permission: &'a str,
}

async fn get(connection: &Connection, path: String, asked: Asked<'_>) -> Result<Value, Failure> {
    let Asked { query, what, permission } = asked;
    let call = Call { method: Method::GET, path, query, body: None, accept: MANIFESTS, what, permission };
    connection.repeat(&call).await.map(|answer| document(&answer))
}

fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// What a failed lookup says: absent is unusable, and anything else is not known.
fn unread(failure: &Failure) -> Finding {
    match failure.error.kind {
        ErrorKind::NotFound => Finding::Unusable("it does not exist; create it, or correct its name".into()),
        _ => Finding::NotChecked(failure.error.message.clone()),
    }
}
