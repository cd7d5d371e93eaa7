//! Where in the texts a part of a flow's inputs is written: in the flow, its run config, its storage, a schedule; and which
//! part of a value is meant that is not written out there, because it comes from a file, a variable or a function.

use super::nested::Nested;
use super::resource::{node_of, written};
use crate::address::{PathStep, path_text};
use crate::config::model::{Config, Node, NodeKind, Resource};
use crate::diag::Diagnostic;
use crate::flow::definition::Problem;
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

/// A place in the texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'p> {
    pub(super) span: Span,
    /// The part of what is written there, when it is not written out.
    pub(super) below: &'p [PathStep],
}

impl Written<'_> {
    /// The problem at this place.
    pub(super) fn diagnostic(self, problem: &Problem) -> Diagnostic {
        let mut diagnostic = problem.diagnostic().at(self.span);
        if !self.below.is_empty() {
            let whose = match problem.path.first() {
                Some(PathStep::Key(first)) if first == "agent" => " of the agent",
                Some(_) | None => "",
            };
            let below = path_text(self.below);
            diagnostic.detail = format!("At `{below}`{whose}: {}", diagnostic.detail);
        }
        diagnostic
    }
}

impl Places<'_> {
    /// The place of `path`; the block's header when nothing more exact is written out.
    pub(super) fn locate<'p>(&self, path: &'p [PathStep]) -> Written<'p> {
        let header = Written { span: self.node.header, below: &[] };
        let Some((PathStep::Key(first), rest)) = path.split_first() else { return header };
        let found = match first.as_str() {
            "run_config" | "secret_env" => {
                let rest = if first == "secret_env" { path } else { rest };
                self.in_run_config(rest)
            }
            "storage" => self.in_block(rest, self.storage),
            "schedule" => self.in_schedule(rest),
            // Nothing names the agents that may take the flow.
            "agent" if self.resource.argument("agent").is_none() => Some(Written { below: rest, ..header }),
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

    fn in_run_config<'p>(&self, rest: &'p [PathStep]) -> Option<Written<'p>> {
        let nested = self.nested.iter().find(|block| block.kind == "run_config");
        let own = match nested {
            Some(block) => in_attributes(&block.body.attributes, rest),
            None => self.in_block(rest, self.run_config),
        };
        own.or_else(|| self.in_extended(rest))
    }

    /// In the run config that brought the argument, of those that the flow's extends.
    fn in_extended<'p>(&self, rest: &'p [PathStep]) -> Option<Written<'p>> {
        let (PathStep::Key(name), inner) = rest.split_first()? else { return None };
        let argument = match inner.first() {
            Some(PathStep::Key(variable)) if matches!(name.as_str(), "env" | "secret_env") => {
                format!("{name}.{variable}")
            }
            Some(_) | None => name.clone(),
        };
        let block = written(self.run_config).remove(&argument)?;
        in_resource(self.config.node(self.config.block_at(&block)?), rest)
    }

    fn in_block<'p>(&self, rest: &'p [PathStep], value: Option<&Value>) -> Option<Written<'p>> {
        in_resource(self.config.node(node_of(self.config, value?)?), rest)
    }

    fn in_schedule<'p>(&self, rest: &'p [PathStep]) -> Option<Written<'p>> {
        let Some((PathStep::Index(index), rest)) = rest.split_first() else { return None };
        let mut blocks = self.nested.iter().filter(|block| block.kind == "schedule");
        let block = blocks.nth(*index)?;
        let header = Written { span: block.header, below: &[] };
        in_attributes(&block.body.attributes, rest).or(Some(header))
    }
}

fn in_resource<'p>(node: &Node, rest: &'p [PathStep]) -> Option<Written<'p>> {
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

/// The place that `path` leads to among arguments.
pub(super) fn in_attributes<'p>(attributes: &[Attribute], path: &'p [PathStep]) -> Option<Written<'p>> {
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
        .map(|attribute| Written { span: attribute.expr.span, below: rest }),
    }
}

/// The place of the part of a written-out value that `path` leads to, as far as it is written out.
fn descend<'p>(expr: &Expr, path: &'p [PathStep]) -> Written<'p> {
    let inner = match (&expr.kind, path.split_first()) {
        (ExprKind::Object(items), Some((PathStep::Key(key), rest))) => {
            let is_it = |key: &str, value: &Value| value.as_str() == Some(key);
            let item = items
                .iter()
                .find(|item| matches!(&item.key.kind, ExprKind::Literal(value) if is_it(key, value)));
            // What an object that is written out lacks is seen.
            Some(item.map_or(Written { span: expr.span, below: &[] }, |item| descend(&item.value, rest)))
        }
        (ExprKind::Tuple(items), Some((PathStep::Index(index), rest))) => {
            items.get(*index).map(|item| descend(item, rest))
        }
        _ => None,
    };
    inner.unwrap_or(Written { span: expr.span, below: path })
}
