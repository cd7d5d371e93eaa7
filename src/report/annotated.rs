//! A document as YAML with a remark behind each of its values. It knows nothing of what they mean.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use serde_saphyr::Commented;

/// The document with what `remark` says of the value at each JSON pointer behind that value; lists and objects are
/// remarked on through what is in them.
///
/// # Errors
/// Why it cannot be written.
pub fn yaml(document: &Json, remark: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let root = Annotated { value: document, pointer: String::new(), remark };
    serde_saphyr::to_string(&root).map_err(|error| error.to_string())
}

/// Every value that holds no others, by its JSON pointer, in the order of the document.
pub fn leaves(document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Json::Object(entries) if !entries.is_empty() => {
                let inner = entries.iter().map(|(key, value)| (below(&pointer, key), value));
                open.extend(inner.collect::<Vec<_>>().into_iter().rev());
            }
            Json::Array(items) if !items.is_empty() => {
                let inner =
                    items.iter().enumerate().map(|(index, value)| (format!("{pointer}/{index}"), value));
                open.extend(inner.collect::<Vec<_>>().into_iter().rev());
            }
            _ => found.push(pointer),
        }
    }
    found
}

fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

struct Annotated<'a> {
    value: &'a Json,
    pointer: String,
    remark: &'a dyn Fn(&str) -> Option<String>,
}

impl Annotated<'_> {
    fn inner<'b>(&'b self, value: &'b Json, pointer: String) -> Annotated<'b> {
        Annotated { value, pointer, remark: self.remark }
    }
}

// As deep as the document, which is made of a definition of limited depth.
impl Serialize for Annotated<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Json::Object(entries) if !entries.is_empty() => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &self.inner(value, below(&self.pointer, key)))?;
                }
                map.end()
            }
            Json::Array(items) if !items.is_empty() => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for (index, value) in items.iter().enumerate() {
                    list.serialize_element(&self.inner(value, format!("{}/{index}", self.pointer)))?;
                }
                list.end()
            }
            value => match (self.remark)(&self.pointer) {
                Some(remark) => Commented(value, remark).serialize(serializer),
                None => value.serialize(serializer),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_has_its_remark() {
        let document = json!({"a": {"b/c": 1, "d": "two\nlines"}, "e": ["x", {}], "f": null});
        assert_eq!(leaves(&document), ["/a/b~1c", "/a/d", "/e/0", "/e/1", "/f"]);
        let text = yaml(&document, &|pointer| (pointer != "/f").then(|| format!("at {pointer}"))).unwrap();
        assert_eq!(serde_saphyr::from_str::<Json>(&text).unwrap(), document);
        assert!(text.contains("b/c: 1 # at /a/b~1c\n"), "{text}");
        assert!(text.contains("x # at /e/0\n"), "{text}");
        assert!(!text.contains("at /f"), "{text}");
    }
}
