//! What depends on what. The graph is over blocks, static and conservative: it is known before anything is
//! evaluated, so a cycle is an error of the text and not of a run.

mod build;
mod dag;
mod text;

pub use build::{Graph, build, check_names};
pub use text::{dot, mermaid};
