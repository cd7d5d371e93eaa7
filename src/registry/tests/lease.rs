//! The lease: held by one, taken over only when its holder gives no sign of life, given back by a swap.

use flowform_provider_contract::{Fault, FaultStore, MemoryStore};
use flowform_provider_local::DirectoryStore;
use tokio::time::{Instant, sleep};

use super::super::lease::{held, unlock};
use super::super::{RegistryError, keys};
use super::*;

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(MemoryStore::default())
}

#[tokio::test(start_paused = true)]
async fn a_held_lease_is_refused_at_once_or_waited_for() {
    let store = memory();
    let first = acquire(store.clone(), holder("one"), options(TTL, Duration::ZERO)).await.expect("free");
    let error =
        acquire(store.clone(), holder("two"), options(TTL, Duration::ZERO)).await.err().expect("held");
    assert_eq!(
        error.to_string(),
        "the registry is locked: apply by me@here since 2026-01-02T03:04:05Z. Wait for it to end with \
         --lock-timeout (one that was killed is replaced after 30 seconds), or, if it is certain that it no longer \
         runs, release it with `flowform unlock one`"
    );
    // A holder that lives is not taken over, however long one waits.
    let start = Instant::now();
    let error = acquire(store.clone(), holder("two"), options(TTL, TTL * 10)).await.err().expect("held");
    assert!(matches!(error, RegistryError::Held { .. }));
    assert!(start.elapsed() >= TTL * 10);
    let waiting = tokio::spawn(acquire(store.clone(), holder("two"), options(TTL, TTL)));
    sleep(TTL / 2).await;
    first.release().await.expect("given back");
    let second = waiting.await.expect("it ends").expect("free now");
    assert!(!second.took_over());
    assert_eq!(held(&*store).await.expect("read").expect("held").nonce, "two");
    second.release().await.expect("given back");
    assert!(held(&*store).await.expect("read").is_none());
    assert!(store.get(keys::LEASE).await.expect("read").is_some(), "a free lease is an object that says so");
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_is_taken_over_after_its_time_and_not_before() {
    let store = memory();
    let dying = Arc::new(FaultStore::new(store.clone(), u64::MAX, Fault::Fail));
    let dead = acquire(dying.clone(), holder("dead"), options(TTL, Duration::ZERO)).await.expect("free");
    dying.kill();
    let start = Instant::now();
    let error = acquire(store.clone(), holder("two"), options(TTL, TTL / 2)).await.err().expect("too early");
    assert!(matches!(error, RegistryError::Held { .. }));
    let watch = dead.watch();
    assert!(watch.deadline_ok());
    let second = acquire(store.clone(), holder("two"), options(TTL, TTL * 2)).await.expect("taken over");
    assert!(second.took_over());
    assert!(!watch.deadline_ok(), "the former holder knows by its own clock");
    assert!(start.elapsed() >= TTL && start.elapsed() < TTL * 2);
    assert!(dead.release().await.is_err());
    assert_eq!(held(&*store).await.expect("read").expect("held").nonce, "two");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up() {
    for at in 1..5 {
        for fault in [Fault::LoseReply, Fault::Fail] {
            let store = memory();
            let faulty = Arc::new(FaultStore::new(store.clone(), at, fault));
            let lease = acquire(faulty, holder("one"), options(TTL, Duration::ZERO)).await.expect("free");
            sleep(TTL * 2).await;
            assert!(lease.watch().deadline_ok(), "{fault:?} at write {at}");
            lease.release().await.expect("given back");
            assert!(held(&*store).await.expect("read").is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_want_it_and_one_has_it_at_a_time() {
    let store = memory();
    let mut tasks = tokio::task::JoinSet::new();
    let inside = Arc::new(std::sync::atomic::AtomicU32::new(0));
    for count in 0..16 {
        let (store, inside) = (store.clone(), inside.clone());
        tasks.spawn(async move {
            let nonce = format!("n{count}");
            let lease =
                acquire(store, holder(&nonce), options(TTL, TTL * 100)).await.expect("its turn comes");
            assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
            sleep(TTL / 2).await;
            assert!(lease.watch().deadline_ok());
            inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            lease.release().await.expect("given back");
        });
    }
    assert_eq!(tasks.join_all().await.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn unlock_takes_the_very_lease_that_it_names() {
    let store = memory();
    let nothing = unlock(&*store, "one").await.expect_err("free");
    assert_eq!(nothing.to_string(), "the registry is not locked; there is nothing to release");
    let lease = acquire(store.clone(), holder("one"), options(TTL, Duration::ZERO)).await.expect("free");
    let other = unlock(&*store, "another").await.expect_err("another");
    assert_eq!(
        other.to_string(),
        "the registry is locked by another operation now: apply by me@here (one). Nothing was released"
    );
    unlock(&*store, "one").await.expect("released");
    let next = acquire(store.clone(), holder("two"), options(TTL, Duration::ZERO)).await.expect("free");
    assert!(next.took_over(), "the one before may still live");
    sleep(TTL).await;
    assert!(!lease.watch().deadline_ok(), "it finds out at its next renewal");
    assert!(next.watch().deadline_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_garbage_is_replaced_in_time() {
    let store = memory();
    store.put(keys::LEASE, b"garbage".to_vec()).await.expect("written");
    let error =
        acquire(store.clone(), holder("one"), options(TTL, Duration::ZERO)).await.err().expect("held");
    assert!(matches!(error, RegistryError::Damaged { .. }), "{error}");
    let lease = acquire(store.clone(), holder("one"), options(TTL, TTL * 2)).await.expect("taken over");
    assert!(lease.took_over());
}

#[tokio::test]
async fn a_dead_holder_is_taken_over_in_real_time_on_disk() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let open = || -> Arc<dyn ObjectStore> { Arc::new(DirectoryStore::open(home.path().to_path_buf())) };
    let ttl = Duration::from_millis(300);
    let dying = Arc::new(FaultStore::new(open(), u64::MAX, Fault::Fail));
    let _dead = acquire(dying.clone(), holder("dead"), options(ttl, Duration::ZERO)).await.expect("free");
    // Renewals keep it alive.
    let error = acquire(open(), holder("two"), options(ttl, ttl * 2)).await.err().expect("held");
    assert!(matches!(error, RegistryError::Held { .. }), "{error}");
    dying.kill();
    let lease = acquire(open(), holder("two"), options(ttl, ttl * 4)).await.expect("taken over");
    assert!(lease.took_over());
    lease.release().await.expect("given back");
}
