//! The values of variables: where each comes from, its type, its rules. It reads neither files nor environment;
//! both are handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::json::parse_values;
use super::model::{Config, NodeKind, Variable};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::Scope;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{Body, ExprKind, Step};
use crate::syntax::parse_expression;
use crate::value::{Kind, Marks, Type, Value, convert};

/// A value as it was given, before its variable's type is known.
#[derive(Clone, Debug)]
pub struct Given {
    /// The text or value.
    pub value: GivenValue,
    /// Where it came from, in words: `the option --var`, `FLOWFORM_VAR_region`, a file's name.
    pub origin: String,
    /// The place in a variable file.
    pub span: Option<Span>,
}

/// The form in which a value was given.
#[derive(Clone, Debug)]
pub enum GivenValue {
    /// Text from the command line or the environment: an expression unless the variable wants a text.
    Text(String),
    /// A value from a file.
    Value(Value),
}

/// Given values by name; a later source has replaced an earlier one.
pub type GivenValues = BTreeMap<Arc<str>, Given>;

/// Reads a variable file: attributes with literal values.
pub fn read_file(file: FileId, sources: &SourceMap, given: &mut GivenValues, diags: &mut Diagnostics) {
    let Some(source) = sources.file(file) else { return };
    let body: Body = parse_values(file, &source.name, &source.text, diags);
    for block in &body.blocks {
        diags.push(
            Diagnostic::error("Block in a variable file", "A variable file holds `name = value` lines only.")
                .at(block.header)
                .help("move the block into a file that ends in .hcl"),
        );
    }
    for attribute in body.attributes {
        let value = crate::eval::evaluate(&attribute.expr, &NoReferences, diags);
        given.insert(
            attribute.name.text,
            Given {
                value: GivenValue::Value(value),
                origin: source.name.clone(),
                span: Some(attribute.name.span.to(attribute.expr.span)),
            },
        );
    }
}

