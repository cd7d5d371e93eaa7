//! The decoded configuration: which blocks there are and what each refers to by name. Nothing is evaluated yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::{BlockAddress, PathStep, split_modules};
use crate::flow::kind::{AgentKind, DataKind, ProviderKind, RunConfigKind, StorageKind, TemplateKind};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Expr, ExprKind, Name};
use crate::value::{Type, Value};

/// A block that expressions can refer to, or that is evaluated like one: an index into [`Config::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A module: the root configuration, or one call of a child; an index into [`Config::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// The root configuration.
pub const ROOT: ModuleId = ModuleId(0);

/// The blocks of one directory, as called from one place. How many instances a call has is told by evaluation.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The names of the calls that lead to it, outermost first; empty for the root.
    pub path: Vec<Arc<str>>,
    /// The module that calls it; `None` for the root.
    pub parent: Option<ModuleId>,
    /// The `module` block that calls it, a node of the parent.
    pub call: Option<NodeId>,
    /// Its directory, relative to the root's; `.` for the root.
    pub directory: String,
    /// The root's provider configurations by what the module calls them, where the calls pass some.
    pub providers: BTreeMap<String, String>,
    /// Its nodes by the words that refer to them.
    pub names: Names,
    /// Whether parts of its files could not be read, so that what is missing may be there.
    pub is_damaged: bool,
    /// The first of its nodes.
    pub first: u32,
    /// How many nodes it has.
    pub count: u32,
}

/// The files of a directory, and of the modules that it calls, as one configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `flowform` block.
    pub settings: Option<Settings>,
    /// `provider` blocks.
    pub providers: Vec<ProviderBlock>,
    /// Variables, locals, outputs, resources and module calls: module by module, sorted by address, so that nothing
    /// depends on the order of files.
    pub nodes: Vec<Node>,
    /// The root, and every call of a child.
    pub modules: Vec<Module>,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
}

impl Default for Config {
    fn default() -> Self {
        let root = Module { directory: ".".to_owned(), ..Module::default() };
        Self {
            settings: None,
            providers: Vec::new(),
            nodes: Vec::new(),
            modules: vec![root],
            moved: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl Config {
    /// The module of an id that this configuration gave out.
    pub fn module(&self, id: ModuleId) -> &Module {
        // Ids are indices of `modules`, which never shrinks.
        &self.modules[id.0 as usize]
    }

    /// The names of the root configuration.
    pub fn root_names(&self) -> &Names {
        &self.module(ROOT).names
    }

    /// The nodes of the root configuration with their ids.
    pub fn root_nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.iter().take(self.module(ROOT).count as usize)
    }

    /// The module that calls of these names lead to.
    pub fn module_at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<ModuleId> {
        path.into_iter().try_fold(ROOT, |module, name| {
            let call = self.module(module).names.plain("module", name)?;
            match &self.node(call).kind {
                NodeKind::Module(call) => Some(call.child),
                _ => None,
            }
        })
    }

    /// The block that an address names, of whichever instances: `module.a["x"].flow.etl[0]`.
    pub fn block_at(&self, address: &str) -> Option<NodeId> {
        let (modules, block) = split_modules(address)?;
        let module = self.module_at(modules.iter().map(|(name, _)| &**name))?;
        let names = &self.module(module).names;
        let mut words = block.split('[').next()?.split('.');
        match (words.next()?, words.next()?, words.next()) {
            (kind, name, None) => names.plain(kind, name),
            (kind, label, Some(name)) => names.typed(kind, label, name),
        }
    }

    /// A node's address with the calls that lead to it, for people: `module.a.flow.etl`.
    pub fn title(&self, id: NodeId) -> String {
        let node = self.node(id);
        let path = self.module(node.module).path.iter();
        path.map(|name| format!("module.{name}.")).chain([node.address.to_string()]).collect()
    }

    /// The node of an id that this configuration gave out.
    pub fn node(&self, id: NodeId) -> &Node {
        // Ids are made by `decode` from indices of `nodes`, which never shrinks.
        &self.nodes[id.0 as usize]
    }

    /// Every node with its id.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index as u32), node))
    }
}

/// Nodes by name.
pub type ByName = HashMap<Arc<str>, NodeId>;

/// The nodes by the words that refer to them: `var.NAME`, `local.NAME`, `flow.NAME`, `run_config.KIND.NAME`.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// `var.NAME`, `local.NAME`, `flow.NAME`, `module.NAME`, `output.NAME` (referable from the caller): by kind, then name.
    pub plain: HashMap<&'static str, ByName>,
    /// `run_config.KIND.NAME`, `storage.KIND.NAME`, `template.KIND.NAME`, `agent.KIND.NAME`, `data.KIND.NAME`: by block kind, then kind, then name.
    pub typed: HashMap<&'static str, HashMap<Arc<str>, ByName>>,
}

