//! The CustomJob of a `vertex` version (semantics 4). It calls no API.

use serde_json::{Map, Value as Json, json};

use super::super::mapping::without_apostrophes;
use super::super::origin::{Origin, Origins};
use super::super::runtime::contract;
use super::start::{VERSION_HOLE, Version};
use super::{ArtifactKind, Input, RenderError, image_origin};
use crate::flow::kind::AgentKind;
use crate::flow::slug::{cut, slugify};

/// The longest display name.
const MAX_NAME: usize = 128;
/// The longest value of a label (Vertex AI, "CustomJob": labels).
const MAX_LABEL: usize = 63;

/// The label of the flow version.
pub(super) const VERSION_LABEL: &str = "flowform_version";

/// The body: `display_name`, `job_spec` with the pools, the account, the network and the scheduling, and the names of
/// the variables that are added per run.
pub(super) fn body(input: Input<'_>) -> Result<(Json, Origins), RenderError> {
    let (image, from) = input.image(None);
    let contract = contract(input, AgentKind::Vertex, None)?;
    if let Some(name) = contract.secret_env.keys().next() {
        return Err(RenderError::UnresolvableSecret(name.clone(), AgentKind::Vertex.label()));
    }
    let mut origins = Origins::of(Origin::Runtime);
    origins.set(&["display_name"], Origin::Flow);

    let pools_at = ["job_spec", "worker_pool_specs"];
    let mut pools = match input.given("worker_pool_specs").and_then(Json::as_array) {
        Some(pools) => {
            origins.set_from(&pools_at, Origin::RunConfig, "worker_pool_specs");
            pools.clone()
        }
        None => {
            let machine = input.text("machine_type").unwrap_or("e2-standard-4");
            origins.set_from(&pools_at, Origin::RunConfig, "machine_type");
            origins.set(&["job_spec", "worker_pool_specs", "0", "replica_count"], Origin::BuiltIn);
            vec![json!({"machine_spec": {"machine_type": machine}, "replica_count": 1})]
        }
    };
    let Some(Json::Object(pool)) = pools.first_mut() else {
        return Err(RenderError::Template("worker_pool_specs[0]".to_owned(), "an object"));
    };
    if pool.get("replica_count").is_none_or(Json::is_null) {
        // The service counts none where none is said, and the first pool has exactly one.
        pool.insert("replica_count".to_owned(), 1.into());
        origins.set(&["job_spec", "worker_pool_specs", "0", "replica_count"], Origin::BuiltIn);
    }
    // Written in either spelling, it is replaced whole.
    pool.remove("containerSpec");
    let at = |rest: &'static str| ["job_spec", "worker_pool_specs", "0", "container_spec", rest];
    origins.set(&at("")[..4], Origin::Runtime);
    origins.set_from(&at("image_uri"), image_origin(from, Origin::BuiltIn), "image");
    let mut env = Vec::with_capacity(contract.env.len());
    for (index, (name, (value, origin))) in contract.env.iter().enumerate() {
        let value = match (name.as_str(), value.as_str()) {
            ("FLOWFORM_STORAGE", Some(text)) => without_apostrophes(text).into(),
            (_, _) => value.clone(),
        };
        env.push(json!({"name": name, "value": value}));
        let index = index.to_string();
        let path = ["job_spec", "worker_pool_specs", "0", "container_spec", "env", &index];
        origins.set_from(&path, *origin, format!("env.{name}"));
    }
    pool.insert(
        "container_spec".to_owned(),
        json!({"image_uri": image, "command": contract.command, "args": [], "env": env}),
    );

    // A pool that is null skips a role; the service's lists have no null members.
    for pool in pools.iter_mut().filter(|pool| pool.is_null()) {
        *pool = json!({});
    }
    let whole = input.definition.get("custom_job").and_then(Json::as_object);
    let mut job = whole.cloned().unwrap_or_default();
    for name in job.keys() {
        origins.set_from(&[name], Origin::RunConfig, "custom_job");
    }
    let mut spec = match job.remove("job_spec") {
        Some(Json::Object(spec)) => spec,
        _ => Map::new(),
    };
    for name in spec.keys() {
        origins.set_from(&["job_spec", name], Origin::RunConfig, "custom_job");
    }
    spec.insert("worker_pool_specs".to_owned(), Json::Array(pools));
    for name in ["network", "scheduling", "service_account"] {
        if let Some(value) = input.given(name) {
            let mut value = value.clone();
            if name == "scheduling" {
                durations(&mut value);
            }
            spec.insert(name.to_owned(), value);
            origins.set_from(&["job_spec", name], Origin::RunConfig, name);
        } else if let Some(value) = input.agent_default(AgentKind::Vertex, name) {
            spec.insert(name.to_owned(), value.clone());
            origins.set_from(&["job_spec", name], Origin::AgentDefault, name);
        }
    }
    let mut display_name = cut(&slugify(input.name), MAX_NAME);
    if display_name.is_empty() {
        // Nothing of the name is left, and a job without one is refused.
        "flow".clone_into(&mut display_name);
    }
    if job.get("display_name").and_then(Json::as_str).is_none_or(str::is_empty) {
        job.insert("display_name".to_owned(), display_name.into());
    }
    job.insert("job_spec".to_owned(), Json::Object(spec));
    job.insert("per_run".to_owned(), json!(contract.per_run));
    Ok((Json::Object(job), origins))
}

/// Labels a job with what it is a run of, so that the jobs of a version are found; over labels of the same names.
pub(super) fn label(job: &mut Map<String, Json>, version: Version<'_>) {
    let own = [
        ("flowform_project", cut(&slugify(version.project), MAX_LABEL)),
        ("flowform_flow", cut(&slugify(version.name), MAX_LABEL)),
        (
            VERSION_LABEL,
            version.version.map_or_else(|| VERSION_HOLE.to_owned(), |version| version.to_string()),
        ),
        ("flowform_registry", version.registry.unwrap_or_default().to_owned()),
        ("flowform_spec", spec(version).unwrap_or_default()),
    ];
    let labels = job.entry("labels").or_insert_with(|| Json::Object(Map::new()));
    let Json::Object(labels) = labels else { return };
    for (name, value) in own.into_iter().filter(|(_, value)| !value.is_empty()) {
        labels.insert(name.to_owned(), value.into());
    }
}

/// What the label `flowform_spec` says of the version's stored spec: the flow's id and the version that the spec was made
/// for, which need not be the one that runs.
fn spec(version: Version<'_>) -> Option<String> {
    let kind = ArtifactKind::CustomJob.name();
    let (_, id) = version.artifacts.iter().find(|(found, _)| *found == kind)?;
    let (place, name) = id.rsplit_once('/')?;
    let flow = place.rsplit('/').next()?;
    Some(format!("{flow}_{}", name.split('-').next()?))
}

/// Durations as the service's JSON form has them: the client's library takes `{ seconds = 3600 }` as well.
fn durations(scheduling: &mut Json) {
    for (_, value) in scheduling.as_object_mut().into_iter().flatten() {
        let Some(parts) = value.as_object() else { continue };
        let part = |name: &str| parts.get(name).and_then(Json::as_i64).map_or(0, i128::from);
        let nanos = part("seconds").saturating_mul(1_000_000_000).saturating_add(part("nanos"));
        let sign = if nanos < 0 { "-" } else { "" };
        let (whole, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
        *value = match rest {
            0 => format!("{sign}{whole}s").into(),
            rest => format!("{sign}{whole}.{rest:09}s").into(),
        };
    }
}
