//! Deciding: desired against recorded and live, in pure code.

pub mod model;
