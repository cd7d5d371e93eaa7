//! What Vertex AI documents of a CustomJob beside its worker pools (REST reference, pages CustomJob, CustomJobSpec, EncryptionSpec,
//! PscInterfaceConfig; Resource Manager, "Requirements for labels"). It knows no pool.

use crate::address::PathStep;
use crate::flow::check::{CheckInputs, attribute, given, items};
use crate::flow::definition::{Problem, at, at_index};
use crate::value::Value;

/// The longest display name.
const LONGEST_NAME: usize = 128;
/// The longest key or value of a label.
const LONGEST_LABEL: usize = 64;
/// The most labels: what the service takes without those that flowform adds.
const MOST_LABELS: usize = 64 - 5;
/// What the labels of flowform begin with.
const OWN_LABELS: &str = "flowform_";

/// Names of resources by the field that holds them: the parts of the name, `*` for what is the user's.
const NAMES: [(&str, &[&str]); 3] = [
    ("tensorboard", &["projects", "*", "locations", "*", "tensorboards", "*"]),
    ("experiment", CONTEXT),
    ("experiment_run", CONTEXT),
];
const CONTEXT: &[&str] = &["projects", "*", "locations", "*", "metadataStores", "*", "contexts", "*"];
const MODEL: &[&str] = &["projects", "*", "locations", "*", "models", "*"];
const KEY: &[&str] = &["projects", "*", "locations", "*", "keyRings", "*", "cryptoKeys", "*"];
const ATTACHMENT: &[&str] = &["projects", "*", "regions", "*", "networkAttachments", "*"];

/// Checks `custom_job`; `has_account` where the job has a service account, or may have one.
pub(super) fn check(inputs: &CheckInputs<'_>, has_account: bool, problems: &mut Vec<Problem>) {
    let (job, place) = (inputs.argument("custom_job"), inputs.place("custom_job"));
    if job.as_entries().is_none() {
        return;
    }
    display_name(attribute(job, "display_name"), at(&place, "display_name"), problems);
    labels(attribute(job, "labels"), &at(&place, "labels"), problems);
    let key_place = at(&at(&place, "encryption_spec"), "kms_key_name");
    named(attribute(attribute(job, "encryption_spec"), "kms_key_name"), KEY, key_place, problems);
    let (spec, place) = (attribute(job, "job_spec"), at(&place, "job_spec"));
    for (name, form) in NAMES {
        named(attribute(spec, name), form, at(&place, name), problems);
    }
    for (index, model) in items(attribute(spec, "models")).iter().enumerate() {
        named(model, MODEL, at_index(&at(&place, "models"), index), problems);
    }
    let mut wrong = |name: &str, what: &str, help: &str| {
        problems.push(Problem::error(at(&place, name), "Unsuitable custom job", what.to_owned()).help(help));
    };
    let text = |name: &str| attribute(spec, name).as_str().filter(|text| !text.is_empty());
    if text("persistent_resource_id").is_some_and(|id| !is_resource_id(id)) {
        wrong(
            "persistent_resource_id",
            "This is not the id of a persistent resource.",
            "write up to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        );
    }
    if text("tensorboard").is_some() && !has_account {
        wrong(
            "tensorboard",
            "A job writes to a Tensorboard as its service account, and it has none.",
            "write `service_account` in the run config",
        );
    }
    let has_network = inputs.may_have("network");
    if !items(attribute(spec, "reserved_ip_ranges")).is_empty() && !has_network {
        wrong(
            "reserved_ip_ranges",
            "Reserved ranges are ranges of a network, and the job is attached to none.",
            "write `network = \"projects/NUMBER/global/networks/NAME\"` in the run config",
        );
    }
    let psc = attribute(spec, "psc_interface_config");
    if given(psc) && given(inputs.argument("network")) {
        wrong(
            "psc_interface_config",
            "A job is attached to a network either by peering or by a Private Service Connect interface.",
            "remove `network` or `psc_interface_config`",
        );
    }
    let prefix = attribute(attribute(spec, "base_output_directory"), "output_uri_prefix").as_str();
    let is_bucket = |text: &str| {
        text.strip_prefix("gs://")
            .and_then(|rest| rest.split('/').next())
            .is_some_and(|bucket| !bucket.is_empty())
    };
    if prefix.is_some_and(|prefix| !prefix.is_empty() && !is_bucket(prefix)) {
        wrong(
            "base_output_directory",
            "`output_uri_prefix` is a place in Cloud Storage.",
            "write `gs://BUCKET/PATH`",
        );
    }
    interface(psc, &at(&place, "psc_interface_config"), problems);
}

fn display_name(name: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    if name.as_str().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        let what = format!("Vertex AI takes display names of {LONGEST_NAME} characters.");
        problems.push(Problem::error(place, "Unsuitable custom job", what).help("shorten it"));
    }
}

