//! Every way a command can fail, as diagnostics: one form for people and one for programs.

use crate::diag::{Diagnostic, Diagnostics};
use crate::registry::RegistryError;
use crate::source::SourceMap;

/// Why a command did not do its work.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The texts that they point into.
    pub sources: SourceMap,
}

impl Failure {
    /// A failure with places in `sources`.
    pub(super) fn new(diagnostics: Diagnostics, sources: SourceMap) -> Self {
        Self { diagnostics, sources }
    }

    /// A failure with one thing to say.
    pub(super) fn one(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(diagnostic);
        Self { diagnostics, sources: SourceMap::default() }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::one(diagnostic)
    }
}

impl From<Box<Diagnostic>> for Failure {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self::one(*diagnostic)
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let summary = match &error {
            RegistryError::Held { .. } => "Registry locked",
            RegistryError::LostLease => "Lease lost",
            RegistryError::NewerFormat { .. } => "Newer registry",
            RegistryError::NotHeld | RegistryError::OtherLease { .. } => "Nothing to release",
            RegistryError::Log(_) | RegistryError::Damaged { .. } | RegistryError::Gap { .. } => {
                "Registry damaged"
            }
            RegistryError::Store(_) | RegistryError::Closed => "Registry not usable",
        };
        let text = error.to_string();
        let mut chars = text.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Self::one(Diagnostic::error(summary, format!("{first}{}.", chars.as_str().trim_end_matches('.'))))
    }
}

/// No flow of that address or name is recorded.
pub(super) fn unknown_flow<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    let mut diagnostic = Diagnostic::error(
        "Unknown flow",
        format!("The registry has no flow with the address or name `{written}`."),
    )
    .suggest(written, known);
    diagnostic.help.get_or_insert_with(|| "list the recorded flows with `flowform state list`".to_owned());
    diagnostic.into()
}

/// A file of the user could not be read or written.
pub(super) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Diagnostic::error("File not usable", format!("{} cannot be {what}: {error}.", path.display())).into()
}
