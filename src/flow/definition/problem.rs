//! What is wrong with a flow's inputs, by the path into them. The caller knows the source and adds the place.

use crate::address::{PathStep, path_text};
use crate::diag::{Diagnostic, Severity, closest};
use crate::flow::check::CheckName;
use crate::flow::kind::Field;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where, from the inputs down: `run_config.env.KEY`, `schedule[0].cron`.
    pub path: Vec<PathStep>,
    /// What kind of problem, in fixed words.
    pub summary: &'static str,
    /// What is wrong and why it matters. It never shows a value that may be secret.
    pub detail: String,
    /// How to fix it.
    pub help: Option<String>,
    /// The check that found it, when it is one that may be ignored.
    pub check: Option<CheckName>,
}

impl Problem {
    /// An error.
    pub fn error(path: Vec<PathStep>, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path, summary, detail: detail.into(), help: None, check: None }
    }

    /// A warning.
    pub fn warning(path: Vec<PathStep>, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, summary, detail) }
    }

    /// With the fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Found by a check that may be ignored: as severe as the table of checks says.
    pub fn lint(check: CheckName, path: Vec<PathStep>, detail: impl Into<String>) -> Self {
        Self { severity: check.severity(), check: Some(check), ..Self::error(path, check.summary(), detail) }
    }

    /// The same, with `prefix` before its path.
    #[must_use]
    pub fn under(mut self, prefix: &[PathStep]) -> Self {
        self.path.splice(0..0, prefix.iter().cloned());
        self
    }

    /// As a diagnostic without a place.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(self.summary, self.detail.as_str()),
            Severity::Warning => Diagnostic::warning(self.summary, self.detail.as_str()),
        };
        match &self.help {
            Some(help) => diagnostic.help(help.as_str()),
            None => diagnostic,
        }
    }

    /// Where, as text.
    pub fn place(&self) -> String {
        path_text(&self.path)
    }
}

/// The step of an attribute.
pub(crate) fn key(name: &str) -> PathStep {
    PathStep::Key(name.to_owned())
}

/// `base` and one attribute below it.
pub(crate) fn at(base: &[PathStep], name: &str) -> Vec<PathStep> {
    let mut path = base.to_vec();
    path.push(key(name));
    path
}

/// `base` and one element below it.
pub(crate) fn at_index(base: &[PathStep], index: usize) -> Vec<PathStep> {
    let mut path = base.to_vec();
    path.push(PathStep::Index(index));
    path
}

/// The problem of an argument that `owner` does not have.
pub(crate) fn unknown_argument<'f>(
    base: &[PathStep],
    name: &str,
    owner: &str,
    fields: impl Iterator<Item = &'f Field>,
) -> Problem {
    let mut names: Vec<&str> = fields.map(|field| field.name).collect();
    names.sort_unstable();
    let problem =
        Problem::error(at(base, name), "Unknown argument", format!("{owner} has no argument `{name}`."));
    match closest(name, names.iter().copied()) {
        Some(best) => problem.help(format!("did you mean `{best}`?")),
        None => problem.help(format!("remove it; the arguments are `{}`", names.join("`, `"))),
    }
}
