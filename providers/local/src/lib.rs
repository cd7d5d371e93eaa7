//! flowform's local provider: a registry kept in a directory, and artifacts that no backend stores, kept in the
//! registry.

mod process;
mod provider;
mod store;

pub use process::ProcessType;
pub use provider::LocalProvider;
pub use store::DirectoryStore;
