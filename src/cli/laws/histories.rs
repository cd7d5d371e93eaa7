//! Histories of configurations, applied one after another without mishaps.

use proptest::prelude::*;

use super::cases;
use super::driver::{Applied, apply_all, copy, memory, plan_texts, run, settled, text_of};
use super::generate::{Conf, history};
use crate::apply::event::ApplyEvent;
use crate::plan::model::{Action, StepId};

/// Applies a history; after each apply nothing is left to do.
async fn lived(history: &[Conf]) -> Result<(), String> {
    let store = memory();
    for (number, conf) in history.iter().enumerate() {
        let step = async {
            let applied = apply_all(&conf.texts(), &store).await?;
            in_order(&applied)?;
            settled(&conf.texts(), &store).await
        };
        step.await.map_err(|error| format!("edit {number}: {error}"))?;
    }
    Ok(())
}

/// Steps wait only for earlier ones, none starts before those have ended, and each belongs to a shown change.
fn in_order(applied: &Applied) -> Result<(), String> {
    let shown = text_of(&applied.plan);
    let mut ended = std::collections::BTreeSet::new();
    for (index, step) in applied.plan.steps.iter().enumerate() {
        let change = applied.plan.changes.get(step.change).ok_or("a step without a change")?;
        let fits = step.id == StepId(index) && step.waits_for.iter().all(|wait| wait.0 < index);
        if !fits || (change.action == Action::NoOp && change.moved_from.is_none() && change.notes.is_empty())
        {
            return Err(format!("step {step:?} of {change:?}"));
        }
        let block = change.address.split(['[', ' ']).next().unwrap_or_default();
        if !shown.contains(block) {
            return Err(format!("{} is not shown in\n{shown}", change.address));
        }
    }
    for event in &applied.events {
        match event {
            ApplyEvent::StepStarted { step, .. } => {
                let waits = &applied.plan.steps[step.0].waits_for;
                if let Some(wait) = waits.iter().find(|wait| !ended.contains(*wait)) {
                    return Err(format!("step {} began before step {} had ended", step.0, wait.0));
                }
            }
            ApplyEvent::StepFinished { step, .. } => {
                ended.insert(*step);
            }
            ApplyEvent::StepFailed { .. } | ApplyEvent::StepSkipped { .. } | ApplyEvent::Waiting { .. } => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn a_plan_after_a_complete_apply_is_empty(history in history(8, 5)) {
        run(lived(&history)).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(cases(30))]
    #[test]
    fn a_plan_does_not_depend_on_the_order_of_files_and_blocks(history in history(8, 2), chance in any::<u64>()) {
        run(async {
            let store = memory();
            let (last, before) = history.split_last().expect("a history has a configuration");
            for conf in before {
                apply_all(&conf.texts(), &store).await?;
            }
            let text = text_of(&plan_texts(&last.texts(), &store).await?);
            for texts in [last.texts(), last.shuffled(chance), last.shuffled(!chance)] {
                let other = text_of(&plan_texts(&texts, &copy(&store).await).await?);
                if other != text {
                    return Err(format!("{text}\n---\n{other}"));
                }
            }
            Ok(())
        }).map_err(TestCaseError::fail)?;
    }
}
