//! Which step may run next. Pure: it is told what happened and says what is ready, and why something is skipped.

use std::collections::BTreeSet;

use crate::plan::model::{Step, StepId};

/// The state of every step of a plan.
#[derive(Debug)]
pub struct Scheduler {
    open: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    ready: BTreeSet<StepId>,
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

impl Scheduler {
    /// Nothing has run yet.
    pub fn new(steps: &[Step]) -> Self {
        let mut dependents = vec![Vec::new(); steps.len()];
        let mut open = Vec::with_capacity(steps.len());
        let mut ready = BTreeSet::new();
        for step in steps {
            let waits: BTreeSet<StepId> = step.waits_for.iter().copied().collect();
            for need in &waits {
                if let Some(list) = dependents.get_mut(need.0) {
                    list.push(step.id);
                }
            }
            if waits.is_empty() {
                ready.insert(step.id);
            }
            open.push(waits.len());
        }
        Self { open, dependents, ready, states: vec![State::Waiting; steps.len()] }
    }

    /// The lowest step that may run now; it counts as running from here on.
    pub fn start_next(&mut self) -> Option<StepId> {
        let id = self.ready.pop_first()?;
        self.set(id, State::Running);
        Some(id)
    }

    /// The step has succeeded: those that waited only for it become ready.
    pub fn succeeded(&mut self, id: StepId) {
        self.set(id, State::Done);
        for dependent in self.dependents.get(id.0).cloned().unwrap_or_default() {
            let Some(open) = self.open.get_mut(dependent.0) else { continue };
            *open = open.saturating_sub(1);
            if *open == 0 && self.states.get(dependent.0) == Some(&State::Waiting) {
                self.ready.insert(dependent);
            }
        }
    }

    /// The step has failed: everything that waits for it, however indirectly, is skipped and returned.
    pub fn failed(&mut self, id: StepId) -> Vec<StepId> {
        self.set(id, State::Failed);
        let mut skipped = Vec::new();
        let mut queue = vec![id];
        while let Some(failed) = queue.pop() {
            for dependent in self.dependents.get(failed.0).cloned().unwrap_or_default() {
                if self.states.get(dependent.0) == Some(&State::Waiting) {
                    self.set(dependent, State::Skipped);
                    self.ready.remove(&dependent);
                    skipped.push(dependent);
                    queue.push(dependent);
                }
            }
        }
        skipped.sort_unstable();
        skipped
    }

    /// Nothing more is begun: everything that has not run is skipped and returned.
    pub fn stop(&mut self) -> Vec<StepId> {
        self.ready.clear();
        let waiting = self.states.iter().enumerate().filter(|(_, state)| **state == State::Waiting);
        let skipped: Vec<StepId> = waiting.map(|(index, _)| StepId(index)).collect();
        for id in &skipped {
            self.set(*id, State::Skipped);
        }
        skipped
    }

    fn set(&mut self, id: StepId, state: State) {
        if let Some(slot) = self.states.get_mut(id.0) {
            *slot = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use flowform_provider_api::FlowId;
    use proptest::prelude::*;

    use super::*;
    use crate::plan::model::Operation;

    fn steps(waits: &[Vec<usize>]) -> Vec<Step> {
        waits
            .iter()
            .enumerate()
            .map(|(index, waits)| Step {
                id: StepId(index),
                change: index,
                operation: Operation::Archive { flow: FlowId(format!("f{index}")) },
                waits_for: waits.iter().map(|wait| StepId(*wait)).collect(),
            })
            .collect()
    }

    #[test]
    fn a_failure_skips_what_waits_for_it_and_nothing_else() {
        let mut scheduler = Scheduler::new(&steps(&[vec![], vec![0], vec![1], vec![]]));
        assert_eq!(scheduler.start_next(), Some(StepId(0)));
        assert_eq!(scheduler.start_next(), Some(StepId(3)));
        assert_eq!(scheduler.start_next(), None);
        assert_eq!(scheduler.failed(StepId(0)), [StepId(1), StepId(2)]);
        scheduler.succeeded(StepId(3));
        assert_eq!(scheduler.start_next(), None);
    }

    proptest! {
        #[test]
        fn no_step_runs_before_what_it_waits_for(
            waits in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..40),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        ) {
            let waits: Vec<Vec<usize>> = waits
                .iter()
                .enumerate()
                .map(|(index, waits)| if index == 0 { vec![] } else { waits.iter().map(|wait| wait.index(index)).collect() })
                .collect();
            let mut scheduler = Scheduler::new(&steps(&waits));
            let (mut running, mut done) = (Vec::new(), BTreeSet::new());
            let mut picks = picks.into_iter();
            loop {
                while let Some(id) = scheduler.start_next() {
                    for wait in &waits[id.0] {
                        prop_assert!(done.contains(wait), "step {} ran before step {wait}", id.0);
                    }
                    running.push(id);
                }
                let Some(pick) = picks.next().filter(|_| !running.is_empty()) else { break };
                let id = running.swap_remove(pick.index(running.len()));
                scheduler.succeeded(id);
                done.insert(id.0);
            }
            prop_assert_eq!(done.len(), waits.len());
        }
    }
}
