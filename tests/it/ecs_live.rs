//! What somebody else does to task definitions in the account, and what users see of it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ecs::{Account, HEAD, flows, text};
use crate::support::{Run, snapshot};

/// The findings of `plan --verify` whose subjects begin so, each in a line.
fn checks(run: &Run, subjects: &[&str]) -> String {
    let mut found: Vec<String> = Vec::new();
    for line in run.stdout.lines().skip_while(|line| !line.starts_with("Read the live state")) {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let begins =
            ["usable", "unusable", "not checked", "Verified"].iter().any(|word| words.starts_with(word));
        match found.last_mut() {
            Some(last) if !begins => *last = format!("{last} {words}"),
            _ => found.push(words),
        }
    }
    let subject = |line: &String| {
        let words = ["usable ", "unusable ", "not checked "];
        let rest = words.iter().find_map(|word| line.strip_prefix(word)).unwrap_or_default().to_owned();
        subjects.iter().any(|subject| rest.starts_with(subject))
    };
    found.retain(subject);
    found.join("\n")
}

/// What would be registered to have an equal revision.
fn request(account: &Account, arn: &str) -> Value {
    let mut definition =
        account.aws.ecs("DescribeTaskDefinition", &json!({"taskDefinition": arn}))["taskDefinition"].clone();
    let fields = definition.as_object_mut().unwrap();
    for server_only in [
        "taskDefinitionArn",
        "revision",
        "status",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
        "requiresAttributes",
        "compatibilities",
    ] {
        fields.remove(server_only);
    }
    definition
}

#[test]
fn revisions_that_are_deregistered_or_followed_by_somebody_else_s() {
    let account = Account::new(&flows(1, 1));
    account.apply();
    let mut told = String::new();
    let mut show = |title: &str, line: &str| {
        writeln!(told, "== {title}\n{}\n", account.run(line).succeeds().all()).unwrap();
    };
    let first = account.active().into_iter().next().unwrap();
    let mut other = request(&account, &first);
    other["containerDefinitions"][0]["image"] = json!("other:1");
    account.aws.ecs("RegisterTaskDefinition", &other);
    show("a newer revision of somebody else is told and changes nothing", "plan --detailed-exitcode");

    account.aws.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": first}));
    show("deregistered; the other one differs", "plan");
    show("it is registered again under its version", "apply --auto-approve");
    account.is_settled();
    let bound = account.bound();
    assert_eq!(bound.len(), 1, "the binding is replaced");
    let second = bound.first().unwrap();
    assert!(second.ends_with(":3"), "{second}");

    let equal = account.aws.ecs("RegisterTaskDefinition", &request(&account, second));
    let equal = text(&equal["taskDefinition"]["taskDefinitionArn"]);
    account.aws.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": second}));
    account.aws.forget();
    show("deregistered; somebody registered an equal one", "plan");
    show("it is adopted", "apply --auto-approve");
    account.is_settled();
    assert_eq!(account.called("RegisterTaskDefinition"), 0);
    assert_eq!(account.bound().into_iter().collect::<Vec<_>>(), std::slice::from_ref(&equal));
    let tags = account.aws.ecs("ListTagsForResource", &json!({"resourceArn": equal}))["tags"].clone();
    assert!(tags.as_array().unwrap().iter().any(|tag| tag["key"] == "flowform:flow-id"), "{tags}");

    // It is ours from now on.
    account.project.write("main.hcl", &flows(1, 2));
    account.apply();
    account.apply();
    assert!(!account.active().contains(&equal), "{:?}", account.active());
    snapshot!("ecs_live", told);
}

