//! `run_config`, `storage` and `agent` blocks: each instance becomes an object that flows refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::locate::in_attributes;
use super::scope::BlockScope;
use super::settings::Settings;
use super::{DesiredAgent, RemoteTemplate};
use super::{script, templates};
use crate::address::{Address, split_modules};
use crate::config::model::{Config, NodeId, Resource};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::flow::check::{self, CheckName};
use crate::flow::definition::template::TemplateFields;
use crate::flow::definition::{
    DeclaredAgent, Problem, agent_document, merge_run_configs, run_config_problems,
};
use crate::flow::kind::{AgentKind, RunConfigKind, StorageKind};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Expr};
use crate::value::{Kind, Marks, Type, Value, convert, described, to_json};

/// The arguments of a block, at the top level or nested in a flow.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) attributes: &'a [Attribute],
}

/// The object of a run config: its given arguments over those it extends; other fields null.
pub(super) fn run_config(
    kind: RunConfigKind,
    address: &Address,
    body: Body<'_>,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Value {
    run_config_object(kind, &address.to_string(), body, scope, diags)
}

/// What is wrong with the arguments of a block, whoever refers to it. What has a name is left to the flows, which may ignore it;
/// what is missing may be given by a run config that extends this one.
pub(super) fn judge(
    kind: RunConfigKind,
    address: &Address,
    object: &Value,
    body: Body<'_>,
    diags: &mut Diagnostics,
) {
    for problem in run_config_problems(kind, &without_identity(object)) {
        let rest = problem.path.get(1..).unwrap_or_default();
        let Some(place) =
            in_attributes(body.attributes, rest).filter(|_| is_to_tell(&problem, &BTreeSet::new()))
        else {
            continue;
        };
        if problem.check.is_none() {
            diags.push(place.diagnostic(&problem).address(address.to_string()));
        }
    }
}

/// The same for a nested block, whose address is that of its flow.
pub(super) fn run_config_object(
    kind: RunConfigKind,
    address: &str,
    body: Body<'_>,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Value {
    let mut own: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut base = None;
    for attribute in body.attributes {
        let value = evaluate(&attribute.expr, scope, diags);
        if &*attribute.name.text == "extends" {
            base = extended(kind, &value, attribute.expr.span, diags);
        } else {
            own.insert(attribute.name.text.clone(), value);
        }
    }
    let refresh = refresh(&mut own, body.attributes, scope, diags);
    let remote = templates::read(kind, &mut own, body.attributes, refresh.is_some(), scope, diags);
    let replaces = TemplateFields::of(kind)
        .is_some_and(|group| group.names().any(|name| own.get(name).is_some_and(|value| !value.is_null())));
    let inherited = || base.as_ref().and_then(|base| base.get(REMOTE_TEMPLATE)?.as_entries().cloned());
    let remote = match remote {
        Some(remote) => Some(remote_template(&remote)),
        None if replaces => None,
        None => inherited(),
    };
    let own = Value::from(Kind::Object(Arc::new(own)));
    let mut written_by = written_by(kind, address, &own, base.as_ref());
    let merged = match base {
        Some(base) => merge_run_configs(&without_identity(&base), &own),
        None => own,
    };
    let fields = kind.fields().iter().map(|field| field.name).chain(["secret_env"]);
    let mut object = identified(kind.label(), address, &merged, fields);
    if let Kind::Object(entries) = &mut object.kind {
        let written = std::mem::take(&mut written_by).into_iter().map(|(name, by)| (name, Value::string(by)));
        let entries = Arc::make_mut(entries);
        entries.insert(WRITTEN_BY.into(), Value::object(written));
        if let Some(mut remote) = remote {
            if let Some(is_pinned) = refresh {
                remote.insert("is_pinned".into(), Value::bool(is_pinned));
            }
            entries.insert(REMOTE_TEMPLATE.into(), Value::from(Kind::Object(Arc::new(remote))));
        }
    }
    object
}

