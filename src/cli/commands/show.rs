//! `show`: a saved plan, a flow, or everything that is recorded.

use std::path::Path;

use serde_json::json;

use super::Outcome;
use super::record::{Record, open};
use crate::address::natural_order;
use crate::cli::args::ShowArgs;
use crate::cli::edge;
use crate::cli::failure::{self, Failure};
use crate::cli::run::Context;
use crate::cli::workspace::Kept;
use crate::diag::Diagnostic;
use crate::plan::saved::{SavedPlan, decode};
use crate::registry::view::FlowRecord;
use crate::report::value::Shown;
use crate::report::{json, versions};

pub(in crate::cli) async fn run(context: &Context, args: &ShowArgs) -> Result<Outcome, Failure> {
    match args.subject.as_deref() {
        Some(path) if edge::is_file(Path::new(path)) => plan(context, args, Path::new(path)),
        Some(flow) => {
            let record = open(context, &args.variables).await?;
            show_flow(context, &record, record.flow(flow)?).await?;
            Ok(Outcome::Done)
        }
        None => {
            let record = open(context, &args.variables).await?;
            everything(context, &record);
            Ok(Outcome::Done)
        }
    }
}

fn plan(context: &Context, args: &ShowArgs, path: &Path) -> Result<Outcome, Failure> {
    let bytes = edge::read(path).map_err(|error| failure::file("read", path, &error))?;
    let saved: SavedPlan<Kept> = decode(&bytes).map_err(|reason| {
        Failure::from(Diagnostic::error(
            "Not a plan",
            format!("{} cannot be shown: {reason}.", path.display()),
        ))
    })?;
    if context.json {
        context.terminal.out(&json::text(&json::plan::document(&saved.plan, Vec::new())));
    } else {
        super::plan::show(context, &saved.plan, args.full);
    }
    Ok(Outcome::Done)
}

/// One flow: who it is, its versions, its current definition.
///
/// # Errors
/// The definition cannot be read from the log.
pub(super) async fn show_flow(context: &Context, record: &Record, flow: &FlowRecord) -> Result<(), Failure> {
    let current = flow.wanted();
    let definition = match current {
        Some(version) => record.registry.definition(&record.view, &flow.id, version.version).await?,
        None => None,
    };
    let definition = definition.and_then(|json| serde_json::from_str::<serde_json::Value>(json.get()).ok());
    if context.json {
        let document = json!({
            "format_version": json::FORMAT_VERSION,
            "id": flow.id,
            "name": flow.name,
            "address": flow.address,
            "root": flow.root,
            "archived": flow.archived.is_some(),
            "pinned_version": flow.pin.as_ref().map(|pin| pin.version),
            "published_version": flow.published,
            "version": current.map(|version| version.version),
            "definition": definition,
            "versions": json::versions(flow),
        });
        context.terminal.out(&json::text(&document));
        return Ok(());
    }
    let mut text = versions::render(flow, context.terminal.theme());
    text.push_str(&format!("\nId {}, declared by the root {}.\n", flow.id, flow.root));
    if let (Some(version), Some(definition)) = (current, definition) {
        text.push_str(&format!("\nDefinition of version {}:\n", version.version));
        for line in Shown::json(&definition).lines(context.terminal.width()) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    context.terminal.out(&text);
    Ok(())
}

fn everything(context: &Context, record: &Record) {
    let view = &record.view;
    let mut flows: Vec<&FlowRecord> = view.flows.values().filter(|flow| flow.archived.is_none()).collect();
    flows.sort_by(|a, b| a.root.cmp(&b.root).then_with(|| natural_order(&a.address, &b.address)));
    let outputs = view.outputs.get(&record.workspace.settings.root).cloned().unwrap_or_default();
    if context.json {
        let document = json!({
            "format_version": json::FORMAT_VERSION,
            "registry": view.registry,
            "project": view.project,
            "segment": view.seq,
            "flows": flows.iter().map(|flow| json::versions(flow)).collect::<Vec<_>>(),
            "outputs": json::outputs(&outputs),
        });
        context.terminal.out(&json::text(&document));
        return;
    }
    let mut text =
        format!("Project {} in registry {}, segment {}.\n\n", view.project, view.registry, view.seq);
    text.push_str(&versions::flows(flows, context.terminal.theme()));
    if !outputs.is_empty() {
        text.push_str("\nOutputs:\n");
        text.push_str(&crate::report::value::outputs(&outputs));
    }
    context.terminal.out(&text);
}
