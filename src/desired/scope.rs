//! What names mean inside a block: the values evaluated so far, and `each` and `count` of one instance.

use std::sync::Arc;

use crate::config::model::{Config, NodeId};
use crate::diag::Diagnostics;
use crate::eval::Scope;
use crate::eval::functions::Environment;
use crate::source::Span;
use crate::syntax::ast::{Step, StepKind};
use crate::value::{Type, Value};

/// What the iterator of a `dynamic` block stands for.
#[derive(Clone, Debug)]
pub(super) struct Iterator {
    pub(super) name: Arc<str>,
    pub(super) key: Value,
    pub(super) value: Value,
}

/// One instance of a block: what `each` and `count` stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Instance {
    /// `each.key` and `each.value`.
    pub(super) each: Option<(Value, Value)>,
    /// `count.index`.
    pub(super) index: Option<Value>,
    /// The iterators of the `dynamic` blocks around, outermost first.
    pub(super) iterators: Vec<Iterator>,
    /// `self`, in postconditions.
    pub(super) this: Option<Value>,
}

/// Outside every instance.
pub(super) static NO_INSTANCE: Instance =
    Instance { each: None, index: None, iterators: Vec::new(), this: None };

/// The values of nodes by id; `None` while a node is not evaluated (or was part of a mistake).
#[derive(Clone, Copy)]
pub(super) struct BlockScope<'a> {
    pub(super) config: &'a Config,
    pub(super) values: &'a [Option<Value>],
    pub(super) environment: &'a dyn Environment,
    pub(super) instance: &'a Instance,
    /// Whether what must be known at plan time may be unknown: nothing is known in `validate`.
    pub(super) tolerant: bool,
}

impl BlockScope<'_> {
    /// Whether an unknown value is a mistake where a known one is needed: not while nothing is known, and not where it
    /// may stem from a mistake that has been told.
    pub(super) fn must_be_known(&self, diags: &Diagnostics) -> bool {
        !self.tolerant && !diags.has_errors()
    }

    fn value(&self, id: Option<NodeId>) -> Value {
        // A name that is not there, or whose block is in error, has its diagnostic already; unknown lets the rest
        // be checked.
        id.and_then(|id| self.values.get(id.0 as usize)?.clone()).unwrap_or_else(|| Value::unknown(Type::Any))
    }
}

impl Scope for BlockScope<'_> {
    fn resolve(&self, root: &str, steps: &[Step], _: Span, _: &mut Diagnostics) -> (Value, usize) {
        let attr = |index: usize| match steps.get(index).map(|step| &step.kind) {
            Some(StepKind::Attr(name)) => &**name,
            _ => "",
        };
        if let Some(iterator) = self.instance.iterators.iter().rev().find(|iterator| *iterator.name == *root)
        {
            let value = if attr(0) == "key" { &iterator.key } else { &iterator.value };
            return (value.clone(), steps.len().min(1));
        }
        match root {
            "self" => {
                let value = self.instance.this.clone();
                (value.unwrap_or_else(|| Value::unknown(Type::Any)), 0)
            }
            "var" | "local" | "flow" => {
                (self.value(self.config.names.plain(root, attr(0))), steps.len().min(1))
            }
            "run_config" | "storage" | "agent" | "data" => {
                (self.value(self.config.names.typed(root, attr(0), attr(1))), steps.len().min(2))
            }
            "each" => {
                let value = self.instance.each.as_ref().map(|(key, value)| match attr(0) {
                    "key" => key.clone(),
                    _ => value.clone(),
                });
                (value.unwrap_or_else(|| Value::unknown(Type::Any)), steps.len().min(1))
            }
            "count" => {
                let value = self.instance.index.clone();
                (value.unwrap_or_else(|| Value::unknown(Type::Number)), steps.len().min(1))
            }
            "path" => (Value::string("."), steps.len().min(1)),
            _ => (Value::unknown(Type::Any), steps.len()),
        }
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}
