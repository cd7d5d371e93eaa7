//! `explain`: the page about a diagnostic.

use super::Outcome;
use crate::cli::args::ExplainArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::diag::Diagnostic;
use crate::report::explain;

pub(in crate::cli) fn run(context: &Context, args: &ExplainArgs) -> Result<Outcome, Failure> {
    let terminal = &context.terminal;
    if args.code.is_empty() {
        for code in explain::codes() {
            terminal.out(&format!("{code}\n"));
        }
        return Ok(Outcome::Done);
    }
    let written = args.code.join(" ");
    let Some(page) = explain::page(&written) else {
        return Err(Diagnostic::error("Unknown code", format!("No diagnostic has the code `{written}`."))
            .help("`flowform explain` lists all codes")
            .suggest(&explain::code(&written), explain::codes())
            .into());
    };
    terminal.out(&format!("{page}\n"));
    Ok(Outcome::Done)
}
