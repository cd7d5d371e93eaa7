//! The `flowform` block: project, root and registry. Variables are allowed in it, nothing that is evaluated later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::providers::{self, ProviderSettings};
use super::registry::{RegistrySettings, registry};
use super::static_scope::StaticScope;
use crate::config::model::Config;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::eval::functions::Environment;
use crate::flow::check::{self, CheckName};
use crate::source::Span;
use crate::syntax::ast::Attribute;
use crate::value::{Kind, Marks, Type, Value, convert, described};

/// Which Prefect version run configs are written for unless the configuration says otherwise.
pub(super) const DEFAULT_PREFECT_VERSION: &str = "1.4.1";

/// What the `flowform` block says, with the defaults of what it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The project; `default` unless given.
    pub project: String,
    /// The root configuration's name inside the project; `main` unless given.
    pub root: String,
    /// Labels that every flow gets.
    pub default_labels: Value,
    /// The checks that every flow ignores.
    pub ignored_checks: BTreeSet<CheckName>,
    /// The Prefect version that serialized run configs carry.
    pub prefect_version: String,
    /// Where the registry is.
    pub registry: RegistrySettings,
    /// The arguments of `provider` blocks, by name: `ecs`, `ecs.alias`.
    pub providers: BTreeMap<String, ProviderSettings>,
}

/// Evaluates the `flowform` block.
pub fn settings(
    config: &Config,
    variables: &BTreeMap<Arc<str>, Value>,
    environment: &dyn Environment,
    diags: &mut Diagnostics,
) -> Settings {
    let mut result = Settings {
        project: "default".to_owned(),
        root: "main".to_owned(),
        default_labels: Value::set([]),
        ignored_checks: BTreeSet::new(),
        prefect_version: DEFAULT_PREFECT_VERSION.to_owned(),
        registry: RegistrySettings::default(),
        providers: providers::settings(config, variables, environment, diags),
    };
    let Some(block) = &config.settings else { return result };
    let scope = StaticScope::new(config, variables, environment);
    for attribute in &block.arguments {
        match &*attribute.name.text {
            "project" => result.project = name(attribute, &scope, diags).unwrap_or(result.project),
            "root" => result.root = name(attribute, &scope, diags).unwrap_or(result.root),
            "prefect_version" => {
                result.prefect_version = text(attribute, &scope, diags).unwrap_or(result.prefect_version);
            }
            "default_labels" => result.default_labels = evaluate(&attribute.expr, &scope, diags),
            "ignore_checks" => {
                let value = evaluate(&attribute.expr, &scope, diags);
                let mut problems = Vec::new();
                result.ignored_checks = check::ignored(&value, &[], &mut problems);
                diags.extend(problems.iter().map(|problem| problem.diagnostic().at(attribute.expr.span)));
            }
            "required_version" => {
                if let Some(wanted) = text(attribute, &scope, diags) {
                    check_version(&wanted, attribute.expr.span, diags);
                }
            }
            // Unknown arguments are refused when the block is decoded.
            _ => {}
        }
    }
    if let Some(block) = &block.registry {
        result.registry = registry(block, &scope, diags).unwrap_or_default();
    }
    result
}

pub(super) fn text(
    attribute: &Attribute,
    scope: &StaticScope<'_>,
    diags: &mut Diagnostics,
) -> Option<String> {
    let value = evaluate(&attribute.expr, scope, diags);
    let at = attribute.expr.span;
    let name = &attribute.name.text;
    if value.all_marks() != Marks::NONE {
        diags.push(
            Diagnostic::error(
                "Unusable setting",
                format!(
                    "`{name}` is shown in every output, so it can be neither sensitive nor change by itself."
                ),
            )
            .at(at),
        );
        return None;
    }
    // What is unknown stands in error already: nothing here can be known later.
    if value.is_unknown() {
        return None;
    }
    match convert(&value, &Type::String) {
        Ok(Value { kind: Kind::String(text), .. }) if !text.is_empty() => Some(text.to_string()),
        _ => {
            diags.push(
                Diagnostic::error(
                    "Wrong type",
                    format!("`{name}` must be a text that is not empty, and this is {}.", described(&value)),
                )
                .at(at),
            );
            None
        }
    }
}

/// A name that becomes part of keys and tags.
fn name(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<String> {
    let text = text(attribute, scope, diags)?;
    let valid = text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if valid {
        return Some(text);
    }
    diags.push(
        Diagnostic::error(
            "Invalid name",
            format!("`{}` is part of keys and tags, and `{text}` cannot be one.", attribute.name.text),
        )
        .at(attribute.expr.span)
        .help("use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit first"),
    );
    None
}

/// `required_version = ">= 0.1, < 2"`.
fn check_version(wanted: &str, span: Span, diags: &mut Diagnostics) {
    let own = env!("CARGO_PKG_VERSION");
    for constraint in wanted.split(',').map(str::trim) {
        let split = constraint.find(|c: char| c.is_ascii_digit()).unwrap_or(constraint.len());
        let (operator, version) = constraint.split_at(split);
        let compared = compare_versions(own, version);
        let holds = match (operator.trim(), compared) {
            ("" | "=", Some(order)) => order.is_eq(),
            ("!=", Some(order)) => order.is_ne(),
            (">", Some(order)) => order.is_gt(),
            (">=", Some(order)) => order.is_ge(),
            ("<", Some(order)) => order.is_lt(),
            ("<=", Some(order)) => order.is_le(),
            ("~>", Some(order)) => order.is_ge() && same_series(own, version),
            _ => {
                diags.push(
                    Diagnostic::error(
                        "Invalid version constraint",
                        format!("`{constraint}` is no condition on a version."),
                    )
                    .at(span)
                    .help("write for example `>= 0.1.0, < 2.0.0`"),
                );
                return;
            }
        };
        if !holds {
            diags.push(
                Diagnostic::error(
                    "Wrong version of flowform",
                    format!("This configuration asks for flowform {wanted}, and this is {own}."),
                )
                .at(span)
                .help("install a version that fits, or change `required_version`"),
            );
            return;
        }
    }
}

fn numbers(version: &str) -> Option<Vec<u64>> {
    let core = version.trim().split(['-', '+']).next()?;
    core.split('.').map(|part| part.parse().ok()).collect()
}

fn compare_versions(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    let (mut a, mut b) = (numbers(a)?, numbers(b)?);
    let length = a.len().max(b.len());
    a.resize(length, 0);
    b.resize(length, 0);
    Some(a.cmp(&b))
}

/// `~> 1.2` allows 1.x; `~> 1.2.3` allows 1.2.x.
fn same_series(own: &str, wanted: &str) -> bool {
    let (Some(own), Some(wanted)) = (numbers(own), numbers(wanted)) else { return false };
    let fixed = wanted.len().saturating_sub(1);
    own.iter().take(fixed).eq(wanted.iter().take(fixed))
}
