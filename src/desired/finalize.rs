//! Evaluates again, with final values, what could not be known at plan time: the third caller of the one
//! evaluator. Each block is evaluated at most once more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::checks::{self, CheckResult};
use super::conditions::{Asked, Conditions, OpenCondition, When};
use super::data::data;
use super::evaluator::{Inputs, container, flow_value};
use super::expand::expand;
use super::flow::{FlowContext, flow};
use super::frames::{FrameId, Frames};
use super::outputs;
use super::resource::{self, Body};
use super::scope::{Instance, NO_INSTANCE};
use super::template_block::{TemplateContext, template};
use super::{DesiredAgent, DesiredFlow, DesiredOutput, Evaluation, FlowAttributes, Outcomes};
use crate::address::InstanceKey;
use crate::config::model::{NodeId, NodeKind, Resource, ResourceKind};
use crate::diag::Diagnostics;
use crate::eval::evaluate;
use crate::value::{Type, Value};

/// The state of a second evaluation: what was known at plan time stays, what was not is filled in as flows are done.
pub struct Finalizer<'a> {
    inputs: Inputs<'a>,
    outcomes: &'a dyn Outcomes,
    frames: Frames,
    /// Whether a value is final, as far as it was asked.
    is_final: HashMap<Place, bool>,
    flows: HashMap<Place, Vec<(DesiredFlow, Option<FlowAttributes>)>>,
    places: HashMap<String, (Place, usize)>,
    expansions: HashMap<Place, HashMap<InstanceKey, Instance>>,
    agents: Vec<DesiredAgent>,
}

/// A block in one instance of its module.
type Place = (FrameId, NodeId);

impl<'a> Finalizer<'a> {
    /// Starts from the evaluation that the plan was made from. `outcomes` tells the attributes of flows that the
    /// plan does not change.
    pub fn new(inputs: Inputs<'a>, evaluation: &Evaluation, outcomes: &'a dyn Outcomes) -> Self {
        let mut flows: HashMap<Place, Vec<_>> = HashMap::new();
        let mut places = HashMap::new();
        for flow in &evaluation.flows {
            let place = (flow.frame, flow.node);
            let instances = flows.entry(place).or_default();
            places.insert(flow.address.to_string(), (place, instances.len()));
            instances.push((flow.clone(), None));
        }
        let (is_final, expansions, agents) = (HashMap::new(), HashMap::new(), evaluation.agents.clone());
        let frames = evaluation.frames.clone();
        Self { inputs, outcomes, frames, is_final, flows, places, expansions, agents }
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
        let (place, index) = self.places.get(address)?;
        self.flows.get_mut(place)?.get_mut(*index)
    }

    /// The flow with final values; every flow that it refers to is done.
    pub fn flow(&mut self, address: &str, diags: &mut Diagnostics) -> Option<DesiredFlow> {
        let planned = self.planned(address)?;
        let (frame, id) = (planned.frame, planned.node);
        self.settle((frame, id), diags);
        let config = self.inputs.config;
        let node = config.node(id);
        let NodeKind::Resource(resource) = &node.kind else { return None };
        let instance = self.instance((frame, id), resource, &planned.address.key, diags)?.clone();
        let scope = self.inputs.scope(&self.frames, frame, &instance);
        let context = FlowContext { inputs: self.inputs, id, frame, node, resource, agents: &self.agents };
        let desired = flow(context, planned.address, &scope, diags);
        if let Some((kept, _)) = self.place(address) {
            *kept = desired.clone();
        }
        Some(desired)
    }

    /// The output with final values.
    pub fn output(&mut self, output: &DesiredOutput, diags: &mut Diagnostics) -> Value {
        // The outputs of the root configuration are the only ones that are recorded.
        let frame = FrameId::default();
        self.settle((frame, output.node), diags);
        match &self.inputs.config.node(output.node).kind {
            NodeKind::Output(declared) => {
                let scope = self.inputs.scope(&self.frames, frame, &NO_INSTANCE);
                evaluate(&declared.value, &scope, diags)
            }
            NodeKind::Variable(_)
            | NodeKind::Local(_)
            | NodeKind::Resource(_)
            | NodeKind::Module(_)
            | NodeKind::Check(_)
            | NodeKind::Import(_) => output.value.clone(),
        }
    }

