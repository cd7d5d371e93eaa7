//! `UniversalRun`: `env` and `labels`, nothing else (semantics 1).

use serde_json::Value as Json;

use super::{RunConfig, RunConfigError, arguments_of, base_arguments, base_loaded, entries_of};
use crate::flow::kind::RunConfigKind;

pub(super) fn construct(arguments: &Json) -> Result<RunConfig, RunConfigError> {
    // The class has no constructor of its own, so Python names the base class.
    let entries = arguments_of(arguments, RunConfigKind::Universal, "RunConfig")?;
    let (env, labels) = base_arguments(entries)?;
    Ok(RunConfig::Universal { env, labels })
}

pub(super) fn load(serialized: &Json) -> Result<RunConfig, RunConfigError> {
    let (env, labels) = base_loaded(entries_of(serialized)?)?;
    Ok(RunConfig::Universal { env, labels })
}
