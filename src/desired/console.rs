//! One expression against the evaluated configuration, as `console` shows it. It refers to what any block may refer to,
//! but to no instance.

use super::evaluator::{Evaluation, Inputs};
use super::scope::NO_INSTANCE;
use crate::diag::Diagnostics;
use crate::eval::evaluate;
use crate::graph::check_names;
use crate::syntax::ast::Expr;
use crate::value::{Type, Value};

/// The value of `expr`; unknown names and what fails is pushed to `diags`.
pub fn console(inputs: Inputs<'_>, evaluation: &Evaluation, expr: &Expr, diags: &mut Diagnostics) -> Value {
    let mut found = Diagnostics::new();
    check_names(inputs.config, expr, &mut found);
    let refused = found.has_errors();
    diags.extend(found);
    if refused {
        return Value::unknown(Type::Any);
    }
    evaluate(expr, &inputs.scope(&evaluation.values, &NO_INSTANCE), diags)
}
