//! `template` blocks: documents that several run configs share, and that flowform stores where the block says so.

use serde_json::{Value, json};

use crate::support::{Project, snapshot};

const HEAD: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

"#;

/// A Job template as an argument of a block.
const JOB: &str = r#"  content = {
    apiVersion = "batch/v1"
    kind       = "Job"
    spec = {
      template = {
        spec = {
          containers = [{ name = "flow", image = "own:1" }]
        }
      }
    }
  }
"#;

fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

fn flow(name: &str, kind: &str, body: &str) -> String {
    format!(
        "flow \"{name}\" {{\n  storage = storage.module.code\n  run_config \"{kind}\" {{\n{body}\n  }}\n}}\n"
    )
}

fn rendered(project: &Project, flow: &str) -> Value {
    project.run(&format!("render {flow}")).succeeds().json()
}

/// However a template is given and named, the flow has the same definition as if it had been written inline.
#[test]
fn a_shared_template_is_the_template_that_is_written_inline() {
    let inline = project(&flow("etl", "kubernetes", &JOB.replace("content", "job_template")));
    let digest = rendered(&inline, "flow.etl")["digest"].clone();
    let by_block = "    job_template = template.kubernetes_job.base";
    for block in [
        JOB.to_owned(),
        "  content = file(\"job.yaml\")\n".to_owned(),
        "  file = \"./job.yaml\"\n".to_owned(),
    ] {
        let text = format!(
            "template \"kubernetes_job\" \"base\" {{\n{block}}}\n{}",
            flow("etl", "kubernetes", by_block)
        );
        let project = project(&text);
        project.write("job.yaml", "kind: Job\napiVersion: batch/v1\nspec:\n  template:\n    spec:\n      containers:\n        - name: flow\n          image: own:1\n");
        assert_eq!(rendered(&project, "flow.etl")["digest"], digest, "{block}");
    }
    for way in ["template.kubernetes_job.base.content", "template.kubernetes_job.base.document"] {
        let body = format!("    job_template = {way}");
        let text =
            format!("template \"kubernetes_job\" \"base\" {{\n{JOB}}}\n{}", flow("etl", "kubernetes", &body));
        assert_eq!(rendered(&project(&text), "flow.etl")["digest"], digest, "{way}");
    }
}

/// A template that nothing stores is shared: it is a value, and no change of a plan.
#[test]
fn a_template_without_a_path_is_shared_and_not_stored() {
    let text = format!(
        r#"template "ecs_task_definition" "size" {{
  for_each = {{ small = 256, large = 1024 }}
  content = {{
    networkMode          = "awsvpc"
    cpu                  = each.value
    memory               = each.value * 2
    containerDefinitions = [{{ name = "flow", image = "own:1", logConfiguration = {{ logDriver = "awslogs" }} }}]
  }}
}}
{}{}output "sum" {{
  value = template.ecs_task_definition.size["small"].sha256
}}
output "uri" {{
  value = template.ecs_task_definition.size["small"].uri
}}
"#,
        flow("a", "ecs", "    task_definition = template.ecs_task_definition.size[\"small\"]"),
        flow("b", "ecs", "    task_definition = template.ecs_task_definition.size[\"large\"]"),
    );
    let project = project(&text);
    let cpu = |flow: &str| rendered(&project, flow)["task_definition"]["task_definition"]["cpu"].clone();
    assert_eq!((cpu("flow.a"), cpu("flow.b")), (json!("256"), json!("1024")));
    let plan = project.run("plan --json").succeeds().json();
    let subjects: Vec<&Value> =
        plan["changes"].as_array().expect("changes").iter().map(|change| &change["subject"]).collect();
    assert_eq!(subjects, ["flow", "flow"]);
    assert_eq!(plan["outputs"]["uri"]["after"], json!({ "value": null }));
    let sum = plan["outputs"]["sum"]["after"]["value"].as_str().expect("a sum");
    assert_eq!(sum.len(), 64, "{sum}");
    project.apply();
    project.is_settled();
    // What the template says is part of the versions of the flows that use it.
    project.edit("image = \"own:1\"", "image = \"own:2\"");
    let text = project.plan().stdout;
    assert!(text.contains("2 to update"), "{text}");
}

#[test]
fn templates_that_are_wrong_are_told_once_and_in_their_place() {
    let job = |body: &str| format!("template \"kubernetes_job\" \"base\" {{\n{body}\n}}\n");
    let used = flow("etl", "kubernetes", "    job_template = template.kubernetes_job.base");
    let mut all = String::new();
    for (name, text) in [
        ("nothing", job("")),
        ("both", job("  content = { kind = \"Job\" }\n  file = \"job.yaml\"")),
        ("no_yaml", job("  content = \"kind: [Job\"")),
        ("a_list", job("  content = [1]")),
        ("unknown_field", job("  content = {\n    spec = { tmplate = {} }\n  }")),
        ("no_file", job("  file = \"none.yaml\"")),
        ("kind", "template \"kubernetes\" \"base\" {\n}\n".to_owned()),
        ("a_scheme", job(&format!("{JOB}  path = \"s3://bucket/job.json\""))),
        ("outside", job(&format!("{JOB}  path = \"../job.json\""))),
        ("no_place", job(&format!("{JOB}  path = \"ftp://host/job.json\""))),
        ("ignored", job(&format!("{JOB}  lifecycle {{\n    ignore_changes = [spec]\n  }}"))),
    ] {
        let text = if name == "kind" { text } else { format!("{text}{used}") };
        let project = Project::new(&text);
        project.write("head.hcl", HEAD);
        let run = project.run("validate").fails();
        all.push_str(&format!("=== {name}\n{}\n", run.stderr));
    }
    let other = format!(
        "template \"ecs_task_definition\" \"other\" {{\n  content = {{ cpu = 256 }}\n}}\n{}",
        flow("etl", "kubernetes", "    job_template = template.ecs_task_definition.other")
    );
    let run = project(&other).run("validate").fails();
    all.push_str(&format!("=== wrong_kind\n{}\n", run.stderr));
    let secret = format!(
        "variable \"key\" {{\n  default = \"a\"\n  sensitive = true\n}}\n{}{used}",
        job("  content = {\n    kind = \"Job\"\n    metadata = { name = var.key }\n  }")
    );
    let run = project(&secret).run("validate").fails();
    all.push_str(&format!("=== sensitive\n{}\n", run.stderr));
    snapshot!("template_errors", all);
}