#[test]
fn tags_that_were_altered_and_services_of_superseded_revisions_are_verified() {
    let account = Account::new(&flows(3, 1).replace("keep_versions = 1", "keep_versions = 5"));
    account.apply();
    let first: Vec<String> = account.active().into_iter().collect();
    account.project.edit("LEVEL = \"1\"", "LEVEL = \"2\"");
    account.apply();
    account.aws.ecs("CreateCluster", &json!({"clusterName": "flows"}));
    account.aws.ecs(
        "CreateService",
        &json!({"cluster": "flows", "serviceName": "etl", "taskDefinition": first[0], "desiredCount": 0}),
    );
    let mut told = String::new();
    let tags_and_services = ["tags of", "service `"];
    let mut show = |title: &str| {
        let run = account.run("plan --verify");
        writeln!(told, "== {title}\n{}\n", checks(&run, &tags_and_services)).unwrap();
    };
    show("a service runs a superseded revision");
    let mut ours: Vec<String> = account.active().into_iter().collect();
    ours.retain(|arn| arn.ends_with(":2"));
    let tag = json!([{"key": "flowform:version", "value": "9"}, {"key": "team", "value": "other"}]);
    account.aws.ecs("TagResource", &json!({"resourceArn": ours[0], "tags": tag}));
    account.aws.ecs(
        "UntagResource",
        &json!({"resourceArn": ours[1], "tagKeys": ["flowform:registry", "flowform:hash"]}),
    );
    account.aws.lag(1);
    account.aws.ecs(
        "TagResource",
        &json!({"resourceArn": ours[2], "tags": [{"key": "flowform:project", "value": "x"}]}),
    );
    show("tags were altered, one of them too late for the index");
    account.aws.lag(0);
    let again = account.run("plan --verify");
    let words = checks(&again, &["tags of"]);
    assert!(words.contains("its tag `flowform:project` is `x` and was `shop`"), "{words}");
    let digest = regex::Regex::new("[0-9a-f]{64}").unwrap();
    snapshot!("ecs_verify", digest.replace_all(&told, "[digest]"));
}

#[test]
fn the_revision_of_a_version_that_a_flow_is_held_at_stays() {
    let account = Account::new(&flows(1, 1).replace("keep_versions = 1", "keep_versions = 5"));
    account.apply();
    let first = account.active();
    account.project.edit("LEVEL = \"1\"", "LEVEL = \"2\"");
    account.apply();
    account.project.edit("keep_versions = 5", "keep_versions = 1\n  version       = 1");
    account.apply();
    account.apply();
    assert_eq!(account.active(), first, "the other one is superseded");
    account.is_settled();
}

#[test]
fn a_revision_that_a_task_starts_from_is_deregistered_later() {
    let account = Account::new(&flows(1, 1));
    account.apply();
    let first = account.active();
    account.run_a_task("etl-0000");
    account.project.write("main.hcl", &flows(1, 2));
    account.aws.tasks_are_starting(true);
    account.apply();
    let both = account.active();
    assert!(both.len() == 2 && both.is_superset(&first), "the new one and the one that starts: {both:?}");
    snapshot!("ecs_starting", account.run("plan").succeeds().all());

    account.aws.tasks_are_starting(false);
    account.apply();
    assert!(account.active().is_disjoint(&first), "the task runs: its revision is not wanted any more");
    account.is_settled();
}

/// Flows that run what somebody else registered.
fn registered(names: &[(&str, &str)]) -> String {
    let flow = |(name, arn): &(&str, &str)| {
        format!(
            r#"
flow "{name}" {{
  storage = storage.module.code
  agent   = agent.ecs.prod

  run_config "ecs" {{
    task_definition_arn = "{arn}"
  }}
}}
"#
        )
    };
    format!("{HEAD}{}", names.iter().map(flow).collect::<String>())
}

