//! Shared templates that are kept in ConfigMaps, and on the machine of an agent.

use serde_json::{Value, json};

use super::Site;
use crate::support::{Project, snapshot};

/// A template that is stored, and a flow that uses it.
fn stored(path: &str, image: &str) -> String {
    format!(
        r#"flowform {{
  project = "shop"
}}
provider "kubernetes" {{
  config_path = "kubeconfig"
}}
agent "kubernetes" "cluster" {{}}
storage "module" "code" {{
  module = "shop.etl"
}}
template "kubernetes_job" "base" {{
  path = "{path}"
  content = {{
    apiVersion = "batch/v1"
    kind       = "Job"
    spec       = {{ template = {{ spec = {{ containers = [{{ name = "flow", image = "{image}" }}] }} }} }}
  }}
}}
flow "etl" {{
  storage = storage.module.code
  run_config "kubernetes" {{
    job_template_path = template.kubernetes_job.base.uri
  }}
}}
"#
    )
}

fn image(object: &Value, key: &str) -> Value {
    let text = object["data"][key].as_str().expect("there is a template");
    let template: Value = serde_json::from_str(text).expect("it is JSON");
    template["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[test]
fn a_template_in_a_config_map_is_kept_in_step_and_goes_with_its_block() {
    let site = Site::new("shared", "");
    let place = |name: &str| format!("configmap://{}/{name}/base.json", site.namespace);
    let write = |name: &str, image: &str| site.project.write("main.hcl", &stored(&place(name), image));
    let get = |name: &str| site.cluster.call("GET", &site.path(name), None);
    write("jobs", "own:1");
    snapshot!("kubernetes_template_create", site.shows(&site.project.apply()));
    site.project.is_settled();
    assert_eq!(image(&get("jobs").expect("it is there"), "base.json"), "own:1");
    // Who reads it by its path is given its content, as nothing that starts runs reads ConfigMaps.
    let definition = site.project.run("versions etl --json").succeeds();
    assert!(!definition.all().contains("configmap://"), "{}", definition.all());

    // Somebody else writes to it, and keeps something of their own there.
    let theirs = json!({"data": {"base.json": "{\"kind\": \"Job\"}", "theirs": "stays"}});
    site.cluster.call("PATCH", &site.path("jobs"), Some(&theirs)).expect("it is written");
    snapshot!("kubernetes_template_altered", site.shows(&site.project.plan()));
    site.project.apply();
    site.project.is_settled();
    assert_eq!(image(&get("jobs").expect("it is there"), "base.json"), "own:1");
    // A label is nothing to it.
    let label = json!({"metadata": {"labels": {"team": "data"}}});
    site.cluster.call("PATCH", &site.path("jobs"), Some(&label)).expect("it is written");
    site.project.is_settled();
    write("jobs", "own:2");
    site.project.apply();
    assert_eq!(image(&get("jobs").expect("it is there"), "base.json"), "own:2");

    // It moves, and what was beside it stays.
    write("others", "own:2");
    snapshot!("kubernetes_template_moved", site.shows(&site.project.apply()));
    site.project.is_settled();
    assert_eq!(get("jobs").expect("it is there")["data"], json!({"theirs": "stays"}));
    assert_eq!(image(&get("others").expect("it is there"), "base.json"), "own:2");

    // What somebody else has there is not written over.
    site.project.write("main.hcl", &stored(&format!("configmap://{}/jobs/theirs", site.namespace), "own:2"));
    site.project.run("plan").fails().complains("was not stored by this project");
    write("others", "own:2");
    site.cluster.call("DELETE", &site.path("others"), None).expect("it is deleted");
    site.project.run("plan").succeeds().says("is gone");
    site.project.apply();
    site.project.run("destroy --auto-approve").succeeds();
    assert_eq!(
        get("others").map_err(|(code, _)| code),
        Err(404),
        "a ConfigMap that was made goes with its last key"
    );
}

#[test]
fn a_template_on_the_machine_of_an_agent_is_a_file_there() {
    let project = Project::empty();
    let path = project.path().join("of-the-agent/job.json");
    let text = stored(&format!("agent://{}", path.display()), "own:1")
        .replace("provider \"kubernetes\" {\n  config_path = \"kubeconfig\"\n}\n", "");
    project.write("main.hcl", &text);
    project.apply();
    project.is_settled();
    assert!(project.read("of-the-agent/job.json").contains("own:1"));
    // The agent reads it when it starts a run.
    let current = project.current("etl").expect("it is published");
    assert_eq!(current["run_config"]["job_template_path"], json!(format!("agent://{}", path.display())));
    project.write("of-the-agent/job.json", "{}\n");
    project.run("plan --detailed-exitcode").exits(2).says("was altered by somebody else");
    project.apply();
    project.is_settled();
    project.run("destroy --auto-approve").succeeds();
    assert!(!path.exists());
}
