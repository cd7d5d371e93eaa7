//! The rules of the code base that a compiler does not know: lengths, directions, absences, and documentation that
//! keeps up. Each test names every offender.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::examples;

/// The most lines of a source file.
const MAX_LINES: usize = 500;

/// Files that are longer, each with the reason why cutting it would not help.
const LONGER: &[(&str, &str)] = &[
    ("src/cli/args.rs", "declarations of options, one after another, that a reader looks up"),
    ("src/eval/functions/table.rs", "a table with one entry per function"),
    ("src/flow/definition/tests.rs", "cases, one after another"),
];

/// Which modules of the root package may use which others: whatever is not listed is not allowed.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("address", &[]),
    ("diag", &["source"]),
    ("value", &["address"]),
    ("syntax", &["diag", "source", "value"]),
    ("eval", &["address", "diag", "source", "syntax", "value"]),
    ("format", &["diag", "source", "syntax"]),
    ("flow", &["address", "diag", "value"]),
    ("conformance", &["flow"]),
    ("convert", &["diag", "flow", "format", "source", "value"]),
    ("config", &["address", "diag", "eval", "flow", "source", "syntax", "value"]),
    ("reference", &["flow"]),
    ("graph", &["address", "config", "diag", "source", "syntax"]),
    ("desired", &["address", "config", "diag", "eval", "flow", "graph", "source", "syntax", "value"]),
    ("registry", &[]),
    ("plan", &["address", "config", "desired", "diag", "flow", "graph", "registry", "source", "value"]),
    ("refresh", &["flow", "plan", "registry"]),
    ("apply", &["flow", "plan", "registry"]),
    ("report", &["address", "apply", "diag", "plan", "registry", "source", "value"]),
    ("providers", &["desired", "flow"]),
    (
        "cli",
        &[
            "address",
            "apply",
            "config",
            "convert",
            "desired",
            "diag",
            "eval",
            "flow",
            "format",
            "graph",
            "plan",
            "providers",
            "reference",
            "refresh",
            "registry",
            "report",
            "source",
            "syntax",
            "value",
        ],
    ),
];

/// Parts that decide and never act. The files after them are their edges.
const PURE: &[&str] = &[
    "src/address.rs",
    "src/apply/event.rs",
    "src/apply/scheduler.rs",
    "src/config/",
    "src/conformance/",
    "src/convert/",
    "src/desired/",
    "src/diag.rs",
    "src/eval/",
    "src/flow/",
    "src/format/",
    "src/graph/",
    "src/plan/",
    "src/reference/",
    "src/registry/event.rs",
    "src/registry/log.rs",
    "src/registry/view.rs",
    "src/source.rs",
    "src/syntax/",
    "src/value/",
    "providers/api/src/",
];
const EDGES_OF_PURE: &[&str] = &["src/config/files.rs", "src/config/load.rs"];

/// Words that no pure part has.
const EFFECTS: &[&str] = &[
    "tokio",
    "async fn",
    "std::env::",
    "std::fs",
    "std::io::std",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "new_v4",
    "gethostname",
    "print!",
    "println!",
];

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src", "providers"]) {
        let lines = file.text.lines().count();
        let allowed = LONGER.iter().any(|(name, _)| *name == file.name);
        match (lines > MAX_LINES, allowed) {
            (true, false) => {
                wrong.push(format!("{} has {lines} lines, and {MAX_LINES} are the most", file.name));
            }
            (false, true) => wrong.push(format!("{} is short enough now: take it off the list", file.name)),
            (true, true) | (false, false) => {}
        }
    }
    for (name, _) in LONGER {
        if !root().join(name).exists() {
            wrong.push(format!("{name} is on the list and does not exist"));
        }
    }
    none(&wrong);
}

#[test]
fn files_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src", "providers"]) {
        if !is_test(&file.name) && !file.text.starts_with("//!") {
            wrong.push(format!("{} does not begin with a `//!` line", file.name));
        }
    }
    none(&wrong);
}

