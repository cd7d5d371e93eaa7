//! IO: the calls to ECS, each counted and made at the documented rate. It decides nothing about what is called.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use flowform_provider_api::{ErrorKind, Location, ProviderError};
use flowform_provider_aws::{Call, Connection, failure};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::rates::{Bucket, READ, Rate, TAGS};
use crate::raw::{Answer, Body};
use crate::tags::{self, Tags};

/// How many names a page has at most (page `ListTaskDefinitions`).
const PAGE: i32 = 100;

/// What a registered definition looks like from outside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Described {
    /// The ARN.
    pub(crate) arn: String,
    /// Whether it can be run.
    pub(crate) is_active: bool,
    /// The whole definition, as the service gives it back.
    pub(crate) definition: Value,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// One connection with its buckets and its count.
pub(crate) struct Calls {
    connection: Connection,
    client: OnceCell<Client>,
    location: OnceCell<Location>,
    read: Bucket,
    modify: Bucket,
    tags: Bucket,
    count: AtomicU64,
}

impl Calls {
    /// Calls nothing.
    pub(crate) fn new(connection: Connection, modify: Rate) -> Self {
        Self {
            connection,
            client: OnceCell::new(),
            location: OnceCell::new(),
            read: Bucket::new(READ),
            modify: Bucket::new(modify),
            tags: Bucket::new(TAGS),
            count: AtomicU64::new(0),
        }
    }

    /// How many calls were made so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The account and the region.
    pub(crate) async fn location(&self) -> Result<Location, ProviderError> {
        let location = self.location.get_or_try_init(|| async {
            self.counted();
            let account = &self.connection.caller().await?.account;
            let region = self.connection.region().await?;
            Ok::<_, ProviderError>(Location(format!("{account}/{region}")))
        });
        location.await.cloned()
    }

    /// The connection, for questions to other services.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The region.
    pub(crate) async fn region(&self) -> Result<String, ProviderError> {
        self.connection.region().await
    }

    /// The ARNs of the revisions that can be run, of one family or of all.
    pub(crate) async fn active(&self, family: Option<&str>) -> Result<Vec<String>, ProviderError> {
        let client = self.client().await?;
        let about = match family {
            Some(family) => format!("the revisions of the family {family}"),
            None => "the active revisions".to_owned(),
        };
        let call = Call::new("ecs", "ListTaskDefinitions", about);
        let mut arns = Vec::new();
        let mut next: Option<String> = None;
        loop {
            self.read.take().await;
            self.counted();
            let page = client
                .list_task_definitions()
                .set_family_prefix(family.map(str::to_owned))
                .status(TaskDefinitionStatus::Active)
                .max_results(PAGE)
                .set_next_token(next.take())
                .send()
                .await
                .map_err(|error| failure(&call, &error))?;
            arns.extend(page.task_definition_arns.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(arns);
            }
        }
    }

    /// The tags of a revision.
    pub(crate) async fn tags_of(&self, arn: &str) -> Result<Tags, ProviderError> {
        let client = self.client().await?;
        self.tags.take().await;
        self.counted();
        let call = Call::new("ecs", "ListTagsForResource", arn);
        let answer = client.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = answer.map_err(|error| failure(&call, &error))?;
        let tags = answer.tags.unwrap_or_default().into_iter();
        Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
    }

    /// A revision with its tags, by ARN, `family:revision` or family; `None` when there is none.
    pub(crate) async fn describe(&self, id: &str) -> Result<Option<Described>, ProviderError> {
        let client = self.client().await?;
        self.read.take().await;
        self.counted();
        let call = Call::new("ecs", "DescribeTaskDefinition", id);
        let kept = Answer::default();
        let request =
            client.describe_task_definition().task_definition(id).include(TaskDefinitionField::Tags);
        match request.customize().interceptor(kept.clone()).send().await {
            Ok(_) => {}
            Err(error) => {
                let error = failure(&call, &error);
                return if is_absence(&error) { Ok(None) } else { Err(error) };
            }
        }
        let answer = kept.take().unwrap_or_default();
        let Some(definition) = answer.get("taskDefinition").filter(|found| found.is_object()) else {
            return Err(unreadable("DescribeTaskDefinition"));
        };
        let text = |name: &str| definition.get(name).and_then(Value::as_str);
        Ok(Some(Described {
            arn: text("taskDefinitionArn").unwrap_or(id).to_owned(),
            is_active: text("status").is_none_or(|status| status == "ACTIVE"),
            definition: definition.clone(),
            tags: answer.get("tags").map(tags::read).unwrap_or_default(),
        }))
    }

