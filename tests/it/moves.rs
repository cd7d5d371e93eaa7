//! `moved` and `removed` blocks: chains are followed, what cannot be meant is refused.

use crate::support::{Project, snapshot};

const SHOP: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "a" {
  storage = storage.module.code
}

flow "kept" {
  for_each = toset(["eu"])
  storage  = storage.module.code
}
"#;

fn moved(moves: &[(&str, &str)]) -> String {
    moves.iter().map(|(from, to)| format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")).collect()
}

#[test]
fn moves_are_followed_from_one_to_the_next() {
    let project = Project::applied(SHOP);
    let id = project.versions("flow.a")["id"].clone();
    project.edit("flow \"a\" {\n", "flow \"d\" {\n  for_each = toset([\"x\"])\n");
    project.write(
        "moved.hcl",
        &moved(&[("flow.c", "flow.d[\"x\"]"), ("flow.a", "flow.b"), ("flow.b", "flow.c")]),
    );
    snapshot!("moves_chain", project.plan().stdout);
    project.apply();
    assert_eq!(project.versions("flow.d[\"x\"]")["id"], id, "it is the same flow");
    project.is_settled();
}

#[test]
fn moves_that_are_wrong() {
    let project = Project::applied(SHOP);
    let mut text = String::new();
    for (name, moves) in [
        ("still_declared", moved(&[("flow.a", "flow.b")])),
        ("to_itself", moved(&[("flow.a", "flow.a")])),
        ("two_targets", moved(&[("flow.x", "flow.a"), ("flow.x", "flow.kept")])),
        ("two_origins", moved(&[("flow.x", "flow.a"), ("flow.y", "flow.a")])),
        ("circle", moved(&[("flow.x", "flow.y"), ("flow.y", "flow.z"), ("flow.z", "flow.x")])),
        ("instance_still_declared", moved(&[("flow.kept[\"eu\"]", "flow.b")])),
        ("removed_and_declared", "removed {\n  from = flow.kept\n}\n".to_owned()),
    ] {
        project.write("moved.hcl", &moves);
        text.push_str(&format!("--- {name}\n{}\n", project.run("plan").fails().stderr));
    }
    // What is moved to nothing would end, which an old block may mean.
    project.write("moved.hcl", &moved(&[("flow.old", "flow.aa")]));
    text.push_str(&format!("--- to_nothing\n{}\n", project.plan().stderr));
    // The same twice, and blocks that have done their work, are in order.
    project.write("moved.hcl", &moved(&[("flow.old", "flow.a"), ("flow.old", "flow.a")]));
    project.run("plan --warnings-as-errors").succeeds();
    snapshot!("moves_errors", text);
}
