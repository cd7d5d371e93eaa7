#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::*;
use crate::address::PathStep;
use crate::plan::model::{Action, Difference, Operation, Reason, Side, Step, StepId};
use crate::report::json;
use flowform_provider_api::FlowId;

fn options() -> Options {
    Options { full: false, theme: Theme::plain(), width: 100 }
}

fn value(value: serde_json::Value) -> Side {
    Side::Value(value)
}

fn path(text: &str) -> Vec<PathStep> {
    text.split('.')
        .map(|step| step.parse().map_or_else(|_| PathStep::Key(step.to_owned()), PathStep::Index))
        .collect()
}

fn differs(at: &str, before: Side, after: Side) -> Difference {
    Difference { path: path(at), before, after }
}

fn change(address: &str, action: Action, reason: Reason, from: Option<u32>, to: Option<u32>) -> Change {
    Change {
        address: address.to_owned(),
        subject: Subject::Flow,
        action,
        reason,
        name: address.strip_prefix("flow.").map(str::to_owned),
        moved_from: None,
        from_version: from,
        to_version: to,
        differences: Vec::new(),
        notes: Vec::new(),
    }
}

fn with(mut change: Change, differences: impl IntoIterator<Item = Difference>) -> Change {
    change.differences = differences.into_iter().collect();
    change
}

fn level(address: &str, from: u32) -> Change {
    with(
        change(address, Action::Update, Reason::DefinitionChanged, Some(from), Some(from + 1)),
        [differs("env.LEVEL", value(json!("INFO")), value(json!("DEBUG")))],
    )
}

fn plan(changes: Vec<Change>) -> Plan {
    let steps = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action != Action::NoOp || change.moved_from.is_some())
        .map(|(index, _)| Step {
            id: StepId(index),
            change: index,
            operation: Operation::Archive { flow: FlowId("f".to_owned()) },
            waits_for: Vec::new(),
        })
        .collect();
    Plan {
        mode: Mode::Normal,
        registry: Some("registry".to_owned()),
        project: "analytics".to_owned(),
        root: "main".to_owned(),
        seq: 7,
        changes,
        unchanged: 0,
        steps,
        checks: Vec::new(),
        outputs: Vec::new(),
        notes: Vec::new(),
        calls: 4,
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(name, text);
    });
}

/// Every action, every reason, and every kind of side.
fn everything() -> Plan {
    let script_before = "set -e\npython -m etl.extract\npython -m etl.load\necho done\n";
    let script_after =
        "set -eu\npython -m etl.extract\npython -m etl.transform\npython -m etl.load\necho done\n";
    let mut moved = change("flow.new_name", Action::NoOp, Reason::Moved, Some(3), Some(3));
    moved.moved_from = Some("flow.old_name".to_owned());
    let mut moved_and_updated = level("flow.regional[\"eu\"]", 6);
    moved_and_updated.moved_from = Some("flow.regional_eu".to_owned());
    moved_and_updated.name = Some("regional-eu".to_owned());
    let mut held = change("flow.held", Action::NoOp, Reason::Pinned, Some(5), Some(5));
    held.notes = vec!["pinned at version 5 by ann@laptop: version 6 drops rows; let go with `flowform rollback flow.held --unpin`".to_owned()];
    let mut agents = change("agent", Action::Update, Reason::DocumentChanged, None, None);
    agents.subject = Subject::Agents;
    agents.name = None;
    agents.differences = vec![differs("eu.labels", value(json!(["eu"])), value(json!(["eu", "gpu"])))];
    let prune = |address: &str, reason| {
        let mut change = change(address, Action::Prune, reason, Some(1), None);
        change.subject = Subject::FlowVersion;
        change
    };
    let unreadable = {
        let mut change = change("flow.remote", Action::NoOp, Reason::Unreadable, Some(2), None);
        change.notes = vec!["process local/remote-v2: permission denied".to_owned()];
        change
    };
    let mut plan = plan(vec![
        agents,
        change("flow.adopted", Action::Adopt, Reason::Imported, None, Some(1)),
        change("flow.again", Action::Create, Reason::DeclaredAgain, Some(3), Some(4)),
        change("flow.altered", Action::Replace, Reason::ArtifactAltered, Some(2), Some(2)),
        change("flow.asked", Action::Replace, Reason::Requested, Some(2), Some(2)),
        with(
            change("flow.etl", Action::Update, Reason::DefinitionChanged, Some(3), Some(4)),
            [
                differs("env.LEVEL", value(json!("INFO")), value(json!("DEBUG"))),
                differs("env.REGION", Side::Absent, value(json!("eu-west-1"))),
                differs("env.OLD", value(json!("1")), Side::Absent),
                differs("env.TOKEN", Side::Sensitive, Side::Sensitive),
                differs("image", value(json!("etl:1")), Side::Unknown),
                differs("labels", value(json!(["eu"])), value(json!(["eu", "gpu"]))),
                differs("parameters.limit", value(json!(10)), value(json!("10"))),
                differs("schedules.0.cron", value(json!("0 3 * * *")), value(json!("0 4 * * *"))),
                differs("script", value(json!(script_before)), value(json!(script_after))),
                differs(
                    "command",
                    value(json!(format!(
                        "python -m etl {} --level INFO --retries 3",
                        "--source s3://bucket/key ".repeat(6)
                    ))),
                    value(json!(format!(
                        "python -m etl {} --level DEBUG --retries 3",
                        "--source s3://bucket/key ".repeat(6)
                    ))),
                ),
            ],
        ),
        change("flow.gone", Action::Replace, Reason::ArtifactMissing, Some(8), Some(8)),
        held,
        change("flow.half", Action::Update, Reason::Interrupted, Some(4), Some(5)),
        moved,
        with(
            change("flow.nightly", Action::Create, Reason::NotRecorded, None, Some(1)),
            [
                differs("image", Side::Absent, value(json!("etl:1"))),
                differs("env.TOKEN", Side::Absent, Side::Sensitive),
                differs("env.URL", Side::Absent, Side::Unknown),
                differs(
                    "schedules",
                    Side::Absent,
                    value(json!([{"cron": "0 3 * * *", "timezone": "Europe/Berlin"}])),
                ),
            ]
            .into_iter()
            .chain((0..12).map(|n| differs(&format!("parameters.p{n}"), Side::Absent, value(json!(n))))),
        ),
        change("flow.released", Action::Update, Reason::Unpinned, Some(5), Some(6)),
        moved_and_updated,
        unreadable,
        change("flow.removed", Action::Forget, Reason::Removed, Some(3), None),
        change("flow.retired", Action::Archive, Reason::NotDeclared, Some(9), None),
        prune("flow.retired v8", Reason::OfArchivedFlow),
        change("flow.rolled_back", Action::Update, Reason::Pinned, Some(6), Some(5)),
        prune("flow.etl v1", Reason::Superseded),
        change("flow.unpublished", Action::Update, Reason::NotPublished, Some(2), Some(2)),
    ]);
    plan.unchanged = 997;
    plan.outputs = vec![
        OutputChange { name: "etl_id".to_owned(), before: Side::Absent, after: Side::Unknown },
        OutputChange { name: "etl_version".to_owned(), before: value(json!(3)), after: value(json!(4)) },
        OutputChange { name: "token".to_owned(), before: Side::Sensitive, after: Side::Sensitive },
    ];
    plan.notes = vec![
        "2 superseded versions wait to be pruned: they are kept until 2026-12-01.".to_owned(),
        "--target leaves out 12 flows of this configuration.".to_owned(),
    ];
    plan
}

