//! The derived documents that others read: `current/` for schedulers and orchestrators, `agents/` for the label
//! coverage of other roots. They are remade from the log and the configuration, so nothing is decided by them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use flowform_provider_api::{ErrorKind, Etag, ProviderError, PutOutcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::store::Registry;
use super::{RegistryError, keys, lease};

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

/// How often a document is written over what somebody else wrote in between.
const TRIES: u32 = 4;

/// What `current/` held when a writer had made sure of its lease, with what it has written since.
#[derive(Debug, Default)]
pub struct Seen {
    nonce: String,
    tags: Mutex<BTreeMap<String, Etag>>,
}

impl Seen {
    fn tag(&self, key: &str) -> Option<Etag> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn set(&self, key: String, tag: Option<Etag>) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        match tag {
            Some(tag) => drop(tags.insert(key, tag)),
            None => drop(tags.remove(&key)),
        }
    }
}

impl Registry {
    /// What `current/` holds, for the writer whose lease is `nonce`.
    ///
    /// # Errors
    /// `current/` or the lease cannot be read, or the lease is lost.
    pub async fn seen(&self, nonce: &str) -> Result<Seen, RegistryError> {
        let store = self.store();
        let entries = store.list(keys::CURRENT, None).await?;
        // Asked afterwards: nobody who took the lease over can have published what was listed.
        lease::confirm(store.as_ref(), nonce).await?;
        let tags = entries.into_iter().map(|entry| (entry.key, entry.etag)).collect();
        Ok(Seen { nonce: nonce.to_owned(), tags: Mutex::new(tags) })
    }

    /// Writes `current/` of the flow that has this name, over what was seen there and over nothing else: a writer that lost
    /// its lease and does not know it meets what the next one wrote.
    ///
    /// # Errors
    /// `LostLease`; the store fails.
    pub async fn publish(&self, name: &str, document: &Value, seen: &Seen) -> Result<(), RegistryError> {
        let (store, key) = (self.store(), keys::current(name));
        let bytes = text(&key, document)?;
        for _ in 0..TRIES {
            let outcome = match seen.tag(&key) {
                Some(tag) => store.put_if_match(&key, bytes.clone(), &tag).await?,
                None => store.put_if_absent(&key, bytes.clone()).await?,
            };
            if let PutOutcome::Written(tag) = outcome {
                seen.set(key, Some(tag));
                return Ok(());
            }
            // Whoever wrote there has the lease now, or had it before us and was late.
            let found = store.get(&key).await?;
            lease::confirm(store.as_ref(), &seen.nonce).await?;
            seen.set(key.clone(), found.map(|found| found.etag));
        }
        let text = format!("{key} is written by somebody else again and again");
        Err(ProviderError::new(ErrorKind::Conflict, text).into())
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
