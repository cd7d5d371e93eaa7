//! The `registry` block: where the record is kept. It connects to nothing.

use std::collections::BTreeMap;

use super::registry_s3::{self, S3Registry};
use super::settings::text;
use super::static_scope::StaticScope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::syntax::ast::Block;

/// Where the registry is.
#[derive(Clone, Debug, PartialEq)]
pub enum RegistrySettings {
    /// A directory; relative to the configuration.
    Local {
        /// The directory as written.
        path: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs(GcsSettings),
    /// A bucket of S3, or of what is compatible with it.
    S3(Box<S3Registry>),
}

/// A registry in Google Cloud Storage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcsSettings {
    /// The bucket's name.
    pub bucket: String,
    /// What the names of all objects begin with; empty for none.
    pub prefix: String,
    /// The address that stands for the service's own.
    pub endpoint: Option<String>,
    /// A file of credentials; relative to the configuration.
    pub credentials: Option<String>,
    /// The service account that calls are made as.
    pub impersonate_service_account: Option<String>,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self::Local { path: ".flowform/registry".to_owned() }
    }
}

/// The arguments of a kind: those that must be there, then the others.
type Arguments = (&'static [&'static str], &'static [&'static str]);

/// Every kind that this version has, with its arguments.
const KINDS: &[(&str, Arguments)] = &[
    ("local", (&[], &["path"])),
    ("s3", (&["bucket"], registry_s3::ARGUMENTS)),
    ("gcs", (&["bucket"], &["prefix", "endpoint", "credentials", "impersonate_service_account"])),
];

/// What a `registry` block says; `None` where it cannot be used, which `diags` then tells.
pub(super) fn registry(
    block: &Block,
    scope: &StaticScope<'_>,
    diags: &mut Diagnostics,
) -> Option<RegistrySettings> {
    let kind = block.labels.first().map_or("", |label| &*label.text);
    let Some((_, (required, optional))) = KINDS.iter().find(|(known, _)| *known == kind) else {
        diags.push(unknown_kind(block, kind));
        return None;
    };
    let mut given: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for attribute in &block.body.attributes {
        let name = &*attribute.name.text;
        let known = required.iter().chain(*optional).copied();
        match known.clone().find(|known| *known == name) {
            Some(name) => {
                // S3 has arguments that are no texts, and reads its own.
                let value = if kind == "s3" { None } else { text(attribute, scope, diags) };
                given.insert(name, value);
            }
            None => diags.push(
                Diagnostic::error(
                    "Unknown argument",
                    format!("A registry of the kind `{kind}` has no argument `{name}`."),
                )
                .at(attribute.name.span)
                .suggest(name, known),
            ),
        }
    }
    for name in required.iter().filter(|name| !given.contains_key(**name)) {
        diags.push(
            Diagnostic::error(
                "Missing argument",
                format!("A registry of the kind `{kind}` needs the argument `{name}`."),
            )
            .at(block.header)
            .help(format!("add `{name} = ...`")),
        );
    }
    let mut take = |name: &str| given.remove(name).flatten();
    match kind {
        "local" => take("path").map(|path| RegistrySettings::Local { path }),
        "s3" => registry_s3::s3(block, scope, diags).map(|s3| RegistrySettings::S3(Box::new(s3))),
        "gcs" => Some(RegistrySettings::Gcs(GcsSettings {
            bucket: take("bucket")?,
            prefix: take("prefix").unwrap_or_default(),
            endpoint: take("endpoint"),
            credentials: take("credentials"),
            impersonate_service_account: take("impersonate_service_account"),
        })),
        _ => None,
    }
}

fn unknown_kind(block: &Block, kind: &str) -> Diagnostic {
    Diagnostic::error(
        "Unknown kind",
        format!("There is no registry of the kind `{kind}`. The kinds are: local, s3, gcs."),
    )
    .at(block.header)
    .suggest(kind, ["local", "s3", "gcs"])
}
