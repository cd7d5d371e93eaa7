//! Storage as the original constructs and serializes it (semantics 8). It uploads, builds and creates nothing; what
//! the original takes from its machine is given as [`Machine`].

mod rules;

use serde_json::{Map, Value as Json};

use super::kind::{Field, FieldType, StorageKind};
use super::original::OriginalError;
use super::python;
use super::run_config::absolute;
use super::slug::slugify;

/// What the original takes from the machine and the settings it runs with.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The home directory.
    pub home: String,
    /// The working directory.
    pub cwd: String,
    /// The host's name: the default label of `Local` storage.
    pub hostname: String,
    /// Now, in UTC, as an ISO 8601 text with offset: part of locations that have no fixed name.
    pub now: String,
    /// The setting `flows.defaults.storage.add_default_labels`.
    pub add_default_labels: bool,
}

/// A constructed storage, with one flow in it where a name was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// The serialized form.
    pub serialized: Json,
    /// Where the flow is; null for the kinds that leave `path` open.
    pub location: Option<Json>,
    /// Own and default labels, not yet texts: the members of a set, or the own ones as given when no default ones are added.
    pub labels: Vec<Json>,
    /// The default labels: the host's name for `Local`.
    pub default_labels: Vec<String>,
}

/// Constructs the storage of `arguments` and puts the flow `flow` in it.
///
/// # Errors
/// What the constructor, `add_flow` or serializing raises, by class.
pub fn serialize(
    kind: StorageKind,
    arguments: &Map<String, Json>,
    flow: Option<&str>,
    prefect_version: &str,
    machine: &Machine,
) -> Result<Storage, OriginalError> {
    // The order in which the original finds out: binding, the constructor's rules, the base class's arguments.
    rules::check_missing(kind, arguments)?;
    rules::check_rules(kind, arguments)?;
    rules::check_unknown(kind, arguments)?;
    let mut fields = Map::new();
    for field in kind.fields() {
        let value = match arguments.get(field.name) {
            Some(value) if !(value.is_null() && field.name == "prefect_version") => value.clone(),
            _ => default_of(kind, field.name, prefect_version),
        };
        fields.insert(field.name.to_owned(), value);
    }
    derive(kind, arguments, &mut fields, machine)?;
    let location = match flow {
        Some(flow) => Some(location(kind, &fields, arguments, flow, machine)?),
        None => None,
    };
    let secrets = members(arguments.get("secrets"))?;
    let mut serialized = Map::new();
    for field in kind.fields() {
        let value = fields.get(field.name).unwrap_or(&Json::Null);
        serialized.insert(field.name.to_owned(), serialized_field(field, value)?);
    }
    let mut flows = Map::new();
    if let (Some(flow), Some(location)) = (flow, &location) {
        flows.insert(flow.to_owned(), as_text(location));
    }
    serialized.insert("flows".to_owned(), Json::Object(flows));
    serialized.insert("secrets".to_owned(), Json::Array(secrets));
    serialized.insert("type".to_owned(), kind.class().into());
    serialized.insert("__version__".to_owned(), prefect_version.into());
    let (labels, default_labels) = labels_of(kind, arguments, machine)?;
    Ok(Storage { serialized: Json::Object(serialized), location, labels, default_labels })
}

/// The image of a serialized `Docker` storage: `registry_url/image_name:image_tag`, joined like a path
/// (semantics 0.6).
///
/// # Errors
/// `ValueError` when the name or the tag is null.
pub fn docker_image(serialized: &Json) -> Result<String, OriginalError> {
    let text = |name: &str| serialized.get(name).and_then(Json::as_str);
    match (text("image_name"), text("image_tag")) {
        (Some(name), Some(tag)) => {
            Ok(format!("{}:{tag}", join_path(text("registry_url").unwrap_or_default(), name)))
        }
        _ => Err(OriginalError::value_error(
            "Docker storage is missing required fields image_name and image_tag",
        )),
    }
}

/// Joins as a pure POSIX path: doubled slashes and single dots go, an absolute second part drops the first.
fn join_path(first: &str, second: &str) -> String {
    let root = if second.starts_with('/') || first.is_empty() { second } else { first };
    let prefix = match root.chars().take_while(|c| *c == '/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let first = if second.starts_with('/') { "" } else { first };
    let parts: Vec<&str> =
        first.split('/').chain(second.split('/')).filter(|part| !matches!(*part, "" | ".")).collect();
    match (prefix, parts.as_slice()) {
        ("", []) => ".".to_owned(),
        _ => format!("{prefix}{}", parts.join("/")),
    }
}

/// The constructor's default of a serialized field.
fn default_of(kind: StorageKind, name: &str, prefect_version: &str) -> Json {
    match (kind, name) {
        (_, "stored_as_script") | (StorageKind::Git, "use_ssh") => false.into(),
        (StorageKind::Git, "format_access_token") => true.into(),
        (StorageKind::Git, "repo_host") => "github.com".into(),
        (StorageKind::Git, "clone_depth") => 1.into(),
        (StorageKind::Docker, "prefect_version") => prefect_version.into(),
        _ => Json::Null,
    }
}

/// What the constructor makes of the arguments beyond storing them.
fn derive(
    kind: StorageKind,
    arguments: &Map<String, Json>,
    fields: &mut Map<String, Json>,
    machine: &Machine,
) -> Result<(), OriginalError> {
    let text = |value: Option<&Json>| value.filter(|value| python::truthy(value)).map(python::text);
    match kind {
        StorageKind::Git => {
            if text(fields.get("git_token_username")).is_none() {
                let owner = match fields.get("repo").filter(|repo| python::truthy(repo)) {
                    None => None,
                    Some(Json::String(repo)) => repo.split('/').next().map(str::to_owned),
                    Some(other) => {
                        let message =
                            format!("'{}' object has no attribute 'split'", python::type_name(other));
                        return Err(OriginalError::attribute(message));
                    }
                };
                fields.insert("git_token_username".to_owned(), owner.into());
            }
        }
        StorageKind::Local => {
            let directory = text(fields.get("directory"));
            let validate = arguments.get("validate").is_none_or(python::truthy);
            let directory = match directory {
                None => format!("{}/.prefect/flows", machine.home),
                Some(directory) if !validate => directory,
                Some(directory) => {
                    let expanded = match directory.strip_prefix('~') {
                        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                            format!("{}{rest}", machine.home)
                        }
                        _ => directory,
                    };
                    absolute(&expanded, &machine.cwd)
                }
            };
            fields.insert("directory".to_owned(), directory.into());
        }
        StorageKind::Docker
        | StorageKind::S3
        | StorageKind::Gcs
        | StorageKind::Azure
        | StorageKind::Github
        | StorageKind::Gitlab
        | StorageKind::Bitbucket
        | StorageKind::Codecommit
        | StorageKind::Module
        | StorageKind::Webhook => {}
    }
    Ok(())
}

