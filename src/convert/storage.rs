//! Serialized storages as blocks. Places that were made from the time of registration are kept where the flow is now.

use serde_json::{Map, Value as Json};

use super::Told;
use super::hcl::Body;
use super::machine;
use crate::flow::kind::StorageKind;
use crate::flow::slug::slugify;

/// The block of a serialized storage, for the flow of that name. `None` where it is none that is known.
pub(super) fn block(
    flow: &str,
    serialized: &Json,
    prefect_version: &str,
    told: &mut Told,
) -> Option<(StorageKind, Body)> {
    let mut body = Body::default();
    let class = serialized.get("type").and_then(Json::as_str).unwrap_or_default();
    let Some(kind) = StorageKind::from_class(class) else {
        told.say(format!("its storage has the type {class:?}, which is not known; it has none now"));
        return None;
    };
    let mut fields: Map<String, Json> = serialized.as_object().cloned().unwrap_or_default();
    let location =
        serialized.get("flows").and_then(|flows| flows.get(flow)).and_then(Json::as_str).map(str::to_owned);
    place(kind, flow, location.as_deref(), &mut fields, &mut body, told);
    for field in kind.fields() {
        let Some(value) = fields.remove(field.name).filter(|value| !value.is_null()) else { continue };
        let default = match (kind, field.name) {
            (_, "stored_as_script") | (StorageKind::Git, "use_ssh") => value == false,
            (StorageKind::Git, "format_access_token") => value == true,
            (StorageKind::Git, "repo_host") => value == "github.com",
            (StorageKind::Git, "clone_depth") => value == 1,
            (StorageKind::Git, "git_token_username") => {
                let repo = serialized.get("repo").and_then(Json::as_str);
                repo.and_then(|repo| repo.split('/').next()) == value.as_str()
            }
            (StorageKind::Docker, "prefect_version") => value == prefect_version,
            _ => false,
        };
        if !default {
            body.value(field.name, value);
        }
    }
    if let Some(directory) = fields.remove("prefect_directory") {
        body.value("prefect_directory", directory);
    }
    if let Some(secrets) =
        fields.remove("secrets").filter(|value| value.as_array().is_some_and(|v| !v.is_empty()))
    {
        body.value("secrets", secrets);
    }
    Some((kind, body))
}

/// Where the flow is, in the arguments that say so.
fn place(
    kind: StorageKind,
    flow: &str,
    location: Option<&str>,
    fields: &mut Map<String, Json>,
    body: &mut Body,
    told: &mut Told,
) {
    let given = |fields: &Map<String, Json>, name: &str| {
        fields.get(name).and_then(Json::as_str).is_some_and(|text| !text.is_empty())
    };
    match kind {
        StorageKind::S3 | StorageKind::Gcs | StorageKind::Azure => {
            let name = if kind == StorageKind::Azure { "blob_name" } else { "key" };
            if !given(fields, name) {
                match location {
                    Some(location) => {
                        body.comment("The original made this place from the time of registration.");
                        fields.insert(name.to_owned(), location.into());
                    }
                    None => told.leave_out(body, format!("{name} was not given: write where the flow is")),
                }
            }
        }
        StorageKind::Docker => {
            let file = format!("/flows/{}.prefect", slugify(flow));
            let directory = location.and_then(|location| location.strip_suffix(&file));
            if let Some(directory) = directory.filter(|directory| *directory != "/opt/prefect")
                && !given(fields, "path")
            {
                fields.insert("prefect_directory".to_owned(), directory.into());
            }
            for name in ["image_name", "image_tag"] {
                if !given(fields, name) {
                    told.leave_out(
                        body,
                        format!("{name} was not given: write that of the image that your build pushes"),
                    );
                }
            }
        }
        StorageKind::Local => {
            if let Some(directory) = fields.remove("directory").filter(|directory| !directory.is_null()) {
                told.leave_out(body, format!("directory {directory} is one of the machine that registered"));
            }
            let path = fields.get("path").and_then(Json::as_str).filter(|path| !path.is_empty());
            let path = path.or(location).map(str::to_owned);
            // A module is found wherever it is installed.
            let is_file = |path: &str| path.contains('/') || path.ends_with(".py");
            if let Some(path) = path.filter(|path| is_file(path) && machine::is_of_a_user(path)) {
                told.leave_out(
                    body,
                    format!(
                        "path {path:?} is a file of the machine that registered: write where the flow is"
                    ),
                );
                fields.insert("path".to_owned(), Json::Null);
            } else if !given(fields, "path")
                && let Some(location) = location
            {
                body.comment("The flow was pickled into this file when it was registered.");
                fields.insert("path".to_owned(), location.into());
            }
        }
        StorageKind::Github
        | StorageKind::Gitlab
        | StorageKind::Bitbucket
        | StorageKind::Git
        | StorageKind::Codecommit
        | StorageKind::Module
        | StorageKind::Webhook => {}
    }
}
