//! `render`: exactly what a backend would be handed for a flow, offline.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Outcome;
use crate::cli::args::{RenderArgs, RenderFormat};
use crate::cli::data::evaluate_reading;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::desired::{DesiredAgent, DesiredFlow, NothingKnown};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::definition::defaults;
use crate::flow::kind::AgentKind;
use crate::flow::labels;
use crate::flow::render::origin::{Origin, Origins};
use crate::flow::render::per_run::{self, PerRun};
use crate::flow::render::versioned::start::{Version, fill, registered, start};
use crate::flow::render::versioned::{RenderError, render};
use crate::report::{annotated, json};

pub(in crate::cli) async fn run(context: &Context, args: &RenderArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let evaluation = evaluate_reading(&workspace, &NothingKnown, &mut diags).await;
    let (workspace, _) = workspace.checked(diags)?;
    let flow =
        evaluation.flows.iter().find(|flow| flow.address.to_string() == args.flow || flow.name == args.flow);
    let Some(flow) = flow else {
        let known: Vec<String> = evaluation.flows.iter().map(|flow| flow.address.to_string()).collect();
        let unknown =
            Diagnostic::error("Unknown flow", format!("The configuration declares no flow `{}`.", args.flow));
        let instances: Vec<&str> = known
            .iter()
            .filter(|address| address.strip_prefix(&args.flow).is_some_and(|rest| rest.starts_with('[')))
            .map(|address| address.as_str())
            .collect();
        return Err(match instances.is_empty() {
            true => unknown.suggest(&args.flow, known.iter().map(String::as_str)),
            false => unknown.help(format!("name one of its instances: `{}`", instances.join("`, `"))),
        }
        .into());
    };
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
    let agent = args.agent.as_deref().map(|name| agent_named(flow, name, &evaluation.agents)).transpose()?;
    let mut rendered = json!({
        "flow": flow.address.to_string(),
        "name": flow.name,
        "digest": flow.known.as_ref().map(|known| known.digest.as_str()),
        "run_config": definition.get("run_config"),
        "storage": definition.get("storage"),
    });
    let mut explained = Explained::default();
    if let (Some(agent), Some(run_id)) = (agent, &args.run_id) {
        let prefect_version = &workspace.settings.prefect_version;
        let (run, origins) = of_one_run(flow, &definition, agent, run_id, prefect_version)?;
        if let Json::Object(fields) = &mut rendered {
            fields.insert("agent".to_owned(), agent.address.to_string().into());
            fields.insert("run".to_owned(), run);
        }
        explained.0.insert("run", origins);
        write(context, args, rendered, &explained, flow)?;
        return Ok(Outcome::Done);
    }
    for taker in takers(flow, agent, &evaluation.agents) {
        let version = Version {
            name: &flow.name,
            project,
            registry: None,
            version: None,
            definition: &definition,
            artifacts: &[],
        };
        let (form, mut start) = match render(&definition, &flow.name, project, taker) {
            Ok(form) => {
                let start = start(&form, version);
                (Some(form), start)
            }
            Err(RenderError::Registered) => {
                (None, registered(version).map_err(|error| nothing(flow, &error))?)
            }
            Err(error) => return Err(nothing(flow, &error)),
        };
        if let Some(run_id) = &args.run_id {
            fill(&mut start, "run_id", run_id);
        }
        if let Json::Object(fields) = &mut rendered {
            if let Some(form) = form {
                fields.insert(form.kind.name().to_owned(), form.body);
                explained.0.insert(form.kind.name(), form.origins);
            }
            fields.entry("start").or_insert(start);
        }
    }
    write(context, args, rendered, &explained, flow)?;
    Ok(Outcome::Done)
}

/// Writes the result, with where its values came from where that was asked for.
fn write(
    context: &Context,
    args: &RenderArgs,
    mut rendered: Json,
    explained: &Explained,
    flow: &DesiredFlow,
) -> Result<(), Failure> {
    match args.format {
        RenderFormat::Json => {
            if args.explain {
                let explain = explained.json(&rendered, flow);
                if let Json::Object(fields) = &mut rendered {
                    fields.insert("explain".to_owned(), explain);
                }
            }
            context.terminal.out(&json::text(&rendered));
        }
        RenderFormat::Yaml => {
            let remark = |pointer: &str| match args.explain {
                true => explained.words(pointer, flow),
                false => None,
            };
            let text = annotated::yaml(&rendered, &remark).map_err(|error| {
                Diagnostic::error("No YAML", format!("The result cannot be written as YAML: {error}."))
            })?;
            context.terminal.out(&text);
        }
    }
    Ok(())
}

/// What the original's agent hands to its backend for one run.
fn of_one_run(
    flow: &DesiredFlow,
    definition: &Json,
    agent: &DesiredAgent,
    run_id: &str,
    prefect_version: &str,
) -> Result<(Json, Origins), Failure> {
    let mut options: Map<String, Json> =
        agent.options.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    options.insert("labels".to_owned(), json!(agent.labels));
    let options = Json::Object(options);
    let named = defaults::documents(agent.kind).iter().filter_map(|(path, inline)| {
        let path = options.get(*path)?.as_str()?;
        Some((path.to_owned(), agent.defaults.get(*inline)?.clone()))
    });
    let (documents, storage) = (named.collect(), definition.get("storage").unwrap_or(&Json::Null));
    let run = PerRun {
        run_id,
        flow: &flow.name,
        core_version: prefect_version,
        run_config: &with_secrets(definition),
        storage,
        kind: agent.kind,
        options: &options,
        documents: &documents,
    };
    let handed = per_run::render(&run).map_err(|error| {
        Failure::from(
            Diagnostic::error(
                "Nothing to render",
                format!(
                    "The original hands nothing to its backend for a run of `{}`: {error}.",
                    flow.address
                ),
            )
            .help("without `--run-id` the version is rendered, which does not depend on the run"),
        )
    })?;
    let origins = per_run::origins(&run, &handed);
    Ok((handed, origins))
}

