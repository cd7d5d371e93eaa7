//! The references of an expression to names from outside of it. It resolves none of them.

use std::sync::Arc;

use super::ast::{Expr, ExprKind, Step, StepKind, TemplatePart};
use crate::source::Span;

/// A reference to a name that no enclosing `for` binds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference<'a> {
    /// The name it starts with.
    pub root: &'a str,
    /// All that follows, index expressions and splats among it.
    pub steps: &'a [Step],
    /// Its place.
    pub span: Span,
}

/// Calls `visit` with every reference of `expr` to a name from outside, in source order; those in the index
/// expressions of a reference come after it.
pub fn references<'a>(expr: &'a Expr, visit: &mut dyn FnMut(Reference<'a>)) {
    walk(expr, &mut Vec::new(), visit);
}

fn walk<'a>(expr: &'a Expr, bound: &mut Vec<&'a Arc<str>>, visit: &mut dyn FnMut(Reference<'a>)) {
    match &expr.kind {
        ExprKind::Literal(_) => {}
        ExprKind::Variable(name) => {
            if !bound.contains(&name) {
                visit(Reference { root: name, steps: &[], span: expr.span });
            }
        }
        ExprKind::Traversal(traversal) => {
            match &traversal.base.kind {
                ExprKind::Variable(name) => {
                    if !bound.contains(&name) {
                        visit(Reference { root: name, steps: &traversal.steps, span: expr.span });
                    }
                }
                _ => walk(&traversal.base, bound, visit),
            }
            for step in &traversal.steps {
                if let StepKind::Index(index) = &step.kind {
                    walk(index, bound, visit);
                }
            }
        }
        ExprKind::Tuple(items) => items.iter().for_each(|item| walk(item, bound, visit)),
        ExprKind::Object(items) => {
            for item in items {
                walk(&item.key, bound, visit);
                walk(&item.value, bound, visit);
            }
        }
        ExprKind::Template(parts) => walk_parts(parts, bound, visit),
        ExprKind::Call(call) => call.args.iter().for_each(|arg| walk(arg, bound, visit)),
        ExprKind::Unary(_, operand) | ExprKind::Parenthesis(operand) => walk(operand, bound, visit),
        ExprKind::Binary(binary) => {
            walk(&binary.left, bound, visit);
            walk(&binary.right, bound, visit);
        }
        ExprKind::Conditional(conditional) => {
            walk(&conditional.condition, bound, visit);
            walk(&conditional.then, bound, visit);
            walk(&conditional.otherwise, bound, visit);
        }
        ExprKind::For(expr) => {
            walk(&expr.collection, bound, visit);
            let depth = bound.len();
            bound.extend(expr.key_var.iter().map(|name| &name.text));
            bound.push(&expr.value_var.text);
            for part in [expr.key.as_ref(), Some(&expr.value), expr.condition.as_ref()].into_iter().flatten()
            {
                walk(part, bound, visit);
            }
            bound.truncate(depth);
        }
    }
}

fn walk_parts<'a>(
    parts: &'a [TemplatePart],
    bound: &mut Vec<&'a Arc<str>>,
    visit: &mut dyn FnMut(Reference<'a>),
) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => walk(expr, bound, visit),
            TemplatePart::If { condition, then, otherwise } => {
                walk(condition, bound, visit);
                walk_parts(then, bound, visit);
                walk_parts(otherwise, bound, visit);
            }
            TemplatePart::For { key, value, collection, body } => {
                walk(collection, bound, visit);
                let depth = bound.len();
                bound.extend(key.iter());
                bound.push(value);
                walk_parts(body, bound, visit);
                bound.truncate(depth);
            }
        }
    }
}
