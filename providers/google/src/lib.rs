//! flowform-provider-google
