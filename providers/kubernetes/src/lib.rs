//! flowform-provider-kubernetes
