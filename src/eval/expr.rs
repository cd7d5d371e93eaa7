//! Evaluates expressions by the rules of Terraform. It never fails: where a value cannot be had it says why and goes
//! on with an unknown one, so that all mistakes are found at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::Scope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Conditional, Expr, ExprKind, ObjectItem, Traversal, UnaryOp};
use crate::value::measure::{TooLarge, measure};
use crate::value::{Kind, Marks, Type, Value, convert, type_name, type_of, unify};

/// How many parts of expressions one call evaluates at most: loops in loops end instead of running for days.
const MAX_WORK: u64 = 10_000_000;
/// How many bytes of text count as one part.
const BYTES_PER_WORK: usize = 64;

/// The value of an expression. On a mistake a diagnostic is pushed and the value is unknown, of any type.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    evaluate_within(MAX_WORK, expr, scope, diags)
}

/// The same with a limit of one's own.
pub(super) fn evaluate_within(limit: u64, expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    let mut evaluator = Evaluator { scope, work: 0, limit, in_template: false, quiet: 0 };
    let value = evaluator.eval(expr, None, diags);
    if evaluator.exhausted() {
        let detail =
            "This expression takes too many steps to evaluate; its loops go through too many elements.";
        diags.push(
            Diagnostic::error("Expression too expensive", detail)
                .at(expr.span)
                .help("make the collections that it goes through smaller, or nest fewer loops"),
        );
        return Value::unknown(Type::Any);
    }
    settled(value, expr, diags)
}

/// The value, or an unknown in place of one that is too large to be worked with: a part that is written once can be
/// used many times. What a name stands for has been looked at before.
pub(super) fn settled(value: Value, expr: &Expr, diags: &mut Diagnostics) -> Value {
    if matches!(expr.kind, ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Traversal(_)) {
        return value;
    }
    let Err(reason) = measure(&value) else { return value };
    let summary = match reason {
        TooLarge::Depth => "Value nested too deeply",
        TooLarge::Members | TooLarge::Text => "Value too large",
    };
    diags.push(Diagnostic::error(summary, format!("The value {reason}.")).at(expr.span).help(
        "values that are built from each other grow with each step; keep large data in files of its own",
    ));
    poison()
}

/// A loop variable, and those around it.
#[derive(Clone, Copy)]
pub(super) struct Local<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) outer: Option<&'a Local<'a>>,
}

/// The loop variables in reach.
pub(super) type Locals<'a> = Option<&'a Local<'a>>;

pub(super) fn local<'a>(mut locals: Locals<'a>, name: &str) -> Option<&'a Value> {
    while let Some(local) = locals {
        if local.name == name {
            return Some(local.value);
        }
        locals = local.outer;
    }
    None
}

/// What one call of [`evaluate`] carries along.
pub(super) struct Evaluator<'s> {
    pub(super) scope: &'s dyn Scope,
    work: u64,
    limit: u64,
    /// Whether this is inside `templatefile` or `templatestring`.
    pub(super) in_template: bool,
    /// In how many attempts this is whose mistakes may not matter.
    pub(super) quiet: u32,
}

/// The value after a mistake.
pub(super) fn poison() -> Value {
    Value::unknown(Type::Any)
}

