//! The `registry` block: where the record is kept. It connects to nothing.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics};
use crate::syntax::ast::{Attribute, Block};

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
    ("gcs", (&["bucket"], &["prefix", "endpoint", "credentials", "impersonate_service_account"])),
];

/// What a `registry` block says; `None` where it cannot be used, which `diags` then tells. `text` reads an argument.
pub(super) fn registry(
    block: &Block,
    mut text: impl FnMut(&Attribute, &mut Diagnostics) -> Option<String>,
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
                let value = text(attribute, diags);
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
    if kind == "s3" {
        return Diagnostic::error(
            "Not supported by this version",
            format!("The language has the registry `{kind}`, but this version cannot use it yet."),
        )
        .at(block.header)
        .help("use `registry \"local\" { path = \"...\" }`");
    }
    Diagnostic::error(
        "Unknown kind",
        format!("There is no registry of the kind `{kind}`. The kinds are: local, s3, gcs."),
    )
    .at(block.header)
    .suggest(kind, ["local", "s3", "gcs"])
}
