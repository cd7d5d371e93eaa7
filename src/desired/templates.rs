//! Templates that a run config names, by a path of the configuration or by a `template` block: their content becomes part
//! of the definition, as in the original (semantics 0.3). Files are read through what functions read through; remote places are left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::RemoteTemplate;
use super::data::{Answer, Request, What};
use super::locate::in_attributes;
use super::scope::BlockScope;
use super::template_block::{referenced, stored_document};
use crate::address::PathStep;
use crate::config::model::Resource;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::Scope;
use crate::flow::definition::defaults;
use crate::flow::definition::template::{
    Place, REALIGNED, REALIGNED_HELP, TemplateFields, parse, place, realigned,
};
use crate::flow::document::{self, Document};
use crate::flow::kind::{AgentKind, RunConfigKind, TemplateKind};
use crate::syntax::ast::Attribute;
use crate::value::{Marks, Type, Value, to_json};

/// Puts the content of a local template in the place of its path. What cannot be read is told, and unknown. Where the run
/// config says when its template `is_refreshed`, one in S3 is read too.
pub(super) fn read(
    kind: RunConfigKind,
    arguments: &mut BTreeMap<Arc<str>, Value>,
    attributes: &[Attribute],
    is_refreshed: bool,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<RemoteTemplate> {
    let group = TemplateFields::of(kind)?;
    of_block(kind, group, arguments, attributes, diags);
    let given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
    // Of two templates neither is taken, which the check of the definition says.
    if !given(group.path) || given(group.inline) || group.registered.is_some_and(given) {
        return None;
    }
    let written = arguments.get(group.path)?.clone();
    let stored = written.as_str().and_then(|path| stored_document(scope, path));
    let template = match (stored, written.as_str().map(place)) {
        (Some(document), _) => document,
        (None, Some(Place::Local(path))) => {
            let at = attributes.iter().find(|attribute| &*attribute.name.text == group.path);
            content(group.path, path, at, scope, diags)
        }
        (None, Some(Place::Remote)) if kind == RunConfigKind::Ecs => {
            let at = attributes.iter().find(|attribute| &*attribute.name.text == group.path);
            return remote(group, &written, arguments, at, is_refreshed, scope, diags);
        }
        (None, Some(Place::Remote | Place::Unusable(..)) | None) => return None,
    };
    let template = template.marked(written.marks);
    arguments.insert(group.path.into(), Value::NULL);
    arguments.insert(group.inline.into(), template);
    None
}

/// Puts what a server has in the place of its address: a registered definition is whole. Where nothing was read, the
/// address stays, and what could not be read is told by the plan.
fn remote(
    group: TemplateFields,
    written: &Value,
    arguments: &mut BTreeMap<Arc<str>, Value>,
    at: Option<&Attribute>,
    is_refreshed: bool,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<RemoteTemplate> {
    let url = written.as_str().filter(|_| written.marks == Marks::NONE)?;
    let (scheme, rest) = url.split_once("://")?;
    let what = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => What::Http { url: url.to_owned(), headers: BTreeMap::new(), timeout: None },
        // Credentials are not asked for unless it is said that the object is to be read.
        "s3" if is_refreshed => {
            let (bucket, key) = rest.split_once('/')?;
            What::S3Object { bucket: bucket.to_owned(), key: key.to_owned() }
        }
        "gs" | "gcs" if is_refreshed => {
            let (bucket, key) = rest.split_once('/')?;
            What::GcsObject { bucket: bucket.to_owned(), key: key.to_owned() }
        }
        _ => return None,
    };
    let text = match scope.data.read(&Request { what, secret: false })? {
        Ok(Answer::Response { status, body, .. }) if (200..300).contains(&status) => {
            String::from_utf8(body).map_err(|_| "what is there is not UTF-8".to_owned())
        }
        Ok(Answer::Response { status, .. }) => Err(format!("the server answered with the status {status}")),
        Ok(Answer::Bytes(bytes)) => {
            String::from_utf8(bytes).map_err(|_| "what is there is not UTF-8".to_owned())
        }
        Ok(Answer::Registry(_)) => Err("the answer is none of a server".to_owned()),
        Err(why) => Err(why),
    };
    let remote = |unreadable| Some(RemoteTemplate { url: url.to_owned(), is_pinned: false, unreadable });
    let text = match text {
        Ok(text) => text,
        Err(why) => return remote(Some(why)),
    };
    let template = match parse(&text) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let detail =
                format!("What is at {url} is part of definitions, but it cannot be read as YAML: {error}.");
            let help = "put a task definition there, as YAML or JSON";
            let diagnostic = Diagnostic::error("Unreadable template", detail).help(help);
            diags.push(match at {
                Some(attribute) => diagnostic.at(attribute.expr.span),
                None => diagnostic,
            });
            Value::unknown(Type::Any)
        }
    };
    arguments.insert(group.path.into(), Value::NULL);
    arguments.insert(group.inline.into(), template);
    remote(None)
}