impl Evaluator<'_> {
    pub(super) fn exhausted(&self) -> bool {
        self.work > self.limit
    }

    /// An evaluator of a template with what is left of the work.
    pub(super) fn inside<'s>(&self, scope: &'s dyn Scope) -> Evaluator<'s> {
        Evaluator { scope, work: self.work, limit: self.limit, in_template: true, quiet: self.quiet }
    }

    /// The work done so far.
    pub(super) fn spent(&self) -> u64 {
        self.work
    }

    /// Takes over the work that [`Self::inside`] has done.
    pub(super) fn spend(&mut self, work: u64) {
        self.work = self.work.max(work);
    }

    /// Counts text that was made.
    pub(super) fn spend_bytes(&mut self, bytes: usize) {
        self.work += (bytes / BYTES_PER_WORK) as u64;
    }

    /// Counts the members of a collection that is looked at as a whole.
    pub(super) fn spend_members(&mut self, value: &Value) {
        let members = value.as_slice().map(<[Value]>::len).or(value.as_entries().map(BTreeMap::len));
        self.work += members.unwrap_or(0) as u64 / 4;
    }

    pub(super) fn eval(&mut self, expr: &Expr, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        self.work += 1;
        if self.exhausted() {
            return poison();
        }
        let before = diags.len();
        let value = self.eval_kind(expr, locals, diags);
        if diags.len() > before && self.quiet == 0 && !self.exhausted() {
            self.explain(expr, locals, diags, before);
        }
        value
    }

    fn eval_kind(&mut self, expr: &Expr, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        match &expr.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::Variable(name) => self.variable(name, expr.span, locals, diags),
            ExprKind::Traversal(traversal) => self.traversal(traversal, expr.span, locals, diags),
            ExprKind::Tuple(items) => {
                Value::tuple(items.iter().map(|item| self.eval(item, locals, diags)).collect::<Vec<_>>())
            }
            ExprKind::Object(items) => self.object(items, locals, diags),
            ExprKind::Template(parts) => self.template(parts, expr.span, locals, diags),
            ExprKind::Call(call) => self.call(call, expr.span, locals, diags),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, locals, diags),
            ExprKind::Binary(binary) => self.binary(binary, locals, diags),
            ExprKind::Conditional(conditional) => self.conditional(conditional, expr.span, locals, diags),
            ExprKind::For(expr) => self.for_expr(expr, locals, diags),
            ExprKind::Parenthesis(inner) => self.eval(inner, locals, diags),
        }
    }

    /// Evaluates what may turn out not to be needed: its mistakes are not reported.
    pub(super) fn eval_aside(&mut self, expr: &Expr, locals: Locals<'_>) -> Value {
        self.quiet += 1;
        let value = self.eval(expr, locals, &mut Diagnostics::new());
        self.quiet -= 1;
        value
    }

    fn variable(&mut self, name: &str, span: Span, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        match local(locals, name) {
            Some(value) => value.clone(),
            None => self.scope.resolve(name, &[], span, diags).0,
        }
    }

    fn traversal(
        &mut self,
        traversal: &Traversal,
        span: Span,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        let (value, used) = match &traversal.base.kind {
            ExprKind::Variable(name) => match local(locals, name) {
                Some(value) => (value.clone(), 0),
                None => self.scope.resolve(name, &traversal.steps, span, diags),
            },
            _ => (self.eval(&traversal.base, locals, diags), 0),
        };
        self.steps(value, traversal.steps.get(used..).unwrap_or_default(), locals, diags)
    }

    fn object(&mut self, items: &[ObjectItem], locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let mut entries: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut marks = Marks::NONE;
        let mut known = true;
        for item in items {
            let key = self.eval(&item.key, locals, diags);
            let value = self.eval(&item.value, locals, diags);
            marks = marks.union(key.marks);
            match self.key(&key, item.key.span, "Invalid object key", diags) {
                // As in Terraform, the last of equal computed keys holds; equal literal keys are refused when parsed.
                Some(key) => drop(entries.insert(key, value)),
                None => {
                    known = false;
                    marks = marks.union(value.all_marks());
                }
            }
        }
        match known {
            true => Value { kind: Kind::Object(Arc::new(entries)), marks },
            false => {
                let marks = entries.values().fold(marks, |marks, value| marks.union(value.all_marks()));
                poison().marked(marks)
            }
        }
    }

    /// The text of a key; none when it is unknown or, after a diagnostic, cannot be one.
    pub(super) fn key(
        &mut self,
        key: &Value,
        span: Span,
        summary: &str,
        diags: &mut Diagnostics,
    ) -> Option<Arc<str>> {
        if key.is_null() {
            let detail = "A key must be a text, but this value is null.";
            diags.push(Diagnostic::error(summary, detail).at(span));
            return None;
        }
        match convert(key, &Type::String) {
            Ok(Value { kind: Kind::String(text), .. }) => Some(text),
            Ok(_) => None,
            Err(_) => {
                let detail = format!("A key must be a text, but this value is of type {}.", type_name(key));
                diags.push(Diagnostic::error(summary, detail).at(span));
                None
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let value = self.eval(operand, locals, diags);
        let (ty, symbol) = match op {
            UnaryOp::Neg => (Type::Number, "-"),
            UnaryOp::Not => (Type::Bool, "!"),
        };
        let Some(converted) = operand_as(&value, &ty, symbol, operand.span, diags) else { return poison() };
        let kind = match (op, converted.kind) {
            (UnaryOp::Neg, Kind::Number(number)) => Kind::Number(number.neg()),
            (UnaryOp::Not, Kind::Bool(value)) => Kind::Bool(!value),
            (UnaryOp::Neg | UnaryOp::Not, _) => Kind::Unknown(ty),
        };
        Value { kind, marks: value.marks }
    }

    /// A condition: the truth value when it is known, and its marks. After a diagnostic it is unknown.
    pub(super) fn condition(
        &mut self,
        expr: &Expr,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> (Option<bool>, Marks) {
        let value = self.eval(expr, locals, diags);
        if value.is_null() {
            let detail = "A condition must be true or false, but this value is null.";
            diags.push(Diagnostic::error("Null condition", detail).at(expr.span));
            return (None, value.marks);
        }
        match convert(&value, &Type::Bool) {
            Ok(converted) => (converted.as_bool(), value.marks),
            Err(_) => {
                let detail = format!(
                    "A condition must be true or false, but this value {}.",
                    not_convertible(&value, "truth value")
                );
                diags.push(Diagnostic::error("Invalid condition", detail).at(expr.span));
                (None, value.marks)
            }
        }
    }

    fn conditional(
        &mut self,
        conditional: &Conditional,
        span: Span,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        let (condition, marks) = self.condition(&conditional.condition, locals, diags);
        let Some(condition) = condition else {
            // Which branch will be taken is not known, nor that its mistakes matter.
            let then = self.eval_aside(&conditional.then, locals);
            let otherwise = self.eval_aside(&conditional.otherwise, locals);
            let ty = match common_type(&then, &otherwise) {
                Common::Type(ty) => ty,
                Common::None => {
                    inconsistent(&then, &otherwise, span, diags);
                    Type::Any
                }
                Common::AsIs => Type::Any,
            };
            return Value::unknown(ty).marked(marks.union(then.all_marks()).union(otherwise.all_marks()));
        };
        let (taken, other) = match condition {
            true => (&conditional.then, &conditional.otherwise),
            false => (&conditional.otherwise, &conditional.then),
        };
        let value = self.eval(taken, locals, diags);
        if value.is_null() || matches!(value.kind, Kind::Unknown(Type::Any)) {
            return value.marked(marks);
        }
        // The branch that is not taken counts with its type alone; mistakes in it do not matter.
        let other = self.eval_aside(other, locals);
        self.spend_members(&value);
        self.spend_members(&other);
        let value = match common_type(&value, &other) {
            Common::Type(ty) => convert(&value, &ty).unwrap_or(value),
            Common::AsIs => value,
            Common::None => {
                let (then, otherwise) = if condition { (&value, &other) } else { (&other, &value) };
                inconsistent(then, otherwise, span, diags);
                poison()
            }
        };
        value.marked(marks)
    }
}

/// How two results of a conditional go together.
enum Common {
    /// Both are of this type.
    Type(Type),
    /// Each stays what it is.
    AsIs,
    /// Not at all.
    None,
}

fn common_type(a: &Value, b: &Value) -> Common {
    let unified = unify([a, b]);
    match (type_of(a), type_of(b)) {
        (Type::Any, _) | (_, Type::Any) => Common::AsIs,
        _ => unified.map_or(Common::None, Common::Type),
    }
}

fn inconsistent(then: &Value, otherwise: &Value, span: Span, diags: &mut Diagnostics) {
    let detail = format!(
        "Both results of a conditional must be of one type, but the first is of type {} and the second of type {}.",
        type_name(then),
        type_name(otherwise)
    );
    diags.push(Diagnostic::error("Inconsistent conditional result types", detail).at(span));
}

/// An operand as the type that its operator needs; a diagnostic and none when it cannot be.
pub(super) fn operand_as(
    value: &Value,
    ty: &Type,
    symbol: &str,
    span: Span,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let wanted = match ty {
        Type::Number => "number",
        _ => "truth value",
    };
    let detail = match value.is_null() {
        true => format!("`{symbol}` needs a {wanted}, but this value is null."),
        false => match convert(value, ty) {
            Ok(converted) => return Some(converted),
            Err(_) => {
                format!("`{symbol}` needs a {wanted}, but this value {}.", not_convertible(value, wanted))
            }
        },
    };
    diags.push(Diagnostic::error("Invalid operand", detail).at(span));
    None
}

/// Why a value is not what is `wanted`, without showing it.
fn not_convertible(value: &Value, wanted: &str) -> String {
    match value.kind {
        Kind::String(_) => format!("is a text that is no {wanted}"),
        _ => format!("is of type {}", type_name(value)),
    }
}