impl Names {
    /// Moves all ids up: the nodes have got a place after those of other modules.
    pub(super) fn shift(&mut self, by: u32) {
        let typed = self.typed.values_mut().flat_map(HashMap::values_mut);
        for id in self.plain.values_mut().chain(typed).flat_map(HashMap::values_mut) {
            id.0 += by;
        }
    }

    /// The node that `kind.name` names.
    pub fn plain(&self, kind: &str, name: &str) -> Option<NodeId> {
        self.plain.get(kind)?.get(name).copied()
    }

    /// The node that `kind.type_label.name` names.
    pub fn typed(&self, kind: &str, type_label: &str, name: &str) -> Option<NodeId> {
        self.typed.get(kind)?.get(type_label)?.get(name).copied()
    }
}

/// One block that is evaluated.
#[derive(Clone, Debug)]
pub struct Node {
    /// The module that it is in.
    pub module: ModuleId,
    /// Its address in the module.
    pub address: BlockAddress,
    /// What to underline for the block as such.
    pub header: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// `variable "name"`.
    Variable(Box<Variable>),
    /// One entry of `locals`.
    Local(Expr),
    /// `output "name"`.
    Output(Box<Output>),
    /// A block that makes something, or reads something.
    Resource(Box<Resource>),
    /// `check "name"`.
    Check(Check),
    /// `import`.
    Import(Box<Import>),
    /// `module "name"`: a call of a child.
    Module(Box<ModuleCall>),
}

/// A `module` block.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// What is called.
    pub child: ModuleId,
    /// Where the child is, as written.
    pub source: Name,
    /// How often.
    pub repetition: Repetition,
    /// What everything in the child waits for.
    pub depends_on: Vec<Expr>,
    /// What the child's provider names stand for: the caller's names by the child's.
    pub providers: Vec<(Name, Name)>,
    /// The values of the child's variables.
    pub inputs: Vec<Attribute>,
}

impl ModuleCall {
    /// The argument that gives a variable of the child its value.
    pub fn input(&self, name: &str) -> Option<&Attribute> {
        self.inputs.iter().find(|attribute| &*attribute.name.text == name)
    }
}

/// A declared variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its type constraint; `any` when there is none.
    pub ty: Type,
    /// Its default, not yet converted to the type.
    pub default: Option<Expr>,
    /// Whether its value is masked.
    pub sensitive: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// What is asked of the value.
    pub validations: Vec<Rule>,
    /// What it is for, in the author's words.
    pub description: Option<Value>,
}

/// A condition with the message for when it does not hold.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The condition.
    pub condition: Expr,
    /// The message.
    pub error_message: Expr,
}

/// A declared output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its value.
    pub value: Expr,
    /// Whether it is masked.
    pub sensitive: bool,
    /// What it waits for besides.
    pub depends_on: Vec<Expr>,
    /// What must hold before it is recorded.
    pub preconditions: Vec<Rule>,
}

/// Existing objects that become flows.
#[derive(Clone, Debug)]
pub struct Import {
    /// The flow's address as written.
    pub to: Expr,
    /// The calls of modules that lead to it, outermost first, each with the key of its instance.
    pub modules: Vec<(Arc<str>, Option<Expr>)>,
    /// The flow's name.
    pub flow: Arc<str>,
    /// The key of its instance.
    pub key: Option<Expr>,
    /// The backend's own name of the object.
    pub id: Expr,
    /// How often.
    pub repetition: Repetition,
}

impl Import {
    /// The expressions of the instance keys in the address.
    pub fn keys(&self) -> impl Iterator<Item = &Expr> {
        self.modules.iter().filter_map(|(_, key)| key.as_ref()).chain(&self.key)
    }
}

/// Assertions that warn.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is asserted.
    pub asserts: Vec<Rule>,
}

/// What kind of thing a resource block declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// `storage`
    Storage(StorageKind),
    /// `template`
    Template(TemplateKind),
    /// `run_config`
    RunConfig(RunConfigKind),
    /// `agent`
    Agent(AgentKind),
    /// `flow`
    Flow,
    /// `data`
    Data(DataKind),
}

