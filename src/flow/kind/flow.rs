//! The arguments of flows and their schedules. It evaluates nothing.

use super::{Field, FieldType, optional};

/// The arguments of a `flow` block, in the order of the documentation.
pub const FLOW: &[Field] = &[
    optional(
        "name",
        FieldType::String,
        "The flow's name, unique in the project; the block's label unless given.",
    ),
    optional("storage", FieldType::Any, "Where the code is: `storage.KIND.NAME`."),
    optional(
        "run_config",
        FieldType::Any,
        "On what the flow runs: `run_config.KIND.NAME`, or a nested block; `universal` without either.",
    ),
    optional(
        "execution_environment",
        FieldType::Any,
        "An older execution environment, in place of a run config.",
    ),
    optional("agent", FieldType::Any, "The agent that serves the flow: its defaults enter the definition."),
    optional(
        "labels",
        FieldType::ListOfString,
        "Labels of the flow, united with those of run config and storage.",
    ),
    optional("parameters", FieldType::MapOfAny, "Default parameters by name."),
    optional(
        "family",
        FieldType::String,
        "The name of the flow's family of artifacts; `PROJECT-FLOW` unless given.",
    ),
    optional("command", FieldType::ListOfString, "The program and its arguments, for the runtime `command`."),
    optional("runtime", FieldType::String, "`flowform` (the default), `prefect_server` or `command`."),
    optional("source_hash", FieldType::String, "A hash of the flow's source: a new one makes a new version."),
    optional(
        "keep_versions",
        FieldType::Number,
        "How many versions keep their artifacts, the current one included; 5.",
    ),
    optional(
        "keep_for",
        FieldType::String,
        "How long a superseded version keeps its artifacts; 30 days (`\"720h\"`).",
    ),
    optional(
        "ignore_checks",
        FieldType::ListOfString,
        "Names of checks that are not to be made of the flow, besides those of the `flowform` block.",
    ),
    optional("version", FieldType::Number, "The version to hold the flow at."),
];

/// The arguments of a `schedule` block, in the order of the documentation.
pub const SCHEDULE: &[Field] = &[
    optional("cron", FieldType::String, "A cron expression; one of `cron`, `interval` and `dates`."),
    optional("interval", FieldType::String, "A duration such as `\"1h30m\"`, or a number of seconds."),
    optional("dates", FieldType::ListOfString, "Times, as RFC 3339."),
    optional(
        "timezone",
        FieldType::String,
        "The IANA time zone in which the schedule is read; UTC unless given.",
    ),
    optional("start", FieldType::String, "The time before which nothing is due."),
    optional("end", FieldType::String, "The time after which nothing is due."),
    optional("parameters", FieldType::MapOfAny, "Parameters of the schedule's runs, over those of the flow."),
    optional("labels", FieldType::ListOfString, "Labels of the schedule's runs, in place of the flow's."),
];
