//! The constructors of the original's run configs: their rules in their order, their coercions and defaults
//! (semantics 0.3 and 1). What a constructor stores is serialized later, and only then are most values looked at.

use serde_json::{Map, Value as Json};

use super::schema::{self, Shape};
use super::{RunConfigError, absolute, entries_of, kind_of};
use crate::flow::kind::RunConfigKind;
use crate::flow::location::{self, Read};
use crate::flow::{labels, python, yaml};

/// The disk of the machine on which a constructor runs.
#[derive(Clone, Copy)]
pub struct Disk<'a> {
    /// The working directory, against which a relative `working_dir` is taken.
    pub cwd: &'a str,
    /// Reads the files that paths name; a relative path is for the reader to take against `cwd`.
    pub read: &'a Read<'a>,
}

/// What a constructor made: values as it stores them.
#[derive(Clone, Debug, PartialEq)]
pub struct Constructed {
    kind: RunConfigKind,
    env: Json,
    /// Without equal members, in the order given.
    labels: Vec<Json>,
    /// Every field of the kind but `env` and `labels`; what is missing is null.
    fields: Map<String, Json>,
    /// Whether a document that was read has dates, which cannot be written.
    dated: bool,
}

/// Constructs the run config that `arguments` describe: an object with `type` (the class name) and the
/// constructor's arguments.
///
/// # Errors
/// What the constructor raises; `ValidationError` for a `type` that is missing or unknown; what reading a file or its YAML raises.
pub fn construct(arguments: &Json, disk: Disk<'_>) -> Result<Constructed, RunConfigError> {
    let kind = kind_of(arguments)?;
    let mut entries = entries_of(arguments)?.clone();
    entries.remove("type");
    Constructed::new(kind, entries, disk)
}

impl Constructed {
    pub(super) fn new(
        kind: RunConfigKind,
        mut arguments: Map<String, Json>,
        disk: Disk<'_>,
    ) -> Result<Self, RunConfigError> {
        let shapes = schema::shapes(kind);
        let known =
            |name: &str| matches!(name, "env" | "labels") || shapes.iter().any(|(known, _)| *known == name);
        if let Some(unknown) = arguments.keys().find(|name| !known(name)) {
            // The class without a constructor of its own has its base's.
            let owner = if kind == RunConfigKind::Universal { "RunConfig" } else { kind.class() };
            return Err(RunConfigError::type_error(format!(
                "{owner}.__init__() got an unexpected keyword argument '{unknown}'"
            )));
        }
        let env = arguments.remove("env").unwrap_or(Json::Null);
        let labels = labels::unique(arguments.remove("labels").as_ref())?;
        if kind == RunConfigKind::Vertex && !arguments.contains_key("machine_type") {
            arguments.insert("machine_type".to_owned(), "e2-standard-4".into());
        }
        let mut fields: Map<String, Json> = shapes
            .iter()
            .map(|(name, _)| ((*name).to_owned(), arguments.remove(*name).unwrap_or(Json::Null)))
            .collect();
        let mut dated = false;
        match kind {
            RunConfigKind::Universal | RunConfigKind::Docker | RunConfigKind::Vertex => {}
            RunConfigKind::Local => working_dir(&mut fields, disk.cwd)?,
            RunConfigKind::Kubernetes => dated = kubernetes(&mut fields, disk)?,
            RunConfigKind::Ecs => dated = ecs(&mut fields, disk)?,
        }
        Ok(Self { kind, env, labels, fields, dated })
    }

    /// The serialized form: one flat object with every field of the kind, `labels` sorted, `type` and
    /// `__version__` (semantics 0.4).
    ///
    /// # Errors
    /// What the original raises for a value that its schema cannot write.
    pub fn to_serialized(&self, prefect_version: &str) -> Result<Json, RunConfigError> {
        if self.dated {
            return Err(RunConfigError::validation(
                "When running with Prefect Cloud/Server, templates must be JSON compatible: a date is not.",
            ));
        }
        let mut out = Map::new();
        out.insert("env".to_owned(), schema::dump(Shape::Mapping, &self.env)?);
        out.insert("labels".to_owned(), labels::serialized(&self.labels)?.into());
        for (name, shape) in schema::shapes(self.kind) {
            let value = self.fields.get(*name).unwrap_or(&Json::Null);
            out.insert((*name).to_owned(), schema::dump(*shape, value)?);
        }
        out.insert("type".to_owned(), self.kind.class().into());
        out.insert("__version__".to_owned(), prefect_version.into());
        Ok(Json::Object(out))
    }

    /// The run config of a flow that has none.
    pub fn universal() -> Self {
        Self {
            kind: RunConfigKind::Universal,
            env: Json::Null,
            labels: Vec::new(),
            fields: Map::new(),
            dated: false,
        }
    }

    /// Adds to the set of its labels.
    ///
    /// # Errors
    /// `TypeError` for a list or a mapping among them.
    pub fn add_labels(&mut self, labels: &[Json]) -> Result<(), RunConfigError> {
        let all: Vec<Json> = self.labels.iter().chain(labels).cloned().collect();
        self.labels = labels::unique(Some(&Json::Array(all)))?;
        Ok(())
    }

