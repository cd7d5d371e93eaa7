//! flowform's local provider: a registry kept in a directory, artifacts that no backend stores, kept in the registry, and
//! shared templates that are files.

mod document;
mod provider;
mod store;
mod template;

pub use document::{CONTAINER, CUSTOM_JOB, DocumentType, PROCESS};
pub use provider::LocalProvider;
pub use store::DirectoryStore;
pub use template::FileTemplates;
