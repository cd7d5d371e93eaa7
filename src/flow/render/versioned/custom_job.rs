//! The CustomJob of a `vertex` version (semantics 4). It calls no API.

use serde_json::{Map, Value as Json, json};

use super::super::origin::{Origin, Origins};
use super::super::runtime::contract;
use super::{Input, RenderError, image_origin};
use crate::flow::kind::AgentKind;
use crate::flow::slug::{cut, slugify};

/// The longest display name.
const MAX_NAME: usize = 128;

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
    // Written in either spelling, it is replaced whole.
    pool.remove("containerSpec");
    let at = |rest: &'static str| ["job_spec", "worker_pool_specs", "0", "container_spec", rest];
    origins.set(&at("")[..4], Origin::Runtime);
    origins.set_from(&at("image_uri"), image_origin(from, Origin::BuiltIn), "image");
    let mut env = Vec::with_capacity(contract.env.len());
    for (index, (name, (value, origin))) in contract.env.iter().enumerate() {
        env.push(json!({"name": name, "value": value}));
        let index = index.to_string();
        let path = ["job_spec", "worker_pool_specs", "0", "container_spec", "env", &index];
        origins.set_from(&path, *origin, format!("env.{name}"));
    }
    pool.insert(
        "container_spec".to_owned(),
        json!({"image_uri": image, "command": contract.command, "args": [], "env": env}),
    );

    let mut spec = Map::from_iter([("worker_pool_specs".to_owned(), Json::Array(pools))]);
    for name in ["network", "scheduling", "service_account"] {
        if let Some(value) = input.given(name) {
            spec.insert(name.to_owned(), value.clone());
            origins.set_from(&["job_spec", name], Origin::RunConfig, name);
        } else if let Some(value) = input.agent_default(AgentKind::Vertex, name) {
            spec.insert(name.to_owned(), value.clone());
            origins.set_from(&["job_spec", name], Origin::AgentDefault, name);
        }
    }
    let display_name = cut(&slugify(input.name), MAX_NAME);
    let body = json!({ "display_name": display_name, "job_spec": spec, "per_run": contract.per_run });
    Ok((body, origins))
}
