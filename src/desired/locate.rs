//! Where in the texts a part of a flow's inputs is written: in the flow, its run config, its storage, a schedule.

use super::nested::Nested;
use super::resource::node_of;
use crate::address::PathStep;
use crate::config::model::{Config, Node, NodeKind, Resource};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Expr, ExprKind};
use crate::value::Value;

/// The blocks that a flow's inputs are written in.
pub(super) struct Places<'a> {
    pub(super) config: &'a Config,
    pub(super) node: &'a Node,
    pub(super) resource: &'a Resource,
    pub(super) nested: &'a [Nested<'a>],
    pub(super) run_config: Option<&'a Value>,
    pub(super) storage: Option<&'a Value>,
}

impl Places<'_> {
    /// The place of `path`; the block's header when nothing more exact is written out.
    pub(super) fn locate(&self, path: &[PathStep]) -> Span {
        let header = self.node.header;
        let Some((PathStep::Key(first), rest)) = path.split_first() else { return header };
        let found = match first.as_str() {
            "run_config" | "secret_env" => {
                let rest = if first == "secret_env" { path } else { rest };
                self.in_run_config(rest)
            }
            "storage" => self.in_block(rest, self.storage),
            "schedule" => self.in_schedule(rest),
            _ => None,
        };
        found
            .or_else(|| self.resource.argument(first).map(|attribute| descend(&attribute.expr, rest)))
            .or_else(|| {
                // Labels are part of the run config in the definition, and of the flow in the configuration.
                let Some(PathStep::Key(second)) = rest.first() else { return None };
                self.resource
                    .argument(second)
                    .map(|attribute| descend(&attribute.expr, rest.get(1..).unwrap_or_default()))
            })
            .unwrap_or(header)
    }

    fn in_run_config(&self, rest: &[PathStep]) -> Option<Span> {
        let nested = self.nested.iter().find(|block| block.kind == "run_config");
        match nested {
            Some(block) => in_attributes(&block.body.attributes, rest),
            None => self.in_block(rest, self.run_config),
        }
    }

    fn in_block(&self, rest: &[PathStep], value: Option<&Value>) -> Option<Span> {
        let node = self.config.node(node_of(self.config, value?)?);
        match &node.kind {
            NodeKind::Resource(resource) => in_attributes(&resource.arguments, rest),
            NodeKind::Variable(_)
            | NodeKind::Local(_)
            | NodeKind::Output(_)
            | NodeKind::Module(_)
            | NodeKind::Check(_)
            | NodeKind::Import(_) => None,
        }
    }

    fn in_schedule(&self, rest: &[PathStep]) -> Option<Span> {
        let Some((PathStep::Index(index), rest)) = rest.split_first() else { return None };
        let mut blocks = self.nested.iter().filter(|block| block.kind == "schedule");
        let block = blocks.nth(*index)?;
        in_attributes(&block.body.attributes, rest).or(Some(block.header))
    }
}

/// The place that `path` leads to among arguments.
pub(super) fn in_attributes(attributes: &[Attribute], path: &[PathStep]) -> Option<Span> {
    let Some((PathStep::Key(name), rest)) = path.split_first() else { return None };
    let named = |name: &str| attributes.iter().find(|attribute| &*attribute.name.text == name);
    match named(name) {
        Some(attribute) => Some(descend(&attribute.expr, rest)),
        // A template that was read from a file is written by its path.
        None => match name.as_str() {
            "task_definition" => named("task_definition_path"),
            "job_template" => named("job_template_path"),
            _ => None,
        }
        .map(|attribute| attribute.expr.span),
    }
}

/// The place of the part of a written-out value that `path` leads to, as far as it is written out.
fn descend(expr: &Expr, path: &[PathStep]) -> Span {
    let inner = match (&expr.kind, path.split_first()) {
        (ExprKind::Object(items), Some((PathStep::Key(key), rest))) => items
            .iter()
            .find(|item| matches!(&item.key.kind, ExprKind::Literal(value) if value.as_str() == Some(key)))
            .map(|item| descend(&item.value, rest)),
        (ExprKind::Tuple(items), Some((PathStep::Index(index), rest))) => {
            items.get(*index).map(|item| descend(item, rest))
        }
        _ => None,
    };
    inner.unwrap_or(expr.span)
}
