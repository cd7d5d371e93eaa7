//! The tables of kinds and their arguments: the single source for checks, documentation and serialized forms.
//! They hold names and types; what an argument means is decided elsewhere.

mod agent;
mod data;
mod environment;
mod flow;
mod provider;
mod run_config;
mod storage;
mod template;

pub use agent::AgentKind;
pub use data::DataKind;
pub use environment::EnvironmentKind;
pub use flow::{FLOW, SCHEDULE};
pub use provider::ProviderKind;
pub use run_config::RunConfigKind;
pub use storage::StorageKind;
pub use template::TemplateKind;

/// The type of an argument, as the configuration writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A text.
    String,
    /// A number or a text; always kept as text (`cpu = 256` and `cpu = "256"` are one value).
    NumberAsText,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// Texts in order.
    ListOfString,
    /// Values of any type in order.
    ListOfAny,
    /// Texts by name; numbers and booleans become text.
    MapOfString,
    /// Values of any type by name.
    MapOfAny,
    /// Anything.
    Any,
}

impl FieldType {
    /// What the type is called in a sentence: "a text".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::NumberAsText => "a number or a text",
            Self::Number => "a number",
            Self::Bool => "`true` or `false`",
            Self::ListOfString => "a list of texts",
            Self::ListOfAny => "a list",
            Self::MapOfString => "a map of texts",
            Self::MapOfAny => "a map",
            Self::Any => "any value",
        }
    }
}

/// One argument of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, as the original spells it.
    pub name: &'static str,
    /// Its type.
    pub ty: FieldType,
    /// Whether it must be given.
    pub required: bool,
    /// What it is for, in one line.
    pub doc: &'static str,
}

const fn optional(name: &'static str, ty: FieldType, doc: &'static str) -> Field {
    Field { name, ty, required: false, doc }
}

const fn required(name: &'static str, ty: FieldType, doc: &'static str) -> Field {
    Field { name, ty, required: true, doc }
}

impl FieldType {
    /// The type as the language writes it, for machines: `string`, `list(string)`, `map(any)`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::NumberAsText => "number or string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::ListOfString => "list(string)",
            Self::ListOfAny => "list(any)",
            Self::MapOfString => "map(string)",
            Self::MapOfAny => "map(any)",
            Self::Any => "any",
        }
    }
}

/// The field of that name.
pub fn field<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

#[cfg(test)]
mod tests;
