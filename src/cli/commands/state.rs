//! `state`: looks at the record, and repairs it.

use serde_json::json;
use tokio::sync::mpsc;

use super::record::{Record, Wanted, add, change, empty_plan, find, open};
use super::{AUTO_APPROVE, Outcome};
use crate::address::natural_order;
use crate::cli::applying::writer;
use crate::cli::args::{
    StateCommand, StateExportArgs, StateListArgs, StateMvArgs, StateRebuildArgs, StateRmArgs,
};
use crate::cli::edge;
use crate::cli::failure::{self, Failure};
use crate::cli::planning::is_declared;
use crate::cli::run::Context;
use crate::diag::Diagnostic;
use crate::plan::model::{Action, Operation, Reason};
use crate::registry::current::Seen;
use crate::registry::view::{FlowRecord, TemplateRecord, View};
use crate::report::text::count;
use crate::report::{json, versions};

pub(in crate::cli) async fn run(context: &Context, command: &StateCommand) -> Result<Outcome, Failure> {
    match command {
        StateCommand::List(args) => list(context, args).await,
        StateCommand::Show(args) => {
            let record = open(context, &args.variables).await?;
            super::show::show_flow(context, &record, record.flow(&args.flow)?).await?;
            Ok(Outcome::Done)
        }
        StateCommand::Rm(args) => rm(context, args).await,
        StateCommand::Mv(args) => mv(context, args).await,
        StateCommand::Rebuild(args) => rebuild(context, args).await,
        StateCommand::Export(args) => export(context, args).await,
    }
}

async fn list(context: &Context, args: &StateListArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let shown = record.view.flows.values().filter(|flow| args.archived || flow.archived.is_none());
    let mut flows: Vec<&FlowRecord> = shown.collect();
    flows.sort_by(|a, b| a.root.cmp(&b.root).then_with(|| natural_order(&a.address, &b.address)));
    context.terminal.out(&match context.json {
        true => {
            let flows: Vec<_> = flows.into_iter().map(json::versions).collect();
            let templates = templates(&record.view);
            json::text(
                &json!({ "format_version": json::FORMAT_VERSION, "flows": flows, "templates": templates }),
            )
        }
        false => {
            let theme = context.terminal.theme();
            format!("{}{}", versions::flows(flows, theme), versions::templates(&record.view, theme))
        }
    });
    Ok(Outcome::Done)
}

/// The recorded templates of all roots as JSON.
fn templates(view: &View) -> Vec<serde_json::Value> {
    let all =
        view.templates.iter().flat_map(|(root, templates)| templates.values().map(move |one| (root, one)));
    let described = all.map(|(root, template)| {
        json!({
            "address": template.address,
            "root": root,
            "path": template.uri,
            "sha256": template.stored,
            "finished": template.pending.is_none(),
            "at": template.origin.at,
            "by": template.origin.by,
        })
    });
    described.collect()
}

/// The recorded template of this root that is declared at an address.
fn template_at<'a>(view: &'a View, root: &str, address: &str) -> Option<&'a TemplateRecord> {
    view.templates.get(root)?.values().find(|template| template.address == address)
}

async fn rm(context: &Context, args: &StateRmArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let own_root = &record.workspace.settings.root;
    for flow in &args.flows {
        if let Some(template) = template_at(&record.view, own_root, flow) {
            let (address, path) = (&template.address, &template.uri);
            context.terminal.err(&format!("{address} will be forgotten; {path} stays as it is.\n"));
            continue;
        }
        let flow = record.flow(flow)?;
        context.terminal.err(&format!("{} will be forgotten; its objects stay as they are.\n", flow.address));
        if is_declared(&record.workspace.config, &flow.address) && flow.root == record.workspace.settings.root
        {
            context.terminal.err("It is still in the configuration, so the next apply creates it anew.\n");
        }
    }
    if !args.auto_approve && !context.terminal.confirm("Do you want to stop managing this?", AUTO_APPROVE)? {
        context.terminal.err("Nothing was changed.\n");
        return Ok(Outcome::Failed);
    }
    change(context, &record, "state rm", args.lock_timeout, &|view| {
        let mut plan = empty_plan(&record.workspace, view);
        for flow in &args.flows {
            if let Some(template) = template_at(view, own_root, flow) {
                let operations =
                    vec![Operation::RemoveTemplate { uri: template.uri.clone(), expected: None }];
                let (action, reason) = (Action::Forget, Reason::Removed);
                let wanted = Wanted { action, reason, from: None, to: None, operations };
                add(&mut plan, template.address.clone(), template.uri.clone(), wanted);
                continue;
            }
            let flow = find(view, &record.workspace.settings.root, flow)?;
            let operations = vec![Operation::Forget { flow: flow.id.clone() }];
            let wanted = Wanted {
                action: Action::Forget,
                reason: Reason::Removed,
                from: flow.wanted().map(|version| version.version),
                to: None,
                operations,
            };
            add(&mut plan, flow.address.clone(), flow.name.clone(), wanted);
        }
        Ok(plan)
    })
    .await
}

