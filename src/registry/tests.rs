#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lease;
mod log;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use flowform_provider_api::{Binding, Digest, FlowId, Location, ObjectStore, RegistryId};

use super::event::{Event, Origin};
use super::lease::{Holder, Lease, LeaseOptions, Now, acquire};
use super::store::Registry;
use super::view::View;
use super::writer::{Writer, WriterOptions};

fn now() -> Now {
    Arc::new(|| "2026-01-02T03:04:05Z".to_owned())
}

fn origin() -> Origin {
    Origin { at: "2026-01-01T00:00:00Z".into(), by: "me@here".into(), commit: None }
}

fn id(flow: u32) -> FlowId {
    FlowId(format!("flow-{flow}"))
}

fn definition(flow: u32, version: u32) -> String {
    format!(r#"{{"flow":{flow},"version":{version}}}"#)
}

fn reserve(flow: u32, version: u32) -> Event {
    let text = definition(flow, version);
    Event::Reserve {
        flow: id(flow),
        name: format!("name {flow}"),
        address: format!("flow.f{flow}"),
        root: "main".into(),
        version,
        digest: Digest::of_bytes(text.as_bytes()),
        definition: serde_json::value::RawValue::from_string(text).expect("JSON"),
        origin: origin(),
    }
}

fn binding(flow: u32, version: u32) -> Binding {
    Binding {
        kind: "process".into(),
        provider: "local".into(),
        id: format!("specs/flow-{flow}/v{version}-process.json"),
        hash: Digest::of_bytes(b"artifact"),
        location: Location("registry".into()),
        tag: None,
    }
}

fn bind(flow: u32, version: u32) -> Event {
    let at = format!("2026-01-01T00:00:{version:02}Z");
    Event::Bind { flow: id(flow), version, artifacts: vec![binding(flow, version)], at }
}

fn text(view: &View) -> String {
    serde_json::to_string_pretty(view).expect("a view is JSON")
}

fn options(ttl: Duration, patience: Duration) -> LeaseOptions {
    LeaseOptions { ttl, patience, now: now() }
}

fn holder(nonce: &str) -> Holder {
    Holder { who: "me@here".into(), operation: "apply".into(), nonce: nonce.into() }
}

const TTL: Duration = Duration::from_secs(30);

async fn registry(store: &Arc<dyn ObjectStore>) -> Arc<Registry> {
    let id = RegistryId("registry".into());
    let created = Registry::create(Arc::clone(store), "My project", id, "2026-01-01T00:00:00Z").await;
    Arc::new(created.expect("the registry is created"))
}

async fn lease(registry: &Registry, nonce: &str) -> Lease {
    let patience = TTL * 3;
    acquire(registry.store(), holder(nonce), options(TTL, patience)).await.expect("the lease is free")
}

fn writer_options() -> WriterOptions {
    WriterOptions { close_after: Duration::from_millis(50), now: now() }
}

async fn writer(registry: &Arc<Registry>, nonce: &str) -> Writer {
    let lease = lease(registry, nonce).await;
    Writer::open(Arc::clone(registry), lease, writer_options()).await.expect("the writer opens")
}
