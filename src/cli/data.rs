//! IO: reads what `data` blocks ask for, each request once, several at a time; and evaluates until nothing is asked for
//! any more. It decodes nothing.

use std::time::Duration;

use tokio::task::JoinSet;

use super::edge;
use super::planning::surroundings;
use super::workspace::Workspace;
use crate::desired::data::{Answer, Answered, Request, What};
use crate::desired::{Evaluation, Outcomes, RegistrySettings, evaluate};
use crate::diag::Diagnostics;
use crate::plan::foreign::attributes;
use crate::providers::{self, Surroundings};
use crate::registry::Registry;

/// How many requests are under way at once.
const AT_ONCE: usize = 10;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Evaluates the configuration, reading what its `data` blocks ask for. What one block reads may decide what another
/// asks for, so it is evaluated again until nothing new is asked for.
pub(super) async fn evaluate_reading(
    workspace: &Workspace,
    outcomes: &dyn Outcomes,
    diags: &mut Diagnostics,
) -> Evaluation {
    loop {
        let mut found = Diagnostics::new();
        let evaluation = evaluate(workspace.inputs(), outcomes, &mut found);
        if !read_wanted(workspace).await {
            diags.extend(found);
            return evaluation;
        }
    }
}

/// Reads what was asked for and not had; whether there was anything.
pub(super) async fn read_wanted(workspace: &Workspace) -> bool {
    let (table, around) = (&workspace.data, surroundings(workspace));
    let wanted = table.take_wanted();
    let any = !wanted.is_empty();
    let (registries, wanted): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|request| matches!(request.what, What::Registry { .. }));
    for request in registries {
        if let What::Registry { project, path } = &request.what {
            let answered = registry(workspace, project, path.as_deref()).await;
            table.answer(request, answered);
        }
    }
    for some in wanted.chunks(AT_ONCE) {
        let mut reading = JoinSet::new();
        for request in some {
            let (request, around) = (request.clone(), around.clone());
            reading.spawn(async move {
                let answered = read(&request, &around).await;
                (request, answered)
            });
        }
        while let Some(joined) = reading.join_next().await {
            // A task that was cancelled leaves its request unanswered, as it should.
            if let Ok((request, answered)) = joined {
                table.answer(request, answered);
            }
        }
    }
    any
}

async fn read(request: &Request, around: &Surroundings) -> Answered {
    match &request.what {
        What::File { path } | What::TerraformState { path } => {
            edge::read_up_to(&around.base.join(path), MAX_FILE).map(Answer::Bytes)
        }
        What::Registry { .. } => Err("it is read elsewhere".to_owned()),
        What::S3State { bucket, key, access } => {
            providers::s3_object(bucket, key, access, MAX_FILE).await.map(Answer::Bytes)
        }
        What::S3Object { bucket, key } => {
            let access = providers::s3_access(around);
            providers::s3_object(bucket, key, &access, MAX_FILE).await.map(Answer::Bytes)
        }
        What::GcsObject { bucket, key } => {
            providers::gcs_object(bucket, key, around, MAX_FILE).await.map(Answer::Bytes)
        }
        What::Http { url, headers, timeout } => {
            let timeout = timeout.map(Duration::from_millis);
            let (status, headers, body) = providers::http_get(url.clone(), headers.clone(), timeout).await?;
            Ok(Answer::Response { status, headers, body })
        }
    }
}

/// What a registry has of a project. Without a path it is the configuration's own, and then nothing of its own root is in it:
/// that is what the plan is about.
async fn registry(workspace: &Workspace, project: &str, path: Option<&str>) -> Answered {
    let mut around = surroundings(workspace);
    if let Some(path) = path {
        around.registry = RegistrySettings::Local { path: path.to_owned() };
    }
    let store = providers::registry_store(&around);
    let registry = Registry::open(store, project).await.map_err(|error| error.to_string())?;
    let registry = registry.ok_or("there is no such project in the registry")?;
    let view = registry.load().await.map_err(|error| error.to_string())?.view;
    let agents = registry.agents().await.map_err(|error| error.to_string())?;
    let is_own = around.registry == workspace.settings.registry && project == workspace.settings.project;
    let without = is_own.then_some(workspace.settings.root.as_str());
    Ok(Answer::Registry(attributes(&view, &agents.by_root, without)))
}
