//! What the names in an expression stood for when it failed. It shows no secret, and of a collection only its type and size.

use super::expr::{Evaluator, Locals, local};
use crate::diag::Diagnostics;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Step, StepKind};
use crate::syntax::references;
use crate::value::{Kind, Marks, Value, console_text, type_name};

/// The most names that are told of.
const MAX_NAMES: usize = 6;
/// The most characters of a text that are shown.
const MAX_SHOWN: usize = 60;

impl Evaluator<'_> {
    /// Adds to each error from number `from` on that has none yet what the names in `expr` stand for.
    pub(super) fn explain(&mut self, expr: &Expr, locals: Locals<'_>, diags: &mut Diagnostics, from: usize) {
        if !diags.iter().skip(from).any(|diagnostic| diagnostic.values.is_none()) {
            return;
        }
        let mut named: Vec<(String, &[Step], &str, Span)> = Vec::new();
        references(expr, &mut |reference| {
            let (name, steps) = written(reference.root, reference.steps);
            if named.len() < MAX_NAMES && !named.iter().any(|(known, ..)| *known == name) {
                named.push((name, steps, reference.root, reference.span));
            }
        });
        let mut shown = Vec::new();
        for (_, steps, root, span) in named {
            // Where the whole of it cannot be had, the longest part in front can.
            let parts = (0..=steps.len()).rev().filter_map(|count| steps.get(..count));
            let found = parts.into_iter().find_map(|steps| {
                let value = self.quietly(root, steps, span, locals)?;
                Some((written(root, steps).0, is(&value)?))
            });
            shown.extend(found);
        }
        diags.amend(from, |diagnostic| {
            diagnostic.values.get_or_insert_with(|| shown.clone());
        });
    }

    fn quietly(&mut self, root: &str, steps: &[Step], span: Span, locals: Locals<'_>) -> Option<Value> {
        let mut aside = Diagnostics::new();
        self.quiet += 1;
        let (value, used) = match local(locals, root) {
            Some(value) => (value.clone(), 0),
            None => self.scope.resolve(root, steps, span, &mut aside),
        };
        let value = self.steps(value, steps.get(used..).unwrap_or_default(), locals, &mut aside);
        self.quiet -= 1;
        (!aside.has_errors()).then_some(value)
    }
}

/// The reference as it is written, up to the first step that is computed, and its steps up to there.
fn written<'a>(root: &str, steps: &'a [Step]) -> (String, &'a [Step]) {
    let mut out = root.to_owned();
    for (index, step) in steps.iter().enumerate() {
        match &step.kind {
            StepKind::Attr(name) => out.push_str(&format!(".{name}")),
            StepKind::LegacyIndex(number) => out.push_str(&format!(".{number}")),
            StepKind::Index(Expr { kind: ExprKind::Literal(key), .. }) => {
                out.push_str(&format!("[{}]", console_text(key)));
            }
            StepKind::Index(_) | StepKind::AttrSplat | StepKind::FullSplat => {
                return (out, steps.get(..index).unwrap_or_default());
            }
        }
    }
    (out, steps)
}

/// What a value is, in a few words; none where there is nothing to say of it.
fn is(value: &Value) -> Option<String> {
    if value.marks.contains(Marks::SENSITIVE) {
        return Some("is sensitive, and not shown".to_owned());
    }
    let members = |count: usize| {
        let article = if matches!(value.kind, Kind::Object(_)) { "an" } else { "a" };
        match count {
            0 => format!("is an empty {}", type_name(value)),
            1 => format!("is {article} {} with one member", type_name(value)),
            _ => format!("is {article} {} with {count} members", type_name(value)),
        }
    };
    Some(match &value.kind {
        Kind::Unknown(_) => "is known only after apply".to_owned(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => format!("is {}", shortened(&console_text(value))),
        Kind::String(text) => {
            let text = shortened(text);
            let escaped = console_text(&Value::string(text.replace('\n', "\u{1}"))).replace("\\x01", "\\n");
            format!("is {escaped}")
        }
        Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => members(items.len()),
        Kind::Map(entries) | Kind::Object(entries) => members(entries.len()),
    })
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
