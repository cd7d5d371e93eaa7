//! Templates to texts. Null and collections have no text in a template.

use super::expr::{Evaluator, Local, Locals, poison, settled};
use super::for_expr::elements;
use super::functions::MAX_TEXT;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Expr, TemplatePart};
use crate::value::{Kind, Marks, Type, Value, convert, type_name};

/// The text made so far.
struct Text {
    text: String,
    known: bool,
    marks: Marks,
    too_long: bool,
}

impl Evaluator<'_> {
    pub(super) fn template(
        &mut self,
        parts: &[TemplatePart],
        span: Span,
        locals: Locals<'_>,
        diags: &mut Diagnostics,
    ) -> Value {
        // A template that is one interpolation is what it holds, of whatever type.
        if let [TemplatePart::Interpolation(expr)] = parts {
            return self.eval(expr, locals, diags);
        }
        let mut out = Text { text: String::new(), known: true, marks: Marks::NONE, too_long: false };
        self.parts(parts, locals, &mut out, diags);
        if out.too_long {
            let detail = format!("The text would be longer than {} MiB.", MAX_TEXT >> 20);
            diags.push(
                Diagnostic::error("Text too long", detail)
                    .at(span)
                    .help("texts that are put together from each other grow with each step"),
            );
        }
        let kind = match out.known {
            true => Value::string(out.text).kind,
            false => Kind::Unknown(Type::String),
        };
        Value { kind, marks: out.marks }
    }

    fn parts(&mut self, parts: &[TemplatePart], locals: Locals<'_>, out: &mut Text, diags: &mut Diagnostics) {
        for part in parts {
            if self.exhausted() {
                out.known = false;
                return;
            }
            match part {
                TemplatePart::Literal(text) => self.append(text, out),
                TemplatePart::Interpolation(expr) => {
                    let value = self.eval(expr, locals, diags);
                    self.interpolate(&value, expr.span, out, diags);
                }
                TemplatePart::If { condition, then, otherwise } => {
                    let (condition, marks) = self.condition(condition, locals, diags);
                    out.marks = out.marks.union(marks);
                    match condition {
                        Some(true) => self.parts(then, locals, out, diags),
                        Some(false) => self.parts(otherwise, locals, out, diags),
                        None => {
                            // Whichever it will be, its marks count; its mistakes may not.
                            out.known = false;
                            for branch in [then, otherwise] {
                                self.parts(branch, locals, out, &mut Diagnostics::new());
                            }
                        }
                    }
                }
                TemplatePart::For { key, value, collection, body } => {
                    self.repeat((key.as_deref(), value), collection, body, (locals, out), diags);
                }
            }
        }
    }

    fn repeat(
        &mut self,
        (key_name, value_name): (Option<&str>, &str),
        collection: &Expr,
        body: &[TemplatePart],
        (locals, out): (Locals<'_>, &mut Text),
        diags: &mut Diagnostics,
    ) {
        let items = settled(self.eval(collection, locals, diags), collection, diags);
        out.marks = out.marks.union(items.marks);
        let Some(elements) = elements(&items, collection.span, diags) else {
            // What the body will be made of is not known, but the marks that it will have are.
            out.known = false;
            out.marks = out.marks.union(items.all_marks());
            let unknown = poison();
            let outer = Local { name: key_name.unwrap_or(value_name), value: &unknown, outer: locals };
            let local = Local { name: value_name, value: &unknown, outer: Some(&outer) };
            self.parts(body, Some(&local), out, &mut Diagnostics::new());
            return;
        };
        for (key, value) in elements {
            if self.exhausted() {
                return;
            }
            let outer = Local { name: key_name.unwrap_or_default(), value: &key, outer: locals };
            let outer = if key_name.is_some() { Some(&outer) } else { locals };
            let local = Local { name: value_name, value: &value, outer };
            self.parts(body, Some(&local), out, diags);
        }
    }

    fn append(&mut self, text: &str, out: &mut Text) {
        self.spend_bytes(text.len());
        if out.text.len() + text.len() > MAX_TEXT {
            (out.known, out.too_long) = (false, true);
            out.text = String::new();
        }
        if out.known {
            out.text.push_str(text);
        }
    }

    fn interpolate(&mut self, value: &Value, span: Span, out: &mut Text, diags: &mut Diagnostics) {
        out.marks = out.marks.union(value.all_marks());
        if value.is_null() {
            let detail = "The value is null, which has no text, so that it cannot be a part of a template.";
            diags.push(
                Diagnostic::error("Invalid template value", detail)
                    .at(span)
                    .help("give it a default, as in `coalesce(value, \"none\")`"),
            );
            out.known = false;
            return;
        }
        match convert(value, &Type::String) {
            Ok(Value { kind: Kind::String(text), .. }) => self.append(&text, out),
            Ok(_) => out.known = false,
            Err(_) => {
                let detail = format!(
                    "The value is of type {}; only texts, numbers and truth values can be a part of a template.",
                    type_name(value)
                );
                diags.push(
                    Diagnostic::error("Invalid template value", detail)
                        .at(span)
                        .help("convert it with a function such as `join` or `jsonencode`"),
                );
                out.known = false;
            }
        }
    }
}
