#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::*;
use crate::apply::event::{ApplyReport, Done, NotDone};
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::model::Action;
use crate::source::{SourceMap, Span};

#[test]
fn diagnostics_have_places_in_lines_columns_and_bytes() {
    let mut sources = SourceMap::default();
    let text = "flow \"é\" {\r\n  imge = 1\r\n}\r\n";
    let file = sources.add("main.hcl", text);
    let at = text.find("imge").unwrap();
    let mut all = Diagnostics::new();
    all.push(
        Diagnostic::error("Unknown argument", "A flow has no argument `imge`.")
            .at(Span::new(file, at, at + 4))
            .label("not an argument")
            .related(Span::new(file, 0, 9), "in this block")
            .suggest("imge", ["image"]),
    );
    all.push(Diagnostic::warning("Odd", "It is odd."));
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!("diagnostics_json", text_of(&diagnostics::document(&all, &sources)));
    });
}

#[test]
fn sensitive_outputs_have_no_value() {
    let records = BTreeMap::from([
        ("null".to_owned(), OutputRecord { value: None, sensitive: false }),
        ("token".to_owned(), OutputRecord { value: Some(json!("hunter2")), sensitive: true }),
    ]);
    assert_eq!(
        line(&outputs(&records)),
        "{\"null\":{\"sensitive\":false,\"value\":null},\"token\":{\"sensitive\":true}}\n"
    );
}

#[test]
fn an_apply_ends_with_a_document() {
    let report = ApplyReport {
        done: vec![Done { address: "flow.a".into(), action: Action::Create }],
        failed: vec![NotDone { address: "flow.b".into(), why: "Access denied.".into() }],
        skipped: vec![NotDone { address: "flow.c".into(), why: "flow.b failed".into() }],
        ..ApplyReport::default()
    };
    assert_eq!(
        line(&apply::document(&report)),
        concat!(
            r#"{"type":"apply_report","format_version":"1.0","complete":false,"interrupted":false,"#,
            r#""done":[{"address":"flow.a","action":"create"}],"#,
            r#""failed":[{"address":"flow.b","message":"Access denied."}],"#,
            r#""skipped":[{"address":"flow.c","because":"flow.b failed"}],"outputs":{},"checks":[]}"#,
            "\n"
        )
    );
}

fn text_of<T: Serialize>(document: &T) -> String {
    super::text(document)
}
