//! Text to tree: finds the borders of top-level blocks, parses each, lowers it to a compact tree with places.

pub mod ast;
mod explain;
mod heredoc;
mod lower;
mod parse;
mod reference;
mod scan;
#[cfg(test)]
mod tests;

pub use parse::{parse, parse_expression, parse_template};
pub use reference::{Reference, references};
