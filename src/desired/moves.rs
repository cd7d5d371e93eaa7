//! `moved` and `removed` blocks against what is declared: what cannot be meant is refused. It looks at no record.

use std::collections::{BTreeMap, BTreeSet};

use super::DesiredFlow;
use crate::config::Config;
use crate::config::model::Moved;
use crate::diag::{Diagnostic, Diagnostics};

/// Checks the blocks; `complete` tells whether all instances are known.
pub(super) fn check(config: &Config, flows: &[DesiredFlow], complete: bool, diags: &mut Diagnostics) {
    if config.moved.is_empty() && config.removed.is_empty() {
        return;
    }
    let declared: BTreeSet<String> = flows.iter().map(|flow| flow.address.to_string()).collect();
    let mut from: BTreeMap<&str, &Moved> = BTreeMap::new();
    let mut to: BTreeMap<&str, &Moved> = BTreeMap::new();
    for moved in &config.moved {
        if moved.from == moved.to {
            diags.push(
                Diagnostic::error("Move to itself", format!("`{}` is moved to where it is.", moved.from))
                    .at(moved.span)
                    .help("remove the block, or correct one of the addresses"),
            );
            continue;
        }
        let others = [from.get(&*moved.from), to.get(&*moved.to)].into_iter().flatten();
        for other in others.filter(|other| (&other.from, &other.to) != (&moved.from, &moved.to)) {
            diags.push(ambiguous(moved, other));
        }
        from.entry(&moved.from).or_insert(moved);
        to.entry(&moved.to).or_insert(moved);
        if still_declared(moved, &declared) {
            diags.push(
                Diagnostic::error(
                    "Moved flow still declared",
                    format!("`{}` is moved away, and it is declared still.", moved.from),
                )
                .at(moved.span)
                .help(format!("rename the block to what `{}` says, or remove the `moved` block", moved.to)),
            );
        }
    }
    cycles(&from, diags);
    let complete = complete && !diags.has_errors();
    for moved in from.values() {
        let goes_on = from.contains_key(&*moved.to)
            || config.removed.iter().any(|removed| names(&removed.from, &moved.to));
        if complete && !goes_on && !declared.iter().any(|address| names(&moved.to, address)) {
            let diagnostic = Diagnostic::warning(
                "Moved to nothing",
                format!(
                    "`{}` is moved to `{}`, which is not declared, so it would end.",
                    moved.from, moved.to
                ),
            );
            diags.push(
                diagnostic
                    .at(moved.span)
                    .help("declare it, or say with a `removed` block that it ends")
                    .suggest(&moved.to, declared.iter().map(String::as_str)),
            );
        }
    }
    for removed in &config.removed {
        if let Some(address) = declared.iter().find(|address| names(&removed.from, address)) {
            diags.push(
                Diagnostic::error(
                    "Removed flow still declared",
                    format!("`{}` is removed, and `{address}` is declared still.", removed.from),
                )
                .at(removed.span)
                .help("remove the flow's block, or the `removed` block"),
            );
        }
    }
}

/// Whether an address as written names another: itself, or all instances of the block.
fn names(written: &str, address: &str) -> bool {
    address == written || address.strip_prefix(written).is_some_and(|rest| rest.starts_with('['))
}

/// A block that gets `count` or `for_each` keeps its name: then one side has a key and the other has none.
fn still_declared(moved: &Moved, declared: &BTreeSet<String>) -> bool {
    let block = |address: &str| address.split('[').next().unwrap_or(address).to_owned();
    if block(&moved.from) == block(&moved.to) {
        return declared.contains(&moved.from);
    }
    declared.iter().any(|address| names(&moved.from, address))
}

fn ambiguous(moved: &Moved, other: &Moved) -> Diagnostic {
    let detail = if moved.from == other.from {
        format!("`{}` is moved to `{}` and to `{}`.", moved.from, other.to, moved.to)
    } else {
        format!("`{}` and `{}` are both moved to `{}`.", other.from, moved.from, moved.to)
    };
    Diagnostic::error("Ambiguous move", detail)
        .at(moved.span)
        .related(other.span, "the other one")
        .help("remove one of the two")
}

/// Moves that lead back to where they start.
fn cycles(from: &BTreeMap<&str, &Moved>, diags: &mut Diagnostics) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in from.keys() {
        let mut path: Vec<&Moved> = Vec::new();
        let mut at: &str = start;
        while let Some(moved) = from.get(at).filter(|_| !seen.contains(at)) {
            seen.insert(at);
            path.push(moved);
            at = &moved.to;
        }
        // What was met on an earlier path is no circle of this one.
        let Some(first) = path.iter().position(|moved| *moved.from == *at) else { continue };
        let circle = path.get(first..).unwrap_or_default();
        let names: Vec<&str> = circle.iter().map(|moved| &*moved.from).chain([at]).collect();
        let mut diagnostic = Diagnostic::error(
            "Moves in a circle",
            format!("These moves lead back to where they start: {}.", names.join(" -> ")),
        )
        .help("remove one of them");
        diagnostic.span = circle.first().map(|moved| moved.span);
        for moved in circle.iter().skip(1) {
            diagnostic = diagnostic.related(moved.span, "another part of the circle");
        }
        diags.push(diagnostic);
    }
}
