//! What a backend is handed: for one run, as the original's agents make it ([`local`]), and for a flow version, as
//! flowform keeps it ([`versioned`]). Nothing here starts anything.

pub mod image;
pub mod local;
pub mod origin;
pub mod process;
pub mod runtime;
pub mod versioned;
