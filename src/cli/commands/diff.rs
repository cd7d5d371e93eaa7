//! `diff`: how the definitions of two versions of a flow differ.

use super::Outcome;
use super::record::{Record, open};
use crate::cli::args::DiffArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::diag::Diagnostic;
use crate::plan::diff::differences;
use crate::registry::view::FlowRecord;
use crate::report::{json, plan};
use crate::value::from_json;

pub(in crate::cli) async fn run(context: &Context, args: &DiffArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let flow = record.flow(&args.flow)?;
    let before = definition(&record, flow, args.before).await?;
    let after = definition(&record, flow, args.after).await?;
    let found = differences(&before, &from_json(&after));
    let (theme, width) = (context.terminal.theme(), context.terminal.width());
    context.terminal.out(&match context.json {
        true => json::text(&json::plan::differences(&found)),
        false => {
            let options = plan::Options { full: args.full, theme, width };
            format!("{}\n", plan::render_differences(&found, options).trim_end())
        }
    });
    Ok(Outcome::Done)
}

/// A version's definition.
///
/// # Errors
/// There is no such version, or its definition is not known.
pub(super) async fn definition(
    record: &Record,
    flow: &FlowRecord,
    version: u32,
) -> Result<serde_json::Value, Failure> {
    if flow.version(version).is_none() {
        let last = flow.next_version() - 1;
        return Err(Diagnostic::error(
            "Unknown version",
            format!("`{}` has no version {version}; its versions are 1 to {last}.", flow.address),
        )
        .into());
    }
    let found = record.registry.definition(&record.view, &flow.id, version).await?;
    let parsed = found.and_then(|json| serde_json::from_str(json.get()).ok());
    parsed.ok_or_else(|| {
        Diagnostic::error(
            "Definition not known",
            format!(
                "Version {version} of `{}` was imported as it was, so its definition is not recorded.",
                flow.address
            ),
        )
        .into()
    })
}
