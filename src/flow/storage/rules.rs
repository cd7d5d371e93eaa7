//! What the original's storage constructors refuse (semantics 8). It constructs nothing.

use serde_json::{Map, Value as Json};

use crate::flow::kind::StorageKind;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// No argument that the class and its base do not have.
pub(super) fn check_unknown(kind: StorageKind, arguments: &Map<String, Json>) -> Result<(), OriginalError> {
    // `script` is flowform's own; the original knows `local_script_path`. `result` is a Python object.
    let known = |name: &str| {
        name == "type"
            || name == "result"
            || kind.all_fields().any(|field| field.name == name && name != "script")
    };
    if let Some(unknown) = arguments.keys().find(|name| !known(name)) {
        let message = format!("Storage.__init__() got an unexpected keyword argument '{unknown}'");
        return Err(OriginalError::type_error(message));
    }
    Ok(())
}

/// Every argument that has no default.
pub(super) fn check_missing(kind: StorageKind, arguments: &Map<String, Json>) -> Result<(), OriginalError> {
    let missing: Vec<String> = kind
        .fields()
        .iter()
        .filter(|field| field.required && !arguments.contains_key(field.name))
        .map(|field| format!("'{}'", field.name))
        .collect();
    let names = match missing.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    };
    Err(OriginalError::type_error(format!(
        "{}.__init__() missing {} required positional argument{}: {names}",
        kind.class(),
        missing.len(),
        if missing.len() == 1 { "" } else { "s" }
    )))
}

/// The rules between arguments, in the original's order.
pub(super) fn check_rules(kind: StorageKind, arguments: &Map<String, Json>) -> Result<(), OriginalError> {
    let given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
    let truthy = |name: &str| arguments.get(name).is_some_and(python::truthy);
    match kind {
        StorageKind::Git => {
            if ["branch_name", "tag", "commit"].into_iter().filter(|name| truthy(name)).count() > 1 {
                return Err(OriginalError::value_error(
                    "Please provide only one of the following parameters: `branch_name`, `tag`, `commit`",
                ));
            }
            if !given("repo") && !given("git_clone_url_secret_name") {
                return Err(OriginalError::value_error(
                    "Either `repo` or `git_clone_url_secret_name` must be provided",
                ));
            }
        }
        StorageKind::Bitbucket if truthy("workspace") && truthy("access_token_secret") => {
            return Err(OriginalError::value_error(
                "`access_token_secret` and `workspace` are both set. Setting `workspace` is only for use with \
                 Bitbucket Cloud which uses `cloud_username_secret` and `cloud_app_password_secret` to provide \
                 authentication.",
            ));
        }
        StorageKind::Docker => {
            if truthy("base_image") && truthy("dockerfile") {
                return Err(OriginalError::value_error(
                    "Only one of `base_image` and `dockerfile` can be provided.",
                ));
            }
            // Without either, the base image is made from the version, which is matched as a text.
            let version =
                arguments.get("prefect_version").filter(|value| !value.is_null() && !value.is_string());
            if let (Some(version), false, false) = (version, given("base_image"), given("dockerfile")) {
                let message =
                    format!("expected string or bytes-like object, got '{}'", python::type_name(version));
                return Err(OriginalError::type_error(message));
            }
            let files = arguments.get("files").and_then(Json::as_object);
            let relative: Vec<&str> = files
                .into_iter()
                .flat_map(Map::keys)
                .map(String::as_str)
                .filter(|path| !path.starts_with('/'))
                .collect();
            if !relative.is_empty() {
                return Err(OriginalError::value_error(format!(
                    "Provided paths {} are not absolute file paths, please provide absolute paths only.",
                    relative.join(", ")
                )));
            }
        }
        StorageKind::Webhook => {
            for name in ["build_request_http_method", "get_flow_request_http_method"] {
                let method = arguments.get(name).unwrap_or(&Json::Null);
                if method.is_array() || method.is_object() {
                    let message = format!("unhashable type: '{}'", python::type_name(method));
                    return Err(OriginalError::type_error(message));
                }
                if !matches!(method.as_str(), Some("GET" | "PATCH" | "POST" | "PUT")) {
                    let message = format!("HTTP method '{}' not recognized", python::text(method));
                    return Err(OriginalError::runtime(message));
                }
            }
        }
        StorageKind::S3
        | StorageKind::Gcs
        | StorageKind::Azure
        | StorageKind::Local
        | StorageKind::Github
        | StorageKind::Gitlab
        | StorageKind::Bitbucket
        | StorageKind::Codecommit
        | StorageKind::Module => {}
    }
    Ok(())
}
