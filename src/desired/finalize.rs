//! Evaluates again, with final values, what could not be known at plan time: the third caller of the one
//! evaluator. Each block is evaluated at most once more.

use std::collections::{BTreeSet, HashMap};

use super::checks::{self, CheckResult};
use super::conditions::{Asked, Conditions, OpenCondition, When};
use super::data::data;
use super::evaluator::{Inputs, container, flow_value};
use super::expand::expand;
use super::flow::{FlowContext, flow};
use super::resource::{self, Body};
use super::scope::{Instance, NO_INSTANCE};
use super::{DesiredAgent, DesiredFlow, DesiredOutput, Evaluation, FlowAttributes, Outcomes};
use crate::address::{Address, InstanceKey};
use crate::config::model::{NodeId, NodeKind, Resource, ResourceKind};
use crate::diag::Diagnostics;
use crate::eval::evaluate;
use crate::value::{Type, Value};

/// The state of a second evaluation: what was known at plan time stays, what was not is filled in as flows are done.
pub struct Finalizer<'a> {
    inputs: Inputs<'a>,
    outcomes: &'a dyn Outcomes,
    values: Vec<Option<Value>>,
    is_final: Vec<bool>,
    agents: Vec<DesiredAgent>,
    flows: HashMap<NodeId, Vec<(DesiredFlow, Option<FlowAttributes>)>>,
    places: HashMap<String, (NodeId, usize)>,
    expansions: HashMap<NodeId, HashMap<InstanceKey, Instance>>,
}

impl<'a> Finalizer<'a> {
    /// Starts from the evaluation that the plan was made from. `outcomes` tells the attributes of flows that the
    /// plan does not change.
    pub fn new(inputs: Inputs<'a>, evaluation: &Evaluation, outcomes: &'a dyn Outcomes) -> Self {
        let values = evaluation.values.clone();
        let mut flows: HashMap<NodeId, Vec<_>> = HashMap::new();
        let mut places = HashMap::new();
        for flow in &evaluation.flows {
            let instances = flows.entry(flow.node).or_default();
            places.insert(flow.address.to_string(), (flow.node, instances.len()));
            instances.push((flow.clone(), None));
        }
        let is_final =
            values.iter().map(|value| value.as_ref().is_some_and(Value::is_wholly_known)).collect();
        let agents = evaluation.agents.clone();
        Self { inputs, outcomes, values, is_final, agents, flows, places, expansions: HashMap::new() }
    }

    /// Notes what a flow has become.
    pub fn done(&mut self, address: &str, attributes: FlowAttributes) {
        if let Some((_, known)) = self.place(address) {
            *known = Some(attributes);
        }
    }

    /// The flow as it was planned, or as it was finally evaluated since.
    pub fn planned(&mut self, address: &str) -> Option<DesiredFlow> {
        self.place(address).map(|(flow, _)| flow.clone())
    }

    fn place(&mut self, address: &str) -> Option<&mut (DesiredFlow, Option<FlowAttributes>)> {
        let (node, index) = self.places.get(address)?;
        self.flows.get_mut(node)?.get_mut(*index)
    }

    /// The flow with final values; every flow that it refers to is done.
    pub fn flow(&mut self, address: &str, diags: &mut Diagnostics) -> Option<DesiredFlow> {
        let planned = self.planned(address)?;
        let id = planned.node;
        self.settle(id, diags);
        let config = self.inputs.config;
        let node = config.node(id);
        let NodeKind::Resource(resource) = &node.kind else { return None };
        let instance = self.instance(id, resource, &planned.address.key, diags)?.clone();
        let scope = self.inputs.scope(&self.values, &instance);
        let context = FlowContext { inputs: self.inputs, id, node, resource, agents: &self.agents };
        let desired = flow(context, planned.address, &scope, diags);
        if let Some((kept, _)) = self.place(address) {
            *kept = desired.clone();
        }
        Some(desired)
    }

    /// The output with final values.
    pub fn output(&mut self, output: &DesiredOutput, diags: &mut Diagnostics) -> Value {
        self.settle(output.node, diags);
        match &self.inputs.config.node(output.node).kind {
            NodeKind::Output(declared) => {
                let scope = self.inputs.scope(&self.values, &NO_INSTANCE);
                evaluate(&declared.value, &scope, diags)
            }
            NodeKind::Variable(_)
            | NodeKind::Local(_)
            | NodeKind::Resource(_)
            | NodeKind::Check(_)
            | NodeKind::Import(_) => output.value.clone(),
        }
    }

    /// Judges conditions that were open, with final values; those that are still open are left so: a flow that they
    /// look at was left out.
    pub fn judge(&mut self, open: &OpenCondition) -> Diagnostics {
        let mut diags = Diagnostics::new();
        self.settle(open.node, &mut diags);
        let config = self.inputs.config;
        let node = config.node(open.node);
        let mut conditions = Conditions::default();
        let asked = Asked {
            node: open.node,
            key: &open.key,
            address: &open.address,
            header: node.header,
            when: open.when,
        };
        match &node.kind {
            NodeKind::Variable(_) | NodeKind::Local(_) | NodeKind::Check(_) | NodeKind::Import(_) => {}
            NodeKind::Output(output) => {
                let scope = self.inputs.scope(&self.values, &NO_INSTANCE);
                conditions.ask(&asked, &output.preconditions, &scope);
            }
            NodeKind::Resource(resource) => {
                let value = match open.when {
                    When::Before => None,
                    When::After => self.evaluate_again(open.node, &mut diags),
                };
                let Some(instance) = self.instance(open.node, resource, &open.key, &mut diags) else {
                    return diags;
                };
                let mut holder = instance.clone();
                holder.this = value.map(|value| member(&value, &open.key));
                let scope = self.inputs.scope(&self.values, &holder);
                conditions.ask(&asked, open.when.rules(resource), &scope);
            }
        }
        diags.extend(conditions.failed.into_iter().map(|(_, diagnostic)| diagnostic));
        diags
    }

