//! Conversion of values to type constraints, by Terraform's rules, and the one type that several values share. It
//! never shows a value: what it says of a mistake names types and places alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::{AttributeType, Kind, Marks, Number, Type, Value};
use crate::address::{PathStep, path_text};

/// Why a value does not convert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// The member at fault; empty for the value itself. It ends above the first sensitive container, whose keys are
    /// not to be shown.
    pub path: Vec<PathStep>,
    /// What is wrong there: "a string is required, but this is a tuple". It shows no part of any value.
    pub message: String,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}: {}", path_text(&self.path), self.message),
        }
    }
}

impl std::error::Error for ConvertError {}

/// The value as `ty` wants it: strings and numbers and truth values by their texts, tuples to lists and sets, objects to
/// maps and back, every member likewise, missing optional attributes filled in, unknown attributes dropped. Null stays
/// null, unknown stays unknown (of the new type), marks stay where they are; those of the members of a set move
/// to the set, because a set may not tell its members apart by them.
///
/// # Errors
/// What cannot convert, and where.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    let refuse = || Err(fault(format!("{} is required, but this is {}", phrase(ty), value_phrase(value))));
    let kind = match (&value.kind, ty) {
        (_, Type::Any) | (Kind::Null, _) | (Kind::Bool(_), Type::Bool) => value.kind.clone(),
        (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => value.kind.clone(),
        (Kind::Unknown(from), _) => Kind::Unknown(convert_type(from, ty).map_err(fault)?),
        (Kind::Bool(value), Type::String) => Kind::String(if *value { "true" } else { "false" }.into()),
        (Kind::Number(value), Type::String) => Kind::String(value.to_string().into()),
        (Kind::String(text), Type::Bool) => match text.as_ref() {
            "true" | "1" => Kind::Bool(true),
            "false" | "0" => Kind::Bool(false),
            _ => {
                return Err(fault(
                    "a bool is required: the only texts that convert are \"true\" and \"false\"",
                ));
            }
        },
        (Kind::String(text), Type::Number) => match Number::parse(text) {
            Some(number) => Kind::Number(number),
            None => return Err(fault("a number is required, but this text is not the decimal form of one")),
        },
        (Kind::List(items) | Kind::Tuple(items) | Kind::Set(items), Type::List(element)) => {
            Kind::List(Arc::new(convert_items(value, items, element)?))
        }
        (Kind::List(items) | Kind::Tuple(items) | Kind::Set(items), Type::Set(element)) => {
            let items = convert_items(value, items, element)?;
            let marks = items.iter().fold(value.marks, |marks, item| marks.union(item.all_marks()));
            return Ok(Value::set(items.iter().map(unmark_deep)).marked(marks));
        }
        (Kind::Tuple(items) | Kind::List(items), Type::Tuple(types)) => {
            if items.len() != types.len() {
                let wanted = types.len();
                return Err(fault(match value.marks.contains(Marks::SENSITIVE) {
                    true => format!("a tuple of {wanted} elements is required, but this has more or fewer"),
                    false => {
                        format!("a tuple of {wanted} elements is required, but this has {}", items.len())
                    }
                }));
            }
            let converted = items.iter().zip(types).enumerate().map(|(index, (item, ty))| {
                convert(item, ty).map_err(|error| under(value, PathStep::Index(index), error))
            });
            Kind::Tuple(Arc::new(converted.collect::<Result<_, _>>()?))
        }
        (Kind::Map(entries) | Kind::Object(entries), Type::Map(element)) => {
            Kind::Map(Arc::new(convert_entries(value, entries, element)?))
        }
        (Kind::Map(entries) | Kind::Object(entries), Type::Object(attributes)) => {
            Kind::Object(Arc::new(convert_attributes(value, entries, attributes)?))
        }
        (
            Kind::Bool(_),
            Type::Number | Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_),
        )
        | (Kind::Number(_), Type::Bool | Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_))
        | (Kind::Number(_), Type::Object(_))
        | (Kind::String(_), Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_))
        | (Kind::List(_) | Kind::Set(_) | Kind::Tuple(_), Type::Bool | Type::Number | Type::String)
        | (Kind::List(_) | Kind::Set(_) | Kind::Tuple(_), Type::Map(_) | Type::Object(_))
        | (Kind::Set(_), Type::Tuple(_))
        | (Kind::Map(_) | Kind::Object(_), Type::Bool | Type::Number | Type::String)
        | (Kind::Map(_) | Kind::Object(_), Type::List(_) | Type::Set(_) | Type::Tuple(_)) => return refuse(),
    };
    Ok(Value { kind, marks: value.marks })
}

