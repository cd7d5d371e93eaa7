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
    /// A mapping without the key that is read.
    KeyError,
    /// A list without the member that is read.
    IndexError,
    /// A template that is no mapping.
    AssertionError,
    /// A file that is not there.
    FileNotFoundError,
    /// A path that names a directory.
    IsADirectoryError,
    /// A text whose YAML tokens do not read.
    ScannerError,
    /// A text whose YAML structure does not read.
    ParserError,
    /// YAML with an unknown alias or a second document.
    ComposerError,
    /// YAML with a tag or a key that means nothing.
    ConstructorError,
    /// An image version or an engine version that is no version.
    InvalidVersion,
    /// Arguments of the Docker client that exclude each other.
    InvalidArgument,
    /// A value that the Docker client does not read.
    DockerException,
    /// Cloud credentials that lack what is needed.
    DefaultCredentialsError,
    /// An answer of a remote service, or a value that its client refuses.
    ClientError,
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
            Self::KeyError => "KeyError",
            Self::IndexError => "IndexError",
            Self::AssertionError => "AssertionError",
            Self::FileNotFoundError => "FileNotFoundError",
            Self::IsADirectoryError => "IsADirectoryError",
            Self::ScannerError => "ScannerError",
            Self::ParserError => "ParserError",
            Self::ComposerError => "ComposerError",
            Self::ConstructorError => "ConstructorError",
            Self::InvalidVersion => "InvalidVersion",
            Self::InvalidArgument => "InvalidArgument",
            Self::DockerException => "DockerException",
            Self::DefaultCredentialsError => "DefaultCredentialsError",
            Self::ClientError => "ClientError",
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
    /// An error of any class.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// A `FileNotFoundError` for the path as it was opened.
    pub fn file_not_found(path: &str) -> Self {
        let path = super::python::repr(&serde_json::Value::from(path));
        Self::new(ErrorClass::FileNotFoundError, format!("[Errno 2] No such file or directory: {path}"))
    }

    /// A `KeyError`.
    pub fn key(name: &str) -> Self {
        Self::new(ErrorClass::KeyError, super::python::repr(&serde_json::Value::from(name)))
    }

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
