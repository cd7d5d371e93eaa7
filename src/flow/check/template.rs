//! What templates of all kinds have in common: containers, their variables, settings that a run replaces.

use std::collections::BTreeSet;

use super::{CheckInputs, CheckName, attribute, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index};
use crate::flow::kind::RunConfigKind;
use crate::value::Value;

/// The containers of a template, and the one that runs the flow.
pub(super) struct Containers<'a> {
    /// Where the list is.
    pub(super) place: Vec<PathStep>,
    /// The containers.
    pub(super) list: &'a [Value],
    /// The first one of the name `flow` for ECS, the first one for Kubernetes (semantics 2.3 and 3).
    pub(super) own: Option<usize>,
}

impl<'a> Containers<'a> {
    /// Those of the template, when it is known.
    pub(super) fn of(inputs: &CheckInputs<'a>) -> Option<Self> {
        let template = inputs.template?;
        let document = template.document;
        match inputs.kind {
            RunConfigKind::Ecs => {
                let list = items(attribute(document, "containerDefinitions"));
                let own =
                    list.iter().position(|container| attribute(container, "name").as_str() == Some("flow"));
                Some(Self { place: at(&template.place(), "containerDefinitions"), list, own })
            }
            RunConfigKind::Kubernetes => {
                let names = ["spec", "template", "spec", "containers"];
                let list = items(names.iter().fold(document, |value, name| attribute(value, name)));
                let place = names.iter().fold(template.place(), |place, name| at(&place, name));
                Some(Self { place, list, own: (!list.is_empty()).then_some(0) })
            }
            RunConfigKind::Universal
            | RunConfigKind::Local
            | RunConfigKind::Docker
            | RunConfigKind::Vertex => None,
        }
    }

    /// The containers of a pod that run before the flow's, and where each is.
    pub(super) fn before(&self, inputs: &CheckInputs<'a>) -> Vec<(Vec<PathStep>, &'a Value)> {
        let (Some(template), RunConfigKind::Kubernetes) = (inputs.template, inputs.kind) else {
            return Vec::new();
        };
        let names = ["spec", "template", "spec", "initContainers"];
        let list = names.iter().fold(template.document, |value, name| attribute(value, name));
        let place = names.iter().fold(template.place(), |place, name| at(&place, name));
        items(list)
            .iter()
            .enumerate()
            .map(|(index, container)| (at_index(&place, index), container))
            .collect()
    }

    /// The container that runs the flow and where it is.
    pub(super) fn own(&self) -> Option<(Vec<PathStep>, &'a Value)> {
        let index = self.own?;
        Some((at_index(&self.place, index), self.list.get(index)?))
    }
}

/// The names of the volumes of a task definition or a pod; `None` when they are not all known.
pub(super) fn volumes(owner: &Value) -> Option<BTreeSet<&str>> {
    let list = attribute(owner, "volumes");
    if list.is_unknown() {
        return None;
    }
    let mut names = BTreeSet::new();
    for volume in items(list) {
        let name = attribute(volume, "name");
        if volume.is_unknown() || name.is_unknown() {
            return None;
        }
        names.extend(name.as_str());
    }
    Some(names)
}

/// A setting that has no effect, because every run replaces it.
pub(super) fn overwritten_by(place: Vec<PathStep>, what: &str) -> Problem {
    Problem::lint(
        CheckName::TemplateOverwritten,
        place,
        format!("Every run replaces this with {what}; it has no effect."),
    )
    .help("remove it")
}

/// The variables of the container that runs the flow: those that every run sets have no effect.
pub(super) fn variables(list: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    for (index, entry) in items(list).iter().enumerate() {
        let name = attribute(entry, "name").as_str().unwrap_or_default();
        if is_set_by_every_run(name) {
            problems.push(overwritten_by(at_index(place, index), &format!("the run's own `{name}`")));
        }
    }
}

