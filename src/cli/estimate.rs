//! How long an apply takes at the least, where the rate of a backend governs it. It calls nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowform_provider_api::ObjectStore;

use super::planning::{Planning, connect};
use super::workspace::Workspace;
use crate::plan::model::{Operation, Plan, Planned};

/// A sentence for each provider whose rate makes the plan take a while; empty when none does.
pub(super) fn told(workspace: &Workspace, planning: &Planning) -> String {
    let store: Arc<dyn ObjectStore> = Arc::clone(&planning.read.store);
    let connected = connect(workspace, &store, planning.read.view.as_ref());
    let mut text = String::new();
    for (name, (makes, removes)) in counted(&planning.plan) {
        let Some(provider) = connected.get(name) else { continue };
        let least = provider.estimate(makes, removes);
        if !least.is_zero() {
            text.push_str(&format!(
                "Applying takes at least {}: `{name}` makes {makes} and removes {removes} at the rate that its backend allows.\n",
                words(least)
            ));
        }
    }
    text
}

/// What each provider makes and removes.
fn counted(plan: &Plan) -> BTreeMap<&str, (u64, u64)> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for step in &plan.steps {
        match &step.operation {
            Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } => {
                for made in artifacts.iter().filter(|artifact| artifact.existing.is_none()) {
                    counts.entry(&made.provider).or_default().0 += 1;
                }
            }
            Operation::Prune { artifacts, .. } | Operation::Discard { artifacts, .. } => {
                for removed in artifacts {
                    counts.entry(&removed.provider).or_default().1 += 1;
                }
            }
            _ => {}
        }
    }
    counts
}

fn words(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_easily() {
        for (seconds, text) in [(40, "40 s"), (120, "2 min"), (780, "13 min"), (1580, "26 min 20 s")] {
            assert_eq!(words(Duration::from_secs(seconds)), text);
        }
    }
}
