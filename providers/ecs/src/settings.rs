//! What a `provider "ecs"` block says. Pure.

use std::collections::BTreeMap;

use flowform_provider_aws as aws;
use serde_json::{Map, Value};

use crate::rates::{MODIFY, Rate};

/// A connection to ECS in one account and region.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Credentials, region, endpoint.
    pub connection: aws::Settings,
    /// Tags that every registered definition gets.
    pub default_tags: BTreeMap<String, String>,
    /// The rate of registrations and deregistrations.
    pub modify: Rate,
}

impl Settings {
    /// The settings of a block's arguments, which are of the types that the language checks.
    pub fn of(arguments: &Map<String, Value>) -> Self {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
        let role = texts(arguments.get("assume_role"));
        let accounts = arguments.get("allowed_account_ids").and_then(Value::as_array);
        let connection = aws::Settings {
            region: text("region"),
            profile: text("profile"),
            keys: None,
            assume_role: role.get("role_arn").map(|arn| aws::AssumeRole {
                role_arn: arn.clone(),
                session_name: role.get("session_name").cloned(),
                external_id: role.get("external_id").cloned(),
            }),
            endpoint: text("endpoint"),
            sts_endpoint: None,
            max_attempts: number(arguments, "max_attempts").map(|attempts| attempts.clamp(1.0, 100.0) as u32),
            allowed_account_ids: accounts
                .into_iter()
                .flatten()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
        };
        // An account whose quota was raised takes proportionally more at once.
        let modify = match number(arguments, "register_rate").filter(|rate| *rate > 0.0) {
            Some(per_second) => Rate { burst: (MODIFY.burst * per_second).max(1.0), per_second },
            None => MODIFY,
        };
        Self { connection, default_tags: texts(arguments.get("default_tags")), modify }
    }
}

fn number(arguments: &Map<String, Value>, name: &str) -> Option<f64> {
    arguments.get(name).and_then(Value::as_f64)
}

fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The definition with the region in each `awslogs` configuration that has none: the service wants it.
pub(crate) fn with_log_region(definition: &mut Map<String, Value>, region: &str) {
    for options in awslogs(definition) {
        options.entry("awslogs-region").or_insert_with(|| region.into());
    }
}

/// Whether a container's logs lack a region.
pub(crate) fn lacks_log_region(definition: &Map<String, Value>) -> bool {
    awslogs(&mut definition.clone()).any(|options| !options.contains_key("awslogs-region"))
}

/// The options of each `awslogs` configuration.
fn awslogs(definition: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let containers = definition.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    let logs = containers.into_iter().flatten().filter_map(|container| container.get_mut("logConfiguration"));
    let logs = logs.filter(|log| log.get("logDriver").and_then(Value::as_str) == Some("awslogs"));
    logs.filter_map(|log| log.get_mut("options").and_then(Value::as_object_mut))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_argument_is_read() {
        let arguments = json!({
            "region": "eu-west-1", "profile": "p", "endpoint": "http://e", "max_attempts": 7,
            "assume_role": {"role_arn": "arn:r", "session_name": "s", "external_id": "x"},
            "allowed_account_ids": ["1", "2"], "default_tags": {"team": "data"},
            "default_log_group": "/flows", "register_rate": 5,
        });
        let settings = Settings::of(arguments.as_object().unwrap());
        let role = settings.connection.assume_role.clone().unwrap();
        assert_eq!((role.role_arn.as_str(), role.external_id.as_deref()), ("arn:r", Some("x")));
        assert_eq!(settings.connection.region.as_deref(), Some("eu-west-1"));
        assert_eq!(settings.connection.profile.as_deref(), Some("p"));
        assert_eq!(settings.connection.endpoint.as_deref(), Some("http://e"));
        assert_eq!(settings.connection.max_attempts, Some(7));
        assert_eq!(settings.connection.allowed_account_ids.len(), 2);
        assert_eq!(settings.default_tags["team"], "data");
        assert_eq!(settings.modify, Rate { burst: 100.0, per_second: 5.0 });
        assert_eq!(Settings::of(&Map::new()).modify, MODIFY);
    }

    #[test]
    fn logs_get_the_region_that_they_lack() {
        let own = json!({"logDriver": "json-file", "options": {}});
        let definition = json!({"family": "f", "containerDefinitions": [
            {"name": "a", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/flows"}}},
            {"name": "b", "logConfiguration": own},
            {"name": "c"},
        ]});
        let mut definition = definition.as_object().unwrap().clone();
        assert!(lacks_log_region(&definition));
        with_log_region(&mut definition, "eu-west-1");
        assert!(!lacks_log_region(&definition));
        let log = |index: usize| &definition["containerDefinitions"][index]["logConfiguration"];
        assert_eq!(log(0)["options"], json!({"awslogs-group": "/flows", "awslogs-region": "eu-west-1"}));
        assert_eq!(*log(1), own);
        assert!(log(2).is_null());
    }
}
