//! Operators with two operands. Texts are converted to numbers and truth values as Terraform does; nothing else is.

use super::expr::{Evaluator, Locals, operand_as, poison};
use crate::diag::{Diagnostic, Diagnostics};
use crate::syntax::ast::{Binary, BinaryOp};
use crate::value::{Kind, Number, Type, Value, unmark_deep};

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, binary: &Binary, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        match binary.op {
            BinaryOp::And | BinaryOp::Or => self.logical(binary, locals, diags),
            BinaryOp::Eq | BinaryOp::NotEq => {
                let left = self.eval(&binary.left, locals, diags);
                let right = self.eval(&binary.right, locals, diags);
                self.spend_members(&left);
                let kind = match equal(&left, &right) {
                    Some(equal) => Kind::Bool(equal == (binary.op == BinaryOp::Eq)),
                    None => Kind::Unknown(Type::Bool),
                };
                Value { kind, marks: left.all_marks().union(right.all_marks()) }
            }
            BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Mod
            | BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq => self.numeric(binary, locals, diags),
        }
    }

    /// `&&` and `||`: the right side does not matter when the left side decides.
    fn logical(&mut self, binary: &Binary, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let symbol = symbol(binary.op);
        let decides = binary.op == BinaryOp::Or;
        let left = self.eval(&binary.left, locals, diags);
        let Some(converted) = operand_as(&left, &Type::Bool, symbol, binary.left.span, diags) else {
            // The mistakes of the right side are worth to be told too.
            let right = self.eval(&binary.right, locals, diags);
            operand_as(&right, &Type::Bool, symbol, binary.right.span, diags);
            return poison();
        };
        let known = converted.as_bool();
        if known == Some(decides) {
            return Value::bool(decides).marked(left.marks);
        }
        let mut aside = Diagnostics::new();
        // When the left side is not known, it is not known either that the right side will matter.
        let target = if known.is_some() { diags } else { &mut aside };
        let right = self.eval(&binary.right, locals, target);
        let Some(converted) = operand_as(&right, &Type::Bool, symbol, binary.right.span, target) else {
            return Value::unknown(Type::Bool).marked(left.marks.union(right.marks));
        };
        let kind = match (known, converted.kind) {
            (Some(_), Kind::Bool(value)) => Kind::Bool(value),
            _ => Kind::Unknown(Type::Bool),
        };
        Value { kind, marks: left.marks.union(right.marks) }
    }

    fn numeric(&mut self, binary: &Binary, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let symbol = symbol(binary.op);
        let left_value = self.eval(&binary.left, locals, diags);
        let right_value = self.eval(&binary.right, locals, diags);
        let left = operand_as(&left_value, &Type::Number, symbol, binary.left.span, diags);
        let right = operand_as(&right_value, &Type::Number, symbol, binary.right.span, diags);
        let (Some(left), Some(right)) = (left, right) else { return poison() };
        let marks = left.marks.union(right.marks);
        let arithmetic = matches!(
            binary.op,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod
        );
        let (left, right) = match (left.kind, right.kind) {
            (_, Kind::Number(right))
                if right.is_zero() && matches!(binary.op, BinaryOp::Div | BinaryOp::Mod) =>
            {
                let detail = format!("The right side of `{symbol}` is zero.");
                diags.push(
                    Diagnostic::error("Division by zero", detail)
                        .at(binary.right.span)
                        .help("guard it with a condition, as in `b == 0 ? 0 : a / b`"),
                );
                return poison();
            }
            (Kind::Number(left), Kind::Number(right)) => (left, right),
            _ => {
                let ty = if arithmetic { Type::Number } else { Type::Bool };
                return Value::unknown(ty).marked(marks);
            }
        };
        match compute(binary.op, &left, &right) {
            Some(kind) => Value { kind, marks },
            None => {
                let detail =
                    format!("The result of `{symbol}` is too large, or has too many digits, to be held.");
                diags.push(
                    Diagnostic::error("Number too large", detail).at(binary.left.span.to(binary.right.span)),
                );
                poison()
            }
        }
    }
}

fn compute(op: BinaryOp, left: &Number, right: &Number) -> Option<Kind> {
    Some(match op {
        BinaryOp::Add => Kind::Number(left.add(right)?),
        BinaryOp::Sub => Kind::Number(left.sub(right)?),
        BinaryOp::Mul => Kind::Number(left.mul(right)?),
        BinaryOp::Div => Kind::Number(left.div(right)?),
        BinaryOp::Mod => Kind::Number(left.rem(right)?),
        BinaryOp::Less => Kind::Bool(left.compare(right).is_lt()),
        BinaryOp::LessEq => Kind::Bool(left.compare(right).is_le()),
        BinaryOp::Greater => Kind::Bool(left.compare(right).is_gt()),
        BinaryOp::GreaterEq => Kind::Bool(left.compare(right).is_ge()),
        BinaryOp::Eq | BinaryOp::NotEq | BinaryOp::And | BinaryOp::Or => return None,
    })
}

/// Whether two values are equal; none when that is not known yet. Values of different types are not equal: the
/// text "1" is not the number 1, and a list is no tuple.
fn equal(left: &Value, right: &Value) -> Option<bool> {
    if left.is_unknown() || right.is_unknown() {
        return None;
    }
    if left.is_null() || right.is_null() {
        return Some(left.is_null() && right.is_null());
    }
    if !left.is_wholly_known() || !right.is_wholly_known() {
        return None;
    }
    Some(unmark_deep(left) == unmark_deep(right))
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        BinaryOp::Eq => "==",
        BinaryOp::NotEq => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEq => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEq => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}
