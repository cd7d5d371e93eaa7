//! How a version is started: the document `current/<flow>.json` for schedulers and orchestrators, with named holes for
//! what a run brings. It starts nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::super::runtime::contract;
use super::{ArtifactKind, Input, RenderError, Rendered, custom_job, job_template, render, run_task};
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::slug::{cut, slugify};

/// What stands for the run's id until a run is started.
pub const RUN_ID_HOLE: &str = "{{run_id}}";
/// What stands for the run's parameters, as JSON, until a run is started.
pub const PARAMETERS_HOLE: &str = "{{parameters}}";

/// What stands for the version's number where there is none yet.
pub const VERSION_HOLE: &str = "{{version}}";

/// What stands for the ARN of a task definition that is not registered yet.
pub const TASK_DEFINITION_HOLE: &str = "{{task_definition}}";

/// A version, as it is published.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// The flow's name.
    pub name: &'a str,
    /// Its project.
    pub project: &'a str,
    /// The identity of the registry, where there is one.
    pub registry: Option<&'a str>,
    /// The number; `None` while there is none, which makes it one more hole.
    pub version: Option<u32>,
    /// The definition.
    pub definition: &'a Json,
    /// The kinds and ids of its artifacts; those of kinds that nothing here knows are passed over.
    pub artifacts: &'a [(&'a str, &'a str)],
}

/// The document: `name`, `project`, `version`, `run_config`, `parameters`, `schedules`, and `start`, which is all that
/// is needed to start a run; `starts`, by kind of artifact, where there are several ways.
///
/// A `start` has its `kind`, what is handed to the backend, `from_agent` (variables that only the agent that starts the
/// run knows) and `holes`: for each name the paths into `start` whose text is to be replaced. `{{run_id}}` is a fresh id
/// of the run, `{{parameters}}` its parameters as JSON text: the document's, with those of the run over them. Only the
/// texts that `holes` names are replaced: a user's variable may hold the same text.
pub fn document(version: Version<'_>) -> Json {
    let part = |name: &str, default: Json| version.definition.get(name).cloned().unwrap_or(default);
    let mut run_config = part("run_config", Json::Null);
    if let (Some(arn), true) = (arn(version), takes_arn(version.definition)) {
        name_definition(&mut run_config, arn);
    }
    let mut document = json!({
        "name": version.name,
        "project": version.project,
        "version": version.version,
        "run_config": run_config,
        "parameters": part("parameters", json!({})),
        "schedules": part("schedules", json!([])),
    });
    let starts: Vec<(ArtifactKind, Json)> =
        kinds(version).into_iter().filter_map(|kind| Some((kind, start_of(kind, version)?))).collect();
    if let Json::Object(fields) = &mut document {
        let first = starts.first().map_or(Json::Null, |(_, start)| start.clone());
        fields.insert("start".to_owned(), first);
        if starts.len() > 1 {
            let all = starts.into_iter().map(|(kind, start)| (kind.name().to_owned(), start));
            fields.insert("starts".to_owned(), Json::Object(all.collect()));
        }
    }
    document
}

/// The ARN of the version's task definition, where one is registered.
fn arn<'a>(version: Version<'a>) -> Option<&'a str> {
    let is_task =
        |(kind, id): &&(&str, &str)| *kind == ArtifactKind::TaskDefinition.name() && id.starts_with("arn:");
    version.artifacts.iter().find(is_task).map(|(_, id)| *id)
}

/// Whether the run config of a definition may name a registered task definition: the original's agent refuses one beside
/// `Docker` storage (semantics 2.3).
pub fn takes_arn(definition: &Json) -> bool {
    let class = |part: &str| definition.get(part)?.get("type")?.as_str();
    class("run_config") == Some("ECSRun") && class("storage") != Some("Docker")
}

/// Has a serialized run config name the registered definition in place of what the original refuses beside one
/// (semantics 1): agents of the original then register nothing.
fn name_definition(run_config: &mut Json, arn: &str) {
    let Json::Object(arguments) = run_config else { return };
    for replaced in ["task_definition", "task_definition_path", "image"] {
        if let Some(value) = arguments.get_mut(replaced) {
            *value = Json::Null;
        }
    }
    arguments.insert("task_definition_arn".to_owned(), arn.into());
}

/// The kinds that the version can be started as: those of its artifacts, else its run config's own.
fn kinds(version: Version<'_>) -> Vec<ArtifactKind> {
    let mut kinds: Vec<ArtifactKind> =
        version.artifacts.iter().filter_map(|(kind, _)| ArtifactKind::from_name(kind)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        let class = version.definition.pointer("/run_config/type").and_then(Json::as_str);
        let kind = class.and_then(RunConfigKind::from_class).unwrap_or(RunConfigKind::Universal);
        let own = AgentKind::ALL.into_iter().find(|agent| agent.run_config() == kind);
        kinds.push(ArtifactKind::of(own.unwrap_or(AgentKind::Local)));
    }
    kinds
}

