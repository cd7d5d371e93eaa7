//! Where the state of a `data "terraform_state"` block is: which backend, and which of its arguments. It reads nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::What;
use crate::config::model::Resource;
use crate::desired::{AwsAccess, AwsRole};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::value::Value;

/// The arguments that only the backend `s3` has.
const S3_ONLY: [&str; 7] = ["bucket", "key", "region", "profile", "endpoint", "path_style", "role_arn"];

/// What the arguments ask for; `None` where they are in error.
pub(super) fn request(
    arguments: &BTreeMap<Arc<str>, Value>,
    resource: &Resource,
    header: Span,
    diags: &mut Diagnostics,
) -> Option<What> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    let span = |name: &str| resource.argument(name).map_or(header, |attribute| attribute.expr.span);
    let backend = text("backend").unwrap_or_else(|| "local".to_owned());
    let (needed, foreign): (&[&str], &[&str]) = match backend.as_str() {
        "local" => (&["path"], &S3_ONLY),
        "s3" => (&["bucket", "key"], &["path"]),
        _ => {
            diags.push(unknown_backend(&backend, span("backend")));
            return None;
        }
    };
    let before = diags.error_count();
    let given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
    for name in needed.iter().filter(|name| !given(name)) {
        diags.push(
            Diagnostic::error(
                "Missing argument",
                format!("A state with the backend `{backend}` needs the argument `{name}`."),
            )
            .at(header)
            .help(format!("add `{name} = ...`")),
        );
    }
    for name in foreign.iter().filter(|name| given(name)) {
        diags.push(
            Diagnostic::error(
                "Unknown argument",
                format!("A state with the backend `{backend}` has no argument `{name}`."),
            )
            .at(span(name))
            .help(match *name {
                "path" => "remove it, or use the backend `local`",
                _ => "remove it, or use `backend = \"s3\"`",
            }),
        );
    }
    if diags.error_count() > before {
        return None;
    }
    match backend.as_str() {
        "s3" => {
            let role = text("role_arn").map(|role_arn| AwsRole { role_arn, ..AwsRole::default() });
            let access = AwsAccess {
                region: text("region"),
                profile: text("profile"),
                endpoint: text("endpoint"),
                path_style: arguments.get("path_style").and_then(Value::as_bool),
                role,
                ..AwsAccess::default()
            };
            Some(What::S3State { bucket: text("bucket")?, key: text("key")?, access })
        }
        _ => Some(What::TerraformState { path: text("path")? }),
    }
}

fn unknown_backend(backend: &str, span: Span) -> Diagnostic {
    if backend == "gcs" {
        return Diagnostic::error(
            "Not supported by this version",
            "A state in `gcs` cannot be read by this version yet.",
        )
        .at(span)
        .help("copy the state to a file beforehand, as with `terraform state pull > terraform.tfstate`");
    }
    Diagnostic::error("Unknown kind", format!("There is no backend `{backend}` whose state could be read."))
        .at(span)
        .suggest(backend, ["local", "s3", "gcs"])
}
