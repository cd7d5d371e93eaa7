//! Strict servers that stand for Google Cloud in tests: on loopback, on a free port, gone with their handle. Only tests
//! use them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed assumption is a panic of the test that called it, and a server is at the edge of everything"
)]

mod objects;
mod storage;
mod tokens;

pub use storage::{Fault, FaultKind, Hold, Storage, StorageOptions};
pub use tokens::{ACCOUNT, AUDIENCE, SUBJECT_TOKEN};