/// What starts a run as that kind, if a version can be started so.
fn start_of(kind: ArtifactKind, version: Version<'_>) -> Option<Json> {
    match render(version.definition, version.name, version.project, kind.agent()) {
        Ok(rendered) => Some(start(&rendered, version)),
        Err(RenderError::Registered) => registered(version).ok(),
        Err(_) => None,
    }
}

/// What starts a run of a task definition that is registered already.
///
/// # Errors
/// The definition says nothing that could be started.
pub fn registered(version: Version<'_>) -> Result<Json, RenderError> {
    let input = Input::new(version.definition, version.name, version.project);
    let contract = contract(input, AgentKind::Ecs, None)?;
    let per_run = PerRun::of(&contract.per_run, version.version);
    let mut start = Map::new();
    let mut holes = Holes::default();
    start.insert("run_task".to_owned(), run_task::registered(input, &contract));
    append(&mut start, &OVERRIDE, &per_run, &mut holes);
    Ok(finished(start, ArtifactKind::TaskDefinition, &per_run, &holes))
}

/// Where the variables of the container's override are; it is moved to the front.
const OVERRIDE: [&str; 5] = ["run_task", "overrides", "containerOverrides", "0", "environment"];

/// What starts a run of the version.
pub fn start(rendered: &Rendered, version: Version<'_>) -> Json {
    let body = &rendered.body;
    let names: Vec<&str> =
        body.get("per_run").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let per_run = PerRun::of(&names, version.version);
    let mut start = body.as_object().cloned().unwrap_or_default();
    start.remove("per_run");
    let mut holes = Holes::default();
    match rendered.kind {
        ArtifactKind::Process | ArtifactKind::Container => {
            if let Some(Json::Object(env)) = start.get_mut("env") {
                for (name, hole, text) in &per_run.filled {
                    holes.add(*hole, vec![json!("env"), json!(name)]);
                    env.insert((*name).to_owned(), text.as_str().into());
                }
            }
        }
        ArtifactKind::CustomJob => {
            custom_job::label(&mut start, version);
            if version.version.is_none() {
                let place = ["custom_job", "labels", custom_job::VERSION_LABEL];
                holes.add(Some("version"), place.iter().map(|step| json!(step)).collect());
            }
            start = Map::from_iter([("custom_job".to_owned(), Json::Object(start))]);
            let env = ["custom_job", "job_spec", "worker_pool_specs", "0", "container_spec", "env"];
            append(&mut start, &env, &per_run, &mut holes);
        }
        ArtifactKind::JobTemplate => {
            let [a, b, c, d, e] = job_template::CONTAINER;
            append(&mut start, &["job", a, b, c, d, e, "env"], &per_run, &mut holes);
            if let Some(job) = start.get_mut("job") {
                name_job(job, version.name);
                if let Some(template) = template_of(version) {
                    label(job, "flowform.io/template", template);
                }
            }
            let input = Input::new(version.definition, version.name, version.project);
            if let Some(namespace) = input.agent_default(AgentKind::Kubernetes, "namespace") {
                start.insert("namespace".to_owned(), namespace.clone());
            }
            for path in job_template::RUN_LABEL {
                holes.add(Some("run_id"), path.iter().map(|step| json!(step)).collect());
            }
        }
        ArtifactKind::TaskDefinition => {
            let arn = arn(version);
            let input = Input::new(version.definition, version.name, version.project);
            let added: Vec<&str> = per_run.filled.iter().map(|(name, _, _)| *name).collect();
            start.insert(
                "run_task".to_owned(),
                run_task::of(input, &start, arn.unwrap_or(TASK_DEFINITION_HOLE), &added),
            );
            if arn.is_some() {
                // Whoever has the ARN needs no content.
                start.remove("task_definition");
            } else {
                holes.add(Some("task_definition"), vec![json!("run_task"), json!("taskDefinition")]);
            }
            append(&mut start, &OVERRIDE, &per_run, &mut holes);
        }
    }
    finished(start, rendered.kind, &per_run, &holes)
}

fn finished(mut start: Map<String, Json>, kind: ArtifactKind, per_run: &PerRun<'_>, holes: &Holes) -> Json {
    start.insert("kind".to_owned(), kind.name().into());
    start.insert("from_agent".to_owned(), json!(per_run.from_agent));
    start.insert("holes".to_owned(), json!(holes.0));
    Json::Object(start)
}

