//! Objects in S3: the registry as an object store, and single objects that a configuration names. It decides nothing
//! about what is stored.
//!
//! The store stands on three promises of S3: reads see the newest write, `PutObject` with `If-None-Match: *` has one
//! winner, and so has `PutObject` with `If-Match`. [`S3Store::probe`](flowform_provider_api::ObjectStore::probe) sees
//! whether a compatible endpoint keeps them.

mod client;
mod object;
mod script;
mod settings;
mod store;

pub use object::{Place, read, remove, write};
pub use script::S3Scripts;
pub use settings::{Bucket, Encryption};
pub use store::{NewId, S3Store};

#[cfg(test)]
mod tests;
