//! The walk over the graph: every block is evaluated once, after everything it refers to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::checks::{self, CheckResult};
use super::conditions::{Asked, Conditions, Verdict, When, judge, with_self};
use super::data::{DataSource, data};
use super::expand::expand;
use super::flow::{self, FlowContext};
use super::frames::{FrameId, Frames};
use super::imports::{self, DesiredImport};
use super::moves;
use super::outputs;
use super::resource;
use super::scope::{BlockScope, Instance, NO_INSTANCE};
use super::script;
use super::template_block::{self, TemplateContext, template};
use super::{DesiredAgent, DesiredFlow, DesiredOutput, DesiredTemplate, FlowAttributes, Outcomes, Settings};
use crate::address::{Address, BlockAddress, InstanceKey};
use crate::config::model::{Node, NodeId, NodeKind, ROOT, Repetition, Resource, ResourceKind, Variable};
use crate::config::{Config, variables};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate as evaluate_expr;
use crate::eval::functions::Environment;
use crate::graph::Graph;
use crate::value::measure::{TooLarge, measure};
use crate::value::{Type, Value};

/// What an evaluation works on.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The blocks.
    pub config: &'a Config,
    /// Their order.
    pub graph: &'a Graph,
    /// The values of all variables.
    pub variables: &'a BTreeMap<Arc<str>, Value>,
    /// What functions may read.
    pub environment: &'a dyn Environment,
    /// What `data` blocks read.
    pub data: &'a dyn DataSource,
    /// The `flowform` block.
    pub settings: &'a Settings,
    /// Whether what must be known at plan time may be unknown, as in `validate`.
    pub tolerant: bool,
}

/// The evaluated configuration.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// Every flow, in address order.
    pub flows: Vec<DesiredFlow>,
    /// Every agent, in address order.
    pub agents: Vec<DesiredAgent>,
    /// Every template, in address order.
    pub templates: Vec<DesiredTemplate>,
    /// Every output, in name order.
    pub outputs: Vec<DesiredOutput>,
    /// What the configuration demands of itself.
    pub conditions: Conditions,
    /// The instances of modules with the values of their nodes; of resources only when something refers to them.
    pub(super) frames: Frames,
    /// What its checks came to, in name order.
    pub checks: Vec<CheckResult>,
    /// What its `import` blocks ask for.
    pub imports: Vec<DesiredImport>,
    /// The `data` block instances that are read during apply.
    pub deferred: Vec<String>,
    /// What is wrong with the data of checks, by the checks' addresses.
    unread: BTreeMap<String, Vec<Diagnostic>>,
    /// What is wrong with run configs by themselves: what no flow that uses them told.
    unused: Diagnostics,
}

/// Evaluates the whole configuration. Mistakes are pushed to `diags`; what stands in error is left out or unknown.
pub fn evaluate(inputs: Inputs<'_>, outcomes: &dyn Outcomes, diags: &mut Diagnostics) -> Evaluation {
    let mut result = Evaluation { frames: Frames::new(inputs.config), ..Evaluation::default() };
    for id in &shared_first(inputs) {
        let module = inputs.config.node(*id).module;
        // The instances of a module are known before the first of its nodes: each node needs the call.
        for at in 0..result.frames.of(module).len() {
            let Some(frame) = result.frames.of(module).get(at).copied() else { break };
            let value = node(inputs, *id, frame, outcomes, &mut result, diags);
            result.frames.set(inputs.config, frame, *id, value);
            let node = inputs.config.node(*id);
            if let NodeKind::Variable(variable) = &node.kind {
                let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
                validate(node, variable, &scope, diags);
            }
        }
    }
    diags.extend(std::mem::take(&mut result.unused));
    result.flows.sort_by(|a, b| a.address.cmp(&b.address));
    result.agents.sort_by(|a, b| a.address.cmp(&b.address));
    result.templates.sort_by(|a, b| a.address.cmp(&b.address));
    for check in &mut result.checks {
        check.could_not_read(result.unread.remove(&check.address).unwrap_or_default());
    }
    result.checks.sort_by(|a, b| a.address.cmp(&b.address));
    result.outputs.sort_by(|a, b| a.name.cmp(&b.name));
    unique_names(&result.flows, diags);
    template_block::unique_paths(&result.templates, diags);
    script::unique_places(&result.flows, diags);
    imports::check(&result.imports, &result.flows, diags);
    moves::check(inputs.config, &result.flows, !inputs.tolerant && !diags.has_errors(), diags);
    result
}

