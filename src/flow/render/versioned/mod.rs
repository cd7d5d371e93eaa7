//! What is kept for a flow version, one form per kind of agent: complete, equal on every machine, with nothing of a
//! single run in it. How it is started, with named holes for what a run brings, is [`start`]'s. It starts nothing.

mod container;
mod custom_job;
mod job_template;
mod run_task;
pub mod start;
mod task_definition;

use serde_json::{Map, Value as Json};

use super::origin::Origins;
pub use task_definition::family_of;

use super::process;
use crate::flow::kind::{AgentKind, RunConfigKind};

/// The kinds of artifacts, one for each kind of agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArtifactKind {
    /// A process of a machine.
    Process,
    /// A container of a Docker host.
    Container,
    /// A Kubernetes Job template.
    JobTemplate,
    /// An ECS task definition.
    TaskDefinition,
    /// A Vertex AI CustomJob.
    CustomJob,
}

impl ArtifactKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::Process, Self::Container, Self::JobTemplate, Self::TaskDefinition, Self::CustomJob];

    /// The name that is recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => process::KIND,
            Self::Container => "container",
            Self::JobTemplate => "job_template",
            Self::TaskDefinition => "task_definition",
            Self::CustomJob => "custom_job",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of agent that starts it.
    pub const fn agent(self) -> AgentKind {
        match self {
            Self::Process => AgentKind::Local,
            Self::Container => AgentKind::Docker,
            Self::JobTemplate => AgentKind::Kubernetes,
            Self::TaskDefinition => AgentKind::Ecs,
            Self::CustomJob => AgentKind::Vertex,
        }
    }

    /// What an agent of that kind starts.
    pub const fn of(agent: AgentKind) -> Self {
        match agent {
            AgentKind::Local => Self::Process,
            AgentKind::Docker => Self::Container,
            AgentKind::Kubernetes => Self::JobTemplate,
            AgentKind::Ecs => Self::TaskDefinition,
            AgentKind::Vertex => Self::CustomJob,
        }
    }
}

/// Why a definition has no rendering.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Its run config is not one that the kind of agent takes.
    #[error("a run config of type {0} is not one that an agent of kind `{1}` takes")]
    OtherKind(String, &'static str),
    /// It has `docker` storage.
    #[error("a flow whose code is in a container image does not run as a process")]
    InAnImage,
    /// It has neither a storage nor a command.
    #[error("the definition says neither where the code is nor what to run")]
    NothingToRun,
    /// The backend cannot resolve a reference.
    #[error("the secret of `{0}` is referred to in a way that an agent of kind `{1}` cannot resolve")]
    UnresolvableSecret(String, &'static str),
    /// The template is not of the form that the renderer lays its values into.
    #[error("`{0}` of the template is not {1}")]
    Template(String, &'static str),
    /// The template is kept somewhere else and not read here.
    #[error("the template that `{0}` names is not part of the configuration, and it is not read here")]
    Remote(&'static str),
    /// The task definition is registered already.
    #[error("the run config names a task definition that is registered already")]
    Registered,
}

/// A rendering, with the origin of each of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// What it is.
    pub kind: ArtifactKind,
    /// The body of the artifact.
    pub body: Json,
    /// Where its values came from.
    pub origins: Origins,
}

/// What a version's definition gives an agent of the kind.
///
/// # Errors
/// [`RenderError`] when the definition is not one that such an agent can run.
pub fn render(
    definition: &Json,
    name: &str,
    project: &str,
    agent: AgentKind,
) -> Result<Rendered, RenderError> {
    let input = Input::new(definition, name, project);
    let class = input.text("type").unwrap_or_default();
    if !RunConfigKind::from_class(class).is_some_and(|kind| agent.takes(kind)) {
        return Err(RenderError::OtherKind(class.to_owned(), agent.label()));
    }
    let (body, origins) = match agent {
        AgentKind::Local => process::body(input)?,
        AgentKind::Docker => container::body(input)?,
        AgentKind::Vertex => custom_job::body(input)?,
        AgentKind::Kubernetes => job_template::body(input)?,
        AgentKind::Ecs => task_definition::body(input)?,
    };
    Ok(Rendered { kind: ArtifactKind::of(agent), body, origins })
}

/// What every renderer works on.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) definition: &'a Json,
    pub(super) run_config: &'a Json,
    pub(super) name: &'a str,
    pub(super) project: &'a str,
}

impl<'a> Input<'a> {
    pub(super) fn new(definition: &'a Json, name: &'a str, project: &'a str) -> Self {
        Self { definition, run_config: definition.get("run_config").unwrap_or(&Json::Null), name, project }
    }

    /// An argument of the run config that is given.
    pub(super) fn given(self, name: &str) -> Option<&'a Json> {
        self.run_config.get(name).filter(|value| !value.is_null())
    }

    /// A text of the run config.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.given(name).and_then(Json::as_str)
    }

    /// A default of the agents of a kind, as the definition has it.
    pub(super) fn agent_default(self, agent: AgentKind, name: &str) -> Option<&'a Json> {
        let defaults = self.definition.get("agent_defaults")?.get(agent.label())?;
        defaults.get(name).filter(|value| !value.is_null())
    }

    /// The storage, when there is one.
    pub(super) fn storage(self) -> Option<&'a Json> {
        self.definition.get("storage").filter(|storage| !storage.is_null())
    }

    /// The image, with what decided on it.
    pub(super) fn image(self, template: Option<&str>) -> (String, super::image::From) {
        super::image::choose(self.storage(), self.text("image"), template, self.text("__version__"))
    }
}

/// The object of that name, made where it is missing; `path` says where it is.
pub(super) fn entry<'a>(
    object: &'a mut Map<String, Json>,
    name: &str,
    path: &str,
) -> Result<&'a mut Map<String, Json>, RenderError> {
    let value = object.entry(name).or_insert_with(|| Json::Object(Map::new()));
    if value.is_null() {
        *value = Json::Object(Map::new());
    }
    value.as_object_mut().ok_or_else(|| RenderError::Template(path.to_owned(), "an object"))
}

/// The origin of an image; a template's own is that of the template.
pub(super) const fn image_origin(
    from: super::image::From,
    template: super::origin::Origin,
) -> super::origin::Origin {
    use super::image::From;
    use super::origin::Origin;
    match from {
        From::Storage => Origin::Storage,
        From::RunConfig => Origin::RunConfig,
        From::Template => template,
        From::BuiltIn => Origin::BuiltIn,
    }
}

#[cfg(test)]
mod backend_tests;
#[cfg(test)]
mod tests;
