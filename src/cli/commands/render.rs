//! `render`: exactly what a backend would be handed for a flow, offline.

use serde_json::{Value as Json, json};

use super::Outcome;
use crate::cli::args::{RenderArgs, RenderFormat};
use crate::cli::data::evaluate_reading;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::desired::{DesiredFlow, NothingKnown};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::kind::AgentKind;
use crate::flow::labels;
use crate::flow::render::process::{RUN_ID_HOLE, render_process, start_document};
use crate::report::json;

pub(in crate::cli) async fn run(context: &Context, args: &RenderArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let evaluation = evaluate_reading(&workspace, &NothingKnown, &mut diags).await;
    let (workspace, _) = workspace.checked(diags)?;
    let flow =
        evaluation.flows.iter().find(|flow| flow.address.to_string() == args.flow || flow.name == args.flow);
    let Some(flow) = flow else {
        let known: Vec<String> = evaluation.flows.iter().map(|flow| flow.address.to_string()).collect();
        return Err(Diagnostic::error(
            "Unknown flow",
            format!("The configuration declares no flow `{}`.", args.flow),
        )
        .suggest(&args.flow, known.iter().map(String::as_str))
        .into());
    };
    if let Some(name) = &args.agent {
        check_agent(flow, name, &evaluation.agents)?;
    }
    let Some(definition) =
        flow.known.as_ref().and_then(|known| serde_json::from_str::<Json>(known.json.get()).ok())
    else {
        return Err(Diagnostic::error(
            "Not known yet",
            format!("Parts of the definition of `{}` are known only after apply.", flow.address),
        )
        .help("apply first and look at `flowform show`, or render a flow that refers to no other")
        .into());
    };
    let project = &workspace.settings.project;
    let body = render_process(&definition, &flow.name, project).map_err(|error| {
        Diagnostic::error(
            "Nothing to render",
            format!("`{}` renders to nothing this version can make: {error}.", flow.address),
        )
    })?;
    let mut document = start_document(&flow.name, project, 0, &definition, &body);
    fill_in(&mut document, args.run_id.as_deref());
    let rendered = json!({
        "flow": flow.address.to_string(),
        "name": flow.name,
        "digest": flow.known.as_ref().map(|known| known.digest.as_str()),
        "run_config": definition.get("run_config"),
        "storage": definition.get("storage"),
        "process": body,
        "start": document.get("start"),
    });
    match args.format {
        RenderFormat::Json => context.terminal.out(&json::text(&rendered)),
        RenderFormat::Yaml => {
            let text = serde_saphyr::to_string(&rendered).map_err(|error| {
                Diagnostic::error("No YAML", format!("The result cannot be written as YAML: {error}."))
            })?;
            context.terminal.out(&text);
        }
    }
    Ok(Outcome::Done)
}

/// What only a run or an apply knows: the version stays a hole, the run's id is filled in when it is given.
fn fill_in(document: &mut Json, run_id: Option<&str>) {
    let Some(env) = document.pointer_mut("/start/env").and_then(Json::as_object_mut) else { return };
    if let Some(version) = env.get_mut("FLOWFORM_VERSION") {
        *version = Json::from("{{version}}");
    }
    let Some(run_id) = run_id else { return };
    for name in ["FLOWFORM_RUN_ID", "PREFECT__CONTEXT__FLOW_RUN_ID"] {
        if let Some(value) = env.get_mut(name).filter(|value| *value == RUN_ID_HOLE) {
            *value = Json::from(run_id);
        }
    }
}

fn check_agent(
    flow: &DesiredFlow,
    name: &str,
    agents: &[crate::desired::DesiredAgent],
) -> Result<(), Failure> {
    let found =
        agents.iter().find(|agent| agent.address.to_string() == name || &*agent.address.block.name == name);
    let Some(agent) = found else {
        let known: Vec<String> = agents.iter().map(|agent| agent.address.block.name.to_string()).collect();
        return Err(Diagnostic::error(
            "Unknown agent",
            format!("The configuration declares no agent `{name}`."),
        )
        .suggest(name, known.iter().map(String::as_str))
        .into());
    };
    let wanted = flow.labels.clone().unwrap_or_default();
    if agent.kind != AgentKind::Local
        || !agent.kind.takes(flow.kind)
        || !labels::matches(&agent.labels, &wanted)
    {
        return Err(Diagnostic::error(
            "Agent that does not take the flow",
            format!(
                "The agent `{name}` takes no runs of `{}`: its kind or its labels do not fit.",
                flow.address
            ),
        )
        .into());
    }
    Ok(())
}