#[test]
fn modules_depend_in_one_direction() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src"]) {
        let module = file.name.trim_start_matches("src/").split('/').next().unwrap_or_default();
        let module = module.trim_end_matches(".rs");
        if matches!(module, "lib" | "main") || is_test(&file.name) {
            continue;
        }
        let Some((_, allowed)) = DIRECTIONS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{} belongs to a module that is not in DIRECTIONS", file.name));
            continue;
        };
        for used in used_modules(&code(&file.text)) {
            let known = DIRECTIONS.iter().any(|(name, _)| *name == used);
            if known && used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses `crate::{used}`, which `{module}` may not", file.name));
            }
        }
    }
    none(&wrong);
}

#[test]
fn pure_parts_have_no_effects() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src", "providers"]) {
        let pure = PURE.iter().any(|part| file.name.starts_with(part));
        if !pure || EDGES_OF_PURE.contains(&&*file.name) || is_test(&file.name) {
            continue;
        }
        let code = code(&file.text);
        for word in EFFECTS.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{} has `{word}`, and it decides only", file.name));
        }
    }
    none(&wrong);
}

#[test]
fn nothing_is_left_undone() {
    // Put together here, so that this file does not hold them.
    let words = [
        ["to", "do!("].concat(),
        ["unimplemen", "ted!("].concat(),
        ["#[ign", "ore"].concat(),
        ["db", "g!("].concat(),
    ];
    let mut wrong = Vec::new();
    for file in rust_files(&["src", "providers", "tests"]) {
        for (number, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                wrong.push(format!("{}:{}: `{word}`", file.name, number + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn only_the_terminal_prints() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src", "providers"]) {
        if file.name == "src/report/terminal.rs" || is_test(&file.name) {
            continue;
        }
        let code = code(&file.text);
        for word in ["println!", "print!", "io::stdout", "io::stderr", "io::stdin"] {
            if code.contains(word) {
                wrong.push(format!(
                    "{} has `{word}`: only src/report/terminal.rs writes and reads",
                    file.name
                ));
            }
        }
    }
    none(&wrong);
}

#[test]
fn one_file_names_the_providers() {
    let mut wrong = Vec::new();
    for file in rust_files(&["src"]) {
        let names = code(&file.text).contains("flowform_provider_") && !only_the_vocabulary(&file.text);
        if names && file.name != "src/providers.rs" && !is_test(&file.name) {
            wrong.push(format!("{} names a provider: only src/providers.rs does", file.name));
        }
    }
    none(&wrong);
}

fn only_the_vocabulary(text: &str) -> bool {
    code(text).match_indices("flowform_provider_").count()
        == code(text).match_indices("flowform_provider_api").count()
}

#[test]
fn the_glossary_has_every_action_reason_and_error_kind() {
    let glossary = read("docs/glossary.md");
    let mut wrong = Vec::new();
    for (file, name) in [
        ("src/plan/model.rs", "Action"),
        ("src/plan/model.rs", "Reason"),
        ("providers/api/src/error.rs", "ErrorKind"),
    ] {
        let variants = variants(&read(file), name);
        assert!(!variants.is_empty(), "{file} has an enum {name}");
        for variant in variants {
            if !glossary.contains(&format!("`{variant}`")) {
                wrong.push(format!("docs/glossary.md does not have `{variant}` of {name}"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_example_has_its_plan() {
    let mut wrong = Vec::new();
    for name in examples::names() {
        for file in ["main.hcl", "expected-plan.txt"] {
            if !examples::folder().join(&name).join(file).exists() {
                wrong.push(format!("examples/{name}/{file} is missing"));
            }
        }
        let text = fs::read_to_string(examples::folder().join(&name).join("main.hcl")).unwrap_or_default();
        if !text.starts_with("# ") {
            wrong.push(format!("examples/{name}/main.hcl does not begin with what it shows"));
        }
    }
    none(&wrong);
}

#[test]
fn every_function_and_block_is_documented() {
    let language = read("docs/language.md");
    let mut wrong = Vec::new();
    for function in quoted_after(&read("src/eval/functions/table.rs"), "name: \"") {
        if !language.contains(&format!("| `{function}(")) {
            wrong.push(format!("docs/language.md does not have the function `{function}`"));
        }
    }
    for table in ["agent", "run_config", "storage"] {
        let text = read(&format!("src/flow/kind/{table}.rs"));
        for start in ["optional(\"", "required(\""] {
            for argument in quoted_after(&text, start) {
                if !language.contains(&format!("`{argument}`")) {
                    wrong
                        .push(format!("docs/language.md does not have the argument `{argument}` of {table}"));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn documents_know_no_machine() {
    let mut wrong = Vec::new();
    let home = ["/ho", "me/"].concat();
    let places = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), home];
    for path in text_files() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            for place in places.iter().filter(|place| line.contains(place.as_str())) {
                wrong.push(format!("{name}:{}: a path of a machine, `{place}`", number + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in text_files().into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://") || target.contains(' ');
            let directory = path.parent().unwrap_or(Path::new(""));
            if !elsewhere && !directory.join(target).exists() {
                wrong.push(format!("{} links to {target}, which does not exist", relative(&path)));
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_integration_test_runs() {
    let main = read("tests/it/main.rs");
    let mut wrong = Vec::new();
    for file in rust_files(&["tests/it"]) {
        let name = file.name.trim_start_matches("tests/it/").trim_end_matches(".rs");
        let module = name.split('/').next().unwrap_or_default();
        if module != "main" && !main.contains(&format!("mod {module};")) {
            wrong.push(format!("{} is not part of the test program: add `mod {module};`", file.name));
        }
    }
    none(&wrong);
}

struct SourceFile {
    /// Relative to the repository, with `/`.
    name: String,
    text: String,
}

/// The files of the program that are no tests, each with its name and its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let files = rust_files(&["src"]).into_iter();
    let files = files.filter(|file| !is_test(&file.name) && !file.name.contains("/laws/"));
    files.map(|file| (file.name, file.text)).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn rust_files(folders: &[&str]) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut paths);
    }
    let mut files: Vec<SourceFile> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| SourceFile { name: relative(&path), text: fs::read_to_string(&path).unwrap_or_default() })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!files.is_empty(), "{folders:?} hold source files");
    files
}

/// What people read: documents, examples and scripts.
fn text_files() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["docs", "examples", ".ci"] {
        walk(&root().join(folder), &mut paths);
    }
    for name in ["README.md", "CHANGELOG.md", "Cargo.toml", "clippy.toml", "deny.toml", "tests/run"] {
        paths.push(root().join(name));
    }
    paths.sort();
    paths
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            // Registries of whoever tried an example, and builds.
            if name != ".flowform" && name != "target" {
                walk(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

fn is_test(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file == "tests.rs"
        || file.ends_with("_tests.rs")
        || file == "vectors.rs"
        || name.contains("/tests/")
        || name.contains("/laws/")
}

/// The text without comment lines and without a test module at its end.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The words after `crate::`.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                used.extend(list.split(',').map(|item| first_word(item.trim())));
            }
            None => {
                used.insert(first_word(rest));
            }
        }
    }
    used
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The variants of the public enum `name`.
fn variants(text: &str, name: &str) -> Vec<String> {
    let Some((_, rest)) = text.split_once(&format!("pub enum {name} {{\n")) else { return Vec::new() };
    let body = rest.split("\n}").next().unwrap_or_default();
    let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    lines.map(first_word).collect()
}

/// What stands in quotes after each `start`, which ends in a quote.
fn quoted_after(text: &str, start: &str) -> BTreeSet<String> {
    // A call that is longer than a line has its arguments on lines of their own.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
    text.split(start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
