//! The tables as JSON, for editors and other tools.

use serde_json::{Map, Value as Json, json};

use super::{Table, tables};

/// The version of the document's form: a minor one adds, a major one changes.
pub const FORMAT_VERSION: &str = "1.0";

/// Every block of the tables: `blocks.NAME.arguments`, or `blocks.NAME.kinds.KIND.arguments` where a block has kinds. An
/// argument has `type`, `required` and `description`.
pub fn schema() -> Json {
    let mut blocks: Map<String, Json> = Map::new();
    for table in tables() {
        let block = blocks.entry(table.block).or_insert_with(|| json!({}));
        let Json::Object(block) = block else { continue };
        match table.kind {
            None => block.extend(described(&table)),
            Some(kind) => {
                let kinds = block.entry("kinds").or_insert_with(|| json!({}));
                if let Json::Object(kinds) = kinds {
                    kinds.insert(kind.to_owned(), Json::Object(described(&table)));
                }
            }
        }
    }
    json!({ "format_version": FORMAT_VERSION, "blocks": blocks })
}

fn described(table: &Table) -> Map<String, Json> {
    let arguments: Map<String, Json> = table
        .fields
        .iter()
        .map(|field| {
            let about =
                json!({ "type": field.ty.name(), "required": field.required, "description": field.doc });
            (field.name.to_owned(), about)
        })
        .collect();
    let mut described = Map::new();
    described.insert("description".to_owned(), table.doc.into());
    described.insert("arguments".to_owned(), Json::Object(arguments));
    described
}
