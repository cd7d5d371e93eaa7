//! Blocks that make something: `storage`, `template`, `run_config`, `agent`, `flow`.

use super::super::errors;
use super::super::model::{Lifecycle, Repetition, Resource, ResourceKind};
use super::super::schema::{self, BodySchema};
use super::body::{check_body, literal_string, reference_list, rules};
use super::label_text;
use crate::address::{BlockAddress, PathStep};
use crate::diag::{Diagnostic, Diagnostics};
use crate::flow::kind::{AgentKind, DataKind, Field, RunConfigKind, StorageKind, TemplateKind};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Expr, ExprKind, Name, StepKind};
use crate::value::{Kind, Value};

/// The address of a resource block, when its labels are of the right number.
pub(super) fn address(block: &Block) -> Option<BlockAddress> {
    let (type_label, name) = match block.labels.as_slice() {
        [name] => (None, name),
        [kind, name] => (Some(kind.text.clone()), name),
        _ => return None,
    };
    Some(BlockAddress { kind: block.kind.text.clone(), type_label, name: name.text.clone() })
}

/// Decodes a resource block; `None` when its kind is unknown.
pub(super) fn resource(block: Block, diags: &mut Diagnostics) -> Option<Resource> {
    let kind = resource_kind(&block, diags)?;
    let known = arguments_of(kind);
    let optional: Vec<&str> = known
        .optional
        .iter()
        .copied()
        .chain(schema::META_ARGUMENTS.iter().copied().filter(|name| takes_meta(kind, name)))
        .collect();
    let schema = BodySchema { required: &known.required, optional: &optional, blocks: known.blocks };
    check_body(&block.body, &block_words(&block), block.header, &schema, diags);
    for nested in block.body.blocks_of("schedule") {
        check_body(&nested.body, "schedule", nested.header, &schema::SCHEDULE, diags);
    }
    for nested in block.body.blocks_of("run_config") {
        nested_run_config(nested, &block, diags);
    }
    for nested in block.body.blocks_of("dynamic") {
        dynamic_content(nested, diags);
    }
    let repetition = repetition(&block, diags);
    let depends_on = reference_list(&block.body, "depends_on", diags);
    let provider = block.body.attribute("provider").and_then(|attribute| provider_name(attribute, diags));
    let lifecycle_schema = match kind {
        ResourceKind::Data(_) => &schema::DATA_LIFECYCLE,
        ResourceKind::Template(_) => &schema::TEMPLATE_LIFECYCLE,
        ResourceKind::Flow
        | ResourceKind::RunConfig(_)
        | ResourceKind::Storage(_)
        | ResourceKind::Agent(_) => &schema::LIFECYCLE,
    };
    let lifecycle = lifecycle(&block, lifecycle_schema, diags);
    let mut arguments = block.body.attributes;
    arguments.retain(|attribute| !schema::META_ARGUMENTS.contains(&&*attribute.name.text));
    let mut blocks = block.body.blocks;
    blocks.retain(|nested| &*nested.kind.text != "lifecycle");
    Some(Resource { kind, repetition, depends_on, lifecycle, provider, check: None, arguments, blocks })
}

struct Known {
    required: Vec<&'static str>,
    optional: Vec<&'static str>,
    blocks: &'static [(&'static str, usize)],
}

fn arguments_of(kind: ResourceKind) -> Known {
    let lifecycle: &[(&str, usize)] = &[("lifecycle", 0)];
    match kind {
        ResourceKind::Flow => {
            Known { required: vec![], optional: schema::FLOW_ARGUMENTS.to_vec(), blocks: schema::FLOW_BLOCKS }
        }
        ResourceKind::RunConfig(kind) => {
            Known { required: vec![], optional: run_config_arguments(kind), blocks: lifecycle }
        }
        ResourceKind::Storage(kind) => {
            let (required, optional) = kind.all_fields().partition(|field| field.required);
            let names = |list: Vec<&Field>| list.iter().map(|field| field.name).collect();
            Known { required: names(required), optional: names(optional), blocks: lifecycle }
        }
        ResourceKind::Template(_) => Known {
            required: vec![],
            optional: TemplateKind::fields().iter().map(|field| field.name).collect(),
            blocks: lifecycle,
        },
        ResourceKind::Data(kind) => {
            let (required, optional): (Vec<&'static Field>, Vec<_>) =
                kind.fields().iter().partition(|field| field.required);
            let names = |list: Vec<&'static Field>| list.into_iter().map(|field| field.name).collect();
            Known { required: names(required), optional: names(optional), blocks: lifecycle }
        }
        ResourceKind::Agent(kind) => Known {
            required: vec![],
            optional: kind.all_fields().map(|field| field.name).collect(),
            blocks: lifecycle,
        },
    }
}

/// Every argument of a run config of that kind: the fields of the original, those of flowform and `extends`.
fn run_config_arguments(kind: RunConfigKind) -> Vec<&'static str> {
    let own = RunConfigKind::own_fields().iter().chain(kind.language_fields());
    kind.fields().iter().chain(own).map(|field| field.name).chain(["extends"]).collect()
}

