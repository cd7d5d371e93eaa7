//! Applies that are killed, or whose store fails, at every single write; and the next apply.

use std::sync::Arc;

use flowform_provider_contract::{Fault, FaultStore};
use proptest::prelude::*;

use super::cases;
use super::driver::{Store, apply, apply_all, copy, memory, run, settled, state};
use super::generate::{Conf, history};

const NEVER: u64 = u64::MAX;

/// What an apply of `conf` on a copy of `base` writes, and the state it leaves.
async fn undisturbed(base: &Store, conf: &Conf) -> Result<(u64, String), String> {
    let counted = Arc::new(FaultStore::new(copy(base).await, NEVER, Fault::Fail));
    let store: Store = counted.clone();
    apply_all(&conf.texts(), &store).await?;
    settled(&conf.texts(), &store).await?;
    Ok((counted.writes(), state(&store).await?))
}

/// A copy of `base` on which an apply of `conf` met with `fault` at its `at`-th write.
async fn disturbed(base: &Store, conf: &Conf, at: u64, fault: Fault) -> Store {
    let store = copy(base).await;
    let faulty: Store = Arc::new(FaultStore::new(Arc::clone(&store), at, fault));
    // Whether it failed is its own affair: what counts is what the next one makes of it.
    let _ = apply(&conf.texts(), &faulty).await;
    store
}

/// What the configurations before the last leave.
async fn before(history: &[Conf]) -> Result<Store, String> {
    let store = memory();
    for conf in history {
        apply_all(&conf.texts(), &store).await?;
    }
    Ok(store)
}

fn context(error: &str, at: u64, fault: Fault) -> String {
    format!("{fault:?} at write {at}: {error}")
}

/// The same configuration again ends where it would have ended at once.
async fn converges(history: &[Conf]) -> Result<(), String> {
    let Some((last, earlier)) = history.split_last() else { return Ok(()) };
    let base = before(earlier).await?;
    let (writes, wanted) = undisturbed(&base, last).await?;
    for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LoseReply, Fault::Fail] {
        for at in 1..=writes {
            let again = async {
                let store = disturbed(&base, last, at, fault).await;
                apply_all(&last.texts(), &store).await?;
                settled(&last.texts(), &store).await?;
                match state(&store).await? {
                    found if found == wanted => Ok(()),
                    found => Err(difference(&wanted, &found)),
                }
            };
            again.await.map_err(|error: String| context(&error, at, fault))?;
        }
    }
    Ok(())
}

/// Another configuration after a kill leaves nothing of the killed one behind.
async fn moves_on(history: &[Conf]) -> Result<(), String> {
    let [earlier @ .., killed, next] = history else { return Ok(()) };
    let base = before(earlier).await?;
    let (writes, _) = undisturbed(&base, killed).await?;
    for at in 1..=writes {
        let on = async {
            let store = disturbed(&base, killed, at, Fault::KillBefore).await;
            apply_all(&next.texts(), &store).await?;
            settled(&next.texts(), &store).await
        };
        on.await.map_err(|error: String| context(&error, at, Fault::KillBefore))?;
    }
    Ok(())
}

fn difference(wanted: &str, found: &str) -> String {
    let missing = wanted
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .map(|line| format!("-{line}"));
    let more = found
        .lines()
        .filter(|line| !wanted.lines().any(|other| other == *line))
        .map(|line| format!("+{line}"));
    let lines: Vec<String> = missing.chain(more).collect();
    format!(
        "another end ({} lines and {}):\n{}",
        wanted.lines().count(),
        found.lines().count(),
        lines.join("\n")
    )
}

proptest! {
    #![proptest_config(cases(10))]
    #[test]
    fn an_apply_after_a_mishap_ends_where_it_would_have_ended(history in history(3, 2)) {
        run(converges(&history)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_configuration_after_a_kill_leaves_nothing_of_the_killed_one(history in history(3, 3)) {
        let history: Vec<Conf> = history.iter().map(Conf::unpinned).collect();
        run(moves_on(&history)).map_err(TestCaseError::fail)?;
    }
}
