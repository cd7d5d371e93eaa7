//! `for` expressions, and going through collections. Sets are gone through in their order, so that the result is the
//! same every time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::expr::{Evaluator, Local, Locals, poison, settled};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Expr, For};
use crate::value::{Kind, Marks, Value, type_name};

/// The keys and values of a collection.
pub(super) type Elements<'a> = Box<dyn Iterator<Item = (Value, Value)> + 'a>;

/// Goes through a collection; each member has the marks of the whole, so that no message shows it. None when it is not known yet or, after a diagnostic, is no collection.
pub(super) fn elements<'a>(
    collection: &'a Value,
    span: Span,
    diags: &mut Diagnostics,
) -> Option<Elements<'a>> {
    let marked =
        |(key, value): (Value, Value)| (key.marked(collection.marks), value.marked(collection.marks));
    let detail = match &collection.kind {
        Kind::List(items) | Kind::Tuple(items) => {
            let keys = (0_i64..).map(Value::int);
            return Some(Box::new(keys.zip(items.iter().cloned()).map(marked)));
        }
        // How many members a set has, and in which order, depends on what they will be.
        Kind::Set(items) => {
            return collection.is_wholly_known().then(|| {
                Box::new(items.iter().map(|item| (item.clone(), item.clone())).map(marked)) as Elements<'a>
            });
        }
        Kind::Map(entries) | Kind::Object(entries) => {
            return Some(Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (Value::string(Arc::clone(key)), value.clone()))
                    .map(marked),
            ));
        }
        Kind::Unknown(ty) if !is_primitive(ty) => return None,
        Kind::Null => "The collection is null.".to_owned(),
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => {
            format!("A value of type {} is no collection.", type_name(collection))
        }
    };
    diags.push(
        Diagnostic::error(
            "Invalid collection",
            format!("{detail} `for` goes through lists, sets, maps and objects."),
        )
        .at(span),
    );
    None
}

fn is_primitive(ty: &crate::value::Type) -> bool {
    use crate::value::Type;
    match ty {
        Type::Bool | Type::Number | Type::String => true,
        Type::Any | Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_) => false,
    }
}

/// What a `for` has made so far.
struct Made {
    items: Vec<Value>,
    entries: BTreeMap<Arc<str>, Value>,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    known: bool,
    marks: Marks,
}

impl Evaluator<'_> {
    pub(super) fn for_expr(&mut self, expr: &For, locals: Locals<'_>, diags: &mut Diagnostics) -> Value {
        let collection = settled(self.eval(&expr.collection, locals, diags), &expr.collection, diags);
        let Some(elements) = elements(&collection, expr.collection.span, diags) else {
            // The elements are not known, but the marks that the result will have are.
            let unknown = poison();
            let key_name = expr.key_var.as_ref().unwrap_or(&expr.value_var);
            let outer = Local { name: &key_name.text, value: &unknown, outer: locals };
            let local = Local { name: &expr.value_var.text, value: &unknown, outer: Some(&outer) };
            let parts = [expr.key.as_ref(), expr.condition.as_ref(), Some(&expr.value)];
            return parts
                .into_iter()
                .flatten()
                .fold(poison().marked(collection.all_marks()), |made, part| {
                    made.marked(self.eval_aside(part, Some(&local)).all_marks())
                });
        };
        let mut made = Made {
            items: Vec::new(),
            entries: BTreeMap::new(),
            groups: BTreeMap::new(),
            known: true,
            marks: collection.marks,
        };
        for (key, value) in elements {
            if self.exhausted() {
                return poison();
            }
            let outer =
                expr.key_var.as_ref().map(|name| Local { name: &name.text, value: &key, outer: locals });
            let outer = outer.as_ref().or(locals);
            let local = Local { name: &expr.value_var.text, value: &value, outer };
            self.for_element(expr, Some(&local), &mut made, diags);
        }
        if !made.known {
            let members =
                made.items.iter().chain(made.entries.values()).chain(made.groups.values().flatten());
            let marks = members.fold(made.marks, |marks, value| marks.union(value.all_marks()));
            return poison().marked(marks);
        }
        let kind = match (&expr.key, expr.grouping) {
            (None, _) => Kind::Tuple(Arc::new(made.items)),
            (Some(_), false) => Kind::Object(Arc::new(made.entries)),
            (Some(_), true) => Kind::Object(Arc::new(
                made.groups.into_iter().map(|(key, values)| (key, Value::tuple(values))).collect(),
            )),
        };
        Value { kind, marks: made.marks }
    }

    fn for_element(&mut self, expr: &For, locals: Locals<'_>, made: &mut Made, diags: &mut Diagnostics) {
        if let Some(condition) = &expr.condition {
            let (keep, marks) = self.condition(condition, locals, diags);
            made.marks = made.marks.union(marks);
            match keep {
                Some(true) => {}
                Some(false) => return,
                None => {
                    made.known = false;
                    let value = self.eval_aside(&expr.value, locals);
                    made.marks = made.marks.union(value.all_marks());
                    return;
                }
            }
        }
        let Some(key_expr) = &expr.key else {
            let value = self.eval(&expr.value, locals, diags);
            made.items.push(value);
            return;
        };
        let key = self.eval(key_expr, locals, diags);
        let value = self.eval(&expr.value, locals, diags);
        made.marks = made.marks.union(key.marks);
        let Some(text) = self.key(&key, key_expr.span, "Invalid object key", diags) else {
            made.known = false;
            made.marks = made.marks.union(value.all_marks());
            return;
        };
        if expr.grouping {
            made.groups.entry(text).or_default().push(value);
            return;
        }
        match made.entries.entry(text) {
            Entry::Vacant(entry) => drop(entry.insert(value)),
            Entry::Occupied(entry) => {
                duplicate(&key, entry.key(), key_expr, diags);
                made.known = false;
            }
        }
    }
}

fn duplicate(key: &Value, text: &str, expr: &Expr, diags: &mut Diagnostics) {
    let detail = match key.marks.contains(Marks::SENSITIVE) {
        true => "Two elements give the same key, which is sensitive.".to_owned(),
        false => format!("Two elements give the key `{text}`; each key may come once."),
    };
    diags.push(
        Diagnostic::error("Duplicate object key", detail)
            .at(expr.span)
            .help("add `...` after the value to group the values of each key, or make the keys unique"),
    );
}
