//! `output`: what the last apply left.

use super::Outcome;
use super::record::open;
use crate::cli::args::OutputArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::diag::Diagnostic;
use crate::report::{json, value};

pub(in crate::cli) async fn run(context: &Context, args: &OutputArgs) -> Result<Outcome, Failure> {
    let record = open(context, &args.variables).await?;
    let outputs = record.view.outputs.get(&record.workspace.settings.root).cloned().unwrap_or_default();
    let terminal = &context.terminal;
    let Some(name) = &args.name else {
        terminal.out(&match context.json {
            true => json::text(&json::outputs(&outputs)),
            false if outputs.is_empty() => "No outputs are recorded.\n".to_owned(),
            false => value::outputs(&outputs),
        });
        return Ok(Outcome::Done);
    };
    let Some(output) = outputs.get(name) else {
        let mut diagnostic = Diagnostic::error("Unknown output", format!("No output `{name}` is recorded."))
            .suggest(name, outputs.keys().map(String::as_str));
        diagnostic
            .help
            .get_or_insert_with(|| "outputs are recorded by a complete `flowform apply`".to_owned());
        return Err(diagnostic.into());
    };
    if context.json {
        terminal.out(&json::text(&output.value));
    } else if args.raw {
        let text = output.value.as_ref().and_then(value::raw).ok_or_else(|| {
            Diagnostic::error(
                "No bare text",
                format!("The output `{name}` is sensitive or not a text, number or truth value, so it has no bare form."),
            )
            .help("use `--json`")
        })?;
        terminal.out(&text);
    } else {
        terminal.out(&format!("{}\n", value::output(output)));
    }
    Ok(Outcome::Done)
}
