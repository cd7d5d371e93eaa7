//! Artifacts that are documents of the registry: processes, containers, and what belongs to a backend that is not
//! connected. Pure; it knows nothing of what the documents mean.

use flowform_provider_api::ArtifactType;
use serde_json::{Map, Value};

/// An artifact kind whose artifacts are kept as documents.
#[derive(Clone, Copy, Debug)]
pub struct DocumentType(&'static str);

/// `process`: a command with its environment and working directory.
pub static PROCESS: DocumentType = DocumentType("process");
/// `container`: what a Docker host is handed.
pub static CONTAINER: DocumentType = DocumentType("container");
/// `custom_job`: a Vertex AI CustomJob, which has no stored form of its own.
pub static CUSTOM_JOB: DocumentType = DocumentType("custom_job");

impl ArtifactType for DocumentType {
    fn kind(&self) -> &'static str {
        self.0
    }

    /// A field that is null or an empty map is an absent one, and so is a variable of `env` that is null. Nothing
    /// deeper is touched: inside parameters, null is a value.
    fn canonical(&self, body: &Value) -> Value {
        let Value::Object(fields) = body else { return body.clone() };
        let mut canonical = Map::new();
        for (name, value) in fields {
            let value = match value {
                Value::Object(env) if name == "env" => Value::Object(
                    env.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect(),
                ),
                other => other.clone(),
            };
            let absent = value.is_null() || value.as_object().is_some_and(Map::is_empty);
            if !absent {
                canonical.insert(name.clone(), value);
            }
        }
        Value::Object(canonical)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_null_and_empty_are_one() {
        let bare = json!({"command": ["run"]});
        for same in [
            json!({"command": ["run"], "env": {}, "working_dir": null}),
            json!({"env": {"A": null}, "command": ["run"]}),
        ] {
            assert_eq!(PROCESS.hash(&same), PROCESS.hash(&bare));
        }
        assert_ne!(PROCESS.hash(&json!({"command": ["run"], "env": {"A": ""}})), PROCESS.hash(&bare));
        assert_ne!(PROCESS.hash(&json!({"command": []})), PROCESS.hash(&json!({})));
    }

    proptest! {
        #[test]
        fn it_is_idempotent(names in proptest::collection::vec("env|cwd|x", 0..4), kind in 0..4u8) {
            let inner = match kind {
                0 => json!(null),
                1 => json!({}),
                2 => json!({"A": null}),
                _ => json!({"A": {"B": null}}),
            };
            let body = Value::Object(names.into_iter().map(|name| (name, inner.clone())).collect());
            let once = PROCESS.canonical(&body);
            prop_assert_eq!(PROCESS.canonical(&once), once);
        }
    }
}