/// The one type that all the values can convert to: string before number and bool, list before tuple, map before
/// objects of different attributes; nulls fit any. None when there is none; `any` for no values.
pub fn unify<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<Type> {
    let types: Vec<Type> = values.into_iter().map(type_of).collect();
    unify_types(&types.iter().collect::<Vec<_>>())
}

/// The type of a value; `any` for null and for the elements of an empty collection.
pub fn type_of(value: &Value) -> Type {
    let element = |items: &[Value]| Box::new(unify(items).unwrap_or(Type::Any));
    match &value.kind {
        Kind::Null => Type::Any,
        Kind::Bool(_) => Type::Bool,
        Kind::Number(_) => Type::Number,
        Kind::String(_) => Type::String,
        Kind::List(items) => Type::List(element(items)),
        Kind::Set(items) => Type::Set(element(items)),
        Kind::Tuple(items) => Type::Tuple(items.iter().map(type_of).collect()),
        Kind::Map(entries) => Type::Map(Box::new(unify(entries.values()).unwrap_or(Type::Any))),
        Kind::Object(entries) => Type::Object(
            entries.iter().map(|(name, value)| (Arc::clone(name), required(type_of(value)))).collect(),
        ),
        Kind::Unknown(ty) => ty.clone(),
    }
}

/// What people call the type of a value: "string", "list of number", "object".
pub fn type_name(value: &Value) -> String {
    match value.is_null() {
        true => "null".to_owned(),
        false => friendly(&type_of(value)),
    }
}

/// What a value is called after "this is": a number that is no secret by itself, anything else by its type.
pub fn described(value: &Value) -> String {
    if let (Kind::Number(number), true) = (&value.kind, value.marks == Marks::NONE) {
        return number.to_string();
    }
    let name = type_name(value);
    match (value.is_null(), name.starts_with(['a', 'e', 'i', 'o', 'u'])) {
        (true, _) => name,
        (false, true) => format!("an {name}"),
        (false, false) => format!("a {name}"),
    }
}

/// The value and all its members without marks.
pub(crate) fn unmark_deep(value: &Value) -> Value {
    if value.all_marks() == Marks::NONE {
        return value.clone();
    }
    let items = |items: &[Value]| Arc::new(items.iter().map(unmark_deep).collect::<Vec<_>>());
    let entries = |entries: &BTreeMap<Arc<str>, Value>| {
        Arc::new(entries.iter().map(|(key, value)| (Arc::clone(key), unmark_deep(value))).collect())
    };
    match &value.kind {
        Kind::List(members) => Kind::List(items(members)).into(),
        // Members that differed by their marks alone are the same member now.
        Kind::Set(members) => Value::set(members.iter().map(unmark_deep)),
        Kind::Tuple(members) => Kind::Tuple(items(members)).into(),
        Kind::Map(members) => Kind::Map(entries(members)).into(),
        Kind::Object(members) => Kind::Object(entries(members)).into(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => {
            value.kind.clone().into()
        }
    }
}

/// The type that all of `types` can convert to.
pub(crate) fn unify_types(types: &[&Type]) -> Option<Type> {
    let types: Vec<&Type> = types.iter().copied().filter(|ty| **ty != Type::Any).collect();
    let Some(first) = types.first() else { return Some(Type::Any) };
    if types.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    if types.iter().all(|ty| matches!(ty, Type::Bool | Type::Number | Type::String)) {
        return types.contains(&&Type::String).then_some(Type::String);
    }
    if types.iter().all(|ty| matches!(ty, Type::Map(_) | Type::Object(_))) {
        return unify_maps(&types);
    }
    if types.iter().all(|ty| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_))) {
        return unify_lists(&types);
    }
    None
}

fn unify_maps(types: &[&Type]) -> Option<Type> {
    let objects: Vec<&BTreeMap<Arc<str>, AttributeType>> = types
        .iter()
        .filter_map(|ty| if let Type::Object(attributes) = ty { Some(attributes) } else { None })
        .collect();
    let names: BTreeSet<Vec<&Arc<str>>> =
        objects.iter().map(|attributes| attributes.keys().collect()).collect();
    if objects.len() == types.len()
        && let (1, Some(names)) = (names.len(), names.first())
    {
        let unified = names.iter().map(|name| {
            let column: Vec<&Type> = objects
                .iter()
                .filter_map(|attributes| attributes.get(*name))
                .map(|attribute| &attribute.ty)
                .collect();
            Some((Arc::clone(name), required(unify_types(&column)?)))
        });
        return unified.collect::<Option<_>>().map(Type::Object);
    }
    let mut elements: Vec<&Type> = Vec::new();
    for ty in types {
        match ty {
            Type::Map(element) => elements.push(element),
            Type::Object(attributes) => elements.extend(attributes.values().map(|attribute| &attribute.ty)),
            _ => return None,
        }
    }
    unify_types(&elements).map(|element| Type::Map(Box::new(element)))
}

