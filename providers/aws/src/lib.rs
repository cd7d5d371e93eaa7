//! The connection to AWS that the providers of its services share: credentials, region, account, and the one
//! translation of its errors. It calls no service of its own accord
//! but STS, and keeps no secret.
//!
//! Credentials, profiles, SSO, web identities, region and endpoints are found as the AWS SDK finds them
//! (environment, shared configuration files, container and instance roles); [`Settings`] overrides each.

mod connection;
mod error;
mod settings;
mod signed;

pub use aws_types::SdkConfig;
pub use connection::{Caller, Connection};
pub use error::{Call, failure};
pub use settings::{AssumeRole, Keys, Settings};
pub use signed::{Query, Question, Unanswered, ask, items};

#[cfg(test)]
mod tests;
