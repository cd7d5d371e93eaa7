//! Which image a flow runs, and whether it stays the same (semantics 0.6). It asks no registry.

use super::template::Containers;
use super::{CheckInputs, CheckName, attribute, items, reference};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index, key};
use crate::flow::kind::{RunConfigKind, StorageKind};
use crate::value::Value;

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let starts_container = match inputs.kind {
        RunConfigKind::Docker | RunConfigKind::Kubernetes | RunConfigKind::Ecs | RunConfigKind::Vertex => {
            true
        }
        // What a universal flow runs on is the agent's matter.
        RunConfigKind::Universal | RunConfigKind::Local => false,
    };
    if !starts_container {
        return;
    }
    let in_storage = matches!(inputs.storage, Some((StorageKind::Docker, _)));
    if let Some((StorageKind::Docker, storage)) = inputs.storage {
        let tag = attribute(storage, "image_tag");
        if tag.as_str() == Some("latest") {
            problems.push(latest("The tag `latest`", at(&[key("storage")], "image_tag")));
        }
        overruled(inputs.argument("image"), inputs.place("image"), problems);
        if let Some(name) = stored(storage) {
            problems.extend(reference::check(&Value::string(name), vec![key("storage")]));
        }
    } else {
        problems.extend(reference::check(inputs.argument("image"), inputs.place("image")));
        may_change(inputs.argument("image"), inputs.place("image"), problems);
    }
    if inputs.kind == RunConfigKind::Vertex {
        // The first pool's container is replaced whole.
        for (index, pool) in items(inputs.argument("worker_pool_specs")).iter().enumerate().skip(1) {
            let pool_place = at(&at_index(&inputs.place("worker_pool_specs"), index), "container_spec");
            let image = attribute(attribute(pool, "container_spec"), "image_uri");
            may_change(image, at(&pool_place, "image_uri"), problems);
        }
    }
    let Some(containers) = Containers::of(inputs) else { return };
    for (index, container) in containers.list.iter().enumerate() {
        let image = attribute(container, "image");
        let place = at(&at_index(&containers.place, index), "image");
        match containers.own == Some(index) {
            true if in_storage => overruled(image, place, problems),
            true if inputs.may_have("image") => {}
            true | false => {
                problems.extend(reference::check(image, place.clone()));
                may_change(image, place, problems);
            }
        }
    }
    for (place, container) in containers.before(inputs) {
        let (image, place) = (attribute(container, "image"), at(&place, "image"));
        problems.extend(reference::check(image, place.clone()));
        may_change(image, place, problems);
    }
}

/// The image of `docker` storage, when all its parts are known.
fn stored(storage: &Value) -> Option<String> {
    let text = |name: &str| attribute(storage, name).as_str().filter(|text| !text.is_empty());
    let (name, tag) = (text("image_name")?, text("image_tag")?);
    match attribute(storage, "registry_url") {
        registry if registry.is_null() => Some(format!("{name}:{tag}")),
        // The original joins them as a path.
        _ => Some(format!("{}/{name}:{tag}", text("registry_url")?.trim_end_matches('/'))),
    }
}

/// An image beside that of `docker` storage.
fn overruled(image: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    if super::given(image) {
        problems.push(
            Problem::lint(
                CheckName::ImageOverruled,
                place,
                "The flow's code is in the image of its `docker` storage, and that image always wins; this one is never \
                 used.",
            )
            .help("remove this image, or use another storage"),
        );
    }
}

fn may_change(image: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    match image.as_str().filter(|image| !image.is_empty()).map(tag_of) {
        Some(Tag::Latest) => problems.push(latest("The tag `latest`", place)),
        Some(Tag::None) => problems.push(latest("An image without a tag means `latest`, which", place)),
        Some(Tag::Fixed) | None => {}
    }
}

fn latest(what: &str, place: Vec<PathStep>) -> Problem {
    Problem::lint(
        CheckName::LatestImage,
        place,
        format!(
            "{what} may be another image tomorrow, and no new version is made of the flow then: its definition is the \
             same."
        ),
    )
    .help("name a tag that is never moved, or a digest (`image@sha256:...`)")
}

/// What follows the name of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing, which means `latest`.
    None,
    /// `latest`
    Latest,
    /// Another tag, or a digest.
    Fixed,
}

/// The tag of `registry:5000/name:tag@sha256:...`.
pub(super) fn tag_of(image: &str) -> Tag {
    if image.contains('@') {
        return Tag::Fixed;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None | Some((_, "")) => Tag::None,
        Some((_, "latest")) => Tag::Latest,
        Some(_) => Tag::Fixed,
    }
}

/// Whether the image is in a private registry of AWS.
pub(super) fn is_ecr(image: &str) -> bool {
    let registry = image.split('/').next().unwrap_or(image);
    let labels: Vec<&str> = registry.split('.').collect();
    let private = labels.windows(2).any(|pair| pair[..] == ["dkr", "ecr"] || pair[..] == ["dkr", "ecr-fips"]);
    private && registry.contains(".amazonaws.com")
}