/// The order of the graph with the templates and the agents at the front, and what they refer to before them: a template
/// may be named by the path where it is stored, and the defaults of agents are part of the definitions of flows, whether
/// these refer to them or not. What refers to a flow stays in its place.
fn shared_first(inputs: Inputs<'_>) -> Vec<NodeId> {
    let templates = with_needs(inputs, |kind| matches!(kind, ResourceKind::Template(_)));
    let agents = with_needs(inputs, |kind| matches!(kind, ResourceKind::Agent(_)));
    let (mut order, rest): (Vec<_>, Vec<_>) =
        inputs.graph.order.iter().copied().partition(|id| templates.contains(id));
    let (front, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|id| agents.contains(id));
    order.extend(front);
    order.extend(rest);
    order
}

/// The blocks of some kinds with all they refer to; without those that refer to a flow.
fn with_needs(inputs: Inputs<'_>, wanted: impl Fn(ResourceKind) -> bool) -> BTreeSet<NodeId> {
    let kind = |id: NodeId| match &inputs.config.node(id).kind {
        NodeKind::Resource(resource) => Some(resource.kind),
        NodeKind::Variable(_)
        | NodeKind::Local(_)
        | NodeKind::Output(_)
        | NodeKind::Check(_)
        | NodeKind::Module(_)
        | NodeKind::Import(_) => None,
    };
    let mut front: BTreeSet<NodeId> = BTreeSet::new();
    for id in &inputs.graph.order {
        if front.contains(id) || !kind(*id).is_some_and(&wanted) {
            continue;
        }
        let mut needed = BTreeSet::from([*id]);
        let mut queue = vec![*id];
        while let Some(id) = queue.pop() {
            queue.extend(inputs.graph.dependencies(id).iter().copied().filter(|need| needed.insert(*need)));
        }
        if !needed.iter().any(|id| kind(*id) == Some(ResourceKind::Flow)) {
            front.append(&mut needed);
        }
    }
    front
}

impl<'a> Inputs<'a> {
    pub(super) fn scope(self, frames: &'a Frames, frame: FrameId, instance: &'a Instance) -> BlockScope<'a> {
        let Self { config, environment, data, tolerant, .. } = self;
        BlockScope { config, frames, frame, environment, data, instance, tolerant }
    }

    /// The value of a variable in one instance of a module: what is given to the root, what the call gives to a child.
    pub(super) fn variable(
        self,
        frames: &Frames,
        frame: FrameId,
        node: &Node,
        variable: &Variable,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        let Some(call) = self.config.module(node.module).call else {
            return self.variables.get(&node.address.name).cloned();
        };
        let NodeKind::Module(call) = &self.config.node(call).kind else { return None };
        let frame = frames.get(frame);
        let scope = self.scope(frames, frame.caller, &frame.instance);
        let given = call.input(&node.address.name);
        let given = given.map(|input| (evaluate_expr(&input.expr, &scope, diags), input.expr.span));
        Some(variables::of_child(&node.address.name, variable, given, diags))
    }
}

