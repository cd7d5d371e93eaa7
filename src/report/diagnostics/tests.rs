#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

macro_rules! snapshot {
    ($name:expr, $text:expr $(,)?) => {
        insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
            insta::assert_snapshot!($name, $text);
        })
    };
}

fn sources(text: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::default();
    let file = sources.add("main.hcl", text);
    (sources, file)
}

fn find(file: FileId, text: &str, piece: &str) -> Span {
    let start = text.find(piece).expect("the piece is in the text");
    Span::new(file, start, start + piece.len())
}

fn plain(diagnostic: Diagnostic, sources: &SourceMap) -> String {
    let mut all = Diagnostics::new();
    all.push(diagnostic);
    render(&all, sources, Theme::plain(), 100)
}

const MAIN: &str = r#"flow "etl" {
  run_config = run_config.local.base
	imge       = "etl:1"
}

flow "etl" {
}
"#;

fn several() -> (Diagnostics, SourceMap) {
    let (mut sources, file) = sources(MAIN);
    let agents = "agent \"local\" \"eu\" {\n  labels = [\"eu\"]\n}\n";
    let other = sources.add("agents.hcl", agents);
    let mut all = Diagnostics::new();
    all.push(
        Diagnostic::error(
            "Unknown argument",
            "A flow has no argument `imge`. What is not known is never ignored, because a misspelled argument \
             would silently leave the flow with its default.",
        )
        .at(find(file, MAIN, "imge"))
        .label("not an argument of `flow`")
        .suggest("imge", ["image", "labels"]),
    );
    let first = find(file, MAIN, "flow \"etl\"");
    let start = MAIN.rfind("flow").unwrap();
    all.push(
        Diagnostic::error(
            "Duplicate block",
            "Two blocks have the address flow.etl, so a reference to it could mean either.",
        )
        .at(Span::new(file, start, start + 10))
        .label("declared again here")
        .related(first, "first declared here")
        .help("give one of them another label; `moved` keeps its history"),
    );
    all.push(
        Diagnostic::warning(
            "No agent can take this flow",
            "The flow needs the label `us`, and no declared agent carries it.\n\nRuns of it will wait until one does.",
        )
        .at(find(file, MAIN, "run_config.local.base"))
        .related(find(other, agents, "[\"eu\"]"), "this agent has other labels")
        .address("flow.etl[\"eu\"]"),
    );
    all.push(Diagnostic::error(
        "Registry not readable",
        "The directory `state` cannot be read: permission denied.",
    ));
    (all, sources)
}

#[test]
fn what_users_see() {
    let (all, sources) = several();
    snapshot!("diagnostics", render(&all, &sources, Theme::plain(), 100));
    snapshot!("diagnostics_color", render(&all, &sources, Theme::color(), 100).replace('\u{1b}', "␛"));
    snapshot!("diagnostics_narrow", render(&all, &sources, Theme::plain(), 60));
}

#[test]
fn a_very_long_line_is_shown_around_the_place() {
    let text = format!("a = [{}oops{}]\n", "1, ".repeat(5_000), ", 2".repeat(5_000));
    let (sources, file) = sources(&text);
    let shown = plain(
        Diagnostic::error("Unknown name", "There is no `oops`.").at(find(file, &text, "oops")),
        &sources,
    );
    assert!(shown.contains("main.hcl:1:15006"), "{shown}");
    assert!(shown.contains("...") && shown.contains("^^^^"), "{shown}");
    assert!(shown.lines().all(|line| line.len() <= 120), "{shown}");
    let both = Diagnostic::error("Unknown name", "There is no `oops`.")
        .at(find(file, &text, "oops"))
        .related(Span::new(file, 0, 1), "in this list");
    let shown = plain(both, &sources);
    assert!(shown.contains("in this list") && shown.contains("^^^^"), "{shown}");
    assert!(shown.lines().all(|line| line.len() <= 120), "{shown}");
}

#[test]
fn the_end_of_the_file_can_be_marked() {
    let (sources, file) = sources("flow \"etl\" {\n");
    let end = Span::new(file, 13, 13);
    let shown = plain(
        Diagnostic::error("Unclosed block", "The file ends inside a block.").at(end).label("expected `}`"),
        &sources,
    );
    assert!(shown.contains("main.hcl:2:1") && shown.contains("^ expected `}`"), "{shown}");
}

#[test]
fn only_the_first_line_of_a_block_is_marked() {
    let (sources, file) = sources("a {\r\n  b = 1\r\n}\r\n");
    let shown = plain(Diagnostic::error("Bad block", "It is bad.").at(Span::new(file, 0, 16)), &sources);
    assert!(shown.contains("a {\n") && !shown.contains("b = 1"), "{shown}");
}

#[test]
fn escapes_in_user_text_reach_no_terminal() {
    let (sources, file) = sources("a = \"\u{1b}[2J\u{9b}31m\"\n");
    let shown = plain(
        Diagnostic::error("Bad text", "It is \u{1b}[31mbad.")
            .at(Span::new(file, 4, 8))
            .label("\u{1b}]0;x\u{7}"),
        &sources,
    );
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
}

#[test]
fn errors_are_shown_before_warnings_when_there_are_too_many() {
    let mut all = Diagnostics::new();
    for number in 0..100 {
        all.push(Diagnostic::warning("Odd", format!("Warning {number}.")));
    }
    for number in 0..30 {
        all.push(Diagnostic::error("Wrong", format!("Error {number}.")));
    }
    let shown = render(&all, &SourceMap::default(), Theme::plain(), 80);
    assert!(shown.contains("Error 29.") && shown.contains("Warning 19.") && !shown.contains("Warning 20."));
    assert!(
        shown.ends_with("... and 80 more that are not shown; fix these first.\n\n30 errors, 100 warnings\n")
    );
}

proptest! {
    #[test]
    fn no_text_and_no_span_panics(
        text in "[a-c\\n\\r\\t é日\u{1b}]{0,400}",
        spans in prop::collection::vec((0u32..450, 0u32..450, "[a-z\\n]{0,5}"), 1..4),
        width in 0usize..200,
    ) {
        let (sources, file) = sources(&text);
        let mut diagnostic = Diagnostic::error("Bad", "Bad.");
        for (index, (start, end, label)) in spans.into_iter().enumerate() {
            let span = Span { file, start, end };
            diagnostic = if index == 0 { diagnostic.at(span).label(label) } else { diagnostic.related(span, label) };
        }
        let shown = one(&diagnostic, &sources, Theme::plain(), width);
        prop_assert!(shown.starts_with("error: Bad"));
    }
}
