//! Configuration to graph: every reference of every expression is looked up once; unknown names and cycles end
//! here, each as one diagnostic.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::{dag, modules};
use crate::address::BlockAddress;
use crate::config::model::{
    Config, DynamicBlock, Names, Node, NodeId, NodeKind, ROOT, Repetition, Resource, ResourceKind, Rule,
};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Block, Body, Expr, Step, StepKind};
use crate::syntax::references;

/// The dependencies of a configuration's blocks.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every node after all it depends on.
    pub order: Vec<NodeId>,
    /// What each node depends on directly, ascending, by node.
    pub dependencies: Vec<Vec<NodeId>>,
    /// The blocks that make something - flows, templates - and must be applied before each node can be evaluated finally,
    /// by node.
    pub made_before: Vec<Rc<BTreeSet<NodeId>>>,
    /// Whether anything refers to the node, by node.
    pub referenced: Vec<bool>,
}

impl Graph {
    /// What `node` depends on directly.
    pub fn dependencies(&self, node: NodeId) -> &[NodeId] {
        self.dependencies.get(node.0 as usize).map_or(&[], Vec::as_slice)
    }
}

/// Builds the graph; unknown names and cycles are pushed to `diags`, and nodes in a cycle are left out of the order.
pub fn build(config: &Config, diags: &mut Diagnostics) -> Graph {
    let mut dependencies = Vec::with_capacity(config.nodes.len());
    let mut spans = std::collections::HashMap::new();
    let mut referenced = vec![false; config.nodes.len()];
    for (id, node) in config.iter() {
        let mut needs = BTreeSet::new();
        let mut look = |node: &Node, expr: &Expr, place: Place<'_>| {
            references(expr, &mut |reference| {
                let mut need = |need| {
                    spans.entry((id, need)).or_insert(reference.span);
                    needs.insert(need);
                };
                let (root, steps) = (reference.root, reference.steps);
                if root == "module" && !place.iterators.iter().any(|iterator| &**iterator == root) {
                    modules::lookup(config, node, steps, reference.span, &mut need, diags);
                } else if let Some(found) = lookup(config, node, place, root, steps, reference.span, diags) {
                    need(found);
                }
            });
        };
        for_each_expression(node, &mut |expr, place| look(node, expr, place));
        if let Some(call_id) = config.module(node.module).call {
            // The value of a child's variable is written by the caller.
            let caller = config.node(call_id);
            if let (NodeKind::Variable(_), NodeKind::Module(call)) = (&node.kind, &caller.kind)
                && let Some(input) = call.input(&node.address.name)
            {
                look(caller, &input.expr, INSIDE);
            }
            // How many instances there are is told by the call.
            needs.insert(call_id);
        }
        for need in &needs {
            referenced[need.0 as usize] = true;
        }
        dependencies.push(needs.into_iter().collect::<Vec<_>>());
    }
    let plain: Vec<Vec<usize>> =
        dependencies.iter().map(|needs| needs.iter().map(|need| need.0 as usize).collect()).collect();
    let order = match dag::order(&plain) {
        Ok(order) => order.into_iter().map(|index| NodeId(index as u32)).collect(),
        Err(cycles) => {
            for cycle in cycles {
                diags.push(cycle_error(config, &cycle, &spans));
            }
            Vec::new()
        }
    };
    let made_before = made_before(config, &order, &dependencies);
    Graph { order, dependencies, made_before, referenced }
}

/// Looks up what an expression of no block refers to, as `console` evaluates it; unknown names are pushed to `diags`.
pub fn check_names(config: &Config, expr: &Expr, diags: &mut Diagnostics) {
    let address = BlockAddress { kind: "local".into(), type_label: None, name: "".into() };
    let node = Node { module: ROOT, address, header: expr.span, kind: NodeKind::Local(expr.clone()) };
    references(expr, &mut |reference| {
        let (root, steps, span) = (reference.root, reference.steps, reference.span);
        match root {
            "module" => modules::lookup(config, &node, steps, span, &mut |_| {}, diags),
            _ => drop(lookup(config, &node, INSIDE, root, steps, span, diags)),
        }
    });
}

fn made_before(config: &Config, order: &[NodeId], dependencies: &[Vec<NodeId>]) -> Vec<Rc<BTreeSet<NodeId>>> {
    let empty = Rc::new(BTreeSet::new());
    let mut result = vec![empty; dependencies.len()];
    for node in order {
        let mut all = BTreeSet::new();
        for need in &dependencies[node.0 as usize] {
            let made = maker(config.node(*need));
            if made.is_some() {
                all.insert(*need);
            }
            // A template that does not change says nothing of the flows that its content refers to.
            if made != Some(Maker::Flow) {
                all.extend(result[need.0 as usize].iter().copied());
            }
        }
        if !all.is_empty() {
            result[node.0 as usize] = Rc::new(all);
        }
    }
    result
}

