//! What a backend is handed: for one run, as the original's agents make it, and for a flow version, as flowform keeps it
//! ([`versioned`]). Nothing here starts anything.
//!
//! Per run, one function per kind: [`local::render`], [`docker::render`], [`kubernetes::render`], [`ecs::render`],
//! [`vertex::render`]. Each takes the flow run, the agent's options and the agent's surroundings. The parts that they
//! share are [`image`], [`command`] and [`environment`]; [`per_run`] is all of them, without a running agent.

pub mod command;
pub mod docker;
pub mod ecs;
pub mod environment;
pub mod image;
pub mod kubernetes;
pub mod local;
mod mapping;
pub mod origin;
pub mod per_run;
pub mod process;
pub mod run;
pub mod runtime;
pub mod versioned;
pub mod vertex;

pub use run::{Flow, FlowRun};
