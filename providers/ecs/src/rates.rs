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
/// DescribeTaskDefinition and ListTaskDefinitions; clusters and services have buckets of the same size.
pub(crate) const READ: Rate = Rate { burst: 50.0, per_second: 20.0 };
/// ListTagsForResource.
pub(crate) const TAGS: Rate = Rate { burst: 50.0, per_second: 20.0 };
/// TagResource.
pub(crate) const TAG: Rate = Rate { burst: 20.0, per_second: 10.0 };

/// How long that many calls take at the least, from a full bucket.
pub fn estimate(calls: u64, rate: Rate) -> Duration {
    let beyond = (calls as f64 - rate.burst).max(0.0);
    Duration::try_from_secs_f64(beyond / rate.per_second).unwrap_or(Duration::MAX)
}

/// The longest wait for the next token of a bucket whose speed has fallen because the service refuses calls, in seconds:
/// others use the account as well.
const LONGEST: f64 = 8.0;

/// How much faster a bucket fills again with each call that is taken.
const REGAINED: f64 = 1.1;

/// How full a bucket is, and how fast it fills.
#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    /// When that was, since the bucket was made.
    at: Duration,
    /// Tokens a second: the documented rate, less while the service refuses.
    speed: f64,
    /// When the speed fell last.
    fell_at: Option<Duration>,
}

impl Level {
    const fn full(rate: Rate) -> Self {
        Self { tokens: rate.burst, at: Duration::ZERO, speed: rate.per_second, fell_at: None }
    }

    /// Takes a token, into debt where there is none; how long to wait until it is there.
    fn take(&mut self, rate: Rate, now: Duration) -> Duration {
        let gained = now.saturating_sub(self.at).as_secs_f64() * self.speed;
        self.tokens = (self.tokens + gained).min(rate.burst) - 1.0;
        self.at = now;
        Duration::try_from_secs_f64((-self.tokens).max(0.0) / self.speed).unwrap_or(Duration::MAX)
    }

    /// The service has refused a call: the bucket is empty, and fills at half the speed.
    fn refused(&mut self, rate: Rate, now: Duration) {
        self.tokens = self.tokens.min(0.0);
        let token = Duration::try_from_secs_f64(self.speed.recip()).unwrap_or(Duration::MAX);
        // Calls that were under way when the speed fell tell nothing new.
        if self.fell_at.is_none_or(|at| now.saturating_sub(at) >= token) {
            let slowest = LONGEST.recip().min(rate.per_second);
            self.speed = (self.speed / 2.0).max(slowest);
            self.fell_at = Some(now);
        }
    }

    fn taken(&mut self, rate: Rate) {
        self.speed = (self.speed * REGAINED).min(rate.per_second);
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
        Self { rate, since: Instant::now(), level: Mutex::new(Level::full(rate)) }
    }

    /// Waits for a token.
    pub(crate) async fn take(&self) {
        let wait = self.level.lock().await.take(self.rate, self.since.elapsed());
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    /// The service refused the call for its rate.
    pub(crate) async fn refused(&self) {
        self.level.lock().await.refused(self.rate, self.since.elapsed());
    }

    /// The service took the call.
    pub(crate) async fn taken(&self) {
        self.level.lock().await.taken(self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_waits() {
        let mut level = Level::full(MODIFY);
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
    fn a_refusal_halves_the_speed_and_calls_that_are_taken_give_it_back() {
        let mut level = Level::full(READ);
        level.refused(READ, Duration::ZERO);
        assert_eq!(level.speed, 10.0);
        assert_eq!(level.take(READ, Duration::ZERO), Duration::from_millis(100));
        level.refused(READ, Duration::from_millis(50));
        assert_eq!(level.speed, 10.0, "it was under way");
        for seconds in 1..20 {
            level.refused(READ, Duration::from_secs(seconds * 10));
        }
        assert_eq!(level.speed, LONGEST.recip());
        for _ in 0..60 {
            level.taken(READ);
        }
        assert_eq!(level.speed, READ.per_second);
    }

    #[test]
    fn the_estimate_is_what_the_bucket_takes() {
        for (calls, seconds) in [(0, 0), (20, 0), (21, 1), (100, 80), (800, 780), (1600, 1580)] {
            assert_eq!(estimate(calls, MODIFY), Duration::from_secs(seconds), "{calls} calls");
        }
    }
}