/// What a block makes.
#[derive(PartialEq, Eq)]
enum Maker {
    Flow,
    Template,
}

fn maker(node: &Node) -> Option<Maker> {
    let NodeKind::Resource(resource) = &node.kind else { return None };
    match resource.kind {
        ResourceKind::Flow => Some(Maker::Flow),
        ResourceKind::Template(_) => Some(Maker::Template),
        ResourceKind::Storage(_)
        | ResourceKind::RunConfig(_)
        | ResourceKind::Agent(_)
        | ResourceKind::Data(_) => None,
    }
}

/// Where an expression stands, for what it may refer to.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Whether it is in `count` or `for_each`, before there are instances.
    repetition: bool,
    /// Whether `self` is the block.
    postcondition: bool,
    /// The iterators of the `dynamic` blocks around it.
    iterators: &'a [Arc<str>],
}

/// In the block's own arguments.
const INSIDE: Place<'static> = Place { repetition: false, postcondition: false, iterators: &[] };

type Visit<'a> = dyn FnMut(&Expr, Place<'_>) + 'a;

fn for_each_expression(node: &Node, visit: &mut Visit<'_>) {
    match &node.kind {
        NodeKind::Variable(variable) => rules(&variable.validations, INSIDE, visit),
        NodeKind::Local(expr) => visit(expr, INSIDE),
        NodeKind::Output(output) => {
            visit(&output.value, INSIDE);
            output.depends_on.iter().for_each(|expr| visit(expr, INSIDE));
            rules(&output.preconditions, INSIDE, visit);
        }
        NodeKind::Resource(resource) => resource_expressions(resource, visit),
        NodeKind::Check(check) => rules(&check.asserts, INSIDE, visit),
        NodeKind::Module(call) => {
            repetition_expression(&call.repetition, visit);
            call.depends_on.iter().for_each(|expr| visit(expr, INSIDE));
        }
        NodeKind::Import(import) => {
            repetition_expression(&import.repetition, visit);
            // A flow of a module cannot be referred to from here; whether there is such a one is told by its address.
            match import.modules.is_empty() {
                true => visit(&import.to, INSIDE),
                false => import.keys().for_each(|key| visit(key, INSIDE)),
            }
            visit(&import.id, INSIDE);
        }
    }
}

fn rules(rules: &[Rule], place: Place<'_>, visit: &mut Visit<'_>) {
    for rule in rules {
        visit(&rule.condition, place);
        visit(&rule.error_message, place);
    }
}

fn repetition_expression(repetition: &Repetition, visit: &mut Visit<'_>) {
    match repetition {
        Repetition::Once => {}
        Repetition::Count(expr) | Repetition::ForEach(expr) => {
            visit(expr, Place { repetition: true, ..INSIDE });
        }
    }
}

fn resource_expressions(resource: &Resource, visit: &mut Visit<'_>) {
    repetition_expression(&resource.repetition, visit);
    resource.depends_on.iter().for_each(|expr| visit(expr, INSIDE));
    if let Some(expr) = &resource.lifecycle.prevent_destroy {
        visit(expr, INSIDE);
    }
    rules(&resource.lifecycle.preconditions, INSIDE, visit);
    rules(&resource.lifecycle.postconditions, Place { postcondition: true, ..INSIDE }, visit);
    resource.arguments.iter().for_each(|attribute| visit(&attribute.expr, INSIDE));
    blocks_expressions(&resource.blocks, &mut Vec::new(), visit);
}

fn blocks_expressions(blocks: &[Block], iterators: &mut Vec<Arc<str>>, visit: &mut Visit<'_>) {
    for block in blocks {
        match DynamicBlock::of(block) {
            Some(dynamic) => {
                dynamic.for_each.into_iter().for_each(|expr| visit(expr, Place { iterators, ..INSIDE }));
                iterators.push(dynamic.iterator);
                dynamic.labels.into_iter().for_each(|expr| visit(expr, Place { iterators, ..INSIDE }));
                if let Some(content) = dynamic.content {
                    body_expressions(&content.body, iterators, visit);
                }
                iterators.pop();
            }
            None => body_expressions(&block.body, iterators, visit),
        }
    }
}

