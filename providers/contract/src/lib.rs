//! The test kit for providers and object stores: what the traits oblige an implementation to, checked. It is a
//! development dependency only, and it panics where an obligation does not hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed check is a panic of the test that called it"
)]

mod cluster;
pub mod ecs;
mod fault;
mod memory;
mod provider;
mod proxy;
mod store;
mod template;

pub use cluster::TestCluster;
pub use fault::{Fault, FaultStore};
pub use memory::MemoryStore;
pub use provider::{Act, ProviderSubject, provider_contract};
pub use proxy::{Gate, Proxy};
pub use store::store_contract;
pub use template::template_contract;
