//! Configurations by chance, as HCL text, and edits between them. Whatever is generated is valid.

mod calls;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use calls::{Call, CallSeed, call_seed};

use proptest::prelude::*;

/// The files of a configuration by name.
pub(super) type Texts = BTreeMap<String, String>;

/// A configuration.
#[derive(Clone)]
pub(super) struct Conf {
    flows: Vec<Flow>,
    calls: Vec<Call>,
    /// What the flows of modules have in their environment.
    constant: u8,
    /// Whether there is an agent, which then takes every flow.
    agent: bool,
    /// What the shared run config has in its environment.
    shared: u8,
    /// What a local value holds that half of the flows take in.
    local: u8,
    outputs: bool,
    moved: Vec<(String, String)>,
    fresh: usize,
}

/// Blocks that are the same in every configuration.
const PREAMBLE: [&str; 5] = ["flowform", "variable", "storage", "run_config \"local\"", "agent"];

/// Shows what one configuration has and another has not.
impl std::fmt::Debug for Conf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\n")?;
        self.blocks()
            .iter()
            .filter(|block| !PREAMBLE.iter().any(|word| block.starts_with(word)))
            .try_for_each(|block| f.write_str(block))
    }
}

#[derive(Clone, Debug)]
struct Flow {
    label: String,
    name: Option<String>,
    repeat: Repeat,
    run: Run,
    env: u8,
    parameter: u8,
    labels: u8,
    /// Labels of earlier flows whose versions it takes in.
    up: BTreeSet<String>,
    /// Labels of earlier flows that it waits for.
    after: BTreeSet<String>,
    keep: u8,
    ignore: bool,
    pin: Option<u32>,
    storage: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Repeat {
    Once,
    Keys(BTreeSet<char>),
    Count(u8),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Run {
    None,
    Universal,
    Shared,
    Nested,
    Extended,
}

/// A change of a configuration. Numbers name flows, modulo how many there are.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Env(u8, u8),
    Shared(u8),
    Local(u8),
    Parameter(u8, u8),
    Labels(u8, u8),
    Add(Box<Seed>),
    Remove(u8),
    Move(u8),
    Name(u8),
    Swap(u8, u8),
    Keys(u8, u8),
    Pin(u8),
    Unpin,
    Agent,
    Outputs,
    Call(CallSeed),
    Uncall(u8),
    Given(u8, u8),
    Instances(u8, u8),
    MoveCall(u8),
    Constant(u8),
    /// The configuration of that many edits ago.
    Back(u8),
}

/// What a flow is made from.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    named: bool,
    repeat: (u8, u8),
    run: u8,
    values: (u8, u8, u8),
    up: Vec<u8>,
    after: Vec<u8>,
    keep: u8,
    ignore: bool,
    storage: bool,
}

fn seed() -> impl Strategy<Value = Seed> {
    let shape = (any::<bool>(), (0..6_u8, 0..8_u8), 0..5_u8, (0..3_u8, 0..3_u8, 0..4_u8));
    let links = (prop::collection::vec(any::<u8>(), 0..3), prop::collection::vec(any::<u8>(), 0..2));
    (shape, links, 0..5_u8, prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |((named, repeat, run, values), (up, after), keep, ignore, storage)| Seed {
            named,
            repeat,
            run,
            values,
            up,
            after,
            keep,
            ignore,
            storage,
        },
    )
}

/// Configurations of up to `most` flow blocks.
pub(super) fn conf(most: usize) -> impl Strategy<Value = Conf> {
    let settings = (any::<bool>(), 0..3_u8, 0..3_u8, any::<bool>());
    let called = prop::collection::vec(call_seed(), 0..=(most / 3).min(2));
    (prop::collection::vec(seed(), 1..=most), called, settings).prop_map(
        |(seeds, called, (agent, shared, local, outputs))| {
            let (flows, calls, moved) = (Vec::new(), Vec::new(), Vec::new());
            let mut conf = Conf { flows, calls, constant: 0, agent, shared, local, outputs, moved, fresh: 0 };
            seeds.iter().for_each(|seed| conf.add(seed));
            called.iter().for_each(|seed| conf.call(seed));
            conf
        },
    )
}

