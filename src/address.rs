//! Addresses: the names that blocks and their instances have inside one configuration.
//!
//! Text such as `flow.etl["eu"]` or `run_config.local.base`. An address is an alias; the identity of a flow is
//! its id in the registry.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The key of one instance of a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// The block has neither `count` nor `for_each`.
    None,
    /// The index under `count`.
    Index(u64),
    /// The key under `for_each`.
    Key(Arc<str>),
}

impl Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(key) => {
                f.write_str("[\"")?;
                for c in key.chars() {
                    match c {
                        '"' | '\\' => {
                            f.write_char('\\')?;
                            f.write_char(c)?;
                        }
                        '\n' => f.write_str("\\n")?,
                        '\t' => f.write_str("\\t")?,
                        '\r' => f.write_str("\\r")?,
                        c => f.write_char(c)?,
                    }
                }
                f.write_str("\"]")
            }
        }
    }
}

/// A block: its kind and labels. `flow.etl`, `run_config.local.base`, `var.region`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockAddress {
    /// The block's kind as it is referred to (`flow`, `run_config`, `var`, `local`, ...).
    pub kind: Arc<str>,
    /// The type label, for kinds that have one (`local` in `run_config.local.base`).
    pub type_label: Option<Arc<str>>,
    /// The name.
    pub name: Arc<str>,
}

impl Display for BlockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(label) = &self.type_label {
            write!(f, ".{label}")?;
        }
        write!(f, ".{}", self.name)
    }
}

/// One instance of a block, inside a module path (empty at the root).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The modules around the block, outermost first.
    pub module: Vec<(Arc<str>, InstanceKey)>,
    /// The block.
    pub block: BlockAddress,
    /// Which of the block's instances.
    pub key: InstanceKey,
}

impl Address {
    /// The instance `key` of a block of the root configuration.
    pub fn root(block: BlockAddress, key: InstanceKey) -> Self {
        Self { module: Vec::new(), block, key }
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, key) in &self.module {
            write!(f, "module.{name}{key}.")?;
        }
        write!(f, "{}{}", self.block, self.key)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Modules with the instances that an address goes through, outermost first.
pub type ModulePath = Vec<(Arc<str>, InstanceKey)>;

/// The modules at the beginning of an address's text, and the rest: `module.a["x"].flow.etl` is `a["x"]` and `flow.etl`. The
/// rest is empty when the text names a module. `None` when the text is no address.
pub fn split_modules(text: &str) -> Option<(ModulePath, &str)> {
    let mut path = ModulePath::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("module.") {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (key, after) = if after.starts_with('[') { key(after)? } else { (InstanceKey::None, after) };
        if name.is_empty() {
            return None;
        }
        path.push((name.into(), key));
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some((path, "")),
            None => return None,
        }
    }
    Some((path, rest))
}

/// The part of an address before and after the calls of these names, whatever their instances.
pub fn inside<'a>(module: &[Arc<str>], address: &'a str) -> Option<(&'a str, &'a str)> {
    if module.is_empty() {
        return Some(("", address));
    }
    let (path, _) = split_modules(address)?;
    let mut rest = address;
    for (at, name) in module.iter().enumerate() {
        let (called, key) = path.get(at).filter(|(called, _)| called == name)?;
        let step = "module.".len() + called.len() + key.to_string().len();
        rest = rest.get(step..)?.strip_prefix('.')?;
    }
    Some((address.strip_suffix(rest)?, rest))
}

/// A key in brackets at the beginning of `text`, and what follows it.
fn key(text: &str) -> Option<(InstanceKey, &str)> {
    let inside = text.strip_prefix('[')?;
    let Some(quoted) = inside.strip_prefix('"') else {
        let (index, rest) = inside.split_once(']')?;
        return Some((InstanceKey::Index(index.parse().ok()?), rest));
    };
    let mut key = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((InstanceKey::Key(key.into()), quoted.get(at + 1..)?.strip_prefix(']')?)),
            '\\' => key.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            c => key.push(c),
        }
    }
    None
}

/// The order of addresses as people read them: by text, but numbers in brackets by their value.
pub fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a.split('['), b.split('['));
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (None, None) => return std::cmp::Ordering::Equal,
            (None, Some(_)) => return std::cmp::Ordering::Less,
            (Some(_), None) => return std::cmp::Ordering::Greater,
            (Some(x), Some(y)) => (x, y),
        };
        let numbers = (index_of(x), index_of(y));
        let order = match numbers {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => std::cmp::Ordering::Equal,
        };
        let order = order.then_with(|| x.cmp(y));
        if order.is_ne() {
            return order;
        }
    }
}

/// The number before a closing bracket.
fn index_of(part: &str) -> Option<u64> {
    part.split_once(']')?.0.parse().ok()
}

/// A piece of a path into a value: `env["A"]`, `schedules[0].cron`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathStep {
    /// An index of a list.
    Index(usize),
    /// An attribute of an object or a key of a map.
    Key(String),
}

/// The text of a path: `env.A`, `schedules[0].cron`, `env["odd key"]`.
pub fn path_text(path: &[PathStep]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            PathStep::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
            PathStep::Key(key) if is_plain(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            PathStep::Key(key) => {
                let _ = write!(out, "{}", InstanceKey::Key(key.as_str().into()));
            }
        }
    }
    out
}

fn is_plain(key: &str) -> bool {
    key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_split_off() {
        let text = r#"module.a["x.y\\"].module.b[3].flow.etl["eu"]"#;
        let (path, rest) = split_modules(text).expect("an address");
        assert_eq!(rest, r#"flow.etl["eu"]"#);
        assert_eq!(
            path,
            [("a".into(), InstanceKey::Key("x.y\\".into())), ("b".into(), InstanceKey::Index(3))]
        );
        assert_eq!(split_modules("module.a").map(|(path, rest)| (path.len(), rest)), Some((1, "")));
        assert_eq!(split_modules("flow.etl").map(|(path, rest)| (path.len(), rest)), Some((0, "flow.etl")));
        for wrong in ["module.", "module.a[", "module.a[\"x", "module.a[\"x\"", "module.a[1]x", "module.a[x]"]
        {
            assert_eq!(split_modules(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn indices_are_ordered_by_value_and_keys_by_text() {
        let mut addresses =
            ["flow.f[10]", "flow.f[9]", "flow.f", "flow.f[\"b\"]", "flow.f[\"a\"]", "flow.e[2]"];
        addresses.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            addresses,
            ["flow.e[2]", "flow.f", "flow.f[\"a\"]", "flow.f[\"b\"]", "flow.f[9]", "flow.f[10]"]
        );
    }
}
