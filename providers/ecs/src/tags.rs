//! Whose a revision is, as tags: the registry, the project, the flow, the version. What the original's agents look for is
//! there as well. Pure.

use std::collections::BTreeMap;

use flowform_provider_api::{Digest, FlowId, Identity, RegistryId};
use serde_json::{Map, Value, json};

/// The longest value of a tag (page `API_Tag`).
const MAX_VALUE: usize = 256;

const REGISTRY: &str = "flowform:registry";
const PROJECT: &str = "flowform:project";
const FLOW_ID: &str = "flowform:flow-id";
const FLOW: &str = "flowform:flow";
const VERSION: &str = "flowform:version";
const DIGEST: &str = "flowform:digest";
const HASH: &str = "flowform:hash";
const PREFECT_FLOW_ID: &str = "prefect:flow-id";
const PREFECT_FLOW_VERSION: &str = "prefect:flow-version";

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// The tags of a revision with this content.
pub(crate) fn of(identity: &Identity, hash: &Digest) -> Tags {
    let version = identity.version.to_string();
    let all = [
        (REGISTRY, value(identity.registry.as_str())),
        (PROJECT, value(&identity.project)),
        (FLOW_ID, value(identity.flow.as_str())),
        (FLOW, value(&identity.flow_name)),
        (VERSION, version.clone()),
        (DIGEST, identity.digest.as_str().to_owned()),
        (HASH, hash.as_str().to_owned()),
        (PREFECT_FLOW_ID, value(identity.flow.as_str())),
        (PREFECT_FLOW_VERSION, version),
    ];
    all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Whose a revision says it is; `None` when it does not say all of it.
pub(crate) fn identity(tags: &Tags) -> Option<Identity> {
    let text = |key: &str| tags.get(key).cloned();
    let digest = |key: &str| serde_json::from_value::<Digest>(json!(tags.get(key)?)).ok();
    Some(Identity {
        registry: RegistryId(text(REGISTRY)?),
        project: text(PROJECT)?,
        flow: FlowId(text(FLOW_ID)?),
        flow_name: text(FLOW)?,
        version: text(VERSION)?.parse().ok()?,
        digest: digest(DIGEST)?,
    })
}

/// The hash of the content that it was registered with.
pub(crate) fn hash(tags: &Tags) -> Option<Digest> {
    serde_json::from_value(json!(tags.get(HASH)?)).ok()
}

/// Whether the revision is of that registry and project.
pub(crate) fn is_of_project(found: &Identity, registry: &RegistryId, project: &str) -> bool {
    found.registry.as_str() == value(registry.as_str()) && found.project == value(project)
}

/// Whether it is of the same flow.
pub(crate) fn is_of_flow(found: &Identity, wanted: &Identity) -> bool {
    is_of_project(found, &wanted.registry, &wanted.project)
        && found.flow.as_str() == value(wanted.flow.as_str())
}

/// Whether a revision says that it is of some registry, whether or not it says the rest.
pub(crate) fn is_owned(tags: &Tags) -> bool {
    tags.contains_key(REGISTRY)
}

/// Whose the tags say that a revision is, against what they may say: what is wrong, as a clause; `None` where they are as
/// they were written.
pub(crate) fn altered(tags: &Tags, expected: &[Identity], content: &Digest) -> Option<String> {
    let wrong = |one: &Identity| -> Vec<String> {
        let wanted = of(one, content);
        // The name is an alias; the flow may have had another one.
        let counted = wanted.into_iter().filter(|(key, _)| key != FLOW);
        let told = counted.filter_map(|(key, value)| match tags.get(&key) {
            Some(found) if *found == value => None,
            Some(found) => Some(format!("its tag `{key}` is `{found}` and was `{value}`")),
            None => Some(format!("its tag `{key}` is gone, which was `{value}`")),
        });
        told.collect()
    };
    // Of what it may say, what it is closest to.
    let wrong = expected.iter().map(wrong).min_by_key(Vec::len)?;
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// Whether flowform alone sets the tag.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.starts_with("flowform:") || key == PREFECT_FLOW_ID || key == PREFECT_FLOW_VERSION
}

/// Tags as the API has them: a list of `key` and `value`.
pub(crate) fn read(list: &Value) -> Tags {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    let tags = list.as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default()))).collect()
}

/// The list that the API takes.
pub(crate) fn written(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// The request that registers a definition: its own tags go over the provider's, and under those that say whose it is.
pub(crate) fn request(definition: &Map<String, Value>, defaults: &Tags, ours: &Tags) -> Value {
    let own = definition.get("tags").map(read).unwrap_or_default();
    let mut tags = defaults.clone();
    tags.extend(own);
    tags.extend(ours.clone());
    let mut request = definition.clone();
    request.insert("tags".to_owned(), written(&tags));
    Value::Object(request)
}

/// A text as the value of a tag: characters that tags do not take become underscores, and the end of a long one goes.
fn value(text: &str) -> String {
    let legal = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    text.chars().map(|c| if legal(c) { c } else { '_' }).take(MAX_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Identity {
        Identity {
            registry: RegistryId("2c1a6e3e".into()),
            project: "shop".into(),
            flow: FlowId("7d3f".into()),
            flow_name: "etl".into(),
            version: 3,
            digest: Digest::of_bytes(b"definition"),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let tags = of(&example(), &Digest::of_bytes(b"content"));
        assert_eq!(identity(&tags), Some(example()));
        assert_eq!(hash(&tags), Some(Digest::of_bytes(b"content")));
        assert_eq!(tags.get("prefect:flow-id").map(String::as_str), Some("7d3f"));
        assert_eq!(tags.get("prefect:flow-version").map(String::as_str), Some("3"));
        for key in tags.keys() {
            assert!(is_reserved(key), "{key}");
            let mut less = tags.clone();
            less.remove(key);
            let whole = matches!(key.as_str(), HASH | PREFECT_FLOW_ID | PREFECT_FLOW_VERSION);
            assert_eq!(identity(&less).is_some(), whole, "without {key}");
        }
    }

    #[test]
    fn names_that_tags_do_not_take_stay_ours() {
        let odd = Identity { project: "a & b № 1".into(), ..example() };
        let found = identity(&of(&odd, &Digest::of_bytes(b""))).unwrap();
        assert_eq!(found.project, "a _ b _ 1");
        assert!(is_of_flow(&found, &odd));
        assert!(!is_of_flow(&found, &example()));
        assert!(!is_of_project(&found, &RegistryId("another".into()), "a & b № 1"));
    }

    #[test]
    fn the_definition_s_own_tags_go_over_the_provider_s() {
        let definition = json!({"family": "f", "tags": [{"key": "team", "value": "own"}, {"key": "flowform:version", "value": "9"}]});
        let defaults = Tags::from([("team".into(), "default".into()), ("cost".into(), "7".into())]);
        let ours = Tags::from([("flowform:version".into(), "1".into())]);
        let request = request(definition.as_object().unwrap(), &defaults, &ours);
        let expected = [("cost", "7"), ("flowform:version", "1"), ("team", "own")];
        let expected: Tags = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(read(&request["tags"]), expected);
    }
}
