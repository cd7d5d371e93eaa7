//! How fast calls may follow each other: a bucket of tokens that fills with time, and the gates that calls wait at. It makes
//! no call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The window that quotas are counted in.
const MINUTE: Duration = Duration::from_secs(60);

/// A bucket of tokens, one for each call. Of any minute, no more calls than the limit fall into it: what the bucket holds at
/// first and what it gains in a minute are the limit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// How long a token takes to come.
    interval: Duration,
    /// How many tokens it holds at most.
    most: u32,
    /// When it would be full, on the clock of whoever asks.
    full_at: Duration,
}

impl TokenBucket {
    /// A full bucket for so many calls a minute, at least two.
    pub fn per_minute(limit: u32) -> Self {
        let limit = limit.max(2);
        let most = (limit / 6).max(1);
        let gained = limit.saturating_sub(most).max(1);
        Self { interval: MINUTE / gained, most, full_at: Duration::ZERO }
    }

    /// Submissions of CustomJobs in one project and region (Vertex AI quotas: 60 a minute).
    pub fn submissions() -> Self {
        Self::per_minute(60)
    }

    /// Other requests in one project and region (Vertex AI quotas: 600 a minute).
    pub fn requests() -> Self {
        Self::per_minute(600)
    }

    /// Takes a token at the moment `now` of a clock that only goes forwards.
    ///
    /// # Errors
    /// There is none: how long to wait before asking again.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let full_at = self.full_at.max(now);
        let allowed = now.saturating_add(self.interval.saturating_mul(self.most.saturating_sub(1)));
        match full_at.checked_sub(allowed) {
            Some(wait) if !wait.is_zero() => Err(wait),
            Some(_) | None => {
                self.full_at = full_at.saturating_add(self.interval);
                Ok(())
            }
        }
    }
}

/// What the calls of one project and region wait for.
#[derive(Debug)]
pub struct Gate {
    bucket: Mutex<TokenBucket>,
    start: Instant,
}

impl Gate {
    /// A gate that lets through what the bucket does.
    pub fn new(bucket: TokenBucket) -> Self {
        Self { bucket: Mutex::new(bucket), start: Instant::now() }
    }

    /// Waits until one more call may be made. Whoever is dropped while he waits has taken nothing.
    pub async fn pass(&self) {
        loop {
            let taken = {
                let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                bucket.take(self.start.elapsed())
            };
            match taken {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_it_holds_is_taken_at_once_and_the_rest_in_time() {
        let mut bucket = TokenBucket::submissions();
        let now = Duration::from_secs(100);
        assert_eq!((0..100).take_while(|_| bucket.take(now).is_ok()).count(), 10);
        assert_eq!(bucket.take(now), Err(Duration::from_millis(1200)));
        assert_eq!(bucket.take(now + Duration::from_millis(1200)), Ok(()));
        assert!(bucket.take(now + Duration::from_millis(1200)).is_err());
        let mut slow = TokenBucket::per_minute(0);
        assert_eq!(slow.take(now), Ok(()));
        assert!(slow.take(now).is_err());
    }

    /// A hundred that come at once are let through as the quota has it: the first minute sees no more than 60.
    #[tokio::test(start_paused = true)]
    async fn a_gate_holds_up_what_comes_too_fast() {
        let gate = std::sync::Arc::new(Gate::new(TokenBucket::submissions()));
        let begin = Instant::now();
        let runs: Vec<_> = (0..100)
            .map(|_| {
                let gate = std::sync::Arc::clone(&gate);
                tokio::spawn(async move {
                    gate.pass().await;
                    begin.elapsed()
                })
            })
            .collect();
        let mut at = Vec::new();
        for run in runs {
            at.push(run.await.expect("it ends"));
        }
        at.sort();
        assert_eq!(at.iter().filter(|at| at.is_zero()).count(), 10);
        assert!(at.iter().filter(|at| **at < MINUTE).count() <= 60, "{at:?}");
        assert!(at.last().is_some_and(|last| *last < 2 * MINUTE), "{at:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_minute_has_more_calls_than_the_limit(
            limit in 2..700u32,
            pauses in proptest::collection::vec(0..20_000u64, 1..60),
            hurry in 1..60usize,
        ) {
            let mut bucket = TokenBucket::per_minute(limit);
            let (mut now, mut taken) = (Duration::ZERO, Vec::new());
            for pause in pauses {
                now += Duration::from_millis(pause);
                for _ in 0..hurry {
                    if let Err(wait) = bucket.take(now) {
                        now += wait;
                        prop_assert_eq!(bucket.take(now), Ok(()));
                    }
                    taken.push(now);
                }
            }
            for (index, start) in taken.iter().enumerate() {
                let within = taken[index..].iter().take_while(|at| **at < *start + MINUTE).count();
                prop_assert!(within <= limit as usize, "{within} calls in a minute of {limit}");
            }
        }
    }
}
