//! IO: what a task definition names outside ECS - roles, networks, log groups, images - looked up before a run depends on it.
//! It changes nothing; what may not be read is not checked, and says which permission it takes.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{ErrorKind, Finding, ProviderError};
use flowform_provider_aws::{Call, Caller, Connection, Query, Question, Unanswered, ask, items};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// Who assumes the roles of tasks.
const TASKS: &str = "ecs-tasks.amazonaws.com";

/// How many ids one question has.
const AT_ONCE: usize = 100;

/// The services that are asked, with what was asked so far.
pub(crate) struct Preflight<'a> {
    connection: &'a Connection,
    caller: Caller,
    region: String,
    /// How many questions were asked.
    pub(crate) calls: u64,
}

/// The networks of an account: for each id that exists where it is, or why it cannot be used.
pub(crate) type Networks = BTreeMap<String, Result<String, String>>;

impl<'a> Preflight<'a> {
    /// Asks only whose the credentials are, which is known already.
    ///
    /// # Errors
    /// There are no credentials, or no region.
    pub(crate) async fn new(connection: &'a Connection) -> Result<Self, ProviderError> {
        let caller = connection.caller().await?.clone();
        Ok(Self { connection, caller, region: connection.region().await?, calls: 0 })
    }

    async fn ask(&mut self, question: Question) -> Result<String, Unanswered> {
        self.calls = self.calls.saturating_add(1);
        ask(self.connection, &question).await
    }

    /// A host of the partition.
    fn host(&self, name: &str) -> String {
        let china = if self.caller.partition == "aws-cn" { ".cn" } else { "" };
        format!("{name}.amazonaws.com{china}")
    }

    /// A role that tasks assume (page `GetRole`).
    pub(crate) async fn role(&mut self, arn: &str) -> Finding {
        let (account, name) = match arn.strip_prefix("arn:").map(|rest| rest.split(':').collect::<Vec<_>>()) {
            Some(parts) => match parts.as_slice() {
                [_, "iam", _, account, name] if name.starts_with("role/") => {
                    (*account, name.rsplit('/').next().unwrap_or_default())
                }
                _ => return Finding::Unusable("this is no ARN of a role".to_owned()),
            },
            None => (self.caller.account.as_str(), arn),
        };
        if account != self.caller.account {
            return Finding::NotChecked(format!(
                "it is in the account {account}, and the credentials lead to {}",
                self.caller.account
            ));
        }
        let (host, region) = match self.caller.partition.as_str() {
            "aws-cn" => (self.host("iam.cn-north-1"), "cn-north-1"),
            "aws-us-gov" => (self.host("iam.us-gov"), "us-gov-west-1"),
            _ => (self.host("iam"), "us-east-1"),
        };
        let body = parameters("GetRole", "2010-05-08", [("RoleName".to_owned(), name.to_owned())]);
        let question = Question {
            call: Call::new("iam", "GetRole", format!("the role {name}")),
            service_id: "IAM",
            signs_as: "iam",
            host,
            region: region.to_owned(),
            body,
        };
        match self.ask(question).await {
            Ok(xml) => {
                let role = items(&xml, "GetRoleResult/Role").into_iter().next().unwrap_or_default();
                match role.get("AssumeRolePolicyDocument").map(|policy| trusts_tasks(policy)) {
                    Some(true) => Finding::Usable,
                    Some(false) => Finding::Unusable(format!(
                        "its trust policy does not let `{TASKS}` assume it: allow that principal `sts:AssumeRole`"
                    )),
                    None => Finding::NotChecked("the answer to iam:GetRole has no trust policy".to_owned()),
                }
            }
            Err(unanswered) => {
                absent(unanswered, &["NoSuchEntity"], "there is no such role: make it, or correct its ARN")
            }
        }
    }

    /// A log group, in the region that its container says (page `DescribeLogGroups`).
    pub(crate) async fn log_group(&mut self, name: &str, region: Option<&str>, is_made: bool) -> Finding {
        let region = region.unwrap_or(&self.region).to_owned();
        let question = Question {
            call: Call::new("logs", "DescribeLogGroups", format!("the log group {name}")),
            service_id: "CloudWatch Logs",
            signs_as: "logs",
            host: self.host(&format!("logs.{region}")),
            body: Query::Json(
                "Logs_20140328.DescribeLogGroups".to_owned(),
                json!({ "logGroupNamePrefix": name }).to_string(),
            ),
            region,
        };
        let text = match self.ask(question).await {
            Ok(text) => text,
            Err(unanswered) => return Finding::NotChecked(unanswered.error.message),
        };
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let mut groups = answer.get("logGroups").and_then(Value::as_array).into_iter().flatten();
        // A group is listed before every other one whose name begins with its own.
        match groups.any(|group| group.get("logGroupName").and_then(Value::as_str) == Some(name)) {
            true => Finding::Usable,
            // The container has the log driver make it.
            false if is_made => Finding::Usable,
            false => Finding::Unusable(
                "there is no such log group, so no task could start: make it, or set `awslogs-create-group = \"true\"`"
                    .to_owned(),
            ),
        }
    }

