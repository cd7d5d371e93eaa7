//! Which artifacts that a plan would remove must stay for now, because runs go on from them: asked only where a plan removes
//! something. It changes nothing.

use std::collections::BTreeMap;

use flowform_provider_api::{Binding, RefreshRequest};

use super::planning::connect;
use super::workspace::Workspace;
use crate::plan::live::Live;
use crate::plan::model::{Operation, Plan};
use crate::registry::Registry;
use crate::registry::view::View;

/// Notes in `live` what must stay of what the plan removes, and says whether there is any: the plan is then made again.
pub(super) async fn mark(
    workspace: &Workspace,
    registry: &Registry,
    view: &View,
    live: &mut Live,
    plan: &Plan,
) -> bool {
    let mut asked: BTreeMap<&str, Vec<Binding>> = BTreeMap::new();
    for step in &plan.steps {
        if let Operation::Prune { artifacts, .. } | Operation::Discard { artifacts, .. } = &step.operation {
            for artifact in artifacts {
                asked.entry(&artifact.provider).or_default().push(artifact.clone());
            }
        }
    }
    if asked.is_empty() {
        return false;
    }
    let connected = connect(workspace, &registry.store(), Some(view));
    let mut is_any = false;
    for (name, recorded) in asked {
        // What could not be read as a whole is not removed anyway.
        let Some(Ok(read)) = live.providers.get_mut(name) else { continue };
        let Some(provider) = connected.get(name) else { continue };
        let request = RefreshRequest {
            registry: registry.id(),
            project: &view.project,
            recorded: &recorded,
            expected: &[],
        };
        let in_use = match provider.in_use(request).await {
            Ok(found) => {
                live.calls += found.calls;
                found.artifacts
            }
            Err(error) => {
                let why = error.message.trim_end_matches('.').to_owned();
                let why = format!("whether runs of it go on is not known: {why}");
                recorded.into_iter().map(|artifact| (artifact.id, why.clone())).collect()
            }
        };
        is_any |= !in_use.is_empty();
        read.in_use.extend(in_use);
    }
    is_any
}
