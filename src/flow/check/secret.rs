//! Plaintext that looks like a secret, by the name of its variable or by its form. It never shows a value.

use super::CheckName;
use crate::address::PathStep;
use crate::flow::definition::Problem;

/// A warning when the plaintext variable looks like a secret, by its name or by its value.
pub(crate) fn plaintext(name: &str, value: &str, path: &[PathStep], help: &str) -> Option<Problem> {
    let by_name = name_suggests_secret(name) && !is_harmless(value);
    if !by_name && !value_suggests_secret(value) {
        return None;
    }
    let what = if by_name { "its name" } else { "the form of its value" };
    Some(
        Problem::lint(
            CheckName::PlaintextSecret,
            path.to_vec(),
            format!(
                "By {what}, `{name}` holds a secret. The registry, the artifact and everybody who may read them would \
                 have it in plaintext."
            ),
        )
        .help(help),
    )
}

fn name_suggests_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // Names of things about a secret, not of the secret.
    if ["_FILE", "_PATH", "_NAME", "_ARN", "_ID", "_URL", "_DIR", "_SECRETS"]
        .iter()
        .any(|suffix| upper.ends_with(suffix))
    {
        return false;
    }
    ["PASSWORD", "PASSWD", "SECRET", "CREDENTIAL"].iter().any(|word| upper.contains(word))
        || ["_KEY", "_TOKEN", "APIKEY", "_PWD"].iter().any(|suffix| upper.ends_with(suffix))
        || upper == "TOKEN"
}

/// Values that no secret has: none, switches, short numbers.
fn is_harmless(value: &str) -> bool {
    value.is_empty()
        || matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off")
        || (value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn value_suggests_secret(value: &str) -> bool {
    let aws_key = value.len() == 20
        && (value.starts_with("AKIA") || value.starts_with("ASIA"))
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let prefixed = ["ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "pcu_", "pcs_"]
        .iter()
        .any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 8);
    let private_key = value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----");
    let random = longest_random_run(value) >= RANDOM;
    let jwt = value.starts_with("eyJ") && value.matches('.').count() == 2 && value.len() > 40;
    aws_key || prefixed || private_key || jwt || random || has_password_in_url(value)
}

/// So many characters without an order are a key or a token.
const RANDOM: usize = 24;

/// The length of the longest part of letters, digits, `+` and `/` that looks drawn by lot: capital and small letters and
/// digits, mixed throughout. Words, paths, numbers and hexadecimal digests do not.
fn longest_random_run(value: &str) -> usize {
    let part = |part: &str| {
        let classes = part.chars().map(|c| (c.is_ascii_uppercase(), c.is_ascii_lowercase()));
        let changes = classes.clone().zip(classes.skip(1)).filter(|(a, b)| a != b).count();
        let digits = part.chars().filter(char::is_ascii_digit).count();
        let has = |kind: fn(&char) -> bool| part.chars().any(|c| kind(&c));
        let both = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
        let mixed = changes * 3 >= part.len() && digits >= 1 && both;
        let path = part.split('/').count() > 3 || part.starts_with('/');
        if mixed && !path { part.len() } else { 0 }
    };
    let parts = value.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/'));
    parts.map(part).max().unwrap_or(0)
}

/// `scheme://user:password@host`
fn has_password_in_url(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty())
}
