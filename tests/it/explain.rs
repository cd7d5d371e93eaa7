//! The pages about diagnostics: every diagnostic has one, every example on one causes what it is about.

use std::collections::BTreeSet;

use flowform::report::explain;

use crate::support::Project;
use crate::tidy::sources;

/// Summaries that are put together at run time, and parts that hand a summary on.
const NOT_LITERAL: &[&str] = &["self.summary", "summary", "asked.when.summary()", "REALIGNED"];

#[test]
fn every_diagnostic_has_a_page() {
    let mut missing = BTreeSet::new();
    let mut found = BTreeSet::new();
    for (path, text) in sources() {
        for summary in summaries(&text) {
            match summary.strip_prefix('"').and_then(|summary| summary.strip_suffix('"')) {
                Some(summary) => {
                    found.insert(explain::code(summary));
                    if explain::page(summary).is_none() {
                        missing.insert(format!("{summary} ({path})"));
                    }
                }
                None => assert!(
                    NOT_LITERAL.contains(&summary.as_str()),
                    "{path}: a summary is fixed words, and this is {summary}"
                ),
            }
        }
    }
    for check in flowform::flow::check::CHECKS {
        found.insert(explain::code(check.summary));
        if explain::page(check.summary).is_none() {
            missing.insert(format!("{} (the check {})", check.summary, check.word));
        }
    }
    assert!(found.len() > 100, "the summaries are found");
    assert!(missing.is_empty(), "docs/diagnostics.md has no page for {missing:#?}");
    let unused: Vec<_> = explain::codes()
        .filter(|code| !found.contains(*code) && !sources().iter().any(|(_, text)| mentions(text, code)))
        .collect();
    assert!(unused.is_empty(), "docs/diagnostics.md has pages that nothing leads to: {unused:?}");
}

#[test]
fn every_example_causes_what_its_page_is_about() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for code in explain::codes() {
        let page = explain::page(code).expect("a code has a page");
        let Some(example) = explain::example(page) else { continue };
        tried += 1;
        let project = Project::new(example);
        let mut given = given_by(&project, "validate --json");
        if !given.contains(code) {
            given.extend(given_by(&project, "plan --json"));
        }
        if !given.contains(code) {
            wrong.push(format!("{code}: {given:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "these pages have an example that causes something else:\n{}",
        wrong.join("\n")
    );
    assert!(tried > 90, "most pages have an example, here {tried}");
}

#[test]
fn a_page_is_found_by_code_and_by_summary() {
    let project = Project::empty();
    let by_code = project.run("explain unknown-argument").succeeds();
    let by_summary = project.run("explain Unknown argument").succeeds();
    assert_eq!(by_code.stdout, by_summary.stdout);
    assert!(by_code.stdout.starts_with("**Unknown argument.**"), "{}", by_code.stdout);
    let typo = project.run("explain unknown-argumnt").fails();
    assert!(typo.stderr.contains("did you mean `unknown-argument`?"), "{}", typo.stderr);
    let codes = project.run("explain").succeeds().stdout;
    let sorted: BTreeSet<_> = codes.lines().collect();
    assert!(sorted.iter().copied().eq(codes.lines()), "the codes are sorted and unique");
}

/// The codes of what a command tells.
fn given_by(project: &Project, command: &str) -> BTreeSet<String> {
    let json = project.run(command).json();
    let diagnostics = json["diagnostics"].as_array().into_iter().flatten();
    diagnostics.filter_map(|diagnostic| diagnostic["code"].as_str().map(str::to_owned)).collect()
}

/// Whether a quoted text of the source has that code: a summary that a variable carries.
fn mentions(text: &str, code: &str) -> bool {
    text.split('"').any(|part| part.len() < 80 && explain::code(part) == code)
}

/// The first argument of each `Diagnostic::error` and `warning`, the second of each `Problem::error` and `warning`.
fn summaries(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (call, position) in [("Diagnostic::", 0), ("Problem::", 1)] {
        for (start, _) in text.match_indices(call) {
            let rest = &text[start + call.len()..];
            let Some(arguments) = rest.strip_prefix("error(").or(rest.strip_prefix("warning(")) else {
                continue;
            };
            found.extend(arguments_of(arguments).into_iter().nth(position));
        }
    }
    found
}

/// The arguments of a call, from behind its opening bracket.
fn arguments_of(text: &str) -> Vec<String> {
    let (mut arguments, mut current) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    for c in text.chars() {
        if quoted {
            current.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => quoted = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => {
                arguments.push(current.trim().to_owned());
                return arguments;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(std::mem::take(&mut current).trim().to_owned());
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    arguments
}
