//! What a refresh read, as the planner is given it.

use std::collections::{BTreeMap, HashMap, HashSet};

use flowform_provider_api::{Binding, Digest, Etag, LiveArtifact, Location, ProviderError};

/// The live side of a plan.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// By provider configuration (`local`, `local.alias`).
    pub providers: BTreeMap<String, Result<ProviderLive, ProviderError>>,
    /// The agents documents in the registry, by root.
    pub agents: BTreeMap<String, serde_json::Value>,
    /// What stands where templates are stored, by place; `None` where nothing does.
    pub templates: BTreeMap<String, Result<Option<LiveTemplate>, ProviderError>>,
    /// How many calls were made.
    pub calls: u64,
}

/// What stands where a template is stored.
#[derive(Clone, Debug)]
pub struct LiveTemplate {
    /// The content.
    pub text: Vec<u8>,
    /// Its SHA-256.
    pub sha256: Digest,
    /// The tag to write over it.
    pub etag: Etag,
}

/// What one provider holds.
#[derive(Clone, Debug)]
pub struct ProviderLive {
    /// Where the credentials lead.
    pub location: Location,
    /// The live artifacts by the backend's own name.
    pub artifacts: HashMap<String, LiveArtifact>,
    /// Recorded artifacts that are there as they were made, told by a listing alone.
    pub intact: HashSet<String>,
    /// Objects that could not be read, with the reason.
    pub unreadable: BTreeMap<String, String>,
    /// What people should know, by the recorded artifact that it is about.
    pub notes: BTreeMap<String, Vec<String>>,
    /// Recorded artifacts that must stay for now, with the reason.
    pub in_use: BTreeMap<String, String>,
    /// Objects of nobody's that hold what a recorded artifact held which is gone, by the latter's id.
    pub adoptable: BTreeMap<String, String>,
}

/// How a recorded artifact stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is alive as recorded.
    Intact,
    /// It is gone.
    Missing,
    /// It is there with another content or owner.
    Altered,
    /// It could not be read, for this reason; it is not absent.
    Unreadable(String),
    /// The credentials lead elsewhere: to this place and not to the recorded one.
    Elsewhere(Location),
}

impl Live {
    /// How a recorded artifact stands.
    pub fn standing(&self, binding: &Binding) -> Standing {
        match self.providers.get(&binding.provider) {
            None => Standing::Unreadable(format!("the provider `{}` is not configured", binding.provider)),
            Some(Err(error)) => Standing::Unreadable(error.message.clone()),
            Some(Ok(provider)) if provider.location != binding.location => {
                Standing::Elsewhere(provider.location.clone())
            }
            Some(Ok(provider)) => match provider.artifacts.get(&binding.id) {
                _ if provider.unreadable.contains_key(&binding.id) => {
                    Standing::Unreadable(provider.unreadable.get(&binding.id).cloned().unwrap_or_default())
                }
                None if provider.intact.contains(&binding.id) => Standing::Intact,
                None => Standing::Missing,
                Some(artifact) if artifact.hash == binding.hash && artifact.identity.is_some() => {
                    Standing::Intact
                }
                Some(_) => Standing::Altered,
            },
        }
    }

    /// What people should know about a recorded artifact.
    pub fn notes(&self, binding: &Binding) -> &[String] {
        let read = self.providers.get(&binding.provider).and_then(|read| read.as_ref().ok());
        read.and_then(|read| read.notes.get(&binding.id)).map(Vec::as_slice).unwrap_or_default()
    }

    /// An object of nobody's that can take the place of a recorded artifact which is gone.
    pub fn substitute(&self, binding: &Binding) -> Option<Binding> {
        let read = self.providers.get(&binding.provider)?.as_ref().ok()?;
        let id = read.adoptable.get(&binding.id).filter(|_| self.standing(binding) == Standing::Missing)?;
        Some(Binding { id: id.clone(), ..binding.clone() })
    }

    /// Why a recorded artifact must stay for now, if it must.
    pub fn in_use(&self, binding: &Binding) -> Option<&str> {
        let read = self.providers.get(&binding.provider).and_then(|read| read.as_ref().ok());
        read.and_then(|read| read.in_use.get(&binding.id)).map(String::as_str)
    }

    /// The live artifacts that are not among `recorded` (ids), each with its provider configuration.
    pub fn unrecorded<'a>(
        &'a self,
        recorded: &'a HashSet<&str>,
    ) -> impl Iterator<Item = (&'a str, &'a ProviderLive, &'a LiveArtifact)> {
        let read =
            self.providers.iter().filter_map(|(name, read)| Some((name.as_str(), read.as_ref().ok()?)));
        let all = read.flat_map(|(name, provider)| {
            provider.artifacts.values().map(move |artifact| (name, provider, artifact))
        });
        all.filter(|(_, _, artifact)| !recorded.contains(&*artifact.id))
    }
}
