//! Which arguments and nested blocks each block takes. Tables only; `decode` checks bodies against them.

use crate::flow::kind::{self, Field, ProviderKind};

/// What a body may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodySchema<'a> {
    /// Arguments that must be there.
    pub required: &'a [&'a str],
    /// Arguments that may be there.
    pub optional: &'a [&'a str],
    /// Nested blocks: kind and number of labels.
    pub blocks: &'a [(&'a str, usize)],
}

/// Arguments that every block that makes something takes.
pub(super) const META_ARGUMENTS: &[&str] = &["count", "for_each", "depends_on", "provider"];

pub(super) const FLOWFORM: BodySchema<'static> = BodySchema {
    required: &[],
    optional: &["required_version", "project", "root", "default_labels", "ignore_checks", "prefect_version"],
    blocks: &[("registry", 1)],
};

pub(super) const VARIABLE: BodySchema<'static> = BodySchema {
    required: &[],
    optional: &["type", "default", "description", "sensitive", "nullable"],
    blocks: &[("validation", 0)],
};

pub(super) const RULE: BodySchema<'static> =
    BodySchema { required: &["condition", "error_message"], optional: &[], blocks: &[] };

pub(super) const OUTPUT: BodySchema<'static> = BodySchema {
    required: &["value"],
    optional: &["description", "sensitive", "depends_on"],
    blocks: &[("precondition", 0)],
};

pub(super) const LIFECYCLE: BodySchema<'static> = BodySchema {
    required: &[],
    optional: &["prevent_destroy", "ignore_changes"],
    blocks: &[("precondition", 0), ("postcondition", 0)],
};

/// The `lifecycle` of a template, which is whole: no part of it is left alone.
pub(super) const TEMPLATE_LIFECYCLE: BodySchema<'static> = BodySchema {
    required: &[],
    optional: &["prevent_destroy"],
    blocks: &[("precondition", 0), ("postcondition", 0)],
};

/// The `lifecycle` of a block that makes nothing.
pub(super) const DATA_LIFECYCLE: BodySchema<'static> =
    BodySchema { required: &[], optional: &[], blocks: &[("precondition", 0), ("postcondition", 0)] };

pub(super) const CHECK: BodySchema<'static> =
    BodySchema { required: &[], optional: &[], blocks: &[("data", 2), ("assert", 0)] };

pub(super) const IMPORT: BodySchema<'static> =
    BodySchema { required: &["to", "id"], optional: &["for_each"], blocks: &[] };

/// `dynamic "KIND"`: nested blocks of that kind, one for each element of a collection.
pub(super) const DYNAMIC: BodySchema<'static> =
    BodySchema { required: &["for_each"], optional: &["iterator", "labels"], blocks: &[("content", 0)] };

/// Nested blocks that are read before anything is evaluated, so that no `dynamic` block makes them.
pub(super) const NEVER_DYNAMIC: &[&str] =
    &["assert", "content", "data", "lifecycle", "postcondition", "precondition", "registry", "validation"];

/// The names of a table's arguments.
const fn names<const N: usize>(fields: &[Field]) -> [&str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = fields[index].name;
        index += 1;
    }
    names
}

pub(super) const FLOW_ARGUMENTS: &[&str] = &names::<{ kind::FLOW.len() }>(kind::FLOW);

pub(super) const FLOW_BLOCKS: &[(&str, usize)] = &[("schedule", 0), ("run_config", 1), ("lifecycle", 0)];

pub(super) const SCHEDULE: BodySchema<'static> =
    BodySchema { required: &[], optional: &names::<{ kind::SCHEDULE.len() }>(kind::SCHEDULE), blocks: &[] };

pub(super) const MOVED: BodySchema<'static> =
    BodySchema { required: &["from", "to"], optional: &[], blocks: &[] };

pub(super) const REMOVED: BodySchema<'static> =
    BodySchema { required: &["from"], optional: &[], blocks: &[("lifecycle", 0)] };

pub(super) const REMOVED_LIFECYCLE: BodySchema<'static> =
    BodySchema { required: &["destroy"], optional: &[], blocks: &[] };

/// Top-level blocks with their labels: kind, and the names of the labels.
pub(super) const BLOCKS: &[(&str, &[&str])] = &[
    ("flowform", &[]),
    ("provider", &["name"]),
    ("variable", &["name"]),
    ("locals", &[]),
    ("output", &["name"]),
    ("data", &["kind", "name"]),
    ("storage", &["kind", "name"]),
    ("template", &["kind", "name"]),
    ("run_config", &["kind", "name"]),
    ("execution_environment", &["kind", "name"]),
    ("agent", &["kind", "name"]),
    ("flow", &["name"]),
    ("module", &["name"]),
    ("import", &[]),
    ("moved", &[]),
    ("removed", &[]),
    ("check", &["name"]),
];

/// Blocks that the language has and this version does not carry out yet.
pub(super) const NOT_YET: &[&str] = &["execution_environment"];

/// Providers that the language has and this version does not.
pub(super) const PROVIDERS_NOT_YET: &[ProviderKind] = &[ProviderKind::Docker];