    /// An image, where Amazon ECR has it (page `DescribeImages`).
    pub(crate) async fn image(&mut self, name: &str) -> Finding {
        let Some(image) = EcrImage::of(name) else {
            return Finding::NotChecked(
                "only images in Amazon ECR are looked up, and this is none".to_owned(),
            );
        };
        let asked = match image.reference.starts_with("sha256:") {
            true => json!({ "imageDigest": image.reference }),
            false => json!({ "imageTag": image.reference }),
        };
        let body = json!({
            "registryId": image.account, "repositoryName": image.repository, "imageIds": [asked],
        });
        let question = Question {
            call: Call::new("ecr", "DescribeImages", format!("the image {name}")),
            service_id: "ECR",
            signs_as: "ecr",
            host: self.host(&format!("api.ecr.{}", image.region)),
            region: image.region.to_owned(),
            body: Query::Json(
                "AmazonEC2ContainerRegistry_V20150921.DescribeImages".to_owned(),
                body.to_string(),
            ),
        };
        match self.ask(question).await {
            Ok(_) => Finding::Usable,
            Err(unanswered) if unanswered.code == "RepositoryNotFoundException" => {
                Finding::Unusable(format!(
                    "the account {} has no repository `{}` in {}",
                    image.account, image.repository, image.region
                ))
            }
            Err(unanswered) => absent(
                unanswered,
                &["ImageNotFoundException"],
                "the repository has no such image: push it, or correct the tag",
            ),
        }
    }

    /// The subnets (page `DescribeSubnets`), each with its VPC.
    pub(crate) async fn subnets(&mut self, ids: &BTreeSet<String>) -> Result<Networks, Finding> {
        let found = self.described("DescribeSubnets", "subnet-id", "subnetSet/item", ids).await?;
        let usable = |item: &BTreeMap<String, String>| {
            let text = |name: &str| item.get(name).map(String::as_str).unwrap_or_default();
            let usable = match (text("state"), text("availableIpAddressCount")) {
                ("available", "0") => {
                    Err("it has no address left: take a larger one, or end tasks in it".to_owned())
                }
                ("available", _) => Ok(text("vpcId").to_owned()),
                (state, _) => Err(format!("its state is `{state}`")),
            };
            (text("subnetId").to_owned(), usable)
        };
        Ok(found.iter().map(usable).collect())
    }

    /// The security groups (page `DescribeSecurityGroups`), each with its VPC.
    pub(crate) async fn security_groups(&mut self, ids: &BTreeSet<String>) -> Result<Networks, Finding> {
        let found =
            self.described("DescribeSecurityGroups", "group-id", "securityGroupInfo/item", ids).await?;
        let text = |item: &BTreeMap<String, String>, name: &str| item.get(name).cloned().unwrap_or_default();
        Ok(found.iter().map(|item| (text(item, "groupId"), Ok(text(item, "vpcId")))).collect())
    }

    /// The account's default network, which agents of the original take where a flow names none (page `DescribeVpcs`).
    pub(crate) async fn default_network(&mut self) -> Finding {
        let ids = BTreeSet::from(["true".to_owned()]);
        match self.described("DescribeVpcs", "is-default", "vpcSet/item", &ids).await {
            Ok(found) if found.is_empty() => Finding::Unusable(format!(
                "the account has no default VPC in {}: name subnets in the flow's `run_task_kwargs`, under \
                 `networkConfiguration`",
                self.region
            )),
            Ok(_) => Finding::Usable,
            Err(finding) => finding,
        }
    }

