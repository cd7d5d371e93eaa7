//! flowform: declarative provisioning of data and ML flows.
//!
//! The pipeline, in reading order: texts are loaded ([`config::load`]), parsed ([`syntax`]), decoded ([`config`]),
//! ordered ([`graph`]) and evaluated ([`desired`]) into what should be. The record ([`registry`]) and the live
//! objects ([`refresh`]) are read. The planner ([`plan`]) turns the three into changes and steps; [`apply`] runs the
//! steps; [`report`] tells about both; [`cli`] wires it all.

pub mod address;
pub mod apply;
pub mod cli;
pub mod config;
#[doc(hidden)]
pub mod conformance;
pub mod convert;
pub mod desired;
pub mod diag;
pub mod eval;
pub mod flow;
pub mod format;
pub mod graph;
pub mod plan;
pub mod providers;
pub mod reference;
pub mod refresh;
pub mod registry;
pub mod report;
pub mod source;
pub mod syntax;
pub mod value;
