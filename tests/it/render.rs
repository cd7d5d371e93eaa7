//! Run configs of every kind end to end: HCL in, what a backend would be handed out; and through apply into the registry.

use serde_json::{Value, json};

use crate::support::{Project, snapshot};

const HEAD: &str = r#"
flowform {
  project = "shop"
}
storage "module" "code" {
  module = "shop.flows"
}
"#;

/// A project with this text behind the common head.
fn project(text: &str) -> Project {
    Project::new(&format!("{HEAD}{text}"))
}

/// A flow named `etl` with a run config of its own.
fn flow(kind: &str, body: &str) -> String {
    format!(
        "flow \"etl\" {{\n  storage = storage.module.code\n  run_config \"{kind}\" {{\n{body}\n  }}\n}}\n"
    )
}

fn rendered(project: &Project) -> Value {
    project.run("render flow.etl").succeeds().json()
}

#[test]
fn every_kind_renders_by_default() {
    for (kind, artifact) in [
        ("docker", "container"),
        ("ecs", "task_definition"),
        ("kubernetes", "job_template"),
        ("local", "process"),
        ("vertex", "custom_job"),
    ] {
        let project = project(&flow(kind, ""));
        let text = project.run("render flow.etl").succeeds().stdout;
        let name = format!("render_{kind}");
        snapshot!(name.as_str(), text.as_str());
        assert!(rendered(&project).get(artifact).is_some(), "{text}");
        assert!(project.registry_files().is_empty(), "rendering makes no registry");
    }
}

/// A local template is read with the configuration: its content decides on the version, its path does not.
#[test]
fn local_templates_are_part_of_the_version() {
    let template = "networkMode: awsvpc\ncpu: 256\nmemory: 512\ncontainerDefinitions:\n  - name: flow\n    image: own:1\n    logConfiguration: {logDriver: awslogs}\n";
    let digest = |project: &Project| rendered(project)["digest"].clone();
    let by_path = project(&flow("ecs", "task_definition_path = \"./templates/task.yaml\""));
    by_path.write("templates/task.yaml", template);
    let body = rendered(&by_path);
    assert_eq!(body["run_config"]["task_definition_path"], Value::Null);
    assert_eq!(body["task_definition"]["task_definition"]["containerDefinitions"][0]["image"], "own:1");

    let inline = project(&flow(
        "ecs",
        "task_definition = { networkMode = \"awsvpc\", cpu = 256, memory = 512, containerDefinitions = [{ name = \"flow\", image = \"own:1\", logConfiguration = { logDriver = \"awslogs\" } }] }",
    ));
    assert_eq!(digest(&inline), digest(&by_path));
    let as_text = project(&flow("ecs", "task_definition = file(\"task.json\")"));
    as_text.write("task.json", &serde_json::to_string(&body["run_config"]["task_definition"]).expect("JSON"));
    assert_eq!(digest(&as_text), digest(&by_path));

    by_path.write("templates/task.yaml", &template.replace("own:1", "own:2"));
    assert_ne!(digest(&inline), digest(&by_path));
    by_path.edit("templates/task.yaml", "../task.yaml");
    by_path.run("render flow.etl").fails().complains("leads out of the configuration");
    by_path.edit("../task.yaml", "no.yaml");
    by_path.run("validate").fails().complains("there is no file `./no.yaml` in the configuration");
}

#[test]
fn remote_templates_are_kept_as_paths() {
    for path in [
        "s3://bucket/job.yaml",
        "gs://bucket/job.yaml",
        "https://example.com/job.yaml",
        "agent:///srv/job.yaml",
    ] {
        let project = project(&flow("kubernetes", &format!("job_template_path = {path:?}")));
        let body = rendered(&project);
        assert_eq!(body["run_config"]["job_template_path"], path);
        assert_eq!(body["job_template"]["job_template_path"], path);
        let plan = project.plan();
        assert!(
            plan.stdout.contains(&format!("the Job template at {path} is not checked")),
            "{}",
            plan.all()
        );
    }
    let ecs = project(&flow("ecs", "task_definition_path = \"s3://bucket/task.yaml\""));
    ecs.run("render flow.etl").fails().complains("is not part of the configuration, and it is not read here");
    ecs.plan().says("the task definition at s3://bucket/task.yaml is not checked");
}

