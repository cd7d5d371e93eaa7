//! Checks of a resolved flow before anything is done: what would fail, or not be what was meant, when it runs. Pure;
//! it looks at the run config, its template, the storage and the declared agents together, and changes none of them.

mod agents;
mod docker;
mod ecs;
mod fargate;
mod image;
mod kubernetes;
mod reference;
mod secret;
mod table;
mod template;
mod vertex;

use std::collections::{BTreeMap, BTreeSet};

pub use agents::{Taker, coverage};
pub(crate) use secret::plaintext;
pub use table::{CHECKS, Check, CheckName, markdown};

use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index, key};
use crate::flow::kind::{AgentKind, RunConfigKind, StorageKind};
use crate::value::{Kind, Marks, Value};

/// A flow with everything that it is put together from. Any value may hold unknowns: a check whose inputs are not known
/// is not made.
#[derive(Clone, Debug)]
pub struct CheckInputs<'a> {
    /// The flow's name in the project.
    pub name: &'a str,
    /// The kind of the run config.
    pub kind: RunConfigKind,
    /// The arguments of the run config, `extends` resolved; null where there is none.
    pub arguments: &'a Value,
    /// The task definition or the Job template, where it is known.
    pub template: Option<Template<'a>>,
    /// The kind and the arguments of the storage.
    pub storage: Option<(StorageKind, &'a Value)>,
    /// The flow's default parameters.
    pub parameters: &'a Value,
    /// Whether it has variables by reference.
    pub has_secrets: bool,
    /// The agent that the flow names.
    pub agent: Option<Agent<'a>>,
    /// Every agent that the configuration declares, in any order.
    pub agents: &'a [Agent<'a>],
    /// Where arguments of the run config are that another one of them holds.
    pub places: &'a BTreeMap<&'static str, Vec<PathStep>>,
}

/// The template of a run: one that the run config holds or names, or that of the agents that take the flow.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a> {
    /// Where it is: `run_config.task_definition`, `agent`. Problems are placed below it.
    pub place: &'a [PathStep],
    /// Whether it is the agents', which serves other flows too: what every run replaces is no mistake in it.
    pub of_agent: bool,
    /// The whole document, as [`super::document::check`] returns it.
    pub document: &'a Value,
}

/// A declared agent.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// Its address, for messages: `agent.ecs.prod`.
    pub address: &'a str,
    /// Its kind.
    pub kind: AgentKind,
    /// Its options.
    pub options: &'a Value,
}

/// Everything that the checks find, also what the flow ignores. Problems are placed as those of
/// [`super::definition::build`]: `run_config.image`, `storage`, `agent`, `labels`.
pub fn flow(inputs: &CheckInputs<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    image::check(inputs, &mut problems);
    match inputs.kind {
        RunConfigKind::Ecs => ecs::check(inputs, &mut problems),
        RunConfigKind::Kubernetes => kubernetes::check(inputs, &mut problems),
        RunConfigKind::Vertex => vertex::check(inputs, &mut problems),
        RunConfigKind::Docker => docker::check(inputs, &mut problems),
        RunConfigKind::Universal | RunConfigKind::Local => {}
    }
    problems
}

/// Whether a problem is to be told: what has no name always is.
pub fn is_told(problem: &Problem, ignored: &BTreeSet<CheckName>) -> bool {
    problem.check.is_none_or(|check| !ignored.contains(&check))
}

/// The checks that a list of words names. Words that name none are reported below `path`; a list that is not wholly
/// known ignores what is known of it.
pub fn ignored(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> BTreeSet<CheckName> {
    let mut ignored = BTreeSet::new();
    if value.is_null() || value.is_unknown() {
        return ignored;
    }
    let Some(items) = value.as_slice() else {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Unsuitable value",
                "`ignore_checks` is a list of names of checks.",
            )
            .help("write `ignore_checks = [\"latest-image\"]`"),
        );
        return ignored;
    };
    for (index, item) in items.iter().enumerate() {
        if item.is_unknown() {
            continue;
        }
        let word = item.as_str().unwrap_or_default();
        if let Some(name) = CheckName::from_word(word) {
            ignored.insert(name);
            continue;
        }
        let words = CHECKS.iter().map(|check| check.word);
        let what = match item.as_str().filter(|_| !item.marks.contains(Marks::SENSITIVE)) {
            Some(word) => format!("There is no check {word:?}."),
            None => "The name of a check is a text.".to_owned(),
        };
        let problem = Problem::error(at_index(path, index), "Unknown check", what);
        problems.push(match crate::diag::closest(word, words) {
            Some(best) => problem.help(format!("did you mean {best:?}?")),
            None => problem.help("docs/checks.md has the names"),
        });
    }
    ignored
}

impl<'a> CheckInputs<'a> {
    /// An argument of the run config; null when it is not given.
    fn argument(&self, name: &str) -> &'a Value {
        attribute(self.arguments, name)
    }

    /// Whether an argument is given, or may turn out to be.
    fn may_have(&self, name: &str) -> bool {
        self.arguments.is_unknown() || given(self.argument(name))
    }

    /// The place of an argument of the run config.
    fn place(&self, name: &str) -> Vec<PathStep> {
        self.places.get(name).cloned().unwrap_or_else(|| at(&[key("run_config")], name))
    }

    /// Whether an agent that may take the flow has the option, or may have it: the agent that the flow names, else any
    /// that is declared for its kind.
    fn agent_may_have(&self, name: &str) -> bool {
        self.takers().any(|agent| agent.options.is_unknown() || given(attribute(agent.options, name)))
    }

    /// The agent that the flow names, else every declared one of the run config's own kind.
    fn takers(&self) -> impl Iterator<Item = Agent<'a>> {
        let others = match self.agent {
            Some(_) => &[],
            None => self.agents,
        };
        let kind = self.kind;
        self.agent
            .into_iter()
            .chain(others.iter().copied())
            .filter(move |agent| agent.kind.run_config() == kind)
    }
}

impl Template<'_> {
    /// The place of the document.
    fn place(&self) -> Vec<PathStep> {
        self.place.to_vec()
    }
}

const NULL: &Value = &Value { kind: Kind::Null, marks: Marks::NONE };

/// A member of an object; null when there is none.
fn attribute<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(NULL)
}

/// Whether the value is there, or may be: neither null nor an empty text.
fn given(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// The members of a list that is known.
fn items(value: &Value) -> &[Value] {
    value.as_slice().unwrap_or_default()
}

#[cfg(test)]
mod tests;
