//! Whether a declared agent takes the flow (semantics 0.5 and 7). The agent that the flow names is the definition's
//! matter, and an error there.

use super::{Agent, CheckInputs, CheckName};
use crate::flow::definition::{Problem, key};
use crate::flow::kind::AgentKind;
use crate::flow::labels;
use crate::value::Value;

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    if inputs.agent.is_some() {
        return;
    }
    let Some(wanted) = texts(inputs.labels) else { return };
    let able: Vec<&Agent<'_>> = inputs.agents.iter().filter(|agent| agent.kind.takes(inputs.kind)).collect();
    let mut carried = Vec::with_capacity(able.len());
    for agent in able {
        // Labels that are not known yet may turn out to match.
        let Some(labels) = labels_of(agent) else { return };
        carried.push((agent, labels));
    }
    if carried.is_empty() || carried.iter().any(|(_, labels)| labels::matches(labels, &wanted)) {
        return;
    }
    if wanted.is_empty() {
        let names: Vec<&str> = carried.iter().map(|(agent, _)| agent.address).collect();
        problems.push(
            Problem::lint(
                CheckName::UnlabelledFlow,
                vec![key("labels")],
                format!(
                    "The flow has no labels, and an agent that has labels takes no run without any: {} would never take \
                     it.",
                    names.join(", ")
                ),
            )
            .help("give the flow the labels of one of the agents"),
        );
        return;
    }
    let nearest = carried
        .iter()
        .map(|(agent, labels)| (labels::missing(labels, &wanted), agent))
        .min_by_key(|(missing, agent)| (missing.len(), agent.address));
    let Some((missing, agent)) = nearest else { return };
    let address = agent.address;
    // A running local agent adds its host's name, which a configuration does not know.
    let unless = match agent.kind == AgentKind::Local && missing.len() == 1 {
        true => " (unless that is the name of its host)",
        false => "",
    };
    problems.push(
        Problem::lint(
            CheckName::AgentCoverage,
            vec![key("labels")],
            format!(
                "An agent takes a run when it carries all of its labels, and no declared agent does; the nearest is \
                 {address}, which lacks `{}`{unless}.",
                missing.join("`, `")
            ),
        )
        .help(format!(
            "add the labels to {address}, or remove them from the flow, its run config, its storage or `default_labels`"
        )),
    );
}

/// The labels that an agent carries; none is no labels, and `None` that they are not known.
fn labels_of(agent: &Agent<'_>) -> Option<Vec<String>> {
    let value = super::attribute(agent.options, "labels");
    if agent.options.is_unknown() || value.is_unknown() {
        return None;
    }
    texts(value)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    if value.is_null() {
        return Some(Vec::new());
    }
    value.as_slice()?.iter().map(|label| label.as_str().map(str::to_owned)).collect()
}
