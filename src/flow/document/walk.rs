//! Walks a value along a schema and gathers what does not fit. The depth is that of the schema, whose types do not
//! contain themselves; what the schema does not describe is passed on unread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::schema::{Backend, Field, FieldType, Schema};
use super::{Document, names, scalar};
use crate::address::PathStep;
use crate::diag::closest;
use crate::flow::definition::{Problem, at, at_index};
use crate::value::{Kind, Marks, Value};

/// What is the same at every place of the document.
#[derive(Clone, Copy)]
struct Walk {
    document: Document,
    schema: &'static Schema,
}

/// Checks a value of the type `ty`.
pub(super) fn value(
    document: Document,
    ty: &FieldType,
    value: &Value,
    path: &[PathStep],
    problems: &mut Vec<Problem>,
) -> Value {
    let walk = Walk { document, schema: document.backend().schema() };
    walk.value(ty, value, path, problems)
}

/// More fields than so many are not listed.
const MANY: usize = 12;

/// The fields of an object type.
type Fields = BTreeMap<String, Field>;

impl Walk {
    fn object(
        self,
        ty: &str,
        fields: &'static Fields,
        value: &Value,
        path: &[PathStep],
        problems: &mut Vec<Problem>,
    ) -> Value {
        if value.is_unknown() {
            return value.clone();
        }
        let Some(entries) = value.as_entries() else {
            problems.push(scalar::wrong_type(&format!("an object, {}", a(ty)), value, path));
            return value.clone();
        };
        let adopted = self.adopted(fields, entries, path, problems);
        let entries = adopted.as_ref().unwrap_or(entries);
        let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut present: BTreeSet<&str> = BTreeSet::new();
        for (spelling, member) in entries.iter() {
            let path = at(path, spelling);
            let Some((name, field)) = self.field(fields, spelling) else {
                problems.push(self.unknown_field(ty, fields, spelling, path));
                continue;
            };
            if member.is_null() {
                continue;
            }
            if !present.insert(name) {
                problems.push(
                    Problem::error(
                        path,
                        "Field written twice",
                        format!(
                            "`{name}` stands here in two spellings, and one of the values would be lost."
                        ),
                    )
                    .help(format!("keep `{name}` alone")),
                );
                continue;
            }
            if field.output {
                problems.push(self.output_field(spelling, path));
                continue;
            }
            let member = self.value(&field.ty, member, &path, problems);
            out.insert(Arc::from(name), member);
        }
        for (name, field) in fields {
            let filled_in = self.document.filled_in().contains(&(ty, name.as_str()));
            // A message of protocol buffers does not tell an empty field from an absent one.
            let is_empty = |value: &Value| {
                value.as_str() == Some("") || value.as_slice().is_some_and(<[Value]>::is_empty)
            };
            let is_absent = match out.get(name.as_str()) {
                None => !present.contains(name.as_str()),
                Some(value) => {
                    self.document.backend() == Backend::Vertex && ty != "EnvVar" && is_empty(value)
                        || ty == "EnvVar" && name == "name" && is_empty(value)
                }
            };
            if field.required && !filled_in && is_absent {
                problems.push(
                    Problem::error(
                        path.to_vec(),
                        "Missing field",
                        format!(
                            "{} has no `{name}`, without which {} refuses it.",
                            capital(&a(ty)),
                            self.title()
                        ),
                    )
                    .help(format!("write `{name}`")),
                );
            }
        }
        Value { kind: Kind::Object(Arc::new(out)), marks: value.marks }
    }

    fn value(self, ty: &FieldType, value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
        if value.is_unknown() {
            return value.clone();
        }
        match ty {
            FieldType::Scalar(scalar) => scalar::check(*scalar, value, path, problems),
            FieldType::Named(name) => match (self.schema.types.get(name), self.schema.enums.get(name)) {
                (Some(fields), _) => self.object(name, fields, value, path, problems),
                (None, Some(words)) => word(words, value, path, problems),
                (None, None) => value.clone(),
            },
            FieldType::List(member) => {
                let Some(items) = value.as_slice() else {
                    problems.push(not_a_list(value, path));
                    return value.clone();
                };
                let items = items.iter().enumerate().map(|(index, item)| {
                    let path = at_index(path, index);
                    if item.is_null() {
                        problems.push(scalar::wrong_type("a member of the list", item, &path));
                        return item.clone();
                    }
                    self.value(member, item, &path, problems)
                });
                Value { kind: Kind::Tuple(Arc::new(items.collect())), marks: value.marks }
            }
            FieldType::Map(member) => {
                let Some(entries) = value.as_entries() else {
                    problems.push(scalar::wrong_type("a map", value, path));
                    return value.clone();
                };
                let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
                for (name, item) in entries.iter().filter(|(_, item)| !item.is_null()) {
                    out.insert(Arc::clone(name), self.value(member, item, &at(path, name), problems));
                }
                Value { kind: Kind::Object(Arc::new(out)), marks: value.marks }
            }
        }
    }

