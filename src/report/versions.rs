//! The versions of a flow as a table. It reads nothing and knows the registry's records only.

use super::table;
use super::text::clean;
use super::theme::Theme;
use crate::registry::view::{FlowRecord, VersionRecord, VersionState, View};

/// The versions of `flow`, the newest first, with what the flow is held at and which one is published.
pub fn render(flow: &FlowRecord, theme: Theme) -> String {
    let rows: Vec<Vec<String>> = flow.versions.iter().rev().map(|version| row(flow, version)).collect();
    let mut out = format!("{} ({})\n", clean(&flow.address), clean(&flow.name));
    if let Some(archived) = &flow.archived {
        out.push_str(&format!("Archived at {} by {}.\n", clean(&archived.at), clean(&archived.by)));
    }
    if let Some(pin) = &flow.pin {
        let reason = pin.reason.as_deref().map(|reason| format!(": {}", clean(reason))).unwrap_or_default();
        out.push_str(&format!(
            "Pinned at version {} by {} at {}{reason}.\n",
            pin.version,
            clean(&pin.origin.by),
            clean(&pin.origin.at)
        ));
    }
    out.push('\n');
    let headings = ["VERSION", "STATE", "CREATED", "BY", "COMMIT", "DIGEST", ""];
    out.push_str(&table::render(&headings, &rows, theme));
    out
}

/// Recorded templates as a table, below the one of the flows; nothing where there are none.
pub fn templates(view: &View, theme: Theme) -> String {
    let of_roots = view.templates.iter();
    let rows: Vec<Vec<String>> = of_roots
        .flat_map(|(root, templates)| templates.values().map(move |template| (root, template)))
        .map(|(root, template)| {
            let state = if template.pending.is_some() { "unfinished" } else { "stored" };
            let root = if view.templates.len() > 1 { root.clone() } else { String::new() };
            let at = template.origin.at.clone();
            vec![template.address.clone(), template.uri.clone(), state.to_owned(), at, root]
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => {
            format!("\n{}", table::render(&["TEMPLATE", "PATH", "STATE", "WRITTEN", "ROOT"], &rows, theme))
        }
    }
}

/// Recorded flows as a table: what `state list` shows.
pub fn flows<'a>(flows: impl IntoIterator<Item = &'a FlowRecord>, theme: Theme) -> String {
    let flows: Vec<&FlowRecord> = flows.into_iter().collect();
    let several_roots = flows.windows(2).any(|pair| matches!(pair, [a, b] if a.root != b.root));
    let rows: Vec<Vec<String>> = flows
        .into_iter()
        .map(|flow| {
            let current = flow.wanted();
            let mut remarks = Vec::new();
            if flow.archived.is_some() {
                remarks.push("archived");
            }
            if flow.pin.is_some() {
                remarks.push("pinned");
            }
            if flow.archived.is_none() && flow.published != current.map(|version| version.version) {
                remarks.push("not published");
            }
            vec![
                flow.address.clone(),
                flow.name.clone(),
                current.map(|version| version.version.to_string()).unwrap_or_default(),
                current.map(state).unwrap_or_default().to_owned(),
                current.map(|version| version.origin.at.clone()).unwrap_or_default(),
                if several_roots { flow.root.clone() } else { String::new() },
                remarks.join(", "),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No flow is recorded.\n".to_owned();
    }
    table::render(&["FLOW", "NAME", "VERSION", "STATE", "CREATED", "ROOT", ""], &rows, theme)
}

/// Where a version stands, in a word.
pub fn state(version: &VersionRecord) -> &'static str {
    match version.state {
        VersionState::Reserved => "unfinished",
        VersionState::Bound => "live",
        VersionState::Abandoned => "given up",
        VersionState::Pruned => "pruned",
    }
}

/// What is special about a version: `published`, `pinned`.
pub fn marks(flow: &FlowRecord, version: &VersionRecord) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if flow.published == Some(version.version) && flow.archived.is_none() {
        marks.push("published");
    }
    if flow.pin.as_ref().is_some_and(|pin| pin.version == version.version) {
        marks.push("pinned");
    }
    marks
}

fn row(flow: &FlowRecord, version: &VersionRecord) -> Vec<String> {
    vec![
        version.version.to_string(),
        state(version).to_owned(),
        version.origin.at.clone(),
        version.origin.by.clone(),
        version
            .origin
            .commit
            .as_deref()
            .map(|commit| super::text::start(commit, 12))
            .unwrap_or_default()
            .to_owned(),
        version.digest.as_ref().map_or("unknown", |digest| digest.short()).to_owned(),
        marks(flow, version).join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use flowform_provider_api::{Digest, FlowId};

    use super::*;
    use crate::registry::event::Origin;
    use crate::registry::view::{DefinitionAt, Pin};

    fn origin(day: u32) -> Origin {
        Origin {
            at: format!("2026-11-{day:02}T03:00:00Z"),
            by: "ci@runner".to_owned(),
            commit: Some("0123456789abcdef".to_owned()),
        }
    }

    fn version(number: u32, state: VersionState) -> VersionRecord {
        VersionRecord {
            version: number,
            digest: (number > 1).then(|| Digest::of_bytes(&[number as u8])),
            definition: DefinitionAt::Unknown,
            segment: 0,
            origin: origin(number),
            state,
            artifacts: Vec::new(),
            superseded_at: None,
        }
    }

    #[test]
    fn what_users_see() {
        let flow = FlowRecord {
            id: FlowId("id".to_owned()),
            name: "nightly".to_owned(),
            address: "flow.etl".to_owned(),
            root: "main".to_owned(),
            archived: None,
            pin: Some(Pin {
                version: 2,
                configured: None,
                reason: Some("v3 drops rows".to_owned()),
                origin: origin(4),
            }),
            published: Some(2),
            stale_names: Vec::new(),
            versions: vec![
                version(1, VersionState::Pruned),
                version(2, VersionState::Bound),
                version(3, VersionState::Bound),
                version(4, VersionState::Reserved),
            ],
        };
        insta::with_settings!({snapshot_path => "snapshots", omit_expression => true}, {
            insta::assert_snapshot!("versions", render(&flow, Theme::plain()));
            insta::assert_snapshot!("flows", flows([&flow], Theme::plain()));
        });
    }
}
