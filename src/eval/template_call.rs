//! `templatefile` and `templatestring`: templates that see the values handed to them and nothing else. A template does not
//! evaluate further templates.

use std::sync::Arc;

use super::expr::{Evaluator, Locals, poison};
use super::functions::Environment;
use super::scope::Scope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Call, Expr, ExprKind, Step};
use crate::syntax::{parse_template, references};
use crate::value::{Kind, Type, Value, convert, type_name};

/// The names of the two functions.
pub(super) const FILE: &str = "templatefile";
pub(super) const STRING: &str = "templatestring";

impl Evaluator<'_> {
    pub(super) fn call_template(
        &mut self,
        name: &str,
        call: &Call,
        span: Span,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        let refuse = |place: Span, detail: String| {
            Diagnostic::error("Invalid function call", format!("In the call of `{name}`: {detail}."))
                .at(place)
        };
        let ([template, vars], false) = (call.args.as_slice(), call.expand_final) else {
            diags.push(refuse(span, "it takes two arguments, a template and an object of values".to_owned()));
            return poison();
        };
        if self.in_template {
            diags.push(refuse(span, "a template does not evaluate further templates".to_owned()));
            return poison();
        }
        if name == STRING && !is_reference(template) {
            let detail = "the template must be a reference to a string, such as `local.greeting`".to_owned();
            let help = "a template that is written here is evaluated already: write it without the function";
            diags.push(refuse(template.span, detail).help(help));
            return poison();
        }
        let source = self.eval(template, locals, diags);
        let values = self.eval(vars, locals, diags);
        let marks = source.marks.union(values.marks);
        let text = match (source.is_null(), convert(&source, &Type::String)) {
            (false, Ok(Value { kind: Kind::String(text), .. })) => text,
            (false, Ok(_)) => return poison().marked(marks.union(values.all_marks())),
            _ => {
                let detail = format!("a string is required, but this is of type {}", type_name(&source));
                diags.push(refuse(template.span, detail));
                return poison();
            }
        };
        let entries = match &values.kind {
            Kind::Map(entries) | Kind::Object(entries) => entries,
            Kind::Unknown(Type::Any | Type::Map(_) | Type::Object(_)) => {
                return poison().marked(marks.union(values.all_marks()));
            }
            _ => {
                let detail =
                    format!("an object of values is required, but this is of type {}", type_name(&values));
                diags.push(refuse(vars.span, detail));
                return poison();
            }
        };
        if let Some(bad) = entries.keys().find(|name| !is_identifier(name)) {
            let detail =
                "the name of each value must be a letter or `_` and then letters, digits, `_` and `-`";
            let shown = if is_secret(&values) { String::new() } else { format!(", but one is {bad:?}") };
            diags.push(refuse(vars.span, format!("{detail}{shown}")));
            return poison();
        }
        let text = match name {
            FILE => match self.template_file(&text) {
                Ok(text) => text,
                Err(reason) => {
                    let shown = if is_secret(&source) { String::new() } else { format!(": {reason}") };
                    diags.push(refuse(template.span, format!("the template cannot be read{shown}")));
                    return poison();
                }
            },
            _ => text,
        };
        self.spend_bytes(text.len());
        let title = if name == FILE { "the file" } else { "the template" };
        let mut inner = Diagnostics::new();
        let value = self.template_value(&text, entries, span.file, &mut inner);
        for problem in inner {
            diags.push(transplant(problem, name, title, &text, template.span));
        }
        // As in the reference, a template is never null.
        if value.is_null() {
            diags.push(refuse(template.span, "the template evaluates to null".to_owned()));
            return poison();
        }
        if name == STRING {
            return match convert(&value, &Type::String) {
                Ok(text) => text.marked(marks),
                Err(_) => {
                    let detail =
                        format!("the template must evaluate to a string, not to a {}", type_name(&value));
                    diags.push(refuse(template.span, detail));
                    poison().marked(marks)
                }
            };
        }
        value.marked(marks)
    }

    fn template_file(&self, path: &str) -> Result<Arc<str>, String> {
        let bytes = self.scope.environment().read_file(path)?;
        String::from_utf8(bytes).map(Arc::from).map_err(|_| "the file is not valid UTF-8".to_owned())
    }

    fn template_value(
        &mut self,
        text: &str,
        entries: &std::collections::BTreeMap<Arc<str>, Value>,
        file: FileId,
        diags: &mut Diagnostics,
    ) -> Value {
        let Some(expr) = parse_template(file, text, diags) else { return poison() };
        // All references are looked at, those of branches that are not taken too.
        references(&expr, &mut |reference| {
            if !entries.contains_key(reference.root) {
                let detail =
                    format!("There is no value `{}` among those handed to the template.", reference.root);
                let error = Diagnostic::error("Unknown name", detail).at(reference.span);
                diags.push(error.suggest(reference.root, entries.keys().map(|name| &**name)));
            }
        });
        if diags.has_errors() {
            return poison();
        }
        let scope = Handed { entries, environment: self.scope.environment() };
        let mut evaluator = self.inside(&scope);
        let value = evaluator.eval(&expr, None, diags);
        let work = evaluator.spent();
        self.spend(work);
        value
    }
}

/// The values that a template sees.
struct Handed<'a> {
    entries: &'a std::collections::BTreeMap<Arc<str>, Value>,
    environment: &'a dyn Environment,
}

impl Scope for Handed<'_> {
    fn resolve(&self, root: &str, _: &[Step], _: Span, _: &mut Diagnostics) -> (Value, usize) {
        // Names that are not there were told of before.
        (self.entries.get(root).cloned().unwrap_or_else(poison), 0)
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}

fn is_reference(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Variable(_) => true,
        ExprKind::Traversal(traversal) => matches!(traversal.base.kind, ExprKind::Variable(_)),
        _ => false,
    }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn is_secret(value: &Value) -> bool {
    value.all_marks().contains(crate::value::Marks::SENSITIVE)
}

/// A mistake in a template as one of the call: it names the line, because the text is not one of the configuration.
fn transplant(problem: Diagnostic, name: &str, title: &str, text: &str, place: Span) -> Diagnostic {
    let line = problem.span.map(|span| {
        let before = text.bytes().take(span.start as usize);
        before.filter(|byte| *byte == b'\n').count() + 1
    });
    let at = line.map_or(String::new(), |line| format!(" at line {line} of {title}"));
    let detail = format!("In the call of `{name}`{at}: {}", problem.detail);
    Diagnostic { detail, related: Vec::new(), label: None, ..problem }.at(place)
}
