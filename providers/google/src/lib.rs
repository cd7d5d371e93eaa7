//! flowform's side of Google Cloud: the registry and other objects in Cloud Storage, the CustomJobs of Vertex AI. It
//! decides nothing about flows.

mod auth;
mod connection;
mod rate;
mod storage;
mod vertex;

pub use auth::Credentials;
pub use connection::{Connection, ConnectionSettings, Timing};
pub use rate::{Gate, TokenBucket};
pub use storage::{Bucket, BucketSettings};
pub use vertex::{Vertex, VertexSettings};
