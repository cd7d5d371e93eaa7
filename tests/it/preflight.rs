//! `plan --verify` on ECS, through the program: what task definitions name elsewhere, against the stand-in for AWS.

use std::collections::BTreeSet;

use flowform_provider_testbed::{Aws, Fault};
use serde_json::{Value, json};

use crate::ecs::policy;
use crate::support::{Project, snapshot};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"SERVICE"},"Action":"sts:AssumeRole"}]}"#;

/// A flow that names everything that can be looked up.
fn configuration(named: &[(&str, &str)]) -> String {
    let text = r#"flowform {
  project = "shop"
}

provider "ecs" {
  region = "us-east-1"
}

storage "module" "code" {
  module = "shop.etl"
}

agent "ecs" "prod" {
  cluster = "CLUSTER"
}

flow "etl" {
  storage = storage.module.code
  agent   = agent.ecs.prod

  run_config "ecs" {
    image              = "IMAGE"
    cpu                = "256"
    memory             = "512"
    task_role_arn      = "arn:aws:iam::123456789012:role/TASK"
    execution_role_arn = "arn:aws:iam::123456789012:role/EXECUTION"

    run_task_kwargs = {
      networkConfiguration = {
        awsvpcConfiguration = { subnets = ["SUBNET"], securityGroups = ["GROUP"] }
      }
    }

    task_definition = {
      networkMode = "awsvpc"
      containerDefinitions = [{
        name             = "flow"
        logConfiguration = { logDriver = "awslogs", options = { awslogs-group = "LOGS", awslogs-region = "us-east-1" } }
      }]
    }
  }
}
"#;
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// The account with everything in it, and the names of what is there.
fn account() -> (Aws, Vec<(&'static str, String)>) {
    let aws = Aws::strict();
    aws.ecs("CreateCluster", &json!({ "clusterName": "flows" }));
    for (role, service) in [
        ("task", "ecs-tasks.amazonaws.com"),
        ("run", "ecs-tasks.amazonaws.com"),
        ("ec2", "ec2.amazonaws.com"),
    ] {
        let trust = TRUST.replace("SERVICE", service).replace('"', "%22").replace(':', "%3A");
        let trust = trust.replace('{', "%7B").replace('}', "%7D").replace('[', "%5B").replace(']', "%5D");
        aws.query(
            "iam",
            &format!("Action=CreateRole&Version=2010-05-08&RoleName={role}&AssumeRolePolicyDocument={trust}"),
        );
    }
    aws.json("logs", "Logs_20140328.CreateLogGroup", &json!({ "logGroupName": "/flows" }));
    let ecr = |operation: &str, body: Value| {
        aws.json("ecr", &format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), &body)
    };
    ecr("CreateRepository", json!({ "repositoryName": "team/etl" }));
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:aa" },
        "layers": [],
    });
    ecr(
        "PutImage",
        json!({ "repositoryName": "team/etl", "imageTag": "1.4", "imageManifest": manifest.to_string() }),
    );
    let (subnet, group) = aws.network();
    let named = vec![
        ("CLUSTER", "flows".to_owned()),
        ("IMAGE", format!("{HOST}/team/etl:1.4")),
        ("TASK", "task".to_owned()),
        ("EXECUTION", "run".to_owned()),
        ("SUBNET", subnet),
        ("GROUP", group),
        ("LOGS", "/flows".to_owned()),
    ];
    (aws, named)
}

fn project(aws: &Aws, named: &[(&str, String)], other: &[(&str, &str)]) -> Project {
    let known = named.iter().map(|(from, to)| (*from, to.as_str()));
    let named: Vec<_> = other.iter().copied().chain(known).collect();
    Project::new(&configuration(&named)).with(aws.environment())
}

#[test]
fn what_is_there_is_usable() {
    let (aws, named) = account();
    let project = project(&aws, &named, &[]);
    project.apply();
    aws.forget();
    let verified = project.run("plan --verify").succeeds();
    for subject in [
        "cluster `flows`",
        "image `123456789012.dkr.ecr.us-east-1.amazonaws.com/team/etl:1.4`",
        "log group `/flows`",
        "role `arn:aws:iam::123456789012:role/run`",
        "role `arn:aws:iam::123456789012:role/task`",
        &format!("security group `{}`", named[5].1),
        &format!("subnet `{}`", named[4].1),
    ] {
        let line = verified.stdout.lines().find(|line| line.contains(subject));
        let line = line.unwrap_or_else(|| panic!("{subject} is told of:\n{}", verified.all()));
        assert!(line.trim_start().starts_with("usable"), "{line}");
    }
    // Each action of the policy is one that was called, and none is missing.
    let calls = aws.calls().into_iter().filter(|call| !matches!(&*call.service, "sts" | "s3"));
    // Actions on the tag index are named otherwise than the service signs for.
    let asked = calls.map(|call| format!("{}:{}", call.service, call.operation).replace("tagging:", "tag:"));
    let asked: BTreeSet<String> = asked.collect();
    let mut allowed = policy("verify");
    // Only where a flow names no subnets.
    assert!(allowed.remove("ec2:DescribeVpcs"));
    // Only where superseded revisions are kept.
    for listed in ["ecs:ListClusters", "ecs:ListServices", "ecs:DescribeServices"] {
        assert!(allowed.remove(listed));
    }
    assert_eq!(asked, allowed);
}

