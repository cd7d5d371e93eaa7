//! The functions that expressions may call, with the names and results of Terraform's. They are pure but for files,
//! which they read through [`Environment`] alone. `try` and `can` are the evaluator's, because their arguments may fail.

mod call;
mod charset;
mod collection;
mod conversion;
mod decimal;
mod encoding;
mod filesystem;
mod format;
mod hash;
mod network;
mod numeric;
mod pattern;
mod sets;
mod string;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod yaml;
mod yaml_text;

use std::fmt;

pub(super) use call::MAX_TEXT;
use call::{Body, Call};

use crate::value::{Kind, Marks, Type, Value, convert, unmark_deep};

/// The functions whose arguments the evaluator evaluates itself.
const LAZY: [&str; 4] = ["can", "templatefile", "templatestring", "try"];

/// What functions may see of the world outside the expression.
pub trait Environment {
    /// The bytes of a file of the configuration; `path` as the user wrote it.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence for the user.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// Whether a file of the configuration exists.
    ///
    /// # Errors
    /// Why that cannot be told, as a sentence for the user.
    fn file_exists(&self, path: &str) -> Result<bool, String>;

    /// The regular files below a directory of the configuration, as paths from there, sorted; none where the directory
    /// does not exist.
    ///
    /// # Errors
    /// Why they cannot be listed, as a sentence for the user.
    fn list_files(&self, directory: &str) -> Result<Vec<String>, String> {
        let _ = directory;
        Err("files cannot be listed here".to_owned())
    }

    /// The time now, in the RFC 3339 form; none where the result is known only after apply.
    fn now(&self) -> Option<String> {
        None
    }

    /// The time of the plan, in the RFC 3339 form; none where the result is known only after apply.
    fn plan_time(&self) -> Option<String> {
        None
    }

    /// Random bytes, others at each call; none where the result is known only after apply.
    fn random(&self) -> Option<[u8; 16]> {
        None
    }

    /// The absolute path that relative ones are against; none where no result may depend on it.
    fn working_directory(&self) -> Option<String> {
        None
    }

    /// The home directory; none where no result may depend on it.
    fn home(&self) -> Option<String> {
        None
    }
}

/// Why a call has no result. No message shows a value when any argument is sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionError {
    /// One argument is at fault.
    Argument {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The call as a whole.
    Call(String),
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument { message, .. } | Self::Call(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for FunctionError {}

/// What a parameter takes, in a form that a constant can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Any value.
    Any,
    /// A truth value.
    Bool,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list of truth values.
    Bools,
    /// A list of numbers.
    Numbers,
    /// A list of texts.
    Strings,
    /// A list of any one type.
    List,
    /// A set of any one type.
    Set,
    /// A map of any one type.
    Map,
    /// A map of lists of texts.
    StringLists,
}

impl Shape {
    /// The type that arguments convert to.
    pub fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::Bools => Type::List(Box::new(Type::Bool)),
            Self::Numbers => Type::List(Box::new(Type::Number)),
            Self::Strings => Type::List(Box::new(Type::String)),
            Self::List => Type::List(Box::new(Type::Any)),
            Self::Set => Type::Set(Box::new(Type::Any)),
            Self::Map => Type::Map(Box::new(Type::Any)),
            Self::StringLists => Type::Map(Box::new(Self::Strings.ty())),
        }
    }
}

/// How much of an argument must be known for a call to have a known result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// All of it.
    Whole,
    /// The argument itself; its members may be unknown.
    Itself,
    /// Nothing: the function minds the unknown itself.
    Nothing,
}

/// What the marks of the arguments do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkRule {
    /// All marks of all arguments, however deep, mark the result.
    Deep,
    /// The marks of the arguments themselves mark the result; those of their members stay on the members.
    Members,
    /// The function minds marks itself.
    Own,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name, for messages.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Whether it takes null.
    pub null: bool,
    /// How much of it must be known.
    pub needs: Needs,
}

/// One function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The parameters that every call gives.
    pub params: &'static [Param],
    /// The parameter that further arguments are for, any number of them.
    pub variadic: Option<Param>,
    /// What its results are, for calls whose result is not known yet.
    pub result: Shape,
    /// What marks do.
    pub marks: MarkRule,
    /// One line about it.
    pub doc: &'static str,
    body: Body,
}

