//! What inputs are fed to, and the laws that must hold of every answer. A target returns what it said, without the data of
//! the input.

use std::fmt::Write;

use flowform::config::{decode, parse_file};
use flowform::diag::Diagnostics;
use flowform::eval::functions::Environment;
use flowform::eval::{Scope, console_text, describe_type, evaluate};
use flowform::flow::document::{self, Document, Quantity};
use flowform::flow::location;
use flowform::flow::yaml::load;
use flowform::format::format;
use flowform::report::diagnostics;
use flowform::report::theme::Theme;
use flowform::source::{FileId, SourceMap, Span};
use flowform::syntax::ast::{Body, Step};
use flowform::syntax::{is_complete, parse, parse_expression, parse_template};
use flowform::value::{Type, Value, from_json};

/// Takes an input and says what is new about it.
pub(crate) type Target = fn(&str) -> String;

pub(crate) fn find(name: &str) -> Option<Target> {
    match name {
        "parse" => Some(parsed),
        "evaluate" => Some(evaluated),
        "fmt" => Some(formatted),
        "json" => Some(json),
        "yaml" => Some(yaml),
        "quantity" => Some(quantity),
        _ => None,
    }
}

/// What diagnostics say, each once; all of them can be shown.
fn said(diags: &Diagnostics, sources: &SourceMap) -> String {
    for span in diags
        .iter()
        .flat_map(|diagnostic| diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span)))
    {
        let text = &*sources.file(span.file).expect("a place is in a file").text;
        let inside = text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize);
        assert!(span.start <= span.end && inside, "a place is of whole characters: {span:?}");
    }
    if diags.iter().count() < 20 {
        diagnostics::render(diags, sources, Theme::plain(), 80);
    }
    let mut summaries: Vec<&str> = diags.iter().map(|diagnostic| &*diagnostic.summary).collect();
    summaries.sort_unstable();
    summaries.dedup();
    summaries.join(",")
}

fn shape(body: &Body, out: &mut String) {
    for attribute in &body.attributes {
        let kind = format!("{:?}", attribute.expr.kind);
        let _ = write!(out, "{} ", kind.split(['(', '{', ' ']).next().unwrap_or_default());
    }
    for block in &body.blocks {
        let _ = write!(out, "{}{} ", block.labels.len(), body.blocks.len().min(3));
        shape(&block.body, out);
    }
}

fn source(text: &str, name: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::default();
    let file = sources.add(name, text);
    (sources, file)
}

fn parsed(text: &str) -> String {
    let (sources, file) = source(text, "main.hcl");
    let mut diags = Diagnostics::new();
    let body = parse(file, text, &mut diags);
    let mut out = said(&diags, &sources);
    shape(&body, &mut out);
    let mut diags = Diagnostics::new();
    decode(vec![body], &mut diags);
    out.push_str(&said(&diags, &sources));
    let mut diags = Diagnostics::new();
    let expr = parse_expression(file, text, &mut diags);
    assert!(expr.is_some() || diags.has_errors(), "what does not parse is told");
    out.push_str(&said(&diags, &sources));
    let mut diags = Diagnostics::new();
    let template = parse_template(file, text, &mut diags);
    assert!(template.is_some() || diags.has_errors(), "what does not parse is told");
    let _ = write!(out, "{} {}", said(&diags, &sources), is_complete(text));
    out
}

/// Some values to refer to, and one small file.
struct World {
    object: Value,
}

impl Scope for World {
    fn resolve(&self, root: &str, steps: &[Step], _: Span, _: &mut Diagnostics) -> (Value, usize) {
        match root {
            "var" | "local" => (self.object.clone(), steps.len().min(1)),
            "count" => (Value::int(3), steps.len().min(1)),
            "each" => (Value::string("a"), steps.len().min(1)),
            "flow" => (Value::unknown(Type::Any), steps.len().min(1)),
            _ => (self.object.clone(), 0),
        }
    }

    fn environment(&self) -> &dyn Environment {
        self
    }
}

impl Environment for World {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path.len() % 2 {
            0 => Ok(b"a ${upper(b)}\n%{ for x in y }${x}%{ endfor }".to_vec()),
            _ => Err("there is no such file".to_owned()),
        }
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        Ok(path.len().is_multiple_of(2))
    }
}

fn evaluated(text: &str) -> String {
    let (sources, file) = source(text, "main.hcl");
    let world = World {
        object: from_json(&serde_json::json!({
            "a": 1, "b": ["x", "y"], "c": { "d": null, "e": [{ "f": 1.5 }, { "f": "g" }] }, "name": "n", "x": true
        })),
    };
    let mut out = String::new();
    let mut parsing = Diagnostics::new();
    let body = parse(file, text, &mut parsing);
    let mut waiting = vec![&body];
    let mut exprs = Vec::new();
    while let Some(body) = waiting.pop() {
        exprs.extend(body.attributes.iter().map(|attribute| attribute.expr.clone()));
        waiting.extend(body.blocks.iter().map(|block| &block.body));
    }
    exprs.extend(parse_expression(file, text, &mut parsing));
    exprs.extend(parse_template(file, text, &mut parsing));
    for expr in exprs.iter().take(40) {
        let mut diags = Diagnostics::new();
        let value = evaluate(expr, &world, &mut diags);
        out.push_str(&said(&diags, &sources));
        let shown = console_text(&value);
        let ty = describe_type(&value);
        let _ = write!(
            out,
            " {} {}",
            ty.chars().take(12).collect::<String>(),
            shown.len().checked_ilog2().unwrap_or(0)
        );
    }
    out
}

