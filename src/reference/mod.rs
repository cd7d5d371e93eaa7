//! What can be written, told from the tables of kinds: pages of documentation, a schema for tools, the text that an
//! editor shows for an argument. It checks nothing and writes no file.

mod pages;
mod schema;

pub use pages::{Page, pages};
pub use schema::{FORMAT_VERSION, schema};

use crate::flow::kind::{
    AgentKind, DataKind, EnvironmentKind, FLOW, Field, RunConfigKind, SCHEDULE, StorageKind, TemplateKind,
    field,
};

/// A table of arguments: those of a block, or of one kind of a block.
#[derive(Clone, Debug)]
pub struct Table {
    /// The block's kind: `run_config`.
    pub block: &'static str,
    /// The block's type label: `ecs`; `None` where a block has no kinds.
    pub kind: Option<&'static str>,
    /// What it declares, in one line.
    pub doc: &'static str,
    /// The arguments, in the order of the documentation.
    pub fields: Vec<&'static Field>,
}

/// Every block whose arguments are in a table, in the order of the documentation. The arguments of all blocks that
/// make something (`count`, `for_each`, ...) are not among them.
pub fn tables() -> Vec<Table> {
    let mut tables = vec![
        Table { block: "flow", kind: None, doc: "A flow: what runs.", fields: FLOW.iter().collect() },
        Table {
            block: "schedule",
            kind: None,
            doc: "When runs of a flow are due; inside a `flow` block.",
            fields: SCHEDULE.iter().collect(),
        },
    ];
    tables.extend(DataKind::ALL.map(|kind| Table {
        block: "data",
        kind: Some(kind.label()),
        doc: data_doc(kind),
        fields: kind.fields().iter().collect(),
    }));
    tables.extend(TemplateKind::ALL.map(|kind| Table {
        block: "template",
        kind: Some(kind.label()),
        doc: template_doc(kind),
        fields: TemplateKind::fields().iter().collect(),
    }));
    tables.extend(RunConfigKind::ALL.map(|kind| Table {
        block: "run_config",
        kind: Some(kind.label()),
        doc: run_config_doc(kind),
        fields:
            kind.fields().iter().chain(RunConfigKind::own_fields()).chain(kind.language_fields()).collect(),
    }));
    tables.extend(StorageKind::ALL.map(|kind| Table {
        block: "storage",
        kind: Some(kind.label()),
        doc: storage_doc(kind),
        fields: kind.all_fields().collect(),
    }));
    tables.extend(AgentKind::ALL.map(|kind| Table {
        block: "agent",
        kind: Some(kind.label()),
        doc: agent_doc(kind),
        fields: kind.all_fields().collect(),
    }));
    tables.extend(EnvironmentKind::ALL.map(|kind| Table {
        block: "execution_environment",
        kind: Some(kind.label()),
        doc: "A deprecated execution environment.",
        fields: kind.fields().iter().collect(),
    }));
    tables
}

/// The table of a block; `kind` is its type label where it has one.
pub fn table(block: &str, kind: Option<&str>) -> Option<Table> {
    tables().into_iter().find(|table| table.block == block && table.kind == kind)
}

/// What an editor shows for a block or one of its arguments, as Markdown: the type, whether it must be given, what it
/// is for.
pub fn hover(block: &str, kind: Option<&str>, argument: Option<&str>) -> Option<String> {
    let table = table(block, kind)?;
    let Some(name) = argument else { return Some(table.doc.to_owned()) };
    let fields: Vec<Field> = table.fields.into_iter().copied().collect();
    let field = field(&fields, name)?;
    let required = if field.required { ", required" } else { "" };
    Some(format!("`{}`: {}{required}\n\n{}", field.name, field.ty.name(), field.doc))
}

const fn data_doc(kind: DataKind) -> &'static str {
    match kind {
        DataKind::File => "Reads a file.",
        DataKind::Http => "Reads an HTTP resource.",
        DataKind::TerraformState => "Reads the outputs of a Terraform state.",
        DataKind::FlowformRegistry => "Reads what a registry has of another project: flows, agents, outputs.",
    }
}

const fn template_doc(kind: TemplateKind) -> &'static str {
    match kind {
        TemplateKind::EcsTaskDefinition => "A task definition that `ecs` run configs share.",
        TemplateKind::KubernetesJob => "A Job template that `kubernetes` run configs share.",
    }
}

const fn run_config_doc(kind: RunConfigKind) -> &'static str {
    match kind {
        RunConfigKind::Universal => "Any agent takes the flow; environment and labels alone.",
        RunConfigKind::Local => "A process on the agent's machine.",
        RunConfigKind::Docker => "A container on a Docker host.",
        RunConfigKind::Kubernetes => "A Kubernetes Job.",
        RunConfigKind::Ecs => "An ECS task.",
        RunConfigKind::Vertex => "A Vertex AI CustomJob.",
    }
}

const fn storage_doc(kind: StorageKind) -> &'static str {
    match kind {
        StorageKind::Docker => "The code is inside a container image.",
        StorageKind::S3 => "The code is an S3 object.",
        StorageKind::Gcs => "The code is a Google Cloud Storage object.",
        StorageKind::Azure => "The code is an Azure blob.",
        StorageKind::Local => "The code is a file on the machine that runs the flow.",
        StorageKind::Github => "The code is a file of a GitHub repository.",
        StorageKind::Gitlab => "The code is a file of a GitLab repository.",
        StorageKind::Bitbucket => "The code is a file of a Bitbucket repository.",
        StorageKind::Git => "The code is a file of any git repository.",
        StorageKind::Codecommit => "The code is a file of a CodeCommit repository.",
        StorageKind::Module => "The code is an importable Python module.",
        StorageKind::Webhook => "The code is what an HTTP request returns.",
    }
}

const fn agent_doc(kind: AgentKind) -> &'static str {
    match kind {
        AgentKind::Local => "An agent that starts processes on its own machine.",
        AgentKind::Docker => "An agent that starts containers on a Docker host.",
        AgentKind::Kubernetes => "An agent that starts Kubernetes Jobs.",
        AgentKind::Ecs => "An agent that starts ECS tasks.",
        AgentKind::Vertex => "An agent that starts Vertex AI CustomJobs.",
    }
}

#[cfg(test)]
mod tests;
