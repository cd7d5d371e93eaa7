//! IO: `plan --verify`. Everything that task definitions and the arguments of their runs name is looked up once: clusters here,
//! the rest by [`Preflight`].

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Check, ErrorKind, Finding, ProviderError, ToVerify, Verification};
use serde_json::Value;

use crate::canonical::FIELD;
use crate::client::Calls;
use crate::preflight::{Networks, Preflight};

/// One thing that artifacts name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Cluster(String),
    Image(String),
    LogGroup(LogGroup),
    /// The network that is taken where none is named.
    DefaultNetwork,
    Role(String),
    SecurityGroup(String),
    Subnet(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LogGroup {
    name: String,
    region: Option<String>,
    /// Whether the log driver makes it.
    is_made: bool,
}

/// What is named, by whom.
#[derive(Default)]
struct Named {
    subjects: BTreeMap<Subject, BTreeSet<String>>,
    /// The subnets that each security group is used with.
    together: BTreeMap<String, BTreeSet<String>>,
}

/// Looks up everything once.
pub(crate) async fn verify(calls: &Calls, artifacts: &[ToVerify<'_>]) -> Result<Verification, ProviderError> {
    let before = calls.count();
    let named = subjects(artifacts);
    let mut preflight = Preflight::new(calls.connection()).await?;
    let (mut subnets, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for subject in named.subjects.keys() {
        match subject {
            Subject::Subnet(id) => drop(subnets.insert(id.clone())),
            Subject::SecurityGroup(id) => drop(groups.insert(id.clone())),
            _ => {}
        }
    }
    let subnets = preflight.subnets(&subnets).await;
    let groups = preflight.security_groups(&groups).await;
    let mut checks = Vec::new();
    for (subject, flows) in named.subjects {
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
            Subject::Image(name) => (format!("image `{name}`"), preflight.image(name).await),
            Subject::LogGroup(LogGroup { name, region, is_made }) => {
                (format!("log group `{name}`"), preflight.log_group(name, region.as_deref(), *is_made).await)
            }
            Subject::DefaultNetwork => ("default network".to_owned(), preflight.default_network().await),
            Subject::Role(arn) => (format!("role `{arn}`"), preflight.role(arn).await),
            Subject::SecurityGroup(id) => {
                let empty = BTreeSet::new();
                let beside = named.together.get(id).unwrap_or(&empty);
                (format!("security group `{id}`"), security_group(id, &groups, &subnets, beside))
            }
            Subject::Subnet(id) => (format!("subnet `{id}`"), network(id, "subnet", &subnets)),
        };
        checks.push(Check { subject: named, flows: flows.into_iter().collect(), finding });
    }
    checks.sort_by(|a, b| a.subject.cmp(&b.subject));
    let calls = calls.count().saturating_sub(before).saturating_add(preflight.calls);
    Ok(Verification { checks, calls })
}

fn network(id: &str, what: &str, found: &Result<Networks, Finding>) -> Finding {
    match found.as_ref().map(|found| found.get(id)) {
        Ok(Some(Ok(_))) => Finding::Usable,
        Ok(Some(Err(why))) => Finding::Unusable(why.clone()),
        Ok(None) => Finding::Unusable(format!(
            "the account has no such {what} in this region: make it, or correct its id"
        )),
        Err(finding) => finding.clone(),
    }
}

/// A security group works in its own VPC alone.
fn security_group(
    id: &str,
    groups: &Result<Networks, Finding>,
    subnets: &Result<Networks, Finding>,
    beside: &BTreeSet<String>,
) -> Finding {
    let vpc = |found: &Result<Networks, Finding>, id: &str| match found.as_ref().ok()?.get(id)? {
        Ok(vpc) => Some(vpc.clone()),
        Err(_) => None,
    };
    if let Some(own) = vpc(groups, id)
        && let Some((subnet, other)) =
            beside.iter().find_map(|subnet| Some((subnet, vpc(subnets, subnet).filter(|vpc| *vpc != own)?)))
    {
        return Finding::Unusable(format!(
            "it is in {own}, and the subnet {subnet} in {other}: take one of {other}"
        ));
    }
    network(id, "security group", groups)
}

/// What the artifacts and the run arguments of their definitions name, each with its flows.
fn subjects(artifacts: &[ToVerify<'_>]) -> Named {
    let mut named = Named::default();
    for ToVerify { flow, artifact, definition } in artifacts {
        let mut add = |subject: Subject| {
            named.subjects.entry(subject).or_default().insert((*flow).to_owned());
        };
        let task = artifact.body.get(FIELD).unwrap_or(&Value::Null);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        for role in ["taskRoleArn", "executionRoleArn"] {
            text(task, role).map(Subject::Role).map(&mut add);
        }
        for container in task.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten() {
            text(container, "image").map(Subject::Image).map(&mut add);
            let options = container.pointer("/logConfiguration/options").unwrap_or(&Value::Null);
            let group = text(options, "awslogs-group").map(|name| LogGroup {
                name,
                region: text(options, "awslogs-region"),
                is_made: text(options, "awslogs-create-group").as_deref() == Some("true"),
            });
            group.map(Subject::LogGroup).map(&mut add);
        }
        let of_agent = definition.pointer("/agent_defaults/ecs").unwrap_or(&Value::Null);
        let own = definition.pointer("/run_config/run_task_kwargs").unwrap_or(&Value::Null);
        let agents = of_agent.get("run_task_kwargs").unwrap_or(&Value::Null);
        let cluster = text(own, "cluster").or_else(|| text(of_agent, "cluster"));
        add(Subject::Cluster(
            cluster.or_else(|| text(agents, "cluster")).unwrap_or_else(|| "default".to_owned()),
        ));
        let network = own.get("networkConfiguration").or_else(|| agents.get("networkConfiguration"));
        let ids = |name: &str| {
            let list =
                network.and_then(|network| network.pointer("/awsvpcConfiguration")?.get(name)?.as_array());
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let (subnets, groups) = (ids("subnets"), ids("securityGroups"));
        if subnets.is_empty() && text(task, "networkMode").as_deref() == Some("awsvpc") {
            add(Subject::DefaultNetwork);
        }
        subnets.iter().cloned().map(Subject::Subnet).for_each(&mut add);
        groups.iter().cloned().map(Subject::SecurityGroup).for_each(&mut add);
        for group in groups {
            named.together.entry(group).or_default().extend(subnets.iter().cloned());
        }
    }
    named
}
