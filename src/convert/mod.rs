//! The original's JSON as configuration text: run configs and flows become blocks that plan to the same thing. Whatever a
//! block cannot hold, and whatever belongs to the machine that registered, is left out with a comment and told. It reads
//! no file.

mod group;
mod hcl;
mod machine;
mod read;
mod run_config;
mod schedule;
mod storage;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::diag::Diagnostics;
use crate::flow::slug::slugify;
use crate::format::format;
use crate::source::SourceMap;

use hcl::Body;
use read::{Flow, Item};

/// A text to convert.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What it is called; run configs are named after it.
    pub name: &'a str,
    /// JSON.
    pub text: &'a str,
}

/// How to convert.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Shared run configs and one `for_each`, in place of one block for each flow.
    pub group: bool,
    /// Labels that are names of hosts.
    pub hosts: &'a [String],
}

/// What became of the inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The configuration, in the one style.
    pub text: String,
    /// What it does not say, and why; also in its comments.
    pub notes: Vec<Note>,
    /// What could not be converted at all.
    pub refused: Vec<Note>,
}

/// Something to know about one input or one object in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The input or the object.
    pub of: String,
    /// A sentence without its full stop.
    pub text: String,
}

/// Collects what is told about the object that is being converted.
#[derive(Debug, Default)]
struct Told {
    of: String,
    notes: Vec<Note>,
}

impl Told {
    fn say(&mut self, text: String) {
        self.notes.push(Note { of: self.of.clone(), text });
    }

    /// Says that something is left out, here and in the block.
    fn leave_out(&mut self, body: &mut Body, text: String) {
        body.comment(format!("Left out: {text}."));
        self.say(text);
    }
}

/// The version of the original whose forms are written when nothing else is said.
const PREFECT_VERSION: &str = "1.4.1";

