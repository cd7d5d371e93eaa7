//! What a file of JSON holds: run configs and flows, in the forms in which they are found. It changes nothing of them but
//! to decide whose settings of a flow win (semantics 9.4).

use serde_json::{Map, Value as Json};

use crate::flow::kind::RunConfigKind;
use crate::flow::registration::RunSettings;

/// How deep lists and wrappers are looked into.
const MAX_DEPTH: usize = 8;

/// One thing to convert.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A serialized run config.
    RunConfig(Json),
    /// A flow.
    Flow(Box<Flow>),
}

/// A flow with the settings that count.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Its name.
    pub(super) name: String,
    /// Its serialized run config; null where it has none.
    pub(super) run_config: Json,
    /// Its runs' labels, sorted and unique.
    pub(super) labels: Vec<String>,
    /// Its serialized storage; null where it has none.
    pub(super) storage: Json,
    /// Its serialized schedule; null where it has none.
    pub(super) schedule: Json,
    /// Whether its schedule was switched on.
    pub(super) schedule_active: bool,
    /// Parameters that its group sets.
    pub(super) parameters: Map<String, Json>,
    /// Whether it has an execution environment in place of a run config.
    pub(super) has_environment: bool,
    /// Its project's name.
    pub(super) project: Option<String>,
    /// The number of the version; 0 where it has none.
    pub(super) version: u64,
    /// Whether it is archived.
    pub(super) archived: bool,
    /// The version of the original that wrote it.
    pub(super) prefect_version: Option<String>,
}

/// Everything in `json`.
///
/// # Errors
/// What is neither a run config nor a flow, in words.
pub(super) fn items(json: &Json) -> Result<Vec<Item>, String> {
    let mut found = Vec::new();
    collect(json, 0, &mut found)?;
    if found.is_empty() {
        return Err("it holds neither a run config nor a flow".to_owned());
    }
    Ok(found)
}

fn collect(json: &Json, depth: usize, found: &mut Vec<Item>) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("its lists are nested too deeply".to_owned());
    }
    let inner = depth.saturating_add(1);
    let entries = match json {
        Json::Array(items) => return items.iter().try_for_each(|item| collect(item, inner, found)),
        Json::Object(entries) => entries,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            return Err(format!("{json} is neither a run config nor a flow"));
        }
    };
    let class = entries.get("type").and_then(Json::as_str);
    if class.is_some_and(|class| RunConfigKind::from_class(class).is_some()) {
        found.push(Item::RunConfig(json.clone()));
        return Ok(());
    }
    if let Some(name) = entries.get("name").and_then(Json::as_str)
        && ["run_config", "storage", "tasks", "flow_group", "environment", "serialized_flow"]
            .iter()
            .any(|column| entries.contains_key(*column))
    {
        found.push(Item::Flow(Box::new(flow(name, entries))));
        return Ok(());
    }
    // What `prefect build` writes, and what the server's API answers.
    for wrapper in ["flows", "flow", "data"] {
        if let Some(wrapped @ (Json::Array(_) | Json::Object(_))) = entries.get(wrapper) {
            return collect(wrapped, inner, found);
        }
    }
    let class = class.map_or_else(String::new, |class| format!(" of type `{class}`"));
    Err(format!("an object{class} is neither a run config nor a flow"))
}

fn flow(name: &str, row: &Map<String, Json>) -> Flow {
    let serialized = document(row.get("serialized_flow"));
    let group = document(row.get("flow_group"));
    let settings = document(row.get("settings"));
    // A column that is not exported may still be in the serialized flow.
    let column = |column: &str| match document(row.get(column)) {
        Json::Null => document(serialized.get(column)),
        value => value,
    };
    let of_group = |column: &str| document(group.get(column));
    let (own, of_the_group, environment) =
        (column("run_config"), of_group("run_config"), column("environment"));
    let group_labels = of_group("labels");
    let effective = RunSettings {
        group_labels: Some(&group_labels),
        group_run_config: Some(&of_the_group),
        flow_run_config: Some(&own),
        flow_environment: Some(&environment),
        ..RunSettings::default()
    };
    let mut labels = effective.run_labels();
    labels.dedup();
    let run_config = effective.effective_run_config().cloned().unwrap_or_default();
    let schedule = match of_group("schedule") {
        Json::Null => column("schedule"),
        schedule => schedule,
    };
    let parameters = match of_group("default_parameters") {
        Json::Object(parameters) => parameters,
        _ => Map::new(),
    };
    let flag = |name: &str| row.get(name).and_then(Json::as_bool);
    let schedule_active =
        flag("is_schedule_active").or_else(|| settings.get("is_schedule_active").and_then(Json::as_bool));
    let prefect_version = [&run_config, &Json::Object(row.clone()), &serialized]
        .into_iter()
        .find_map(|holder| holder.get("__version__").and_then(Json::as_str).map(str::to_owned))
        .or_else(|| row.get("core_version").and_then(Json::as_str).map(str::to_owned));
    Flow {
        name: name.to_owned(),
        has_environment: run_config.is_null() && !environment.is_null(),
        run_config,
        labels,
        storage: column("storage"),
        schedule,
        schedule_active: schedule_active.unwrap_or(true),
        parameters,
        project: row.get("project").and_then(|project| match project {
            Json::String(name) => Some(name.clone()),
            project => project.get("name").and_then(Json::as_str).map(str::to_owned),
        }),
        version: row.get("version").and_then(Json::as_u64).unwrap_or_default(),
        archived: flag("archived").unwrap_or(false),
        prefect_version,
    }
}

/// A column's JSON, which some exports hold as a text. A text that is none stays, so that it is told and not lost.
fn document(column: Option<&Json>) -> Json {
    match column {
        Some(Json::String(text)) if text.trim().is_empty() => Json::Null,
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone())),
        Some(value) => value.clone(),
        None => Json::Null,
    }
}
