//! The task definition of an `ecs` version (semantics 2.3): complete, so that whoever starts it gets the flow. It
//! registers nothing, and holds no tags of its own: whose it is, the provider says.

use serde_json::{Map, Value as Json, json};

use super::super::origin::{Origin, Origins};
use super::super::runtime::{Contract, contract};
use super::{Input, RenderError, image_origin};
use crate::flow::definition::{LOG_GROUP, LOG_REGION, is_arn};
use crate::flow::kind::AgentKind;
use crate::flow::launch::{self, Said};
use crate::flow::python::truthy;
use crate::flow::slug::{cut, slugify};

/// The container that runs the flow.
pub(super) const FLOW: &str = "flow";

/// The longest family.
const MAX_FAMILY: usize = 255;

/// The body: the whole definition, and the names of the variables that are added per run.
pub(super) fn body(input: Input<'_>) -> Result<(Json, Origins), RenderError> {
    if input.given("task_definition_arn").is_some() {
        return Err(RenderError::Registered);
    }
    let of_agent = input.agent_default(AgentKind::Ecs, "task_definition");
    let (template, origin) = match (input.given("task_definition"), of_agent) {
        (Some(template), _) if is_given(template) => (template.clone(), Origin::Template),
        (None, _) if input.given("task_definition_path").is_some() => {
            return Err(RenderError::Remote("task_definition_path"));
        }
        (None, None) if input.agent_default(AgentKind::Ecs, "task_definition_path").is_some() => {
            return Err(RenderError::Remote("task_definition_path"));
        }
        (_, Some(template)) if is_given(template) => (template.clone(), Origin::AgentDefault),
        _ => (built_in(), Origin::BuiltIn),
    };
    let Json::Object(mut task) = template else {
        return Err(RenderError::Template("task_definition".to_owned(), "an object"));
    };
    let mut origins = Origins::of(origin);
    let at = |name: &'static str| ["task_definition", name];

    task.insert("family".to_owned(), family(input).into());
    origins.set_from(&at("family"), Origin::Flow, "family");

    let (index, container) = flow_container(&mut task)?;
    let own_image = container.get("image").and_then(Json::as_str);
    let (image, from) = input.image(own_image);
    let contract = contract(input, AgentKind::Ecs, Some(&image))?;
    let within = |name: &'static str| ["task_definition", "containerDefinitions", &*index, name];
    container.insert("image".to_owned(), image.into());
    origins.set_from(&within("image"), image_origin(from, origin), "image");
    container.insert("command".to_owned(), contract.command.clone().into());
    origins.set(&within("command"), contract.command_origin());
    environment(container, &contract, (&index, origin), &mut origins)?;
    secrets(container, &contract, (&index, origin), &mut origins)?;

    for name in ["cpu", "memory"] {
        // An empty text is none (semantics 2.4).
        if let Some(value) = input.given(name).filter(|value| truthy(value)) {
            task.insert(name.to_owned(), value.clone());
            origins.set_from(&at(name), Origin::RunConfig, name);
        } else if let Some(number) = task.get_mut(name).filter(|value| value.is_number()) {
            *number = crate::flow::python::text(number).into();
        }
    }
    for (field, argument) in [("executionRoleArn", "execution_role_arn"), ("taskRoleArn", "task_role_arn")] {
        if let Some(role) = input.given(argument) {
            task.insert(field.to_owned(), role.clone());
            origins.set_from(&at(field), Origin::RunConfig, argument);
        } else if task.get(field).is_none_or(Json::is_null) {
            task.remove(field);
            if let Some(role) = input.agent_default(AgentKind::Ecs, argument) {
                task.insert(field.to_owned(), role.clone());
                origins.set_from(&at(field), Origin::AgentDefault, argument);
            }
        }
    }
    if !task.contains_key("requiresCompatibilities") {
        let (launch, origin) = launch_type(input);
        if let Some(launch) = launch {
            task.insert("requiresCompatibilities".to_owned(), json!([launch]));
            origins.set_from(&at("requiresCompatibilities"), origin, "launch_type");
        }
    }
    logs(input, &mut task, &mut origins);
    origins.set(&["per_run"], Origin::Runtime);
    Ok((json!({ "task_definition": task, "per_run": contract.per_run }), origins))
}

/// The provider's log group, for containers without a log configuration. A region that its block does not say is added
/// when the definition is registered.
fn logs(input: Input<'_>, task: &mut Map<String, Json>, origins: &mut Origins) {
    let given = |name: &str| input.definition.get(name).and_then(Json::as_str);
    let Some(group) = given(LOG_GROUP).filter(|group| !group.is_empty()) else { return };
    let mut options = Map::from_iter([
        ("awslogs-group".to_owned(), Json::from(group)),
        ("awslogs-stream-prefix".to_owned(), family(input).into()),
    ]);
    options.extend(given(LOG_REGION).map(|region| ("awslogs-region".to_owned(), region.into())));
    let containers = task.get_mut("containerDefinitions").and_then(Json::as_array_mut);
    for (index, container) in containers.into_iter().flatten().enumerate() {
        let Some(container) = container.as_object_mut() else { continue };
        if container.get("logConfiguration").is_none_or(Json::is_null) {
            let log = json!({"logDriver": "awslogs", "options": options});
            container.insert("logConfiguration".to_owned(), log);
            let path = ["task_definition", "containerDefinitions", &index.to_string(), "logConfiguration"];
            origins.set_from(&path, Origin::Provider, LOG_GROUP);
        }
    }
}