/// Has the cluster find a name, as no two runs can share one, and labels the Job and its pod with the run's id.
fn name_job(job: &mut Json, flow: &str) {
    let Some(name) = job.as_object_mut() else { return };
    let metadata = name.entry("metadata").or_insert_with(|| json!({}));
    if let Json::Object(metadata) = metadata {
        // The original cuts the template's name, which is `prefect-job` where it has none (semantics 3).
        let own = metadata.remove("name").and_then(|name| name.as_str().map(str::to_owned));
        let own = own.filter(|name| !name.is_empty()).unwrap_or_else(|| cut(&slugify(flow), 48));
        let short: String = own.chars().take(48).collect();
        if !short.is_empty() {
            metadata.insert("generateName".to_owned(), format!("{short}-").into());
        }
    }
    label(job, "flowform.io/run-id", RUN_ID_HOLE);
}

/// Labels the Job and its pod.
fn label(job: &mut Json, name: &str, value: &str) {
    'paths: for path in [&["metadata", "labels"][..], &["spec", "template", "metadata", "labels"]] {
        let mut place = &mut *job;
        for step in path.iter().chain([&name]) {
            let Json::Object(entries) = place else { continue 'paths };
            place = entries.entry(*step).or_insert_with(|| json!({}));
        }
        *place = value.into();
    }
}

/// The name of the object of a cluster that keeps the version's Job template: its id is `namespace/name@uid`.
fn template_of<'a>(version: Version<'a>) -> Option<&'a str> {
    let kind = ArtifactKind::JobTemplate.name();
    let (_, id) = version.artifacts.iter().find(|(found, _)| *found == kind)?;
    Some(id.split_once('@')?.0.rsplit_once('/')?.1)
}

/// Fills a hole of a `start` at all of its places, and takes it off the list.
pub fn fill(start: &mut Json, hole: &str, text: &str) {
    let Some(paths) =
        start.get_mut("holes").and_then(Json::as_object_mut).and_then(|holes| holes.remove(hole))
    else {
        return;
    };
    for path in paths.as_array().into_iter().flatten().filter_map(Json::as_array) {
        let place = path.iter().try_fold(&mut *start, |value, step| match step {
            Json::String(key) => value.get_mut(key.as_str()),
            step => value.get_mut(usize::try_from(step.as_u64()?).ok()?),
        });
        if let Some(place) = place {
            *place = text.into();
        }
    }
}

/// Appends the per-run variables to the list of variables at `path`.
fn append(start: &mut Map<String, Json>, path: &[&str], per_run: &PerRun<'_>, holes: &mut Holes) {
    let Some((first, rest)) = path.split_first() else { return };
    let pointer: String = rest.iter().map(|step| format!("/{step}")).collect();
    let list = start.get_mut(*first).and_then(|value| value.pointer_mut(&pointer));
    let Some(Json::Array(list)) = list else { return };
    // A step of digits is an index of a list.
    let steps: Vec<Json> = path
        .iter()
        .map(|step| step.parse::<u64>().map_or_else(|_| json!(step), |index| json!(index)))
        .collect();
    for (name, hole, text) in &per_run.filled {
        let mut place = steps.clone();
        place.extend([json!(list.len()), json!("value")]);
        holes.add(*hole, place);
        list.push(json!({"name": name, "value": text}));
    }
}

/// Where the holes are, by name.
#[derive(Default)]
struct Holes(BTreeMap<&'static str, Vec<Vec<Json>>>);

impl Holes {
    fn add(&mut self, hole: Option<&'static str>, path: Vec<Json>) {
        if let Some(hole) = hole {
            self.0.entry(hole).or_default().push(path);
        }
    }
}

/// The variables that a body leaves to the run.
struct PerRun<'a> {
    /// Name, hole (none for what is known), text.
    filled: Vec<(&'a str, Option<&'static str>, String)>,
    /// The names that only the agent knows.
    from_agent: Vec<&'a str>,
}

impl<'a> PerRun<'a> {
    fn of(names: &[&'a str], version: Option<u32>) -> Self {
        let mut result = Self { filled: Vec::new(), from_agent: Vec::new() };
        for name in names {
            match *name {
                "FLOWFORM_VERSION" => result.filled.push(match version {
                    Some(version) => (name, None, version.to_string()),
                    None => (name, Some("version"), VERSION_HOLE.to_owned()),
                }),
                "FLOWFORM_RUN_ID" | "PREFECT__CONTEXT__FLOW_RUN_ID" => {
                    result.filled.push((name, Some("run_id"), RUN_ID_HOLE.to_owned()));
                }
                "FLOWFORM_PARAMETERS" => {
                    result.filled.push((name, Some("parameters"), PARAMETERS_HOLE.to_owned()));
                }
                other => result.from_agent.push(other),
            }
        }
        result
    }
}
