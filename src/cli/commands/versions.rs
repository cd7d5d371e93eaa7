//! `versions`: the history of a flow.

use super::Outcome;
use super::record::open;
use crate::cli::args::VersionsArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::report::{json, versions};

pub(in crate::cli) async fn run(context: &Context, args: &VersionsArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let flow = record.flow(&args.flow)?;
    context.terminal.out(&match context.json {
        true => json::text(&json::versions(flow)),
        false => versions::render(flow, context.terminal.theme()),
    });
    Ok(Outcome::Done)
}
