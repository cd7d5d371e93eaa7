//! The rates at which the service takes calls: per account and region, one bucket of tokens for all calls of a kind
//! (API reference, page `request-throttling`). [`Level`] and [`estimate`] are pure; [`Bucket`] waits.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// A bucket's size, and how many tokens a second it gains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many calls may be made at once.
    pub burst: f64,
    /// How many more each second.
    pub per_second: f64,
}

/// RegisterTaskDefinition and DeregisterTaskDefinition.
pub const MODIFY: Rate = Rate { burst: 20.0, per_second: 1.0 };
/// DescribeTaskDefinition and ListTaskDefinitions.
pub(crate) const READ: Rate = Rate { burst: 50.0, per_second: 20.0 };
/// ListTagsForResource.
pub(crate) const TAGS: Rate = Rate { burst: 50.0, per_second: 20.0 };

/// How long that many calls take at the least, from a full bucket.
pub fn estimate(calls: u64, rate: Rate) -> Duration {
    let beyond = (calls as f64 - rate.burst).max(0.0);
    Duration::try_from_secs_f64(beyond / rate.per_second).unwrap_or(Duration::MAX)
}

/// How full a bucket is.
#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    /// When that was, since the bucket was made.
    at: Duration,
}

impl Level {
    /// Takes a token, into debt where there is none; how long to wait until it is there.
    fn take(&mut self, rate: Rate, now: Duration) -> Duration {
        let gained = now.saturating_sub(self.at).as_secs_f64() * rate.per_second;
        self.tokens = (self.tokens + gained).min(rate.burst) - 1.0;
        self.at = now;
        Duration::try_from_secs_f64((-self.tokens).max(0.0) / rate.per_second).unwrap_or(Duration::MAX)
    }
}

/// A bucket that all workers of a provider take from.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    since: Instant,
    level: Mutex<Level>,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate) -> Self {
        let level = Level { tokens: rate.burst, at: Duration::ZERO };
        Self { rate, since: Instant::now(), level: Mutex::new(level) }
    }

    /// Waits for a token.
    pub(crate) async fn take(&self) {
        let wait = self.level.lock().await.take(self.rate, self.since.elapsed());
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_waits() {
        let mut level = Level { tokens: MODIFY.burst, at: Duration::ZERO };
        for _ in 0..20 {
            assert_eq!(level.take(MODIFY, Duration::ZERO), Duration::ZERO);
        }
        assert_eq!(level.take(MODIFY, Duration::ZERO), Duration::from_secs(1));
        assert_eq!(level.take(MODIFY, Duration::ZERO), Duration::from_secs(2));
        assert_eq!(level.take(MODIFY, Duration::from_secs(2)), Duration::from_secs(1));
        assert_eq!(level.take(MODIFY, Duration::from_secs(3600)), Duration::ZERO);
        assert_eq!(level.tokens, 19.0, "it never holds more than its size");
    }

    #[test]
    fn the_estimate_is_what_the_bucket_takes() {
        for (calls, seconds) in [(0, 0), (20, 0), (21, 1), (100, 80), (800, 780), (1600, 1580)] {
            assert_eq!(estimate(calls, MODIFY), Duration::from_secs(seconds), "{calls} calls");
        }
    }
}
