//! Text to tree: finds the borders of top-level blocks, parses each, lowers it to a compact tree with places.

pub mod ast;
mod explain;
mod heredoc;
mod json;
mod lower;
mod parse;
mod place;
mod reference;
mod scan;
mod template;
#[cfg(test)]
pub(crate) mod tests;

pub use json::{Grammar, Style, parse_json, parse_json_values};
pub use parse::{is_complete, parse, parse_expression};
pub use reference::{Reference, references};
pub use template::parse_template;
