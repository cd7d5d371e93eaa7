//! Expressions as a console takes them: the text of the result, and the function `type`, which exists nowhere else.
//! It reads no input and prints nothing.

use super::{Scope, evaluate};
use crate::diag::Diagnostics;
use crate::syntax::ast::{Expr, ExprKind};
use crate::value::{console_text, describe_type};

/// What the console prints for an expression: its value, or for `type(x)` the type of `x`. None after an error, which is
/// pushed to `diags`.
pub fn console(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Option<String> {
    let before = diags.error_count();
    let text = match &expr.kind {
        ExprKind::Call(call) if &*call.name.text == "type" && !call.expand_final => {
            match call.args.as_slice() {
                [arg] => describe_type(&evaluate(arg, scope, diags)),
                // The call itself says how many arguments it takes.
                _ => console_text(&evaluate(expr, scope, diags)),
            }
        }
        _ => console_text(&evaluate(expr, scope, diags)),
    };
    (diags.error_count() == before).then_some(text)
}
