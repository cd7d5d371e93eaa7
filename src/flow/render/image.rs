//! Which image a container runs (semantics 0.6). It pulls nothing and knows no registry.

use serde_json::Value as Json;

use super::run::Flow;
use crate::flow::kind::StorageKind;
use crate::flow::original::OriginalError;
use crate::flow::storage::docker_image;

/// The image when nothing names one, without its tag.
const DEFAULT: &str = "prefecthq/prefect";

/// Where an image was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// `docker` storage: the flow's code is in it.
    Storage,
    /// The run config.
    RunConfig,
    /// The template's own container.
    Template,
    /// The original's own image, by version.
    BuiltIn,
}

/// The image: that of `docker` storage, else the run config's, else the template's, else the original's own of
/// `core_version` (`latest` without one).
pub fn choose(
    storage: Option<&Json>,
    run_config: Option<&str>,
    template: Option<&str>,
    core_version: Option<&str>,
) -> (String, From) {
    if let Some(image) = storage.and_then(of_storage) {
        return (image, From::Storage);
    }
    if let Some(image) = run_config {
        return (image.to_owned(), From::RunConfig);
    }
    if let Some(image) = template {
        return (image.to_owned(), From::Template);
    }
    let version = core_version.map_or("latest", |version| version.split('+').next().unwrap_or(version));
    (format!("{DEFAULT}:{version}"), From::BuiltIn)
}

/// The image of a run as the original's agents choose it: what a template holds is taken as it is.
///
/// # Errors
/// Those of [`Flow::storage_image`], also when the run config names an image.
pub fn of_run(
    flow: &Flow<'_>,
    run_config: Option<&str>,
    template: Option<&Json>,
) -> Result<(Json, From), OriginalError> {
    let storage = flow.storage_image()?.map(|_| flow.storage);
    let core_version = flow.core_version.filter(|version| !version.is_empty());
    Ok(match template.filter(|image| !image.is_null()) {
        Some(image) if storage.is_none() && run_config.is_none() => (image.clone(), From::Template),
        _ => {
            let (image, from) = choose(storage, run_config, None, core_version);
            (image.into(), from)
        }
    })
}

/// The image of `docker` storage, when it is that and has a name and a tag. Registry and name are joined as paths.
pub fn of_storage(storage: &Json) -> Option<String> {
    let docker = storage.get("type").and_then(Json::as_str) == Some(StorageKind::Docker.class());
    docker.then(|| docker_image(storage).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_that_applies() {
        let docker =
            json!({"type": "Docker", "registry_url": "https://reg//x", "image_name": "a", "image_tag": "t"});
        let s3 = json!({"type": "S3"});
        for (storage, run_config, template, version, expected) in [
            (Some(&docker), Some("r"), Some("t"), Some("1"), ("https:/reg/x/a:t", From::Storage)),
            (Some(&s3), Some(""), Some("t"), Some("1"), ("", From::RunConfig)),
            (Some(&s3), None, Some("t:2"), Some("1"), ("t:2", From::Template)),
            (None, None, None, Some("1.4.1+9.g1"), ("prefecthq/prefect:1.4.1", From::BuiltIn)),
            (None, None, None, None, ("prefecthq/prefect:latest", From::BuiltIn)),
        ] {
            let (image, from) = choose(storage, run_config, template, version);
            assert_eq!((image.as_str(), from), expected);
        }
        let absolute = json!({"type": "Docker", "registry_url": "reg", "image_name": "/a", "image_tag": "t"});
        assert_eq!(of_storage(&absolute).as_deref(), Some("/a:t"));
        assert_eq!(of_storage(&json!({"type": "Docker", "image_name": "a"})), None);
    }
}
