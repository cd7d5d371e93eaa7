//! flowform's job templates in Kubernetes: one immutable ConfigMap per flow version, and a pointer per flow to the current
//! one. It starts no Job.

mod canonical;
mod cluster;
mod error;
mod names;
mod object;
mod page;
mod pointer;
mod provider;
mod refresh;
mod running;
mod template;
mod verify;
mod write;

pub use canonical::{JOB_TEMPLATE, JobTemplateType};
pub use cluster::Settings;
pub use provider::KubernetesProvider;
pub use template::ConfigMapTemplates;
