//! What is said about a configuration: where, what is wrong, why it matters, how to fix it. It prints nothing.
//!
//! The writing rules are in `docs/writing-diagnostics.md`: a fixed summary without user data, a detail in full sentences,
//! the fix apart.

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is done.
    Error,
    /// The work goes on.
    Warning,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem, in fixed words without user data: "Unknown argument".
    pub summary: String,
    /// What is wrong here and why it matters, in full sentences.
    pub detail: String,
    /// The place to underline.
    pub span: Option<Span>,
    /// What to write beside the underlined place; short, lower case.
    pub label: Option<String>,
    /// Other places that matter, each with what it shows.
    pub related: Vec<(Span, String)>,
    /// The address of the block or instance concerned.
    pub address: Option<String>,
    /// How to fix it, as an instruction.
    pub help: Option<String>,
    /// What the names in the expression that failed stood for: `("var.size", "is \"large\"")`; none before anybody looked.
    pub values: Option<Vec<(String, String)>>,
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            span: None,
            label: None,
            related: Vec::new(),
            address: None,
            help: None,
            values: None,
        }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// With the place to underline.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// With words beside the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, what: impl Into<String>) -> Self {
        self.related.push((span, what.into()));
        self
    }

    /// With the address concerned.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// With the fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a "did you mean" when one of `candidates` is close to what was `written`; other help stays first.
    #[must_use]
    pub fn suggest<'a>(mut self, written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        if let Some(best) = closest(written, candidates) {
            let hint = format!("did you mean `{best}`?");
            self.help = Some(match self.help {
                Some(help) => format!("{help}; {hint}"),
                None => hint,
            });
        }
        self
    }
}

/// The candidate that `written` was most likely meant to be, if any is close enough.
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = written.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
            let length = written.chars().count();
            let allowed = (length.max(candidate.chars().count()) / 3).max(1);
            // Where every character differs, nothing is left to recognize.
            (distance <= allowed && distance < length).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Everything there is to say, in the order it was found.
///
/// A problem that is found once per instance of a block (same place, same words) is kept once.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    errors: usize,
    seen: std::collections::HashSet<(Option<Span>, String, String)>,
}

impl Diagnostics {
    /// Nothing to say yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same was said of the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.span, diagnostic.summary.clone(), diagnostic.detail.clone());
        if !self.seen.insert(key) {
            return;
        }
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
        }
        self.items.push(diagnostic);
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in others {
            self.push(diagnostic);
        }
    }

    /// Makes errors of all warnings.
    pub fn make_strict(&mut self) {
        for item in &mut self.items {
            item.severity = Severity::Error;
        }
        self.errors = self.items.len();
    }

    /// Changes those from number `from` on.
    pub fn amend(&mut self, from: usize, change: impl FnMut(&mut Diagnostic)) {
        self.items.iter_mut().skip(from).for_each(change);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Sorted by file and place, those without a place last: the same text whatever order they were found in.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            (a.span.is_none(), a.span, &a.summary, &a.detail).cmp(&(
                b.span.is_none(),
                b.span,
                &b.summary,
                &b.detail,
            ))
        });
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}
