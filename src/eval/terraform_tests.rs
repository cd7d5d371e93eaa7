//! Every expression in `tests/terraform` has here the result that Terraform 1.11.4 gave (`tests/terraform/record` asks it),
//! or fails where it failed, or is a difference that is meant and documented.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::functions::Environment;
use super::{Scope, console, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{SourceMap, Span};
use crate::syntax::ast::{Body, Expr, Step, StepKind};
use crate::syntax::{parse, parse_expression, references};
use crate::value::{Marks, Type, Value, convert};

#[derive(Deserialize)]
struct Case {
    config: Option<String>,
    expression: String,
    result: Option<String>,
    error: Option<String>,
}

/// A difference that is meant: a title that `docs/compatibility.md` has, and the expressions that show it.
#[derive(Deserialize)]
struct Difference {
    title: String,
    expressions: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform")
}

/// The files of the tables, a clock that stands still, and random bytes that count up.
struct World {
    files: crate::config::files::Files,
    count: RefCell<u8>,
}

impl World {
    fn new() -> Self {
        Self { files: crate::config::files::Files::below(folder().join("files")), count: RefCell::new(0) }
    }
}

impl Environment for World {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.read_file(path)
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        self.files.file_exists(path)
    }

    fn list_files(&self, directory: &str) -> Result<Vec<String>, String> {
        self.files.list_files(directory)
    }

    fn working_directory(&self) -> Option<String> {
        Some("/home/user/configuration".to_owned())
    }

    fn now(&self) -> Option<String> {
        Some("2026-01-02T03:04:05Z".to_owned())
    }

    fn random(&self) -> Option<[u8; 16]> {
        *self.count.borrow_mut() += 1;
        Some([*self.count.borrow(); 16])
    }

    fn home(&self) -> Option<String> {
        Some("/home/user".to_owned())
    }
}

/// The locals and variables of one configuration.
struct Names {
    locals: BTreeMap<Arc<str>, Expr>,
    variables: BTreeMap<Arc<str>, Value>,
    open: RefCell<Vec<Arc<str>>>,
    world: World,
}

impl Names {
    fn of(body: &Body, sources: &SourceMap, diags: &mut Diagnostics) -> Self {
        let mut names = Self {
            locals: BTreeMap::new(),
            variables: BTreeMap::new(),
            open: RefCell::default(),
            world: World::new(),
        };
        let _ = sources;
        for block in &body.blocks {
            let attribute =
                |name: &str| block.body.attributes.iter().find(|attribute| &*attribute.name.text == name);
            match &*block.kind.text {
                "locals" => names.locals.extend(
                    block
                        .body
                        .attributes
                        .iter()
                        .map(|local| (Arc::clone(&local.name.text), local.expr.clone())),
                ),
                "variable" => {
                    let ty = attribute("type")
                        .map_or(Type::Any, |ty| crate::config::type_expr::parse_type(&ty.expr, diags));
                    let default = attribute("default").map(|default| evaluate(&default.expr, &names, diags));
                    let secret = attribute("sensitive").is_some();
                    let value = default.unwrap_or(Value::unknown(Type::Any));
                    match convert(&value, &ty) {
                        Ok(value) => {
                            let marks = if secret { Marks::SENSITIVE } else { Marks::NONE };
                            names.variables.insert(Arc::clone(&block.labels[0].text), value.marked(marks));
                        }
                        Err(error) => diags.push(Diagnostic::error("Wrong type", error.to_string())),
                    }
                }
                other => panic!("the tables have no block {other}"),
            }
        }
        names
    }
}

impl Scope for Names {
    fn resolve(&self, root: &str, steps: &[Step], span: Span, diags: &mut Diagnostics) -> (Value, usize) {
        let name = match steps.first().map(|step| &step.kind) {
            Some(StepKind::Attr(name)) => Arc::clone(name),
            _ => Arc::from(""),
        };
        match root {
            "var" if self.variables.contains_key(&name) => return (self.variables[&name].clone(), 1),
            "local" if self.locals.contains_key(&name) && !self.open.borrow().contains(&name) => {
                self.open.borrow_mut().push(Arc::clone(&name));
                let value = evaluate(&self.locals[&name], self, diags);
                self.open.borrow_mut().pop();
                return (value, 1);
            }
            "path" if matches!(&*name, "module" | "root") => return (Value::string("."), 1),
            _ => {}
        }
        diags.push(Diagnostic::error("Unknown name", format!("There is no {root}.{name}.")).at(span));
        (Value::unknown(Type::Any), steps.len())
    }

