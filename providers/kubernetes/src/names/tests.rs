//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use flowform_provider_api::{Digest, FlowId, Identity, RegistryId};
use proptest::prelude::*;

use super::*;

fn whose() -> Identity {
    Identity {
        registry: RegistryId("2c1a6e3e-0000-4000-8000-00000000c0de".into()),
        project: "Größe & Co".into(),
        flow: FlowId("7d3f0000-0000-4000-8000-000000000001".into()),
        flow_name: "Nightly load".into(),
        version: 12,
        digest: Digest::of_bytes(b"definition"),
    }
}

#[test]
fn names_depend_on_identities_alone() {
    let renamed = Identity { flow_name: "another".into(), ..whose() };
    assert_eq!(template_name(&whose()), template_name(&renamed));
    let other = Identity { project: "another".into(), ..whose() };
    assert_ne!(template_name(&whose()), template_name(&other));
    let latest = latest_name(&whose().registry, &whose().project, &whose().flow);
    assert_eq!(latest_beside(&template_name(&whose())), Some(latest));
    assert_eq!(latest_beside("unrelated"), None);
    assert!(template_name(&Identity { version: u32::MAX, ..whose() }).len() <= 63, "a label holds the name");
}

#[test]
fn an_identity_is_read_back_whole() {
    assert_eq!(identity(&annotations(&whose())), Some(whose()));
    for name in [REGISTRY, PROJECT, FLOW_ID, FLOW, VERSION, DIGEST] {
        let mut less = annotations(&whose());
        less.remove(name);
        assert_eq!(identity(&less), None, "without {name}");
    }
}

#[test]
fn labels_hold_what_fits_and_a_hash_of_the_rest() {
    assert_eq!(label_value("etl.daily_2"), "etl.daily_2");
    assert_eq!(label_value(""), "");
    assert_eq!(label_value("Nightly load"), "Nightly-load-f266b9ea");
    assert_ne!(label_value("Nightly load"), label_value("Nightly-load"));
    assert_ne!(label_value("№"), label_value("§"));
}

#[test]
fn ids_are_read_back() {
    for text in ["flows/flowform-00-v1@7a-1", "flows/flowform-00-v1"] {
        assert_eq!(ObjectId::parse(text).expect("an id").to_string(), text);
    }
    for text in ["", "name", "/name", "flows/", "Flows/name", "a/b/c", "flows/näme"] {
        assert_eq!(ObjectId::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_text_has_a_label(text in ".{0,80}") {
        let value = label_value(&text);
        prop_assert!(value.len() <= 63);
        prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        let edge = |c: char| c.is_ascii_alphanumeric();
        prop_assert!(value.is_empty() || value.starts_with(edge) && value.ends_with(edge));
        prop_assert_eq!(value.is_empty(), text.is_empty());
    }
}
