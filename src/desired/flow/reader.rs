//! The arguments of one `flow` block, evaluated and checked one by one. It makes no definition: that is `build`'s.

use std::collections::BTreeSet;

use super::FlowContext;
use crate::address::{Address, InstanceKey, PathStep};
use crate::config::decode::run_config_body;
use crate::config::model::{NodeId, NodeKind};
use crate::desired::locate::Places;
use crate::desired::nested::Nested;
use crate::desired::providers::ProviderChoice;
use crate::desired::resource::{self, Body, not_a_block, reference_kind, run_config_object};
use crate::desired::scope::BlockScope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::flow::check::{self, CheckName};
use crate::flow::definition::Problem;
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::syntax::ast::{Attribute, Expr};
use crate::value::{Kind, Marks, Type, Value, convert, described};

/// How many versions keep their artifacts unless `keep_versions` says otherwise, the current one included.
pub(super) const KEEP_VERSIONS: u32 = 5;
/// How long a superseded version's artifacts are kept unless `keep_for` says otherwise: 30 days in seconds.
pub(super) const KEEP_FOR: u64 = 30 * 24 * 60 * 60;

/// What is wrong has been said.
pub(super) struct Told;

/// One instance of the block with what its arguments are evaluated in.
pub(super) struct Reader<'a> {
    pub(super) context: FlowContext<'a>,
    pub(super) address: &'a Address,
    pub(super) scope: &'a BlockScope<'a>,
    pub(super) nested: &'a [Nested<'a>],
}

