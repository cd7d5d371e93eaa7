//! What Amazon ECS does with task definitions as its documentation and its users tell it, where the test bed's server
//! is more lenient: which requests it refuses ([`refusal`]) and what it gives back ([`read_back`]). Pure.

mod model;
mod refusal;

pub use model::{Place, Registered, read_back};
pub use refusal::{Refusal, refusal};
