//! flowform-provider-s3
