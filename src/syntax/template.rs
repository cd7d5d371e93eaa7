//! A text that is a template by itself, without quotes around it: a string of the JSON syntax, a template file. It has
//! no escapes but `$${` and `%%{`.

use std::borrow::Cow;
use std::sync::Arc;

use super::ast::{Expr, ExprKind, TemplatePart};
use super::parse::parse_expression;
use super::place::{move_diagnostics, move_expr};
use crate::diag::Diagnostics;
use crate::source::{FileId, Span};
use crate::value::{Kind, Value};

/// Parses a whole text as a template: a literal when nothing in it is to be evaluated. Places count from the start of
/// `text`, in `file`.
///
/// # Errors
/// `None` when a sequence in it does not parse; `diags` says why.
pub fn parse_template(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    let span = Span::new(file, 0, text.len());
    if !text.contains("${") && !text.contains("%{") {
        return Some(Expr { kind: ExprKind::Literal(Value::string(text)), span });
    }
    // A heredoc has the same rules; its last line break is not of the text.
    let mut name = Cow::Borrowed("EOT");
    while text.lines().any(|line| line.trim() == name) {
        name.to_mut().push('_');
    }
    let opening = format!("<<{name}\n");
    let heredoc = format!("{opening}{text}\n{name}\n");
    let (shift, end) = (opening.len() as u32, text.len() as u32);
    let to = move |offset: u32| offset.saturating_sub(shift).min(end);
    let mut found = Diagnostics::new();
    let parsed = parse_expression(file, &heredoc, &mut found);
    let refused = found.has_errors();
    move_diagnostics(found, &to, diags);
    let mut expr = parsed.filter(|_| !refused)?;
    move_expr(&mut expr, &to);
    let kind = match expr.kind {
        ExprKind::Template(parts) => ExprKind::Template(without_last_newline(parts)),
        ExprKind::Literal(Value { kind: Kind::String(text), .. }) => {
            ExprKind::Literal(Value::string(text.strip_suffix('\n').unwrap_or(&text)))
        }
        kind => kind,
    };
    Some(Expr { kind, span })
}

fn without_last_newline(mut parts: Vec<TemplatePart>) -> Vec<TemplatePart> {
    // A strip marker at the end has taken it already; the last part is then no text.
    if let Some(TemplatePart::Literal(text)) = parts.last_mut() {
        *text = Arc::from(text.strip_suffix('\n').unwrap_or(text));
        if text.is_empty() {
            parts.pop();
        }
    }
    parts
}