    /// By a filter and not by ids: then what does not exist is left out, and is no refusal of everything.
    async fn described(
        &mut self,
        operation: &'static str,
        filter: &str,
        path: &str,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<BTreeMap<String, String>>, Finding> {
        let mut found = Vec::new();
        let ids: Vec<&String> = ids.iter().collect();
        for some in ids.chunks(AT_ONCE) {
            let values = some.iter().enumerate();
            let values = values
                .map(|(index, id)| (format!("Filter.1.Value.{}", index.saturating_add(1)), (*id).clone()));
            let named = [("Filter.1.Name".to_owned(), filter.to_owned())];
            let about = some.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
            let question = Question {
                call: Call::new("ec2", operation, format!("{filter} {about}")),
                service_id: "EC2",
                signs_as: "ec2",
                host: self.host(&format!("ec2.{}", self.region)),
                region: self.region.clone(),
                body: parameters(operation, "2016-11-15", named.into_iter().chain(values)),
            };
            match self.ask(question).await {
                Ok(xml) => found.extend(items(&xml, path)),
                Err(unanswered) => return Err(Finding::NotChecked(unanswered.error.message)),
            }
        }
        Ok(found)
    }
}

fn parameters(action: &str, version: &str, more: impl IntoIterator<Item = (String, String)>) -> Query {
    let head = [("Action".to_owned(), action.to_owned()), ("Version".to_owned(), version.to_owned())];
    Query::Form(head.into_iter().chain(more).collect())
}

fn absent(unanswered: Unanswered, codes: &[&str], fix: &str) -> Finding {
    match codes.contains(&unanswered.code.as_str()) || unanswered.error.kind == ErrorKind::NotFound {
        true => Finding::Unusable(fix.to_owned()),
        false => Finding::NotChecked(unanswered.error.message),
    }
}

/// Whether a trust policy, as IAM encodes it, lets tasks assume the role.
fn trusts_tasks(encoded: &str) -> bool {
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    let policy: Value = serde_json::from_str(&text).unwrap_or_default();
    let many = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.clone(),
        Some(value) => vec![value.clone()],
        None => Vec::new(),
    };
    many(policy.get("Statement")).iter().any(|statement| {
        let services = many(statement.get("Principal").and_then(|principal| principal.get("Service")));
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && services.iter().any(|service| service.as_str() == Some(TASKS))
    })
}

/// An image of Amazon ECR: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/etl:1.4`.
#[derive(Debug, PartialEq, Eq)]
struct EcrImage<'a> {
    account: &'a str,
    region: &'a str,
    repository: &'a str,
    /// A tag, or a digest.
    reference: &'a str,
}

impl<'a> EcrImage<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (host, rest) = name.split_once('/')?;
        let (account, host) = host.split_once(".dkr.ecr")?;
        let (region, domain) = host.trim_start_matches("-fips").strip_prefix('.')?.split_once('.')?;
        let is_ecr = account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && domain.starts_with("amazonaws.com");
        let (repository, reference) = match rest.split_once('@') {
            // With both, the digest decides.
            Some((named, digest)) => (named.split(':').next().unwrap_or(named), digest),
            None => rest.split_once(':').unwrap_or((rest, "latest")),
        };
        is_ecr.then_some(Self { account, region, repository, reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_ecr_are_told_from_others() {
        let of = |name| EcrImage::of(name).map(|it| (it.account, it.region, it.repository, it.reference));
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let named = format!("{host}/team/etl:1.4");
        assert_eq!(of(&named), Some(("111122223333", "eu-west-1", "team/etl", "1.4")));
        let bare = format!("{host}/etl");
        assert_eq!(of(&bare), Some(("111122223333", "eu-west-1", "etl", "latest")));
        let digest = format!("{host}/etl:1@sha256:ab");
        assert_eq!(of(&digest), Some(("111122223333", "eu-west-1", "etl", "sha256:ab")));
        for other in
            ["etl", "etl:1", "ghcr.io/a/etl:1", "public.ecr.aws/x/y", "x.dkr.ecr.r.amazonaws.com/y", "a/b"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_trust_policy_names_the_service() {
        let policy = |effect: &str, service: &str| {
            let policy = json!({ "Statement": [{ "Effect": effect, "Principal": { "Service": service } }] });
            percent_encoding::utf8_percent_encode(&policy.to_string(), percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        assert!(trusts_tasks(&policy("Allow", TASKS)));
        assert!(!trusts_tasks(&policy("Deny", TASKS)));
        assert!(!trusts_tasks(&policy("Allow", "ec2.amazonaws.com")));
        assert!(trusts_tasks(
            &json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": ["a", TASKS] } } })
                .to_string()
        ));
        assert!(!trusts_tasks("nothing"));
    }
}