    /// What a check comes to with final values.
    pub fn check(&mut self, planned: &CheckResult) -> CheckResult {
        let mut diags = Diagnostics::new();
        self.settle(planned.node, &mut diags);
        let node = self.inputs.config.node(planned.node);
        let NodeKind::Check(check) = &node.kind else { return planned.clone() };
        let mut result =
            checks::check(planned.node, node, check, &self.inputs.scope(&self.values, &NO_INSTANCE));
        result.could_not_read(checks::warnings(diags));
        result
    }

    /// Makes everything final that a block refers to, as far as what is read is had.
    pub fn prepare(&mut self, id: NodeId) {
        // What is wrong is told when the block itself is evaluated.
        self.settle(id, &mut Diagnostics::new());
    }

    /// What `each` and `count` stand for in one instance of a block.
    fn instance(
        &mut self,
        id: NodeId,
        resource: &Resource,
        key: &InstanceKey,
        diags: &mut Diagnostics,
    ) -> Option<&Instance> {
        if !self.expansions.contains_key(&id) {
            let scope = self.inputs.scope(&self.values, &NO_INSTANCE);
            let instances = expand(&resource.repetition, &scope, diags)?.into_iter().collect();
            self.expansions.insert(id, instances);
        }
        self.expansions.get(&id)?.get(key)
    }

    /// Makes everything that `id` refers to final, in order.
    fn settle(&mut self, id: NodeId, diags: &mut Diagnostics) {
        let mut open = BTreeSet::new();
        let mut queue: Vec<NodeId> = self.inputs.graph.dependencies(id).to_vec();
        while let Some(need) = queue.pop() {
            let known = self.is_final.get(need.0 as usize).copied().unwrap_or(true);
            if !known && open.insert(need) {
                // A flow's own references are settled when it is evaluated; its attributes come from outside.
                if !self.flows.contains_key(&need) {
                    queue.extend_from_slice(self.inputs.graph.dependencies(need));
                }
            }
        }
        if open.is_empty() {
            return;
        }
        let order: Vec<NodeId> =
            self.inputs.graph.order.iter().copied().filter(|id| open.contains(id)).collect();
        for id in order {
            let value = self.evaluate_again(id, diags);
            self.is_final[id.0 as usize] = value.as_ref().is_none_or(Value::is_wholly_known);
            self.values[id.0 as usize] = value;
        }
    }

    fn evaluate_again(&self, id: NodeId, diags: &mut Diagnostics) -> Option<Value> {
        let node = self.inputs.config.node(id);
        let scope = self.inputs.scope(&self.values, &NO_INSTANCE);
        let resource = match &node.kind {
            NodeKind::Variable(_) | NodeKind::Output(_) | NodeKind::Check(_) | NodeKind::Import(_) => {
                return self.values.get(id.0 as usize)?.clone();
            }
            NodeKind::Local(expr) => {
                return Some(evaluate(expr, &scope, diags));
            }
            NodeKind::Resource(resource) => resource,
        };
        let mut values = Vec::new();
        if resource.kind == ResourceKind::Flow {
            for (desired, attributes) in self.flows.get(&id)? {
                let attributes = attributes.clone().unwrap_or_else(|| self.outcomes.attributes(desired));
                values.push((desired.address.key.clone(), flow_value(desired, attributes)));
            }
            return Some(container(&resource.repetition, values));
        }
        let Some(instances) = expand(&resource.repetition, &scope, diags) else {
            return Some(Value::unknown(Type::Any));
        };
        for (key, instance) in instances {
            let scope = self.inputs.scope(&self.values, &instance);
            let address = Address::root(node.address.clone(), key.clone());
            let value = match resource.kind {
                ResourceKind::RunConfig(kind) => {
                    let body = Body { attributes: &resource.arguments };
                    resource::run_config(kind, &address, body, &scope, diags)
                }
                ResourceKind::Storage(kind) => resource::storage(kind, &address, resource, &scope, diags),
                ResourceKind::Agent(kind) => {
                    resource::agent(kind, &address, resource, node.header, &scope, diags).1
                }
                ResourceKind::Data(kind) => {
                    let mut found = Diagnostics::new();
                    let (text, source) = (address.to_string(), self.inputs.data);
                    let data = data(kind, &text, resource, node.header, &scope, source, &mut found);
                    diags.extend(found);
                    data.value
                }
                ResourceKind::Flow => Value::NULL,
            };
            values.push((key, value));
        }
        Some(container(&resource.repetition, values))
    }
}

/// The value of one instance in what a reference to the block evaluates to.
fn member(value: &Value, key: &InstanceKey) -> Value {
    let member = match key {
        InstanceKey::None => Some(value),
        InstanceKey::Index(index) => {
            usize::try_from(*index).ok().and_then(|index| value.as_slice()?.get(index))
        }
        InstanceKey::Key(key) => value.get(key),
    };
    member.cloned().unwrap_or_else(|| Value::unknown(Type::Any))
}
