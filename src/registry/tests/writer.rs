//! The writer: what it acknowledged stays, whoever is killed when; and there is only one.

use std::sync::atomic::{AtomicBool, Ordering};

use flowform_provider_contract::{Fault, FaultStore, MemoryStore};
use flowform_provider_local::DirectoryStore;
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::super::lease::unlock;
use super::super::view::{DefinitionAt, VersionState};
use super::super::{RegistryError, keys};
use super::*;

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(MemoryStore::default())
}

async fn segments(registry: &Registry) -> usize {
    registry.store().list(keys::LOG, None).await.expect("listed").len()
}

#[tokio::test(start_paused = true)]
async fn events_share_segments_and_are_all_there() {
    let store = memory();
    assert!(Registry::open(store.clone(), "My project").await.expect("read").is_none());
    let registry = registry(&store).await;
    let writer = Arc::new(writer(&registry, "n").await);
    let mut tasks = JoinSet::new();
    for flow in 0..200 {
        let writer = writer.clone();
        tasks.spawn(async move {
            writer.append(reserve(flow, 1)).await.expect("durable");
            writer.append(bind(flow, 1)).await.expect("durable");
        });
    }
    tasks.join_all().await;
    let closed = Arc::into_inner(writer).expect("the only one").close().await.expect("closed");
    assert_eq!(segments(&registry).await, 2, "all reservations in one segment, all bindings in the next");
    let reopened = Registry::open(store, "My project").await.expect("read").expect("created");
    assert_eq!(reopened.id(), registry.id());
    let loaded = reopened.load().await.expect("loaded");
    assert_eq!(text(&loaded.view), text(&closed.view));
    assert_eq!((loaded.calls, loaded.view.flows.len(), loaded.warnings.len()), (4, 200, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hint_writes_at_once_and_an_error_is_the_callers_alone() {
    let store = memory();
    let registry = registry(&store).await;
    let lease = lease(&registry, "n").await;
    let patient = WriterOptions { close_after: Duration::from_secs(3600), now: now() };
    let writer = Writer::open(registry.clone(), lease, patient).await.expect("opened");
    let start = tokio::time::Instant::now();
    let durable = writer.append(reserve(1, 1));
    let error = writer.append(bind(1, 2)).await.expect_err("no such version");
    assert_eq!(
        error.to_string(),
        "the registry's log does not add up: a binding of version 2 of the flow \"name 1\", which does not exist"
    );
    writer.hint_idle();
    durable.await.expect("durable");
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(writer.with_view(|view| view.flows.len()), 1);
    drop(writer.append(bind(1, 1)));
    let view = writer.close().await.expect("closed").view;
    assert_eq!(view.flows[&id(1)].published, Some(1));
    assert_eq!(text(&registry.load().await.expect("loaded").view), text(&view));
}

#[tokio::test(start_paused = true)]
async fn large_events_are_split_into_segments() {
    let store = memory();
    let registry = registry(&store).await;
    let writer = writer(&registry, "n").await;
    let mut waiting = Vec::new();
    for flow in 0..10 {
        let mut event = reserve(flow, 1);
        if let Event::Reserve { definition, .. } = &mut event {
            let text = format!("\"{}\"", "x".repeat(1 << 20));
            *definition = serde_json::value::RawValue::from_string(text).expect("JSON");
        }
        waiting.push(writer.append(event));
    }
    for durable in waiting {
        durable.await.expect("durable");
    }
    assert_eq!(segments(&registry).await, 4);
    let closed = writer.close().await.expect("closed");
    let loaded = registry.load().await.expect("loaded");
    assert_eq!((loaded.snapshots.len(), loaded.tail.segments), (1, 0), "ten megabytes are worth a snapshot");
    assert_eq!(text(&loaded.view), text(&closed.view));
}

/// Reserves and binds until the writer fails; returns what was acknowledged, by flow: 1 reserved, 2 bound.
async fn work(registry: &Arc<Registry>, nonce: &str, flows: u32) -> Result<Vec<u32>, RegistryError> {
    let lease = acquire(registry.store(), holder(nonce), options(TTL, TTL * 3)).await?;
    let writer = Arc::new(Writer::open(registry.clone(), lease, writer_options()).await?);
    let mut tasks = JoinSet::new();
    for flow in 0..flows {
        let writer = writer.clone();
        tasks.spawn(async move {
            let version =
                writer.with_view(|view| view.flows.get(&id(flow)).map_or(1, |flow| flow.next_version()));
            tokio::time::sleep(Duration::from_millis(u64::from(flow) * 40)).await;
            if writer.append(reserve(flow, version)).await.is_err() {
                return (flow, 0);
            }
            if writer.append(bind(flow, version)).await.is_err() { (flow, 1) } else { (flow, 2) }
        });
    }
    let mut acknowledged = tasks.join_all().await;
    acknowledged.sort_unstable();
    let closed = Arc::into_inner(writer).expect("the only one").close().await;
    let acknowledged: Vec<u32> = acknowledged.into_iter().map(|(_, state)| state).collect();
    assert!(closed.is_ok() || acknowledged.iter().any(|state| *state < 2), "{closed:?}");
    Ok(acknowledged)
}

/// What a reader finds is what was acknowledged, or one step further where the answer was lost.
async fn check(registry: &Arc<Registry>, acknowledged: &[u32], context: &str) {
    let view = registry.load().await.expect("loaded").view;
    for (flow, state) in (0..).zip(acknowledged) {
        let found = view.flows.get(&id(flow)).and_then(|flow| flow.versions.last());
        let found = match found.map(|version| version.state) {
            None => 0,
            Some(VersionState::Reserved) => 1,
            Some(_) => 2,
        };
        assert!(
            found == *state || found == *state + 1,
            "{context}: flow {flow} is {found}, acknowledged {state}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_survives_a_kill_at_every_write() {
    for fault in [Fault::KillBefore, Fault::KillAfter] {
        for at in 1..40 {
            let store = memory();
            let sound = registry(&store).await;
            let dying = Arc::new(FaultStore::new(store.clone(), at, fault));
            let Ok(registry) = Registry::open(dying.clone(), "My project").await else { continue };
            let acknowledged = match work(&Arc::new(registry.expect("created")), "dies", 6).await {
                Ok(acknowledged) => acknowledged,
                Err(_) => vec![0; 6],
            };
            dying.kill();
            let context = format!("{fault:?} at write {at}");
            check(&sound, &acknowledged, &context).await;
            // The next one takes over and completes; the numbers of the first are not used again.
            assert_eq!(work(&sound, "next", 6).await.expect("taken over"), [2; 6], "{context}");
            check(&sound, &[2; 6], &context).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_or_unanswered_write_is_repeated_once() {
    for fault in [Fault::Fail, Fault::LoseReply] {
        for at in 1..20 {
            let store = memory();
            let sound = registry(&store).await;
            let faulty = Arc::new(FaultStore::new(store.clone(), at, fault));
            let registry = Registry::open(faulty, "My project").await.expect("read").expect("created");
            let acknowledged = work(&Arc::new(registry), "n", 6).await.expect("it copes");
            assert_eq!(acknowledged, [2; 6], "{fault:?} at write {at}");
            check(&sound, &[2; 6], "afterwards").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_zombie_cannot_write() {
    let store = memory();
    let registry = registry(&store).await;
    let zombie = writer(&registry, "zombie").await;
    zombie.append(reserve(1, 1)).await.expect("durable");
    unlock(&*registry.store(), "zombie").await.expect("released by hand");
    let next = writer(&registry, "next").await;
    assert_eq!(next.with_view(|view| view.seq), 2, "the fence is a segment");
    let error = zombie.append(reserve(2, 1)).await.expect_err("fenced off");
    assert!(matches!(error, RegistryError::LostLease));
    assert!(error.to_string().contains("another operation took over"), "{error}");
    let later = zombie.append(reserve(3, 1)).await.expect_err("for good");
    assert!(matches!(later, RegistryError::LostLease));
    next.append(bind(1, 1)).await.expect("durable");
    assert!(matches!(zombie.close().await.expect_err("lost"), RegistryError::LostLease));
    let view = next.close().await.expect("closed").view;
    assert_eq!(view.flows.len(), 1);
    assert_eq!(text(&registry.load().await.expect("loaded").view), text(&view));
}

#[tokio::test(start_paused = true)]
async fn of_two_writers_at_once_one_wins() {
    for round in 0..10 {
        let store = memory();
        let registry = registry(&store).await;
        // Each has a lease that the other cannot see: the log alone must keep them apart.
        let mut writers = Vec::new();
        for nonce in ["a", "b"] {
            let lease = acquire(memory(), holder(nonce), options(TTL, TTL)).await.expect("free");
            writers.push(Writer::open(registry.clone(), lease, writer_options()).await.expect("opened"));
        }
        if round % 2 == 1 {
            writers.reverse();
        }
        let (one, two) = (&writers[0], &writers[1]);
        let (one, two) = tokio::join!(one.append(reserve(1, 1)), two.append(reserve(2, 1)));
        let lost = [one, two].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert!(matches!(lost.as_slice(), [RegistryError::LostLease]), "{lost:?}");
        assert_eq!(registry.load().await.expect("loaded").view.flows.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_whose_deadline_passed_stops_by_itself() {
    let store = memory();
    let registry = registry(&store).await;
    let lease_store = Arc::new(FaultStore::new(memory(), u64::MAX, Fault::Fail));
    let lease = acquire(lease_store.clone(), holder("n"), options(TTL, TTL)).await.expect("free");
    let writer = Writer::open(registry.clone(), lease, writer_options()).await.expect("opened");
    lease_store.kill();
    tokio::time::sleep(TTL).await;
    assert!(writer.watch().check().is_err());
    assert!(matches!(writer.append(reserve(1, 1)).await, Err(RegistryError::LostLease)));
    assert_eq!(segments(&registry).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_writer_gives_the_lease_back() {
    let store = memory();
    let registry = registry(&store).await;
    drop(writer(&registry, "one").await.append(reserve(1, 1)));
    let second = acquire(registry.store(), holder("two"), options(TTL, TTL / 2)).await.expect("given back");
    assert!(!second.took_over());
    assert_eq!(registry.load().await.expect("loaded").view.flows.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn snapshots_come_and_go_and_definitions_stay() {
    let store = memory();
    let registry = registry(&store).await;
    for run in 0..4u32 {
        let writer = writer(&registry, &format!("n{run}")).await;
        for version in run * 33 + 1..=run * 33 + 33 {
            for event in [reserve(1, version), bind(1, version)] {
                let durable = writer.append(event);
                writer.hint_idle();
                durable.await.expect("durable");
            }
        }
        writer.close().await.expect("closed");
    }
    let loaded = registry.load().await.expect("loaded");
    assert_eq!(
        (loaded.snapshots.clone(), loaded.calls),
        (vec![198, 264], 3),
        "two stay, and loading is three calls"
    );
    for version in [1, 50, 131, 132] {
        let found =
            registry.definition(&loaded.view, &id(1), version).await.expect("read").expect("recorded");
        assert_eq!(found.get(), definition(1, version));
    }
    let inline = loaded.view.flows[&id(1)].versions.iter();
    assert_eq!(inline.filter(|version| matches!(version.definition, DefinitionAt::Inline(_))).count(), 1);
    assert!(registry.definition(&loaded.view, &id(1), 133).await.expect("read").is_none());
    assert!(registry.definition(&loaded.view, &id(9), 1).await.expect("read").is_none());

    // A damaged snapshot costs reads and a warning, nothing else.
    let project = registry.store();
    for (damaged, calls) in [(264, 4 + 66), (198, 4 + 264)] {
        project.put(&keys::snapshot(damaged), b"damaged".to_vec()).await.expect("written");
        let again = registry.load().await.expect("loaded");
        assert_eq!((text(&again.view), again.calls), (text(&loaded.view), calls));
        assert!(
            again.warnings[0].starts_with("the snapshot of segment 264 cannot be used"),
            "{:?}",
            again.warnings
        );
    }
    let rebuilt = registry.rebuild().await.expect("rebuilt");
    assert_eq!(text(&rebuilt.view), text(&loaded.view));
    let again = registry.load().await.expect("loaded");
    assert_eq!((text(&again.view), again.calls, again.warnings.len()), (text(&loaded.view), 3, 0));

    // What is gone is said to be gone.
    project.delete(&keys::segment(7)).await.expect("deleted");
    assert_eq!(
        registry.rebuild().await.expect_err("a gap").to_string(),
        "segment 7 of the registry's log is missing although segment 264 exists. Restore log/ from a backup of the \
         registry"
    );
    project.put(&keys::segment(7), b"{\"format\":9}".to_vec()).await.expect("written");
    assert_eq!(
        registry.rebuild().await.expect_err("newer").to_string(),
        "the registry has format 9, and this flowform understands formats up to 1. Install the newest flowform"
    );
}

#[tokio::test]
async fn a_newer_registry_is_refused_and_creators_converge() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let store: Arc<dyn ObjectStore> = Arc::new(DirectoryStore::open(home.path().to_path_buf()));
    let mut tasks = JoinSet::new();
    for count in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let id = RegistryId(format!("id {count}"));
            Registry::create(store, "p", id, "now").await.expect("created").id().clone()
        });
    }
    let mut ids = tasks.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let newer = br#"{"format":2,"flowform":"0.9.0","shape":"unknown"}"#;
    store.put("p/registry.json", newer.to_vec()).await.expect("written");
    assert_eq!(
        Registry::open(store.clone(), "p").await.err().expect("newer").to_string(),
        "the registry has format 2, and this flowform understands formats up to 1. Install flowform 0.9.0 or newer"
    );
    store.put("p/registry.json", b"{".to_vec()).await.expect("written");
    assert!(matches!(Registry::open(store, "p").await, Err(RegistryError::Damaged { .. })));
}

#[tokio::test]
async fn derived_documents_come_and_go() {
    let store = memory();
    let registry = registry(&store).await;
    let document = serde_json::json!({"version": 1});
    let lease = serde_json::json!({
        "format": 1, "state": "held", "holder": "a", "operation": "apply", "acquired_at": "", "ttl_ms": 1, "nonce": "n",
        "renewals": 0,
    });
    registry.store().put("lease.json", lease.to_string().into_bytes()).await.expect("written");
    let (seen, late) = (registry.seen("n").await.expect("held"), registry.seen("n").await.expect("held"));
    registry.publish("Daily ETL", &document, &seen).await.expect("published");
    // Whoever still has the lease goes over what somebody wrote in between; whoever lost it does not.
    registry.publish("Daily ETL", &document, &late).await.expect("published");
    registry.store().delete("lease.json").await.expect("removed");
    let other = serde_json::json!({"version": 2});
    let lost = registry.publish("Daily ETL", &other, &seen).await.expect_err("the lease is lost");
    assert!(matches!(lost, RegistryError::LostLease), "{lost}");
    assert!(registry.seen("n").await.is_err());
    assert_eq!(registry.current("Daily ETL").await.expect("read"), Some(document));
    registry.withdraw("Daily ETL").await.expect("withdrawn");
    registry.withdraw("Daily ETL").await.expect("withdrawn twice");
    assert_eq!(registry.current("Daily ETL").await.expect("read"), None);
    for root in ["a/b", "A/B"] {
        registry
            .publish_agents(root, &serde_json::json!({ "root": root, "agents": [] }))
            .await
            .expect("published");
    }
    store.put("my-project-other/agents/x.json", b"{}".to_vec()).await.expect("written");
    registry.store().put("agents/broken.json", b"{".to_vec()).await.expect("written");
    let agents = registry.agents().await.expect("read");
    assert_eq!(agents.by_root.keys().collect::<Vec<_>>(), ["A/B", "a/b"]);
    assert_eq!((agents.calls, agents.warnings.len()), (4, 1));
    registry.withdraw_agents("a/b").await.expect("withdrawn");
    assert_eq!(registry.agents().await.expect("read").by_root.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any number of writers one after the other, some killed at some write: nothing acknowledged is lost, and
    /// the log always adds up.
    #[test]
    fn kills_in_a_row_lose_nothing(kills in proptest::collection::vec((1u64..12, any::<bool>()), 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let store = memory();
            let sound = registry(&store).await;
            let clean = AtomicBool::new(true);
            for (index, (at, after)) in kills.into_iter().enumerate() {
                let fault = if after { Fault::KillAfter } else { Fault::KillBefore };
                let dying = Arc::new(FaultStore::new(store.clone(), at, fault));
                let before = sound.load().await.expect("loaded").view;
                let registry = Arc::new(Registry::open(dying.clone(), "My project").await.expect("read").expect("there"));
                let acknowledged = work(&registry, &format!("n{index}"), 3).await.unwrap_or(vec![0; 3]);
                dying.kill();
                clean.store(false, Ordering::SeqCst);
                let now = sound.load().await.expect("it adds up").view;
                for (flow, state) in (0..3).zip(acknowledged) {
                    let count = |view: &View| view.flows.get(&id(flow)).map_or(0, |flow| flow.versions.len());
                    let grown = count(&now) - count(&before);
                    assert!(grown == 1 || (grown == 0 && state == 0));
                }
            }
        });
    }
}
