//! The pages `docs/run-configs/*.md`, `docs/storages.md` and `docs/agents.md`: prose with the tables put in.

use super::{Table, table, tables};
use crate::flow::kind::{RunConfigKind, StorageKind};

/// A page of the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it is, from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What stands in the prose for the table of arguments.
const ARGUMENTS: &str = "{{arguments}}";

/// All pages that are made from the tables.
pub fn pages() -> Vec<Page> {
    let mut pages: Vec<Page> = RunConfigKind::ALL.into_iter().filter_map(run_config).collect();
    let storages: String = tables()
        .iter()
        .filter(|table| table.block == "storage")
        .map(|table| {
            section(table, StorageKind::from_label(table.kind.unwrap_or_default()).map(StorageKind::class))
        })
        .collect();
    pages.push(Page {
        path: "docs/storages.md".to_owned(),
        text: include_str!("about/storages.md").replace(ARGUMENTS, storages.trim_end()),
    });
    let agents: String =
        tables().iter().filter(|table| table.block == "agent").map(|table| section(table, None)).collect();
    pages.push(Page {
        path: "docs/agents.md".to_owned(),
        text: include_str!("about/agents.md").replace(ARGUMENTS, agents.trim_end()),
    });
    pages
}

fn run_config(kind: RunConfigKind) -> Option<Page> {
    let prose = match kind {
        RunConfigKind::Universal => include_str!("about/universal.md"),
        RunConfigKind::Local => include_str!("about/local.md"),
        RunConfigKind::Docker => include_str!("about/docker.md"),
        RunConfigKind::Kubernetes => include_str!("about/kubernetes.md"),
        RunConfigKind::Ecs => include_str!("about/ecs.md"),
        RunConfigKind::Vertex => include_str!("about/vertex.md"),
    };
    let table = table("run_config", Some(kind.label()))?;
    Some(Page {
        path: format!("docs/run-configs/{}.md", kind.label()),
        text: prose.replace(ARGUMENTS, arguments(&table).trim_end()),
    })
}

fn section(table: &Table, class: Option<&str>) -> String {
    let label = table.kind.unwrap_or(table.block);
    let class = class.map(|class| format!(" The original's `{class}`.")).unwrap_or_default();
    format!("## {label}\n\n{}{class}\n\n{}\n", table.doc, arguments(table))
}

fn arguments(table: &Table) -> String {
    let mut out = String::from("| argument | type | meaning |\n|---|---|---|\n");
    for field in &table.fields {
        let required = if field.required { ", required" } else { "" };
        let doc = field.doc.replace('|', "\\|");
        out.push_str(&format!("| `{}` | {}{required} | {doc} |\n", field.name, field.ty.name()));
    }
    out
}