/// Evaluates one node in one instance of its module.
fn node(
    inputs: Inputs<'_>,
    id: NodeId,
    frame: FrameId,
    outcomes: &dyn Outcomes,
    result: &mut Evaluation,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let node = inputs.config.node(id);
    match &node.kind {
        NodeKind::Variable(variable) => {
            let value = inputs.variable(&result.frames, frame, node, variable, diags)?;
            Some(bounded(value, node, diags))
        }
        NodeKind::Local(expr) => {
            let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
            Some(evaluate_expr(expr, &scope, diags))
        }
        NodeKind::Output(output) => {
            let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
            let address = result.frames.address(inputs.config, frame, id, InstanceKey::None).to_string();
            let key = &InstanceKey::None;
            let (header, when) = (node.header, When::Before);
            let asked = Asked { node: id, frame, key, address: &address, header, when };
            result.conditions.ask(&asked, &output.preconditions, &scope);
            if node.module == ROOT {
                result.outputs.push(outputs::output(id, node, output, &scope, diags));
                return None;
            }
            Some(outputs::of_child(output, &scope, diags))
        }
        NodeKind::Check(check) => {
            let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
            let address = result.frames.address(inputs.config, frame, id, InstanceKey::None).to_string();
            let asked = checks::check((id, frame), address, node.header, check, &scope);
            result.checks.push(asked);
            None
        }
        NodeKind::Import(import) => {
            let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
            let found = imports::imports(node, import, &scope, diags);
            result.imports.extend(found);
            None
        }
        NodeKind::Module(call) => {
            let scope = inputs.scope(&result.frames, frame, &NO_INSTANCE);
            if let Some(instances) = expand(&call.repetition, &scope, diags)
                && inputs.config.module(call.child).call == Some(id)
            {
                result.frames.expand(inputs.config, frame, call.child, instances);
            }
            None
        }
        NodeKind::Resource(resource) => resource_node(inputs, (id, frame), resource, outcomes, result, diags),
    }
}

fn resource_node(
    inputs: Inputs<'_>,
    (id, frame): (NodeId, FrameId),
    resource: &Resource,
    outcomes: &dyn Outcomes,
    result: &mut Evaluation,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let node = inputs.config.node(id);
    // A template may be named by the path where it is stored, too.
    let wanted = inputs.graph.referenced.get(id.0 as usize).copied().unwrap_or(true)
        || matches!(resource.kind, ResourceKind::Template(_));
    let instances = expand(&resource.repetition, &inputs.scope(&result.frames, frame, &NO_INSTANCE), diags);
    let Some(instances) = instances else { return wanted.then(|| Value::unknown(Type::Any)) };
    let mut values = Vec::new();
    for (key, instance) in instances {
        let scope = inputs.scope(&result.frames, frame, &instance);
        let address = result.frames.address(inputs.config, frame, id, key.clone());
        let text = address.to_string();
        let asked = |when| Asked { node: id, frame, key: &key, address: &text, header: node.header, when };
        let wanted = wanted || !resource.lifecycle.postconditions.is_empty();
        result.conditions.ask(&asked(When::Before), When::Before.rules(resource), &scope);
        let value = match resource.kind {
            ResourceKind::RunConfig(kind) => {
                let body = resource::Body { attributes: &resource.arguments };
                let object = resource::run_config(kind, &address, body, &scope, diags);
                resource::judge(kind, &address, &object, body, &mut result.unused);
                Some(object)
            }
            ResourceKind::Template(kind) => {
                let context = TemplateContext { id, node, resource };
                let (desired, value) = template(kind, context, address, &scope, diags);
                result.templates.push(desired);
                Some(value)
            }
            ResourceKind::Storage(kind) => Some(resource::storage(kind, &address, resource, &scope, diags)),
            ResourceKind::Agent(kind) => {
                let (agent, value) = {
                    let settings = inputs.settings;
                    resource::agent(kind, &address, (resource, node.header), settings, &scope, diags)
                };
                result.agents.push(agent);
                Some(value)
            }
            ResourceKind::Data(kind) => {
                let mut found = Diagnostics::new();
                let data = data(kind, &text, resource, node.header, &scope, inputs.data, &mut found);
                if data.is_deferred {
                    result.deferred.push(text.clone());
                }
                match &resource.check {
                    Some(check) => {
                        let block =
                            BlockAddress { kind: "check".into(), type_label: None, name: check.clone() };
                        let check = Address { block, key: InstanceKey::None, ..address }.to_string();
                        result.unread.entry(check).or_default().extend(checks::warnings(found));
                    }
                    None => diags.extend(found),
                }
                Some(data.value)
            }
            ResourceKind::Flow => {
                let context = FlowContext { inputs, id, frame, node, resource, agents: &result.agents };
                let desired = flow::flow(context, address, &scope, diags);
                let value = wanted.then(|| {
                    let attributes = outcomes.attributes(&desired);
                    flow_value(&desired, attributes)
                });
                result.flows.push(desired);
                value
            }
        };
        if wanted {
            let value = value.unwrap_or(Value::NULL);
            let mut holder = Instance::default();
            let scope = with_self(&scope, &value, &mut holder);
            result.conditions.ask(&asked(When::After), When::After.rules(resource), &scope);
            values.push((key, value));
        }
    }
    wanted.then(|| container(&resource.repetition, values))
}

