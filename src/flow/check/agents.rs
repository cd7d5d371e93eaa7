//! Whether a declared agent takes the flow (semantics 0.5 and 7). The agent that the flow names is the definition's
//! matter, and an error there.

use super::CheckName;
use crate::flow::definition::{Problem, key};
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::labels;

/// An agent that may take flows: declared here, or published by another root.
#[derive(Clone, Copy, Debug)]
pub struct Taker<'a> {
    /// What it is called in messages.
    pub name: &'a str,
    /// Its kind.
    pub kind: AgentKind,
    /// The labels that it carries.
    pub labels: &'a [String],
}

/// What is wrong when none of the agents takes a flow of this kind with these labels: the agent that comes closest and
/// what it lacks. Nothing is wrong while no agent of a fitting kind is declared anywhere: agents may be run without
/// being declared.
pub fn coverage<'a>(
    kind: RunConfigKind,
    wanted: &[String],
    agents: impl Iterator<Item = Taker<'a>>,
) -> Option<Problem> {
    let fitting: Vec<Taker<'_>> = agents.filter(|agent| agent.kind.takes(kind)).collect();
    if fitting.iter().any(|agent| labels::matches(agent.labels, wanted)) {
        return None;
    }
    let closest =
        fitting.iter().min_by_key(|agent| (labels::missing(agent.labels, wanted).len(), agent.name))?;
    let missing: Vec<String> =
        labels::missing(closest.labels, wanted).iter().map(|label| format!("`{label}`")).collect();
    if wanted.is_empty() {
        return Some(
            Problem::lint(
                CheckName::UnlabelledFlow,
                vec![key("labels")],
                "The flow has no labels, and an agent that has labels takes no flow without; every declared agent of its \
                 kind has some.",
            )
            .help(format!("give the flow a label of an agent, such as those of `{}`", closest.name)),
        );
    }
    // A running local agent adds its host's name, which a configuration does not know.
    let unless = match closest.kind == AgentKind::Local && missing.len() == 1 {
        true => ", unless that is the name of its host",
        false => "",
    };
    Some(
        Problem::lint(
            CheckName::AgentCoverage,
            vec![key("labels")],
            format!(
                "An agent takes a flow when it carries all the flow's labels; the closest, `{}`, does not carry {}{unless}.",
                closest.name,
                missing.join(", ")
            ),
        )
        .help("add the labels to the agent, or remove them from the flow, its run config or its storage"),
    )
}
