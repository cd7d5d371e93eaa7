//! Saved plans, and going back.

use std::sync::Arc;

use proptest::prelude::*;

use super::cases;
use super::driver::{
    Store, apply_all, carry_out, copy, memory, options, plan, run, settled, state, told, view, workspace,
};
use super::generate::{Conf, Texts, history};
use crate::cli::args::VariableArgs;
use crate::cli::edge;
use crate::cli::planning::{self, Planning};
use crate::cli::workspace::{Kept, Workspace};
use crate::diag::Diagnostics;
use crate::plan::saved::{FORMAT, SavedPlan, decode};

/// The plan file of a configuration that is read from a directory, as the command writes it.
async fn save(texts: &Texts, store: &Store) -> Result<Vec<u8>, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (name, text) in texts {
        let path = directory.path().join(name);
        let parent = path.parent().ok_or("a file without a directory")?;
        std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        edge::write(&path, text.as_bytes()).map_err(|error| error.to_string())?;
    }
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(directory.path(), &VariableArgs::default(), &mut diags);
    if diags.has_errors() {
        return Err(told(&diags));
    }
    let planning = plan(&workspace, store).await?;
    let saved = SavedPlan {
        format: FORMAT,
        flowform: "test".to_owned(),
        made_at: edge::now(),
        options: options(),
        plan: planning.plan,
        configuration: workspace.keep(),
    };
    serde_json::to_vec(&saved).map_err(|error| error.to_string())
}

/// Applies a plan file without the directory.
async fn apply_saved(bytes: &[u8], store: &Store) -> Result<(), String> {
    let saved: SavedPlan<Kept> = decode(bytes)?;
    if serde_json::to_vec(&saved).map_err(|error| error.to_string())? != bytes {
        return Err("the plan file does not read back as it was written".to_owned());
    }
    let mut diags = Diagnostics::new();
    let gone = std::path::Path::new("/nowhere");
    let workspace = Workspace::restore(gone, &saved.configuration, &VariableArgs::default(), &mut diags);
    let read = planning::read_from(&workspace, Arc::clone(store)).await;
    let read = read.map_err(|failure| told(&failure.diagnostics))?;
    let made = planning::make(&workspace, read, &saved.options, saved.made_at, &mut diags).await;
    let made = made.map_err(|failure| told(&failure.diagnostics))?;
    if diags.has_errors() {
        return Err(told(&diags));
    }
    let applied = carry_out(&workspace, Planning { plan: saved.plan, ..made }, true).await?;
    match applied.report.is_complete() {
        true => Ok(()),
        false => Err(format!("{:?} {:?}", applied.report.failed, applied.report.skipped)),
    }
}

async fn saved_is_direct(history: &[Conf]) -> Result<(), String> {
    let Some((last, earlier)) = history.split_last() else { return Ok(()) };
    let store = memory();
    for conf in earlier {
        apply_all(&conf.texts(), &store).await?;
    }
    let direct = copy(&store).await;
    apply_all(&last.texts(), &direct).await?;
    let bytes = save(&last.texts(), &store).await?;
    apply_saved(&bytes, &store).await?;
    settled(&last.texts(), &store).await?;
    match state(&store).await? == state(&direct).await? {
        true => Ok(()),
        false => Err("the saved plan ended elsewhere".to_owned()),
    }
}

proptest! {
    #![proptest_config(cases(30))]
    #[test]
    fn a_saved_plan_does_what_a_direct_apply_does(history in history(6, 3)) {
        run(saved_is_direct(&history)).map_err(TestCaseError::fail)?;
    }
}

fn level(level: &str) -> Texts {
    let text = format!(
        "storage \"module\" \"code\" {{\n  module = \"m\"\n}}\nflow \"f\" {{\n  storage = storage.module.code\n  \
         run_config \"local\" {{\n    env = {{ LEVEL = \"{level}\" }}\n  }}\n}}\n"
    );
    Texts::from([("main.hcl".to_owned(), text)])
}

#[test]
fn going_back_is_a_version_of_its_own_and_uses_the_artifact_again() {
    run(async {
        let store = memory();
        for text in ["a", "b", "a"] {
            apply_all(&level(text), &store).await.expect("it applies");
            settled(&level(text), &store).await.expect("it is settled");
        }
        let view = view(&store).await.expect("there is a record");
        let flow = view.flows.values().next().expect("there is a flow");
        assert_eq!(flow.versions.len(), 3);
        assert_eq!(flow.versions[0].digest, flow.versions[2].digest);
        assert_eq!(flow.versions[0].artifacts, flow.versions[2].artifacts);
        assert_eq!(store.list("default/specs/", None).await.expect("it lists").len(), 2);
    });
}

#[test]
fn a_saved_plan_that_does_not_fit_any_more_is_refused() {
    run(async {
        let store = memory();
        apply_all(&level("a"), &store).await.expect("it applies");
        let bytes = save(&level("b"), &store).await.expect("it is saved");
        apply_all(&level("c"), &store).await.expect("it applies");
        let before = state(&store).await.expect("there is a state");
        let error = apply_saved(&bytes, &store).await.expect_err("it is refused");
        assert!(error.contains("It has changed since the plan was made"), "{error}");
        assert_eq!(state(&store).await.expect("there is a state"), before);
        // It is not applied twice either.
        let bytes = save(&level("b"), &store).await.expect("it is saved");
        apply_saved(&bytes, &store).await.expect("it applies");
        apply_saved(&bytes, &store).await.expect_err("it is refused");
        let mut diags = Diagnostics::new();
        assert!(plan(&workspace(&level("b"), &mut diags), &store).await.expect("a plan").plan.is_empty());
    });
}
