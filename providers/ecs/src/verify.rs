//! IO: `plan --verify`. Clusters are looked up; what ECS itself cannot tell - roles, log groups, images, subnets - is
//! listed as not checked, with the permission that a look would take.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Check, ErrorKind, Finding, ProviderError, ToVerify, Verification};
use serde_json::Value;

use crate::canonical::FIELD;
use crate::client::Calls;

/// One thing that artifacts name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Cluster(String),
    Image(String),
    LogGroup(String),
    Role(String),
    Subnet(String),
}

/// Looks up everything once.
pub(crate) async fn verify(calls: &Calls, artifacts: &[ToVerify<'_>]) -> Result<Verification, ProviderError> {
    let before = calls.count();
    let mut checks = Vec::new();
    for (subject, flows) in subjects(artifacts) {
        let (named, finding) = match &subject {
            Subject::Cluster(name) => {
                let finding = match calls.cluster(name).await {
                    Ok(Ok(())) => Finding::Usable,
                    Ok(Err(why)) => Finding::Unusable(why),
                    Err(error) if error.kind == ErrorKind::NotFound => Finding::Unusable(error.message),
                    Err(error) => Finding::NotChecked(error.message),
                };
                (format!("cluster `{name}`"), finding)
            }
            Subject::Image(name) => (format!("image `{name}`"), unseen("ecr:DescribeImages")),
            Subject::LogGroup(name) => (format!("log group `{name}`"), unseen("logs:DescribeLogGroups")),
            Subject::Role(arn) => (format!("role `{arn}`"), unseen("iam:GetRole")),
            Subject::Subnet(id) => (format!("subnet `{id}`"), unseen("ec2:DescribeSubnets")),
        };
        checks.push(Check { subject: named, flows: flows.into_iter().collect(), finding });
    }
    checks.sort_by(|a, b| a.subject.cmp(&b.subject));
    Ok(Verification { checks, calls: calls.count().saturating_sub(before) })
}

fn unseen(permission: &str) -> Finding {
    Finding::NotChecked(format!("this version does not look it up (`{permission}` would)"))
}

/// What the artifacts and the run arguments of their definitions name, each with its flows.
fn subjects(artifacts: &[ToVerify<'_>]) -> BTreeMap<Subject, BTreeSet<String>> {
    let mut found: BTreeMap<Subject, BTreeSet<String>> = BTreeMap::new();
    for ToVerify { flow, artifact, definition } in artifacts {
        let mut add = |subject: Subject| {
            found.entry(subject).or_default().insert((*flow).to_owned());
        };
        let task = artifact.body.get(FIELD).unwrap_or(&Value::Null);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        for role in ["taskRoleArn", "executionRoleArn"] {
            text(task, role).map(Subject::Role).map(&mut add);
        }
        for container in task.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten() {
            text(container, "image").map(Subject::Image).map(&mut add);
            let options = container.pointer("/logConfiguration/options").unwrap_or(&Value::Null);
            text(options, "awslogs-group").map(Subject::LogGroup).map(&mut add);
        }
        let of_agent = definition.pointer("/agent_defaults/ecs").unwrap_or(&Value::Null);
        let own = definition.pointer("/run_config/run_task_kwargs").unwrap_or(&Value::Null);
        let agents = of_agent.get("run_task_kwargs").unwrap_or(&Value::Null);
        let cluster = text(own, "cluster").or_else(|| text(of_agent, "cluster"));
        add(Subject::Cluster(
            cluster.or_else(|| text(agents, "cluster")).unwrap_or_else(|| "default".to_owned()),
        ));
        let network = own.get("networkConfiguration").or_else(|| agents.get("networkConfiguration"));
        let subnets = network.and_then(|network| network.pointer("/awsvpcConfiguration/subnets"));
        for subnet in subnets.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            add(Subject::Subnet(subnet.to_owned()));
        }
    }
    found
}
