//! The vocabulary that flowform shares with its providers, and the two traits that a backend implements.
//!
//! Nothing here does IO. A provider crate depends on this crate alone; the root package depends on both. The
//! words are those of `docs/glossary.md`: a *flow version* is one resolved definition, an *artifact* is what a
//! backend would be handed to run it, a *binding* says which live artifact belongs to which version.

mod artifact;
mod canonical;
mod error;
mod identity;
mod key;
mod prefixed;
mod provider;
mod quantity;
mod script;
mod store;
mod template;

pub use artifact::{Artifact, ArtifactHash, Binding, LiveArtifact};
pub use canonical::{Digest, canonical_json};
pub use error::{ErrorKind, ProviderError};
pub use identity::{FlowId, Identity, Location, RegistryId};
pub use key::{check_key, key_part};
pub use prefixed::{Prefixed, check_prefix};
pub use provider::{
    ArtifactType, BoxFuture, Check, Finding, InUse, Made, MakeRequest, Observation, Provider, RefreshRequest,
    ToAudit, ToVerify, Verification,
};
pub use quantity::{Quantity, QuantityError};
pub use script::{FoundScript, SCRIPT, ScriptStore, ScriptType, Scripts, md5_of, script_key};
pub use store::{Entry, Etag, Listing, ObjectStore, PutOutcome, Stored};
pub use template::{ObjectTemplates, TemplateStore};
