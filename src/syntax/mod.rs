//! Text to tree: finds the borders of top-level blocks, parses each, lowers it to a compact tree with places.

pub mod ast;
