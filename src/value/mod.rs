//! The values that expressions evaluate to. Unknown ("known after apply") and sensitive are part of a value and
//! travel through every operation. Nothing here knows of blocks or files.

mod console;
mod convert;
mod float;
mod json;
pub mod measure;
mod number;
mod quote;
mod types;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

pub use console::{console_text, describe_type};
pub(crate) use convert::unmark_deep;
pub use convert::{ConvertError, convert, described, type_name, type_of, unify};
pub use json::{from_json, to_json};
pub use number::Number;
pub use quote::{is_hidden, quoted};
pub use types::{AttributeType, Type};

/// Marks that travel with a value through every expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// The value is masked in every output and may not enter a definition.
    pub const SENSITIVE: Self = Self(1);
    /// The value changes by itself from one evaluation to the next (`timestamp()`, `uuid()`); it may not enter a
    /// definition, because every plan would then make a new version.
    pub const VOLATILE: Self = Self(2);

    /// Both sets of marks.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These marks without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every mark of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a value is, apart from its marks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `null`, of any type.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(Arc<str>),
    /// Values of one type, in order (`tolist`).
    List(Arc<Vec<Value>>),
    /// Values of one type, sorted and without duplicates (`toset`).
    Set(Arc<Vec<Value>>),
    /// Values of any types, in order (`[ ... ]`).
    Tuple(Arc<Vec<Value>>),
    /// Values of one type by key (`tomap`).
    Map(Arc<BTreeMap<Arc<str>, Value>>),
    /// Values of any types by attribute name (`{ ... }`).
    Object(Arc<BTreeMap<Arc<str>, Value>>),
    /// Known only after apply; of this type as far as it is known.
    Unknown(Type),
}

/// A value with its marks. Cloning is cheap. Containers carry the marks of their members apart: a container
/// is marked itself only when the whole of it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Its own marks.
    pub marks: Marks,
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, marks: Marks::NONE }
    }
}

impl Value {
    /// `null`.
    pub const NULL: Self = Self { kind: Kind::Null, marks: Marks::NONE };

    /// A text, in the composed form of Unicode (NFC): texts that look alike are equal, as in Terraform.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        if text.is_ascii() || is_nfc(&text) {
            return Kind::String(text).into();
        }
        Kind::String(text.nfc().collect::<String>().into()).into()
    }

    /// A truth value.
    pub fn bool(value: bool) -> Self {
        Kind::Bool(value).into()
    }

    /// A whole number.
    pub fn int(value: i64) -> Self {
        Kind::Number(Number::from(value)).into()
    }

    /// An object.
    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Kind::Object(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())).into()
    }

    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Kind::Tuple(Arc::new(items.into_iter().collect())).into()
    }

    /// A set: sorted, duplicates removed.
    pub fn set(items: impl IntoIterator<Item = Self>) -> Self {
        let mut items: Vec<Self> = items.into_iter().collect();
        items.sort();
        items.dedup();
        Kind::Set(Arc::new(items)).into()
    }

    /// A value of this type that is known only after apply.
    pub fn unknown(ty: Type) -> Self {
        Kind::Unknown(ty).into()
    }

    /// The same value with `marks` added.
    #[must_use]
    pub fn marked(mut self, marks: Marks) -> Self {
        self.marks = self.marks.union(marks);
        self
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether it is itself unknown (a container with an unknown member is not).
    pub fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown(_))
    }

    /// Whether neither it nor any member, however deep, is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match &self.kind {
            Kind::Unknown(_) => false,
            _ => self.members().all(Self::is_wholly_known),
        }
    }

    /// Its own marks and those of all its members, however deep.
    pub fn all_marks(&self) -> Marks {
        self.members().fold(self.marks, |marks, member| marks.union(member.all_marks()))
    }

    /// The direct members of a container; none of anything else.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        let (list, map) = match &self.kind {
            Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => (Some(items.iter()), None),
            Kind::Map(entries) | Kind::Object(entries) => (None, Some(entries.values())),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => (None, None),
        };
        list.into_iter().flatten().chain(map.into_iter().flatten())
    }

    /// The attribute `name` of an object or the entry of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) | Kind::Object(entries) => entries.get(name),
            _ => None,
        }
    }

    /// The text, when it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, when it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The members of a list, set or tuple.
    pub fn as_slice(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) | Kind::Set(items) | Kind::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map or object.
    pub fn as_entries(&self) -> Option<&BTreeMap<Arc<str>, Self>> {
        match &self.kind {
            Kind::Map(entries) | Kind::Object(entries) => Some(entries),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marks.contains(Marks::SENSITIVE) {
            return f.write_str("(sensitive)");
        }
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Number(value) => write!(f, "{value}"),
            Kind::String(value) => write!(f, "{value:?}"),
            Kind::List(items) => f.debug_list().entries(items.iter()).finish(),
            Kind::Set(items) => f.debug_set().entries(items.iter()).finish(),
            Kind::Tuple(items) => f.debug_list().entries(items.iter()).finish(),
            Kind::Map(entries) | Kind::Object(entries) => f.debug_map().entries(entries.iter()).finish(),
            Kind::Unknown(_) => f.write_str("(known after apply)"),
        }
    }
}

#[cfg(test)]
mod tests;
