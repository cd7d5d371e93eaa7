//! IO: what can be run now, for everything recorded: one listing of the account and region, and a look at each revision
//! that stands out. What a revision holds cannot change, so no other is read. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{
    ArtifactType, Binding, Digest, LiveArtifact, Observation, ProviderError, RefreshRequest,
};

use crate::arn;
use crate::canonical::TASK_DEFINITION;
use crate::provider::EcsProvider;
use crate::tags;

/// How many revisions that nobody recorded are looked at: what interrupted applies and others leave is few.
const LOOKED_AT: usize = 200;

/// The newest revision of a family: its number and its ARN.
type Newest<'a> = BTreeMap<&'a str, (u64, &'a str)>;

pub(crate) async fn observe(
    provider: &EcsProvider,
    request: RefreshRequest<'_>,
) -> Result<Observation, ProviderError> {
    let calls = &provider.calls;
    let before = calls.count();
    let location = calls.location().await?;
    let mut observation = Observation::default();
    let active: BTreeSet<String> = calls.active(None).await?.into_iter().collect();
    let recorded: BTreeMap<&str, &Binding> =
        request.recorded.iter().map(|binding| (binding.id.as_str(), binding)).collect();
    let mut gone: Vec<&Binding> = Vec::new();
    let mut families: Newest<'_> = BTreeMap::new();
    for (id, binding) in &recorded {
        if active.contains(*id) {
            observation.intact.push((*id).to_owned());
        } else if binding.location == location {
            gone.push(binding);
        }
        if let Some((family, number)) = arn::revision(id) {
            let newest = families.entry(family).or_insert((number, id));
            *newest = (*newest).max((number, id));
        }
    }
    let mut others: Vec<&String> = active.iter().filter(|id| !recorded.contains_key(id.as_str())).collect();
    others.retain(|id| {
        arn::revision(id).is_some_and(|(family, _)| {
            families.contains_key(family) || arn::may_be_of(family, request.project)
        })
    });
    let mut nobodys: Newest<'_> = BTreeMap::new();
    for id in others.iter().take(LOOKED_AT) {
        let tags = calls.tags_of(id).await?;
        let owner = tags::identity(&tags);
        let is_nobodys = !tags::is_owned(&tags);
        if let Some(identity) =
            owner.filter(|found| tags::is_of_project(found, request.registry, request.project))
        {
            observation.live.push(LiveArtifact {
                kind: TASK_DEFINITION.kind().to_owned(),
                id: (*id).clone(),
                identity: Some(identity),
                hash: tags::hash(&tags).unwrap_or_else(|| Digest::of_bytes(id.as_bytes())),
                body: None,
            });
            continue;
        }
        let Some((family, number)) = arn::revision(id) else { continue };
        if is_nobodys {
            let newest = nobodys.entry(family).or_insert((number, id));
            *newest = (*newest).max((number, id));
        }
        // What is said of a revision that is gone is that it is gone.
        let newer = families.get(family).filter(|(newest, own)| number > *newest && active.contains(*own));
        if let Some((newest, own)) = newer {
            observation.notes.push(((*own).to_owned(), format!(
                "somebody else registered {family}:{number}, which is newer than {family}:{newest}; runs use the latter"
            )));
        }
    }
    if let (true, Some((_, id))) = (others.len() > LOOKED_AT, families.values().next()) {
        observation.notes.push((
            (*id).to_owned(),
            format!("{} revisions that nobody recorded were not looked at", others.len() - LOOKED_AT),
        ));
    }
    for binding in gone {
        missing(provider, binding, &nobodys, &mut observation).await;
    }
    observation.calls = calls.count().saturating_sub(before);
    Ok(observation)
}

/// A revision that the listing does not show: listings are behind (page `RunTask`, on eventual consistency), so it is
/// asked for by name. Where it is gone, a revision of nobody's that equals it can take its place.
async fn missing(
    provider: &EcsProvider,
    binding: &Binding,
    nobodys: &Newest<'_>,
    observation: &mut Observation,
) {
    match provider.calls.describe(&binding.id).await {
        Ok(Some(found)) if found.is_active => {
            observation.intact.push(binding.id.clone());
            return;
        }
        Ok(_) => {}
        Err(error) => {
            observation.unreadable.push((binding.id.clone(), error));
            return;
        }
    }
    let Some((_, candidate)) = arn::revision(&binding.id).and_then(|(family, _)| nobodys.get(family)) else {
        return;
    };
    // A candidate that cannot be read takes no place.
    if let Ok(Some(found)) = provider.calls.describe(candidate).await {
        let live = provider.live(found);
        if live.hash == binding.hash {
            observation.adoptable.push((binding.id.clone(), live));
        }
    }
}