fn takes_meta(kind: ResourceKind, name: &str) -> bool {
    match kind {
        ResourceKind::Data(_) => name != "provider",
        ResourceKind::Flow
        | ResourceKind::Template(_)
        | ResourceKind::RunConfig(_)
        | ResourceKind::Storage(_)
        | ResourceKind::Agent(_) => true,
    }
}

fn block_words(block: &Block) -> String {
    match (block.labels.len(), block.labels.first()) {
        (2, Some(kind)) => format!("{} \"{}\"", block.kind.text, kind.text),
        _ => block.kind.text.to_string(),
    }
}

fn resource_kind(block: &Block, diags: &mut Diagnostics) -> Option<ResourceKind> {
    let label = block.labels.first();
    let text = label_text(label);
    match &*block.kind.text {
        "flow" => Some(ResourceKind::Flow),
        "run_config" => run_config_kind(label, diags).map(ResourceKind::RunConfig),
        "data" => {
            let kind = DataKind::from_label(text);
            if let (None, Some(label)) = (kind, label) {
                diags.push(errors::unknown_kind(
                    label,
                    "data",
                    DataKind::ALL.iter().map(|kind| kind.label()),
                ));
            }
            kind.map(ResourceKind::Data)
        }
        "template" => {
            let kind = TemplateKind::from_label(text);
            if let (None, Some(label)) = (kind, label) {
                let labels = TemplateKind::ALL.iter().map(|kind| kind.label());
                diags.push(errors::unknown_kind(label, "template", labels));
            }
            kind.map(ResourceKind::Template)
        }
        "storage" => {
            let kind = StorageKind::from_label(text);
            if let (None, Some(label)) = (kind, label) {
                diags.push(errors::unknown_kind(
                    label,
                    "storage",
                    StorageKind::ALL.iter().map(|kind| kind.label()),
                ));
            }
            kind.map(ResourceKind::Storage)
        }
        _ => {
            let kind = AgentKind::from_label(text);
            if let (None, Some(label)) = (kind, label) {
                diags.push(errors::unknown_kind(
                    label,
                    "agent",
                    AgentKind::ALL.iter().map(|kind| kind.label()),
                ));
            }
            kind.map(ResourceKind::Agent)
        }
    }
}

fn run_config_kind(label: Option<&Name>, diags: &mut Diagnostics) -> Option<RunConfigKind> {
    let label = label?;
    let Some(kind) = RunConfigKind::from_label(&label.text) else {
        diags.push(errors::unknown_kind(
            label,
            "run config",
            RunConfigKind::ALL.iter().map(|kind| kind.label()),
        ));
        return None;
    };
    Some(kind)
}

/// What a `dynamic` block makes, as far as it can be told before anything is evaluated.
fn dynamic_content(dynamic: &Block, diags: &mut Diagnostics) {
    let Some(content) = dynamic.body.blocks_of("content").next() else { return };
    match dynamic.labels.first().map(|label| &*label.text) {
        Some("schedule") => check_body(&content.body, "schedule", content.header, &schema::SCHEDULE, diags),
        Some("run_config") => {
            let labels = dynamic.body.attribute("labels").map(|labels| &labels.expr);
            // Other labels are checked when they are evaluated.
            if let Some(Expr { kind: ExprKind::Literal(value), span }) = labels
                && let Some([Value { kind: Kind::String(text), .. }]) = value.as_slice()
            {
                let label = Name { text: text.clone(), span: *span };
                run_config_body(&label, &content.body, content.header, diags);
            }
        }
        _ => {}
    }
}

/// Checks a run config that is nested in a flow: that there is such a kind, and that the body is one of it. The
/// label is what a `dynamic` block gave, or what is written.
pub fn run_config_body(
    label: &Name,
    body: &crate::syntax::ast::Body,
    header: Span,
    diags: &mut Diagnostics,
) -> Option<RunConfigKind> {
    let kind = run_config_kind(Some(label), diags)?;
    let optional = run_config_arguments(kind);
    let schema = BodySchema { required: &[], optional: &optional, blocks: &[] };
    check_body(body, &format!("run_config \"{}\"", label.text), header, &schema, diags);
    Some(kind)
}

