//! Task definitions and Job templates of a run config: written inline, as a text, or named by a path (semantics 0.3).
//! It reads nothing: a local path is read by whoever evaluates the block, a remote one when it is used.

use std::collections::BTreeMap;

use super::problem::{Problem, at, key};
use super::{purity, values};
use crate::address::PathStep;
use crate::diag::Severity;
use crate::flow::document;
use crate::flow::kind::TemplateKind;
use crate::flow::yaml;
use crate::value::{Type, Value, from_json};

/// The arguments that give a kind's template, of which one may be given.
#[derive(Clone, Copy, Debug)]
pub struct TemplateFields {
    /// The template itself.
    pub inline: &'static str,
    /// Where it is.
    pub path: &'static str,
    /// One that the backend has already.
    pub registered: Option<&'static str>,
}

/// Those of `kubernetes`.
pub const KUBERNETES: TemplateFields =
    TemplateFields { inline: "job_template", path: "job_template_path", registered: None };
/// Those of `ecs`.
pub const ECS: TemplateFields = TemplateFields {
    inline: "task_definition",
    path: "task_definition_path",
    registered: Some("task_definition_arn"),
};

impl TemplateFields {
    /// Those of the run config kind, if it has templates.
    pub const fn of(kind: crate::flow::kind::RunConfigKind) -> Option<Self> {
        use crate::flow::kind::RunConfigKind;
        match kind {
            RunConfigKind::Kubernetes => Some(KUBERNETES),
            RunConfigKind::Ecs => Some(ECS),
            RunConfigKind::Universal
            | RunConfigKind::Local
            | RunConfigKind::Docker
            | RunConfigKind::Vertex => None,
        }
    }

    /// Every argument of the group.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [self.inline, self.path].into_iter().chain(self.registered)
    }
}

/// Where a path leads, by its scheme in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file of the configuration. The path has no scheme any more.
    Local(&'a str),
    /// Kept as it is and read where it is used.
    Remote,
    /// The path cannot be used; why, and how to fix it.
    Unusable(String, &'static str),
}

/// The place that a path names.
pub fn place(path: &str) -> Place<'_> {
    let Some((scheme, rest)) = path.split_once("://") else { return local(path, path) };
    let after_host = |kind: &str| match rest.split_once('/') {
        Some((host, key)) if !host.is_empty() && !key.trim_start_matches('/').is_empty() => Place::Remote,
        _ => Place::Unusable(
            format!("{path:?} does not name both a {kind} and what is in it."),
            "write it as `scheme://where/what`",
        ),
    };
    match scheme.to_ascii_lowercase().as_str() {
        "s3" | "gcs" | "gs" => after_host("bucket"),
        "http" | "https" if !rest.is_empty() => Place::Remote,
        "http" | "https" => {
            Place::Unusable(format!("{path:?} names no host."), "write it as `https://host/path`")
        }
        "agent" if rest.starts_with('/') => Place::Remote,
        "agent" => Place::Unusable(
            format!(
                "What stands between `agent://` and the next `/` is a host, which is ignored; {path:?} names no file."
            ),
            "write `agent:///absolute/path`, with three slashes",
        ),
        // The host is ignored by the original, so the path begins after it.
        "file" | "local" => match rest.strip_prefix('/') {
            Some(_) => local(rest, path),
            None => Place::Unusable(
                format!(
                    "What stands between the scheme and the next `/` is a host, which is ignored; {path:?} names no file."
                ),
                "write the path alone: `templates/x.yaml`",
            ),
        },
        _ => Place::Unusable(
            format!(
                "{path:?} has a scheme that nothing reads; there are `s3`, `gcs`, `gs`, `http`, `https` and `agent`, and no scheme for a file of the configuration."
            ),
            "use one of them, or a path relative to the configuration",
        ),
    }
}

fn local<'a>(rest: &'a str, whole: &str) -> Place<'a> {
    if rest.contains(['?', '#']) {
        return Place::Unusable(
            format!("The original cuts a path at `?` and `#`, so {whole:?} would name another file."),
            "rename the file",
        );
    }
    match rest.is_empty() {
        true => Place::Unusable("The path is empty.".to_owned(), "write the path of a file, or leave it out"),
        false => Place::Local(rest),
    }
}

/// A template that was read from its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The template.
    pub value: Value,
    /// Whether lines were indented wrongly, and read as they can only be meant ([`document::indentation`]).
    pub realigned: bool,
}

