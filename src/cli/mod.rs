//! The command line: what was typed becomes calls into the library, and results become text and exit codes.

mod applying;
pub mod args;
mod code;
mod commands;
mod data;
pub mod duration;
mod edge;
mod estimate;
mod existing;
mod failure;
mod later;
#[cfg(test)]
mod laws;
mod planning;
mod prompt;
pub mod reference;
mod run;
mod running;
mod stored;
mod verify;
mod workspace;
mod world;

pub use run::run;
