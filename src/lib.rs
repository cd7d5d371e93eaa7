//! flowform: declarative provisioning of data and ML flows.

pub mod address;
pub mod apply;
pub mod cli;
pub mod diag;
pub mod flow;
pub mod plan;
pub mod registry;
pub mod report;
pub mod source;
pub mod syntax;
pub mod value;
