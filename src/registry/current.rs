//! The derived documents that others read: `current/` for schedulers and orchestrators, `agents/` for the label
//! coverage of other roots. They are remade from the log and the configuration, so nothing is decided by them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::store::Registry;
use super::{RegistryError, keys};

/// What every reader needs of an agents document; the rest is whoever writes it to say.
#[derive(Deserialize)]
struct AgentsDocument {
    root: String,
}

/// The agents that every root of the project published.
#[derive(Clone, Debug, Default)]
pub struct PublishedAgents {
    /// The documents, by root.
    pub by_root: BTreeMap<String, Value>,
    /// Documents that could not be understood, in sentences.
    pub warnings: Vec<String>,
    /// How many calls it took.
    pub calls: u64,
}

impl Registry {
    /// Writes `current/` of the flow that has this name.
    pub async fn publish(&self, name: &str, document: &Value) -> Result<(), RegistryError> {
        let key = keys::current(name);
        self.store().put(&key, text(&key, document)?).await?;
        Ok(())
    }

    /// What `current/` says of the flow that has this name.
    pub async fn current(&self, name: &str) -> Result<Option<Value>, RegistryError> {
        let key = keys::current(name);
        let Some(stored) = self.store().get(&key).await? else { return Ok(None) };
        serde_json::from_slice(&stored.bytes).map(Some).map_err(|error| RegistryError::damaged(key, error))
    }

    /// Removes `current/` of this name; none is success.
    pub async fn withdraw(&self, name: &str) -> Result<(), RegistryError> {
        Ok(self.store().delete(&keys::current(name)).await?)
    }

    /// Publishes the document of the agents that `root` declares; its `root` is that one.
    pub async fn publish_agents(&self, root: &str, document: &Value) -> Result<(), RegistryError> {
        let key = keys::agents(root);
        self.store().put(&key, text(&key, document)?).await?;
        Ok(())
    }

    /// Removes the agents of `root`; none is success.
    pub async fn withdraw_agents(&self, root: &str) -> Result<(), RegistryError> {
        Ok(self.store().delete(&keys::agents(root)).await?)
    }

    /// The agents of every root.
    pub async fn agents(&self) -> Result<PublishedAgents, RegistryError> {
        let store = self.store();
        let mut published = PublishedAgents { calls: 1, ..PublishedAgents::default() };
        for entry in store.list(keys::AGENTS, None).await? {
            published.calls += 1;
            let Some(stored) = store.get(&entry.key).await? else { continue };
            let document = serde_json::from_slice::<Value>(&stored.bytes)
                .and_then(|document| Ok((AgentsDocument::deserialize(&document)?.root, document)));
            match document {
                Ok((root, document)) => drop(published.by_root.insert(root, document)),
                Err(error) => published.warnings.push(format!(
                    "{} in the registry is damaged ({error}); the agents that it declares are not considered. The \
                     next apply of its root writes it again",
                    entry.key
                )),
            }
        }
        Ok(published)
    }
}

fn text(key: &str, document: &impl Serialize) -> Result<Vec<u8>, RegistryError> {
    serde_json::to_vec(document).map_err(|error| RegistryError::damaged(key, error))
}
