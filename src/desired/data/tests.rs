use super::source::{Answer, DataSource, DataTable, Request, What};
use super::terraform::{outputs, without_secrets};
use crate::value::{Marks, to_json, type_of};

const STATE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.0",
  "serial": 7,
  "lineage": "a",
  "outputs": {
    "name": {"value": "cluster", "type": "string"},
    "count": {"value": "3", "type": "number"},
    "zones": {"value": ["b", "a"], "type": ["set", "string"]},
    "network": {"value": {"id": "n-1", "subnets": ["s-1"]}, "type": ["object", {"id": "string", "subnets": ["list", "string"]}]},
    "pair": {"value": ["a", 1], "type": ["tuple", ["string", "number"]]},
    "tags": {"value": {"a": "b"}, "type": ["map", "string"]},
    "nothing": {"value": null, "type": "dynamic"}
  },
  "resources": [{"instances": [{"attributes": {"password": "hunter2"}}]}]
}"#;

#[test]
fn outputs_have_their_recorded_types() {
    let found = outputs(STATE.as_bytes()).expect("a state");
    let shown: Vec<String> =
        found.iter().map(|(name, value)| format!("{name}: {} = {value:?}", type_of(value))).collect();
    assert_eq!(
        shown,
        [
            "count: number = 3",
            "name: string = \"cluster\"",
            "network: object({id = string, subnets = list(string)}) = {\"id\": \"n-1\", \"subnets\": [\"s-1\"]}",
            "nothing: any = null",
            "pair: tuple([string, number]) = [\"a\", 1]",
            "tags: map(string) = {\"a\": \"b\"}",
            "zones: set(string) = {\"a\", \"b\"}",
        ]
    );
}

#[test]
fn sensitive_outputs_are_sensitive_and_kept_nowhere() {
    let secret = STATE.replace("\"cluster\", ", "\"cluster\", \"sensitive\": true, ");
    let found = outputs(secret.as_bytes()).expect("a state");
    assert!(found["name"].marks.contains(Marks::SENSITIVE), "it stays sensitive");
    assert!(without_secrets(secret.as_bytes()).is_none(), "the file is read again instead");
    let kept = without_secrets(STATE.as_bytes()).expect("nothing in it is sensitive");
    assert!(!String::from_utf8_lossy(&kept).contains("hunter2"), "resources are not kept");
    let again = outputs(&kept).expect("it is a state still");
    assert_eq!(
        again.values().map(to_json).collect::<Vec<_>>(),
        outputs(STATE.as_bytes()).expect("a state").values().map(to_json).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_no_state_says_why() {
    for (text, why) in [
        ("", "it is no state file (line 1, column 0)"),
        ("{}", "it is no state file: it has no `version`"),
        (r#"{"version": 3, "modules": []}"#, "it has format 3, and only format 4 can be read"),
        (r#"{"version": 4, "encrypted_data": "x"}"#, "it is encrypted"),
        (r#"{"version": "hunter2"}"#, "it is no state file (line 1, column 21)"),
    ] {
        assert_eq!(outputs(text.as_bytes()).err().as_deref(), Some(why), "{text}");
    }
    let deep = format!(
        r#"{{"version": 4, "outputs": {{"a": {{"value": [], "type": {}"string"{}}}}}}}"#,
        "[\"list\",".repeat(60),
        "]".repeat(60)
    );
    assert!(outputs(deep.as_bytes()).is_ok());
}

#[test]
fn requests_are_gathered_until_they_are_answered() {
    let table = DataTable::default();
    let request = Request { what: What::File { path: "a".to_owned() }, secret: false };
    let secret = Request { what: What::File { path: "b".to_owned() }, secret: true };
    assert!(
        table.read(&request).is_none() && table.read(&request).is_none() && table.read(&secret).is_none()
    );
    assert_eq!(table.take_wanted(), [request.clone(), secret.clone()]);
    assert!(table.take_wanted().is_empty());
    table.answer(request.clone(), Ok(Answer::Bytes(vec![1])));
    table.answer(secret, Ok(Answer::Bytes(vec![2])));
    assert!(table.read(&request) == Some(Ok(Answer::Bytes(vec![1]))));
    assert!(table.take_wanted().is_empty(), "what is had is not asked for");
    assert!(table.to_keep() == [(request, Answer::Bytes(vec![1]))], "what is secret is not kept");
}
