//! Type constraints, as variables write them: `list(string)`, `object({ a = optional(number, 1) })`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Value;

/// A type constraint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// Any type (`any`).
    Any,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `tuple([T, U])`
    Tuple(Vec<Type>),
    /// `object({ a = T })`
    Object(BTreeMap<Arc<str>, AttributeType>),
}

/// The type of one attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeType {
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out (`optional(T)`); it is then `default`, or null.
    pub optional: bool,
    /// What it is when it is left out.
    pub default: Option<Value>,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(ty) => write!(f, "list({ty})"),
            Self::Set(ty) => write!(f, "set({ty})"),
            Self::Map(ty) => write!(f, "map({ty})"),
            Self::Tuple(types) => {
                f.write_str("tuple([")?;
                for (index, ty) in types.iter().enumerate() {
                    write!(f, "{}{ty}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("])")
            }
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (index, (name, attribute)) in attributes.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    match attribute.optional {
                        true => write!(f, "{separator}{name} = optional({})", attribute.ty)?,
                        false => write!(f, "{separator}{name} = {}", attribute.ty)?,
                    }
                }
                f.write_str("})")
            }
        }
    }
}
