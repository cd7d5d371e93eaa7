//! The reference of the command line as Markdown, from its definition. It writes no file.

use clap::{Arg, Command};

/// The page `docs/cli.md`.
pub fn markdown(command: &Command) -> String {
    let mut command = command.clone();
    // Fills in what clap derives: usage lines, inherited options.
    command.build();
    let mut out = String::from(
        "# Commands\n\nThis page is generated from the program's own help; `UPDATE_DOCS=1 cargo test cli_reference` writes it.\n",
    );
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        out.push_str(&format!("\n{}\n", sentence(about)));
    }
    if let Some(after) = command.get_after_help() {
        out.push_str(&format!("\n{after}\n"));
    }
    out.push_str("\n## Options of every command\n\n");
    out.push_str(&options(command.get_arguments().filter(|argument| argument.is_global_set())));
    out.push_str("\n## Overview\n\n| command | what it does |\n|---|---|\n");
    for leaf in leaves(&command, "flowform") {
        let about = leaf.1.get_about().map(sentence).unwrap_or_default();
        let anchor = leaf.0.replace(' ', "-");
        out.push_str(&format!("| [`{}`](#{anchor}) | {} |\n", leaf.0, cell(&about)));
    }
    for (name, command) in leaves(&command, "flowform") {
        out.push_str(&section(&name, command));
    }
    out
}

/// Commands that run, with their whole names; the depth is that of the definition.
fn leaves<'a>(command: &'a Command, name: &str) -> Vec<(String, &'a Command)> {
    let mut leaves = Vec::new();
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        let name = format!("{name} {}", child.get_name());
        if child.has_subcommands() {
            leaves.extend(self::leaves(child, &name));
        } else {
            leaves.push((name, child));
        }
    }
    leaves
}

fn section(name: &str, command: &Command) -> String {
    let mut out = format!("\n## {name}\n");
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        out.push_str(&format!("\n{}\n", sentence(about)));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    out.push_str(&format!("\n```\n{usage}\n```\n"));
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| {
            !argument.is_global_set() && argument.get_id() != "help" && !argument.is_hide_set()
        })
        .collect();
    if !own.is_empty() {
        out.push('\n');
        out.push_str(&options(own.into_iter()));
    }
    if let Some(examples) = command.get_after_long_help() {
        let examples = examples.to_string();
        let lines: Vec<&str> =
            examples.lines().filter(|line| *line != "Examples:").map(|line| line.trim_start()).collect();
        out.push_str(&format!("\nExamples:\n\n```\n{}\n```\n", lines.join("\n")));
    }
    out
}

fn options<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut out = String::from("| option | meaning |\n|---|---|\n");
    for argument in arguments {
        let mut meaning = argument.get_long_help().or(argument.get_help()).map(sentence).unwrap_or_default();
        let defaults: Vec<_> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let takes_value = argument.get_action().takes_values();
        if takes_value && !defaults.is_empty() && !argument.is_hide_default_value_set() {
            meaning.push_str(&format!(" Default: `{}`.", defaults.join(", ")));
        }
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| takes_value && !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !values.is_empty() {
            meaning.push_str(&format!(" One of {}.", values.join(", ")));
        }
        out.push_str(&format!("| `{}` | {} |\n", cell(&spelling(argument)), cell(&meaning)));
    }
    out
}

fn spelling(argument: &Arg) -> String {
    let name = argument.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    match (argument.get_long(), argument.get_action().takes_values()) {
        (Some(long), true) => format!("--{long} {}", name.unwrap_or_else(|| "VALUE".to_owned())),
        (Some(long), false) => format!("--{long}"),
        (None, _) => name.unwrap_or_else(|| argument.get_id().as_str().to_uppercase()),
    }
}

/// Text that stays inside a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// clap takes the full stop of a help text away.
fn sentence(text: &clap::builder::StyledStr) -> String {
    let text = text.to_string();
    if text.ends_with(['.', ':']) { text } else { format!("{text}.") }
}
