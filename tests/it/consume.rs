//! What others make of the published document of an ECS flow: a schedule, a state, an operator's arguments.

use std::process::Command;

use flowform_provider_testbed::Aws;
use serde_json::json;

use crate::examples::folder;
use crate::runtime::python;
use crate::support::Project;

#[test]
fn the_published_body_is_taken_by_whoever_starts_runs() {
    let aws = Aws::start();
    aws.ecs("CreateCluster", &json!({ "clusterName": "flows" }));
    let (subnet, group) = aws.network();
    let example = folder().join("consume-ecs");
    let text = std::fs::read_to_string(example.join("main.hcl")).expect("the example can be read");
    let project = Project::new(&text).with(aws.environment());
    let variables = format!("subnets = [\"{subnet}\"]\nsecurity_groups = [\"{group}\"]\n");
    project.write("network.auto.hclvars", &variables);
    project.apply();
    project.is_settled();
    let output = Command::new(python())
        .arg(folder().join("../tests/python/consume_ecs.py"))
        .arg(&example)
        .arg(project.registry("consume-ecs").join("current/etl.json"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .envs(aws.environment())
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("all were taken"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
