//! flowform-provider-ecs