/// A configuration and what becomes of it, edit by edit.
pub(super) fn history(flows: usize, edits: usize) -> impl Strategy<Value = Vec<Conf>> {
    (conf(flows), prop::collection::vec(edit(), 1..=edits)).prop_map(|(first, edits)| {
        let mut all = vec![first];
        for edit in edits {
            let next = match edit {
                Edit::Back(ago) => {
                    let mut back = all[all.len() - 1 - usize::from(ago) % all.len()].clone();
                    back.moved.clear();
                    back.unpin();
                    back.fresh = all.iter().map(|conf| conf.fresh).max().unwrap_or_default();
                    back
                }
                edit => all[all.len() - 1].edited(&edit),
            };
            if !next.names_differ() {
                continue;
            }
            all.push(next);
        }
        all
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let n = any::<u8>;
    prop_oneof![
        3 => (n(), 0..4_u8).prop_map(|(flow, to)| Edit::Env(flow, to)),
        1 => (0..4_u8).prop_map(Edit::Shared),
        1 => (0..4_u8).prop_map(Edit::Local),
        1 => (n(), 0..4_u8).prop_map(|(flow, to)| Edit::Parameter(flow, to)),
        2 => (n(), 0..4_u8).prop_map(|(flow, to)| Edit::Labels(flow, to)),
        2 => seed().prop_map(|seed| Edit::Add(Box::new(seed))),
        2 => n().prop_map(Edit::Remove),
        2 => n().prop_map(Edit::Move),
        1 => n().prop_map(Edit::Name),
        1 => (n(), n()).prop_map(|(a, b)| Edit::Swap(a, b)),
        2 => (n(), 0..8_u8).prop_map(|(flow, keys)| Edit::Keys(flow, keys)),
        2 => n().prop_map(Edit::Pin),
        1 => Just(Edit::Unpin),
        1 => Just(Edit::Agent),
        1 => Just(Edit::Outputs),
        1 => call_seed().prop_map(Edit::Call),
        1 => n().prop_map(Edit::Uncall),
        1 => (n(), 0..3_u8).prop_map(|(call, to)| Edit::Given(call, to)),
        1 => (n(), 0..8_u8).prop_map(|(call, keys)| Edit::Instances(call, keys)),
        1 => n().prop_map(Edit::MoveCall),
        1 => (0..3_u8).prop_map(Edit::Constant),
        4 => (1..4_u8).prop_map(Edit::Back),
    ]
}

impl Conf {
    /// The same without any flow held at a version.
    pub(super) fn unpinned(&self) -> Self {
        let mut conf = self.clone();
        conf.unpin();
        conf
    }

    fn unpin(&mut self) {
        self.flows.iter_mut().for_each(|flow| flow.pin = None);
    }

    fn names_differ(&self) -> bool {
        let mut names = BTreeSet::new();
        self.flows
            .iter()
            .filter(|flow| flow.repeat == Repeat::Once)
            .all(|flow| names.insert(flow.effective()))
    }

    fn at(&self, number: u8) -> usize {
        usize::from(number) % self.flows.len()
    }

    fn add(&mut self, seed: &Seed) {
        let label = format!("f{}", self.fresh);
        self.fresh += 1;
        let earlier = |numbers: &[u8]| -> BTreeSet<String> {
            let known = self.flows.len();
            let known = numbers
                .iter()
                .filter(|_| known > 0)
                .map(|n| self.flows[usize::from(*n) % known].label.clone());
            known.collect()
        };
        let repeat = match seed.repeat {
            (0, bits) => Repeat::Keys(keys(bits)),
            (1, count) => Repeat::Count(count % 4),
            _ => Repeat::Once,
        };
        let named = seed.named && repeat == Repeat::Once;
        self.flows.push(Flow {
            name: named.then(|| format!("N {label}")),
            repeat,
            run: [Run::None, Run::Universal, Run::Shared, Run::Nested, Run::Extended]
                [usize::from(seed.run) % 5],
            env: seed.values.0,
            parameter: seed.values.1,
            labels: seed.values.2,
            up: earlier(&seed.up),
            after: earlier(&seed.after),
            keep: seed.keep,
            ignore: seed.ignore,
            pin: None,
            storage: seed.storage,
            label,
        });
    }

    fn call(&mut self, seed: &CallSeed) {
        // Each makes up to twelve flows.
        if self.calls.len() < 2 {
            let label = format!("m{}", self.fresh);
            self.fresh += 1;
            let up = seed.up.map(|n| self.flows[self.at(n)].label.clone());
            self.calls.push(Call::new(label, seed, up));
        }
    }

    fn called(&mut self, number: u8) -> Option<&mut Call> {
        let count = self.calls.len().max(1);
        self.calls.get_mut(usize::from(number) % count)
    }

    fn edited(&self, edit: &Edit) -> Self {
        let mut conf = self.clone();
        conf.moved.clear();
        match edit {
            Edit::Env(n, to) => conf.flows[self.at(*n)].env = *to,
            Edit::Shared(to) => conf.shared = *to,
            Edit::Local(to) => conf.local = *to,
            Edit::Parameter(n, to) => conf.flows[self.at(*n)].parameter = *to,
            Edit::Labels(n, to) => conf.flows[self.at(*n)].labels = *to,
            Edit::Add(seed) => conf.add(seed),
            Edit::Remove(n) if conf.flows.len() > 1 => {
                let gone = conf.flows.remove(self.at(*n)).label;
                for flow in &mut conf.flows {
                    flow.up.remove(&gone);
                    flow.after.remove(&gone);
                }
                calls::without(&mut conf.calls, &gone);
            }
            Edit::Move(n) => conf.rename(self.at(*n)),
            Edit::Name(n) => {
                let flow = &mut conf.flows[self.at(*n)];
                if flow.repeat == Repeat::Once {
                    flow.name = match flow.name {
                        Some(_) => None,
                        None => Some(format!("N {}", flow.label)),
                    };
                }
            }
            Edit::Swap(a, b) => {
                let (a, b) = (self.at(*a), self.at(*b));
                if conf.flows[a].repeat == Repeat::Once && conf.flows[b].repeat == Repeat::Once {
                    let (first, second) = (conf.flows[a].effective(), conf.flows[b].effective());
                    conf.flows[a].name = Some(second);
                    conf.flows[b].name = Some(first);
                }
            }
            Edit::Keys(n, bits) => {
                let flow = &mut conf.flows[self.at(*n)];
                flow.pin = None;
                flow.repeat = match &flow.repeat {
                    Repeat::Once => {
                        flow.name = None;
                        let address = format!("flow.{}", flow.label);
                        conf.moved.push((address.clone(), format!("{address}[\"a\"]")));
                        Repeat::Keys(keys(*bits | 1))
                    }
                    Repeat::Keys(_) => Repeat::Keys(keys(*bits)),
                    Repeat::Count(_) => Repeat::Count(*bits % 4),
                };
            }
            Edit::Pin(n) => conf.flows[self.at(*n)].pin = Some(1),
            Edit::Unpin => conf.unpin(),
            Edit::Agent => conf.agent = !conf.agent,
            Edit::Outputs => conf.outputs = !conf.outputs,
            Edit::Call(seed) => conf.call(seed),
            Edit::Uncall(n) => {
                if !conf.calls.is_empty() {
                    let at = usize::from(*n) % conf.calls.len();
                    conf.calls.remove(at);
                }
            }
            Edit::Given(n, to) => conf.called(*n).into_iter().for_each(|call| call.value = *to),
            Edit::Instances(n, bits) => {
                let moved = conf.called(*n).and_then(|call| call.repeated(*bits));
                conf.moved.extend(moved);
            }
            Edit::MoveCall(n) => {
                let to = format!("m{}", conf.fresh);
                conf.fresh += 1;
                if let Some(call) = conf.called(*n) {
                    let from = std::mem::replace(&mut call.label, to.clone());
                    conf.moved.push((format!("module.{from}"), format!("module.{to}")));
                }
            }
            Edit::Constant(to) => conf.constant = *to,
            Edit::Remove(_) | Edit::Back(_) => {}
        }
        conf
    }

    /// Another address, with a `moved` block.
    fn rename(&mut self, index: usize) {
        let from = self.flows[index].label.clone();
        let to = format!("f{}", self.fresh);
        self.fresh += 1;
        self.flows[index].label.clone_from(&to);
        for flow in &mut self.flows {
            for labels in [&mut flow.up, &mut flow.after] {
                if labels.remove(&from) {
                    labels.insert(to.clone());
                }
            }
        }
        calls::follow(&mut self.calls, &from, &to);
        self.moved.push((format!("flow.{from}"), format!("flow.{to}")));
    }
}

impl Flow {
    fn effective(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.label.clone())
    }
}

fn keys(bits: u8) -> BTreeSet<char> {
    ['a', 'b', 'c']
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, key)| key)
        .collect()
}
