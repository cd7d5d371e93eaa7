//! The rates at which ECS takes calls (API reference, page `request-throttling`), as the service counts them: one bucket
//! of tokens for all actions of a kind.

use std::collections::BTreeMap;
use std::time::Instant;

/// Kinds of actions with the size of their bucket and its tokens a second.
const KINDS: &[(&str, f64, f64, &[&str])] = &[
    ("modify", 20.0, 1.0, &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
    ("read", 50.0, 20.0, &["DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"]),
    ("tag", 20.0, 10.0, &["TagResource", "UntagResource"]),
    ("read tags", 50.0, 20.0, &["ListTagsForResource"]),
    ("clusters", 50.0, 20.0, &["DescribeClusters", "ListClusters"]),
    ("services", 100.0, 20.0, &["DescribeServices", "ListServices"]),
    ("tasks", 100.0, 20.0, &["DescribeTasks", "ListTasks"]),
    ("runs", 100.0, 40.0, &["RunTask", "StopTask"]),
];

/// How full the buckets are.
pub(super) struct Buckets {
    /// How much faster than the service's own they fill, so that tests are quick.
    factor: f64,
    levels: BTreeMap<&'static str, (f64, Instant)>,
}

impl Buckets {
    /// Full ones.
    pub(super) fn new(factor: f64) -> Self {
        Self { factor, levels: BTreeMap::new() }
    }

    /// Whether there is a token for the call; what has no documented bucket is always taken.
    pub(super) fn take(&mut self, operation: &str) -> bool {
        let Some((name, burst, rate, _)) = KINDS.iter().find(|(.., actions)| actions.contains(&operation))
        else {
            return true;
        };
        let now = Instant::now();
        let (tokens, at) = self.levels.entry(name).or_insert((*burst, now));
        *tokens = (*tokens + now.duration_since(*at).as_secs_f64() * rate * self.factor).min(*burst);
        *at = now;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}