/// A template from its text: YAML as the original reads it, which JSON is too. What is no YAML only because the members of
/// lists are indented wrongly is taken, as one of the original's own examples is written so.
///
/// # Errors
/// What is wrong with the text, in words. An empty text is an error here; in the original it is no template, and the
/// agent's takes its place.
pub fn parse(text: &str) -> Result<Parsed, String> {
    let (read, realigned) = match yaml::read(text, NAMELESS) {
        Ok(read) => (read, false),
        Err(error) => {
            let realigned = document::indentation(text).and_then(|text| yaml::read(&text, NAMELESS).ok());
            (realigned.ok_or_else(|| in_words(&error.message))?, true)
        }
    };
    if let Some((name, line)) = read.repeated.first() {
        return Err(format!(
            "`{name}` in line {line} is there for the second time, and the first would be lost"
        ));
    }
    if read.json.is_null() {
        return Err("it is empty".to_owned());
    }
    Ok(Parsed { value: from_json(&read.json), realigned })
}

/// The name of a text that whoever reads it names in another way.
const NAMELESS: &str = "template";

/// What the reader of YAML says, on one line and without the name.
fn in_words(message: &str) -> String {
    let name = format!("\n  in \"{NAMELESS}\"");
    message.replace(&format!("{name}, "), " in ").replace(&name, "")
}

/// The summary of the warning about wrongly indented lines.
pub const REALIGNED: &str = "Template with wrong indentation";
/// How to fix them.
pub const REALIGNED_HELP: &str = "give all lines of one member of a list the depth of its first field";

/// What is said about wrongly indented lines.
pub fn realigned(argument: &str) -> String {
    format!(
        "Lines of `{argument}` are indented deeper than the field before them, which has a value already, so that the text \
         is no YAML; they are taken as fields beside it."
    )
}

/// The document of a `template` block, checked against what its backend has published and put in its form; unknown
/// where it is in error. `argument` is how it is given, an object or a text.
pub fn whole(kind: TemplateKind, argument: &str, value: &Value) -> (Value, Vec<Problem>) {
    let (path, mut problems) = ([key(argument)], Vec::new());
    let mut value = purity::purify(value, &path, &mut problems);
    if let Some(text) = value.as_str() {
        value = from_text(argument, text, &path, &mut problems);
    }
    value = object(argument, value, &path, &mut problems);
    if !value.is_null() {
        let (checked, found) = document::check(kind.document(), &value, &path);
        problems.extend(found);
        value = checked;
    }
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        value = Value::unknown(Type::Any);
    }
    (value, problems)
}

/// A template that is given as a text; unknown where that is no YAML.
fn from_text(argument: &str, text: &str, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    match parse(text) {
        Ok(parsed) => {
            if parsed.realigned {
                let warning = Problem::warning(path.to_vec(), REALIGNED, realigned(argument));
                problems.push(warning.help(REALIGNED_HELP));
            }
            purity::purify(&parsed.value, path, problems)
        }
        Err(error) => {
            problems.push(Problem::error(
                path.to_vec(),
                "Template that is not YAML",
                format!("The text of `{argument}` cannot be read as YAML: {error}."),
            ));
            Value::unknown(Type::Any)
        }
    }
}

/// A template is an object; anything else is told and null.
fn object(argument: &str, template: Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    if template.is_unknown() || template.as_entries().is_some() {
        return template;
    }
    problems.push(
        Problem::error(
            path.to_vec(),
            "Unsuitable value",
            format!("`{argument}` must be an object, but this is {}.", values::describe(&template)),
        )
        .help("write the whole document, as an object or as YAML"),
    );
    Value::NULL
}

/// Where a `template` block is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredAt {
    /// A file: relative to the configuration's directory and below it, or absolute.
    File(String),
    /// An object of a bucket: `s3://bucket/key`, `gs://bucket/key`.
    Object(String),
    /// The text under a key of a ConfigMap: `configmap://namespace/name/key`.
    ConfigMap(String),
    /// A file of the agent's machine: `agent:///absolute/path`.
    Agent(String),
    /// The path cannot be used; why, and how to fix it.
    Unusable(String, &'static str),
}

/// The place that the `path` of a `template` block names. A relative path stays below the configuration's directory, so
/// that nothing is written elsewhere by accident; an absolute one is taken as it is, on the machine that applies.
pub fn stored_at(path: &str) -> StoredAt {
    if let Some((scheme, rest)) = path.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "s3" => bucket_object(path, "s3", "write it as `s3://bucket/path/of/the/template.json`"),
            "gcs" | "gs" => bucket_object(path, "gs", "write it as `gs://bucket/path/of/the/template.json`"),
            "configmap" => config_map_key(path, rest),
            "agent" => match stored_at(rest) {
                StoredAt::File(file) if file.starts_with('/') => StoredAt::Agent(format!("agent://{file}")),
                _ => StoredAt::Unusable(
                    format!("{path:?} names no file of the agent's machine."),
                    "write `agent:///absolute/path`, with three slashes",
                ),
            },
            _ => StoredAt::Unusable(
                format!("Nothing stores templates at {path:?}."),
                "write the path of a file, or a place in `s3`, `gcs`, `configmap` or `agent`",
            ),
        };
    }
    let unusable = |why: &str, help| StoredAt::Unusable(format!("{path:?} {why}."), help);
    if path.is_empty()
        || path.ends_with('/')
        || path.contains(['?', '#', '\\'])
        || path.contains(char::is_control)
    {
        return unusable("is not the path of a file", "write a path such as `templates/job.json`");
    }
    let (root, rest) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            if parts.pop().is_none() {
                return unusable(
                    "leads out of the configuration's directory",
                    "write a path below it, or an absolute one",
                );
            }
        } else {
            parts.push(part);
        }
    }
    match parts.is_empty() {
        true => unusable("is not the path of a file", "write a path such as `templates/job.json`"),
        false => StoredAt::File(format!("{root}{}", parts.join("/"))),
    }
}

