//! `graph`: how the blocks depend on each other.

use super::Outcome;
use crate::cli::args::{GraphArgs, GraphFormat};
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::diag::Diagnostics;
use crate::graph::{dot, mermaid};

pub(in crate::cli) fn run(context: &Context, args: &GraphArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let (workspace, _) = workspace.checked(diags)?;
    context.terminal.out(&match args.format {
        GraphFormat::Dot => dot(&workspace.config, &workspace.graph),
        GraphFormat::Mermaid => mermaid(&workspace.config, &workspace.graph),
    });
    Ok(Outcome::Done)
}