/// `extends` lays one run config over another for every kind.
#[test]
fn a_run_config_extends_another() {
    let project = project(
        r#"
run_config "universal" "base" {
  labels = ["eu"]
  env    = { A = "base", B = "base" }
}
run_config "ecs" "base" {
  extends              = run_config.universal.base
  cpu                  = 256
  memory               = 512
  task_definition_path = "task.yaml"
}
flow "etl" {
  storage = storage.module.code
  run_config "ecs" {
    extends    = run_config.ecs.base
    labels     = ["batch"]
    memory     = "1 GB"
    env        = { B = 2 }
    secret_env = { A = "arn:aws:ssm:eu-west-1:123456789012:parameter/a" }
    task_definition = { networkMode = "awsvpc", containerDefinitions = [{ name = "flow" }] }
  }
}
"#,
    );
    project.write("task.yaml", "networkMode: host\n");
    let run_config = &rendered(&project)["run_config"];
    assert_eq!(
        *run_config,
        json!({
            "type": "ECSRun", "__version__": "1.4.1", "labels": ["batch", "eu"], "env": {"B": "2"},
            "cpu": "256", "memory": "1 GB", "task_definition": {"networkMode": "awsvpc", "containerDefinitions": [{"name": "flow"}]},
            "task_definition_path": null, "task_definition_arn": null, "image": null, "task_role_arn": null,
            "execution_role_arn": null, "run_task_kwargs": null,
        })
    );
}

/// Defaults of agents belong to the definition where the run config leaves them open.
#[test]
fn agent_defaults_enter_the_definition() {
    let text = r#"
agent "ecs" "prod" {
  labels               = ["eu"]
  cluster              = "flows"
  execution_role_arn   = "arn:aws:iam::123456789012:role/start"
  task_role_arn        = "arn:aws:iam::123456789012:role/run"
  task_definition_path = "task.yaml"
}
flow "etl" {
  storage = storage.module.code
  labels  = ["eu"]
  run_config "ecs" {
    task_role_arn = "arn:aws:iam::123456789012:role/own"
  }
}
"#;
    let project = project(text);
    project.write(
        "task.yaml",
        "networkMode: awsvpc\ncpu: 256\nmemory: 512\ncontainerDefinitions: [{name: flow, image: 'agent:1'}]\n",
    );
    let body = rendered(&project);
    let task = &body["task_definition"]["task_definition"];
    assert_eq!(task["taskRoleArn"], "arn:aws:iam::123456789012:role/own");
    assert_eq!(task["executionRoleArn"], "arn:aws:iam::123456789012:role/start");
    assert_eq!(task["cpu"], "256");
    assert_eq!(task["containerDefinitions"][0]["image"], "agent:1");
    assert_eq!(body["start"]["run_task"]["cluster"], "flows");
    let digest = body["digest"].clone();

    // A default that the run config decides on itself makes no version; another one does, and the plan says why.
    project.apply();
    project.edit("role/run", "role/run2");
    assert_eq!(rendered(&project)["digest"], digest);
    project.edit("role/start", "role/start2");
    let plan = project.plan();
    assert!(plan.stdout.contains("a default of its agent changed"), "{}", plan.all());
    project.apply();
    project.is_settled();

    // Agents that disagree leave it open which of them.
    let both = text.replace(
        "flow \"etl\"",
        "agent \"ecs\" \"other\" {\n  labels = [\"eu\"]\n  cluster = \"other\"\n}\nflow \"etl\"",
    );
    project.write("main.hcl", &format!("{HEAD}{both}"));
    project
        .run("validate")
        .fails()
        .complains("they have different defaults for `cluster`, `execution_role_arn`, `task_definition`");
    project.edit("labels  = [\"eu\"]\n", "labels  = [\"eu\"]\n  agent   = agent.ecs.other\n");
    assert_eq!(rendered(&project)["start"]["run_task"]["cluster"], "other");
}

