//! Everything the user sees. Renderers are pure and return text; [`terminal`] alone writes it.

pub mod annotated;
pub mod apply;
pub mod diagnostics;
pub mod explain;
pub mod json;
pub mod plan;
pub mod progress;
pub mod table;
pub mod terminal;
pub mod text;
pub mod text_diff;
pub mod theme;
pub mod value;
pub mod verified;
pub mod versions;
