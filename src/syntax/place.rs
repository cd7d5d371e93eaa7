//! Moves the places of a tree, for texts that are parsed as a part or another spelling of a file's text. It changes
//! nothing else.

use super::ast::{Expr, ExprKind, StepKind, TemplatePart};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Where an offset of the parsed text is in the file.
pub(super) type Move<'a> = &'a dyn Fn(u32) -> u32;

/// Moves every place in `expr`.
pub(super) fn move_expr(expr: &mut Expr, to: Move<'_>) {
    move_span(&mut expr.span, to);
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::Variable(_) => {}
        ExprKind::Traversal(traversal) => {
            move_expr(&mut traversal.base, to);
            for step in &mut traversal.steps {
                move_span(&mut step.span, to);
                match &mut step.kind {
                    StepKind::Index(index) => move_expr(index, to),
                    StepKind::Attr(_)
                    | StepKind::LegacyIndex(_)
                    | StepKind::AttrSplat
                    | StepKind::FullSplat => {}
                }
            }
        }
        ExprKind::Tuple(items) => items.iter_mut().for_each(|item| move_expr(item, to)),
        ExprKind::Object(items) => {
            for item in items {
                move_expr(&mut item.key, to);
                move_expr(&mut item.value, to);
            }
        }
        ExprKind::Template(parts) => move_parts(parts, to),
        ExprKind::Call(call) => {
            move_span(&mut call.name.span, to);
            call.args.iter_mut().for_each(|arg| move_expr(arg, to));
        }
        ExprKind::Unary(_, operand) | ExprKind::Parenthesis(operand) => move_expr(operand, to),
        ExprKind::Binary(binary) => {
            move_span(&mut binary.op_span, to);
            move_expr(&mut binary.left, to);
            move_expr(&mut binary.right, to);
        }
        ExprKind::Conditional(conditional) => {
            move_expr(&mut conditional.condition, to);
            move_expr(&mut conditional.then, to);
            move_expr(&mut conditional.otherwise, to);
        }
        ExprKind::For(each) => {
            if let Some(name) = &mut each.key_var {
                move_span(&mut name.span, to);
            }
            move_span(&mut each.value_var.span, to);
            move_expr(&mut each.collection, to);
            for part in [&mut each.key, &mut each.condition].into_iter().flatten() {
                move_expr(part, to);
            }
            move_expr(&mut each.value, to);
        }
    }
}

fn move_parts(parts: &mut [TemplatePart], to: Move<'_>) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => move_expr(expr, to),
            TemplatePart::If { condition, then, otherwise } => {
                move_expr(condition, to);
                move_parts(then, to);
                move_parts(otherwise, to);
            }
            TemplatePart::For { collection, body, .. } => {
                move_expr(collection, to);
                move_parts(body, to);
            }
        }
    }
}

/// Hands `found` on to `diags` with every place moved.
pub(super) fn move_diagnostics(found: Diagnostics, to: Move<'_>, diags: &mut Diagnostics) {
    diags.extend(found.into_iter().map(|mut diagnostic: Diagnostic| {
        if let Some(span) = &mut diagnostic.span {
            move_span(span, to);
        }
        for (span, _) in &mut diagnostic.related {
            move_span(span, to);
        }
        diagnostic
    }));
}

fn move_span(span: &mut Span, to: Move<'_>) {
    span.start = to(span.start);
    span.end = to(span.end);
}
