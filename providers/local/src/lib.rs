//! flowform's local provider: a registry kept in a directory, and artifacts that no backend stores, kept in the
//! registry.

mod document;
mod provider;
mod store;

pub use document::{CONTAINER, CUSTOM_JOB, DocumentType, JOB_TEMPLATE, PROCESS};
pub use provider::LocalProvider;
pub use store::DirectoryStore;
