//! The instances of modules, and the values of their blocks. The root configuration has one instance; a call has one for
//! each of its own instances in each instance of its caller.

use std::collections::BTreeMap;

use super::scope::Instance;
use crate::address::{Address, InstanceKey, ModulePath};
use crate::config::Config;
use crate::config::model::{ModuleId, NodeId, ROOT};
use crate::value::Value;

/// One instance of a module: an index into `Frames`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(u32);

/// One instance of a module.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The module.
    pub(super) module: ModuleId,
    /// The calls that lead here, with their instances.
    pub(super) path: ModulePath,
    /// The instance of the caller; the root's is its own.
    pub(super) caller: FrameId,
    /// What `each` and `count` of the call stand for.
    pub(super) instance: Instance,
    /// The instances of the modules that it calls.
    children: BTreeMap<ModuleId, BTreeMap<InstanceKey, FrameId>>,
    /// The values of the module's nodes in their order; `None` while a node is not evaluated, or in error.
    values: Vec<Option<Value>>,
}

/// All instances of all modules.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    frames: Vec<Frame>,
    of_module: Vec<Vec<FrameId>>,
}

impl Frames {
    /// The root configuration, in which nothing is evaluated yet.
    pub(super) fn new(config: &Config) -> Self {
        let mut frames = Self { frames: Vec::new(), of_module: vec![Vec::new(); config.modules.len()] };
        frames.push(config, ROOT, ModulePath::new(), FrameId(0), Instance::default());
        frames
    }

    /// The instances of a module that are known by now.
    pub(super) fn of(&self, module: ModuleId) -> &[FrameId] {
        self.of_module.get(module.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// An instance that was given out.
    pub(super) fn get(&self, id: FrameId) -> &Frame {
        // Ids are indices of `frames`, which never shrinks.
        &self.frames[id.0 as usize]
    }

    /// The instances of a module that is called from `caller`; none while the call is not expanded.
    pub(super) fn children(
        &self,
        caller: FrameId,
        child: ModuleId,
    ) -> Option<&BTreeMap<InstanceKey, FrameId>> {
        self.get(caller).children.get(&child)
    }

    /// Adds the instances of a call.
    pub(super) fn expand(
        &mut self,
        config: &Config,
        caller: FrameId,
        child: ModuleId,
        instances: Vec<(InstanceKey, Instance)>,
    ) {
        let Some(name) = config.module(child).path.last().cloned() else { return };
        let mut children = BTreeMap::new();
        for (key, instance) in instances {
            let mut path = self.get(caller).path.clone();
            path.push((name.clone(), key.clone()));
            children.insert(key, self.push(config, child, path, caller, instance));
        }
        self.frames[caller.0 as usize].children.insert(child, children);
    }

    /// Sets what `each` and `count` stand for in the instances of a call, now that all of it is known. Which instances there
    /// are stays.
    pub(super) fn settle(
        &mut self,
        caller: FrameId,
        child: ModuleId,
        instances: impl IntoIterator<Item = (InstanceKey, Instance)>,
    ) {
        for (key, instance) in instances {
            let frame = self.children(caller, child).and_then(|children| children.get(&key)).copied();
            if let Some(frame) = frame {
                self.frames[frame.0 as usize].instance = instance;
            }
        }
    }

    fn push(
        &mut self,
        config: &Config,
        module: ModuleId,
        path: ModulePath,
        caller: FrameId,
        instance: Instance,
    ) -> FrameId {
        let id = FrameId(self.frames.len() as u32);
        let values = vec![None; config.module(module).count as usize];
        self.frames.push(Frame { module, path, caller, instance, children: BTreeMap::new(), values });
        if let Some(frames) = self.of_module.get_mut(module.0 as usize) {
            frames.push(id);
        }
        id
    }

    /// The value of a node of the frame's module.
    pub(super) fn value(&self, config: &Config, frame: FrameId, node: NodeId) -> Option<&Value> {
        let frame = self.get(frame);
        let index = node.0.checked_sub(config.module(frame.module).first)?;
        frame.values.get(index as usize)?.as_ref()
    }

    /// Keeps the value of a node of the frame's module.
    pub(super) fn set(&mut self, config: &Config, frame: FrameId, node: NodeId, value: Option<Value>) {
        let first = config.module(self.get(frame).module).first;
        let Some(index) = node.0.checked_sub(first) else { return };
        if let Some(place) = self.frames[frame.0 as usize].values.get_mut(index as usize) {
            *place = value;
        }
    }

    /// The instances of `module` that `frame` refers to: itself, the one that it is in, or those inside of it.
    pub(super) fn seen_from(&self, frame: FrameId, module: ModuleId) -> Vec<FrameId> {
        let mut outer = frame;
        loop {
            let at = self.get(outer);
            if at.module == module {
                return vec![outer];
            }
            if at.caller == outer {
                break;
            }
            outer = at.caller;
        }
        let own = &self.get(frame).path;
        self.of(module).iter().copied().filter(|inner| self.get(*inner).path.starts_with(own)).collect()
    }

    /// The address of a block's instance in a frame.
    pub(super) fn address(&self, config: &Config, frame: FrameId, node: NodeId, key: InstanceKey) -> Address {
        Address { module: self.get(frame).path.clone(), block: config.node(node).address.clone(), key }
    }
}