/// In which block each argument is written, with variables of `env` and `secret_env` as `env.NAME`.
fn written_by(
    kind: RunConfigKind,
    address: &str,
    own: &Value,
    base: Option<&Value>,
) -> BTreeMap<String, String> {
    let mut result = written(base);
    let given: BTreeSet<&str> = own
        .as_entries()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| &**name)
        .collect();
    // A template takes the place of the base's, however that was given.
    if let Some(group) = TemplateFields::of(kind)
        && group.names().any(|name| given.contains(name))
    {
        result.retain(|name, _| group.names().all(|other| other != name));
    }
    for name in given {
        if matches!(name, "env" | "secret_env") {
            for variable in own.get(name).and_then(Value::as_entries).into_iter().flatten() {
                result.insert(format!("{name}.{}", variable.0), address.to_owned());
            }
        }
        result.insert(name.to_owned(), address.to_owned());
    }
    result
}

/// In which block each argument of a run config's object is written.
pub(super) fn written(run_config: Option<&Value>) -> BTreeMap<String, String> {
    let entries = run_config.and_then(|value| value.get(WRITTEN_BY)?.as_entries());
    let entries = entries.into_iter().flatten();
    entries.filter_map(|(name, by)| Some((name.to_string(), by.as_str()?.to_owned()))).collect()
}

/// What `extends` names: a run config of the same kind, or a universal one.
fn extended(kind: RunConfigKind, value: &Value, span: Span, diags: &mut Diagnostics) -> Option<Value> {
    if value.is_unknown() || value.is_null() {
        return None;
    }
    let found = reference_kind(value, "run_config").and_then(RunConfigKind::from_label);
    match found {
        Some(base) if base == kind || base == RunConfigKind::Universal => Some(value.clone()),
        Some(base) => {
            diags.push(
                Diagnostic::error(
                    "Wrong kind to extend",
                    format!(
                        "A `{}` run config cannot extend a `{}` one: their fields differ.",
                        kind.label(),
                        base.label()
                    ),
                )
                .at(span)
                .help(format!("extend a `{}` or a `universal` run config", kind.label())),
            );
            None
        }
        None => {
            diags.push(not_a_block(span, value, "extends", "run_config.KIND.NAME"));
            None
        }
    }
}

/// Attributes that say which block an object came from.
const IDENTITY: [&str; 6] = ["kind", "name", "address", WRITTEN_BY, REMOTE_TEMPLATE, SCRIPT_TEXT];

/// The attribute of a storage's object that has the text of its script.
const SCRIPT_TEXT: &str = "script_text";

/// The text of a storage's script.
pub(super) fn script_text(storage: &Value) -> Option<&Value> {
    storage.get(SCRIPT_TEXT)
}

/// The attribute of a run config's object that says which server keeps its template.
const REMOTE_TEMPLATE: &str = "remote_template";

fn remote_template(remote: &RemoteTemplate) -> BTreeMap<Arc<str>, Value> {
    let unreadable = remote.unreadable.as_deref().map_or(Value::NULL, Value::string);
    BTreeMap::from([
        ("url".into(), Value::string(remote.url.as_str())),
        ("is_pinned".into(), Value::bool(remote.is_pinned)),
        ("unreadable".into(), unreadable),
    ])
}

