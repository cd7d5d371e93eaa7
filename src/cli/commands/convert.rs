//! `convert`: the original's JSON as a configuration.

use super::Outcome;
use crate::cli::args::ConvertArgs;
use crate::cli::edge;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::convert::{Input, Note, Options, convert};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::SourceMap;

pub(in crate::cli) fn run(context: &Context, args: &ConvertArgs) -> Result<Outcome, Failure> {
    let mut diags = Diagnostics::new();
    let mut texts = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let name = path.display().to_string();
        let (name, bytes) = match name.as_str() {
            "-" => ("<stdin>".to_owned(), context.terminal.read_to_end()),
            _ => (name, edge::read(path)),
        };
        let text = bytes
            .map_err(|error| error.to_string())
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
        match text {
            Ok(text) => texts.push((name, text)),
            Err(error) => diags.push(
                Diagnostic::error("File not readable", format!("{name} cannot be read: {error}."))
                    .help("check that it exists, is UTF-8 text and may be read"),
            ),
        }
    }
    let inputs: Vec<Input<'_>> = texts.iter().map(|(name, text)| Input { name, text }).collect();
    let converted = convert(&inputs, Options { group: args.group, hosts: &args.hosts });
    for Note { of, text } in converted.refused {
        diags.push(Diagnostic::error("Not convertible", format!("{of}: {text}.")).help(
            "give serialized run configs or flows: what `prefect build` writes, or rows of the server's flows",
        ));
    }
    for Note { of, text } in converted.notes {
        diags.push(Diagnostic::warning("Changed by the conversion", format!("{of}: {text}.")));
    }
    context.terminal.out(&converted.text);
    if diags.has_errors() {
        return Err(Failure::new(diags, SourceMap::default()));
    }
    context.warn(&diags, &SourceMap::default());
    Ok(Outcome::Done)
}
