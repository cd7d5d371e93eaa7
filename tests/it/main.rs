//! The integration tests, as one program.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests make files and start the program, and a failed expectation is their way to fail"
)]

mod agents;
mod changes;
mod checks_reference;
mod cli_reference;
mod conformance;
mod console;
mod consume;
mod convert;
mod crash;
mod data;
mod ecs;
mod ecs_faults;
mod ecs_kill;
mod ecs_live;
mod end_to_end;
mod errors;
mod examples;
mod explain;
mod fmt;
mod gcs;
mod google_credentials;
mod guards;
mod imports;
mod json;
mod json_syntax;
mod kill;
mod kubernetes;
mod language;
mod laws;
mod lifecycle;
mod module_values;
mod modules;
mod moves;
mod named_checks;
mod nested;
mod overrides;
mod prefect_server;
mod preflight;
mod reference;
mod render;
mod runtime;
mod s3;
mod scripts;
mod support;
mod templates;
mod tidy;
mod variables;
mod vertex;
mod vertex_schema;
mod vertex_specs;
mod volatile;
