//! The keys of a project's objects, relative to the project. Pure.

use flowform_provider_api::key_part;

pub(super) const REGISTRY: &str = "registry.json";
pub(super) const LEASE: &str = "lease.json";
pub(super) const LOG: &str = "log/";
pub(super) const SNAPSHOTS: &str = "snapshot/";
pub(super) const CURRENT: &str = "current/";
pub(super) const AGENTS: &str = "agents/";

/// Ten digits, so that the order of keys is the order of segments; more digits would still sort wrongly only
/// after ten thousand million segments.
pub(super) fn segment(seq: u64) -> String {
    format!("{LOG}{seq:010}.json")
}

pub(super) fn snapshot(seq: u64) -> String {
    format!("{SNAPSHOTS}{seq:010}.json.gz")
}

/// The segment that a key of the log or of the snapshots names; `None` for a file that is neither.
pub(super) fn seq_of(key: &str) -> Option<u64> {
    let name = key.strip_prefix(LOG).and_then(|name| name.strip_suffix(".json"));
    let name = name.or_else(|| key.strip_prefix(SNAPSHOTS)?.strip_suffix(".json.gz"))?;
    let seq = (name.len() >= 10 && name.bytes().all(|b| b.is_ascii_digit())).then(|| name.parse().ok());
    seq.flatten()
}

pub(super) fn current(name: &str) -> String {
    format!("{CURRENT}{}.json", key_part(name))
}

pub(super) fn agents(root: &str) -> String {
    format!("{AGENTS}{}.json", key_part(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_their_segment() {
        assert_eq!(segment(12), "log/0000000012.json");
        assert_eq!(seq_of(&segment(12)), Some(12));
        assert_eq!(seq_of(&snapshot(7)), Some(7));
        for other in ["log/.x.swp", "log/12.json", "log/00000000x2.json", "log/0000000012.json.bak", "x"] {
            assert_eq!(seq_of(other), None, "{other}");
        }
        assert_eq!(current("Daily ETL"), "current/daily-etl-a12731b2724c8278.json");
    }
}
