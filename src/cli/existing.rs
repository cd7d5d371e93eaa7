//! IO: looks up the existing objects that are to be imported, for the command and for `import` blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::{Binding, ErrorKind, Provider, ProviderError};

use super::planning::{Read, connect};
use super::workspace::Workspace;
use crate::desired::{DesiredFlow, Evaluation};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::kind::AgentKind;
use crate::flow::render::versioned::ArtifactKind;
use crate::plan::recorded::{Match, Recorded};

/// The object `id` of a provider, as a version would be bound to it.
///
/// # Errors
/// There is none, or it cannot be read.
pub(super) async fn find(
    connected: &BTreeMap<String, Arc<dyn Provider>>,
    flow: &DesiredFlow,
    id: &str,
) -> Result<Binding, Diagnostic> {
    let name = keeper(flow);
    let Some(provider) = connected.get(&name) else {
        return Err(Diagnostic::error("Unknown provider", format!("There is no provider `{name}`.")));
    };
    let unreadable = |what: &str, error: ProviderError| {
        let help = match error.kind {
            ErrorKind::Denied => "give the credentials the right to read it",
            _ => "check the name of the object",
        };
        Diagnostic::error("Object not readable", format!("{what}: {}.", error.message)).help(help)
    };
    let live = provider.describe(id).await.map_err(|error| unreadable(id, error))?;
    let Some(live) = live else { return Err(missing(&name, id)) };
    let location = provider.location().await.map_err(|error| unreadable(&name, error))?;
    Ok(Binding { kind: live.kind, provider: name, id: live.id, hash: live.hash, location, tag: None })
}

/// The provider configuration that keeps what the flow's own kind of agent starts.
fn keeper(flow: &DesiredFlow) -> String {
    let own = AgentKind::ALL.into_iter().find(|agent| agent.run_config() == flow.kind);
    flow.providers.keeper(ArtifactKind::of(own.unwrap_or(AgentKind::Local)))
}

fn missing(provider: &str, id: &str) -> Diagnostic {
    Diagnostic::error("No such object", format!("The provider `{provider}` has no `{id}`.")).help(
        "give the backend's own name of the object; for the local provider it is the key of a process specification below the registry's project, such as `specs/<flow id>/v1-process.json`",
    )
}

/// The objects that `import` blocks name for flows that are not recorded, by the flows' addresses.
pub(super) async fn of_blocks(
    workspace: &Workspace,
    read: &Read,
    evaluation: &Evaluation,
    recorded: &Recorded<'_>,
    declared: &dyn Fn(&str) -> bool,
    diags: &mut Diagnostics,
) -> BTreeMap<String, Binding> {
    let mut found = BTreeMap::new();
    for import in &evaluation.imports {
        let Some(flow) = evaluation.flows.iter().find(|flow| flow.address.to_string() == import.address)
        else {
            continue;
        };
        // What is recorded was imported before, or made: the block has done its work.
        if !matches!(recorded.find(flow, declared), Match::New) {
            continue;
        }
        let looked_up = match (&read.registry, &read.view) {
            (Some(registry), Some(view)) => {
                find(&connect(workspace, &registry.store(), Some(view)), flow, &import.id).await
            }
            _ => Err(missing(&keeper(flow), &import.id)),
        };
        match looked_up {
            Ok(binding) => drop(found.insert(import.address.clone(), binding)),
            Err(diagnostic) => diags.push(diagnostic.at(import.span).address(import.address.as_str())),
        }
    }
    found
}
