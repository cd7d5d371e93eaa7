//! The published definitions of what backends take, as data: object types, their fields, enumerations. It checks
//! nothing. The files in `schemas/` are written by the scripts in `generate/`, which are run by hand.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// The backends whose documents are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// Amazon ECS: the requests RegisterTaskDefinition and RunTask.
    Ecs,
    /// Kubernetes: the Job and everything below it.
    Kubernetes,
    /// Vertex AI: the CustomJob.
    Vertex,
    /// The Docker client: the arguments of its host configuration.
    Docker,
}

impl Backend {
    /// Every backend.
    pub const ALL: [Self; 4] = [Self::Ecs, Self::Kubernetes, Self::Vertex, Self::Docker];

    /// What it is called in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::Kubernetes => "Kubernetes",
            Self::Vertex => "Vertex AI",
            Self::Docker => "the Docker client",
        }
    }

    /// Its schema. Parsed once; a file that cannot be read, which a test excludes, leaves a schema that knows no type
    /// and so refuses nothing.
    pub fn schema(self) -> &'static Schema {
        static ECS: OnceLock<Schema> = OnceLock::new();
        static KUBERNETES: OnceLock<Schema> = OnceLock::new();
        static VERTEX: OnceLock<Schema> = OnceLock::new();
        static DOCKER: OnceLock<Schema> = OnceLock::new();
        let (cell, text) = match self {
            Self::Ecs => (&ECS, include_str!("schemas/ecs.json")),
            Self::Kubernetes => (&KUBERNETES, include_str!("schemas/kubernetes.json")),
            Self::Vertex => (&VERTEX, include_str!("schemas/vertex.json")),
            Self::Docker => (&DOCKER, include_str!("schemas/docker.json")),
        };
        cell.get_or_init(|| Schema::parse(text).unwrap_or_default())
    }
}

/// The object types of one backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The published package that it was generated from.
    pub package: String,
    /// That package's version.
    pub version: String,
    /// Object types by name: fields by name.
    pub types: BTreeMap<String, BTreeMap<String, Field>>,
    /// Enumerations by name.
    pub enums: BTreeMap<String, Vec<String>>,
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it holds.
    pub ty: FieldType,
    /// The backend refuses an object without it.
    pub required: bool,
    /// The backend sets it.
    pub output: bool,
    /// The field that tells the members of the list apart.
    pub by: Option<String>,
    /// The order of the list has no meaning.
    pub set: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One value.
    Scalar(Scalar),
    /// A word of an enumeration, or an object, by the name in the schema.
    Named(String),
    /// Members in order.
    List(Box<FieldType>),
    /// Members by text.
    Map(Box<FieldType>),
}

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Anything, parts included.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A number of bytes: a whole number, or a text with a unit (`512m`).
    Bytes,
    /// Seconds as a text (`3600s`), or an object of `seconds` and `nanos`.
    Duration,
    /// A whole number, or a text of its digits.
    Int64,
    /// A whole number or a text.
    IntOrString,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A Kubernetes quantity: a number, or a text (`500m`, `2Gi`).
    Quantity,
    /// A text.
    String,
    /// A text, or a number that becomes text.
    Text,
    /// A moment: a text as RFC 3339 has it.
    Timestamp,
}

impl Scalar {
    const NAMES: [(&'static str, Self); 12] = [
        ("any", Self::Any),
        ("boolean", Self::Boolean),
        ("bytes", Self::Bytes),
        ("duration", Self::Duration),
        ("int64", Self::Int64),
        ("int_or_string", Self::IntOrString),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("quantity", Self::Quantity),
        ("string", Self::String),
        ("text", Self::Text),
        ("timestamp", Self::Timestamp),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, scalar)| scalar)
    }

    /// What it is called in a sentence: "a text".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Boolean => "`true` or `false`",
            Self::Bytes => "a number of bytes, or a text with a unit (`\"512m\"`)",
            Self::Duration => "a duration in seconds (`\"3600s\"`)",
            Self::Integer | Self::Int64 => "a whole number",
            Self::IntOrString => "a whole number or a text",
            Self::Number => "a number",
            Self::Quantity => "a quantity (`\"500m\"`, `\"2Gi\"`, 1)",
            Self::String => "a text",
            Self::Text => "a text or a number",
            Self::Timestamp => "a moment (`\"2024-01-31T12:00:00Z\"`)",
        }
    }
}

#[derive(Deserialize)]
struct File {
    package: String,
    version: String,
    enums: BTreeMap<String, Vec<String>>,
    types: BTreeMap<String, BTreeMap<String, String>>,
}

impl Schema {
    /// The schema of a file's text (`generate/notation.py` says how it is written).
    ///
    /// # Errors
    /// What the text is not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let types = file
            .types
            .into_iter()
            .map(|(name, fields)| {
                let fields = fields
                    .into_iter()
                    .map(|(field, notation)| match Field::parse(&notation) {
                        Some(parsed) => Ok((field, parsed)),
                        None => Err(format!("{name}.{field}: {notation:?} is no field")),
                    })
                    .collect::<Result<_, String>>()?;
                Ok((name, fields))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { package: file.package, version: file.version, types, enums: file.enums })
    }
}

impl Field {
    /// The field that a notation describes: `[KeyValuePair] required by:name`.
    pub fn parse(notation: &str) -> Option<Self> {
        let mut words = notation.split(' ');
        let ty = FieldType::parse(words.next()?)?;
        let mut field = Self { ty, required: false, output: false, by: None, set: false };
        for word in words {
            match word {
                "required" => field.required = true,
                "output" => field.output = true,
                "set" => field.set = true,
                other => field.by = Some(other.strip_prefix("by:")?.to_owned()),
            }
        }
        Some(field)
    }
}

impl FieldType {
    /// Brackets and braces outside, a word inside.
    fn parse(text: &str) -> Option<Self> {
        let within = |open, close| text.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
        if let Some(member) = within('[', ']') {
            return Some(Self::List(Box::new(Self::word(member)?)));
        }
        if let Some(member) = within('{', '}') {
            return Some(Self::Map(Box::new(Self::word(member)?)));
        }
        Self::word(text)
    }

    fn word(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(['[', ']', '{', '}']) {
            return None;
        }
        Some(Scalar::from_name(text).map_or_else(|| Self::Named(text.to_owned()), Self::Scalar))
    }
}
