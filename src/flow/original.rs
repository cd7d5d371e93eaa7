//! Errors of the faithful layer, by the class that the original raises. It prints nothing.

use std::fmt;

/// The class of an error that the original raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// A value of a wrong type, an unknown argument, a run config of another kind.
    TypeError,
    /// A value that does not fit.
    ValueError,
    /// A serialized form that does not load.
    ValidationError,
    /// A value without the method that the original calls on it.
    AttributeError,
    /// An HTTP method that the webhook storage does not know.
    RuntimeError,
}

impl ErrorClass {
    /// The name of the class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TypeError => "TypeError",
            Self::ValueError => "ValueError",
            Self::ValidationError => "ValidationError",
            Self::AttributeError => "AttributeError",
            Self::RuntimeError => "RuntimeError",
        }
    }
}

/// An error that the original raises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct OriginalError {
    /// Its class.
    pub class: ErrorClass,
    /// What it says.
    pub message: String,
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl OriginalError {
    /// A `TypeError`.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::TypeError, message: message.into() }
    }

    /// A `ValueError`.
    pub fn value_error(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::ValueError, message: message.into() }
    }

    /// A `ValidationError`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::ValidationError, message: message.into() }
    }

    /// An `AttributeError`.
    pub fn attribute(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::AttributeError, message: message.into() }
    }

    /// A `RuntimeError`.
    pub fn runtime(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::RuntimeError, message: message.into() }
    }
}