/// Definitions count when they hold something (semantics 2.3: by truthiness).
fn is_given(template: &Json) -> bool {
    template.as_object().is_some_and(|entries| !entries.is_empty())
}

/// The original's own definition (semantics 2.1).
fn built_in() -> Json {
    json!({"networkMode": "awsvpc", "cpu": "1024", "memory": "2048", "containerDefinitions": [{"name": FLOW}]})
}

/// The flow's family: as it says, else project and flow as a slug. A slug that does not give back the names has a short
/// hash of them behind it, so that two flows never share a family.
pub fn family_of(definition: &Json, name: &str, project: &str) -> String {
    if let Some(family) = definition.get("family").and_then(Json::as_str) {
        return family.to_owned();
    }
    let whole = format!("{project}-{name}");
    let slug = slugify(&whole);
    if slug == whole && slug.len() <= MAX_FAMILY {
        return slug;
    }
    let digest = flowform_provider_api::Digest::of(&json!([project, name]));
    let hash: String = digest.as_str().rsplit(':').next().unwrap_or_default().chars().take(8).collect();
    let slug = cut(&slug, MAX_FAMILY - 9);
    if slug.is_empty() { hash } else { format!("{slug}-{hash}") }
}

fn family(input: Input<'_>) -> String {
    family_of(input.definition, input.name, input.project)
}

/// The launch type of the agents, and whether they say it.
pub(super) fn launch_type(input: Input<'_>) -> (Option<String>, Origin) {
    let strategy = input
        .agent_default(AgentKind::Ecs, "run_task_kwargs")
        .and_then(|kwargs| kwargs.get("capacityProviderStrategy"))
        .is_some_and(truthy);
    let given = input.agent_default(AgentKind::Ecs, "launch_type").and_then(Json::as_str);
    let origin = if given.is_some() || strategy { Origin::AgentDefault } else { Origin::BuiltIn };
    (launch::launch_type(Said { launch_type: given, strategy }), origin)
}

/// The first container named `flow`, with its index as text; appended last where there is none.
fn flow_container(task: &mut Map<String, Json>) -> Result<(String, &mut Map<String, Json>), RenderError> {
    let wrong = || RenderError::Template("containerDefinitions".to_owned(), "a list of objects");
    let containers = task.entry("containerDefinitions").or_insert_with(|| json!([]));
    if containers.is_null() {
        *containers = json!([]);
    }
    let containers = containers.as_array_mut().ok_or_else(wrong)?;
    let named = |container: &Json| container.get("name").and_then(Json::as_str) == Some(FLOW);
    let index = containers.iter().position(named).unwrap_or_else(|| {
        containers.push(json!({"name": FLOW}));
        containers.len() - 1
    });
    let container = containers.get_mut(index).and_then(Json::as_object_mut).ok_or_else(wrong)?;
    Ok((index.to_string(), container))
}

/// The entries of a list of the container, without those that the contract sets.
fn theirs(
    container: &mut Map<String, Json>,
    field: &'static str,
    contract: &Contract,
) -> Result<Vec<Json>, RenderError> {
    let mut entries = match container.remove(field) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(entries)) => entries,
        Some(_) => {
            return Err(RenderError::Template(format!("containerDefinitions[flow].{field}"), "a list"));
        }
    };
    entries.retain(|entry| !entry.get("name").and_then(Json::as_str).is_some_and(|name| contract.sets(name)));
    Ok(entries)
}

fn environment(
    container: &mut Map<String, Json>,
    contract: &Contract,
    (index, template): (&str, Origin),
    origins: &mut Origins,
) -> Result<(), RenderError> {
    let mut env = theirs(container, "environment", contract)?;
    let mut note = |place: usize, origin: Origin, name: &str| {
        let place = place.to_string();
        let path = ["task_definition", "containerDefinitions", index, "environment", &place];
        origins.set_from(&path, origin, format!("env.{name}"));
    };
    for (place, variable) in env.iter().enumerate() {
        note(place, template, variable.get("name").and_then(Json::as_str).unwrap_or_default());
    }
    for (name, (value, origin)) in &contract.env {
        note(env.len(), *origin, name);
        env.push(json!({"name": name, "value": value}));
    }
    container.insert("environment".to_owned(), env.into());
    Ok(())
}

fn secrets(
    container: &mut Map<String, Json>,
    contract: &Contract,
    (index, template): (&str, Origin),
    origins: &mut Origins,
) -> Result<(), RenderError> {
    let mut secrets = theirs(container, "secrets", contract)?;
    let path = ["task_definition", "containerDefinitions", index, "secrets"];
    origins.set(&path, template);
    for (name, reference) in &contract.secret_env {
        if !is_arn(reference) {
            return Err(RenderError::UnresolvableSecret(name.clone(), AgentKind::Ecs.label()));
        }
        let place = secrets.len().to_string();
        let [a, b, c, d] = path;
        origins.set_from(&[a, b, c, d, &place], Origin::RunConfig, format!("secret_env.{name}"));
        secrets.push(json!({"name": name, "valueFrom": reference}));
    }
    if !secrets.is_empty() {
        container.insert("secrets".to_owned(), secrets.into());
    }
    Ok(())
}