    /// The entries with those that belong into an empty one beside them put there: `logDriver` on a line of the depth of
    /// `logConfiguration:`, as the original's own manual has it.
    fn adopted(
        self,
        fields: &'static Fields,
        entries: &BTreeMap<Arc<str>, Value>,
        path: &[PathStep],
        problems: &mut Vec<Problem>,
    ) -> Option<BTreeMap<Arc<str>, Value>> {
        let mut out = None;
        for (parent, _) in entries.iter().filter(|(_, value)| value.is_null()) {
            let Some((_, Field { ty: FieldType::Named(ty), .. })) = self.field(fields, parent) else {
                continue;
            };
            let Some(inner) = self.schema.types.get(ty) else { continue };
            let strays: BTreeMap<Arc<str>, Value> = entries
                .iter()
                .filter(|(name, _)| self.field(fields, name).is_none() && self.field(inner, name).is_some())
                .map(|(name, value)| (Arc::clone(name), value.clone()))
                .collect();
            for name in strays.keys() {
                problems.push(
                    Problem::warning(
                        at(path, name),
                        "Field beside its object",
                        format!("`{parent}` is empty, and `{name}` beside it is one of its fields; it is taken so."),
                    )
                    .help(format!("put `{name}` into `{parent}`: in YAML, indent it further")),
                );
            }
            if !strays.is_empty() {
                let taken = out.get_or_insert_with(|| entries.clone());
                taken.retain(|name, _| !strays.contains_key(name));
                taken.insert(Arc::clone(parent), Value::object(strays));
            }
        }
        out
    }

    /// The field that a name stands for, under the library's own name.
    fn field(self, fields: &'static Fields, spelling: &str) -> Option<(&'static str, &'static Field)> {
        if let Some((name, field)) = fields.get_key_value(spelling) {
            return Some((name, field));
        }
        if !self.document.takes_both_spellings() {
            return None;
        }
        let (name, field) = fields.get_key_value(names::same_letters(spelling, fields)?)?;
        (names::camel_case(name) == spelling).then_some((name, field))
    }

    fn unknown_field(self, ty: &str, fields: &Fields, name: &str, path: Vec<PathStep>) -> Problem {
        let problem =
            Problem::error(path, "Unknown field", format!("{} has no field `{name}`.", capital(&a(ty))));
        let of_definition =
            || self.schema.types.get("TaskDefinition").is_some_and(|fields| fields.contains_key(name));
        if ty == "RunTask" && of_definition() {
            return problem.help(
                "write it in the task definition; `run_task_kwargs` are for what differs from run to run",
            );
        }
        if let Some(best) = names::meant(name, fields) {
            // In the spelling that the user has chosen.
            let is_camel = !name.contains('_')
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.contains(|c: char| c.is_ascii_uppercase());
            return problem.help(match is_camel && self.document.takes_both_spellings() {
                true => format!("did you mean `{}`?", names::camel_case(best)),
                false => format!("did you mean `{best}`?"),
            });
        }
        let names: Vec<&str> =
            fields.iter().filter(|(_, field)| !field.output).map(|(name, _)| name.as_str()).collect();
        match names.len() {
            ..=MANY => problem.help(format!("remove it; the fields are `{}`", names.join("`, `"))),
            _ => problem.help(format!(
                "remove it, or correct its name: {ty} of {} has {} fields",
                self.title(),
                names.len()
            )),
        }
    }

    fn output_field(self, name: &str, path: Vec<PathStep>) -> Problem {
        Problem::warning(
            path,
            "Field that the backend sets",
            format!("`{name}` is set by {} and cannot be declared; flowform leaves it out.", self.title()),
        )
        .help("remove it; it comes with a document that was read from the backend")
    }

    fn title(self) -> &'static str {
        self.document.backend().title()
    }
}

/// A word of an enumeration.
fn word(words: &[String], value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    let known = || format!("one of `{}`", words.join("`, `"));
    match value.as_str() {
        None => problems.push(scalar::wrong_type(&known(), value, path)),
        Some(text) if words.iter().any(|word| word == text) => {}
        Some(text) => {
            // The value is shown only where it cannot be a secret.
            let what = match value.marks.contains(Marks::SENSITIVE) {
                true => "This value is none of the words that are taken".to_owned(),
                false => format!("{text:?} is none of the words that are taken"),
            };
            let problem =
                Problem::error(path.to_vec(), "Unknown value", format!("{what}: it is {}.", known()));
            problems.push(match closest(text, words.iter().map(String::as_str)) {
                Some(best) => problem.help(format!("did you mean {best:?}?")),
                None => problem,
            });
        }
    }
    value.clone()
}

fn not_a_list(value: &Value, path: &[PathStep]) -> Problem {
    let problem = scalar::wrong_type("a list", value, path);
    match value.as_entries().is_some() || value.as_str().is_some() {
        true => problem.help("put it in brackets: `[ ... ]`"),
        false => problem,
    }
}

/// The name of an object type with its article.
fn a(ty: &str) -> String {
    let article = if ty.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {ty}")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