/// What a reference to the block evaluates to: the instance, a tuple under `count`, an object under `for_each`.
pub(super) fn container(repetition: &Repetition, values: Vec<(InstanceKey, Value)>) -> Value {
    match repetition {
        Repetition::Once => {
            values.into_iter().next().map_or_else(|| Value::unknown(Type::Any), |(_, value)| value)
        }
        Repetition::Count(_) => Value::tuple(values.into_iter().map(|(_, value)| value)),
        Repetition::ForEach(_) => Value::object(values.into_iter().filter_map(|(key, value)| match key {
            InstanceKey::Key(key) => Some((key, value)),
            InstanceKey::None | InstanceKey::Index(_) => None,
        })),
    }
}

/// The attributes that other blocks see of a flow.
pub(super) fn flow_value(desired: &DesiredFlow, attributes: FlowAttributes) -> Value {
    let run_config = desired.definition.get("run_config").cloned().unwrap_or(Value::NULL);
    let run_config_json = match crate::value::to_json(&run_config) {
        Some(json) => Value::string(flowform_provider_api::canonical_json(&json)),
        None => Value::unknown(Type::String),
    };
    let labels = run_config.get("labels").cloned().unwrap_or_else(|| Value::unknown(Type::Any));
    Value::object([
        ("name", Value::string(desired.name.as_str())),
        ("address", Value::string(desired.address.to_string())),
        ("id", attributes.id),
        ("version", attributes.version),
        ("digest", attributes.digest),
        ("family", desired.definition.get("family").cloned().unwrap_or(Value::NULL)),
        ("task_definition_arn", attributes.task_definition_arn),
        ("run_config_json", run_config_json),
        ("labels", labels),
        ("start", attributes.start),
    ])
}

fn validate(node: &Node, variable: &Variable, scope: &BlockScope<'_>, diags: &mut Diagnostics) {
    for rule in &variable.validations {
        match judge(rule, scope, diags) {
            Verdict::Holds | Verdict::Open | Verdict::Unusable => {}
            Verdict::Fails(message) => diags.push(
                Diagnostic::error("Invalid value of variable", message)
                    .at(node.header)
                    .label(format!("the value of `{}` does not meet its rule", node.address))
                    .related(rule.condition.span, "this condition does not hold"),
            ),
        }
    }
}

/// The value of a variable, or an unknown in place of one that is too large to be worked with. Whatever is evaluated
/// is looked at where that happens.
fn bounded(value: Value, node: &Node, diags: &mut Diagnostics) -> Value {
    let Err(reason) = measure(&value) else { return value };
    let summary = match reason {
        TooLarge::Depth => "Value nested too deeply",
        TooLarge::Members | TooLarge::Text => "Value too large",
    };
    diags.push(
        Diagnostic::error(summary, format!("The value of `{}` {reason}.", node.address))
            .at(node.header)
            .help("keep large data in files of its own"),
    );
    Value::unknown(Type::Any)
}

/// A project knows its flows by name, so two of one name cannot be.
fn unique_names(flows: &[DesiredFlow], diags: &mut Diagnostics) {
    let mut first: HashMap<&str, &DesiredFlow> = HashMap::with_capacity(flows.len());
    for flow in flows {
        if let Some(other) = first.get(&*flow.name) {
            diags.push(
                Diagnostic::error(
                    "Duplicate flow name",
                    format!(
                        "`{}` and `{}` are both named `{}`, and the name of a flow is unique in its project.",
                        other.address, flow.address, flow.name
                    ),
                )
                .at(flow.span)
                .related(other.span, "the other one")
                .address(flow.address.to_string())
                .help("set `name`; under `for_each`, use `each.key` in it"),
            );
        } else {
            first.insert(&flow.name, flow);
        }
    }
}
