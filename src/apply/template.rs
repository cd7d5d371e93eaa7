//! IO: writes and removes shared templates. What is about to be written is recorded first, so that a kill between any two
//! steps leaves something that the next apply knows for its own.

use std::sync::Arc;

use flowform_provider_api::{Digest, Etag, TemplateStore};
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::executor::Interrupt;
use super::step::{Shared, StepError, failed};
use crate::registry::event::Event;

/// A template on its way to where it is stored.
pub(super) struct Storing {
    pub(super) uri: String,
    pub(super) address: String,
    pub(super) digest: Digest,
    pub(super) document: Box<RawValue>,
    pub(super) text: String,
    pub(super) sha256: Digest,
    pub(super) expected: Option<Etag>,
    pub(super) found: Option<Digest>,
    pub(super) is_written: bool,
}

impl Storing {
    pub(super) async fn run(
        self,
        shared: &Shared,
        interrupt: &watch::Receiver<Interrupt>,
    ) -> Result<(), StepError> {
        let Self { uri, address, digest, document, text, sha256, expected, found, is_written } = self;
        if let Some(found) = found {
            // Otherwise the next record would forget that this is ours.
            let (root, uri) = (shared.root.clone(), uri.clone());
            shared.append(Event::BindTemplate { root, uri, sha256: found }).await?;
        }
        let (root, origin) = (shared.root.clone(), shared.origin());
        let write = Event::WriteTemplate {
            uri: uri.clone(),
            address,
            root,
            digest,
            document,
            sha256: sha256.clone(),
            origin,
        };
        shared.append(write).await?;
        if is_written {
            let store = store(shared, &uri)?;
            let _permit = shared.permit(interrupt).await?;
            shared.writer.watch().check()?;
            let written = store.write(&uri, text.into_bytes(), expected.as_ref()).await;
            written.map_err(|error| failed("written", "template", &error))?;
        }
        let root = shared.root.clone();
        shared.append(Event::BindTemplate { root, uri, sha256 }).await?;
        Ok(())
    }
}

/// Removes a template, or only the record of one where nothing is expected.
pub(super) async fn remove(
    shared: &Shared,
    uri: String,
    expected: Option<Etag>,
    interrupt: &watch::Receiver<Interrupt>,
) -> Result<(), StepError> {
    if let Some(expected) = expected {
        let store = store(shared, &uri)?;
        let _permit = shared.permit(interrupt).await?;
        shared.writer.watch().check()?;
        store.delete(&uri, &expected).await.map_err(|error| failed("removed", "template", &error))?;
    }
    let root = shared.root.clone();
    shared.append(Event::DropTemplate { root, uri }).await?;
    Ok(())
}

fn store(shared: &Shared, uri: &str) -> Result<Arc<dyn TemplateStore>, StepError> {
    (shared.templates)(uri).ok_or_else(|| {
        StepError::Failed(format!("There is no store for templates at {uri} in this version."))
    })
}
