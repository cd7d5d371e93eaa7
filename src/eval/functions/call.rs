//! What the body of a function gets and gives: arguments that are checked already, and faults that keep what they
//! show of values apart, so that it can be left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Environment, FunctionError};
use crate::value::{Kind, Number, Value};

/// The most bytes of a text that a function makes.
pub(in crate::eval) const MAX_TEXT: usize = 16 << 20;
/// The most members of a collection that a function makes.
pub(super) const MAX_MEMBERS: usize = 1 << 20;

/// The body of a function.
pub(super) type Body = fn(&Call<'_>) -> Outcome;
/// What a body gives.
pub(super) type Outcome = Result<Value, Fault>;

/// A call whose arguments fit the parameters.
pub(super) struct Call<'a> {
    pub(super) args: &'a [Value],
    pub(super) env: &'a dyn Environment,
}

/// Why a call fails. `message` shows nothing of any argument; `detail` may.
#[derive(Debug)]
pub(super) struct Fault {
    index: Option<usize>,
    message: String,
    detail: Option<String>,
}

/// A fault of the whole call.
pub(super) fn fault(message: impl Into<String>) -> Fault {
    Fault { index: None, message: message.into(), detail: None }
}

/// A fault of one argument.
pub(super) fn fault_at(index: usize, message: impl Into<String>) -> Fault {
    Fault { index: Some(index), message: message.into(), detail: None }
}

impl Fault {
    /// With words that may show values; they are left out when an argument is sensitive.
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The fault for the user.
    pub(super) fn shown(self, secret: bool) -> FunctionError {
        let message = match self.detail.filter(|_| !secret) {
            Some(detail) => format!("{}: {detail}", self.message),
            None => self.message,
        };
        match self.index {
            Some(index) => FunctionError::Argument { index, message },
            None => FunctionError::Call(message),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) fn value(&self, index: usize) -> Result<&'a Value, Fault> {
        self.args.get(index).ok_or_else(|| fault("an argument is missing"))
    }

    pub(super) fn text(&self, index: usize) -> Result<&'a str, Fault> {
        self.value(index)?.as_str().ok_or_else(|| fault_at(index, "a string is required"))
    }

    pub(super) fn number(&self, index: usize) -> Result<&'a Number, Fault> {
        as_number(self.value(index)?).ok_or_else(|| fault_at(index, "a number is required"))
    }

    /// A whole number of 64 bits.
    pub(super) fn whole(&self, index: usize) -> Result<i64, Fault> {
        self.number(index)?.to_i64().ok_or_else(|| {
            fault_at(index, format!("a whole number between {} and {} is required", i64::MIN, i64::MAX))
        })
    }

    /// The members of a list, set or tuple.
    pub(super) fn items(&self, index: usize) -> Result<&'a [Value], Fault> {
        self.value(index)?.as_slice().ok_or_else(|| fault_at(index, "a list, a set or a tuple is required"))
    }

    /// The entries of a map or object.
    pub(super) fn entries(&self, index: usize) -> Result<&'a BTreeMap<Arc<str>, Value>, Fault> {
        self.value(index)?.as_entries().ok_or_else(|| fault_at(index, "a map or an object is required"))
    }
}

pub(super) fn as_number(value: &Value) -> Option<&Number> {
    match &value.kind {
        Kind::Number(number) => Some(number),
        _ => None,
    }
}

pub(super) fn number(number: Number) -> Value {
    Kind::Number(number).into()
}

/// A number that arithmetic gave, or the refusal of one that is too big.
pub(super) fn checked(result: Option<Number>) -> Result<Number, Fault> {
    result.ok_or_else(|| fault("the result is not a number, or has too many digits"))
}

pub(super) fn list(items: Vec<Value>) -> Value {
    Kind::List(Arc::new(items)).into()
}

pub(super) fn strings<T: Into<Arc<str>>>(items: impl IntoIterator<Item = T>) -> Value {
    list(items.into_iter().map(Value::string).collect())
}

/// Refuses a text that would be too long, before it is made.
pub(super) fn check_text(bytes: usize) -> Result<(), Fault> {
    match bytes <= MAX_TEXT {
        true => Ok(()),
        false => Err(fault(format!("the result would be longer than {} MiB", MAX_TEXT >> 20))),
    }
}

/// Refuses a collection that would have too many members, before it is made.
pub(super) fn check_members(count: usize) -> Result<(), Fault> {
    match count <= MAX_MEMBERS {
        true => Ok(()),
        false => Err(fault(format!("the result would have more than {MAX_MEMBERS} members"))),
    }
}