/// The values of all declared variables, converted and marked; rules (`validation`) are checked by the caller's
/// evaluation, where other variables can be seen.
pub fn assign(
    config: &Config,
    given: &GivenValues,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> BTreeMap<Arc<str>, Value> {
    let mut values = BTreeMap::new();
    for (_, node) in config.iter() {
        let NodeKind::Variable(variable) = &node.kind else { continue };
        let name = &node.address.name;
        let value = match given.get(name) {
            Some(given) => from_given(name, variable, given, node.header, sources, diags),
            None => from_default(name, variable, node.header, diags),
        };
        let marks = if variable.sensitive { Marks::SENSITIVE } else { Marks::NONE };
        values.insert(name.clone(), value.marked(marks));
    }
    for (name, given) in given {
        let declared = config.names.plain("var", name).is_some();
        // The environment may hold values for other configurations, so those are not checked.
        if !declared && !given.origin.starts_with("FLOWFORM_VAR_") {
            let known = config.names.plain.get("var").into_iter().flat_map(|names| names.keys());
            let mut diagnostic = Diagnostic::error(
                "Unknown variable",
                format!("No variable `{name}` is declared, and {} gives it a value.", given.origin),
            )
            .suggest(name, known.map(|name| &**name));
            diagnostic.help.get_or_insert_with(|| format!("declare it with `variable \"{name}\" {{}}`"));
            diagnostic.span = given.span;
            diags.push(diagnostic);
        }
    }
    values
}

fn from_default(name: &str, variable: &Variable, header: Span, diags: &mut Diagnostics) -> Value {
    let Some(default) = &variable.default else {
        diags.push(
            Diagnostic::error(
                "Missing variable",
                format!("The variable `{name}` has no default and was not given."),
            )
            .at(header)
            .help(format!(
                "give it with `--var {name}=...`, in a `*.auto.hclvars` file, or as FLOWFORM_VAR_{name}"
            )),
        );
        return Value::unknown(variable.ty.clone());
    };
    let mut refers = false;
    crate::syntax::references(default, &mut |_| refers = true);
    if refers {
        // It was refused when the block was decoded.
        return Value::unknown(variable.ty.clone());
    }
    let value = crate::eval::evaluate(default, &NoReferences, diags);
    fit(name, variable, &value, Some(default.span), "the default", diags)
}

fn from_given(
    name: &str,
    variable: &Variable,
    given: &Given,
    header: Span,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Value {
    let value = match &given.value {
        GivenValue::Value(value) => value.clone(),
        GivenValue::Text(text) if wants_text(&variable.ty) => Value::string(text.as_str()),
        GivenValue::Text(text) => {
            let shown = if variable.sensitive { "" } else { text };
            let file = sources.add(format!("({})", given.origin), text.as_str());
            let mut own = Diagnostics::new();
            let expr = parse_expression(file, text, &mut own);
            let value = expr.map(|expr| match &expr.kind {
                // A bare word for `any` is more likely a text whose quotes the shell took.
                ExprKind::Variable(word) if variable.ty == Type::Any => Value::string(word.clone()),
                _ => crate::eval::evaluate(&expr, &NoReferences, &mut own),
            });
            match value {
                Some(value) if !own.has_errors() => value,
                _ if variable.ty == Type::Any => Value::string(text.as_str()),
                _ => {
                    diags.push(
                        Diagnostic::error(
                            "Unreadable variable",
                            format!(
                                "The variable `{name}` is of the type {}, and {} gives it the text `{shown}`, which is no such value.",
                                variable.ty, given.origin
                            ),
                        )
                        .at(header)
                        .help("write the value as in a configuration: `[\"a\"]`, `{ a = 1 }`; mind the shell's quotes"),
                    );
                    return Value::unknown(variable.ty.clone());
                }
            }
        }
    };
    fit(name, variable, &value, given.span.or(Some(header)), &given.origin, diags)
}

fn wants_text(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Number | Type::Bool)
}

fn fit(
    name: &str,
    variable: &Variable,
    value: &Value,
    span: Option<Span>,
    origin: &str,
    diags: &mut Diagnostics,
) -> Value {
    if value.is_null() && !variable.nullable {
        if let Some(default) = variable.default.as_ref().filter(|_| origin != "the default") {
            return from_default_expr(name, variable, default, diags);
        }
        let mut diagnostic = Diagnostic::error(
            "Null variable",
            format!("The variable `{name}` is declared with `nullable = false` and {origin} makes it null."),
        )
        .help("give a value, or allow null by removing `nullable = false`");
        diagnostic.span = span;
        diags.push(diagnostic);
        return Value::unknown(variable.ty.clone());
    }
    match convert(value, &variable.ty) {
        Ok(value) => value,
        Err(error) => {
            let at = crate::address::path_text(&error.path);
            let place = if at.is_empty() { String::new() } else { format!(" at `{at}`") };
            let mut diagnostic = Diagnostic::error(
                "Wrong type of variable",
                format!(
                    "The variable `{name}` is of the type {}, and what {origin} gives does not fit{place}: {}.",
                    variable.ty, error.message
                ),
            )
            .help("change the value, or the `type` of the variable");
            diagnostic.span = span;
            diags.push(diagnostic);
            Value::unknown(variable.ty.clone())
        }
    }
}

fn from_default_expr(
    name: &str,
    variable: &Variable,
    default: &crate::syntax::ast::Expr,
    diags: &mut Diagnostics,
) -> Value {
    let mut refers = false;
    crate::syntax::references(default, &mut |_| refers = true);
    if refers {
        // It was refused when the block was decoded.
        return Value::unknown(variable.ty.clone());
    }
    let value = crate::eval::evaluate(default, &NoReferences, diags);
    fit(name, variable, &value, Some(default.span), "the default", diags)
}

/// A scope in which nothing can be referred to.
pub struct NoReferences;

impl Scope for NoReferences {
    fn resolve(&self, root: &str, steps: &[Step], span: Span, diags: &mut Diagnostics) -> (Value, usize) {
        diags.push(
            Diagnostic::error(
                "Reference not allowed",
                format!("`{root}` refers to something, and only plain values can stand here."),
            )
            .at(span)
            .help(format!("write a text in quotes: \"{root}\"")),
        );
        (Value::from(Kind::Unknown(Type::Any)), steps.len())
    }

    fn environment(&self) -> &dyn crate::eval::functions::Environment {
        &NoFiles
    }
}

/// No file can be read.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl crate::eval::functions::Environment for NoFiles {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("files cannot be read here".to_owned())
    }

    fn file_exists(&self, _: &str) -> Result<bool, String> {
        Err("files cannot be looked for here".to_owned())
    }
}