/// Puts the document of a `template` block in the place of a reference to the block.
fn of_block(
    kind: RunConfigKind,
    group: TemplateFields,
    arguments: &mut BTreeMap<Arc<str>, Value>,
    attributes: &[Attribute],
    diags: &mut Diagnostics,
) {
    let (Some(wanted), Some(given)) = (TemplateKind::of(kind), arguments.get(group.inline)) else { return };
    let document = match referenced(wanted, given) {
        None => return,
        Some(Ok(document)) => document,
        Some(Err(found)) => {
            let at = attributes.iter().find(|attribute| &*attribute.name.text == group.inline);
            let diagnostic = Diagnostic::error(
                "Wrong kind of template",
                format!(
                    "`{}` of a `{}` run config takes a template of the kind `{}`, and this is one of the kind `{}`.",
                    group.inline,
                    kind.label(),
                    wanted.label(),
                    found.label()
                ),
            )
            .help(format!("name a `template \"{}\"` block", wanted.label()));
            diags.push(match at {
                Some(attribute) => diagnostic.at(attribute.expr.span),
                None => diagnostic,
            });
            Value::unknown(Type::Any)
        }
    };
    arguments.insert(group.inline.into(), document);
}

/// The options of an agent that belong to definitions, with the content of the documents that are files of the
/// configuration in the place of their paths.
pub(super) fn agent_defaults(
    kind: AgentKind,
    options: &BTreeMap<String, Json>,
    resource: &Resource,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> BTreeMap<String, Json> {
    let mut result = BTreeMap::new();
    for name in defaults::names(kind) {
        let Some(value) = options.get(*name) else { continue };
        let document = defaults::documents(kind).iter().find(|(path, _)| path == name);
        let (Some((_, inline)), Some(path)) = (document, value.as_str()) else {
            result.insert((*name).to_owned(), value.clone());
            continue;
        };
        if let Some(document) = stored_document(scope, path) {
            result.extend(to_json(&document).map(|document| ((*inline).to_owned(), document)));
            continue;
        }
        match place(path) {
            Place::Local(file) => {
                let content = content(name, file, resource.argument(name), scope, diags);
                let content = checked(kind, (name, inline), &content, resource, diags);
                result.extend(to_json(&content).map(|content| ((*inline).to_owned(), content)));
            }
            Place::Remote => {
                result.insert((*name).to_owned(), value.clone());
            }
            Place::Unusable(why, help) => {
                let diagnostic = Diagnostic::error("Unusable path", why).help(help);
                diags.push(match resource.argument(name) {
                    Some(attribute) => diagnostic.at(attribute.expr.span),
                    None => diagnostic,
                });
            }
        }
    }
    result
}

/// An agent's document in the form of its backend, checked as one of a run config is: it becomes part of the definitions of
/// the flows that the agent takes.
fn checked(
    kind: AgentKind,
    (name, inline): (&str, &str),
    content: &Value,
    resource: &Resource,
    diags: &mut Diagnostics,
) -> Value {
    let Some(document) = Document::of_argument(kind.run_config(), inline) else { return content.clone() };
    let (value, problems) = document::check(document, content, &[PathStep::Key(name.to_owned())]);
    for problem in &problems {
        let place = in_attributes(&resource.arguments, &problem.path);
        diags.push(place.map_or_else(|| problem.diagnostic(), |place| place.diagnostic(problem)));
    }
    value
}

/// How to name a file that is there.
const PLACES: &str = "the path is relative to the configuration's directory; a place elsewhere needs its scheme: `s3://`, `gs://`, `https://`, `agent:///`";
/// How to write one that can be read.
const TEXT: &str = "correct the file: it is YAML, or JSON, in UTF-8";

/// The document in a file of the configuration. What cannot be read is told, and unknown.
pub(super) fn content(
    argument: &str,
    path: &str,
    written: Option<&Attribute>,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Value {
    let read = scope.environment().read_file(path).map_err(|reason| (reason, PLACES));
    let document = read.and_then(|bytes| {
        let text = String::from_utf8(bytes).map_err(|_| (format!("`{path}` is not UTF-8"), TEXT))?;
        parse(&text).map_err(|error| (format!("`{path}` cannot be read as YAML: {error}"), TEXT))
    });
    let placed = |diagnostic: Diagnostic| match written {
        Some(attribute) => diagnostic.at(attribute.expr.span),
        None => diagnostic,
    };
    let document = document.map(|parsed| {
        if parsed.realigned {
            diags.push(placed(Diagnostic::warning(REALIGNED, realigned(argument)).help(REALIGNED_HELP)));
        }
        parsed.value
    });
    document.unwrap_or_else(|(reason, help)| {
        let diagnostic = Diagnostic::error(
            "Unreadable template",
            format!("The content of `{argument}` is part of definitions, but {reason}."),
        )
        .help(help);
        diags.push(placed(diagnostic));
        Value::unknown(Type::Any)
    })
}
