//! How an apply ended, as text: what is done, what is not and why, and what to do next. It judges nothing.

use super::text::{clean, clean_lines, number, width, wrap};
use super::theme::{Role, Theme};
use super::value;
use crate::apply::event::{ApplyReport, NotDone};
use crate::plan::model::{Action, CheckOutcome, CheckStatus};

/// Failures and skipped changes beyond this many are counted; the JSON form has all of them.
const LIMIT: usize = 100;

/// The actions in the order in which they are counted.
const ACTIONS: [Action; 8] = [
    Action::Create,
    Action::Adopt,
    Action::Update,
    Action::Replace,
    Action::Forget,
    Action::Archive,
    Action::Prune,
    Action::NoOp,
];

/// The end of an apply.
pub fn render(report: &ApplyReport, theme: Theme, columns: usize) -> String {
    let mut out = String::new();
    if !report.failed.is_empty() {
        out.push_str(&format!("{}\n", theme.paint(Role::Error, "Failed:")));
        section(&report.failed, "", theme, columns, &mut out);
        out.push('\n');
    }
    if !report.skipped.is_empty() {
        out.push_str(&format!("{}\n", theme.paint(Role::Warning, "Not begun:")));
        section(&report.skipped, "because ", theme, columns, &mut out);
        out.push('\n');
    }
    out.push_str(&checks(&report.checks, columns));
    let role = if report.is_complete() { Role::Good } else { Role::Error };
    out.push_str(&format!("{}\n", theme.paint(role, summary(report))));
    if !report.is_complete() {
        out.push_str(&advice(report, columns));
    }
    if !report.outputs.is_empty() {
        out.push_str(&format!(
            "\n{}\n\n{}",
            theme.paint(Role::Strong, "Outputs:"),
            value::outputs(&report.outputs)
        ));
    }
    out
}

/// The checks that do not pass, for plans and reports alike.
pub(super) fn checks(checks: &[CheckOutcome], columns: usize) -> String {
    let mut out = String::new();
    for check in checks {
        let messages = clean_lines(&check.messages.join(" "));
        let text = match check.status {
            CheckStatus::Pass => continue,
            CheckStatus::Fail => format!("{} fails: {messages}", clean(&check.address)),
            CheckStatus::Error => format!("{} cannot be told: {messages}", clean(&check.address)),
            CheckStatus::Unknown => format!("{} can be told only after apply.", clean(&check.address)),
        };
        for (index, line) in wrap(&text, columns.saturating_sub(9)).into_iter().enumerate() {
            let head = if index == 0 { "Warning: " } else { "         " };
            out.push_str(&format!("{head}{line}\n"));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The counts in one sentence: `Apply complete: 3 created, 1 updated. 0 failed.`
pub fn summary(report: &ApplyReport) -> String {
    let mut done: Vec<String> = ACTIONS
        .into_iter()
        .map(|action| (report.count(action), action))
        .filter(|(count, _)| *count > 0)
        .map(|(count, action)| format!("{} {}", number(count), participle(action)))
        .collect();
    if done.is_empty() {
        done.push("nothing changed".to_owned());
    }
    let head = match (report.interrupted, report.is_complete()) {
        (true, _) => "Apply stopped",
        (false, true) => "Apply complete",
        (false, false) => "Apply incomplete",
    };
    let skipped = match report.skipped.len() {
        0 => String::new(),
        count => format!(", {} not begun", number(count)),
    };
    format!("{head}: {}. {} failed{skipped}.", done.join(", "), number(report.failed.len()))
}

/// The word for what was done.
pub fn participle(action: Action) -> &'static str {
    match action {
        // What has a change of its own and no action is a move.
        Action::NoOp => "moved",
        Action::Create
        | Action::Update
        | Action::Replace
        | Action::Adopt
        | Action::Archive
        | Action::Forget
        | Action::Prune => action.participle(),
    }
}

fn section(items: &[NotDone], before: &str, theme: Theme, columns: usize, out: &mut String) {
    for item in items.iter().take(LIMIT) {
        let address = clean(&item.address);
        let why = format!("{before}{}", clean_lines(&item.why));
        // A short reason stands beside the address, a long one below it.
        let beside = format!("  {}  {why}", theme.paint(Role::Strong, &address));
        if !why.contains('\n') && width(&address) + width(&why) + 4 <= columns {
            out.push_str(&beside);
            out.push('\n');
            continue;
        }
        out.push_str(&format!("  {}\n", theme.paint(Role::Strong, &address)));
        for line in wrap(&why, columns.saturating_sub(6).max(20)) {
            out.push_str(&format!("      {line}\n"));
        }
    }
    if items.len() > LIMIT {
        out.push_str(&format!("  ... and {} more\n", number(items.len() - LIMIT)));
    }
}

fn advice(report: &ApplyReport, columns: usize) -> String {
    let mend = match (report.interrupted, report.failed.is_empty()) {
        (_, false) => "Mend what failed, then run apply again",
        (true, true) => "It was interrupted. Run apply again to go on",
        (false, true) => "Run apply again to go on",
    };
    let text = format!("What is done is recorded. {mend}: finished steps are not repeated.");
    let mut lines = wrap(&text, columns).join("\n");
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::apply::event::Done;
    use crate::registry::event::OutputRecord;

    fn done(address: &str, action: Action) -> Done {
        Done { address: address.to_owned(), action }
    }

    fn not(address: &str, why: &str) -> NotDone {
        NotDone { address: address.to_owned(), why: why.to_owned() }
    }

    #[test]
    fn a_complete_apply_shows_its_outputs() {
        let report = ApplyReport {
            done: vec![
                done("flow.a", Action::Create),
                done("flow.b", Action::Create),
                done("flow.c", Action::Update),
                done("flow.d", Action::NoOp),
            ],
            outputs: BTreeMap::from([
                ("etl_version".to_owned(), OutputRecord { value: Some(json!(4)), sensitive: false }),
                ("token".to_owned(), OutputRecord { value: None, sensitive: true }),
            ]),
            ..ApplyReport::default()
        };
        assert_eq!(
            render(&report, Theme::plain(), 80),
            "Apply complete: 2 created, 1 updated, 1 moved. 0 failed.\n\nOutputs:\n\n\
             etl_version = 4\ntoken       = (sensitive value)\n"
        );
    }

    #[test]
    fn an_incomplete_apply_says_what_failed_and_what_to_do() {
        let report = ApplyReport {
            done: vec![done("flow.a", Action::Create)],
            failed: vec![not(
                "flow.base",
                "The task definition could not be registered: the role arn:aws:iam::123456789012:role/etl does not \
                 exist. Create it, or name another one as execution_role_arn.",
            )],
            skipped: vec![not("flow.etl", "flow.base failed")],
            ..ApplyReport::default()
        };
        insta::assert_snapshot!("apply_incomplete", render(&report, Theme::plain(), 80));
        let report = ApplyReport { interrupted: true, ..ApplyReport::default() };
        insta::assert_snapshot!("apply_interrupted", render(&report, Theme::plain(), 80));
    }
}
