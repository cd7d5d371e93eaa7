//! Function calls: the arguments, their spreading, and `try` and `can`, whose arguments may fail.

use super::expr::{Evaluator, Locals, poison};
use super::functions::{self, FunctionError};
use super::template_call;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Call, Expr};
use crate::value::{Kind, Marks, Type, Value, type_name};

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        call: &Call,
        span: Span,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        let plain = call.name.text.strip_prefix("core::").unwrap_or(&call.name.text);
        match plain {
            "try" => return self.call_try(call, span, locals, diags),
            "can" => return self.call_can(call, span, locals, diags),
            name @ (template_call::FILE | template_call::STRING) => {
                return self.call_template(name, call, span, locals, diags);
            }
            "type" => {
                let detail = "`type` tells the type of a value in `flowform console` alone, and there not as a part of an expression.";
                diags.push(
                    Diagnostic::error("Invalid function call", detail)
                        .at(span)
                        .help("write `type(...)` as the whole of a line"),
                );
                return poison();
            }
            _ => {}
        }
        let mut args: Vec<Value> = call.args.iter().map(|arg| self.eval(arg, locals, diags)).collect();
        // Functions of Terraform itself may be written with their namespace.
        let name = call.name.text.strip_prefix("core::").unwrap_or(&call.name.text);
        let Some(function) = functions::lookup(name) else {
            let detail = format!("There is no function `{}`.", call.name.text);
            let diagnostic = Diagnostic::error("Unknown function", detail).at(call.name.span);
            diags.push(diagnostic.suggest(name, functions::names()));
            return poison();
        };
        let mut marks = Marks::NONE;
        if call.expand_final
            && let (Some(last), Some(expr)) = (args.pop(), call.args.last())
        {
            marks = last.marks;
            match spread(&last, expr, diags) {
                Spread::Members(members) => args.extend(members),
                Spread::Unknown => {
                    let marks = args.iter().fold(last.all_marks(), |marks, arg| marks.union(arg.all_marks()));
                    return Value::unknown(function.result.ty()).marked(marks);
                }
                Spread::Invalid => return poison(),
            }
        }
        args.iter().for_each(|arg| self.spend_members(arg));
        match functions::call(name, &args, self.scope.environment()) {
            Ok(value) => {
                if let Kind::String(text) = &value.kind {
                    self.spend_bytes(text.len());
                }
                value.marked(marks)
            }
            Err(error) => {
                let (place, which, detail) = match error {
                    FunctionError::Argument { index, message } => {
                        let arg = call.args.get(index).or(call.args.last());
                        let param = function.params.get(index).or(function.variadic.as_ref());
                        let which =
                            param.map_or(String::new(), |param| format!(", argument `{}`", param.name));
                        (arg.map_or(span, |arg| arg.span), which, message)
                    }
                    FunctionError::Call(message) => (span, String::new(), message),
                };
                let detail = format!("In the call of `{name}`{which}: {}.", detail.trim_end_matches('.'));
                let mut diagnostic = Diagnostic::error("Invalid function call", detail).at(place);
                // What one argument should be is said already; how many there are is told by how it is called.
                if which.is_empty() {
                    diagnostic = diagnostic.help(format!("it is called as `{}`", function.signature()));
                }
                diags.push(diagnostic);
                poison().marked(args.iter().fold(marks, |marks, arg| marks.union(arg.all_marks())))
            }
        }
    }

    /// `try(a, b, ...)`: the first that does not fail. While it is not known whether one will fail, the result is
    /// not known.
    fn call_try(&mut self, call: &Call, span: Span, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        if call.args.is_empty() || call.expand_final {
            lazy_misuse("try", "at least one argument, none of them spread with `...`", span, diags);
            return poison();
        }
        let mut failures: Vec<Diagnostic> = Vec::new();
        for arg in &call.args {
            let mut own = Diagnostics::new();
            self.quiet += 1;
            let value = self.eval(arg, locals, &mut own);
            self.quiet -= 1;
            if !own.has_errors() {
                return match value.is_wholly_known() {
                    true => value,
                    // It may still turn out to be a failure.
                    false => poison().marked(value.all_marks()),
                };
            }
            failures.extend(own);
        }
        let mut reasons = String::new();
        for failure in &failures {
            reasons.push_str("\n- ");
            reasons.push_str(&failure.detail);
        }
        let detail = format!("No argument of `try` could be evaluated:{reasons}");
        let mut diagnostic = Diagnostic::error("No argument succeeded", detail).at(span);
        for failure in failures.iter().filter_map(|failure| failure.span).take(4) {
            diagnostic = diagnostic.related(failure, "this fails");
        }
        diags.push(diagnostic.help("add a last argument that cannot fail, such as `null`"));
        poison()
    }

    fn call_can(&mut self, call: &Call, span: Span, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let ([arg], false) = (call.args.as_slice(), call.expand_final) else {
            lazy_misuse("can", "exactly one argument", span, diags);
            return poison();
        };
        let mut own = Diagnostics::new();
        self.quiet += 1;
        let value = self.eval(arg, locals, &mut own);
        self.quiet -= 1;
        match own.has_errors() {
            true => Value::bool(false),
            false if value.is_wholly_known() => Value::bool(true),
            // It may still turn out to be a failure.
            false => Value::unknown(Type::Bool),
        }
    }
}

fn lazy_misuse(name: &str, takes: &str, span: Span, diags: &mut Diagnostics) {
    let detail = format!("In the call of `{name}`: it takes {takes}.");
    diags.push(Diagnostic::error("Invalid function call", detail).at(span));
}

/// What becomes of a last argument with `...`.
enum Spread {
    Members(Vec<Value>),
    Unknown,
    Invalid,
}

fn spread(value: &Value, expr: &Expr, diags: &mut Diagnostics) -> Spread {
    match &value.kind {
        Kind::Set(_) if !value.is_wholly_known() => Spread::Unknown,
        Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) => {
            // Each says for itself that it is sensitive, so that no message shows it.
            Spread::Members(items.iter().map(|item| item.clone().marked(value.marks)).collect())
        }
        Kind::Unknown(Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => Spread::Unknown,
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Map(_)
        | Kind::Object(_)
        | Kind::Unknown(Type::Bool | Type::Number | Type::String | Type::Map(_) | Type::Object(_)) => {
            let detail = format!(
                "An argument with `...` must be a list, a tuple or a set, but this is {}.",
                match value.is_null() {
                    true => "null".to_owned(),
                    false => format!("of type {}", type_name(value)),
                }
            );
            diags.push(Diagnostic::error("Invalid spread argument", detail).at(expr.span));
            Spread::Invalid
        }
    }
}
