//! `data` blocks: one instance to the object that others refer to. What is read comes from a [`DataSource`]; a block
//! whose arguments are not known, or whose answer is not had, is unknown.

mod source;
mod state;
mod terraform;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub use source::{Answer, Answered, DataSource, DataTable, NoData, Request, What};

use super::scope::BlockScope;
use crate::config::model::Resource;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::flow::kind::{DataKind, Field, FieldType};
use crate::source::Span;
use crate::value::{Kind, Marks, Type, Value, convert, from_json, type_name};

/// What became of a `data` block.
pub(super) struct Data {
    /// The object that others refer to.
    pub(super) value: Value,
    /// Whether it waits for what is known only after apply.
    pub(super) is_deferred: bool,
}

/// Evaluates the arguments and asks for what they name.
pub(super) fn data(
    kind: DataKind,
    address: &str,
    resource: &Resource,
    header: Span,
    scope: &BlockScope<'_>,
    source: &dyn DataSource,
    diags: &mut Diagnostics,
) -> Data {
    let before = diags.error_count();
    let mut arguments: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for field in kind.fields() {
        let value = match resource.argument(field.name) {
            Some(attribute) => {
                let value = evaluate(&attribute.expr, scope, diags);
                typed(field, &value, attribute.expr.span, diags)
            }
            None => Value::NULL,
        };
        arguments.insert(field.name.into(), value);
    }
    // What a block waits for may change what it reads.
    let waits = resource.depends_on.iter().any(|expr| !evaluate(expr, scope, diags).is_wholly_known());
    let failed = diags.error_count() > before;
    let asks = arguments.iter().filter(|(name, _)| &***name != "defaults");
    let is_deferred = waits || !asks.into_iter().all(|(_, value)| value.is_wholly_known());
    let result = match (failed || is_deferred, request(kind, &arguments, resource, header, diags)) {
        (false, Some(request)) => source.read(&request).map(|answered| (request, answered)),
        _ => None,
    };
    let mut object = arguments;
    for field in kind.results() {
        object.insert(field.name.into(), Value::unknown(unknown_type(field)));
    }
    if let Some((request, answered)) = result {
        let read = answered.and_then(|answer| results(answer, &object));
        match read {
            Ok(results) => object.extend(results.into_iter().map(|(name, value)| (name.into(), value))),
            Err(why) => diags.push(not_readable(&request, address, &why, header)),
        }
    }
    Data { value: Value::from(Kind::Object(Arc::new(object))), is_deferred: is_deferred && !failed }
}

fn typed(field: &Field, value: &Value, span: Span, diags: &mut Diagnostics) -> Value {
    if value.all_marks().contains(Marks::VOLATILE) {
        diags.push(
            Diagnostic::error(
                "Changing argument",
                format!("`{}` depends on a function whose result changes by itself, so every plan would read something else.", field.name),
            )
            .at(span)
            .help("use a variable in its place"),
        );
        return Value::unknown(Type::Any);
    }
    if value.is_null() && field.required {
        diags.push(
            Diagnostic::error(
                "Null argument",
                format!("`{}` must be given, and it is null here.", field.name),
            )
            .at(span),
        );
        return Value::unknown(Type::Any);
    }
    let ty = match field.ty {
        FieldType::String | FieldType::NumberAsText => Type::String,
        FieldType::Number => Type::Number,
        FieldType::Bool => Type::Bool,
        FieldType::ListOfString => Type::List(Box::new(Type::String)),
        FieldType::MapOfString => Type::Map(Box::new(Type::String)),
        FieldType::ListOfAny | FieldType::MapOfAny | FieldType::Any => Type::Any,
    };
    convert(value, &ty).unwrap_or_else(|_| {
        diags.push(
            Diagnostic::error(
                "Wrong type",
                format!("`{}` is {}, and this is a {}.", field.name, field.ty.describe(), type_name(value)),
            )
            .at(span),
        );
        Value::unknown(Type::Any)
    })
}

fn unknown_type(field: &Field) -> Type {
    match field.ty {
        FieldType::String => Type::String,
        FieldType::Number => Type::Number,
        FieldType::MapOfString => Type::Map(Box::new(Type::String)),
        _ => Type::Any,
    }
}