    /// Judges conditions that were open, with final values; those that are still open are left so: a flow that they
    /// look at was left out.
    pub fn judge(&mut self, open: &OpenCondition) -> Diagnostics {
        let mut diags = Diagnostics::new();
        let place = (open.frame, open.node);
        self.settle(place, &mut diags);
        let config = self.inputs.config;
        let node = config.node(open.node);
        let mut conditions = Conditions::default();
        let asked = Asked {
            node: open.node,
            frame: open.frame,
            key: &open.key,
            address: &open.address,
            header: node.header,
            when: open.when,
        };
        match &node.kind {
            NodeKind::Variable(_)
            | NodeKind::Local(_)
            | NodeKind::Module(_)
            | NodeKind::Check(_)
            | NodeKind::Import(_) => {}
            NodeKind::Output(output) => {
                let scope = self.inputs.scope(&self.frames, open.frame, &NO_INSTANCE);
                conditions.ask(&asked, &output.preconditions, &scope);
            }
            NodeKind::Resource(resource) => {
                let value = match open.when {
                    When::Before => None,
                    When::After => self.evaluate_again(place, &mut diags),
                };
                let Some(instance) = self.instance(place, resource, &open.key, &mut diags) else {
                    return diags;
                };
                let mut holder = instance.clone();
                holder.this = value.map(|value| member(&value, &open.key));
                let scope = self.inputs.scope(&self.frames, open.frame, &holder);
                conditions.ask(&asked, open.when.rules(resource), &scope);
            }
        }
        diags.extend(conditions.failed.into_iter().map(|(_, diagnostic)| diagnostic));
        diags
    }

    /// What a check comes to with final values.
    pub fn check(&mut self, planned: &CheckResult) -> CheckResult {
        let mut diags = Diagnostics::new();
        let place = (planned.frame, planned.node);
        self.settle(place, &mut diags);
        let node = self.inputs.config.node(planned.node);
        let NodeKind::Check(check) = &node.kind else { return planned.clone() };
        let scope = self.inputs.scope(&self.frames, planned.frame, &NO_INSTANCE);
        let place = (planned.node, planned.frame);
        let mut result = checks::check(place, planned.address.clone(), node.header, check, &scope);
        result.could_not_read(checks::warnings(diags));
        result
    }

    /// Makes everything final that a block refers to, as far as what is read is had.
    pub fn prepare(&mut self, frame: FrameId, id: NodeId) {
        // What is wrong is told when the block itself is evaluated.
        self.settle((frame, id), &mut Diagnostics::new());
    }

    /// The addresses of the outputs of modules that a flow refers to, by way of anything but other flows.
    pub fn outputs_before(&mut self, address: &str) -> BTreeSet<String> {
        let Some(flow) = self.planned(address) else { return BTreeSet::new() };
        let (mut seen, mut outputs) = (BTreeSet::new(), BTreeSet::new());
        let mut queue = self.needs((flow.frame, flow.node));
        while let Some(need) = queue.pop() {
            if self.flows.contains_key(&need) || !seen.insert(need) {
                continue;
            }
            if matches!(self.inputs.config.node(need.1).kind, NodeKind::Output(_)) {
                let address = self.frames.address(self.inputs.config, need.0, need.1, InstanceKey::None);
                outputs.insert(address.to_string());
            }
            queue.extend(self.needs(need));
        }
        outputs
    }

    /// What `each` and `count` stand for in one instance of a block.
    fn instance(
        &mut self,
        place: Place,
        resource: &Resource,
        key: &InstanceKey,
        diags: &mut Diagnostics,
    ) -> Option<&Instance> {
        if !self.expansions.contains_key(&place) {
            let scope = self.inputs.scope(&self.frames, place.0, &NO_INSTANCE);
            let instances = expand(&resource.repetition, &scope, diags)?.into_iter().collect();
            self.expansions.insert(place, instances);
        }
        self.expansions.get(&place)?.get(key)
    }