impl Reader<'_> {
    fn argument(&self, name: &str) -> Option<&Attribute> {
        self.context.resource.argument(name)
    }

    /// The argument's value; null when it is not given.
    pub(super) fn value(&self, name: &str, diags: &mut Diagnostics) -> Value {
        match self.argument(name) {
            Some(attribute) => evaluate(&attribute.expr, self.scope, diags),
            None => Value::NULL,
        }
    }

    pub(super) fn name(&self, diags: &mut Diagnostics) -> String {
        let label = &self.context.node.address.name;
        let default = match &self.address.key {
            InstanceKey::None => label.to_string(),
            InstanceKey::Index(index) => format!("{label}-{index}"),
            InstanceKey::Key(key) => format!("{label}-{key}"),
        };
        let Some(attribute) = self.argument("name") else { return default };
        let value = evaluate(&attribute.expr, self.scope, diags);
        let at = attribute.expr.span;
        if value.marks != Marks::NONE {
            diags.push(
                Diagnostic::error(
                    "Unusable name",
                    "The name of a flow is shown everywhere, so it can be neither sensitive nor change by itself.",
                )
                .at(at),
            );
            return default;
        }
        match convert(&value, &Type::String).map(|value| value.kind) {
            Ok(Kind::String(text)) if !text.trim().is_empty() && text.len() <= 255 => text.to_string(),
            Ok(Kind::Unknown(_)) => {
                if self.scope.must_be_known(diags) {
                    diags.push(
                        Diagnostic::error("Unknown name", "The name of a flow must be known at plan time.")
                            .at(at)
                            .help("derive it from the configuration itself"),
                    );
                }
                default
            }
            _ => {
                diags.push(
                    Diagnostic::error(
                        "Wrong type",
                        format!("`name` is a text of 1 to 255 bytes, and this is {}.", described(&value)),
                    )
                    .at(at),
                );
                default
            }
        }
    }

    pub(super) fn run_config(&self, diags: &mut Diagnostics) -> (RunConfigKind, Option<Value>) {
        let mut found = self.nested.iter().filter(|nested| nested.kind == "run_config");
        if let Some(nested) = found.next() {
            for again in found.filter(|again| again.is_dynamic || nested.is_dynamic) {
                diags.push(
                    Diagnostic::error(
                        "Several run configs",
                        "A flow has one run config, and its `dynamic` blocks make more.",
                    )
                    .at(again.header)
                    .address(self.address.to_string())
                    .help("let `for_each` have one element"),
                );
            }
            let before = diags.error_count();
            let kind = nested_kind(nested, diags);
            if diags.error_count() > before {
                return (kind, None);
            }
            let body = Body { attributes: &nested.body.attributes };
            let scope = nested.scope(self.scope);
            let value = run_config_object(kind, &self.address.to_string(), body, &scope, diags);
            return (kind, Some(value));
        }
        match self.reference("run_config", RunConfigKind::from_label, diags) {
            Ok(Some((kind, value))) => (kind, Some(value)),
            Ok(None) | Err(Told) => (RunConfigKind::Universal, None),
        }
    }

    /// The block that an argument names; `None` when it is not given or null.
    pub(super) fn reference<K>(
        &self,
        argument: &str,
        kind: impl Fn(&str) -> Option<K>,
        diags: &mut Diagnostics,
    ) -> Result<Option<(K, Value)>, Told> {
        let Some(attribute) = self.argument(argument) else { return Ok(None) };
        let value = evaluate(&attribute.expr, self.scope, diags);
        if value.is_null() {
            return Ok(None);
        }
        if value.is_unknown() {
            // What stems from a mistake has its own diagnostic.
            if self.scope.must_be_known(diags) {
                diags.push(
                    Diagnostic::error(
                        "Unknown reference",
                        format!("Which block `{argument}` names must be known at plan time, and here it depends on what is known only after apply."),
                    )
                    .at(attribute.expr.span)
                    .help("decide it by a variable or by the configuration itself"),
                );
            }
            return Err(Told);
        }
        match reference_kind(&value, argument).and_then(kind) {
            Some(kind) => Ok(Some((kind, value))),
            None => {
                let form = format!("{argument}.KIND.NAME");
                diags.push(not_a_block(attribute.expr.span, &value, argument, &form));
                Err(Told)
            }
        }
    }

    /// The provider configuration that the flow names, else the one of its run config; and what it is without.
    pub(super) fn providers(&self, run_config: Option<&Value>) -> ProviderChoice {
        let config = self.context.inputs.config;
        let named = |node: NodeId| match &config.node(node).kind {
            NodeKind::Resource(resource) => {
                let name = &*resource.provider.as_ref()?.text;
                let module = config.module(config.node(node).module);
                Some(module.providers.get(name).cloned().unwrap_or_else(|| name.to_owned()))
            }
            _ => None,
        };
        let of_run_config = || named(resource::node_of(config, run_config?)?);
        ProviderChoice {
            named: named(self.context.id).or_else(of_run_config),
            passed: config.module(self.context.node.module).providers.clone(),
            ..ProviderChoice::of(config)
        }
    }

    /// The agent that serves the flow: its labels must cover the flow's, its defaults enter the definition.
    pub(super) fn agent(&self, diags: &mut Diagnostics) -> Option<(AgentKind, Value)> {
        if let Some(environment) = self.argument("execution_environment") {
            diags.push(
                Diagnostic::error(
                    "Not supported by this version",
                    "Execution environments cannot be carried out by this version yet.",
                )
                .at(environment.name.span)
                .help("use a run config"),
            );
        }
        self.reference("agent", AgentKind::from_label, diags).ok().flatten()
    }

    pub(super) fn schedules(&self, diags: &mut Diagnostics) -> Vec<Value> {
        let mut schedules = Vec::new();
        for block in self.nested.iter().filter(|nested| nested.kind == "schedule") {
            let scope = block.scope(self.scope);
            let attributes = block.body.attributes.iter();
            schedules
                .push(Value::object(attributes.map(|attribute| {
                    (attribute.name.text.clone(), evaluate(&attribute.expr, &scope, diags))
                })));
        }
        schedules
    }

    fn setting(&self, name: &str, expr: &Expr, diags: &mut Diagnostics) -> Option<Value> {
        resource::setting(name, expr, &self.address.to_string(), self.scope, diags)
    }

    /// A whole number from 1.
    pub(super) fn whole(&self, name: &str, diags: &mut Diagnostics) -> Option<u32> {
        let attribute = self.argument(name)?;
        let value = self.setting(name, &attribute.expr, diags)?;
        if value.is_null() {
            return None;
        }
        let number = match convert(&value, &Type::Number).map(|value| value.kind) {
            Ok(Kind::Number(number)) => number.to_i64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        let number = number.filter(|number| *number >= 1);
        if number.is_none() && (!value.is_unknown() || self.scope.must_be_known(diags)) {
            diags.push(
                Diagnostic::error(
                    "Wrong type",
                    format!(
                        "`{name}` is a whole number from 1 that is known at plan time, and this is {}.",
                        described(&value)
                    ),
                )
                .at(attribute.expr.span),
            );
        }
        number
    }

    pub(super) fn keep_for(&self, diags: &mut Diagnostics) -> u64 {
        let Some(attribute) = self.argument("keep_for") else { return KEEP_FOR };
        let Some(value) = self.setting("keep_for", &attribute.expr, diags) else { return KEEP_FOR };
        if value.is_unknown() && !self.scope.must_be_known(diags) {
            return KEEP_FOR;
        }
        let seconds = match &value.kind {
            Kind::Null => Some(KEEP_FOR),
            Kind::Number(number) => number.to_i64().and_then(|seconds| u64::try_from(seconds).ok()),
            Kind::String(text) => seconds(text),
            _ => None,
        };
        seconds.unwrap_or_else(|| {
            diags.push(
                Diagnostic::error(
                    "Invalid duration",
                    "`keep_for` is a duration, as a text or a number of seconds.",
                )
                .at(attribute.expr.span)
                .help("write for example `\"30d\"`, `\"12h\"` or `\"0s\"`"),
            );
            KEEP_FOR
        })
    }

    /// The checks that the flow and the `flowform` block name.
    pub(super) fn ignored_checks(&self, diags: &mut Diagnostics) -> BTreeSet<CheckName> {
        let mut ignored = self.context.inputs.settings.ignored_checks.clone();
        if let Some(attribute) = self.argument("ignore_checks") {
            let value = evaluate(&attribute.expr, self.scope, diags);
            let mut problems = Vec::new();
            ignored.extend(check::ignored(&value, &[], &mut problems));
            diags.extend(problems.iter().map(|problem| problem.diagnostic().at(attribute.expr.span)));
        }
        ignored
    }

    pub(super) fn ignore_changes(&self, diags: &mut Diagnostics) -> Vec<Vec<PathStep>> {
        if self.context.resource.lifecycle.ignore_all {
            let all = DEFINITION_KEYS.iter().chain([&crate::flow::script::PART]);
            return all.map(|key| vec![PathStep::Key((*key).to_owned())]).collect();
        }
        let mut paths = Vec::new();
        for (path, span) in &self.context.resource.lifecycle.ignore_changes {
            let Some(PathStep::Key(first)) = path.first() else { continue };
            if DEFINITION_KEYS.contains(&first.as_str()) {
                paths.push(path.clone());
                if first == "storage" {
                    // What is uploaded is at the place that the storage names.
                    paths.push(vec![PathStep::Key(crate::flow::script::PART.to_owned())]);
                }
            } else if RunConfigKind::ALL
                .iter()
                .any(|kind| kind.fields().iter().any(|field| field.name == first))
            {
                let mut full = vec![PathStep::Key("run_config".to_owned())];
                full.extend(path.iter().cloned());
                paths.push(full);
            } else {
                diags.push(
                    Diagnostic::error(
                        "Unknown path",
                        format!("A flow's definition has no `{first}`, so there is nothing to ignore."),
                    )
                    .at(*span)
                    .suggest(first, DEFINITION_KEYS.iter().copied().chain(["env", "labels", "working_dir"])),
                );
            }
        }
        paths
    }

    pub(super) fn places<'b>(
        &'b self,
        run_config: Option<&'b Value>,
        storage: Option<&'b Value>,
    ) -> Places<'b> {
        let (node, resource) = (self.context.node, self.context.resource);
        let config = self.context.inputs.config;
        Places { config, node, resource, nested: self.nested, run_config, storage }
    }

    /// A problem of the definition, with the place that caused it underlined.
    pub(super) fn diagnostic(
        &self,
        problem: &Problem,
        run_config: Option<&Value>,
        storage: Option<&Value>,
    ) -> Diagnostic {
        let mut diagnostic = self.places(run_config, storage).locate(&problem.path).diagnostic(problem);
        diagnostic.address = Some(self.address.to_string());
        diagnostic
    }
}

/// The kind of a nested run config. Those that are written out were checked when the block was decoded.
fn nested_kind(nested: &Nested<'_>, diags: &mut Diagnostics) -> RunConfigKind {
    let label = nested.labels.first();
    let kind = match label {
        Some(label) if nested.is_dynamic => run_config_body(label, nested.body, nested.header, diags),
        _ => label.and_then(|label| RunConfigKind::from_label(&label.text)),
    };
    kind.unwrap_or(RunConfigKind::Universal)
}

/// The parts of a definition that `ignore_changes` may name.
const DEFINITION_KEYS: &[&str] = &[
    "run_config",
    "storage",
    "parameters",
    "schedules",
    "runtime",
    "command",
    "secret_env",
    "source_hash",
    "family",
    "agent_defaults",
];

/// The seconds of a text such as `30d` or `1h30m`; a day has 24 hours.
fn seconds(text: &str) -> Option<u64> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let seconds = span.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours())).ok()?;
    // `as` saturates, and the sign is checked.
    (seconds >= 0.0).then_some(seconds as u64)
}
