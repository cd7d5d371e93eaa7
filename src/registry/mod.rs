//! What was recorded, and nothing else: an append-only log of events and the view that they add up to.

pub mod event;
pub mod view;