/// The tree without places.
fn tree(text: &str) -> String {
    let mut diags = Diagnostics::new();
    let body = parse(FileId(0), text, &mut diags);
    assert!(!diags.has_errors(), "what is formatted parses");
    let shown = format!("{body:?}");
    let mut out = String::with_capacity(shown.len());
    for (index, part) in shown.split("Span { file: FileId(0), start: ").enumerate() {
        out.push_str(if index == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) });
    }
    out
}

fn formatted(text: &str) -> String {
    let (sources, file) = source(text.strip_prefix('\u{feff}').unwrap_or(text), "main.hcl");
    let mut diags = Diagnostics::new();
    let Some(once) = format(file, text, &mut diags) else {
        assert!(diags.has_errors(), "what is refused is told");
        return said(&diags, &sources);
    };
    let again = format(FileId(0), &once, &mut Diagnostics::new());
    assert_eq!(again.as_deref(), Some(&*once), "formatted twice is as once");
    // Spellings that are rewritten have another tree with the same meaning.
    if !text.contains("\"${") && !text.contains("variable") {
        assert_eq!(tree(&once), tree(text.strip_prefix('\u{feff}').unwrap_or(text)), "the meaning stays");
    }
    let visible = |text: &str| {
        text.chars()
            .filter(|ch| !ch.is_whitespace() && !matches!(ch, '"' | '$' | '{' | '}' | '(' | ')'))
            .count()
    };
    assert!(visible(&once).abs_diff(visible(text)) < 1_000, "nothing is lost");
    let mut out = String::new();
    shape(&parse(FileId(0), &once, &mut Diagnostics::new()), &mut out);
    let _ = write!(out, "{}", once == text);
    out
}

fn json(text: &str) -> String {
    let (sources, file) = source(text, "main.hcl.json");
    let mut diags = Diagnostics::new();
    let body = parse_file(file, "main.hcl.json", text, &mut diags);
    let valid = serde_json::from_str::<serde_json::Value>(text).is_ok();
    let refused = diags.iter().any(|diagnostic| diagnostic.summary == "Invalid JSON");
    assert!(!(valid && refused), "valid JSON is read");
    let mut out = said(&diags, &sources);
    shape(&body, &mut out);
    let mut diags = Diagnostics::new();
    decode(vec![body], &mut diags);
    out.push_str(&said(&diags, &sources));
    out
}

/// How deep a value is nested.
fn depth(value: &serde_json::Value) -> usize {
    let mut level = vec![value];
    let mut depth = 0;
    while !level.is_empty() {
        depth += 1;
        level = level
            .into_iter()
            .flat_map(|value| match value {
                serde_json::Value::Array(items) => items.iter().collect(),
                serde_json::Value::Object(entries) => entries.values().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    depth
}

/// Read as a template, realigned, and checked as every document of a backend.
fn yaml(text: &str) -> String {
    let loaded = load(text, "template");
    let mut out = String::new();
    match &loaded {
        Err(error) => {
            out.push_str(error.class.name());
            out.extend(error.message.lines().next().map(|line| line.chars().take(20).collect::<String>()));
        }
        Ok(json) => {
            assert!(depth(json) <= 65, "nesting is bounded");
            let value = from_json(json);
            for document in Document::ALL {
                let (taken, problems) = document::check(document, &value, &[]);
                let (again, _) = document::check(document, &taken, &[]);
                assert_eq!(again, taken, "{document:?}: the backend's own form stays");
                let mut summaries: Vec<&str> = problems.iter().map(|problem| problem.summary).collect();
                summaries.sort_unstable();
                summaries.dedup();
                let _ = write!(out, " {}", summaries.join(","));
            }
        }
    }
    if let Some(aligned) = document::indentation(text) {
        let _ = write!(out, " realigned {}", load(&aligned, "template").is_ok());
    }
    out
}

/// Read in every notation of amounts, and as a place.
fn quantity(text: &str) -> String {
    let mut out = String::new();
    match text.parse::<Quantity>() {
        Err(error) => out.push_str(&error.to_string()),
        Ok(quantity) => {
            let written = format!("{}n", quantity.nanos());
            assert_eq!(written.parse(), Ok(quantity), "whole billionths are exact");
            let positive = text.trim_start_matches(['-', '+']).parse::<Quantity>();
            assert_eq!(
                positive.map(Quantity::nanos),
                Ok(quantity.nanos().abs()),
                "a sign is all that differs"
            );
            let _ = write!(out, "{:?} {}", quantity.nanos().checked_ilog10(), quantity.is_negative());
        }
    }
    if let Some(duration) = document::parse_duration(text) {
        assert_eq!(duration.nanos < 0, text.starts_with('-') && duration.nanos != 0, "a sign is kept");
        let _ = write!(out, " duration {:?}", duration.nanos.checked_ilog10());
    }
    for units in [document::parse_cpu_units(text), document::parse_memory_mib(text)].into_iter().flatten() {
        let whole = units.to_string();
        assert_eq!(document::parse_cpu_units(&whole), Some(units), "whole units are themselves");
        let _ = write!(out, " units {:?}", units.checked_ilog10());
    }
    match location::parse(text) {
        Err(error) => out.push_str(error.class.name()),
        Ok(location) => {
            assert!(!location.scheme.is_empty() && !location.scheme.contains(char::is_uppercase));
            assert!(!location.host.contains('/') && !location.path.contains(['?', '#']));
            let read = location::read_text(text, &|_| Ok(Some(String::new())));
            let _ = write!(out, " {} {} {}", location.scheme.len(), location.host.is_empty(), read.is_ok());
        }
    }
    out
}
