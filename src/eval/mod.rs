//! Evaluation of expressions to values. It reads no files by itself.

mod call;
mod console;
mod explain;
mod expr;
mod for_expr;
pub mod functions;
mod ops;
mod scope;
mod splat;
mod template;
mod template_call;
#[cfg(test)]
mod terraform_tests;
#[cfg(test)]
mod tests;

pub use crate::value::{console_text, describe_type};
pub use console::console;
pub use expr::evaluate;
pub use scope::Scope;