/// A block that makes something, once or several times.
#[derive(Clone, Debug)]
pub struct Resource {
    /// What it declares.
    pub kind: ResourceKind,
    /// How often.
    pub repetition: Repetition,
    /// What it waits for besides what it refers to.
    pub depends_on: Vec<Expr>,
    /// How its changes are treated.
    pub lifecycle: Lifecycle,
    /// The provider configuration: `local` or `local.alias`; `None` for the kind's default.
    pub provider: Option<Name>,
    /// The check that it stands in, which alone sees it: `data` only.
    pub check: Option<Arc<str>>,
    /// Its arguments, without the ones above.
    pub arguments: Vec<Attribute>,
    /// Its nested blocks, `dynamic` ones among them, without `lifecycle`.
    pub blocks: Vec<Block>,
}

impl Resource {
    /// The argument of that name.
    pub fn argument(&self, name: &str) -> Option<&Attribute> {
        self.arguments.iter().find(|attribute| &*attribute.name.text == name)
    }
}

/// A `dynamic` block: one nested block for each element of a collection.
#[derive(Clone, Debug)]
pub struct DynamicBlock<'a> {
    /// The kind of the blocks that it makes.
    pub kind: &'a Name,
    /// The collection.
    pub for_each: Option<&'a Expr>,
    /// What the present element is called: `iterator`, or the kind.
    pub iterator: Arc<str>,
    /// The labels of the blocks.
    pub labels: Option<&'a Expr>,
    /// What is in each of the blocks.
    pub content: Option<&'a Block>,
}

impl<'a> DynamicBlock<'a> {
    /// The block read as a `dynamic` one, when it is one. What is missing has its diagnostic.
    pub fn of(block: &'a Block) -> Option<Self> {
        let kind = block.labels.first().filter(|_| &*block.kind.text == "dynamic")?;
        let expr = |name: &str| block.body.attribute(name).map(|attribute| &attribute.expr);
        let iterator = match expr("iterator").map(|expr| &expr.kind) {
            Some(ExprKind::Variable(name)) => name.clone(),
            _ => kind.text.clone(),
        };
        let (for_each, labels) = (expr("for_each"), expr("labels"));
        Some(Self { kind, for_each, iterator, labels, content: block.body.blocks_of("content").next() })
    }
}

/// How often a block is made.
#[derive(Clone, Debug)]
pub enum Repetition {
    /// Once.
    Once,
    /// `count` times.
    Count(Expr),
    /// Once per key of `for_each`.
    ForEach(Expr),
}

/// The `lifecycle` block.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Refuse plans that end it.
    pub prevent_destroy: Option<Expr>,
    /// Paths that are taken from the latest version and not compared.
    pub ignore_changes: Vec<(Vec<PathStep>, Span)>,
    /// Nothing is compared once there is a version: `ignore_changes = all`.
    pub ignore_all: bool,
    /// What must hold before the block is made.
    pub preconditions: Vec<Rule>,
    /// What must hold of the block once it is made; `self` is the block.
    pub postconditions: Vec<Rule>,
}

impl Lifecycle {
    /// Whether `prevent_destroy = true` is written out, so that it holds for instances that are gone.
    pub fn prevents_literally(&self) -> bool {
        let expr = self.prevent_destroy.as_ref().map(|expr| &expr.kind);
        matches!(expr, Some(ExprKind::Literal(value)) if value.as_bool() == Some(true))
    }
}

/// The `flowform` block.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to underline for the block as such.
    pub header: Span,
    /// Its arguments.
    pub arguments: Vec<Attribute>,
    /// Its `registry` block.
    pub registry: Option<Block>,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// `ecs`, or `ecs.alias`.
    pub name: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// What to underline for the block as such.
    pub header: Span,
    /// Its arguments.
    pub arguments: Vec<Attribute>,
}

/// A `moved` block: addresses as written, inside the module that it stands in.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The calls that lead to the module, outermost first.
    pub module: Vec<Arc<str>>,
    /// The address before.
    pub from: String,
    /// The address from now on.
    pub to: String,
    /// What to underline.
    pub span: Span,
}

/// A `removed` block.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The calls that lead to the module that it stands in, outermost first.
    pub module: Vec<Arc<str>>,
    /// The address that is no longer declared.
    pub from: String,
    /// Whether the flow is archived (`lifecycle { destroy = true }`) rather than forgotten.
    pub destroy: bool,
    /// What to underline.
    pub span: Span,
}
