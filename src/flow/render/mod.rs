//! What a backend is handed: for one run, as the original's agents make it ([`local`]), and for a flow version, as
//! flowform stores it ([`process`]). Nothing here starts anything.

pub mod local;
pub mod process;