    /// Registers a revision and returns its ARN. It is tried once: whether a call without an answer was done is for the
    /// caller to find out.
    pub(crate) async fn register(&self, request: &Value) -> Result<String, ProviderError> {
        let client = self.client().await?;
        let family = request.get("family").and_then(Value::as_str).unwrap_or_default();
        let call = Call::new("ecs", "RegisterTaskDefinition", format!("the family {family}"));
        let body = serde_json::to_vec(request)
            .map_err(|error| ProviderError::new(ErrorKind::Internal, error.to_string()))?;
        self.modify.take().await;
        self.counted();
        let kept = Answer::default();
        let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
        let sent = client
            .register_task_definition()
            .family(family)
            .set_container_definitions(Some(Vec::new()))
            .customize()
            .config_override(once)
            .interceptor(Body(body))
            .interceptor(kept.clone())
            .send()
            .await;
        sent.map_err(|error| failure(&call, &error))?;
        let answer = kept.take().unwrap_or_default();
        let arn = answer.pointer("/taskDefinition/taskDefinitionArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| unreadable("RegisterTaskDefinition"))
    }

    /// Makes a revision inactive; tasks that run go on.
    pub(crate) async fn deregister(&self, arn: &str) -> Result<(), ProviderError> {
        let client = self.client().await?;
        self.modify.take().await;
        self.counted();
        let call = Call::new("ecs", "DeregisterTaskDefinition", arn);
        let sent = client.deregister_task_definition().task_definition(arn).send().await;
        match sent.map_err(|error| failure(&call, &error)) {
            Err(error) if !is_absence(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the cluster (by name or ARN) can take tasks; why not otherwise.
    pub(crate) async fn cluster(&self, name: &str) -> Result<Result<(), String>, ProviderError> {
        let client = self.client().await?;
        self.counted();
        let call = Call::new("ecs", "DescribeClusters", format!("the cluster {name}"));
        let answer = client.describe_clusters().clusters(name).send().await;
        let answer = answer.map_err(|error| failure(&call, &error))?;
        let found = answer.clusters.unwrap_or_default().into_iter().next();
        Ok(match found.map(|cluster| cluster.status.unwrap_or_default()) {
            Some(status) if status == "ACTIVE" || status.is_empty() => Ok(()),
            Some(status) => Err(format!("it is {status}: make it again, or name another")),
            None => {
                Err("there is none of that name in the account and region: make it, or name another".into())
            }
        })
    }

    /// Takes our tags off a revision, as somebody else might.
    #[cfg(test)]
    pub(crate) async fn untag(&self, arn: &str) -> Result<(), ProviderError> {
        let keys: Vec<String> = self.tags_of(arn).await?.into_keys().collect();
        let call = Call::new("ecs", "UntagResource", arn);
        let client = self.client().await?;
        let sent = client.untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send().await;
        sent.map(drop).map_err(|error| failure(&call, &error))
    }

    fn counted(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    async fn client(&self) -> Result<&Client, ProviderError> {
        self.client.get_or_try_init(|| async { Ok(Client::new(self.connection.config().await?)) }).await
    }
}

/// The service answers a client error, and no code of its own, for revisions that there are not.
fn is_absence(error: &ProviderError) -> bool {
    let said = ["Unable to describe task definition", "does not exist", "not found", "Unable to find"];
    error.kind == ErrorKind::NotFound
        || (error.kind == ErrorKind::Invalid && said.iter().any(|text| error.message.contains(text)))
}

fn unreadable(operation: &str) -> ProviderError {
    let told = json!(operation);
    ProviderError::new(
        ErrorKind::Unavailable,
        format!("ecs answered {told} without a task definition: check that the endpoint is ECS"),
    )
}