fn unify_lists(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&Vec<Type>> =
        types.iter().filter_map(|ty| if let Type::Tuple(types) = ty { Some(types) } else { None }).collect();
    if tuples.len() == types.len()
        && let Some(first) = tuples.first()
        && tuples.iter().all(|tuple| tuple.len() == first.len())
    {
        let columns = (0..first.len()).map(|index| {
            unify_types(&tuples.iter().filter_map(|tuple| tuple.get(index)).collect::<Vec<_>>())
        });
        return columns.collect::<Option<_>>().map(Type::Tuple);
    }
    let mut elements: Vec<&Type> = Vec::new();
    for ty in types {
        match ty {
            Type::List(element) | Type::Set(element) => elements.push(element),
            Type::Tuple(types) => elements.extend(types),
            _ => return None,
        }
    }
    let element = Box::new(unify_types(&elements)?);
    // A tuple is as good as a set; a list keeps its order.
    let is_set = |ty: &&Type| matches!(ty, Type::Set(_));
    match types.iter().any(is_set) && !types.iter().any(|ty| matches!(ty, Type::List(_))) {
        true => Some(Type::Set(element)),
        false => Some(Type::List(element)),
    }
}

fn convert_items(whole: &Value, items: &[Value], element: &Type) -> Result<Vec<Value>, ConvertError> {
    let convert_all = |items: &[Value], ty: &Type| {
        let step = |index| match whole.kind {
            Kind::Set(_) => None,
            _ => Some(PathStep::Index(index)),
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                convert(item, ty).map_err(|error| match step(index) {
                    Some(step) => under(whole, step, error),
                    None => ConvertError { path: Vec::new(), ..error },
                })
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let converted = convert_all(items, element)?;
    match is_open(element) {
        false => Ok(converted),
        true => match unify(&converted) {
            Some(ty) => convert_all(&converted, &ty),
            None => Err(fault("all elements must be of one type, but these share none")),
        },
    }
}

fn convert_entries(
    whole: &Value,
    entries: &BTreeMap<Arc<str>, Value>,
    element: &Type,
) -> Result<BTreeMap<Arc<str>, Value>, ConvertError> {
    let convert_all = |entries: &BTreeMap<Arc<str>, Value>, ty: &Type| {
        let pairs = entries.iter().map(|(key, value)| {
            let value =
                convert(value, ty).map_err(|error| under(whole, PathStep::Key(key.to_string()), error))?;
            Ok((Arc::clone(key), value))
        });
        pairs.collect::<Result<BTreeMap<_, _>, _>>()
    };
    let converted = convert_all(entries, element)?;
    match is_open(element) {
        false => Ok(converted),
        true => match unify(converted.values()) {
            Some(ty) => convert_all(&converted, &ty),
            None => Err(fault("all elements of a map must be of one type, but these share none")),
        },
    }
}

fn convert_attributes(
    whole: &Value,
    entries: &BTreeMap<Arc<str>, Value>,
    attributes: &BTreeMap<Arc<str>, AttributeType>,
) -> Result<BTreeMap<Arc<str>, Value>, ConvertError> {
    let missing =
        attributes.iter().filter(|(name, attribute)| !attribute.optional && !entries.contains_key(*name));
    let missing: Vec<String> = missing.map(|(name, _)| format!("{name:?}")).collect();
    if let Some(message) = missing_attributes(&missing) {
        return Err(fault(message));
    }
    let convert_one = |(name, attribute): (&Arc<str>, &AttributeType)| {
        let given = match (entries.get(name), &attribute.default) {
            // A null means the default, as in Terraform, and the marks of the null say that this choice is secret.
            (Some(value), Some(default)) if value.is_null() => default.clone().marked(value.marks),
            (Some(value), _) => value.clone(),
            (None, Some(default)) => default.clone(),
            (None, None) => Value::NULL,
        };
        let step = PathStep::Key(name.to_string());
        Ok((Arc::clone(name), convert(&given, &attribute.ty).map_err(|error| under(whole, step, error))?))
    };
    attributes.iter().map(convert_one).collect()
}

fn missing_attributes(missing: &[String]) -> Option<String> {
    let (last, others) = missing.split_last()?;
    Some(match others.is_empty() {
        true => format!("attribute {last} is required"),
        false => format!("attributes {} and {last} are required", others.join(", ")),
    })
}

/// The type of what `from` becomes when it converts to `to`, for values that are not known yet.
fn convert_type(from: &Type, to: &Type) -> Result<Type, String> {
    let refuse = || Err(format!("{} is required, but this is {}", phrase(to), phrase(from)));
    let elements = |from: &[&Type], element: &Type| {
        let converted = from.iter().map(|ty| convert_type(ty, element)).collect::<Result<Vec<_>, _>>()?;
        match is_open(element) {
            false => Ok(Box::new(element.clone())),
            true => unify_types(&converted.iter().collect::<Vec<_>>())
                .map(Box::new)
                .ok_or_else(|| "all elements must be of one type, but these share none".to_owned()),
        }
    };
    Ok(match (from, to) {
        (_, Type::Any) => from.clone(),
        (Type::Any, _) => to.clone(),
        (Type::Bool | Type::String, Type::Bool) => Type::Bool,
        (Type::Number | Type::String, Type::Number) => Type::Number,
        (Type::Bool | Type::Number | Type::String, Type::String) => Type::String,
        (Type::List(of) | Type::Set(of), Type::List(element)) => Type::List(elements(&[of], element)?),
        (Type::List(of) | Type::Set(of), Type::Set(element)) => Type::Set(elements(&[of], element)?),
        (Type::Tuple(of), Type::List(element)) => {
            Type::List(elements(&of.iter().collect::<Vec<_>>(), element)?)
        }
        (Type::Tuple(of), Type::Set(element)) => {
            Type::Set(elements(&of.iter().collect::<Vec<_>>(), element)?)
        }
        (Type::Map(of), Type::Map(element)) => Type::Map(elements(&[of], element)?),
        (Type::Object(of), Type::Map(element)) => {
            Type::Map(elements(&of.values().map(|attribute| &attribute.ty).collect::<Vec<_>>(), element)?)
        }
        (Type::Tuple(of), Type::Tuple(types)) if of.len() == types.len() => Type::Tuple(
            of.iter().zip(types).map(|(from, to)| convert_type(from, to)).collect::<Result<Vec<_>, _>>()?,
        ),
        (Type::List(of), Type::Tuple(types)) => {
            Type::Tuple(types.iter().map(|to| convert_type(of, to)).collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Map(of), Type::Object(attributes)) => {
            let convert_one = |(name, attribute): (&Arc<str>, &AttributeType)| {
                Ok((Arc::clone(name), required(convert_type(of, &attribute.ty)?)))
            };
            Type::Object(attributes.iter().map(convert_one).collect::<Result<_, String>>()?)
        }
        (Type::Object(of), Type::Object(attributes)) => {
            let missing =
                attributes.iter().filter(|(name, attribute)| !attribute.optional && !of.contains_key(*name));
            let missing: Vec<String> = missing.map(|(name, _)| format!("{name:?}")).collect();
            if let Some(message) = missing_attributes(&missing) {
                return Err(message);
            }
            let convert_one = |(name, attribute): (&Arc<str>, &AttributeType)| {
                let ty = match of.get(name) {
                    Some(from) => {
                        convert_type(&from.ty, &attribute.ty).map_err(|error| format!("{name:?}: {error}"))?
                    }
                    None => attribute.ty.clone(),
                };
                Ok((Arc::clone(name), required(ty)))
            };
            Type::Object(attributes.iter().map(convert_one).collect::<Result<_, String>>()?)
        }
        _ => return refuse(),
    })
}

/// Whether the type leaves something open that a collection has to settle for all its elements alike.
fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Any => true,
        Type::Bool | Type::Number | Type::String => false,
        Type::List(element) | Type::Set(element) | Type::Map(element) => is_open(element),
        Type::Tuple(types) => types.iter().any(is_open),
        Type::Object(attributes) => attributes.values().any(|attribute| is_open(&attribute.ty)),
    }
}

fn required(ty: Type) -> AttributeType {
    AttributeType { ty, optional: false, default: None }
}

fn fault(message: impl Into<String>) -> ConvertError {
    ConvertError { path: Vec::new(), message: message.into() }
}

fn under(whole: &Value, step: PathStep, mut error: ConvertError) -> ConvertError {
    match whole.marks.contains(Marks::SENSITIVE) {
        true => error.path.clear(),
        false => error.path.insert(0, step),
    }
    error
}

fn value_phrase(value: &Value) -> String {
    phrase(&type_of(value))
}

pub(crate) fn phrase(ty: &Type) -> String {
    match ty {
        Type::Any => "a value of any type".to_owned(),
        Type::Object(_) => "an object".to_owned(),
        Type::Bool
        | Type::Number
        | Type::String
        | Type::List(_)
        | Type::Set(_)
        | Type::Map(_)
        | Type::Tuple(_) => {
            format!("a {}", friendly(ty))
        }
    }
}

fn friendly(ty: &Type) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(element) => format!("list of {}", friendly(element)),
        Type::Set(element) => format!("set of {}", friendly(element)),
        Type::Map(element) => format!("map of {}", friendly(element)),
        Type::Tuple(_) => "tuple".to_owned(),
        Type::Object(_) => "object".to_owned(),
    }
}
