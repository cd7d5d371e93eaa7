//! What the blocks that are read before anything else may refer to: variables, and locals of variables. It knows
//! nothing that a plan or an apply has to find out.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::{Config, NodeKind};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::functions::Environment;
use crate::eval::{Scope, evaluate};
use crate::source::Span;
use crate::syntax::ast::{Step, StepKind};
use crate::value::{Type, Value};

/// How many locals may lead from one to the next; more is a cycle, which the graph tells.
const MAX_LOCALS: usize = 32;

/// The scope of the `flowform` block and of `provider` blocks.
pub(super) struct StaticScope<'a> {
    config: &'a Config,
    variables: &'a BTreeMap<Arc<str>, Value>,
    environment: &'a dyn Environment,
    locals: Cell<usize>,
}

impl<'a> StaticScope<'a> {
    pub(super) fn new(
        config: &'a Config,
        variables: &'a BTreeMap<Arc<str>, Value>,
        environment: &'a dyn Environment,
    ) -> Self {
        Self { config, variables, environment, locals: Cell::new(0) }
    }

    fn local(&self, name: &str, span: Span, diags: &mut Diagnostics) -> Value {
        let known = self.config.root_names().plain.get("local").into_iter().flat_map(|names| names.keys());
        let Some(id) = self.config.root_names().plain("local", name) else {
            diags.push(
                Diagnostic::error(
                    "Unknown name",
                    format!("No local `{name}` is declared in this configuration."),
                )
                .at(span)
                .suggest(name, known.map(|name| &**name)),
            );
            return Value::unknown(Type::Any);
        };
        let NodeKind::Local(expr) = &self.config.node(id).kind else { return Value::unknown(Type::Any) };
        if self.locals.get() >= MAX_LOCALS {
            return Value::unknown(Type::Any);
        }
        self.locals.set(self.locals.get().saturating_add(1));
        let value = evaluate(expr, self, diags);
        self.locals.set(self.locals.get().saturating_sub(1));
        value
    }
}

impl Scope for StaticScope<'_> {
    fn resolve(&self, root: &str, steps: &[Step], span: Span, diags: &mut Diagnostics) -> (Value, usize) {
        let name = match steps.first().map(|step| &step.kind) {
            Some(StepKind::Attr(name)) => &**name,
            _ => "",
        };
        match root {
            "var" => {
                if let Some(value) = self.variables.get(name) {
                    return (value.clone(), 1);
                }
                let known =
                    self.config.root_names().plain.get("var").into_iter().flat_map(|names| names.keys());
                diags.push(
                    Diagnostic::error(
                        "Unknown name",
                        format!("No variable `{name}` is declared in this configuration."),
                    )
                    .at(span)
                    .suggest(name, known.map(|name| &**name)),
                );
            }
            "local" => return (self.local(name, span, diags), 1),
            "path" => return (Value::string("."), steps.len().min(1)),
            _ => diags.push(
                Diagnostic::error(
                    "Reference not allowed",
                    format!(
                        "The `flowform` block and `provider` blocks are read before anything else, so `{root}` cannot be used in them."
                    ),
                )
                .at(span)
                .help("use a variable (`var.NAME`); its value can differ from stage to stage"),
            ),
        }
        (Value::unknown(Type::Any), steps.len())
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}
