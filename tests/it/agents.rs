//! What an `agent` block brings into the definitions of flows is checked as if it were written there, and an agent that would not
//! start, or that could start no run of a flow, is told before anything is done.

use crate::support::{Project, snapshot};

const HEAD: &str =
    "flowform {\n  project = \"shop\"\n}\nstorage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\n";

fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

#[test]
fn documents_of_agents_are_checked_in_their_place() {
    let project = project(
        r#"
agent "ecs" "prod" {
  task_definition_path = "task.yaml"
  run_task_kwargs_path = "run.yaml"
}

flow "etl" {
  storage = storage.module.code
  run_config "ecs" {}
}
"#,
    );
    project.write(
        "task.yaml",
        "cpu: 256\nmemory: 512\nbogus: 1\ncontainerDefinitions:\n- name: flow\n  imagee: x:1\n",
    );
    project.write("run.yaml", "clustr: prod\n");
    snapshot!("agents_documents", project.run("validate").fails().all());
}

#[test]
fn what_a_flow_gets_from_its_agent_is_judged_with_the_flow() {
    let project = project(
        r#"
agent "kubernetes" "prod" {
  job_template_path = "job.yaml"
}

flow "etl" {
  storage = storage.module.code
  run_config "kubernetes" {
    memory_request = "8Gi"
  }
}
"#,
    );
    project.write(
        "job.yaml",
        "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      containers:\n      - name: flow\n        image: x:latest\n        resources: {limits: {memory: 1Gi}}\n",
    );
    snapshot!("agents_defaults", project.run("validate").fails().all());
}

#[test]
fn a_universal_flow_that_its_agents_cannot_start_is_refused() {
    let project = Project::new(
        r#"
flowform {
  project = "shop"
}
agent "local" "here" {}

storage "docker" "image" {
  registry_url = "registry.example.com"
  image_name   = "etl"
  image_tag    = "1"
}

flow "etl" {
  storage = storage.docker.image
}
"#,
    );
    // Another root may have published one that can.
    project.run("validate").succeeds().complains("Flow that no agent can start");
    snapshot!("agents_nothing_starts", project.run("plan").fails().all());
    project.edit("agent \"local\" \"here\" {}", "agent \"local\" \"here\" {}\nagent \"docker\" \"box\" {}");
    project.apply();
}

#[test]
fn options_that_no_agent_starts_with_are_errors() {
    let project = project(
        r#"
agent "docker" "box" {
  volumes   = ["/a:/b:ro:x"]
  api       = "https://user:word@prefect.example.com"
  api_key   = "s3cret"
  tenant_id = "1"
}
agent "ecs" "prod" {
  launch_type = "FARGAT"
  api         = "prefect.example.com"
  backend     = "clod"
  tenant_id   = "1"
  bogus       = 1
}
"#,
    );
    snapshot!("agents_options", project.run("validate").fails().all());
}

#[test]
fn a_key_that_a_template_has_twice_is_an_error() {
    let project = project(
        r#"
flow "etl" {
  storage = storage.module.code
  run_config "ecs" {
    task_definition_path = "task.yaml"
  }
}
"#,
    );
    project.write(
        "task.yaml",
        "containerDefinitions:\n- name: flow\n  image: x:1\n  image: y:1\ncpu: 256\nmemory: 512\n",
    );
    snapshot!("agents_key_twice", project.run("validate").fails().all());
    project.write("task.yaml", "containerDefinitions:\n- name: flow\n   image: {x\n");
    snapshot!("agents_no_yaml", project.run("validate").fails().all());
}

#[test]
fn a_check_of_the_root_may_be_ignored_for_agents_too() {
    let project = project(
        r#"
agent "docker" "box" {
  env_vars = { DATABASE_PASSWORD = "correct-horse" }
}
"#,
    );
    let told = project.run("validate").succeeds().complains("Plaintext that looks like a secret");
    assert!(told.all().contains("in the `secret_env` of the run configs that need it"), "{}", told.all());
    project.edit("project = \"shop\"", "project = \"shop\"\n  ignore_checks = [\"plaintext-secret\"]");
    let told = project.run("validate").succeeds();
    assert!(!told.all().contains("Plaintext"), "{}", told.all());
}

#[test]
fn render_says_why_an_agent_takes_no_run_and_which_instances_there_are() {
    let project = project(
        r#"
agent "local" "eu" {
  labels = ["eu"]
}
agent "docker" "box" {}

flow "etl" {
  for_each = { a = ["us"], b = [] }
  storage  = storage.module.code
  labels   = each.value
  run_config "local" {}
}
"#,
    );
    project.run("render flow.etl").fails().complains("name one of its instances");
    let agent = |flow: &str, agent: &str| project.run_args(&["render", flow, "--agent", agent]).fails();
    agent("flow.etl[\"a\"]", "eu").complains("it lacks the label `us`");
    agent("flow.etl[\"b\"]", "eu").complains("it has labels, and the flow has none");
    agent("flow.etl[\"b\"]", "box").complains("it is of the kind `docker`");
    let empty = project.run_args(&["render", "flow.etl[\"b\"]", "--run-id", ""]);
    assert_ne!(empty.code, Some(0), "{}", empty.all());
}