/// The template that a server keeps, of a run config's object.
pub(super) fn remote_template_of(run_config: Option<&Value>) -> Option<RemoteTemplate> {
    let remote = run_config?.get(REMOTE_TEMPLATE)?;
    Some(RemoteTemplate {
        url: remote.get("url")?.as_str()?.to_owned(),
        is_pinned: remote.get("is_pinned").and_then(Value::as_bool).unwrap_or(false),
        unreadable: remote.get("unreadable").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Takes `template_refresh` out of the arguments; whether the content of a remote template is pinned, where that is said.
fn refresh(
    own: &mut BTreeMap<Arc<str>, Value>,
    attributes: &[Attribute],
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<bool> {
    let value = own.remove("template_refresh").filter(|value| !value.is_null())?;
    let attribute = attributes.iter().find(|attribute| &*attribute.name.text == "template_refresh")?;
    match value.as_str() {
        Some("always") => Some(false),
        Some("pinned") => Some(true),
        _ if value.is_unknown() && !scope.must_be_known(diags) => None,
        _ => {
            diags.push(
                Diagnostic::error(
                    "Unsuitable value",
                    "`template_refresh` says when a template that a server keeps is taken anew, and is known at plan time.",
                )
                .at(attribute.expr.span)
                .help("write `\"always\"`, which is the default, or `\"pinned\"`"),
            );
            None
        }
    }
}

/// The attribute of a run config's object that says in which block each of its arguments is written.
const WRITTEN_BY: &str = "written_by";

/// The object of a storage block.
pub(super) fn storage(
    kind: StorageKind,
    address: &Address,
    resource: &Resource,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Value {
    let mut own: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for attribute in &resource.arguments {
        if &*attribute.name.text != "script" {
            own.insert(attribute.name.text.clone(), evaluate(&attribute.expr, scope, diags));
        }
    }
    let script = script::text(kind, address, resource, scope, diags);
    own.extend(script.map(|text| (SCRIPT_TEXT.into(), text)));
    let own = Value::from(Kind::Object(Arc::new(own)));
    identified(kind.label(), &address.to_string(), &own, kind.all_fields().map(|field| field.name))
}

/// The agent and the object that flows refer to.
pub(super) fn agent(
    kind: AgentKind,
    address: &Address,
    (resource, header): (&Resource, Span),
    settings: &Settings,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> (DesiredAgent, Value) {
    let attributes = resource.arguments.iter();
    let own = Value::object(
        attributes.map(|attribute| (attribute.name.text.clone(), evaluate(&attribute.expr, scope, diags))),
    );
    let (document, problems) = agent_document(kind, &own);
    for problem in problems.iter().filter(|problem| is_to_tell(problem, &settings.ignored_checks)) {
        let place = in_attributes(&resource.arguments, &problem.path);
        let diagnostic =
            place.map_or_else(|| problem.diagnostic().at(header), |place| place.diagnostic(problem));
        diags.push(diagnostic.address(address.to_string()));
    }
    let mut labels = Vec::new();
    let mut options = BTreeMap::new();
    for (name, value) in document.as_entries().into_iter().flatten() {
        match (&**name, to_json(value)) {
            ("kind", _) => {}
            (_, None) => {
                if scope.must_be_known(diags) {
                    diags.push(
                        Diagnostic::error(
                            "Unknown option",
                            format!("`{name}` of an agent is published for others, so it must be known at plan time."),
                        )
                        .at(resource.argument(name).map_or(header, |attribute| attribute.expr.span))
                        .address(address.to_string()),
                    );
                }
            }
            ("labels", Some(list)) => {
                let texts = list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
                labels = texts.map(str::to_owned).collect();
            }
            (name, Some(json)) => drop(options.insert(name.to_owned(), json)),
        }
    }
    let fields = kind.all_fields().map(|field| field.name);
    let object = identified(kind.label(), &address.to_string(), &document, fields);
    let defaults = templates::agent_defaults(kind, &options, resource, scope, diags);
    let arguments = document;
    (
        DesiredAgent { address: address.clone(), kind, labels, options, arguments, defaults, span: header },
        object,
    )
}

/// Whether a problem of a block's arguments is to be told: arguments that the block does not have were told when it was decoded.
pub(super) fn is_to_tell(problem: &Problem, ignored: &BTreeSet<CheckName>) -> bool {
    problem.summary != "Unknown argument" && check::is_told(problem, ignored)
}

/// The agents as flows see them; `addresses` are theirs, in the same order.
pub(super) fn declared<'a>(agents: &'a [DesiredAgent], addresses: &'a [String]) -> Vec<DeclaredAgent<'a>> {
    let both = addresses.iter().zip(agents);
    both.map(|(address, agent)| DeclaredAgent {
        address,
        kind: agent.kind,
        labels: &agent.labels,
        options: &agent.arguments,
        defaults: &agent.defaults,
    })
    .collect()
}

/// The given fields of a block's object: without its identity, and without the nulls of what is not set.
pub(super) fn without_identity(value: &Value) -> Value {
    let entries = value.as_entries().into_iter().flatten();
    let own = entries.filter(|(name, value)| !IDENTITY.contains(&&***name) && !value.is_null());
    let object = Value::object(own.map(|(name, value)| (name.clone(), value.clone())));
    object.marked(value.marks)
}

/// The object with its identity and a null for each field that is not set.
pub(super) fn identified(
    kind: &str,
    address: &str,
    own: &Value,
    fields: impl Iterator<Item = &'static str>,
) -> Value {
    let block = split_modules(address).map_or(address, |(_, block)| block);
    let name = block.split('[').next().unwrap_or(block).rsplit('.').next().unwrap_or(block);
    let mut entries: BTreeMap<Arc<str>, Value> = fields.map(|name| (name.into(), Value::NULL)).collect();
    if let Some(own) = own.as_entries() {
        entries.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    entries.insert("kind".into(), Value::string(kind));
    entries.insert("name".into(), Value::string(name));
    entries.insert("address".into(), Value::string(address));
    Value::from(Kind::Object(Arc::new(entries)))
}

/// The kind of the block that an object came from, if it came from one of `block`.
pub(super) fn reference_kind<'a>(value: &'a Value, block: &str) -> Option<&'a str> {
    let (_, address) = split_modules(value.get("address")?.as_str()?)?;
    // A flow's address marks a run config that is nested in it.
    let fits = address.strip_prefix(block).is_some_and(|rest| rest.starts_with('.'))
        || (block == "run_config" && address.starts_with("flow."));
    fits.then(|| value.get("kind").and_then(Value::as_str)).flatten()
}

/// The node that an object's address names.
pub(super) fn node_of(config: &Config, value: &Value) -> Option<NodeId> {
    config.block_at(value.get("address")?.as_str()?)
}

/// The value of what decides about the plan itself; none where it changes by itself, which is told.
pub(super) fn setting(
    name: &str,
    expr: &Expr,
    address: &str,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let value = evaluate(expr, scope, diags);
    if !value.all_marks().contains(Marks::VOLATILE) {
        return Some(value);
    }
    diags.push(
        Diagnostic::error(
            "Changing argument",
            format!("`{name}` depends on a function whose result changes by itself, so no plan would be as the one before."),
        )
        .at(expr.span)
        .address(address)
        .help("use a variable in its place"),
    );
    None
}

/// Whether plans that end the block's instance are refused; where that cannot be told, they are.
pub(super) fn prevent_destroy(
    resource: &Resource,
    address: &str,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> bool {
    let Some(expr) = &resource.lifecycle.prevent_destroy else { return false };
    let Some(value) = setting("prevent_destroy", expr, address, scope, diags) else { return true };
    let answer = convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool());
    answer.unwrap_or_else(|| {
        if !value.is_unknown() || scope.must_be_known(diags) {
            diags.push(
                Diagnostic::error(
                    "Wrong type",
                    "`prevent_destroy` must be `true` or `false`, known at plan time.",
                )
                .at(expr.span),
            );
        }
        true
    })
}

pub(super) fn not_a_block(span: Span, value: &Value, argument: &str, form: &str) -> Diagnostic {
    Diagnostic::error(
        "Not a reference",
        format!("`{argument}` names another block, and this is {}.", described(value)),
    )
    .at(span)
    .help(format!("write `{argument} = {form}`"))
}
