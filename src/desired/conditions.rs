//! Conditions with messages: the rules of variables, pre- and postconditions of blocks and outputs. It says what
//! does not hold; whether that ends anything is decided by the caller.

use crate::address::InstanceKey;
use crate::config::model::{NodeId, Resource, Rule};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::{Scope, evaluate};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, StepKind};
use crate::syntax::references;
use crate::value::{Kind, Marks, Type, Value, convert, type_name};

use super::scope::{BlockScope, Instance};

/// What the configuration demands of itself, as far as it can be told now.
#[derive(Debug, Default)]
pub struct Conditions {
    /// Conditions that do not hold or cannot be evaluated, each with the address of its block.
    pub failed: Vec<(String, Diagnostic)>,
    /// What can be told only after apply.
    pub open: Vec<OpenCondition>,
}

/// A block instance or an output some of whose conditions can be told only after apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCondition {
    /// The block.
    pub node: NodeId,
    /// Its instance.
    pub key: InstanceKey,
    /// The instance's address.
    pub address: String,
    /// Whether it is asked before or after the block is made.
    pub when: When,
}

/// When a condition is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the block is made: a precondition.
    Before,
    /// After that: a postcondition.
    After,
}

impl When {
    /// The rules of a block that are asked then.
    pub(super) fn rules(self, resource: &Resource) -> &[Rule] {
        match self {
            Self::Before => &resource.lifecycle.preconditions,
            Self::After => &resource.lifecycle.postconditions,
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Before => "Precondition not met",
            Self::After => "Postcondition not met",
        }
    }
}

/// What is asked, of which instance.
pub(super) struct Asked<'a> {
    pub(super) node: NodeId,
    pub(super) key: &'a InstanceKey,
    pub(super) address: &'a str,
    /// What to underline for the block.
    pub(super) header: Span,
    pub(super) when: When,
}

impl Conditions {
    /// Judges `rules` of a block instance and keeps what does not hold and what is open.
    pub(super) fn ask(&mut self, asked: &Asked<'_>, rules: &[Rule], scope: &dyn Scope) {
        let mut open = false;
        for rule in rules {
            let mut diags = Diagnostics::new();
            match judge(rule, scope, &mut diags) {
                Verdict::Holds => {}
                Verdict::Open => open = true,
                Verdict::Fails(message) => diags.push(
                    Diagnostic::error(asked.when.summary(), message)
                        .at(rule.condition.span)
                        .label(does_not_hold(&rule.condition, scope))
                        .related(asked.header, format!("asked by `{}`", asked.address))
                        .address(asked.address),
                ),
                // Told when it was judged.
                Verdict::Unusable => {}
            }
            self.failed.extend(diags.into_iter().map(|diagnostic| (asked.address.to_owned(), diagnostic)));
        }
        if open {
            self.open.push(OpenCondition {
                node: asked.node,
                key: asked.key.clone(),
                address: asked.address.to_owned(),
                when: asked.when,
            });
        }
    }
}

/// The scope of postconditions: `self` is the block.
pub(super) fn with_self<'a>(
    scope: &BlockScope<'a>,
    value: &Value,
    holder: &'a mut Instance,
) -> BlockScope<'a> {
    *holder = scope.instance.clone();
    holder.this = Some(value.clone());
    BlockScope { instance: holder, ..*scope }
}

/// What a condition came to.
pub(super) enum Verdict {
    /// It holds.
    Holds,
    /// It does not; the message is the author's.
    Fails(String),
    /// It can be told only after apply.
    Open,
    /// It cannot be evaluated, which has been told.
    Unusable,
}

/// Evaluates one condition, and its message when it does not hold.
pub(super) fn judge(rule: &Rule, scope: &dyn Scope, diags: &mut Diagnostics) -> Verdict {
    let before = diags.error_count();
    let condition = evaluate(&rule.condition, scope, diags);
    if diags.error_count() > before {
        return Verdict::Unusable;
    }
    if condition.is_unknown() {
        return Verdict::Open;
    }
    match convert(&condition, &Type::Bool).ok().and_then(|value| value.as_bool()) {
        Some(true) => Verdict::Holds,
        Some(false) => Verdict::Fails(message(rule, scope, diags)),
        None => {
            diags.push(
                Diagnostic::error(
                    "Invalid condition",
                    format!(
                        "A condition must be `true` or `false`, and this is a {}.",
                        type_name(&condition)
                    ),
                )
                .at(rule.condition.span),
            );
            Verdict::Unusable
        }
    }
}

fn message(rule: &Rule, scope: &dyn Scope, diags: &mut Diagnostics) -> String {
    let message = evaluate(&rule.error_message, scope, diags);
    match convert(&message, &Type::String) {
        Ok(text) if text.all_marks().contains(Marks::SENSITIVE) => "(the message is sensitive)".to_owned(),
        Ok(Value { kind: Kind::String(text), .. }) => text.to_string(),
        _ => "(no message)".to_owned(),
    }
}

/// The most references of a condition whose values are told.
const MAX_TOLD: usize = 3;
/// The longest text that is told, in bytes.
const MAX_TEXT: usize = 60;

/// Words beside a condition that does not hold: what its references stand for, where that is short and no secret.
pub(super) fn does_not_hold(condition: &Expr, scope: &dyn Scope) -> String {
    let mut told: Vec<String> = Vec::new();
    references(condition, &mut |reference| {
        let resolved =
            scope.resolve(reference.root, reference.steps, reference.span, &mut Diagnostics::new());
        let mut value = Some(resolved.0);
        let mut name = reference.root.to_owned();
        for (index, step) in reference.steps.iter().enumerate() {
            let key = match &step.kind {
                StepKind::Attr(key) => {
                    name.push_str(&format!(".{key}"));
                    Some(&**key)
                }
                StepKind::Index(Expr {
                    kind: ExprKind::Literal(Value { kind: Kind::String(key), .. }),
                    ..
                }) => {
                    name.push_str(&InstanceKey::Key(key.clone()).to_string());
                    Some(&**key)
                }
                StepKind::Index(_) | StepKind::LegacyIndex(_) | StepKind::AttrSplat | StepKind::FullSplat => {
                    None
                }
            };
            if index >= resolved.1 {
                value = value.filter(|value| value.marks == Marks::NONE);
                value = key.and_then(|key| value.as_ref()?.get(key).cloned());
            } else if key.is_none() {
                value = None;
            }
        }
        let short = value.filter(|value| {
            value.marks == Marks::NONE
                && match &value.kind {
                    Kind::Null | Kind::Bool(_) | Kind::Number(_) => true,
                    Kind::String(text) => text.len() <= MAX_TEXT,
                    _ => false,
                }
        });
        if let Some(value) = short {
            let words = format!("`{name}` is {value:?}");
            if !told.contains(&words) {
                told.push(words);
            }
        }
    });
    told.truncate(MAX_TOLD);
    match told.as_slice() {
        [] => "this does not hold".to_owned(),
        told => format!("this does not hold: {}", told.join(", ")),
    }
}
