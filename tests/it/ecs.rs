//! Task definitions in ECS, through the program: against the stand-in for AWS.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use flowform_provider_contract::ecs::refusal;
use flowform_provider_testbed::{Aws, Fault};
use serde_json::{Value, json};

use crate::support::{Project, Run};

/// A project whose task definitions go to an account of its own.
pub(crate) struct Account {
    pub(crate) aws: Aws,
    pub(crate) project: Project,
}

pub(crate) const HEAD: &str = r#"flowform {
  project = "shop"
}

provider "ecs" {
  region        = "us-east-1"
  register_rate = 1000
  default_tags  = { team = "data" }
}

storage "module" "code" {
  module = "shop.etl"
}

agent "ecs" "prod" {
  cluster = "flows"
}
"#;

/// So many flows, one version of each.
pub(crate) fn flows(count: usize, level: u32) -> String {
    format!(
        r#"{HEAD}
flow "etl" {{
  for_each      = toset([for i in range({count}) : format("%04d", i)])
  storage       = storage.module.code
  agent         = agent.ecs.prod
  keep_versions = 1
  keep_for      = "0s"

  run_config "ecs" {{
    image  = "etl:1"
    cpu    = "256"
    memory = "512"
    env    = {{ LEVEL = "{level}" }}

    run_task_kwargs = {{
      networkConfiguration = {{
        awsvpcConfiguration = {{ subnets = ["subnet-1"], securityGroups = ["sg-1"], assignPublicIp = "DISABLED" }}
      }}
    }}

    task_definition = {{
      networkMode          = "awsvpc"
      containerDefinitions = [{{ name = "flow", memory = 256 }}]
    }}
  }}
}}
"#
    )
}

impl Account {
    pub(crate) fn new(text: &str) -> Self {
        Self { aws: Aws::strict(), project: Project::new(text) }
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.project.command(&line.split_whitespace().collect::<Vec<_>>());
        command.envs(self.aws.environment());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        let output = self.command(line).output().expect("the program starts");
        self.project.finished(line, &output)
    }

    pub(crate) fn apply(&self) -> Run {
        self.run("apply --auto-approve").succeeds()
    }

    pub(crate) fn is_settled(&self) {
        let plan = self.run("plan --detailed-exitcode");
        assert_eq!(plan.code, Some(0), "nothing is left to do:\n{}", plan.all());
    }