    fn environment(&self) -> &dyn Environment {
        &self.world
    }
}

fn run(case: &Case) -> Result<String, String> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::new();
    let config = case.config.clone().unwrap_or_default();
    let config = config.strip_prefix('\u{feff}').unwrap_or(&config);
    let file = sources.add("main.tf", config);
    let body = parse(file, config, &mut diags);
    let names = Names::of(&body, &sources, &mut diags);
    let file = sources.add("expression", case.expression.as_str());
    let expr = parse_expression(file, &case.expression, &mut diags);
    if let Some(expr) = &expr {
        // The configuration refuses unknown names before anything is evaluated.
        references(expr, &mut |reference| {
            if !matches!(reference.root, "var" | "local" | "path" | "each" | "count") {
                diags.push(Diagnostic::error("Unknown name", format!("There is no {}.", reference.root)));
            }
        });
    }
    let text = expr.and_then(|expr| console(&expr, &names, &mut diags));
    match (text, diags.has_errors()) {
        (Some(text), false) => Ok(text),
        _ => Err(diags.iter().map(|diagnostic| diagnostic.detail.as_str()).collect::<Vec<_>>().join(" / ")),
    }
}

fn tables() -> Vec<PathBuf> {
    let mut tables: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    tables.sort();
    tables
}

#[test]
fn results_are_those_of_terraform() {
    let tables = tables();
    let differences = std::fs::read_to_string(folder().join("differences.json")).unwrap();
    let differences: Vec<Difference> = serde_json::from_str(&differences).unwrap();
    assert!(differences.len() <= 10, "at most ten differences are meant");
    let documented = include_str!("../../docs/compatibility.md");
    for difference in &differences {
        assert!(documented.contains(&difference.title), "docs/compatibility.md lacks: {}", difference.title);
    }
    let mut meant: Vec<&str> =
        differences.iter().flat_map(|difference| &difference.expressions).map(String::as_str).collect();
    let (mut count, mut wrong) = (0, String::new());
    for table in tables {
        for line in std::fs::read_to_string(&table).unwrap().lines() {
            let case: Case = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(case.result.is_some() != case.error.is_some(), "not recorded: {line}");
            count += 1;
            let ours = run(&case);
            let same = match (&ours, &case.result) {
                (Ok(ours), Some(theirs)) => ours == theirs,
                (Err(_), None) => true,
                _ => false,
            };
            let key = case.config.as_deref().unwrap_or(&case.expression);
            let listed = meant.iter().position(|expression| *expression == key);
            match (same, listed) {
                (false, None) => {
                    let theirs = match (case.result, case.error) {
                        (Some(result), _) => result,
                        (None, error) => format!("error: {}", error.unwrap_or_default()),
                    };
                    let ours = ours.unwrap_or_else(|error| format!("error: {error}"));
                    let config = case.config.unwrap_or_default();
                    wrong.push_str(&format!(
                        "{config}{}\n  terraform: {theirs}\n  here:      {ours}\n",
                        case.expression
                    ));
                }
                (false, Some(at)) => drop(meant.remove(at)),
                (true, Some(_)) => wrong.push_str(&format!("listed as different, and it is not: {key}\n")),
                (true, None) => {}
            }
        }
    }
    assert!(meant.is_empty(), "differences that no table has: {meant:?}");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 600, "only {count} cases");
}

/// Functions that the console of Terraform 1.11 does not have; they have tests of their own.
const NOT_ASKED: [&str; 1] = ["plantimestamp"];

#[test]
fn terraform_was_asked_about_every_function() {
    let asked: String = tables().iter().map(|table| std::fs::read_to_string(table).unwrap()).collect();
    let without = |name: &&str| {
        let call = regex::Regex::new(&format!(r"(^|[^a-z0-9_.]){name}\(")).expect("a pattern");
        !call.is_match(&asked)
    };
    let missing: Vec<&str> = super::functions::names().filter(without).collect();
    assert_eq!(missing, NOT_ASKED, "functions that no recorded expression calls");
}
