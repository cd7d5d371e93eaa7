//! Deciding: desired against recorded and live, in pure code. Nothing here does IO, knows the time or the terminal.

mod adopt;
mod agents;
pub mod artifacts;
mod changes;
pub mod checks;
pub mod diff;
mod effective;
pub mod foreign;
mod guard;
pub mod live;
pub mod model;
pub mod outcomes;
mod pin;
mod planner;
mod prune;
pub mod recorded;
mod retire;
pub mod saved;
pub mod select;
mod steps;
mod strays;
mod templates;
#[cfg(test)]
mod tests;

pub use guard::{label_coverage, startable};
pub use planner::{Options, PlanInput, needed_definitions, plan};