/// What known arguments ask for.
fn request(
    kind: DataKind,
    arguments: &BTreeMap<Arc<str>, Value>,
    resource: &Resource,
    header: Span,
    diags: &mut Diagnostics,
) -> Option<Request> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let span = |name: &str| resource.argument(name).map(|attribute| attribute.expr.span);
    let asks = arguments.iter().filter(|(name, _)| &***name != "defaults");
    let marks = asks.fold(Marks::NONE, |marks, (_, value)| marks.union(value.all_marks()));
    let what = match kind {
        DataKind::File => What::File { path: text("path")?.to_owned() },
        DataKind::TerraformState => state::request(arguments, resource, header, diags)?,
        DataKind::FlowformRegistry => {
            What::Registry { project: text("project")?.to_owned(), path: text("path").map(str::to_owned) }
        }
        DataKind::Http => {
            let headers = arguments.get("request_headers").and_then(Value::as_entries);
            let headers = headers.into_iter().flatten();
            let headers =
                headers.filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())));
            let timeout = match (text("timeout"), span("timeout")) {
                (Some(text), Some(span)) => Some(milliseconds(text, span, diags)?),
                _ => None,
            };
            What::Http { url: text("url")?.to_owned(), headers: headers.collect(), timeout }
        }
    };
    Some(Request { what, secret: marks.contains(Marks::SENSITIVE) })
}

fn milliseconds(text: &str, span: Span, diags: &mut Diagnostics) -> Option<u64> {
    let whole = text.parse::<f64>().ok();
    let parsed = || {
        let parsed: jiff::Span = text.trim().parse().ok()?;
        parsed.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours())).ok()
    };
    let seconds = whole.or_else(parsed).filter(|seconds| *seconds > 0.0 && *seconds <= 600.0);
    if seconds.is_none() {
        diags.push(
            Diagnostic::error(
                "Invalid duration",
                "`timeout` is a duration of more than 0 and at most 10 minutes.",
            )
            .at(span)
            .help("write for example `\"10s\"`"),
        );
    }
    // In range, as checked above.
    seconds.map(|seconds| ((seconds * 1000.0) as u64).max(1))
}

/// The attributes that an answer gives.
fn results(
    answer: Answer,
    arguments: &BTreeMap<Arc<str>, Value>,
) -> Result<Vec<(&'static str, Value)>, String> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map_or(Value::NULL, Value::string);
    Ok(match answer {
        // Of the kinds that read files, only states have defaults.
        Answer::Bytes(bytes) if arguments.contains_key("defaults") => {
            let mut outputs: BTreeMap<Arc<str>, Value> =
                arguments.get("defaults").and_then(Value::as_entries).cloned().unwrap_or_default();
            let found = terraform::outputs(&bytes)?;
            outputs.extend(found.into_iter().map(|(name, value)| (name.into(), value)));
            vec![("outputs", Value::from(Kind::Object(Arc::new(outputs))))]
        }
        Answer::Bytes(bytes) => {
            let sum = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            vec![
                ("content", text(&bytes)),
                ("content_base64", Value::string(STANDARD.encode(&bytes))),
                ("sha256", Value::string(sum)),
            ]
        }
        Answer::Registry(mut attributes) => {
            let fields = DataKind::FlowformRegistry.results().iter();
            let read = |field: &Field| (field.name, attributes.remove(field.name).unwrap_or_default());
            fields.map(read).map(|(name, json)| (name, from_json(&json))).collect()
        }
        Answer::Response { status, headers, body } => {
            let headers = headers.into_iter().map(|(name, value)| (name.into(), Value::string(value)));
            vec![
                ("status_code", Value::int(i64::from(status))),
                ("response_headers", Value::from(Kind::Map(Arc::new(headers.collect())))),
                ("response_body", text(&body)),
                ("response_body_base64", Value::string(STANDARD.encode(&body))),
            ]
        }
    })
}

fn not_readable(request: &Request, address: &str, why: &str, header: Span) -> Diagnostic {
    let (place, help) = match &request.what {
        What::File { path } => (path.clone(), "check that the file exists and may be read"),
        What::TerraformState { path } => {
            (path.clone(), "give the path of a state file that Terraform 0.12 or a later one wrote")
        }
        What::Registry { project, .. } => (
            project.clone(),
            "check the name of the project and the `path` of its registry; what was never applied is in none",
        ),
        What::S3State { bucket, key, .. } => (
            format!("s3://{bucket}/{key}"),
            "give the bucket and the key of a state that Terraform 0.12 or a later one wrote, and credentials that may read it",
        ),
        What::S3Object { bucket, key } => {
            (format!("s3://{bucket}/{key}"), "check that the object exists and may be read")
        }
        What::GcsObject { bucket, key } => {
            (format!("gs://{bucket}/{key}"), "check that the object exists and may be read")
        }
        What::Http { url, .. } => (
            url.clone(),
            "check the address and the network; where there is none, keep the answer in a file and read it with `data \"file\"`",
        ),
    };
    let place = if request.secret { "what its sensitive arguments name".to_owned() } else { place };
    Diagnostic::error("Data not readable", format!("`{address}` cannot be read from {place}: {why}."))
        .at(header)
        .address(address)
        .help(help)
}
