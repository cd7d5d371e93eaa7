//! What was recorded, and nothing else: an append-only log of events and the view that they add up to.
//!
//! [`event`], [`view`], [`log`] and [`snapshot`] are pure. [`store`] reads a project's registry, [`writer`]
//! appends to it under a [`lease`], [`current`] keeps the derived documents that others read.

pub mod current;
mod error;
pub mod event;
mod keys;
pub mod lease;
pub mod log;
pub mod snapshot;
pub mod store;
pub mod view;
pub mod writer;

pub use error::RegistryError;
pub use store::{Loaded, Registry};
pub use writer::{Writer, WriterOptions};

#[cfg(test)]
mod tests;