/// Variables in plaintext that look like secrets; `instead` says where a reference stands in such a document.
pub(super) fn secrets(list: &Value, place: &[PathStep], instead: &str, problems: &mut Vec<Problem>) {
    for (index, entry) in items(list).iter().enumerate() {
        if let (Some(name), Some(value)) =
            (attribute(entry, "name").as_str(), attribute(entry, "value").as_str())
        {
            let place = at(&at_index(place, index), "value");
            let help = format!("write {instead}, and remove the value");
            problems.extend(super::plaintext(name, value, &place, &help));
        }
    }
}

/// Containers of one name, of which the backend refuses the second.
pub(super) fn same_names<'a>(
    containers: impl Iterator<Item = (&'a [PathStep], &'a Value)>,
    backend: &str,
    problems: &mut Vec<Problem>,
) {
    let mut names = BTreeSet::new();
    for (place, container) in containers {
        let Some(name) = attribute(container, "name").as_str().filter(|name| !name.is_empty()) else {
            continue;
        };
        if !names.insert(name) {
            problems.push(
                Problem::error(
                    at(place, "name"),
                    "Containers of one name",
                    format!("Another container is called `{name}` already, and {backend} refuses a template with two."),
                )
                .help("give it another name"),
            );
        }
    }
}

/// A container beside the flow's that has no image: only the flow's gets one from the run.
pub(super) fn container_without_image(
    container: &Value,
    place: &[PathStep],
    backend: &str,
) -> Option<Problem> {
    if container.as_entries().is_none() || given(attribute(container, "image")) {
        return None;
    }
    Some(
        Problem::error(
            place.to_vec(),
            "Container without an image",
            format!(
                "Only the container that runs the flow gets its image from the run, and {backend} refuses another one \
                 without."
            ),
        )
        .help("write `image`"),
    )
}

/// A mount of a volume that the template does not have; `list` is where volumes stand.
pub(super) fn unknown_volume(
    name: &str,
    volumes: &BTreeSet<&str>,
    place: Vec<PathStep>,
    list: &str,
) -> Problem {
    let problem = Problem::error(
        place,
        "Unknown volume",
        format!("No volume is called `{name}`, so nothing can be mounted."),
    );
    match crate::diag::closest(name, volumes.iter().copied()) {
        Some(best) => problem.help(format!("did you mean `{best}`?")),
        None => problem.help(format!("add it to {list}, or remove the mount")),
    }
}

/// A number from `least` to the last port.
pub(super) fn port(number: i64, least: i64, place: Vec<PathStep>) -> Option<Problem> {
    (!(least..=65535).contains(&number)).then(|| {
        Problem::error(place, "Unsuitable port", "A port is a whole number from 1 to 65535.")
            .help("write a number of that range")
    })
}

/// Variables that every run sets, whatever a template says (semantics 0.8), flowform's own among them.
fn is_set_by_every_run(name: &str) -> bool {
    matches!(
        name,
        "FLOWFORM_FLOW"
            | "FLOWFORM_PARAMETERS"
            | "FLOWFORM_PROJECT"
            | "FLOWFORM_RUN_ID"
            | "FLOWFORM_VERSION"
            | "PREFECT__BACKEND"
            | "PREFECT__CLOUD__AGENT__LABELS"
            | "PREFECT__CLOUD__API"
            | "PREFECT__CLOUD__API_KEY"
            | "PREFECT__CLOUD__AUTH_TOKEN"
            | "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS"
            | "PREFECT__CLOUD__TENANT_ID"
            | "PREFECT__CLOUD__USE_LOCAL_SECRETS"
            | "PREFECT__CONTEXT__FLOW_ID"
            | "PREFECT__CONTEXT__FLOW_RUN_ID"
            | "PREFECT__CONTEXT__IMAGE"
            | "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS"
            | "PREFECT__LOGGING__LEVEL"
            | "PREFECT__LOGGING__LOG_TO_CLOUD"
    )
}