/// The run config with the secrets of the definition among its variables, each as the hole of its reference: whoever starts the
/// run resolves them.
fn with_secrets(definition: &Json) -> Json {
    let mut run_config = definition.get("run_config").cloned().unwrap_or_default();
    let secrets = definition.get("secret_env").and_then(Json::as_object);
    if let (Json::Object(arguments), Some(secrets)) = (&mut run_config, secrets) {
        let holes = secrets.iter().filter_map(|(name, reference)| {
            Some((name.clone(), format!("{{{{{}}}}}", reference.as_str()?).into()))
        });
        match arguments.get_mut("env") {
            Some(Json::Object(env)) => env.extend(holes),
            _ => drop(arguments.insert("env".to_owned(), Json::Object(holes.collect()))),
        }
    }
    run_config
}

fn nothing(flow: &DesiredFlow, error: &RenderError) -> Failure {
    Diagnostic::error(
        "Nothing to render",
        format!("`{}` renders to nothing this version can make: {error}.", flow.address),
    )
    .into()
}

/// Where the values of each artifact came from, by its kind.
#[derive(Default)]
struct Explained(BTreeMap<&'static str, Origins>);

impl Explained {
    /// Where the value at a pointer of the whole output came from: the origin, the argument and the block that it is
    /// written in.
    fn at<'a>(
        &'a self,
        pointer: &str,
        flow: &'a DesiredFlow,
    ) -> Option<(&'static str, Option<&'a str>, Option<&'a str>)> {
        let (kind, inner) = pointer.strip_prefix('/')?.split_once('/')?;
        let (origin, argument) = self.0.get(kind)?.at(&format!("/{inner}"))?;
        if origin != Origin::RunConfig {
            return Some((origin.describe(), argument, None));
        }
        let block = argument.and_then(|argument| {
            let secret = argument.strip_prefix("env.").map(|name| format!("secret_env.{name}"));
            flow.written_by.get(argument).or_else(|| flow.written_by.get(&secret?))
        });
        match block {
            Some(block) if is_own(flow, block) => Some((origin.describe(), argument, Some(block))),
            Some(block) => Some(("run config it extends", argument, Some(block))),
            // Nobody wrote it: the run config's own default.
            None => Some((Origin::BuiltIn.describe(), argument, None)),
        }
    }

    fn words(&self, pointer: &str, flow: &DesiredFlow) -> Option<String> {
        let (from, argument, block) = self.at(pointer, flow)?;
        let mut words = from.to_owned();
        if let Some(block) = block {
            words.push_str(&format!(" {block}"));
        }
        if let Some(argument) = argument {
            words.push_str(&format!(": {argument}"));
        }
        Some(words)
    }

    fn json(&self, rendered: &Json, flow: &DesiredFlow) -> Json {
        let mut result = Map::new();
        for kind in self.0.keys() {
            let Some(body) = rendered.get(*kind) else { continue };
            let mut values = Map::new();
            for pointer in annotated::leaves(body) {
                let Some((from, argument, block)) = self.at(&format!("/{kind}{pointer}"), flow) else {
                    continue;
                };
                let mut entry = Map::from_iter([("from".to_owned(), from.into())]);
                entry.extend(argument.map(|argument| ("argument".to_owned(), argument.into())));
                entry.extend(block.map(|block| ("block".to_owned(), block.into())));
                values.insert(pointer, entry.into());
            }
            result.insert((*kind).to_owned(), values.into());
        }
        result.into()
    }
}

/// Whether the block is the run config that the flow names, or the flow itself.
fn is_own(flow: &DesiredFlow, block: &str) -> bool {
    flow.run_config.as_deref() == Some(block)
}

/// The kinds of agents that the flow is rendered for: that of the agent asked for, else that of the flow's run config;
/// for a universal flow those of the declared agents that can take it, else a process.
fn takers(flow: &DesiredFlow, agent: Option<&DesiredAgent>, agents: &[DesiredAgent]) -> Vec<AgentKind> {
    if let Some(agent) = agent {
        return vec![agent.kind];
    }
    if let Some(own) = AgentKind::ALL.into_iter().find(|taker| taker.run_config() == flow.kind) {
        return vec![own];
    }
    let wanted = flow.labels.clone().unwrap_or_default();
    let takes = |agent: &&DesiredAgent| labels::matches(&agent.labels, &wanted);
    let mut kinds: Vec<AgentKind> = agents.iter().filter(takes).map(|agent| agent.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        kinds.push(AgentKind::Local);
    }
    kinds
}

/// The agent of that name, if it can take the flow.
fn agent_named<'a>(
    flow: &DesiredFlow,
    name: &str,
    agents: &'a [DesiredAgent],
) -> Result<&'a DesiredAgent, Failure> {
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
    let missing: Vec<&str> =
        wanted.iter().filter(|label| !agent.labels.contains(label)).map(String::as_str).collect();
    let why = if !agent.kind.takes(flow.kind) {
        format!(
            "it is of the kind `{}`, and the run config of the kind `{}`",
            agent.kind.label(),
            flow.kind.label()
        )
    } else if labels::matches(&agent.labels, &wanted) {
        return Ok(agent);
    } else if missing.is_empty() {
        "it has labels, and the flow has none".to_owned()
    } else {
        format!("it lacks the label `{}`", missing.join("`, `"))
    };
    let detail = format!("The agent `{name}` takes no runs of `{}`: {why}.", flow.address);
    Err(Diagnostic::error("Agent that does not take the flow", detail).into())
}
