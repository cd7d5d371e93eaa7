//! flowform: declarative provisioning of data and ML flows.

pub mod address;
pub mod diag;
pub mod eval;
pub mod plan;
pub mod registry;
pub mod source;
pub mod syntax;
pub mod value;
