//! Evaluation of expressions to values. It reads no files by itself.

mod call;
mod expr;
mod for_expr;
pub mod functions;
mod ops;
mod scope;
mod splat;
mod template;
#[cfg(test)]
mod tests;

pub use crate::value::{console_text, describe_type};
pub use expr::evaluate;
pub use scope::Scope;
