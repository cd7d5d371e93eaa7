//! When one object name may be written again: Cloud Storage takes one write a second for each. It counts what this process
//! wrote and knows nothing of others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many names are kept before those that are free again are forgotten.
const KEPT: usize = 4096;

/// When which name was written last.
#[derive(Debug)]
pub(super) struct Pace {
    between: Duration,
    last: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    /// Writes of one name are `between` apart.
    pub(super) fn new(between: Duration) -> Self {
        Self { between, last: Mutex::default() }
    }

    /// Waits until the name may be written.
    pub(super) async fn wait(&self, name: &str) {
        loop {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
            match last.map(|last| last + self.between) {
                Some(free) if free > Instant::now() => sleep_until(free).await,
                Some(_) | None => return,
            }
        }
    }

    /// Notes a write of the name that was just answered.
    pub(super) fn written(&self, name: &str) {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= KEPT {
            last.retain(|_, at| *at + self.between > now);
        }
        last.insert(name.to_owned(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_name_is_written_once_a_second() {
        let pace = Pace::new(Duration::from_secs(1));
        let start = Instant::now();
        for _ in 0..3 {
            pace.wait("a").await;
            pace.written("a");
        }
        pace.wait("b").await;
        assert_eq!(
            start.elapsed(),
            Duration::from_secs(2),
            "the first is at once, and another name does not wait"
        );
    }
}
