//! The pages about diagnostics: what each means and how to go on. The text is `docs/diagnostics.md`, built in.

const PAGES: &str = include_str!("../../docs/diagnostics.md");

/// The code of a diagnostic: its summary in lower case, words joined by hyphens. Summaries are fixed words, so codes
/// are as stable.
pub fn code(summary: &str) -> String {
    let lower = summary.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The codes that have a page, sorted.
pub fn codes() -> impl Iterator<Item = &'static str> {
    sections().map(|(code, _)| code)
}

/// The page of a code or a summary.
pub fn page(written: &str) -> Option<&'static str> {
    let wanted = code(written);
    sections().find(|(code, _)| *code == wanted).map(|(_, page)| page)
}

/// A configuration that causes the diagnostic, where the page has one.
pub fn example(page: &str) -> Option<&str> {
    page.split_once("```hcl\n")?.1.split_once("```").map(|(example, _)| example)
}

fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = PAGES.split("\n## ").skip(1);
    sections.filter_map(|section| section.split_once('\n').map(|(code, page)| (code.trim(), page.trim())))
}
