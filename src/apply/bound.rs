//! What the record says of a flow's artifacts while its steps run. It changes nothing.

use flowform_provider_api::{Binding, FlowId};

use super::step::Shared;
use crate::registry::view::{FlowRecord, VersionState};

impl Shared {
    /// The ids of what is recorded of a flow with a provider.
    pub(super) fn recorded(&self, flow: &FlowId, provider: &str) -> Vec<String> {
        let of_provider = |flow: &FlowRecord| {
            let bound = flow.versions.iter().flat_map(|version| &version.artifacts);
            bound.filter(|it| it.provider == provider).map(|it| it.id.clone()).collect()
        };
        self.writer.with_view(|view| view.flows.get(flow).map(of_provider)).unwrap_or_default()
    }

    /// Whether another version of the flow has taken the artifact's place in the meantime: under a key of the
    /// configuration's, known since the plan.
    pub(super) fn is_bound_to_another(&self, artifact: &Binding, (flow, version): (&FlowId, u32)) -> bool {
        let has = |flow: &FlowRecord| {
            let others =
                flow.versions.iter().filter(|it| it.version > version && it.state == VersionState::Bound);
            let mut bound = others.flat_map(|it| &it.artifacts);
            bound.any(|it| (&it.provider, &it.id) == (&artifact.provider, &artifact.id))
        };
        self.writer
            .with_view(|view| view.flows.get(flow).is_some_and(|flow| flow.archived.is_none() && has(flow)))
    }
}
