//! Carrying a plan out. The scheduler is pure; the executor and its steps are where providers are called and the
//! log is written.

mod bound;
pub mod event;
pub mod executor;
pub mod names;
pub mod published;
pub mod scheduler;
pub mod step;
mod template;
