//! The decoded configuration: which blocks there are and what each refers to by name. Nothing is evaluated yet.

use std::collections::HashMap;
use std::sync::Arc;

use crate::address::{BlockAddress, PathStep};
use crate::flow::kind::{AgentKind, DataKind, RunConfigKind, StorageKind};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Expr, ExprKind, Name};
use crate::value::{Type, Value};

/// A block that expressions can refer to, or that is evaluated like one: an index into [`Config::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// All files of one directory as one configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The `flowform` block.
    pub settings: Option<Settings>,
    /// `provider` blocks.
    pub providers: Vec<ProviderBlock>,
    /// Variables, locals, outputs and resources, sorted by address: nothing depends on the order of files.
    pub nodes: Vec<Node>,
    /// The nodes by the words that refer to them.
    pub names: Names,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
}

impl Config {
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
    /// `var.NAME`, `local.NAME`, `flow.NAME`, `output.NAME` (not referable): by kind, then name.
    pub plain: HashMap<&'static str, ByName>,
    /// `run_config.KIND.NAME`, `storage.KIND.NAME`, `agent.KIND.NAME`, `data.KIND.NAME`: by block kind, then kind, then name.
    pub typed: HashMap<&'static str, HashMap<Arc<str>, ByName>>,
}

impl Names {
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
    /// Its address.
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
    /// The flow's name.
    pub flow: Arc<str>,
    /// The key of its instance.
    pub key: Option<Expr>,
    /// The backend's own name of the object.
    pub id: Expr,
    /// How often.
    pub repetition: Repetition,
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
    /// `local`, or `local.alias`.
    pub name: String,
    /// What to underline for the block as such.
    pub header: Span,
    /// Its arguments.
    pub arguments: Vec<Attribute>,
}

/// A `moved` block: addresses as written.
#[derive(Clone, Debug)]
pub struct Moved {
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
    /// The address that is no longer declared.
    pub from: String,
    /// Whether the flow is archived (`lifecycle { destroy = true }`) rather than forgotten.
    pub destroy: bool,
    /// What to underline.
    pub span: Span,
}
