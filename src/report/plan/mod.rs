//! The plan as text. It decides nothing and hides no change that ends or removes something.
//!
//! What is shown is what differs; equal changes are shown once; what is left out is counted, with the way to see it.

mod differences;
mod group;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use self::group::Block;
use self::words::Kind;
use super::text::{clean, count, list, number, pad, width, wrap};
use super::theme::{Role, Theme};
use crate::plan::model::{Change, Difference, Mode, OutputChange, Plan, Subject};

/// Without `full`, details are shown for this many blocks (apart from those that are always listed).
const BLOCK_LIMIT: usize = 50;
/// Without `full`, a group lists this many addresses (apart from those that are always listed).
const ADDRESS_LIMIT: usize = 10;

/// How to render.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether nothing is folded.
    pub full: bool,
    /// Colours.
    pub theme: Theme,
    /// Columns.
    pub width: usize,
}

/// The whole plan as text.
pub fn render(plan: &Plan, options: Options) -> String {
    let blocks = group::blocks(plan);
    let theme = options.theme;
    let mut out = Vec::new();

    if !blocks.is_empty() {
        let heading = heading(plan, blocks.iter().any(|block| block.kind.is_done()));
        out.extend(
            wrap(&heading, options.width).into_iter().map(|line| theme.paint(Role::Strong, line).to_string()),
        );
        out.push(legend(&blocks, theme));
        out.push(String::new());
    }
    let detailed = detailed(&blocks, options);
    let mut paragraphs = Vec::new();
    for kind in Kind::ALL {
        let mut folded = Vec::new();
        for (block, detailed) in blocks.iter().zip(&detailed).filter(|(block, _)| block.kind == kind) {
            match detailed {
                true => paragraphs.push(render_block(block, options)),
                false => folded.push(block),
            }
        }
        if !folded.is_empty() {
            paragraphs.push(vec![fold(kind, &folded, theme)]);
        }
    }
    // Blocks of one line stand together, longer ones apart.
    let mut after_one_line = false;
    for paragraph in paragraphs {
        let one_line = paragraph.len() == 1;
        if after_one_line && !one_line {
            out.push(String::new());
        }
        out.extend(paragraph);
        if !one_line {
            out.push(String::new());
        }
        after_one_line = one_line;
    }
    if after_one_line {
        out.push(String::new());
    }
    if !plan.outputs.is_empty() {
        out.push(theme.paint(Role::Strong, "Outputs will change:").to_string());
        out.extend(outputs(&plan.outputs, options));
        out.push(String::new());
    }
    let checks = super::apply::checks(&plan.checks, options.width);
    out.extend(checks.lines().map(str::to_owned));
    if plan.registry.is_none() && !plan.is_empty() {
        out.push("Note: there is no registry yet; apply creates it.".to_owned());
        out.push(String::new());
    }
    for note in &plan.notes {
        out.extend(note_lines("Note: ", &clean(note), 0, options.width));
    }
    if !plan.notes.is_empty() {
        out.push(String::new());
    }
    // One line whatever the width, so that scripts find it whole.
    out.push(theme.paint(Role::Strong, summary(plan)).to_string());
    out.push(theme.paint(Role::Faint, calls(plan.calls)).to_string());
    out.push(String::new());
    out.join("\n")
}

/// Differences alone, for `diff`; a sentence when there are none.
pub fn render_differences(differences: &[Difference], options: Options) -> String {
    if differences.is_empty() {
        return "The definitions are equal.\n".to_owned();
    }
    let mut text = differences::render(differences, false, 0, options).join("\n");
    text.push('\n');
    text
}

/// What to do next with a plan that has changes: `saved` is the file it was written to.
pub fn next_step(saved: Option<&str>) -> String {
    match saved {
        Some(file) => format!(
            "The plan is saved in {file}. To make exactly these changes, run:\n    flowform apply {}\n",
            shell_word(file)
        ),
        None => "This plan is not saved: `flowform apply` plans again and asks before it changes anything. \
                 With `--out FILE` it can be applied exactly as shown.\n"
            .to_owned(),
    }
}