#[test]
fn every_action_and_reason() {
    let plan = everything();
    snapshot("plan_everything", &render(&plan, options()));
    snapshot("plan_everything_full", &render(&plan, Options { full: true, ..options() }));
    snapshot("plan_everything_narrow", &render(&plan, Options { width: 60, ..options() }));
    snapshot(
        "plan_everything_color",
        &render(&plan, Options { theme: Theme::color(), ..options() }).replace('\u{1b}', "␛"),
    );
    snapshot("plan_everything_json", &json::text(&json::plan::document(&plan, Vec::new())));
}

#[test]
fn equal_changes_are_shown_once() {
    let mut changes: Vec<Change> = (0..14).map(|n| level(&format!("flow.etl[\"r{n:02}\"]"), n + 1)).collect();
    changes.push(level("flow.other", 3));
    changes
        .extend((0..14).map(|n| {
            change(&format!("flow.old{n:02}"), Action::Archive, Reason::NotDeclared, Some(n), None)
        }));
    changes.extend((1..7).map(|n| {
        let mut change =
            change(&format!("flow.old0{} v{n}", n / 4), Action::Prune, Reason::OfArchivedFlow, Some(n), None);
        change.subject = Subject::FlowVersion;
        change
    }));
    changes.extend((0..3).map(|n| {
        let mut change = level(&format!("flow.x{n}"), 1);
        change.differences.push(differs("env.NEW", Side::Absent, value(json!("x"))));
        change
    }));
    snapshot("plan_grouped", &render(&plan(changes), options()));
}

#[test]
fn a_big_plan_folds_what_is_new_before_what_changes() {
    let mut changes: Vec<Change> = (0..300)
        .map(|n| {
            with(
                change(&format!("flow.f{n:03}"), Action::Create, Reason::NotRecorded, None, Some(1)),
                [differs("name", Side::Absent, value(json!(format!("f{n}"))))],
            )
        })
        .collect();
    changes.push(level("flow.z", 1));
    changes.push(change("flow.zz", Action::Archive, Reason::NotDeclared, Some(1), None));
    let text = render(&plan(changes), options());
    assert!(text.contains("flow.z will be updated") && text.contains("flow.zz will be archived"), "{text}");
    assert!(text.contains("  + ... and 251 more flows to create, shown with --full\n"), "{text}");
    assert_eq!(text.matches(" will be created").count(), 49);
}