/// Labels: up to 64 of them, of lower-case letters of any script, digits, `_` and `-`.
fn labels(labels: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let Some(entries) = labels.as_entries() else { return };
    if entries.len() > MOST_LABELS {
        let what =
            format!("A job has 64 labels, of which flowform sets 5; {} are given here.", entries.len());
        problems.push(Problem::error(place.to_vec(), "Unsuitable label of a job", what).help("remove some"));
    }
    let is_letter = |c: char| c.is_alphabetic() && !c.is_numeric() && c.to_lowercase().eq(std::iter::once(c));
    let is_label = |text: &str| {
        text.chars().count() <= LONGEST_LABEL
            && text.chars().all(|c| matches!(c, '_' | '-' | '0'..='9') || is_letter(c))
    };
    for (key, value) in entries.iter() {
        let place = at(place, key);
        let what = match value.as_str() {
            _ if key.starts_with(OWN_LABELS) => {
                format!("Labels that begin with `{OWN_LABELS}` say of which flow version a job is a run.")
            }
            _ if key.is_empty() => "A label has a key.".to_owned(),
            _ if !is_label(key) => format!("`{key}` is not the key of a label."),
            Some(text) if !is_label(text) => format!("The value of `{key}` is not that of a label."),
            _ => continue,
        };
        problems.push(Problem::error(place, "Unsuitable label of a job", what).help(
            "use up to 64 lower-case letters, digits, `_` and `-`, and no key that begins with `flowform_`",
        ));
    }
}

/// The interface's attachment, and the domains that are resolved through it.
fn interface(psc: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let attachment = attribute(psc, "network_attachment");
    if attachment.as_str().is_some_and(|text| !is_resource_id(text)) {
        named(attachment, ATTACHMENT, at(place, "network_attachment"), problems);
    }
    let place = at(place, "dns_peering_configs");
    for (index, config) in items(attribute(psc, "dns_peering_configs")).iter().enumerate() {
        let domain = attribute(config, "domain").as_str().unwrap_or_default();
        if !domain.is_empty() && !domain.ends_with('.') {
            problems.push(
                Problem::error(
                    at(&at_index(&place, index), "domain"),
                    "Unsuitable custom job",
                    "The domain of a DNS peering ends with a dot.",
                )
                .help(format!("write `{domain}.`")),
            );
        }
    }
}

/// A resource's full name.
fn named(value: &Value, form: &[&str], place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return };
    let parts: Vec<&str> = text.split('/').collect();
    let is_of_form = parts.len() == form.len()
        && parts
            .iter()
            .zip(form)
            .all(|(part, wanted)| if *wanted == "*" { !part.is_empty() } else { part == wanted });
    if !is_of_form {
        let form = form.join("/").replace('*', "...");
        problems.push(
            Problem::error(place, "Unsuitable custom job", "Vertex AI takes a resource by its full name.")
                .help(format!("write `{form}`")),
        );
    }
}

/// Lower-case letters, digits and hyphens, as resources are called.
fn is_resource_id(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