/// The counts in one sentence: `Plan: 2 to create, 1 to archive. 997 unchanged.`
pub fn summary(plan: &Plan) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for change in &plan.changes {
        *counts.entry(Kind::of(change)).or_default() += 1;
    }
    let of = |kind: Kind| counts.get(&kind).copied().unwrap_or_default();
    let mut done: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| kind.is_done() && of(*kind) > 0)
        .map(|kind| format!("{} to {}", number(of(kind)), kind.verb()))
        .collect();
    if !plan.outputs.is_empty() {
        done.push(format!("{} to change", count(plan.outputs.len(), "output")));
    }
    let mut rest = Vec::new();
    if plan.unchanged > 0 {
        rest.push(format!("{} unchanged", number(plan.unchanged)));
    }
    for kind in [Kind::Hold, Kind::NotChecked] {
        if of(kind) > 0 {
            rest.push(format!("{} {}", number(of(kind)), kind.verb()));
        }
    }
    let rest = if rest.is_empty() { String::new() } else { format!(" {}.", rest.join(", ")) };
    if !done.is_empty() {
        return format!("Plan: {}.{rest}", done.join(", "));
    }
    if !plan.is_empty() {
        return format!("Plan: nothing but records changes ({}).{rest}", count(plan.steps.len(), "step"));
    }
    if of(Kind::NotChecked) > 0 {
        return format!("No changes to what could be read.{rest} What was not checked may differ.");
    }
    let why = match plan.mode {
        Mode::Normal if of(Kind::Hold) > 0 => "What is live is what is recorded.",
        Mode::Normal => "What is live and recorded is what the configuration says.",
        Mode::RefreshOnly => "What is recorded is what is live.",
        Mode::Destroy => "There is nothing of this root configuration to archive.",
    };
    format!("No changes. {why}{rest}")
}

fn heading(plan: &Plan, changes_anything: bool) -> String {
    let project = clean(&plan.project);
    if !changes_anything {
        return format!("flowform will change nothing in project {project}, but you should know:");
    }
    match plan.mode {
        Mode::Normal => format!("flowform will make these changes in project {project}:"),
        Mode::RefreshOnly => format!("flowform will only put right what is recorded for project {project}:"),
        Mode::Destroy => {
            format!(
                "flowform will archive everything that root {} declares in project {project}:",
                clean(&plan.root)
            )
        }
    }
}

