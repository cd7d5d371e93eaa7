//! Shared templates that are stored somewhere: what happens to each, why, and what that takes. What stands where one is to
//! be stored and was not recorded is somebody else's, and is neither written over nor removed.

use std::collections::BTreeMap;

use flowform_provider_api::{Digest, Etag};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::diff::{all_of, differences};
use super::guard;
use super::live::LiveTemplate;
use super::model::{Action, Change, Mode, Operation, Reason, Subject};
use super::planner::{PlanInput, parse};
use super::retire::{names, protecting_block};
use super::select::Selection;
use super::steps::Decision;
use crate::desired::{DesiredTemplate, StoredTemplate};
use crate::diag::Diagnostics;
use crate::registry::view::TemplateRecord;
use crate::value::from_json;

/// What happens to the templates of this root, and how many are unchanged.
pub(super) fn decide(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    diags: &mut Diagnostics,
) -> (Vec<Decision>, usize) {
    let records: BTreeMap<&str, &TemplateRecord> =
        input.recorded.own_templates().map(|record| (record.uri.as_str(), record)).collect();
    let mut decisions = Vec::new();
    let mut unchanged = 0;
    if input.options.mode == Mode::Normal {
        for (template, path, stored) in desired(input) {
            if !selection.takes(template.node, &template.address.to_string()) {
                continue;
            }
            let record = records.get(path).copied();
            let Some((change, operation)) = declared(input, template, path, stored, record, diags) else {
                continue;
            };
            match (change.action, &operation) {
                (Action::NoOp, None) if change.reason == Reason::UpToDate => unchanged += 1,
                _ => decisions.push(decision(input, template, change, operation)),
            }
        }
    }
    let kept: Vec<&str> = match input.options.mode {
        Mode::Normal => desired(input).map(|(_, path, _)| path).collect(),
        Mode::RefreshOnly | Mode::Destroy => Vec::new(),
    };
    for record in records.values() {
        if kept.contains(&record.uri.as_str()) || !taken(input, selection, record) {
            continue;
        }
        let made = match input.options.mode {
            Mode::RefreshOnly => refreshed(input, record, diags),
            Mode::Normal | Mode::Destroy => ended(input, record, diags),
        };
        match made {
            Some(made) => decisions.push(made),
            None => unchanged += usize::from(input.options.mode == Mode::RefreshOnly),
        }
    }
    (decisions, unchanged)
}

/// The templates that the configuration stores, with where and what.
fn desired(input: PlanInput<'_>) -> impl Iterator<Item = (&DesiredTemplate, &str, &StoredTemplate)> {
    // What is stored is known at plan time; where it is not, that is an error already.
    input
        .evaluation
        .templates
        .iter()
        .filter_map(|template| Some((template, template.path.as_deref()?, template.stored.as_ref()?)))
}

/// The other root configuration that stores a template at the very place, with its record. A relative path is against
/// the root's own directory, and no other root's.
fn of_another_root<'a>(input: PlanInput<'a>, path: &str) -> Option<(&'a str, &'a TemplateRecord)> {
    if !path.starts_with('/') && !path.contains("://") {
        return None;
    }
    let roots = input.recorded.view.into_iter().flat_map(|view| &view.templates);
    let mut others = roots.filter(|(root, _)| **root != input.settings.root);
    others.find_map(|(root, templates)| Some((root.as_str(), templates.get(path)?)))
}

fn taken(input: PlanInput<'_>, selection: &Selection<'_>, record: &TemplateRecord) -> bool {
    let declared =
        input.evaluation.templates.iter().find(|template| template.address.to_string() == record.address);
    match declared {
        Some(template) => selection.takes(template.node, &record.address),
        None => selection.takes_address(&record.address),
    }
}

/// What stands where a template is stored.
enum Found<'a> {
    Nothing,
    /// What was recorded, or what an interrupted apply was about to write.
    Ours(&'a LiveTemplate),
    /// Something else.
    Other(&'a LiveTemplate),
    /// It could not be read, for this reason.
    Unreadable(&'a str),
}

fn found<'a>(input: PlanInput<'a>, uri: &str, record: Option<&TemplateRecord>) -> Found<'a> {
    match input.live.templates.get(uri) {
        None => Found::Unreadable("nothing reads such a place"),
        Some(Err(error)) => Found::Unreadable(&error.message),
        Some(Ok(None)) => Found::Nothing,
        Some(Ok(Some(live))) => {
            let ours = |record: &TemplateRecord| {
                [&record.stored, &record.pending].into_iter().flatten().any(|sum| *sum == live.sha256)
            };
            match record.is_some_and(ours) {
                true => Found::Ours(live),
                false => Found::Other(live),
            }
        }
    }
}