fn body_expressions(body: &Body, iterators: &mut Vec<Arc<str>>, visit: &mut Visit<'_>) {
    body.attributes.iter().for_each(|attribute| visit(&attribute.expr, Place { iterators, ..INSIDE }));
    blocks_expressions(&body.blocks, iterators, visit);
}

/// Words that begin a reference.
const ROOTS: &[&str] = &[
    "var",
    "local",
    "each",
    "count",
    "path",
    "flow",
    "run_config",
    "storage",
    "template",
    "agent",
    "data",
    "module",
];

fn lookup(
    config: &Config,
    node: &Node,
    place: Place<'_>,
    root: &str,
    steps: &[Step],
    span: Span,
    diags: &mut Diagnostics,
) -> Option<NodeId> {
    let attr = |index: usize| match steps.get(index).map(|step| &step.kind) {
        Some(StepKind::Attr(name)) => Some(&**name),
        _ => None,
    };
    // An iterator hides a block kind of the same name, as in Terraform.
    if place.iterators.iter().any(|iterator| **iterator == *root) {
        if !matches!(attr(0), Some("key" | "value")) {
            diags.push(
                incomplete(root, &format!("{root}.value"), span)
                    .help(format!("write `{root}.key` or `{root}.value`: here `{root}` is the iterator of a `dynamic` block, which `iterator` can rename")),
            );
        }
        return None;
    }
    let names = &config.module(node.module).names;
    match root {
        "var" | "local" | "flow" => {
            let Some(name) = attr(0) else {
                diags.push(incomplete(root, &format!("{root}.NAME"), span));
                return None;
            };
            let found = names.plain(root, name);
            // A variable's rules see its own value without depending on themselves.
            if found.is_some_and(|id| std::ptr::eq(config.node(id), node)) && root == "var" {
                return None;
            }
            if found.is_none() {
                let known = names.plain.get(root).into_iter().flat_map(|names| names.keys());
                diags.push(unknown(root, name, span, known.map(|name| &**name)));
            }
            found
        }
        "run_config" | "storage" | "template" | "agent" | "data" => {
            let (Some(kind), Some(name)) = (attr(0), attr(1)) else {
                diags.push(incomplete(root, &format!("{root}.KIND.NAME"), span));
                return None;
            };
            let found = names.typed(root, kind, name);
            if found.is_none() {
                diags.push(unknown_typed(names, root, kind, name, span));
            }
            if let Some(check) = found.and_then(|id| check_of(config.node(id)))
                && check_of(node) != Some(check)
            {
                diags.push(
                    Diagnostic::error(
                        "Reference not allowed",
                        format!("`{root}.{kind}.{name}` stands in the check `{check}`, which alone sees it."),
                    )
                    .at(span)
                    .help("move the `data` block out of the check"),
                );
                return None;
            }
            found
        }
        "each" | "count" => {
            repetition_words(node, place, root, attr(0), span, diags);
            None
        }
        "path" => {
            match attr(0) {
                Some("module" | "root") => {}
                Some("cwd") => diags.push(
                    Diagnostic::error(
                        "Machine in the configuration",
                        "`path.cwd` differs from machine to machine, and a definition depends on the configuration alone.",
                    )
                    .at(span)
                    .help("use `path.module`"),
                ),
                _ => diags.push(incomplete(root, "path.module", span)),
            }
            None
        }
        "execution_environment" => {
            diags.push(
                Diagnostic::error(
                    "Not supported by this version",
                    format!("The language has references to `{root}`, but this version cannot carry out such blocks yet."),
                )
                .at(span),
            );
            None
        }
        "self" if place.postcondition => None,
        "self" => {
            diags.push(
                Diagnostic::error(
                    "Reference not allowed",
                    "`self` is the block as it is once it is made, so only its postconditions can look at it.",
                )
                .at(span)
                .help("move the condition into a `postcondition` block, or name what it looks at"),
            );
            None
        }
        other => {
            diags.push(unknown_root(other, steps, span));
            None
        }
    }
}

/// The check that a node is, or stands in.
fn check_of(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Check(_) => Some(&node.address.name),
        NodeKind::Resource(resource) => resource.check.as_deref(),
        NodeKind::Variable(_)
        | NodeKind::Local(_)
        | NodeKind::Output(_)
        | NodeKind::Module(_)
        | NodeKind::Import(_) => None,
    }
}

