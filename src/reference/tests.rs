#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use super::*;

#[test]
fn the_schema_has_every_argument_with_its_type() {
    let schema = schema();
    for table in tables() {
        let block = &schema["blocks"][table.block];
        let described = match table.kind {
            Some(kind) => &block["kinds"][kind],
            None => block,
        };
        for field in &table.fields {
            let argument = &described["arguments"][field.name];
            assert_eq!(argument["type"], field.ty.name(), "{table:?} {}", field.name);
            assert_eq!(argument["required"], field.required, "{table:?} {}", field.name);
        }
    }
}

#[test]
fn an_editor_is_told_type_and_meaning() {
    assert_eq!(
        hover("storage", Some("s3"), Some("bucket")).as_deref(),
        Some("`bucket`: string, required\n\nThe bucket.")
    );
    assert_eq!(hover("run_config", Some("ecs"), None).as_deref(), Some("An ECS task."));
    assert_eq!(hover("run_config", Some("ecs"), Some("cups")), None);
}

#[test]
fn no_page_is_left_without_its_table() {
    for page in pages() {
        assert!(page.text.contains("| argument | type | meaning |"), "{}", page.path);
        assert!(!page.text.contains("{{"), "{}", page.path);
    }
}