/// One declared template against what is recorded and found. `None` where it is refused.
fn declared(
    input: PlanInput<'_>,
    template: &DesiredTemplate,
    path: &str,
    stored: &StoredTemplate,
    record: Option<&TemplateRecord>,
    diags: &mut Diagnostics,
) -> Option<(Change, Option<Operation>)> {
    if let Some((root, record)) = of_another_root(input, path) {
        diags.push(guard::template_of_another_root(template, root, record));
        return None;
    }
    let wanted = from_json(&parse(&stored.document)?);
    let change = |action, reason| change(&template.address.to_string(), path, action, reason);
    let store = |expected: Option<&LiveTemplate>, is_written: bool| Operation::StoreTemplate {
        uri: path.to_owned(),
        address: template.address.to_string(),
        digest: stored.digest.clone(),
        document: RawValue::to_owned(&stored.document),
        text: stored.text.clone(),
        sha256: match (is_written, record.and_then(|record| record.stored.as_ref())) {
            (false, Some(stored)) => stored.clone(),
            (_, _) => stored.sha256.clone(),
        },
        expected: expected.map(|live| live.etag.clone()),
        found: expected.and_then(|live| finished(record, live)),
        is_written,
    };
    let found = found(input, path, record);
    let Some(record) = record else {
        return match found {
            Found::Nothing => {
                let address = template.address.to_string();
                let elsewhere = input.recorded.own_templates().any(|record| record.address == address);
                let reason = if elsewhere { Reason::StoredElsewhere } else { Reason::NotRecorded };
                let mut change = change(Action::Create, reason);
                change.differences = all_of(&wanted);
                Some((change, Some(store(None, true))))
            }
            Found::Ours(_) | Found::Other(_) => {
                diags.push(guard::foreign_template(template, path));
                None
            }
            Found::Unreadable(why) => {
                Some(unreadable(input, change(Action::NoOp, Reason::Unreadable), why, diags))
            }
        };
    };
    let recorded = || parse(&record.document).unwrap_or(Json::Null);
    let same = record.digest == stored.digest;
    let (mut change, operation) = match found {
        Found::Unreadable(why) => unreadable(input, change(Action::NoOp, Reason::Unreadable), why, diags),
        Found::Nothing if record.stored.is_none() => {
            let mut change = change(Action::Create, Reason::Interrupted);
            change.differences = all_of(&wanted);
            (change, Some(store(None, true)))
        }
        Found::Nothing => {
            let mut change = match same {
                true => change(Action::Replace, Reason::ArtifactMissing),
                false => change(Action::Update, Reason::DefinitionChanged),
            };
            change.differences = differences(&recorded(), &wanted);
            change.notes.push(format!("{path} is gone"));
            (change, Some(store(None, true)))
        }
        Found::Ours(live)
            if same && record.pending.is_none() && record.stored.as_ref() == Some(&live.sha256) =>
        {
            match record.address == template.address.to_string() {
                true => (change(Action::NoOp, Reason::UpToDate), None),
                false => (change(Action::NoOp, Reason::Moved), Some(store(Some(live), false))),
            }
        }
        Found::Ours(live) if record.pending.is_some() => {
            let action = if record.stored.is_some() { Action::Update } else { Action::Create };
            let mut change = change(action, Reason::Interrupted);
            change.differences = differences(&recorded(), &wanted);
            (change, Some(store(Some(live), true)))
        }
        Found::Ours(live) => {
            let mut change = change(Action::Update, Reason::DefinitionChanged);
            change.differences = differences(&recorded(), &wanted);
            (change, Some(store(Some(live), true)))
        }
        Found::Other(_) if record.stored.is_none() => {
            diags.push(guard::foreign_template(template, path));
            return None;
        }
        Found::Other(live) => {
            let mut change = match same {
                true => change(Action::Replace, Reason::ArtifactAltered),
                false => change(Action::Update, Reason::DefinitionChanged),
            };
            match serde_json::from_slice::<Json>(&live.text) {
                Ok(before) => change.differences = differences(&before, &wanted),
                Err(_) => change.notes.push(format!("{path} holds no JSON any more")),
            }
            change.notes.push(format!("{path} was altered by somebody else"));
            (change, Some(store(Some(live), true)))
        }
    };
    if record.address != template.address.to_string() {
        change.moved_from = Some(record.address.clone());
    }
    Some((change, operation))
}

/// What an interrupted apply had written and not recorded.
fn finished(record: Option<&TemplateRecord>, live: &LiveTemplate) -> Option<Digest> {
    record?.pending.clone().filter(|pending| *pending == live.sha256)
}

fn unreadable(
    input: PlanInput<'_>,
    mut change: Change,
    why: &str,
    diags: &mut Diagnostics,
) -> (Change, Option<Operation>) {
    let place = change.name.clone().unwrap_or_default();
    change.notes.push(format!("{place} was not checked: {why}"));
    if !input.options.allow_unreadable {
        diags.push(guard::unreadable_template(&change));
    }
    (change, None)
}

