//! `version` and `completions`: what this program is.

use clap::CommandFactory;
use serde_json::json;

use super::Outcome;
use crate::cli::args::{Cli, CompletionsArgs, VersionArgs};
use crate::cli::run::Context;
use crate::report::json;

pub(in crate::cli) fn run(context: &Context, _: &VersionArgs) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    let (registry, plan) = (crate::registry::event::FORMAT, crate::plan::saved::FORMAT);
    context.terminal.out(&if context.json {
        json::text(&json!({
            "format_version": json::FORMAT_VERSION,
            "flowform": version,
            "registry_format": registry,
            "plan_format": plan,
        }))
    } else {
        format!("flowform {version}\nregistry format {registry}, plan format {plan}\n")
    });
    Outcome::Done
}

pub(in crate::cli) fn completions(context: &Context, args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowform", &mut script);
    context.terminal.out(&String::from_utf8_lossy(&script));
    Outcome::Done
}
