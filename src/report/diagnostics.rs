//! Diagnostics as text: where, with the source line underlined; what is wrong; how to fix it. It judges nothing and
//! reads no file.

mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Message, Renderer, Snippet};

use self::window::Window;
use super::text::{clean, clean_lines, count, number, wrap};
use super::theme::{Role, Theme};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::source::{FileId, SourceMap, Span};

/// More diagnostics than this are counted, not shown; errors are shown first.
const LIMIT: usize = 50;
/// Prose is easier to read in lines that are not too long.
const PROSE_WIDTH: usize = 100;

/// All of them with a line that counts them; nothing when there are none.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap, theme: Theme, width: usize) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let (shown, hidden) = choose(diagnostics);
    for diagnostic in shown {
        out.push_str(&one(diagnostic, sources, theme, width));
        out.push_str("\n\n");
    }
    if hidden > 0 {
        out.push_str(&format!("... and {} more that are not shown; fix these first.\n\n", number(hidden)));
    }
    let role = if diagnostics.has_errors() { Role::Error } else { Role::Warning };
    out.push_str(&theme.paint(role, tally(diagnostics)).to_string());
    out.push('\n');
    out
}

/// One of them, without a line break at its end.
pub fn one(diagnostic: &Diagnostic, sources: &SourceMap, theme: Theme, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(clean(&diagnostic.summary)).elements(Vec::<Message<'_>>::new());
    for place in places(diagnostic, sources) {
        group = place.add_to(group);
    }
    let prose = width.min(PROSE_WIDTH).saturating_sub(4).max(20);
    for paragraph in paragraphs(diagnostic) {
        let text = wrap(&paragraph, prose).join("\n");
        group = group.element(Level::NOTE.no_name().message(text));
    }
    if let Some(help) = &diagnostic.help {
        let text = wrap(&clean_lines(help), prose.saturating_sub(6)).join("\n");
        group = group.element(Level::HELP.message(text));
    }
    let renderer = if theme.is_colored() { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(width.max(40)).decor_style(DecorStyle::Ascii).render(&[group])
}

/// `3 errors, 1 warning`.
pub fn tally(diagnostics: &Diagnostics) -> String {
    let errors = diagnostics.error_count();
    let warnings = diagnostics.iter().count().saturating_sub(errors);
    match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn choose(diagnostics: &Diagnostics) -> (Vec<&Diagnostic>, usize) {
    let total = diagnostics.iter().count();
    let mut warnings = LIMIT.saturating_sub(diagnostics.error_count());
    let mut errors = LIMIT;
    let shown: Vec<&Diagnostic> = diagnostics
        .iter()
        .filter(|diagnostic| {
            let left = match diagnostic.severity {
                Severity::Error => &mut errors,
                Severity::Warning => &mut warnings,
            };
            let shown = *left > 0;
            *left = left.saturating_sub(1);
            shown
        })
        .collect();
    let hidden = total.saturating_sub(shown.len());
    (shown, hidden)
}

fn paragraphs(diagnostic: &Diagnostic) -> Vec<String> {
    let mut paragraphs = Vec::new();
    // Without a place the address is all there is to find it by; with one it tells instances apart.
    if let Some(address) = &diagnostic.address {
        paragraphs.push(format!("in {}", clean(address)));
    }
    let detail = clean_lines(&diagnostic.detail);
    paragraphs.extend(detail.split("\n\n").filter(|text| !text.trim().is_empty()).map(str::to_owned));
    let values = diagnostic.values.iter().flatten();
    let values: Vec<String> = values.map(|(name, is)| clean(&format!("{name} {is}")).into_owned()).collect();
    if !values.is_empty() {
        paragraphs.push(values.join("\n"));
    }
    paragraphs
}

/// Some lines of one file with the places in them that are marked.
struct Place {
    name: String,
    window: Window,
    marks: Vec<Mark>,
}

/// As [`Mark`], in a source map.
type SpanMark = (Span, bool, Option<String>);

/// A marked range of bytes, whether it is the primary one, and the words beside it.
type Mark = (Range<usize>, bool, Option<String>);

impl Place {
    fn add_to(self, group: Group<'_>) -> Group<'_> {
        let Self { name, window, marks } = self;
        let marks: Vec<Annotation<'static>> = marks
            .into_iter()
            .map(|(range, primary, label)| {
                let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
                kind.span(window.translate(&range)).label(label.map(|label| clean(&label).into_owned()))
            })
            .collect();
        group
            .element(Snippet::source(window.text).line_start(window.first_line).path(name).annotations(marks))
    }
}

/// The marked places, those of one file together, the primary one's file first.
fn places(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<Place> {
    let primary = diagnostic.span.map(|span| (span, true, diagnostic.label.clone()));
    let related = diagnostic.related.iter().map(|(span, what)| (*span, false, Some(what.clone())));
    let marks: Vec<SpanMark> = primary.into_iter().chain(related).collect();
    let first_file = marks.first().map(|(span, _, _)| span.file);

    let mut by_file: BTreeMap<(bool, FileId), Vec<SpanMark>> = BTreeMap::new();
    for mark in marks {
        by_file.entry((Some(mark.0.file) != first_file, mark.0.file)).or_default().push(mark);
    }
    let mut places = Vec::new();
    for ((_, id), marks) in by_file {
        let Some(file) = sources.file(id) else { continue };
        let marks: Vec<Mark> = marks
            .into_iter()
            .map(|(span, primary, label)| (window::first_line_of(&file.text, span), primary, label))
            .collect();
        let place =
            |window: Window, marks: Vec<Mark>| Place { name: clean(&file.name).into_owned(), window, marks };
        let ranges: Vec<Range<usize>> = marks.iter().map(|(range, _, _)| range.clone()).collect();
        match Window::around(&file.text, &ranges) {
            Some(window) => places.push(place(window, marks)),
            None => {
                places.extend(
                    marks.into_iter().map(|mark| place(Window::of_line(&file.text, &mark.0), vec![mark])),
                );
            }
        }
    }
    places
}