/// An object of a bucket, by a key that every store takes; `gcs` and `gs` are one place.
fn bucket_object(path: &str, scheme: &str, help: &'static str) -> StoredAt {
    let rest = path.split_once("://").map_or("", |(_, rest)| rest);
    let plain = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= 255;
    let is_usable = rest.len() <= 1024
        && rest.contains('/')
        && rest.split('/').all(plain)
        && !rest.contains('\\')
        && !rest.contains(char::is_control);
    match is_usable {
        true => StoredAt::Object(format!("{scheme}://{rest}")),
        false => StoredAt::Unusable(format!("{path:?} does not name an object of a bucket."), help),
    }
}

/// A key of a ConfigMap, by names that Kubernetes takes (its page "Object Names and IDs", and that of ConfigMaps for keys).
fn config_map_key(path: &str, rest: &str) -> StoredAt {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label = |text: &str| {
        text.len() <= 63
            && text.starts_with(edge)
            && text.ends_with(edge)
            && text.chars().all(|c| edge(c) || c == '-')
    };
    let is_key = |text: &str| {
        !matches!(text, "" | "." | "..")
            && text.len() <= 253
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        [namespace, name, key]
            if label(namespace) && name.len() <= 253 && name.split('.').all(label) && is_key(key) =>
        {
            StoredAt::ConfigMap(format!("configmap://{rest}"))
        }
        _ => StoredAt::Unusable(
            format!("{path:?} does not name a key of a ConfigMap."),
            "write it as `configmap://namespace/name/key`",
        ),
    }
}

/// Puts the template and its path in their final form: the template an object, the path a remote one, at most one of
/// the group given. `fields` holds the group's arguments as given.
pub(super) fn settle(
    group: &TemplateFields,
    fields: &mut BTreeMap<&'static str, Value>,
    base: &[PathStep],
    problems: &mut Vec<Problem>,
) {
    let given: Vec<&str> =
        group.names().filter(|name| fields.get(name).is_some_and(|value| !value.is_null())).collect();
    if let [first, second, ..] = given.as_slice() {
        problems.push(
            Problem::error(
                at(base, second),
                "More than one template",
                format!(
                    "`{first}` and `{second}` are both given, and each of them is the whole template; they are never \
                     merged."
                ),
            )
            .help(format!("keep one of {}", group.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        );
        return;
    }
    let take = |name: &'static str, fields: &mut BTreeMap<&'static str, Value>| {
        fields.insert(name, Value::NULL).unwrap_or(Value::NULL)
    };
    let path = at(base, group.inline);
    let mut location = take(group.path, fields);
    let mut template = take(group.inline, fields);
    if let Some(text) = template.as_str() {
        if text.contains("://") && !text.contains(char::is_whitespace) {
            // One of the original's own examples is written so.
            problems.push(
                Problem::warning(
                    path.clone(),
                    "Path in place of a template",
                    format!(
                        "`{}` is a text with a scheme, which is a path; it is taken as `{}`.",
                        group.inline, group.path
                    ),
                )
                .help(format!("write `{} = {text:?}`", group.path)),
            );
            (location, template) = (template, Value::NULL);
        } else {
            template = from_text(group.inline, text, &path, problems);
        }
    }
    if !template.is_null() {
        template = object(group.inline, template, &path, problems);
    }
    if let Some(text) = location.as_str() {
        match place(text) {
            Place::Remote => {}
            Place::Local(_) => problems.push(
                Problem::error(
                    at(base, group.path),
                    "Template that was not read",
                    format!(
                        "{text:?} is a file of the configuration, and its content is part of the definition."
                    ),
                )
                .help(format!("write `{} = file({text:?})`", group.inline)),
            ),
            Place::Unusable(why, help) => {
                problems.push(Problem::error(at(base, group.path), "Unusable path", why).help(help));
            }
        }
    }
    fields.insert(group.path, location);
    fields.insert(group.inline, template);
}
