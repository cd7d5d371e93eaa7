//! What a configuration says of a bucket. Pure.

use flowform_provider_aws as aws;

/// A bucket and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// Whose credentials, and which region.
    pub connection: aws::Settings,
    /// Where S3, or what is compatible with it, is called, instead of AWS.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of addresses rather than in the host name. Unless given: with an endpoint
    /// it does, since few of them have host names for buckets.
    pub path_style: Option<bool>,
    /// How objects are encrypted where they are stored.
    pub encryption: Encryption,
}

/// How objects are encrypted where they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket's default says.
    #[default]
    Bucket,
    /// With keys that S3 manages (SSE-S3).
    S3,
    /// With a key of KMS (SSE-KMS).
    Kms {
        /// The key's id, ARN or alias; the account's own key for S3 unless given.
        key: Option<String>,
    },
}