/// A universal flow has one artifact for each kind of agent that can take it.
#[test]
fn a_universal_flow_is_rendered_for_each_kind_of_agent() {
    let project = project(
        r#"
agent "docker" "host" {
  labels   = ["any"]
  networks = ["flows"]
}
agent "kubernetes" "cluster" {
  labels               = ["any"]
  service_account_name = "runner"
}
agent "vertex" "other" {
  labels = ["gpu"]
}
flow "etl" {
  storage = storage.module.code
  labels  = ["any"]
}
"#,
    );
    let body = rendered(&project);
    assert_eq!(body["container"]["networks"], json!(["flows"]));
    let pod = &body["job_template"]["job"]["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "runner");
    assert_eq!((body.get("process"), body.get("custom_job")), (None, None));
    let one = project.run("render flow.etl --agent host").succeeds().json();
    assert_eq!(one.get("job_template"), None);
    project.run("render flow.etl --agent other").fails().complains("it lacks the label `any`");

    project.apply();
    let mut kinds: Vec<String> = project.artifacts();
    kinds.sort();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    let current = project.current("etl").expect("the flow is published");
    assert_eq!(current["start"]["kind"], "container");
    assert_eq!(current["starts"]["job_template"]["kind"], "job_template");
    project.is_settled();
}

/// Every kind goes through apply; a second plan finds nothing to do, and what is published can be started.
#[test]
fn every_kind_is_published() {
    let kinds = ["docker", "ecs", "kubernetes", "local", "vertex"];
    let flows: String = kinds
        .iter()
        .map(|kind| {
            format!("flow \"{kind}\" {{\n  storage = storage.module.code\n  run_config \"{kind}\" {{}}\n}}\n")
        })
        .collect();
    let project = project(&flows);
    project.apply();
    project.is_settled();
    for kind in kinds {
        let current = project.current(kind).expect("the flow is published");
        let start = &current["start"];
        assert_eq!(start["kind"], current["artifacts"][0]["kind"], "{kind}: {current}");
        assert!(start["holes"]["run_id"].is_array(), "{kind}: {start}");
        let path = project.registry("shop").join(current["artifacts"][0]["id"].as_str().expect("an id"));
        let stored = std::fs::read_to_string(path).expect("the artifact is in the registry");
        assert!(!stored.contains("{{"), "nothing of a single run is stored: {stored}");
    }
}

/// A task definition that is registered already makes no artifact.
#[test]
fn a_registered_task_definition_is_started_as_it_is() {
    let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/etl:7";
    let project = project(&flow("ecs", &format!("task_definition_arn = {arn:?}")));
    project.apply();
    assert_eq!(project.artifacts(), Vec::<String>::new());
    let current = project.current("etl").expect("the flow is published");
    assert_eq!(current["start"]["run_task"]["taskDefinition"], arn);
    assert_eq!(rendered(&project)["start"]["run_task"]["taskDefinition"], arn);
    project.is_settled();
}

/// `--explain` says of each value where it came from: as a comment in YAML, by JSON pointer in JSON.
#[test]
fn every_value_can_be_explained() {
    let project = project(
        r#"
agent "ecs" "prod" {
  execution_role_arn = "arn:aws:iam::123456789012:role/start"
}
run_config "ecs" "base" {
  cpu = 512
  env = { REGION = "eu" }
}
flow "etl" {
  storage = storage.module.code
  run_config "ecs" {
    extends = run_config.ecs.base
    memory  = "1 GB"
    env     = { LEVEL = "debug" }
  }
}
"#,
    );
    let yaml = project.run("render flow.etl --explain --format yaml").succeeds();
    snapshot!("render_explained", yaml.stdout.as_str());
    let plain = rendered(&project);
    let mut body: Value = serde_saphyr::from_str(yaml.raw()).expect("it is YAML");
    assert_eq!(body, plain, "remarks change nothing");
    let json = project.run("render flow.etl --explain").succeeds().json();
    let explained = &json["explain"]["task_definition"];
    let at = |pointer: &str| explained[pointer].clone();
    assert_eq!(
        at("/task_definition/cpu"),
        json!({"from": "run config it extends", "argument": "cpu", "block": "run_config.ecs.base"})
    );
    assert_eq!(
        at("/task_definition/memory"),
        json!({"from": "run config", "argument": "memory", "block": "flow.etl"})
    );
    assert_eq!(
        at("/task_definition/executionRoleArn"),
        json!({"from": "agent default", "argument": "execution_role_arn"})
    );
    assert_eq!(at("/task_definition/networkMode"), json!({"from": "built-in"}));
    body = json;
    body.as_object_mut().expect("an object").remove("explain");
    assert_eq!(body, plain);
}

/// One agent of each kind, and a flow that each of them takes.
const FLEET: &str = r#"
agent "local" "box" {
  labels   = ["eu"]
  env_vars = { TIER = "agent" }
}
agent "docker" "host" {
  labels = ["eu"]
}
agent "kubernetes" "cluster" {
  labels            = ["eu"]
  namespace         = "flows"
  job_template_path = "job.yaml"
}
agent "ecs" "prod" {
  labels      = ["eu"]
  launch_type = "FARGATE"
  cluster     = "main"
}
agent "vertex" "gcp" {
  labels          = ["eu"]
  project         = "shop"
  service_account = "runs@shop"
}
"#;

/// With an agent and a run id, it is what the original's agent hands over for that run.
#[test]
fn one_run_is_rendered_as_the_originals_agent_does() {
    let mut told = String::new();
    for (kind, agent, body) in [
        ("local", "box", "    working_dir = \"/srv\"\n    env = { LEVEL = \"run\" }"),
        ("docker", "host", "    image = \"own:1\"\n    env = { LEVEL = \"run\" }"),
        ("kubernetes", "cluster", "    image = \"own:1\"\n    cpu_limit = 2"),
        (
            "ecs",
            "prod",
            "    image = \"own:1\"\n    cpu = 512\n    memory = 1024\n    env = { LEVEL = \"run\" }",
        ),
        ("vertex", "gcp", "    image = \"own:1\"\n    network = \"projects/1/global/networks/x\""),
    ] {
        let flow = flow(kind, body).replace("  storage =", "  labels = [\"eu\"]\n  storage =");
        let project = project(&format!("{FLEET}{flow}"));
        project.write(
            "job.yaml",
            "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      containers:\n        - name: flow\n          env:\n            - name: OF_TEMPLATE\n              value: x\n",
        );
        let line = format!("render flow.etl --agent {agent} --run-id r-1 --explain --format yaml");
        let text = project.run(&line).succeeds().stdout;
        assert!(text.contains("r-1"), "{text}");
        told.push_str(&format!("=== {kind}\n{}", text.split("\nrun:").nth(1).unwrap_or_default()));
        // Without a run it is the version, on the same agent.
        let version = project.run(&format!("render flow.etl --agent {agent}")).succeeds().json();
        assert!(version.get("run").is_none() && version.get("start").is_some());
    }
    snapshot!("render_runs", told);
}

#[test]
fn where_the_values_of_a_run_came_from_is_told() {
    let body = "    image = \"own:1\"\n    cpu = 512\n    memory = 1024\n    env = { LEVEL = \"run\" }";
    let flow = flow("ecs", body).replace("  storage =", "  labels = [\"eu\"]\n  storage =");
    let project = project(&format!("{FLEET}{flow}"));
    project.write("job.yaml", "spec: {template: {spec: {containers: [{name: flow}]}}}\n");
    let rendered = project.run("render flow.etl --agent prod --run-id r-1 --explain").succeeds().json();
    let explain = &rendered["explain"]["run"];
    let of = |pointer: &str| explain[pointer].clone();
    assert_eq!(
        of("/run_task/overrides/cpu"),
        json!({"from": "run config", "argument": "cpu", "block": "flow.etl"})
    );
    assert_eq!(of("/run_task/cluster"), json!({"from": "agent default", "argument": "cluster"}));
    assert_eq!(of("/run_task/launchType"), json!({"from": "agent default", "argument": "launch_type"}));
    assert_eq!(of("/register_task_definition/networkMode")["from"], "built-in");
    let environment =
        rendered["run"]["run_task"]["overrides"]["containerOverrides"][0]["environment"].as_array();
    let at = |name: &str| {
        let index = environment.expect("a list").iter().position(|entry| entry["name"] == name).expect(name);
        of(&format!("/run_task/overrides/containerOverrides/0/environment/{index}/value"))
    };
    assert_eq!(at("LEVEL"), json!({"from": "run config", "argument": "env.LEVEL", "block": "flow.etl"}));
    assert_eq!(at("PREFECT__CONTEXT__FLOW_RUN_ID"), json!({"from": "runtime", "argument": "run id"}));
    assert_eq!(at("PREFECT__CLOUD__AGENT__LABELS"), json!({"from": "agent default", "argument": "labels"}));
    assert_eq!(at("PREFECT__BACKEND")["from"], "built-in");
    // What the agent reads when it starts the run is not there yet.
    project.edit("cpu = 512", "task_definition_path = \"s3://bucket/task.yaml\"\n    cpu = 512");
    project
        .run("render flow.etl --agent prod --run-id r-1")
        .fails()
        .complains("is read by the agent when it starts the run");
}