#[test]
fn definitions_of_somebody_else_are_read_and_never_changed() {
    let account = Account::new(&registered(&[
        ("sound", "etl:1"),
        ("whole", "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:1"),
        ("roles", "secret:1"),
        ("nameless", "other:1"),
        ("old", "old:1"),
        ("none", "none:7"),
    ]));
    let register = |family: &str, container: Value, role: Option<&str>| {
        let mut request = json!({
            "family": family, "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [container],
        });
        if let Some(role) = role {
            request["executionRoleArn"] = json!(role);
            request["taskRoleArn"] = json!("arn:aws:iam::123456789012:role/task");
        }
        account.aws.ecs("RegisterTaskDefinition", &request);
    };
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/etl:1";
    let role = Some("arn:aws:iam::123456789012:role/start");
    register("etl", json!({"name": "flow", "image": image}), role);
    register(
        "secret",
        json!({"name": "flow", "image": "etl:1", "secrets": [{"name": "A", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/a"}]}),
        None,
    );
    register("other", json!({"name": "main", "image": "etl:1"}), role);
    register("old", json!({"name": "flow", "image": "etl:1"}), role);
    account.aws.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": "old:1"}));
    let before = account.active();
    account.aws.forget();
    let verified = account.run("plan --verify");
    snapshot!("ecs_registered", checks(&verified, &["task definition `"]));
    assert_eq!(account.called("DescribeTaskDefinition"), 6, "each name is read once");
    account.apply();
    assert_eq!(account.active(), before);
    assert_eq!(account.called("RegisterTaskDefinition") + account.called("DeregisterTaskDefinition"), 0);
    assert_eq!(account.called("TagResource"), 0);
}

#[test]
fn another_log_group_is_a_change_of_the_flows_that_it_is_for() {
    let with = |group: &str| {
        flows(1, 1).replace(
            "  register_rate = 1000\n",
            &format!("  register_rate     = 1000\n  default_log_group = \"{group}\"\n"),
        )
    };
    let account = Account::new(&with("/flows"));
    account.apply();
    let arn = account.active().into_iter().next().unwrap();
    let described = account.aws.ecs("DescribeTaskDefinition", &json!({"taskDefinition": arn}));
    let log = &described["taskDefinition"]["containerDefinitions"][0]["logConfiguration"];
    assert_eq!(
        log["options"],
        json!({"awslogs-group": "/flows", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "shop-etl-0000"})
    );
    account.is_settled();
    account.project.write("main.hcl", &with("/others"));
    let mut told = account.run("plan").succeeds().all();
    // A container with logs of its own is not concerned.
    let own = "containerDefinitions = [{ name = \"flow\", memory = 256, logConfiguration = { logDriver = \"awsfirelens\" } }]";
    let own_logs =
        |group: &str| with(group).replace("containerDefinitions = [{ name = \"flow\", memory = 256 }]", own);
    account.project.write("main.hcl", &own_logs("/flows"));
    account.apply();
    account.project.write("main.hcl", &own_logs("/others"));
    account.is_settled();
    account.project.write(
        "main.hcl",
        &flows(1, 1).replace("region        = \"us-east-1\"", "default_log_group = \"/flows\""),
    );
    account.apply();
    let arn = account.bound().into_iter().next().unwrap();
    let described = account.aws.ecs("DescribeTaskDefinition", &json!({"taskDefinition": arn}));
    let log = &described["taskDefinition"]["containerDefinitions"][0]["logConfiguration"];
    assert_eq!(
        log["options"]["awslogs-region"], "us-east-1",
        "a region that the block does not say is the connection's"
    );
    told.push('\n');
    snapshot!("ecs_log_group", told);
}

#[test]
fn a_run_without_a_network_is_told_in_the_plan() {
    let whole = flows(1, 1);
    let (head, rest) = whole.split_once("    run_task_kwargs = {").unwrap();
    let (_, tail) = rest.split_once("    task_definition = {").unwrap();
    let without = format!("{head}    task_definition = {{{tail}");
    let account = Account::new(&without);
    let said = |account: &Account| {
        let plan = account.run("plan").succeeds();
        let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        words.contains("`start` has no network configuration") && words.contains("default VPC")
    };
    assert!(said(&account));
    account.project.write("main.hcl", &without.replace("\"awsvpc\"", "\"host\""));
    account.project.edit("cluster = \"flows\"", "cluster = \"flows\"\n  launch_type = \"EC2\"");
    assert!(!said(&account), "the network of the host needs none");
    account.project.write("main.hcl", &whole);
    assert!(!said(&account));
}