/// Converts all inputs into one configuration.
pub fn convert(inputs: &[Input<'_>], options: Options<'_>) -> Converted {
    let mut out = Converted::default();
    let mut told = Told::default();
    let mut run_configs = Vec::new();
    let mut flows = Vec::new();
    for input in inputs {
        let read = serde_json::from_str(input.text).map_err(|error| format!("it is not JSON: {error}"));
        match read.and_then(|json: Json| read::items(&json)) {
            Err(why) => out.refused.push(Note { of: input.name.to_owned(), text: why }),
            Ok(items) => {
                for item in items {
                    match item {
                        Item::RunConfig(json) => run_configs.push((input.name, json)),
                        Item::Flow(flow) => flows.push(*flow),
                    }
                }
            }
        }
    }
    let flows = current(flows, &mut told);
    let mut body = Body::default();
    let prefect_version = settings(&run_configs, &flows, &mut body, &mut told);

    let mut names = Names::default();
    for (input, json) in run_configs {
        input.clone_into(&mut told.of);
        let stem = input.rsplit(['/', '\\']).next().unwrap_or(input);
        let stem = stem.split('.').next().unwrap_or_default();
        match run_config::block(&json, None, options.hosts, &mut told) {
            Err(error) => out.refused.push(Note { of: input.to_owned(), text: error.to_string() }),
            Ok((kind, block)) => body.block("run_config", &[kind.label(), &names.unique(stem)], block),
        }
    }
    let parts = flows.iter().filter_map(|flow| {
        told.of = format!("flow {:?}", flow.name);
        match parts(flow, &prefect_version, options.hosts, &mut told) {
            Ok(parts) => Some(parts),
            Err(why) => {
                out.refused.push(Note { of: told.of.clone(), text: why });
                None
            }
        }
    });
    let parts: Vec<Parts> = parts.collect();
    if options.group {
        group::write(parts, &mut names, &mut body);
    } else {
        write(parts, &mut names, &mut body);
    }
    out.notes.extend(told.notes);
    out.text = formatted(&body.text());
    out
}

/// A flow taken apart into blocks.
struct Parts {
    name: String,
    run_config: (crate::flow::kind::RunConfigKind, Body),
    storage: Option<(crate::flow::kind::StorageKind, Body)>,
    /// Arguments and schedules.
    rest: Body,
}

fn parts(flow: &Flow, prefect_version: &str, hosts: &[String], told: &mut Told) -> Result<Parts, String> {
    let mut rest = Body::default();
    let run_config = match &flow.run_config {
        Json::Null => serde_json::json!({ "type": "UniversalRun" }),
        run_config => run_config.clone(),
    };
    let run_config = run_config::block(&run_config, Some(&flow.labels), hosts, told)
        .map_err(|error| format!("its run config does not load: {error}"))?;
    if flow.has_environment {
        told.leave_out(
            &mut rest,
            "the flow has an execution environment, of which only the labels are kept".to_owned(),
        );
    }
    let storage = match &flow.storage {
        Json::Null => {
            told.leave_out(&mut rest, "the flow has no storage: write where its code is".to_owned());
            None
        }
        storage => storage::block(&flow.name, storage, prefect_version, told),
    };
    if !flow.parameters.is_empty() {
        rest.value("parameters", Json::Object(flow.parameters.clone()));
    }
    if !flow.schedule.is_null() {
        if flow.schedule_active {
            schedule::blocks(&flow.schedule, &mut rest, told);
        } else {
            told.leave_out(&mut rest, format!("its schedule was switched off: {}", flow.schedule));
        }
    }
    Ok(Parts { name: flow.name.clone(), run_config, storage, rest })
}

/// One flow block each; equal storages are shared.
fn write(parts: Vec<Parts>, names: &mut Names, body: &mut Body) {
    let mut storages: BTreeMap<String, String> = BTreeMap::new();
    let mut flows = Body::default();
    for Parts { name, run_config: (kind, run_config), storage, rest } in parts {
        let label = names.unique(&name);
        let mut block = Body::default();
        if name != label {
            block.value("name", name);
        }
        if let Some((kind, storage)) = storage {
            let identity = format!("{} {}", kind.label(), Json::Object(storage.all_values()));
            let shared = storages.entry(identity).or_insert_with(|| {
                body.block("storage", &[kind.label(), &label], storage);
                label.clone()
            });
            block.raw("storage", format!("storage.{}.{shared}", kind.label()));
        }
        block.append(rest);
        block.block("run_config", &[kind.label()], run_config);
        flows.block("flow", &[&label], block);
    }
    body.append(flows);
}

/// Unarchived flows, the newest version of each, by name.
fn current(flows: Vec<Flow>, told: &mut Told) -> Vec<Flow> {
    let mut newest: BTreeMap<(Option<String>, String), Flow> = BTreeMap::new();
    for flow in flows {
        told.of = format!("flow {:?}", flow.name);
        if flow.archived {
            told.say(format!("version {} is archived", flow.version));
            continue;
        }
        let key = (flow.project.clone(), flow.name.clone());
        match newest.get(&key) {
            Some(known) if known.version >= flow.version => {
                told.say(format!("version {} is older than version {}", flow.version, known.version));
            }
            Some(_) | None => {
                newest.insert(key, flow);
            }
        }
    }
    newest.into_values().collect()
}

/// The `flowform` block, where something is to be said in it; and the version of the original.
fn settings(run_configs: &[(&str, Json)], flows: &[Flow], body: &mut Body, told: &mut Told) -> String {
    let of_run_config = |json: &Json| json.get("__version__").and_then(Json::as_str).map(str::to_owned);
    let versions: BTreeSet<String> = run_configs
        .iter()
        .filter_map(|(_, json)| of_run_config(json))
        .chain(flows.iter().filter_map(|flow| flow.prefect_version.clone()))
        .collect();
    let projects: BTreeSet<&String> = flows.iter().filter_map(|flow| flow.project.as_ref()).collect();
    let mut block = Body::default();
    "all".clone_into(&mut told.of);
    match projects.iter().collect::<Vec<_>>().as_slice() {
        [] => {}
        [project] => {
            let name = slugify(project);
            if !name.is_empty() {
                block.value("project", name);
            }
        }
        _ => told.say(format!(
            "the flows are of {} projects, and a configuration has one; convert them one by one",
            projects.len()
        )),
    }
    // Versions have no order that matters here: the last of several is as good as any, and the others are told.
    let version = versions.last().cloned().unwrap_or_else(|| PREFECT_VERSION.to_owned());
    if versions.len() > 1 {
        let all: Vec<&str> = versions.iter().map(String::as_str).collect();
        told.say(format!("serialized by the versions {}; {version} is written for all", all.join(", ")));
    }
    if version != PREFECT_VERSION {
        block.value("prefect_version", version.as_str());
    }
    if !block.is_empty() {
        body.block("flowform", &[], block);
    }
    version
}

/// Labels of blocks, each used once.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// A name made from `text` that no other block has.
    fn unique(&mut self, text: &str) -> String {
        let slug = slugify(text).replace('-', "_");
        let base = match slug.chars().next() {
            None => "unnamed".to_owned(),
            Some(first) if first.is_ascii_digit() => format!("_{slug}"),
            Some(_) => slug,
        };
        let mut name = base.clone();
        let mut number = 2_u64;
        while !self.0.insert(name.clone()) {
            name = format!("{base}_{number}");
            number = number.saturating_add(1);
        }
        name
    }
}

/// The text in the one style. What is written here always parses; were it not so, it would still be shown.
fn formatted(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("converted", text);
    format(file, text, &mut Diagnostics::new()).unwrap_or_else(|| text.to_owned())
}
