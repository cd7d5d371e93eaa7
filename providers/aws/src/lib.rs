//! flowform-provider-aws
