//! Checks of flows that run as Kubernetes Jobs (semantics 3): the template is a Job, amounts of resources fit each other.
//! It does not check the shape of documents.

mod containers;

use super::template::{Containers, overwritten_by, secrets, variables};
use super::{CheckInputs, Template, attribute, given};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index};
use crate::flow::document::Quantity;
use crate::value::{Type, Value, convert};

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let template = inputs.template.filter(|template| {
        // An empty template is none (semantics 3).
        template.document.as_entries().is_some_and(|entries| !entries.is_empty())
    });
    if let Some(template) = template {
        is_a_job(template, problems);
        containers::check(template, problems);
        if !template.of_agent {
            overwritten(inputs, template, problems);
        }
    }
    resources(inputs, problems);
}

fn is_a_job(template: Template<'_>, problems: &mut Vec<Problem>) {
    let document = template.document;
    for (name, wanted) in [("kind", "Job"), ("apiVersion", "batch/v1")] {
        let Some(found) = attribute(document, name).as_str().filter(|found| *found != wanted) else {
            continue;
        };
        problems.push(
            Problem::error(
                at(&template.place(), name),
                "Template that is not a Job",
                format!("A run is started as a Job of `batch/v1`, and this template says `{name}: {found}`."),
            )
            .help("give the whole template of a Job; the pod of another object can be copied to its `spec.template`"),
        );
        return;
    }
    let mut value = document;
    for name in ["spec", "template", "spec"] {
        value = attribute(value, name);
        if value.is_unknown() {
            return;
        }
    }
    if value.is_null() {
        problems.push(
            Problem::error(
                template.place(),
                "Job template without a pod",
                "The template has no `spec.template.spec`, where the pod is described; the original fails to start a run \
                 without it.",
            )
            .help("write `spec = { template = { spec = { containers = [{ name = \"flow\" }] } } }`"),
        );
        return;
    }
    if attribute(value, "restartPolicy").as_str() == Some("Always") {
        let place = ["spec", "template", "spec", "restartPolicy"];
        problems.push(
            Problem::error(
                place.iter().fold(template.place(), |place, name| at(&place, name)),
                "Restart policy that a Job does not take",
                "The pods of a Job end, so that they are restarted `OnFailure` or `Never`; Kubernetes refuses `Always`.",
            )
            .help("write `\"Never\"`, which a run has by default"),
        );
    }
}

/// Settings of the template that every run replaces, or that have no effect on one.
fn overwritten(inputs: &CheckInputs<'_>, template: Template<'_>, problems: &mut Vec<Problem>) {
    let metadata = attribute(template.document, "metadata");
    let place = at(&template.place(), "metadata");
    if given(attribute(metadata, "namespace")) {
        problems.push(
            overwritten_by(at(&place, "namespace"), "the namespace of the agent")
                .help("remove it, and write `namespace` in the agent"),
        );
    }
    for name in ["prefect.io/identifier", "prefect.io/flow_run_id", "prefect.io/flow_id"] {
        if given(attribute(attribute(metadata, "labels"), name)) {
            problems.push(overwritten_by(at(&at(&place, "labels"), name), "the run's own label"));
        }
    }
    let Some(containers) = Containers::of(inputs) else { return };
    if let Some((place, container)) = containers.own() {
        if given(attribute(container, "args")) {
            problems.push(overwritten_by(at(&place, "args"), "the arguments that run the flow"));
        }
        variables(attribute(container, "env"), &at(&place, "env"), problems);
    }
    for (index, container) in containers.list.iter().enumerate() {
        let place = at(&at_index(&containers.place, index), "env");
        let instead = "`valueFrom = { secretKeyRef = { name = \"...\", key = \"...\" } }`";
        secrets(attribute(container, "env"), &place, instead, problems);
    }
    for (place, container) in containers.before(inputs) {
        let instead = "`valueFrom = { secretKeyRef = { name = \"...\", key = \"...\" } }`";
        secrets(attribute(container, "env"), &at(&place, "env"), instead, problems);
    }
}

/// An amount and where it is said.
type Amount = Option<(Vec<PathStep>, Quantity)>;

/// Requests may not be above limits: the run config's count for the flow's container, the template's where it has none.
fn resources(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let containers = Containers::of(inputs);
    let own = containers.as_ref().and_then(Containers::own);
    for resource in ["cpu", "memory"] {
        let mut amount = |kind: &str, group: &str| -> Amount {
            let argument = format!("{resource}_{kind}");
            let value = inputs.argument(&argument);
            if given(value) {
                return argument_amount(value, inputs.place(&argument), problems);
            }
            let (place, container) = own.as_ref()?;
            in_container(container, place, group, resource)
        };
        let (request, limit) = (amount("request", "requests"), amount("limit", "limits"));
        compare(resource, request, limit, problems);
    }
    let Some(containers) = containers else { return };
    for (index, container) in containers.list.iter().enumerate() {
        let place = at_index(&containers.place, index);
        let requests = attribute(attribute(container, "resources"), "requests");
        for resource in requests.as_entries().into_iter().flatten().map(|(name, _)| name) {
            let judged = containers.own == Some(index) && matches!(resource.as_ref(), "cpu" | "memory");
            if !judged {
                let of = |group| in_container(container, &place, group, resource);
                compare(resource, of("requests"), of("limits"), problems);
            }
        }
    }
}

/// An amount of the run config. One that cannot be read is an error.
fn argument_amount(value: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) -> Amount {
    let text = convert(value, &Type::String).ok()?;
    let text = text.as_str()?;
    let why = match text.parse::<Quantity>() {
        Ok(quantity) if !quantity.is_negative() => return Some((place, quantity)),
        Ok(_) => "it is negative".to_owned(),
        Err(error) => error.to_string(),
    };
    problems.push(
        Problem::error(place, "Malformed quantity", format!("{text:?} is no amount of a resource: {why}."))
            .help("write a number with one of the units m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei: `\"500m\"`, `\"2Gi\"`"),
    );
    None
}

/// An amount of the template; what cannot be read has been told by the check of the document.
fn in_container(container: &Value, place: &[PathStep], group: &str, resource: &str) -> Amount {
    let value = attribute(attribute(attribute(container, "resources"), group), resource);
    let text = convert(value, &Type::String).ok()?;
    let quantity = text.as_str()?.parse().ok()?;
    Some((at(&at(&at(place, "resources"), group), resource), quantity))
}

fn compare(resource: &str, request: Amount, limit: Amount, problems: &mut Vec<Problem>) {
    if let (Some((place, request)), Some((_, limit))) = (request, limit)
        && request > limit
    {
        problems.push(
            Problem::error(
                place,
                "Request above its limit",
                format!("More `{resource}` is requested than the limit allows, and Kubernetes refuses such a container."),
            )
            .help("raise the limit, or lower the request"),
        );
    }
}