/// A recorded template that is not declared there any more.
fn ended(input: PlanInput<'_>, record: &TemplateRecord, diags: &mut Diagnostics) -> Option<Decision> {
    let declared =
        input.evaluation.templates.iter().find(|template| template.address.to_string() == record.address);
    let removed = input.config.removed.iter().find(|removed| names(removed, &record.address));
    let is_destroyed = input.options.mode == Mode::Destroy;
    match declared {
        Some(template) if template.prevent_destroy => diags.push(guard::protected_template(template)),
        Some(_) => {}
        None => {
            if let Some(span) = protecting_block(input, &record.address).filter(|_| !is_destroyed) {
                diags.push(guard::prevented_instance(&record.address, span));
            }
        }
    }
    let reason = match (is_destroyed, declared, removed) {
        (true, _, _) => Reason::Destroyed,
        (false, Some(_), _) => Reason::StoredElsewhere,
        (false, None, Some(_)) => Reason::Removed,
        (false, None, None) => Reason::NotDeclared,
    };
    // The block may have another change of its own.
    let address = match declared {
        Some(_) if !is_destroyed => format!("{} at {}", record.address, record.uri),
        Some(_) | None => record.address.clone(),
    };
    let mut change = change(&address, &record.uri, Action::Prune, reason);
    let remove = |expected: Option<Etag>| Operation::RemoveTemplate { uri: record.uri.clone(), expected };
    if removed.is_some_and(|removed| !removed.destroy) && declared.is_none() && !is_destroyed {
        change.action = Action::Forget;
        return Some(last(record, change, Some(remove(None))));
    }
    let operation = match found(input, &record.uri, Some(record)) {
        Found::Nothing => {
            change.notes.push(format!("{} is gone already", record.uri));
            Some(remove(None))
        }
        Found::Ours(live) => Some(remove(Some(live.etag.clone()))),
        Found::Other(_) if record.stored.is_none() => {
            change.notes.push(format!("{} holds something else, which stays", record.uri));
            Some(remove(None))
        }
        Found::Other(live) => {
            change.notes.push(format!("{} was altered by somebody else", record.uri));
            Some(remove(Some(live.etag.clone())))
        }
        Found::Unreadable(why) => {
            (change.action, change.reason) = (Action::NoOp, Reason::Unreadable);
            let (told, operation) = unreadable(input, change, why, diags);
            change = told;
            operation
        }
    };
    Some(last(record, change, operation))
}

/// `--refresh-only`: the record is put right where a template is gone. `None` where it is as recorded.
fn refreshed(input: PlanInput<'_>, record: &TemplateRecord, diags: &mut Diagnostics) -> Option<Decision> {
    let mut change = change(&record.address, &record.uri, Action::NoOp, Reason::ArtifactAltered);
    let operation = match found(input, &record.uri, Some(record)) {
        Found::Ours(_) => return None,
        Found::Nothing => {
            (change.action, change.reason) = (Action::Prune, Reason::ArtifactMissing);
            change.notes.push(
                "the object is gone; the record is put right, and the next apply makes it again if it is wanted".to_owned(),
            );
            Some(Operation::RemoveTemplate { uri: record.uri.clone(), expected: None })
        }
        Found::Other(_) => {
            change.notes.push(format!("{} was altered by somebody else", record.uri));
            None
        }
        Found::Unreadable(why) => {
            change.reason = Reason::Unreadable;
            let (told, operation) = unreadable(input, change, why, diags);
            change = told;
            operation
        }
    };
    Some(last(record, change, operation))
}

fn change(address: &str, path: &str, action: Action, reason: Reason) -> Change {
    Change {
        address: address.to_owned(),
        subject: Subject::Template,
        action,
        reason,
        name: Some(path.to_owned()),
        moved_from: None,
        from_version: None,
        to_version: None,
        differences: Vec::new(),
        notes: Vec::new(),
    }
}

fn decision(
    input: PlanInput<'_>,
    template: &DesiredTemplate,
    change: Change,
    operation: Option<Operation>,
) -> Decision {
    let before = input.graph.made_before.get(template.node.0 as usize);
    let after = before.into_iter().flat_map(|nodes| nodes.iter().copied()).collect();
    Decision { node: Some(template.node), after, ..Decision::new(change, operation.into_iter().collect()) }
}

/// What ends comes last: what used it has let go by then.
fn last(record: &TemplateRecord, change: Change, operation: Option<Operation>) -> Decision {
    let group = record.address.clone();
    Decision { last: true, group, ..Decision::new(change, operation.into_iter().collect()) }
}
