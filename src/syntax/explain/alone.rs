//! Mistakes in an expression that stands by itself, as a console takes it: it ends too early, or something follows it.

use std::ops::Range;

use super::token;
use crate::diag::Diagnostic;

/// Operators after which a value must come, longest first; `.` takes a name.
const OPERATORS: [&str; 18] =
    ["...", "==", "!=", "<=", ">=", "&&", "||", "=>", "+", "-", "*", "/", "%", "<", ">", "?", ":", "!"];

/// What to say where the parser library took a part of `source` for the whole, and gave up at `offset`.
pub(super) fn explain_alone(
    source: &str,
    offset: usize,
    message: &str,
) -> Option<(Diagnostic, Range<usize>)> {
    let end = source.trim_end().len();
    let source = source.get(..end)?;
    let rest = source.get(offset..).unwrap_or_default().trim_start();
    // What is left, or the whole, is an operator: the value behind it is missing.
    if let Some(operator) = OPERATORS.iter().find(|operator| source.ends_with(**operator))
        && (rest.len() <= operator.len())
    {
        let detail = format!("A value must follow `{operator}`, and the expression ends there.");
        let diagnostic = Diagnostic::error("Incomplete expression", detail)
            .help("add the value; an expression goes on in the next line only inside brackets");
        return Some((diagnostic, end - operator.len()..end));
    }
    if rest == "." || source == "." {
        let diagnostic = Diagnostic::error(
            "Invalid reference",
            "After `.` comes a name, a number or `*`, and the expression ends there.",
        )
        .help("complete the name, or remove the dot");
        return Some((diagnostic, end - 1..end));
    }
    if !(message.contains("unexpected token") || message.contains("eof")) || rest.is_empty() {
        return None;
    }
    let start = end - rest.len();
    let at = token(source, start);
    let found = source.get(at.clone()).unwrap_or_default();
    if found == "=" && !rest.starts_with("==") && !rest.starts_with("=>") {
        let detail = "An expression is expected here, and this sets an argument.";
        let diagnostic =
            Diagnostic::error("Invalid expression", detail).help("write the value alone, or `==` to compare");
        return Some((diagnostic, at));
    }
    if !rest.starts_with("=>") && OPERATORS.iter().any(|operator| rest.starts_with(operator)) {
        return None;
    }
    let detail = format!("The expression ends before `{found}`, and nothing may follow it.");
    let diagnostic = Diagnostic::error("Invalid expression", detail)
        .help("add the operator that is missing, put texts in double quotes, or write one expression alone");
    Some((diagnostic, at))
}
