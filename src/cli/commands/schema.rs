//! `schema`: the arguments of blocks, for people and for tools.

use super::Outcome;
use crate::cli::args::SchemaArgs;
use crate::cli::failure::Failure;
use crate::cli::run::Context;
use crate::diag::Diagnostic;
use crate::reference;
use crate::report::{json, table};

pub(in crate::cli) fn run(context: &Context, args: &SchemaArgs) -> Result<Outcome, Failure> {
    let terminal = &context.terminal;
    if context.json {
        terminal.out(&json::text(&reference::schema()));
        return Ok(Outcome::Done);
    }
    let tables = reference::tables();
    let name = |table: &reference::Table| match table.kind {
        Some(kind) => format!("{}.{kind}", table.block),
        None => table.block.to_owned(),
    };
    let Some(wanted) = &args.block else {
        let rows: Vec<_> = tables.iter().map(|table| vec![name(table), table.doc.to_owned()]).collect();
        terminal.out(&table::render(&["BLOCK", "DECLARES"], &rows, terminal.theme()));
        return Ok(Outcome::Done);
    };
    let Some(found) = tables.iter().find(|table| name(table) == *wanted) else {
        let names: Vec<String> = tables.iter().map(name).collect();
        return Err(Diagnostic::error(
            "Unknown block",
            format!("There is no block `{wanted}` with arguments of its own."),
        )
        .help("`flowform schema` lists the blocks")
        .suggest(wanted, names.iter().map(String::as_str))
        .into());
    };
    let rows: Vec<_> = found
        .fields
        .iter()
        .map(|field| {
            let required = if field.required { "required" } else { "" };
            vec![field.name.to_owned(), field.ty.name().to_owned(), required.to_owned(), field.doc.to_owned()]
        })
        .collect();
    terminal.out(&format!("{}\n\n", found.doc));
    terminal.out(&table::render(&["ARGUMENT", "TYPE", "", "MEANING"], &rows, terminal.theme()));
    Ok(Outcome::Done)
}
