//! flowform's task definitions in ECS: one registered revision per flow version, tagged with whose it is. It starts no
//! task, and changes nothing that does not carry our tags.

mod canonical;

pub use canonical::{TASK_DEFINITION, TaskDefinitionType, canonical};
