//! Who an object belongs to. Names are aliases; these identities are what objects carry.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::Digest;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The identity as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id_type!(
    /// The random identity of a registry, made once at its creation (a UUID).
    RegistryId
);
id_type!(
    /// The identity of a flow, made at its first version (a UUID). It survives renames.
    FlowId
);

/// What every artifact carries, whole in tags or annotations, so that ownership can be rebuilt from the objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The registry that owns the artifact.
    pub registry: RegistryId,
    /// The project inside the registry.
    pub project: String,
    /// The flow.
    pub flow: FlowId,
    /// The flow's name when the artifact was made; an alias, for people.
    pub flow_name: String,
    /// The flow version, from 1.
    pub version: u32,
    /// The digest of the version's definition.
    pub digest: Digest,
}

/// Where a provider's objects live: an AWS account and region, a cluster, a Google Cloud project, a directory.
///
/// It is recorded with each binding; credentials that lead elsewhere are an error rather than missing objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Location(pub String);

impl Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
