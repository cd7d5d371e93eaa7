//! The agents document of a root: what other roots check their flows' labels against.

use serde_json::{Value as Json, json};

use super::diff::{all_of, differences};
use super::model::{Action, Change, Mode, Operation, Reason, Subject};
use super::planner::PlanInput;
use super::steps::Decision;
use crate::desired::DesiredAgent;
use crate::value::from_json;

/// What happens to this root's document.
pub(super) fn decide(input: PlanInput<'_>) -> Option<Decision> {
    let published = input.live.agents.get(&input.settings.root);
    let agents: &[DesiredAgent] = match input.options.mode {
        Mode::Destroy => &[],
        Mode::Normal | Mode::RefreshOnly => &input.evaluation.agents,
    };
    let wanted = (!agents.is_empty()).then(|| document(&input.settings.root, agents));
    let (action, reason, found) = match (published, &wanted) {
        (None, None) => return None,
        (Some(before), Some(after)) if before == after => return None,
        (None, Some(after)) => (Action::Create, Reason::NotRecorded, all_of(&by_address(after))),
        (Some(before), Some(after)) => {
            let before = crate::value::to_json(&by_address(before)).unwrap_or(Json::Null);
            (Action::Update, Reason::DocumentChanged, differences(&before, &by_address(after)))
        }
        (Some(_), None) => {
            let reason =
                if input.options.mode == Mode::Destroy { Reason::Destroyed } else { Reason::NotDeclared };
            (Action::Archive, reason, Vec::new())
        }
    };
    let change = Change {
        address: "agent".to_owned(),
        subject: Subject::Agents,
        action,
        reason,
        name: None,
        moved_from: None,
        from_version: None,
        to_version: None,
        differences: found,
        notes: Vec::new(),
    };
    Some(Decision::new(change, vec![Operation::PublishAgents { document: wanted }]))
}

/// `agents/<root>.json`.
fn document(root: &str, agents: &[DesiredAgent]) -> Json {
    let agents: Vec<Json> = agents
        .iter()
        .map(|agent| {
            json!({
                "address": agent.address.to_string(),
                "kind": agent.kind.label(),
                "name": &*agent.address.block.name,
                "labels": agent.labels,
                "options": agent.options,
            })
        })
        .collect();
    json!({ "format": crate::registry::event::FORMAT, "root": root, "agents": agents })
}

/// The document as agents by address, so that differences name the agent and not its place in a list.
fn by_address(document: &Json) -> crate::value::Value {
    let agents = document.get("agents").and_then(Json::as_array).into_iter().flatten();
    crate::value::Value::object(agents.map(|agent| {
        let address = agent.get("address").and_then(Json::as_str).unwrap_or("agent");
        let short = address.strip_prefix("agent.").unwrap_or(address);
        let shown = json!({ "labels": agent.get("labels"), "options": agent.get("options") });
        (short.to_owned(), from_json(&shown))
    }))
}