fn repetition_words(
    node: &Node,
    place: Place<'_>,
    root: &str,
    word: Option<&str>,
    span: Span,
    diags: &mut Diagnostics,
) {
    let repetition = match &node.kind {
        NodeKind::Resource(resource) if !place.repetition => Some(&resource.repetition),
        NodeKind::Module(call) if !place.repetition => Some(&call.repetition),
        NodeKind::Import(import) if !place.repetition => Some(&import.repetition),
        _ => None,
    };
    let needed = if root == "each" { "for_each" } else { "count" };
    let allowed = matches!(
        (root, repetition),
        ("each", Some(Repetition::ForEach(_))) | ("count", Some(Repetition::Count(_)))
    );
    let words: &[&str] = if root == "each" { &["key", "value"] } else { &["index"] };
    if !allowed {
        diags.push(
            Diagnostic::error(
                "No instances here",
                format!("`{root}` stands for one instance of a block, and this place has no `{needed}`."),
            )
            .at(span)
            .help(format!("give the block a `{needed}`, or write the value itself")),
        );
    } else if !word.is_some_and(|word| words.contains(&word)) {
        let form = words.iter().map(|word| format!("`{root}.{word}`")).collect::<Vec<_>>().join(" or ");
        diags.push(
            Diagnostic::error("Incomplete reference", format!("`{root}` is followed by a word: {form}."))
                .at(span)
                .suggest(word.unwrap_or_default(), words.iter().copied()),
        );
    }
}

fn incomplete(root: &str, form: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Incomplete reference", format!("`{root}` alone names nothing."))
        .at(span)
        .help(format!("write `{form}`"))
}

fn unknown<'a>(root: &str, name: &str, span: Span, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let (what, declare) = match root {
        "var" => ("variable", format!("variable \"{name}\" {{}}")),
        "local" => ("local value", format!("locals {{ {name} = ... }}")),
        _ => ("flow", format!("flow \"{name}\" {{ ... }}")),
    };
    let mut diagnostic =
        Diagnostic::error("Unknown name", format!("No {what} `{name}` is declared in this configuration."))
            .at(span)
            .suggest(name, known);
    diagnostic.help.get_or_insert_with(|| format!("declare it with `{declare}`"));
    diagnostic
}

fn unknown_typed(names: &Names, root: &str, kind: &str, name: &str, span: Span) -> Diagnostic {
    let kinds = names.typed.get(root);
    let addresses: Vec<String> = kinds
        .into_iter()
        .flatten()
        .flat_map(|(kind, names)| names.keys().map(move |name| format!("{root}.{kind}.{name}")))
        .collect();
    let written = format!("{root}.{kind}.{name}");
    let mut diagnostic =
        Diagnostic::error("Unknown name", format!("`{written}` is not declared in this configuration."))
            .at(span)
            .suggest(&written, addresses.iter().map(String::as_str));
    diagnostic
        .help
        .get_or_insert_with(|| format!("declare it with `{root} \"{kind}\" \"{name}\" {{ ... }}`"));
    diagnostic
}

fn unknown_root(root: &str, steps: &[Step], span: Span) -> Diagnostic {
    let base = Diagnostic::error("Unknown name", format!("`{root}` is not the beginning of any reference."))
        .at(span);
    if steps.is_empty() {
        return base.help(format!("write a text in quotes: \"{root}\"")).suggest(root, ROOTS.iter().copied());
    }
    let mut diagnostic = base.suggest(root, ROOTS.iter().copied());
    if root == "locals" {
        diagnostic.help = Some("write `local.NAME`, without the s".to_owned());
    }
    diagnostic.help.get_or_insert_with(|| format!("references begin with one of: {}", ROOTS.join(", ")));
    diagnostic
}

fn cycle_error(
    config: &Config,
    cycle: &[usize],
    spans: &std::collections::HashMap<(NodeId, NodeId), Span>,
) -> Diagnostic {
    let ids: Vec<NodeId> = cycle.iter().map(|index| NodeId(*index as u32)).collect();
    let name = |id: &NodeId| config.title(*id);
    let path: Vec<String> = ids.iter().chain(ids.first()).map(name).collect();
    let mut diagnostic = Diagnostic::error(
        "Cycle",
        format!("These blocks need each other, so none can be evaluated first: {}.", path.join(" -> ")),
    )
    .help("break the circle: move what both need into a `locals` entry of its own");
    for (index, id) in ids.iter().enumerate() {
        let next = ids.get(index + 1).or(ids.first()).copied().unwrap_or(*id);
        let Some(span) = spans.get(&(*id, next)) else { continue };
        let what = format!("`{}` refers to `{}` here", name(id), name(&next));
        if diagnostic.span.is_none() {
            diagnostic = diagnostic.at(*span).label(what);
        } else {
            diagnostic = diagnostic.related(*span, what);
        }
    }
    diagnostic
}
