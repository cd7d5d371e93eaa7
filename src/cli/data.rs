//! IO: reads what `data` blocks ask for, each request once, several at a time; and evaluates until nothing is asked for
//! any more. It decodes nothing.

use std::time::Duration;

use tokio::task::JoinSet;

use super::edge;
use super::planning::surroundings;
use super::workspace::Workspace;
use crate::desired::data::{Answer, Answered, DataTable, Request, What};
use crate::desired::{Evaluation, Outcomes, evaluate};
use crate::diag::Diagnostics;
use crate::providers::{self, Surroundings};

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
        if !read_wanted(&workspace.data, &surroundings(workspace)).await {
            diags.extend(found);
            return evaluation;
        }
    }
}

/// Reads what was asked for and not had; whether there was anything.
pub(super) async fn read_wanted(table: &DataTable, around: &Surroundings) -> bool {
    let wanted = table.take_wanted();
    let any = !wanted.is_empty();
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
        What::S3State { bucket, key, access } => {
            providers::s3_object(bucket, key, access, MAX_FILE).await.map(Answer::Bytes)
        }
        What::S3Object { bucket, key } => {
            let access = providers::s3_access(around);
            providers::s3_object(bucket, key, &access, MAX_FILE).await.map(Answer::Bytes)
        }
        What::Http { url, headers, timeout } => {
            let timeout = timeout.map(Duration::from_millis);
            let (status, headers, body) = providers::http_get(url.clone(), headers.clone(), timeout).await?;
            Ok(Answer::Response { status, headers, body })
        }
    }
}
