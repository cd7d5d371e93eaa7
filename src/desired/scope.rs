//! What names mean inside a block: the values evaluated so far, and `each` and `count` of one instance.

use std::sync::Arc;

use super::data::DataSource;
use super::evaluator::container;
use super::frames::{FrameId, Frames};
use crate::address::InstanceKey;
use crate::config::model::{Config, Module, ModuleId, NodeId, NodeKind, Repetition};
use crate::diag::Diagnostics;
use crate::eval::functions::Environment;
use crate::eval::{Scope, evaluate};
use crate::source::Span;
use crate::syntax::ast::{Step, StepKind};
use crate::value::{Kind, Marks, Type, Value};

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

/// The values evaluated so far, seen from one instance of a module.
#[derive(Clone, Copy)]
pub(super) struct BlockScope<'a> {
    pub(super) config: &'a Config,
    pub(super) frames: &'a Frames,
    pub(super) frame: FrameId,
    pub(super) environment: &'a dyn Environment,
    /// What is read from elsewhere.
    pub(super) data: &'a dyn DataSource,
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
        id.and_then(|id| self.frames.value(self.config, self.frame, id).cloned())
            .unwrap_or_else(|| Value::unknown(Type::Any))
    }

    /// The module that the scope is in.
    fn module(&self) -> &Module {
        self.config.module(self.frames.get(self.frame).module)
    }

    /// What a reference to a called module begins with: an output where the steps lead to one, otherwise the module's
    /// outputs, those of all its instances as the call repeats it.
    fn called(&self, steps: &[Step], diags: &mut Diagnostics) -> (Value, usize) {
        let unknown = (Value::unknown(Type::Any), steps.len());
        let Some(StepKind::Attr(name)) = steps.first().map(|step| &step.kind) else { return unknown };
        let Some(id) = self.module().names.plain("module", name) else { return unknown };
        let NodeKind::Module(call) = &self.config.node(id).kind else { return unknown };
        // A call that is in error has no instances.
        let Some(children) = self.frames.children(self.frame, call.child) else { return unknown };
        let output = |frame: FrameId, step: Option<&Step>| match step.map(|step| &step.kind) {
            Some(StepKind::Attr(output)) => {
                // That there is no such output was told when the reference was looked up.
                let id = self.config.module(call.child).names.plain("output", output);
                let value = id.and_then(|id| self.frames.value(self.config, frame, id).cloned());
                Some(value.unwrap_or_else(|| Value::unknown(Type::Any)))
            }
            _ => None,
        };
        match &call.repetition {
            Repetition::Once => {
                let Some(frame) = children.values().next() else { return unknown };
                match output(*frame, steps.get(1)) {
                    Some(value) => (value, 2),
                    None => (self.outputs(call.child, *frame), 1),
                }
            }
            Repetition::Count(_) | Repetition::ForEach(_) => {
                // One instance of many is looked up, so that each of many references costs little.
                let key = steps.get(1).and_then(|step| self.key(&step.kind, diags));
                let found = key.and_then(|key| output(*children.get(&key)?, steps.get(2)));
                if let Some(value) = found {
                    return (value, 3);
                }
                let values =
                    children.iter().map(|(key, frame)| (key.clone(), self.outputs(call.child, *frame)));
                (container(&call.repetition, values.collect()), 1)
            }
        }
    }

    /// The key that an index is, when it is written so that it can be one.
    fn key(&self, step: &StepKind, diags: &mut Diagnostics) -> Option<InstanceKey> {
        let value = match step {
            StepKind::Attr(name) => return Some(InstanceKey::Key(name.clone())),
            StepKind::LegacyIndex(index) => return Some(InstanceKey::Index(*index)),
            StepKind::Index(expr) => {
                let mut own = Diagnostics::new();
                let value = evaluate(expr, self, &mut own);
                if own.has_errors() {
                    // They come again when the index is applied.
                    return None;
                }
                diags.extend(own);
                value
            }
            StepKind::AttrSplat | StepKind::FullSplat => return None,
        };
        // A mark of the index would be lost.
        match &value.kind {
            _ if value.marks != Marks::NONE => None,
            Kind::String(key) => Some(InstanceKey::Key(key.clone())),
            Kind::Number(number) => {
                number.to_i64().and_then(|index| u64::try_from(index).ok()).map(InstanceKey::Index)
            }
            _ => None,
        }
    }

    /// The outputs of one instance of a child that are evaluated by now: those that a reference needs are.
    fn outputs(&self, child: ModuleId, frame: FrameId) -> Value {
        let names = self.config.module(child).names.plain.get("output").into_iter().flatten();
        Value::object(names.filter_map(|(name, id)| {
            Some((name.clone(), self.frames.value(self.config, frame, *id)?.clone()))
        }))
    }
}

impl Scope for BlockScope<'_> {
    fn resolve(&self, root: &str, steps: &[Step], _: Span, diags: &mut Diagnostics) -> (Value, usize) {
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
                (self.value(self.module().names.plain(root, attr(0))), steps.len().min(1))
            }
            "run_config" | "storage" | "template" | "agent" | "data" => {
                (self.value(self.module().names.typed(root, attr(0), attr(1))), steps.len().min(2))
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
            "path" => {
                let directory = if attr(0) == "module" { &*self.module().directory } else { "." };
                (Value::string(directory), steps.len().min(1))
            }
            "module" => self.called(steps, diags),
            _ => (Value::unknown(Type::Any), steps.len()),
        }
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}
