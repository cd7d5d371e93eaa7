//! What of a flow belongs to the machine on which it was registered. It asks no machine.

use super::hcl::Body;

/// `labels` without those that name a host or hold nothing.
pub(super) fn labels(
    labels: &[String],
    hosts: &[String],
    body: &mut Body,
    told: &mut impl FnMut(&mut Body, String),
) -> Vec<String> {
    let mut kept = Vec::with_capacity(labels.len());
    for label in labels {
        if label.is_empty() {
            told(body, "an empty label matches no agent".to_owned());
        } else if hosts.contains(label) || is_host(label) {
            told(body, format!("the label {label:?} is the name of the machine that registered"));
        } else {
            kept.push(label.clone());
        }
    }
    kept.sort();
    kept.dedup();
    kept
}

/// Whether a label is in all likelihood a host's name: the original adds that of the registering host to `Local` storage.
pub(super) fn is_host(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let domains = [".local", ".lan", ".home", ".internal", ".localdomain", ".fritz.box"];
    let begins = ["ip-", "desktop-", "laptop-", "win-"];
    let tail_of = |prefix: &str| {
        lower.strip_prefix(prefix).is_some_and(|tail| {
            tail.len() >= 4
                && tail.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
                && tail.chars().any(|c| c.is_ascii_digit())
        })
    };
    // A container's host name is the beginning of its id.
    let container = lower.len() == 12
        && lower.chars().all(|c| c.is_ascii_hexdigit())
        && lower.chars().any(|c| c.is_ascii_digit());
    lower == "localhost"
        || container
        || lower.contains("macbook")
        || lower.ends_with("-mbp")
        || domains.iter().any(|domain| lower.ends_with(domain))
        || begins.into_iter().any(tail_of)
}

/// Whether a path is in the home directory of somebody, or a temporary one.
pub(super) fn is_of_a_user(path: &str) -> bool {
    let homes = ["/home/", "/Users/", "/root/", "/tmp/", "/var/folders/", "/private/"];
    !path.starts_with('/')
        || matches!(path, "/root" | "/tmp")
        || homes.iter().any(|home| path.starts_with(home))
}
