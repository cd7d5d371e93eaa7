//! `unlock`: releases a lease whose holder is gone.

use super::Outcome;
use super::record::open;
use crate::cli::args::UnlockArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::registry::lease;

pub(in crate::cli) async fn run(context: &Context, args: &UnlockArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let unattended = "make certain that no apply is running, then run the command again with --force";
    if !args.force && !context.terminal.confirm("Is it certain that no apply is running?", unattended)? {
        context.terminal.err("The lease stays as it is.\n");
        return Ok(Outcome::Failed);
    }
    let released = lease::unlock(record.registry.store().as_ref(), &args.lease).await?;
    context
        .terminal
        .out(&format!("The lease that {} held for {} is released.\n", released.holder, released.operation));
    Ok(Outcome::Done)
}
