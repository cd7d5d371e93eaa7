//! `init`: writes a first configuration, or prepares the registry of an existing one.

use super::Outcome;
use crate::cli::applying::create;
use crate::cli::args::InitArgs;
use crate::cli::edge;
use crate::cli::failure::{self, Failure};
use crate::cli::planning;
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::diag::Diagnostics;

/// The first configuration of a new user.
const STARTER: &str = include_str!("starter.hcl");
/// What version control passes over.
const IGNORED: &str = ".flowform/\n*.plan\n";

pub(in crate::cli) async fn run(context: &Context, args: &InitArgs) -> Result<Outcome, Failure> {
    if !edge::has_configuration(&context.directory) {
        let path = context.directory.join("main.hcl");
        edge::create(&path, STARTER.as_bytes()).map_err(|error| failure::file("written", &path, &error))?;
        let ignore = context.directory.join(".gitignore");
        // One that exists is the user's own.
        let _ = edge::create(&ignore, IGNORED.as_bytes());
        context.terminal.out(&format!(
            "Wrote {}, a first configuration with one flow.\n\nRead it, change it, then run `flowform plan`.\n",
            path.display()
        ));
        return Ok(Outcome::Done);
    }
    let mut diags = Diagnostics::new();
    let workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
    let (workspace, _) = workspace.checked(diags)?;
    let read = planning::read(&workspace).await?;
    let (location, project) = (read.store.location(), &workspace.settings.project);
    match &read.registry {
        Some(registry) => context.terminal.out(&format!(
            "The registry {} of the project `{project}` in {location} is ready.\n",
            registry.id()
        )),
        None => {
            let registry = create(&read, &workspace).await?;
            context.terminal.out(&format!(
                "Created the registry {} of the project `{project}` in {location}.\n\nNow run `flowform plan`.\n",
                registry.id()
            ));
        }
    }
    Ok(Outcome::Done)
}
