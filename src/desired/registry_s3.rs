//! `registry "s3"`: a bucket, and how AWS is reached. It connects to nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::settings::text;
use super::static_scope::StaticScope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block};
use crate::value::{Kind, Marks, Type, Value, convert, described, to_json};

/// A registry in a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct S3Registry {
    /// The bucket.
    pub bucket: String,
    /// What its keys begin with; empty unless given.
    pub prefix: String,
    /// How objects are encrypted.
    pub encryption: S3Encryption,
    /// How the bucket is reached.
    pub access: AwsAccess,
}

/// How objects are encrypted where they are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum S3Encryption {
    /// As the bucket's default says.
    Bucket,
    /// With keys that S3 manages.
    S3,
    /// With this key of KMS; the account's own for S3 when `None`.
    Kms(Option<String>),
}

/// How AWS is reached; what is not given is found as the AWS SDK finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsAccess {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// Where S3 is called, instead of AWS.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of addresses.
    pub path_style: Option<bool>,
    /// How often a call is made at most.
    pub max_attempts: Option<u32>,
    /// The accounts that the credentials may lead to; empty means any.
    pub allowed_account_ids: BTreeSet<String>,
    /// The role that is assumed.
    pub role: Option<AwsRole>,
}

/// A role to assume.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsRole {
    /// Which.
    pub role_arn: String,
    /// What the session is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// What the role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// The arguments, but for `bucket`.
pub(super) const ARGUMENTS: &[&str] = &[
    "prefix",
    "region",
    "profile",
    "endpoint",
    "path_style",
    "encryption",
    "kms_key",
    "assume_role",
    "max_attempts",
    "allowed_account_ids",
];

/// Evaluates the arguments of `registry "s3"`; `None` where they are in error. Which arguments there are is checked before.
pub(super) fn s3(block: &Block, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<S3Registry> {
    let mut given = |name: &str| argument(block, name).and_then(|found| text(found, scope, diags));
    let bucket = given("bucket");
    let prefix = given("prefix").unwrap_or_default();
    let (encryption, kms_key) = (given("encryption"), given("kms_key"));
    let mut access = AwsAccess {
        region: given("region"),
        profile: given("profile"),
        endpoint: given("endpoint"),
        ..AwsAccess::default()
    };
    access.path_style = argument(block, "path_style").and_then(|found| flag(found, scope, diags));
    access.max_attempts = argument(block, "max_attempts").and_then(|found| attempts(found, scope, diags));
    access.role = argument(block, "assume_role").and_then(|found| role(found, scope, diags));
    if let Some(found) = argument(block, "allowed_account_ids") {
        access.allowed_account_ids = accounts(found, scope, diags);
    }
    let encryption = match (encryption.as_deref(), kms_key) {
        (None | Some("kms"), Some(key)) => S3Encryption::Kms(Some(key)),
        (Some("kms"), None) => S3Encryption::Kms(None),
        (Some("s3"), None) => S3Encryption::S3,
        (None, None) => S3Encryption::Bucket,
        (Some(_), _) => {
            let at = argument(block, "encryption").map_or(block.header, |found| found.expr.span);
            diags.push(unusable(
                at,
                "`encryption` is `\"s3\"` or `\"kms\"`, and only the latter has a `kms_key`.",
            ));
            return None;
        }
    };
    if let (Some(endpoint), Some(found)) = (&access.endpoint, argument(block, "endpoint"))
        && !endpoint.starts_with("https://")
        && !endpoint.starts_with("http://")
    {
        let detail = format!(
            "`endpoint` is an address that begins with `https://` or `http://`, and {endpoint:?} does not."
        );
        diags.push(unusable(found.expr.span, &detail));
    }
    Some(S3Registry { bucket: bucket?, prefix, encryption, access })
}

fn argument<'a>(block: &'a Block, name: &str) -> Option<&'a Attribute> {
    block.body.attributes.iter().find(|attribute| &*attribute.name.text == name)
}

fn unusable(at: Span, detail: &str) -> Diagnostic {
    Diagnostic::error("Unusable setting", detail.to_owned()).at(at)
}

/// The value, unless it is in error, sensitive or not known.
fn plain(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<Value> {
    let value = evaluate(&attribute.expr, scope, diags);
    if !value.is_wholly_known() {
        return None;
    }
    if value.all_marks() != Marks::NONE {
        let detail = format!(
            "`{}` is shown in messages, so it can be neither sensitive nor change by itself.",
            attribute.name.text
        );
        diags.push(unusable(attribute.expr.span, &detail));
        return None;
    }
    Some(value)
}

fn wrong_type(attribute: &Attribute, wanted: &str, value: &Value) -> Diagnostic {
    let name = &attribute.name.text;
    let detail = format!("`{name}` must be {wanted}, and this is {}.", described(value));
    Diagnostic::error("Wrong type", detail).at(attribute.expr.span)
}

fn flag(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<bool> {
    let value = plain(attribute, scope, diags)?;
    let found = convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool());
    if found.is_none() {
        diags.push(wrong_type(attribute, "true or false", &value));
    }
    found
}

fn attempts(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<u32> {
    let value = plain(attribute, scope, diags)?;
    let number = to_json(&value).and_then(|json| json.as_u64()).filter(|count| (1..=100).contains(count));
    if number.is_none() {
        diags.push(wrong_type(attribute, "a whole number from 1 to 100", &value));
    }
    number.and_then(|count| u32::try_from(count).ok())
}

fn accounts(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> BTreeSet<String> {
    let Some(value) = plain(attribute, scope, diags) else { return BTreeSet::new() };
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let texts = convert(&value, &Type::Set(Box::new(Type::String))).ok().and_then(|set| to_json(&set));
    let found: Option<BTreeSet<String>> = match texts {
        Some(Json::Array(items)) => items
            .iter()
            .map(|item| item.as_str().filter(|text| is_account(text)).map(str::to_owned))
            .collect(),
        _ => None,
    };
    // An empty list would allow any account, which nobody means by writing it.
    match found {
        Some(found) if !found.is_empty() => found,
        _ => {
            diags.push(wrong_type(attribute, "a list of account ids, twelve digits in quotes each", &value));
            BTreeSet::new()
        }
    }
}

fn role(attribute: &Attribute, scope: &StaticScope<'_>, diags: &mut Diagnostics) -> Option<AwsRole> {
    let value = plain(attribute, scope, diags)?;
    let fields = match &value.kind {
        Kind::Object(_) | Kind::Map(_) => to_json(&value),
        _ => None,
    };
    let found = fields.and_then(|json| serde_json::from_value::<AwsRole>(json).ok());
    let found = found.filter(|role| role.role_arn.starts_with("arn:"));
    if found.is_none() {
        let wanted = "an object with `role_arn`, and `session_name` and `external_id` where they are needed";
        diags.push(wrong_type(attribute, wanted, &value));
    }
    found
}