fn legend(blocks: &[Block<'_>], theme: Theme) -> String {
    let mut entries = Vec::new();
    for kind in Kind::ALL {
        if kind != Kind::Unchanged && blocks.iter().any(|block| block.kind == kind) {
            entries.push(format!("{} {}", theme.paint(kind.role(), kind.symbol()), kind.verb()));
        }
    }
    if entries.is_empty() { String::new() } else { format!("  {}", entries.join("   ")) }
}

/// Which blocks are shown in detail: where there are too many, those that touch what exists come before those that
/// only add to it.
fn detailed(blocks: &[Block<'_>], options: Options) -> Vec<bool> {
    let mut detailed: Vec<bool> =
        blocks.iter().map(|block| options.full || block.kind.is_always_listed()).collect();
    let mut left = BLOCK_LIMIT;
    for kind in Kind::ALL.into_iter().rev() {
        for (block, detailed) in blocks.iter().zip(&mut detailed) {
            if block.kind == kind && !*detailed && left > 0 {
                *detailed = true;
                left -= 1;
            }
        }
    }
    detailed
}

fn fold(kind: Kind, blocks: &[&Block<'_>], theme: Theme) -> String {
    let changes: usize = blocks.iter().map(|block| block.len()).sum();
    let text = format!(
        "... and {} more {} {}, shown with --full",
        number(changes),
        blocks.first().map_or("", |block| words::noun(&block.first.subject, changes)),
        if kind.is_done() { format!("to {}", kind.verb()) } else { kind.verb().to_owned() },
    );
    format!("  {} {}", theme.paint(kind.role(), kind.symbol()), theme.paint(Role::Faint, text))
}

fn render_block(block: &Block<'_>, options: Options) -> Vec<String> {
    let mut out = Vec::new();
    let theme = options.theme;
    let change = block.first;
    let symbol = theme.paint(block.kind.role(), block.kind.symbol());
    let many = !block.others.is_empty();
    let because = match words::because(change, many) {
        Some(because) => format!(", because {because}{}", words::aside(change, many)),
        None => words::aside(change, many).to_owned(),
    };
    if many {
        let subject = words::noun(&change.subject, block.len());
        let head = theme.paint(Role::Strong, format!("{} {subject}", number(block.len())));
        out.push(format!("  {symbol} {head} {}{because}", words::sentence_of_many(block.kind)));
    } else {
        let head = theme.paint(Role::Strong, clean(&change.address).into_owned());
        out.push(format!("  {symbol} {head}{} {}{because}", name(change), words::sentence(change)));
        if let (Some(from), true) = (&change.moved_from, block.kind != Kind::Move) {
            out.push(format!("      moved from {}", clean(from)));
        }
    }
    out.extend(differences::render(&change.differences, block.kind == Kind::Create, 6, options));
    let notes_beside = many && block.kind == Kind::NotChecked;
    for note in change.notes.iter().filter(|_| !notes_beside) {
        out.extend(note_lines("note: ", &clean(note), 6, options.width));
    }
    if many {
        addresses(block, options, &mut out);
    }
    out
}

/// The flow's name where the address does not say it.
fn name(change: &Change) -> String {
    match &change.name {
        Some(name)
            if change.subject == Subject::Flow
                && change.address.rsplit('.').next() != Some(name.as_str()) =>
        {
            format!(" (\"{}\")", clean(name))
        }
        _ => String::new(),
    }
}

fn addresses(block: &Block<'_>, options: Options, out: &mut Vec<String>) {
    let rows = match block.kind {
        Kind::Prune => pruned(block),
        _ => block.changes().map(|change| (clean(&change.address).into_owned(), remark(change))).collect(),
    };
    let all = options.full || block.kind.is_always_listed() || rows.len() <= ADDRESS_LIMIT + 1;
    let shown = if all { rows.len() } else { ADDRESS_LIMIT };
    let wide = rows.iter().take(shown).map(|(address, _)| width(address)).max().unwrap_or_default().min(60);
    for (address, remark) in rows.iter().take(shown) {
        let remark = options.theme.paint(Role::Faint, remark);
        out.push(format!("      {}  {remark}", pad(address, wide)).trim_end().to_owned());
    }
    if shown < rows.len() {
        let text = format!("... and {} more, shown with --full", number(rows.len() - shown));
        out.push(format!("      {}", options.theme.paint(Role::Faint, text)));
    }
}

fn remark(change: &Change) -> String {
    let mut parts = vec![words::versions(change)];
    if let Some(from) = &change.moved_from {
        parts.push(format!("moved from {}", clean(from)));
    }
    if Kind::of(change) == Kind::NotChecked {
        parts = change.notes.iter().map(|note| clean(note).into_owned()).collect();
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// Pruned versions, one line per flow.
fn pruned(block: &Block<'_>) -> Vec<(String, String)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for change in block.changes() {
        let address = clean(&change.address).into_owned();
        let (flow, version) = match address.rsplit_once(' ') {
            Some((flow, version)) => (flow.to_owned(), vec![version.to_owned()]),
            None => (address, Vec::new()),
        };
        match rows.last_mut() {
            Some((last, versions)) if *last == flow => versions.extend(version),
            _ => rows.push((flow, version)),
        }
    }
    rows.into_iter().map(|(flow, versions)| (flow, list(&versions))).collect()
}

fn outputs(changes: &[OutputChange], options: Options) -> Vec<String> {
    let differences: Vec<_> = changes
        .iter()
        .map(|output| Difference {
            path: vec![crate::address::PathStep::Key(output.name.clone())],
            before: output.before.clone(),
            after: output.after.clone(),
        })
        .collect();
    differences::render(&differences, false, 2, options)
}

fn note_lines(head: &str, text: &str, indent: usize, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(indent + head.len());
    wrap(text, room)
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let head = if index == 0 { head.to_owned() } else { " ".repeat(head.len()) };
            format!("{}{head}{line}", " ".repeat(indent))
        })
        .collect()
}

fn calls(calls: u64) -> String {
    match calls {
        0 => "Read the live state without a call.".to_owned(),
        1 => "Read the live state in 1 call.".to_owned(),
        more => {
            format!("Read the live state in {} calls.", number(usize::try_from(more).unwrap_or(usize::MAX)))
        }
    }
}

/// A file name as a shell takes it.
fn shell_word(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./:=@%+,".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
