//! What a configuration says of a connection to AWS. Pure.

use std::collections::BTreeSet;
use std::fmt;

/// A connection; whatever is `None` is found as the AWS SDK finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The region (`eu-west-1`).
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// Access keys given outright instead of found, for stores that are no AWS.
    pub keys: Option<Keys>,
    /// The role that is assumed with what the above leads to.
    pub assume_role: Option<AssumeRole>,
    /// Where every service is called, instead of its public address.
    pub endpoint: Option<String>,
    /// Where STS is called, instead of `endpoint`.
    pub sts_endpoint: Option<String>,
    /// How often a call is made at most before its failure is told; 5 unless given.
    pub max_attempts: Option<u32>,
    /// The accounts that the credentials may lead to; empty means any. Others are refused before any other call.
    pub allowed_account_ids: BTreeSet<String>,
}

/// An access key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
}

/// Shows no secret.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// Which.
    pub role_arn: String,
    /// What the session is called in the account's logs; `flowform` unless given.
    pub session_name: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
}
