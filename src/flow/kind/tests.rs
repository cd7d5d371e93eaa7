//! The tables agree with each other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use super::*;

#[test]
fn labels_and_classes_lead_back_to_their_kind() {
    for kind in RunConfigKind::ALL {
        assert_eq!(RunConfigKind::from_label(kind.label()), Some(kind));
        assert_eq!(RunConfigKind::from_class(kind.class()), Some(kind));
    }
    for kind in StorageKind::ALL {
        assert_eq!(StorageKind::from_label(kind.label()), Some(kind));
        assert_eq!(StorageKind::from_class(kind.class()), Some(kind));
    }
    assert!(AgentKind::ALL.into_iter().all(|kind| AgentKind::from_label(kind.label()) == Some(kind)));
    assert!(
        EnvironmentKind::ALL.into_iter().all(|kind| EnvironmentKind::from_label(kind.label()) == Some(kind))
    );
}

#[test]
fn no_kind_has_two_arguments_of_one_name() {
    let mut tables: Vec<(&str, Vec<&str>)> = Vec::new();
    for kind in RunConfigKind::ALL {
        let own = RunConfigKind::own_fields();
        tables.push((kind.class(), kind.fields().iter().chain(own).map(|field| field.name).collect()));
    }
    for kind in StorageKind::ALL {
        tables.push((kind.class(), kind.all_fields().map(|field| field.name).collect()));
        assert_eq!(
            kind.takes_script(),
            kind.all_fields().any(|field| field.name == "script"),
            "{}",
            kind.class()
        );
    }
    for kind in AgentKind::ALL {
        tables.push((kind.label(), kind.all_fields().map(|field| field.name).collect()));
    }
    for kind in EnvironmentKind::ALL {
        tables.push((kind.class(), kind.fields().iter().map(|field| field.name).collect()));
    }
    for (class, names) in tables {
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{class}: {names:?}");
    }
}