#[test]
fn an_empty_plan_says_so() {
    let mut empty = plan(Vec::new());
    empty.unchanged = 12;
    assert_eq!(
        render(&empty, options()),
        "No changes. What is live and recorded is what the configuration says. 12 unchanged.\n\
         Read the live state in 4 calls.\n"
    );
    empty.mode = Mode::RefreshOnly;
    assert!(render(&empty, options()).starts_with("No changes. What is recorded is what is live."));
    empty.mode = Mode::Destroy;
    empty.unchanged = 0;
    empty.calls = 1;
    assert_eq!(
        render(&empty, options()),
        "No changes. There is nothing of this root configuration to archive.\nRead the live state in 1 call.\n"
    );
}

#[test]
fn what_could_not_be_read_is_no_all_clear() {
    let mut changes = vec![change("flow.remote", Action::NoOp, Reason::Unreadable, Some(2), None)];
    changes[0].notes.push("process local/remote-v2: permission denied".to_owned());
    snapshot("plan_unreadable", &render(&plan(changes), options()));
}

#[test]
fn what_many_flows_could_not_be_read_for_stands_beside_them() {
    let changes = (0..4)
        .map(|n| {
            let mut change = change(&format!("flow.f{n}"), Action::NoOp, Reason::Unreadable, Some(2), None);
            change.notes.push(format!("process f{n}-v2: permission denied"));
            change
        })
        .collect();
    let text = render(&plan(changes), options());
    assert!(
        text.contains("? 4 flows are not checked")
            && text.contains("flow.f3  process f3-v2: permission denied\n"),
        "{text}"
    );
}

#[test]
fn ten_thousand_changes_are_folded() {
    let mut changes: Vec<Change> = (0..10_000).map(|n| level(&format!("flow.f{n}"), 1)).collect();
    for (number, change) in changes.iter_mut().enumerate().filter(|(number, _)| number % 2 == 0) {
        change.differences.push(differs("env.N", Side::Absent, value(json!(number))));
    }
    let plan = plan(changes);
    let text = render(&plan, options());
    assert!(text.lines().count() < 400, "{}", text.lines().count());
    assert!(text.contains("  ~ ... and 4,951 more flows to update, shown with --full"), "{text}");
}

#[test]
fn user_data_cannot_move_the_cursor() {
    let mut evil = level("flow.\u{1b}[2J", 1);
    evil.notes.push("\u{1b}[2J\u{202e}".to_owned());
    evil.differences.push(differs("script", value(json!("a\nb\u{1b}[2J")), value(json!("a\nc\r"))));
    evil.differences.push(differs("env.\u{1b}", value(json!("\u{1b}")), Side::Absent));
    let text = render(&plan(vec![evil]), options());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
}

#[test]
fn long_values_are_folded_where_they_are_equal() {
    let shown = |before: &str, after: &str| {
        let change = with(
            change("flow.etl", Action::Update, Reason::DefinitionChanged, Some(1), Some(2)),
            [differs("a", value(json!(before)), value(json!(after)))],
        );
        render(&plan(vec![change]), options())
    };
    let text = shown(
        &format!("{}x{}", "a".repeat(900), "b".repeat(900)),
        &format!("{}yy{}", "a".repeat(900), "b".repeat(900)),
    );
    assert!(text.contains("aaaxbbb") && text.contains("aaayybbb"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    // Nothing is equal, and there is no character border to rely on.
    let text = shown(&"日".repeat(500), &"本".repeat(400));
    assert!(text.contains("characters"), "{text}");
}

proptest::proptest! {
    #[test]
    fn no_value_panics_and_no_line_ends_in_spaces(
        before in "[a-c \\n\\r\\té日\u{1b}]{0,300}",
        after in "[a-c \\n\\r\\té日\u{1b}]{0,300}",
        width in 0usize..140,
    ) {
        let differences = [
            differs("a.b", value(json!(before)), value(json!(after))),
            differs("a.c", Side::Absent, value(json!([before, {"k": after}]))),
            differs("a.d", value(json!([before])), value(json!([before, after]))),
        ];
        let update = with(change("flow.etl", Action::Update, Reason::DefinitionChanged, Some(1), Some(2)), differences);
        let text = render(&plan(vec![update]), Options { width, ..options() });
        proptest::prop_assert!(!text.contains(" \n"), "{:?}", text);
    }

    #[test]
    fn nothing_sensitive_is_shown(at in 0usize..4) {
        let sides = [Side::Absent, Side::Unknown, Side::Sensitive, value(json!("plain"))];
        let other = sides.get(at).cloned().unwrap_or(Side::Absent);
        let update = with(
            change("flow.etl", Action::Update, Reason::DefinitionChanged, Some(1), Some(2)),
            [differs("a", Side::Sensitive, other)],
        );
        let text = render(&plan(vec![update]), options());
        proptest::prop_assert!(text.contains("(sensitive value)"));
    }
}