    pub(crate) fn called(&self, operation: &str) -> usize {
        self.aws.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// Starts a task of what is published of a flow.
    pub(crate) fn run_a_task(&self, flow: &str) {
        self.aws.ecs("CreateCluster", &json!({"clusterName": "flows"}));
        let (subnet, group) = self.aws.network();
        let current = self.project.current(flow).expect("the flow is published").to_string();
        let current = current.replace("subnet-1", &subnet).replace("sg-1", &group);
        let current: Value = serde_json::from_str(&current).expect("it is JSON as before");
        let started = self.aws.ecs("RunTask", &current["start"]["run_task"]);
        assert_eq!(started["failures"], json!([]), "{started}");
    }

    /// The ARNs of what can be run.
    pub(crate) fn active(&self) -> BTreeSet<String> {
        let mut arns = BTreeSet::new();
        let mut next = Value::Null;
        loop {
            let page = self.aws.ecs("ListTaskDefinitions", &json!({"status": "ACTIVE", "nextToken": next}));
            arns.extend(page["taskDefinitionArns"].as_array().unwrap().iter().map(text));
            next = page["nextToken"].clone();
            if next.is_null() {
                return arns;
            }
        }
    }

    /// The ARNs that the record binds.
    pub(crate) fn bound(&self) -> BTreeSet<String> {
        let flows = self.run("state list --json").succeeds().json()["flows"].clone();
        let versions = flows.as_array().unwrap().iter().flat_map(|flow| flow["versions"].as_array().unwrap());
        let bound = versions.filter(|version| version["state"] == "bound");
        bound
            .flat_map(|version| version["artifacts"].as_array().unwrap())
            .map(|one| text(&one["id"]))
            .collect()
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn each_version_is_registered_once_and_published() {
    let account = Account::new("");
    let (subnet, group) = account.aws.network();
    account.project.write("main.hcl", &flows(2, 1).replace("subnet-1", &subnet).replace("sg-1", &group));
    account.apply();
    assert_eq!(account.called("RegisterTaskDefinition"), 2);
    let current = account.project.current("etl-0000").expect("it is published");
    let arn = text(&current["artifacts"][0]["id"]);
    assert!(account.active().contains(&arn), "{arn} is active");
    let run_config = &current["run_config"];
    assert_eq!(run_config["task_definition_arn"], json!(arn));
    for refused in ["image", "task_definition", "task_definition_path"] {
        assert!(run_config[refused].is_null(), "{refused}: {run_config}");
    }

    let described =
        account.aws.ecs("DescribeTaskDefinition", &json!({"taskDefinition": arn, "include": ["TAGS"]}));
    // The stand-in takes more than the service does.
    let mut request = described["taskDefinition"].clone();
    request["tags"] = described["tags"].clone();
    assert_eq!(refusal(&request), None, "{request:#}");
    let tags: Vec<(String, String)> = described["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| (text(&tag["key"]), text(&tag["value"])))
        .collect();
    let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    assert_eq!(tag("flowform:project"), Some("shop"));
    assert_eq!(tag("flowform:version"), Some("1"));
    assert_eq!(tag("flowform:flow-id"), current["flow_id"].as_str());
    assert_eq!(tag("prefect:flow-id"), current["flow_id"].as_str());
    assert_eq!(tag("prefect:flow-version"), Some("1"));
    assert_eq!(tag("flowform:digest"), current["digest"].as_str());
    assert_eq!(tag("team"), Some("data"));

    account.aws.forget();
    account.is_settled();
    account.apply();
    assert_eq!(account.called("RegisterTaskDefinition"), 0, "apply twice registers once");
    assert_eq!(account.called("DescribeTaskDefinition"), 0);

    // What is published is a body that the service takes.
    account.aws.ecs("CreateCluster", &json!({"clusterName": "flows"}));
    let run_task = &current["start"]["run_task"];
    assert_eq!(run_task["taskDefinition"], json!(arn));
    let started = account.aws.ecs("RunTask", run_task);
    assert_eq!(started["failures"], json!([]), "{started}");
    assert_eq!(started["tasks"][0]["taskDefinitionArn"], json!(arn));
}

#[test]
fn what_was_deregistered_is_registered_again_under_its_version() {
    let account = Account::new(&flows(1, 1));
    account.apply();
    let first = account.active();
    let arn = first.first().unwrap();
    account.aws.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": arn}));
    account.run("plan").succeeds().says("is gone");
    account.apply();
    let second = account.active();
    assert_eq!(second.len(), 1);
    assert_ne!(second, first);
    assert_eq!(account.bound(), second, "the binding is replaced");
    let record = account.run("state list --json").succeeds().json();
    assert_eq!(record["flows"][0]["versions"].as_array().unwrap().len(), 1, "and no version is made");
    account.is_settled();
}

#[test]
fn superseded_revisions_are_deregistered_last() {
    let account = Account::new(&flows(2, 1));
    account.apply();
    account.project.write("main.hcl", &flows(2, 2));
    account.aws.forget();
    account.apply();
    let calls: Vec<String> = account.aws.calls().into_iter().map(|call| call.operation).collect();
    let last_register = calls.iter().rposition(|name| name == "RegisterTaskDefinition").unwrap();
    let removed = calls.iter().filter(|name| *name == "DeregisterTaskDefinition").count();
    if removed > 0 {
        let first = calls.iter().position(|name| name == "DeregisterTaskDefinition").unwrap();
        assert!(first > last_register, "{calls:?}");
    }
    account.apply();
    assert_eq!(account.active(), account.bound());
    assert_eq!(account.active().len(), 2);
    account.is_settled();
}

#[test]
fn another_region_is_an_error_and_not_an_absence() {
    let account = Account::new(&flows(1, 1));
    account.apply();
    account.project.edit("us-east-1", "eu-west-1");
    account.run("plan").fails().complains("123456789012/us-east-1").complains("123456789012/eu-west-1");
    assert_eq!(account.called("RegisterTaskDefinition"), 1);
}

#[test]
fn a_plan_of_a_thousand_flows_is_a_listing() {
    const FLOWS: usize = 1000;
    let account = Account::new(&flows(FLOWS, 1));
    account.apply();
    assert_eq!(account.active().len(), FLOWS);
    account.aws.forget();
    let plan = account.run("plan --json").succeeds();
    let calls = account.aws.calls();
    let most = FLOWS.div_ceil(100) + 8;
    assert!(calls.len() <= most, "{} calls to AWS, and {most} are the most", calls.len());
    assert!(calls.iter().all(|call| call.operation != "DescribeTaskDefinition"));
    let told = plan.json()["calls"].as_u64().expect("the plan tells its calls");
    assert!(told <= most as u64, "the plan made {told} calls, and {most} are the most");
    assert!(told >= calls.len() as u64, "{told} calls told, {} made", calls.len());

    // With `--verify` the tags are read by the hundred.
    account.aws.forget();
    account.run("plan --verify").says("tags of 1000 revisions");
    assert_eq!(account.called("GetResources"), FLOWS.div_ceil(100));
    assert_eq!(account.called("ListTaskDefinitions"), FLOWS.div_ceil(100));
    assert_eq!(account.called("DescribeTaskDefinition") + account.called("ListTagsForResource"), 0);
}

#[test]
fn failures_name_the_call_and_the_fix() {
    let account = Account::new(&flows(1, 1));
    account.aws.faults(&[Fault::refuse(
        "RegisterTaskDefinition",
        400,
        "AccessDeniedException",
        "User is not authorized to perform: ecs:RegisterTaskDefinition",
    )]);
    account
        .run("apply --auto-approve")
        .fails()
        .complains("ecs:RegisterTaskDefinition for the family")
        .complains("allow the action `ecs:RegisterTaskDefinition`");
    account.aws.faults(&[]);
    account.apply();
    account.aws.faults(&[Fault::refuse(
        "ListTaskDefinitions",
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    .always()]);
    account.run("plan").fails().complains("ecs:ListTaskDefinitions").complains("check the access key");
    account.aws.faults(&[]);
    account.project.edit("register_rate = 1000", "register_rate = 1000\n  allowed_account_ids = [\"1\"]");
    account.run("plan").fails().complains("the account 123456789012").complains("allowed_account_ids");
}

#[test]
fn the_original_s_agent_registers_nothing() {
    let account = Account::new(&flows(1, 1));
    account.apply();
    let files = account.project.registry_files();
    let (_, current) = files.iter().find(|(name, _)| name.contains("/current/")).expect("it is published");
    let current: Value = serde_json::from_slice(current).unwrap();
    let case = json!({
        "kind": "ecs", "run_config_raw": current["run_config"],
        "flow": {"storage": {"type": "Module", "module": "flows"}},
    });
    let case = json!({"input": case});
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/");
    let venv = Command::new(format!("{python}venv")).output().unwrap();
    let mut agent = Command::new(String::from_utf8(venv.stdout).unwrap().trim())
        .args([&format!("{python}record_agents.py"), "record", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(agent.stdin.take().unwrap(), "{case}").unwrap();
    let output = agent.wait_with_output().unwrap();
    let seen: Value = serde_json::from_slice(&output.stdout).expect("the agent's calls");
    let calls = &seen["expected"]["artifact"];
    assert!(calls["error"].is_null(), "{seen}");
    assert!(calls["register_task_definition"].is_null(), "{calls}");
    assert!(calls["deregister_task_definition"].is_null(), "{calls}");
    assert_eq!(calls["run_task"]["taskDefinition"], current["run_config"]["task_definition_arn"]);
}

/// The actions of the policy in the manual whose block has that name.
pub(crate) fn policy(name: &str) -> BTreeSet<String> {
    let manual =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers/ecs.md")).unwrap();
    let block = manual.split(&format!("```json {name}\n")).nth(1).expect("the manual has the policy");
    let policy: Value = serde_json::from_str(block.split("```").next().unwrap()).expect("a policy is JSON");
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().flat_map(|one| one["Action"].as_array().unwrap()).map(text).collect()
}

#[test]
fn the_policies_of_the_manual_are_what_is_called() {
    let account = Account::new(&flows(1, 1));
    let made = || -> BTreeSet<String> {
        let calls = account.aws.calls().into_iter().filter(|call| call.service != "sts");
        calls.map(|call| format!("{}:{}", call.service, call.operation)).collect()
    };
    account.apply();
    let arn = account.active().into_iter().next().unwrap();
    let family = arn.rsplit('/').next().unwrap().split(':').next().unwrap().to_owned();
    let theirs =
        json!({"family": family, "containerDefinitions": [{"name": "x", "image": "y", "memory": 64}]});
    account.aws.ecs("RegisterTaskDefinition", &theirs);
    account.aws.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": arn}));
    account.aws.forget();
    account.run("plan").succeeds().says("is gone");
    let gone = made();

    account.apply();
    // With a task in a cluster, what supersedes its revision looks whether the task runs.
    account.run_a_task("etl-0000");
    account.project.write("main.hcl", &flows(1, 2));
    account.aws.forget();
    account.run("plan").succeeds();
    assert_eq!(made().union(&gone).cloned().collect::<BTreeSet<_>>(), policy("plan"));
    account.aws.forget();
    account.apply();
    account.apply();
    let implied = ["ecs:TagResource", "iam:PassRole"].map(str::to_owned);
    let called: BTreeSet<String> = made().into_iter().chain(implied).collect();
    assert_eq!(called, policy("apply"));
}

#[test]
fn the_plan_tells_how_long_the_rate_makes_it_take() {
    let account = Account::new(&flows(25, 1).replace("  register_rate = 1000\n", ""));
    account.run("plan").succeeds().says("Applying takes at least 5 s: `ecs` makes 25 and removes 0");
    account.project.write("main.hcl", &flows(25, 1));
    assert!(!account.run("plan").succeeds().stdout.contains("Applying takes"));
}

#[test]
fn a_flow_in_an_image_has_no_arn_in_its_run_config_and_the_plan_says_so() {
    let text = flows(1, 1)
        .replace("storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}", "storage \"docker\" \"code\" {\n  registry_url = \"r.example\"\n  image_name = \"etl\"\n  image_tag = \"1\"\n}")
        .replace("storage.module.code", "storage.docker.code")
        .replace("    image  = \"etl:1\"\n", "")
        .replace("  agent         =", "  runtime       = \"prefect_server\"\n  agent         =");
    let account = Account::new(&text);
    account.run("plan").succeeds().says("names no registered task definition");
    account.apply();
    let current = account.project.current("etl-0000").expect("it is published");
    assert!(current["run_config"]["task_definition_arn"].is_null(), "{}", current["run_config"]);
    let active = account.active();
    assert_eq!(active.len(), 1, "{active:?}");
    let arn = active.first();
    assert_eq!(current["artifacts"][0]["id"], json!(arn), "the ARN stands beside");
    assert_eq!(current["start"]["run_task"]["taskDefinition"], json!(arn));
}
