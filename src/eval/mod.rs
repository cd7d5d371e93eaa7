//! Evaluation of expressions to values. It reads no files by itself.

pub mod functions;
