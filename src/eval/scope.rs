//! What an expression can refer to. It evaluates nothing.

use super::functions::Environment;
use crate::diag::Diagnostics;
use crate::source::Span;
use crate::syntax::ast::Step;
use crate::value::Value;

/// Resolves references; implemented by the configuration's evaluator and by tests.
pub trait Scope {
    /// The value that the reference `root` + `steps` begins with, and how many of the `steps` it used up; the
    /// evaluator applies the others, index expressions among them, to the value.
    ///
    /// Errors are pushed to `diags`; the answer is then an unknown value of any type with all steps used.
    fn resolve(&self, root: &str, steps: &[Step], span: Span, diags: &mut Diagnostics) -> (Value, usize);

    /// What functions may read.
    fn environment(&self) -> &dyn Environment;
}