fn nested_run_config(nested: &Block, flow: &Block, diags: &mut Diagnostics) {
    let Some(label) = nested.labels.first() else { return };
    if run_config_body(label, &nested.body, nested.header, diags).is_none() {
        return;
    }
    let first = flow.body.blocks_of("run_config").next().map(|first| first.header);
    if let Some(first) = first.filter(|first| *first != nested.header) {
        diags.push(errors::only_once("run config for a flow", nested.header, first));
    }
    if let Some(reference) = flow.body.attribute("run_config") {
        diags.push(errors::only_once("run config for a flow", nested.header, reference.name.span));
    }
}

pub(super) fn repetition(block: &Block, diags: &mut Diagnostics) -> Repetition {
    match (block.body.attribute("count"), block.body.attribute("for_each")) {
        (None, None) => Repetition::Once,
        (Some(count), None) => Repetition::Count(count.expr.clone()),
        (None, Some(for_each)) => Repetition::ForEach(for_each.expr.clone()),
        (Some(_), Some(for_each)) => {
            diags.push(errors::count_and_for_each(for_each.name.span));
            Repetition::ForEach(for_each.expr.clone())
        }
    }
}

/// `provider = local` or `provider = local.alias`; a quoted text is accepted too.
pub(super) fn provider_name(attribute: &Attribute, diags: &mut Diagnostics) -> Option<Name> {
    let text = match &attribute.expr.kind {
        ExprKind::Variable(name) => Some(name.to_string()),
        ExprKind::Literal(_) => literal_string(attribute).map(|text| text.to_string()),
        ExprKind::Traversal(traversal) => match (&traversal.base.kind, traversal.steps.as_slice()) {
            (ExprKind::Variable(root), [step]) => match &step.kind {
                StepKind::Attr(alias) => Some(format!("{root}.{alias}")),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    match text {
        Some(text) => Some(Name { text: text.into(), span: attribute.expr.span }),
        None => {
            diags.push(
                Diagnostic::error("Not a provider", "`provider` names a provider configuration.")
                    .at(attribute.expr.span)
                    .help("write `provider = local` or, with an alias, `provider = local.other`"),
            );
            None
        }
    }
}

fn lifecycle(block: &Block, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Lifecycle {
    let mut result = Lifecycle::default();
    let mut first: Option<Span> = None;
    for nested in block.body.blocks_of("lifecycle") {
        if let Some(first) = first {
            diags.push(errors::only_once("`lifecycle` block", nested.header, first));
            continue;
        }
        first = Some(nested.header);
        check_body(&nested.body, "lifecycle", nested.header, schema, diags);
        result.prevent_destroy = nested.body.attribute("prevent_destroy").map(|a| a.expr.clone());
        if let Some(attribute) = nested.body.attribute("ignore_changes") {
            result.ignore_all = matches!(&attribute.expr.kind, ExprKind::Variable(word) if &**word == "all");
            if !result.ignore_all {
                result.ignore_changes = ignored_paths(&attribute.expr, diags);
            }
        }
        result.preconditions = rules(&nested.body, "precondition", diags);
        result.postconditions = rules(&nested.body, "postcondition", diags);
    }
    result
}

fn ignored_paths(expr: &Expr, diags: &mut Diagnostics) -> Vec<(Vec<PathStep>, Span)> {
    let items = match &expr.kind {
        ExprKind::Tuple(items) => items.as_slice(),
        ExprKind::Literal(value) if value.as_slice().is_some_and(<[_]>::is_empty) => &[],
        _ => {
            diags.push(not_a_path(expr.span));
            return Vec::new();
        }
    };
    let mut paths = Vec::new();
    for item in items {
        match path(item) {
            Some(path) => paths.push((path, item.span)),
            None => diags.push(not_a_path(item.span)),
        }
    }
    paths
}

fn path(expr: &Expr) -> Option<Vec<PathStep>> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(vec![PathStep::Key(name.to_string())]),
        ExprKind::Traversal(traversal) => {
            let mut path = path(&traversal.base)?;
            for step in &traversal.steps {
                path.push(match &step.kind {
                    StepKind::Attr(name) => PathStep::Key(name.to_string()),
                    StepKind::Index(Expr { kind: ExprKind::Literal(Value { kind, .. }), .. }) => match kind {
                        Kind::String(key) => PathStep::Key(key.to_string()),
                        Kind::Number(index) => PathStep::Index(usize::try_from(index.to_i64()?).ok()?),
                        _ => return None,
                    },
                    StepKind::LegacyIndex(index) => PathStep::Index(usize::try_from(*index).ok()?),
                    StepKind::Index(_) | StepKind::AttrSplat | StepKind::FullSplat => return None,
                });
            }
            Some(path)
        }
        _ => None,
    }
}

fn not_a_path(span: Span) -> Diagnostic {
    Diagnostic::error("Not a path", "`ignore_changes` is a list of paths into the flow's definition.")
        .at(span)
        .help("write them without quotes: `ignore_changes = [run_config.env[\"IMAGE_TAG\"]]`, or `ignore_changes = all`")
}
