//! The configuration as written: files are loaded, parsed and decoded into blocks whose structure is checked and
//! whose expressions wait to be evaluated. Only `load` does IO.

pub mod decode;
mod errors;
pub mod files;
mod json;
pub mod load;
pub mod model;
pub mod overrides;
mod schema;
pub mod type_expr;
pub mod variables;

pub use decode::decode;
pub use json::{parse_file, parse_values};
pub use model::Config;