/// Where `add_flow` puts the flow.
fn location(
    kind: StorageKind,
    fields: &Map<String, Json>,
    arguments: &Map<String, Json>,
    flow: &str,
    machine: &Machine,
) -> Result<Json, OriginalError> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or(Json::Null);
    let named = |name: &str| fields.get(name).filter(|value| python::truthy(value)).cloned();
    let stamped = || format!("{}/{}", slugify(flow), slugify(&machine.now));
    Ok(match kind {
        StorageKind::S3 | StorageKind::Gcs => named("key").unwrap_or_else(|| stamped().into()),
        StorageKind::Azure => named("blob_name").unwrap_or_else(|| stamped().into()),
        StorageKind::Local => match named("path") {
            Some(path) => path,
            None if python::truthy(&field("stored_as_script")) => {
                return Err(OriginalError::value_error(
                    "A `path` must be provided to show where flow `.py` file is stored.",
                ));
            }
            None => {
                let directory = python::text(&field("directory"));
                let slash = if directory.ends_with('/') { "" } else { "/" };
                format!("{directory}{slash}{}", stamped().trim_start_matches('/')).into()
            }
        },
        StorageKind::Docker => named("path").unwrap_or_else(|| {
            let directory = arguments.get("prefect_directory").map(python::text);
            let directory = directory.unwrap_or_else(|| "/opt/prefect".to_owned());
            format!("{directory}/flows/{}.prefect", slugify(flow)).into()
        }),
        StorageKind::Github | StorageKind::Gitlab | StorageKind::Bitbucket | StorageKind::Codecommit => {
            field("path")
        }
        StorageKind::Git => field("flow_path"),
        StorageKind::Module => field("module"),
        StorageKind::Webhook => flow.into(),
    })
}

/// A field as its schema writes it: texts become text, booleans are read the way the original reads them.
fn serialized_field(field: &Field, value: &Json) -> Result<Json, OriginalError> {
    if value.is_null() {
        return Ok(Json::Null);
    }
    Ok(match field.ty {
        FieldType::String | FieldType::NumberAsText => as_text(value),
        FieldType::Bool => match value {
            Json::String(text) => match text.to_ascii_lowercase().as_str() {
                "f" | "false" | "n" | "no" | "off" | "0" => false.into(),
                text => (!text.is_empty()).into(),
            },
            other => python::truthy(other).into(),
        },
        FieldType::Number => python::integer(value)?,
        FieldType::MapOfAny | FieldType::MapOfString => match value {
            Json::Object(_) => value.clone(),
            other => {
                let message = format!("'{}' object has no attribute 'keys'", python::type_name(other));
                return Err(OriginalError::attribute(message));
            }
        },
        FieldType::ListOfString | FieldType::ListOfAny | FieldType::Any => value.clone(),
    })
}

fn as_text(value: &Json) -> Json {
    if value.is_null() { Json::Null } else { python::text(value).into() }
}

/// The members of a list as texts: `None` and empty are none, one text is taken apart into its characters.
fn members(value: Option<&Json>) -> Result<Vec<Json>, OriginalError> {
    match value.filter(|value| python::truthy(value)) {
        None => Ok(Vec::new()),
        Some(value) => Ok(python::members(value)?.iter().map(as_text).collect()),
    }
}

fn labels_of(
    kind: StorageKind,
    arguments: &Map<String, Json>,
    machine: &Machine,
) -> Result<(Vec<Json>, Vec<String>), OriginalError> {
    let add_default = match arguments.get("add_default_labels") {
        None | Some(Json::Null) => machine.add_default_labels,
        Some(value) => python::truthy(value),
    };
    if !add_default {
        let labels = match arguments.get("labels").filter(|labels| python::truthy(labels)) {
            None => Vec::new(),
            Some(labels) => python::members(labels)?,
        };
        return Ok((labels, Vec::new()));
    }
    let mut labels = super::labels::unique(arguments.get("labels"))?;
    let default_labels = match kind {
        StorageKind::Local => vec![machine.hostname.clone()],
        StorageKind::Docker
        | StorageKind::S3
        | StorageKind::Gcs
        | StorageKind::Azure
        | StorageKind::Github
        | StorageKind::Gitlab
        | StorageKind::Bitbucket
        | StorageKind::Git
        | StorageKind::Codecommit
        | StorageKind::Module
        | StorageKind::Webhook => Vec::new(),
    };
    labels.extend(default_labels.iter().map(|label| Json::from(label.as_str())));
    Ok((super::labels::unique(Some(&labels.into()))?, default_labels))
}

#[cfg(test)]
mod tests;
