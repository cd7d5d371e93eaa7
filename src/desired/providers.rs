//! `provider` blocks: their arguments as values. It connects to nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::static_scope::StaticScope;
use crate::address::PathStep;
use crate::config::model::Config;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::eval::functions::Environment;
use crate::flow::definition::typed;
use crate::flow::kind::ProviderKind;
use crate::flow::render::versioned::ArtifactKind;
use crate::value::{Value, to_json};

/// What a `provider` block says.
#[derive(Clone, PartialEq)]
pub struct ProviderSettings {
    /// Its kind.
    pub kind: ProviderKind,
    /// Its arguments that are given; they may be sensitive, and are handed to the provider alone.
    pub arguments: Map<String, Json>,
    /// The same as values, with their marks.
    pub values: BTreeMap<String, Value>,
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.arguments.keys().collect();
        f.debug_struct("ProviderSettings").field("kind", &self.kind).field("arguments", &names).finish()
    }
}

/// Which provider configurations the artifacts of a flow go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderChoice {
    /// The one that the flow or its run config names.
    pub named: Option<String>,
    /// What the names of a module stand for in the root.
    pub passed: BTreeMap<String, String>,
    /// The configurations that are declared without an alias.
    pub declared: Arc<[ProviderKind]>,
}

/// The provider configuration of the registry.
pub const REGISTRY: &str = ProviderKind::Local.label();

impl ProviderChoice {
    /// What a flow of the root that names no provider has.
    pub fn of(config: &Config) -> Self {
        let plain = config.providers.iter().filter(|provider| !provider.name.contains('.'));
        Self { declared: plain.map(|provider| provider.kind).collect(), ..Self::default() }
    }

    /// The provider configuration that keeps artifacts of the kind: the one that is named, where it is of the kind's
    /// backend; else that of the backend, if it is declared; else the registry.
    pub fn keeper(&self, artifact: ArtifactKind) -> String {
        let backend = backend(artifact);
        let named = self.named.as_deref().and_then(|name| Some((ProviderKind::of_name(name)?, name)));
        match named {
            // The registry takes every kind, and says that it is wanted in place of the backend.
            Some((kind, name)) if kind == backend || kind == ProviderKind::Local => return name.to_owned(),
            _ => {}
        }
        if let Some(name) = self.passed.get(backend.label()) {
            return name.clone();
        }
        match self.declared.contains(&backend) {
            true => backend.label().to_owned(),
            false => REGISTRY.to_owned(),
        }
    }
}

/// The provider whose backend runs artifacts of the kind.
pub const fn backend(artifact: ArtifactKind) -> ProviderKind {
    match artifact {
        ArtifactKind::Process => ProviderKind::Local,
        ArtifactKind::Container => ProviderKind::Docker,
        ArtifactKind::JobTemplate => ProviderKind::Kubernetes,
        ArtifactKind::TaskDefinition => ProviderKind::Ecs,
        ArtifactKind::CustomJob => ProviderKind::Vertex,
    }
}

/// Evaluates all blocks.
pub(super) fn settings(
    config: &Config,
    variables: &BTreeMap<Arc<str>, Value>,
    environment: &dyn Environment,
    diags: &mut Diagnostics,
) -> BTreeMap<String, ProviderSettings> {
    let scope = StaticScope::new(config, variables, environment);
    let mut result = BTreeMap::new();
    for block in &config.providers {
        let (mut arguments, mut values) = (Map::new(), BTreeMap::new());
        for attribute in &block.arguments {
            let name = &*attribute.name.text;
            // Unknown arguments are refused when the block is decoded.
            let Some(field) = block.kind.fields().iter().find(|field| field.name == name) else { continue };
            let value = evaluate(&attribute.expr, &scope, diags);
            let mut problems = Vec::new();
            let typed = typed(field, &value, &[PathStep::Key(name.to_owned())], &mut problems);
            diags.extend(problems.iter().map(|problem| problem.diagnostic().at(attribute.expr.span)));
            let Some(typed) = typed.filter(|value| !value.is_null()) else { continue };
            match to_json(&typed) {
                Some(json) => {
                    arguments.insert(name.to_owned(), json);
                    values.insert(name.to_owned(), typed);
                }
                // What is unknown because it is wrong has been told.
                None if value.is_unknown() => {}
                None => diags.push(
                    Diagnostic::error(
                        "Unusable setting",
                        format!("`{name}` of the provider `{}` is not known before the plan.", block.name),
                    )
                    .at(attribute.expr.span)
                    .help("use a variable (`var.NAME`); its value can differ from stage to stage"),
                ),
            }
        }
        result.insert(block.name.clone(), ProviderSettings { kind: block.kind, arguments, values });
    }
    result
}