async fn mv(context: &Context, args: &StateMvArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let valid = args.to.strip_prefix("flow.").is_some_and(|rest| !rest.is_empty());
    if !valid {
        return Err(Diagnostic::error(
            "Not an address",
            format!("`{}` is not the address of a flow.", args.to),
        )
        .help("write for example `flow.etl` or `flow.etl[\"eu\"]`")
        .into());
    }
    change(context, &record, "state mv", args.lock_timeout, &|view| {
        let root = &record.workspace.settings.root;
        let flow = find(view, root, &args.from)?;
        let taken = view.flows.values().find(|other| {
            other.address == args.to && other.archived.is_none() && other.root == *root && other.id != flow.id
        });
        if taken.is_some() {
            return Err(
                Diagnostic::error("Address taken", format!("`{}` is recorded already.", args.to)).into()
            );
        }
        let mut plan = empty_plan(&record.workspace, view);
        let wanted = Wanted {
            action: Action::NoOp,
            reason: Reason::Moved,
            from: None,
            to: None,
            operations: vec![Operation::Move {
                flow: flow.id.clone(),
                name: flow.name.clone(),
                address: args.to.clone(),
            }],
        };
        add(&mut plan, args.to.clone(), flow.name.clone(), wanted);
        Ok(plan)
    })
    .await
}

async fn rebuild(context: &Context, args: &StateRebuildArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let (events, _) = mpsc::unbounded_channel();
    // The lease keeps everybody else from writing while the snapshots are replaced.
    let directory = &record.workspace.directory;
    let writer = writer(&record.registry, "state rebuild", args.lock_timeout, directory, &events).await?;
    let rebuilt = record.registry.rebuild().await?;
    let seen = record.registry.seen(writer.nonce()).await?;
    let mut written = 0;
    for flow in rebuilt.view.flows.values().filter(|flow| flow.archived.is_none()) {
        written += usize::from(republish(&record, &rebuilt.view, flow, &seen).await?);
    }
    writer.close().await?;
    for warning in &rebuilt.warnings {
        context.terminal.err(&format!("Warning: {}.\n", warning.trim_end_matches('.')));
    }
    context.terminal.out(&format!(
        "Rebuilt from {}: {}, {}.\n",
        count(usize::try_from(rebuilt.view.seq).unwrap_or(usize::MAX), "segment"),
        count(rebuilt.view.flows.len(), "flow"),
        count(written, "published document")
    ));
    Ok(Outcome::Done)
}

/// Writes `current/` of a flow whose published version is known.
async fn republish(
    record: &Record,
    view: &crate::registry::view::View,
    flow: &FlowRecord,
    seen: &Seen,
) -> Result<bool, Failure> {
    let Some(version) = flow.published.and_then(|version| flow.version(version)) else { return Ok(false) };
    let Some(definition) = record.registry.definition(view, &flow.id, version.version).await? else {
        return Ok(false);
    };
    let Some(digest) = &version.digest else { return Ok(false) };
    let document = crate::apply::published::document(crate::apply::published::Published {
        flow: &flow.id,
        name: &flow.name,
        project: &view.project,
        registry: &view.registry,
        version: version.version,
        digest,
        definition: definition.get(),
        artifacts: &version.artifacts,
    });
    let document = document.map_err(|error| {
        Diagnostic::error(
            "Registry damaged",
            format!("The definition of `{}` is not JSON: {error}.", flow.address),
        )
    })?;
    record.registry.publish(&flow.name, &document, seen).await?;
    Ok(true)
}

async fn export(context: &Context, args: &StateExportArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let store = record.registry.store();
    let mut objects = serde_json::Map::new();
    for prefix in ["log/", "specs/", "vertex/", "current/", "agents/"] {
        let entries = store.list(prefix, None).await.map_err(crate::registry::RegistryError::from)?;
        for entry in entries {
            let stored = store.get(&entry.key).await.map_err(crate::registry::RegistryError::from)?;
            let parsed =
                stored.and_then(|stored| serde_json::from_slice::<serde_json::Value>(&stored.bytes).ok());
            if let Some(value) = parsed {
                objects.insert(entry.key, value);
            }
        }
    }
    let document = json!({
        "format_version": json::FORMAT_VERSION,
        "registry": record.view.registry,
        "project": record.view.project,
        "segment": record.view.seq,
        "objects": objects,
    });
    let text = json::text(&document);
    match &args.out {
        None => context.terminal.out(&text),
        Some(path) => {
            edge::write(path, text.as_bytes()).map_err(|error| failure::file("written", path, &error))?;
            context.terminal.err(&format!("Written to {}.\n", path.display()));
        }
    }
    Ok(Outcome::Done)
}
