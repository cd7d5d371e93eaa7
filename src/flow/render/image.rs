//! Which image a container has (semantics 0.6). It asks no registry.

use serde_json::Value as Json;

use super::run::Flow;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// Where an image was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageSource {
    /// `Docker` storage: it always wins.
    Storage,
    /// The run config; the empty text counts.
    RunConfig,
    /// The template's own container.
    Template,
    /// Nowhere: the published image of the version that registered the flow.
    CoreVersion,
}

/// An image and where it was named.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// A text, but where a template holds something else.
    pub value: Json,
    /// Where it was named.
    pub source: ImageSource,
}

impl Image {
    /// The image as text.
    pub fn text(&self) -> String {
        python::text(&self.value)
    }
}

/// The image of a run: that of the storage, else of the run config, else of the template, else the published one.
///
/// # Errors
/// Those of [`Flow::storage_image`], also when the run config names an image.
pub fn choose(
    flow: &Flow<'_>,
    run_config: Option<&str>,
    template: Option<&Json>,
) -> Result<Image, OriginalError> {
    let (value, source) = if let Some(image) = flow.storage_image()? {
        (image.into(), ImageSource::Storage)
    } else if let Some(image) = run_config {
        (image.into(), ImageSource::RunConfig)
    } else if let Some(image) = template.filter(|image| !image.is_null()) {
        (image.clone(), ImageSource::Template)
    } else {
        (published(flow.core_version).into(), ImageSource::CoreVersion)
    };
    Ok(Image { value, source })
}

/// `prefecthq/prefect` of that version, without what follows `+`; `latest` for none.
pub fn published(core_version: Option<&str>) -> String {
    let version = core_version.filter(|version| !version.is_empty()).unwrap_or("latest");
    let tag = version.split('+').next().unwrap_or(version);
    format!("prefecthq/prefect:{tag}")
}
