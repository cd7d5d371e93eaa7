//! flowform's task definitions in ECS: one registered revision per flow version, tagged with whose it is. It starts no
//! task, and changes nothing that does not carry our tags.

mod arn;
mod audit;
mod canonical;
mod client;
mod preflight;
mod provider;
mod rates;
mod raw;
mod refresh;
mod registered;
mod settings;
mod tags;
mod verify;

pub use canonical::{TASK_DEFINITION, TaskDefinitionType, canonical};
pub use provider::EcsProvider;
pub use rates::{MODIFY, Rate, estimate};
pub use settings::Settings;

#[cfg(test)]
mod tests;
