//! The process of a flow version: what the local provider stores. Complete, equal on every machine, nothing of a single run and no version number in the stored part.

use serde_json::{Value as Json, json};

use super::origin::{Origin, Origins};
use super::runtime::{Contract, contract};
use super::versioned::{Input, RenderError};
use crate::flow::definition::is_of_machine;
use crate::flow::kind::{AgentKind, StorageKind};

/// The artifact kind of a process.
pub const KIND: &str = "process";

/// The body of the process artifact for a definition of a `local` or `universal` flow:
///
/// - `command`, `working_dir` (null: wherever the run is started), `env` as texts,
/// - `secret_env`: variables by reference, resolved on the machine that starts the run,
/// - `per_run`: the names of the variables that whoever starts a run adds, sorted.
///
/// `env` holds the run config's variables below the fixed ones; a name in `secret_env` is in no other layer.
///
/// # Errors
/// [`RenderError`] when the definition is not one of a process.
pub(super) fn body(input: Input<'_>) -> Result<(Json, Origins), RenderError> {
    let storage_type = input.storage().and_then(|storage| storage.get("type")).and_then(Json::as_str);
    if storage_type == Some(StorageKind::Docker.class()) {
        return Err(RenderError::InAnImage);
    }
    let contract = contract(input, AgentKind::Local, None)?;
    resolvable_on_a_machine(&contract, AgentKind::Local)?;
    let mut origins = Origins::of(Origin::Runtime);
    contract.note(&mut origins);
    origins.set_from(&["working_dir"], Origin::RunConfig, "working_dir");
    let body = json!({
        "command": contract.command,
        "working_dir": input.given("working_dir"),
        "env": contract.env_object(),
        "secret_env": contract.secret_env,
        "per_run": contract.per_run,
    });
    Ok((body, origins))
}

/// Whether the machine that starts a run can resolve every secret.
pub(super) fn resolvable_on_a_machine(contract: &Contract, agent: AgentKind) -> Result<(), RenderError> {
    match contract.secret_env.iter().find(|(_, reference)| !is_of_machine(reference)) {
        Some((name, _)) => Err(RenderError::UnresolvableSecret(name.clone(), agent.label())),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