impl Function {
    /// How it is called: `join(separator, lists...)`.
    pub fn signature(&self) -> String {
        let variadic = self.variadic.iter().map(|param| format!("{}...", param.name));
        let params: Vec<String> =
            self.params.iter().map(|param| param.name.to_owned()).chain(variadic).collect();
        format!("{}({})", self.name, params.join(", "))
    }

    fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.variadic.as_ref())
    }

    fn check_arity(&self, given: usize) -> Result<(), FunctionError> {
        if let Some(missing) = self.params.get(given) {
            let (name, wanted, missing) = (self.name, self.params.len(), missing.name);
            let least = if self.variadic.is_some() { "at least " } else { "" };
            let noun = if wanted == 1 { "argument" } else { "arguments" };
            let message =
                format!("{name} expects {least}{wanted} {noun}; the value for {missing:?} is missing");
            return Err(FunctionError::Call(message));
        }
        if self.variadic.is_none() && given > self.params.len() {
            let message = match self.params.len() {
                0 => format!("{} expects no arguments", self.name),
                1 => format!("{} expects only 1 argument", self.name),
                wanted => format!("{} expects only {wanted} arguments", self.name),
            };
            return Err(FunctionError::Call(message));
        }
        Ok(())
    }
}

/// The function of this name; none for `try` and `can`, which the evaluator minds.
pub fn lookup(name: &str) -> Option<&'static Function> {
    table::FUNCTIONS
        .binary_search_by(|function| function.name.cmp(name))
        .ok()
        .and_then(|at| table::FUNCTIONS.get(at))
}

/// All functions but those that the evaluator minds, by name.
pub fn all() -> &'static [Function] {
    table::FUNCTIONS
}

/// The names of all functions, `try` and `can` among them.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::FUNCTIONS.iter().map(|function| function.name).chain(LAZY)
}

/// The result of a call: the arguments are checked and converted first, the unknown makes the result unknown, and
/// marks travel on.
///
/// # Errors
/// Wrong arguments and what the function itself refuses.
pub fn call(name: &str, args: &[Value], env: &dyn Environment) -> Result<Value, FunctionError> {
    let Some(function) = lookup(name) else {
        return Err(FunctionError::Call(format!("there is no function named {name:?}")));
    };
    function.check_arity(args.len())?;
    let mut converted = Vec::with_capacity(args.len());
    let (mut own, mut deep, mut known) = (Marks::NONE, Marks::NONE, true);
    for (index, arg) in args.iter().enumerate() {
        let Some(param) = function.param(index) else { continue };
        let fault = |message| FunctionError::Argument { index, message };
        if arg.is_null() && !param.null {
            return Err(fault("the argument must not be null".to_owned()));
        }
        let mut value = convert(arg, &param.shape.ty()).map_err(|error| fault(error.to_string()))?;
        own = own.union(value.marks);
        deep = deep.union(value.all_marks());
        known &= is_known_enough(&value, param.needs);
        match function.marks {
            MarkRule::Deep => value = unmark_deep(&value),
            MarkRule::Members => value.marks = Marks::NONE,
            MarkRule::Own => {}
        }
        converted.push(value);
    }
    if !known {
        return Ok(Value::unknown(function.result.ty()).marked(deep));
    }
    let call = Call { args: &converted, env };
    let result = (function.body)(&call).map_err(|fault| fault.shown(deep.contains(Marks::SENSITIVE)))?;
    Ok(match function.marks {
        MarkRule::Deep => result.marked(deep),
        MarkRule::Members => result.marked(own),
        MarkRule::Own => result,
    })
}

fn is_known_enough(value: &Value, needs: Needs) -> bool {
    match (needs, &value.kind) {
        (Needs::Nothing, _) => true,
        // How many members a set has depends on what they will be.
        (Needs::Whole, _) | (Needs::Itself, Kind::Set(_)) => value.is_wholly_known(),
        (Needs::Itself, _) => !value.is_unknown(),
    }
}