#[test]
fn what_is_missing_is_told_with_the_fix() {
    let (aws, named) = account();
    let project = project(
        &aws,
        &named,
        &[
            ("CLUSTER", "elsewhere"),
            ("IMAGE", "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/etl:2.0"),
            ("TASK", "nobody"),
            ("EXECUTION", "ec2"),
            ("SUBNET", "subnet-0123456789abcdef0"),
            ("GROUP", "sg-0123456789abcdef0"),
            ("LOGS", "/flow"),
        ],
    );
    let verified = project.run("plan --verify");
    snapshot!("preflight_missing", verified.stdout.split("Read the live").nth(1).unwrap_or(&verified.stdout));
    assert_eq!(verified.code, Some(1), "{}", verified.all());
}

#[test]
fn what_may_not_be_read_is_not_checked() {
    let (aws, named) = account();
    let project = project(&aws, &named, &[("IMAGE", "etl:1")]);
    for (operation, code) in [
        ("GetRole", "AccessDenied"),
        ("DescribeSubnets", "UnauthorizedOperation"),
        ("DescribeSecurityGroups", "UnauthorizedOperation"),
        ("DescribeLogGroups", "AccessDeniedException"),
    ] {
        aws.faults(&[Fault::refuse(operation, 403, code, "no").always()]);
        let verified = project.run("plan --verify").succeeds();
        let flat = verified.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("not checked"), "{}", verified.all());
        let service = match operation {
            "GetRole" => "iam",
            "DescribeLogGroups" => "logs",
            _ => "ec2",
        };
        assert!(flat.contains(&format!("allow the action `{service}:{operation}`")), "{}", verified.all());
        assert!(flat.contains("only images in Amazon ECR are looked up"), "{}", verified.all());
    }
    // A moment of trouble is got over.
    aws.faults(&[Fault::refuse("GetRole", 503, "ServiceUnavailable", ""), Fault::drop("DescribeLogGroups")]);
    let verified = project.run("plan --verify").succeeds();
    assert_eq!(verified.stdout.matches("not checked").count(), 1, "{}", verified.all());
}

#[test]
fn where_no_subnets_are_named_the_default_network_is_looked_up() {
    let (aws, named) = account();
    let project = project(&aws, &named, &[]);
    let text = project.read("main.hcl");
    let (head, tail) = text.split_once("    run_task_kwargs").expect("there are some");
    let (_, rest) = tail.split_once("    task_definition").expect("there is one");
    project.write("main.hcl", &format!("{head}    task_definition{rest}"));
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verified = project.run("plan --verify").succeeds();
    assert!(plain(&verified.stdout).contains("usable default network"), "{}", verified.all());
    aws.faults(&[Fault::refuse("DescribeVpcs", 403, "UnauthorizedOperation", "no").always()]);
    let verified = project.run("plan --verify").succeeds();
    assert!(plain(&verified.stdout).contains("allow the action `ec2:DescribeVpcs`"), "{}", verified.all());
    aws.faults(&[]);
    let vpcs = aws.query("ec2", "Action=DescribeVpcs&Version=2016-11-15");
    let vpc = vpcs.split("<vpcId>").nth(1).and_then(|rest| rest.split('<').next()).expect("a VPC");
    let subnets = aws.query("ec2", "Action=DescribeSubnets&Version=2016-11-15");
    for subnet in subnets.split("<subnetId>").skip(1).filter_map(|rest| rest.split('<').next()) {
        aws.query("ec2", &format!("Action=DeleteSubnet&Version=2016-11-15&SubnetId={subnet}"));
    }
    aws.query("ec2", &format!("Action=DeleteVpc&Version=2016-11-15&VpcId={vpc}"));
    let verified = project.run("plan --verify");
    assert!(
        plain(&verified.stdout).contains("the account has no default VPC in us-east-1"),
        "{}",
        verified.all()
    );
}
