//! IO: reads what stands where templates are stored: those that are declared, and those that are recorded for this root.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Digest, ErrorKind, ProviderError};
use tokio::task::JoinSet;

use super::planning::surroundings;
use super::workspace::Workspace;
use crate::desired::Evaluation;
use crate::plan::live::LiveTemplate;
use crate::providers;
use crate::registry::view::View;

/// How many reads are under way at once.
const AT_ONCE: usize = 10;

/// What was read, by place.
pub(super) type Templates = BTreeMap<String, Result<Option<LiveTemplate>, ProviderError>>;

/// Reads each place once.
pub(super) async fn read(workspace: &Workspace, view: Option<&View>, evaluation: &Evaluation) -> Templates {
    let declared = evaluation.templates.iter().filter_map(|template| template.path.clone());
    let own = view.and_then(|view| view.templates.get(&workspace.settings.root));
    let recorded = own.into_iter().flat_map(|templates| templates.keys().cloned());
    let places: Vec<String> = declared.chain(recorded).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = Templates::new();
    let stores = providers::TemplatePlaces::new(surroundings(workspace));
    for some in places.chunks(AT_ONCE) {
        let mut reading = JoinSet::new();
        for uri in some {
            let (uri, store) = (uri.clone(), stores.store(uri));
            reading.spawn(async move {
                let read = match store {
                    Some(store) => store.read(&uri).await,
                    None => Err(ProviderError::new(
                        ErrorKind::Invalid,
                        format!("this version has no store for templates at {uri}"),
                    )),
                };
                (uri, read)
            });
        }
        while let Some(joined) = reading.join_next().await {
            // What was not read is not checked, and told so.
            let Ok((uri, read)) = joined else { continue };
            let live = read.map(|stored| {
                stored.map(|stored| LiveTemplate {
                    sha256: Digest::of_bytes(&stored.bytes),
                    text: stored.bytes,
                    etag: stored.etag,
                })
            });
            found.insert(uri, live);
        }
    }
    found
}
