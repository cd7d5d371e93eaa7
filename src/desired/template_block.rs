//! `template` blocks: each instance becomes a document that run configs refer to, and that flowform stores where the block
//! says so. It writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::Digest;

use super::exact::inexact;
use super::flow::known;
use super::locate::in_attributes;
use super::resource::{identified, prevent_destroy, reference_kind};
use super::scope::BlockScope;
use super::{DesiredTemplate, StoredTemplate, templates};
use crate::address::{Address, PathStep, path_text};
use crate::config::model::{Node, NodeId, NodeKind, Resource, ResourceKind};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::flow::definition::template::{StoredAt, stored_at, whole};
use crate::flow::kind::TemplateKind;
use crate::syntax::ast::Attribute;
use crate::value::{Kind, Marks, Type, Value, described};

/// The block that a template is an instance of.
#[derive(Clone, Copy)]
pub(super) struct TemplateContext<'a> {
    pub(super) id: NodeId,
    pub(super) node: &'a Node,
    pub(super) resource: &'a Resource,
}

/// Evaluates one instance: what is to be stored, and the object that others refer to.
pub(super) fn template(
    kind: TemplateKind,
    context: TemplateContext<'_>,
    address: Address,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> (DesiredTemplate, Value) {
    let TemplateContext { id, node, resource } = context;
    let text = address.to_string();
    let document = document(kind, context, &text, scope, diags);
    let path = path(resource, &text, scope, diags);
    let stored = StoredTemplate::of(&document);
    let path = match (path, &stored) {
        (Some(path), Some(stored)) if is_versioned(resource, &text, scope, diags) => {
            Some(with_digits(&path, stored.sha256.as_str()))
        }
        (path, _) => path,
    };
    if path.is_some() && stored.is_none() && scope.must_be_known(diags) {
        diags.push(
            Diagnostic::error(
                "Unknown template content",
                "What a template stores is shown in the plan, so it must be known at plan time, and a part of it is known \
                 only after apply.",
            )
            .at(node.header)
            .address(text.as_str())
            .help("remove `path`: a template that is only shared may be known later"),
        );
    }
    let unknown = || Value::unknown(Type::String);
    let mut own: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    own.insert("uri".into(), path.as_deref().map_or(Value::NULL, Value::string));
    own.insert("path".into(), path.as_deref().map_or(Value::NULL, Value::string));
    own.insert(
        "content".into(),
        stored.as_ref().map_or_else(unknown, |stored| Value::string(stored.text.as_str())),
    );
    own.insert(
        "sha256".into(),
        stored.as_ref().map_or_else(unknown, |stored| Value::string(stored.sha256.as_str())),
    );
    own.insert("document".into(), document);
    let own = Value::from(Kind::Object(Arc::new(own)));
    let fields = TemplateKind::fields().iter().map(|field| field.name);
    let value = identified(kind.label(), &text, &own, fields);
    let prevent_destroy = prevent_destroy(resource, &text, scope, diags);
    let span = node.header;
    (DesiredTemplate { address, node: id, span, kind, path, stored, prevent_destroy }, value)
}

/// The document, checked; unknown where it is in error.
fn document(
    kind: TemplateKind,
    context: TemplateContext<'_>,
    address: &str,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Value {
    let TemplateContext { node, resource, .. } = context;
    let before = diags.error_count();
    let mut given: Vec<(&Attribute, Value)> = Vec::new();
    for name in ["content", "file"] {
        if let Some(attribute) = resource.argument(name) {
            let value = evaluate(&attribute.expr, scope, diags);
            if !value.is_null() {
                given.push((attribute, value));
            }
        }
    }
    let (attribute, value) = match given.as_slice() {
        [one] => one.clone(),
        [] => {
            if diags.error_count() == before {
                diags.push(
                    Diagnostic::error(
                        "Template without a document",
                        "A template is a whole document, and none is given.",
                    )
                    .at(node.header)
                    .address(address)
                    .help("write `content = { ... }` or `file = \"path\"`"),
                );
            }
            return Value::unknown(Type::Any);
        }
        [_, (second, _), ..] => {
            diags.push(
                Diagnostic::error(
                    "More than one template",
                    "`content` and `file` are both given, and each of them is the whole document; they are never merged.",
                )
                .at(second.name.span)
                .address(address)
                .help("keep one of them"),
            );
            return Value::unknown(Type::Any);
        }
    };
    let value = match (&*attribute.name.text, value.as_str()) {
        ("file", Some(path)) => {
            let content = templates::content("file", path, Some(attribute), scope, diags);
            content.marked(value.marks)
        }
        ("file", None) => {
            if !value.is_unknown() {
                diags.push(not_a_text("file", &value, attribute));
            }
            return Value::unknown(Type::Any);
        }
        _ => value,
    };
    let (document, problems) = whole(kind, &attribute.name.text, &value);
    diags.extend(problems.iter().map(|problem| {
        let place = in_attributes(&resource.arguments, &problem.path);
        place
            .map_or_else(|| problem.diagnostic().at(node.header), |place| place.diagnostic(problem))
            .address(address)
    }));
    for path in inexact(&document) {
        let mut whole = vec![PathStep::Key(attribute.name.text.to_string())];
        whole.extend(path.iter().cloned());
        diags.push(
            Diagnostic::error(
                "Number without an exact form",
                format!(
                    "`{}` has more digits than a number of a recorded definition keeps.",
                    path_text(&path)
                ),
            )
            .at(in_attributes(&resource.arguments, &whole).map_or(node.header, |place| place.span))
            .help("write it as a text, in quotes"),
        );
    }
    document
}

/// Where the template is stored; `None` where it is not, or where the path is in error.
fn path(
    resource: &Resource,
    address: &str,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<String> {
    let attribute = resource.argument("path")?;
    let value = evaluate(&attribute.expr, scope, diags);
    let (span, help) = (attribute.expr.span, "derive it from the configuration itself");
    if value.marks != Marks::NONE {
        let detail = "Where a template is stored is shown everywhere, so it can be neither sensitive nor change by itself.";
        diags.push(Diagnostic::error("Unusable path", detail).at(span).address(address).help(help));
        return None;
    }
    let Some(text) = value.as_str() else {
        if value.is_unknown() && scope.must_be_known(diags) {
            let detail = "Where a template is stored must be known at plan time.";
            diags.push(
                Diagnostic::error("Unknown template path", detail).at(span).address(address).help(help),
            );
        } else if !value.is_null() && !value.is_unknown() {
            diags.push(not_a_text("path", &value, attribute));
        }
        return None;
    };
    match stored_at(text) {
        StoredAt::File(path) | StoredAt::Object(path) | StoredAt::ConfigMap(path) | StoredAt::Agent(path) => {
            Some(path)
        }
        StoredAt::Unusable(why, help) => {
            diags.push(Diagnostic::error("Unusable path", why).at(span).address(address).help(help));
            None
        }
    }
}

/// Whether each content has a place of its own.
fn is_versioned(resource: &Resource, address: &str, scope: &BlockScope<'_>, diags: &mut Diagnostics) -> bool {
    let Some(attribute) = resource.argument("versioned") else { return false };
    let value = evaluate(&attribute.expr, scope, diags);
    if value.is_null() {
        return false;
    }
    let answer = value.as_bool().filter(|_| value.marks == Marks::NONE);
    if answer.is_none() && (!value.is_unknown() || scope.must_be_known(diags)) {
        let detail = format!(
            "`versioned` is `true` or `false`, known at plan time, and this is {}.",
            described(&value)
        );
        diags.push(Diagnostic::error("Wrong type", detail).at(attribute.expr.span).address(address));
    }
    answer.unwrap_or(false)
}

/// `base.json` with digits of its content: `base-0123456789abcdef.json`.
fn with_digits(path: &str, sha256: &str) -> String {
    const DIGITS: usize = 16;
    let digits: String = sha256.chars().take(DIGITS).collect();
    let name = path.rfind('/').map_or(0, |at| at + 1);
    let ending = path.get(name..).and_then(|name| name.rfind('.')).filter(|at| *at > 0).map(|at| name + at);
    let (head, ending) = path.split_at(ending.unwrap_or(path.len()));
    format!("{head}-{digits}{ending}")
}

fn not_a_text(argument: &str, value: &Value, attribute: &Attribute) -> Diagnostic {
    Diagnostic::error("Wrong type", format!("`{argument}` is a text, and this is {}.", described(value)))
        .at(attribute.expr.span)
}

impl StoredTemplate {
    /// What is stored of a document that is wholly known: JSON with sorted keys, which YAML readers take too.
    fn of(document: &Value) -> Option<Self> {
        let known = known(document)?;
        let json: serde_json::Value = serde_json::from_str(known.json.get()).ok()?;
        let text = format!("{}\n", serde_json::to_string_pretty(&json).ok()?);
        let sha256 = Digest::of_bytes(text.as_bytes());
        Some(Self { document: known.json, digest: known.digest, sha256, text })
    }
}

/// Each place holds one template.
pub(super) fn unique_paths(templates: &[DesiredTemplate], diags: &mut Diagnostics) {
    let mut first: BTreeMap<&str, &DesiredTemplate> = BTreeMap::new();
    for template in templates {
        let Some(path) = &template.path else { continue };
        match first.get(path.as_str()) {
            Some(other) => diags.push(
                Diagnostic::error(
                    "Template path used twice",
                    format!(
                        "`{}` and `{}` are both to be stored at {path}.",
                        other.address, template.address
                    ),
                )
                .at(template.span)
                .related(other.span, "the other one")
                .address(template.address.to_string())
                .help("give each its own `path`; under `for_each`, use `each.key` in it"),
            ),
            None => drop(first.insert(path, template)),
        }
    }
}

/// The document of the `template` block that a value is an object of; `None` where the value is of no such block.
pub(super) fn referenced(kind: TemplateKind, value: &Value) -> Option<Result<Value, TemplateKind>> {
    let found = TemplateKind::from_label(reference_kind(value, "template")?)?;
    Some(match found == kind {
        true => Ok(value.get("document").cloned().unwrap_or_else(|| Value::unknown(Type::Any))),
        false => Err(found),
    })
}

/// The document of the template that is stored at `path`, if flowform stores one there: it is known before the file is
/// written.
pub(super) fn stored_document(scope: &BlockScope<'_>, path: &str) -> Option<Value> {
    // Who starts a run reads what is in a bucket or on the agent's machine, and no ConfigMap.
    let (StoredAt::File(path) | StoredAt::ConfigMap(path)) = stored_at(path) else { return None };
    let is_template = |node: &Node| matches!(&node.kind, NodeKind::Resource(resource) if matches!(resource.kind, ResourceKind::Template(_)));
    let at_path = |value: &Value| {
        let stored = value.get("uri").and_then(Value::as_str) == Some(&*path);
        stored.then(|| value.get("document").cloned()).flatten()
    };
    for (id, node) in scope.config.iter().filter(|(_, node)| is_template(node)) {
        for frame in scope.frames.of(node.module) {
            let Some(value) = scope.frames.value(scope.config, *frame, id) else { continue };
            let found = match reference_kind(value, "template") {
                Some(_) => at_path(value),
                None => value.members().find_map(at_path),
            };
            if found.is_some() {
                return found;
            }
        }
    }
    None
}