    /// Its parts: `env`, `labels` and the other fields.
    pub(super) fn into_parts(self) -> (Json, Vec<Json>, Map<String, Json>) {
        (self.env, self.labels, self.fields)
    }
}

fn given<'a>(fields: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    fields.get(name).filter(|value| !value.is_null())
}

fn working_dir(fields: &mut Map<String, Json>, cwd: &str) -> Result<(), RunConfigError> {
    let made = match given(fields, "working_dir") {
        None => return Ok(()),
        Some(Json::String(path)) => absolute(path, cwd),
        Some(other) => return Err(no_path(other)),
    };
    fields.insert("working_dir".to_owned(), made.into());
    Ok(())
}

/// Whether the template has dates.
fn kubernetes(fields: &mut Map<String, Json>, disk: Disk<'_>) -> Result<bool, RunConfigError> {
    let mut dated = false;
    let path = given(fields, "job_template_path").cloned();
    let template = given(fields, "job_template").cloned();
    if let (Some(_), Some(_)) = (&path, &template) {
        return Err(RunConfigError::value_error(
            "Cannot provide both `job_template_path` and `job_template`",
        ));
    }
    match path {
        Some(path) => dated = read_local(fields, "job_template", "job_template_path", &path, disk)?,
        None => {
            if let Some(Json::String(text)) = template {
                let yaml::Loaded { json: template, has_dates, .. } = yaml::read(&text, "<unicode string>")?;
                fields.insert("job_template".to_owned(), template);
                dated = has_dates;
            }
        }
    }
    if given(fields, "job_template").is_some_and(|template| !template.is_object()) {
        return Err(RunConfigError::new(crate::flow::original::ErrorClass::AssertionError, ""));
    }
    into_text(fields, &["cpu_limit", "cpu_request"]);
    if let Some(secrets) = given(fields, "image_pull_secrets") {
        let secrets = python::members(secrets)?;
        fields.insert("image_pull_secrets".to_owned(), Json::Array(secrets));
    }
    match given(fields, "image_pull_policy") {
        None => Ok(dated),
        Some(Json::String(policy)) if matches!(policy.as_str(), "Always" | "IfNotPresent" | "Never") => {
            Ok(dated)
        }
        Some(policy @ (Json::Array(_) | Json::Object(_))) => {
            Err(RunConfigError::type_error(format!("unhashable type: '{}'", python::type_name(policy))))
        }
        Some(policy) => Err(RunConfigError::value_error(format!(
            "Invalid image_pull_policy {}.  Expected 'Always', 'IfNotPresent', or 'Never'",
            python::repr(policy)
        ))),
    }
}

/// Whether the definition has dates.
fn ecs(fields: &mut Map<String, Json>, disk: Disk<'_>) -> Result<bool, RunConfigError> {
    let mut dated = false;
    let definitions = ["task_definition", "task_definition_path", "task_definition_arn"];
    if definitions.iter().filter(|name| given(fields, name).is_some()).count() > 1 {
        return Err(RunConfigError::value_error(
            "Can only provide one of `task_definition`, `task_definition_path`, or `task_definition_arn`",
        ));
    }
    if given(fields, "task_definition_arn").is_some() && given(fields, "image").is_some() {
        return Err(RunConfigError::value_error(
            "Cannot provide both `task_definition_arn` and `image`, since an ECS task's `image` can only be \
             configured as part of the task definition",
        ));
    }
    if let Some(path) = given(fields, "task_definition_path").cloned() {
        dated = read_local(fields, "task_definition", "task_definition_path", &path, disk)?;
    }
    into_text(fields, &["cpu", "memory"]);
    Ok(dated)
}

/// Reads a path of scheme `file` now and clears it; every other scheme is kept for the agent (semantics 0.3). Whether what
/// was read has dates.
fn read_local(
    fields: &mut Map<String, Json>,
    document: &str,
    field: &str,
    path: &Json,
    disk: Disk<'_>,
) -> Result<bool, RunConfigError> {
    let Json::String(path) = path else { return Err(no_path(path)) };
    if location::parse(path)?.scheme != "file" {
        return Ok(false);
    }
    let yaml::Loaded { json: loaded, has_dates: dated, .. } =
        yaml::read(&location::read_text(path, disk.read)?, path)?;
    fields.insert(document.to_owned(), loaded);
    fields.insert(field.to_owned(), Json::Null);
    Ok(dated)
}

fn into_text(fields: &mut Map<String, Json>, names: &[&str]) {
    for name in names {
        if let Some(value) = given(fields, name) {
            let text = python::text(value);
            fields.insert((*name).to_owned(), text.into());
        }
    }
}

fn no_path(value: &Json) -> RunConfigError {
    RunConfigError::type_error(format!(
        "expected str, bytes or os.PathLike object, not {}",
        python::type_name(value)
    ))
}
