//! Servers that tests talk to, each started for one test on a free loopback port and gone with it, even when the test
//! is killed. Nothing but tests uses it, and it panics where a test must fail.

#![allow(clippy::disallowed_methods, reason = "tests start servers")]
#![allow(clippy::expect_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod aws;
mod front;
mod http;
mod vertex;

pub use aws::{Aws, Call, Fault};
pub use front::Stop;
pub use http::Answer;
pub use vertex::Vertex;