    /// What a place refers to directly.
    fn needs(&self, (frame, id): Place) -> Vec<Place> {
        let config = self.inputs.config;
        let own = config.node(id);
        // The value of a variable is written by the caller.
        let outside = match own.kind {
            NodeKind::Variable(_) => self.frames.get(frame).caller,
            _ => frame,
        };
        let needs = self.inputs.graph.dependencies(id).iter();
        let places = needs.flat_map(|need| {
            let module = config.node(*need).module;
            let from = if module == own.module { frame } else { outside };
            self.frames.seen_from(from, module).into_iter().map(|frame| (frame, *need))
        });
        places.collect()
    }

    fn is_final(&mut self, place: Place) -> bool {
        let (config, frames) = (self.inputs.config, &self.frames);
        *self
            .is_final
            .entry(place)
            .or_insert_with(|| frames.value(config, place.0, place.1).is_some_and(Value::is_wholly_known))
    }

    /// Makes everything that `place` refers to final, in order.
    fn settle(&mut self, place: Place, diags: &mut Diagnostics) {
        let mut open: BTreeMap<NodeId, BTreeSet<FrameId>> = BTreeMap::new();
        let mut queue = self.needs(place);
        while let Some(need) = queue.pop() {
            if !self.is_final(need) && open.entry(need.1).or_default().insert(need.0) {
                // A flow's own references are settled when it is evaluated; its attributes come from outside.
                if !self.flows.contains_key(&need) {
                    queue.extend(self.needs(need));
                }
            }
        }
        if open.is_empty() {
            return;
        }
        for id in &self.inputs.graph.order {
            for frame in open.get(id).into_iter().flatten() {
                let place = (*frame, *id);
                if let NodeKind::Module(call) = &self.inputs.config.node(*id).kind {
                    let scope = self.inputs.scope(&self.frames, *frame, &NO_INSTANCE);
                    let instances = expand(&call.repetition, &scope, diags).unwrap_or_default();
                    self.frames.settle(*frame, call.child, instances);
                }
                let value = self.evaluate_again(place, diags);
                self.is_final.insert(place, value.as_ref().is_none_or(Value::is_wholly_known));
                self.frames.set(self.inputs.config, *frame, *id, value);
            }
        }
    }

    fn evaluate_again(&self, (frame, id): Place, diags: &mut Diagnostics) -> Option<Value> {
        let (config, frames) = (self.inputs.config, &self.frames);
        let node = config.node(id);
        let scope = self.inputs.scope(frames, frame, &NO_INSTANCE);
        let resource = match &node.kind {
            NodeKind::Variable(variable) => {
                return self.inputs.variable(frames, frame, node, variable, diags);
            }
            NodeKind::Check(_) | NodeKind::Module(_) | NodeKind::Import(_) => {
                return frames.value(config, frame, id).cloned();
            }
            NodeKind::Output(output) => return Some(outputs::of_child(output, &scope, diags)),
            NodeKind::Local(expr) => {
                return Some(evaluate(expr, &scope, diags));
            }
            NodeKind::Resource(resource) => resource,
        };
        let mut values = Vec::new();
        if resource.kind == ResourceKind::Flow {
            for (desired, attributes) in self.flows.get(&(frame, id))? {
                let attributes = attributes.clone().unwrap_or_else(|| self.outcomes.attributes(desired));
                values.push((desired.address.key.clone(), flow_value(desired, attributes)));
            }
            return Some(container(&resource.repetition, values));
        }
        let Some(instances) = expand(&resource.repetition, &scope, diags) else {
            return Some(Value::unknown(Type::Any));
        };
        for (key, instance) in instances {
            let scope = self.inputs.scope(frames, frame, &instance);
            let address = frames.address(config, frame, id, key.clone());
            let value = match resource.kind {
                ResourceKind::RunConfig(kind) => {
                    let body = Body { attributes: &resource.arguments };
                    resource::run_config(kind, &address, body, &scope, diags)
                }
                ResourceKind::Template(kind) => {
                    let context = TemplateContext { id, node, resource };
                    template(kind, context, address, &scope, diags).1
                }
                ResourceKind::Storage(kind) => resource::storage(kind, &address, resource, &scope, diags),
                ResourceKind::Agent(kind) => {
                    let settings = self.inputs.settings;
                    resource::agent(kind, &address, (resource, node.header), settings, &scope, diags).1
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
