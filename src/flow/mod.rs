//! Flows: what may be written about them and what they resolve to. Pure; reads no file, no clock, no host name.
//!
//! Two layers. The *faithful* one ([`run_config`], [`storage`], [`agent`], [`render::local`]) takes JSON, as the
//! original's constructors take arguments, and reproduces its coercions and errors. The *strict* one
//! ([`definition`], [`schedule`]) takes evaluated configuration values, which may hold unknowns, and refuses what
//! would fail at run time or depend on the machine.

pub mod agent;
pub mod check;
pub mod definition;
pub mod document;
pub mod kind;
pub mod labels;
pub mod launch;
pub mod location;
pub mod original;
pub mod posix;
pub mod python;
pub mod registration;
pub mod render;
pub mod run_config;
pub mod schedule;
pub mod script;
pub mod slug;
pub mod storage;
pub mod yaml;
