//! The command line.

pub mod args;
pub mod duration;
pub mod reference;
