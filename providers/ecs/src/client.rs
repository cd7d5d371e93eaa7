//! IO: the calls to ECS, each counted and made at the documented rate. It decides nothing about what is called.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::types::{DesiredStatus, SortOrder, Tag, TaskDefinitionField, TaskDefinitionStatus};
use aws_sdk_resourcegroupstagging::Client as Index;
use flowform_provider_api::{ErrorKind, Location, ProviderError};
use flowform_provider_aws::{Call, Connection, failure};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::sleep;

use crate::rates::{Bucket, READ, Rate, TAG, TAGS};
use crate::raw::{Answer, Body};
use crate::tags::{self, Tags};

/// How many names a page has at most (page `ListTaskDefinitions`).
const PAGE: i32 = 100;

/// How many services are described by a call (page `DescribeServices`).
const DESCRIBED: usize = 10;

/// How many tasks are described by a call (page `DescribeTasks`).
const TASKS: usize = 100;

/// The states of a task before it runs (developer guide, page `task-lifecycle`).
const BEFORE_RUNNING: [&str; 3] = ["PROVISIONING", "PENDING", "ACTIVATING"];

/// How often a call is tried that gets no answer.
const ATTEMPTS: u32 = 5;

/// The pause before the second try; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// The name of what an ARN stands for.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

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
    attempts: u32,
    client: OnceCell<Client>,
    index: OnceCell<Index>,
    location: OnceCell<Location>,
    read: Bucket,
    modify: Bucket,
    tags: Bucket,
    tag: Bucket,
    clusters: Bucket,
    services: Bucket,
    count: AtomicU64,
}

/// A service that runs a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The service's name.
    pub(crate) service: String,
    /// The revision's ARN.
    pub(crate) definition: String,
}

impl Calls {
    /// Calls nothing.
    pub(crate) fn new(connection: Connection, modify: Rate, attempts: Option<u32>) -> Self {
        Self {
            connection,
            attempts: attempts.unwrap_or(ATTEMPTS).max(1),
            client: OnceCell::new(),
            index: OnceCell::new(),
            location: OnceCell::new(),
            read: Bucket::new(READ),
            modify: Bucket::new(modify),
            tags: Bucket::new(TAGS),
            tag: Bucket::new(TAG),
            clusters: Bucket::new(READ),
            services: Bucket::new(READ),
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
            let request = client
                .list_task_definitions()
                .set_family_prefix(family.map(str::to_owned))
                .status(TaskDefinitionStatus::Active)
                .max_results(PAGE)
                .set_next_token(next.take());
            let page = self.paced(&self.read, &call, || request.clone().send()).await?;
            arns.extend(page.task_definition_arns.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(arns);
            }
        }
    }

    /// The ARNs of the newest deregistered revisions of a family.
    pub(crate) async fn inactive(&self, family: &str) -> Result<Vec<String>, ProviderError> {
        let client = self.client().await?;
        let about = format!("the deregistered revisions of the family {family}");
        let call = Call::new("ecs", "ListTaskDefinitions", about);
        let request = client
            .list_task_definitions()
            .family_prefix(family)
            .status(TaskDefinitionStatus::Inactive)
            .sort(SortOrder::Desc)
            .max_results(PAGE);
        let page = self.paced(&self.read, &call, || request.clone().send()).await?;
        Ok(page.task_definition_arns.unwrap_or_default())
    }

    /// The tags of a revision.
    pub(crate) async fn tags_of(&self, arn: &str) -> Result<Tags, ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "ListTagsForResource", arn);
        let request = client.list_tags_for_resource().resource_arn(arn);
        let answer = self.paced(&self.tags, &call, || request.clone().send()).await?;
        let tags = answer.tags.unwrap_or_default().into_iter();
        Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
    }

    /// A revision with its tags, by ARN, `family:revision` or family; `None` when there is none.
    pub(crate) async fn describe(&self, id: &str) -> Result<Option<Described>, ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "DescribeTaskDefinition", id);
        let kept = Answer::default();
        let request =
            client.describe_task_definition().task_definition(id).include(TaskDefinitionField::Tags);
        let send = || request.clone().customize().interceptor(kept.clone()).send();
        match self.paced(&self.read, &call, send).await {
            Ok(_) => {}
            Err(error) => return if is_absence(&error) { Ok(None) } else { Err(error) },
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
        let kept = Answer::default();
        let request =
            client.register_task_definition().family(family).set_container_definitions(Some(Vec::new()));
        let send = || {
            let sent = request.clone().customize();
            sent.interceptor(Body(body.clone())).interceptor(kept.clone()).send()
        };
        self.tried(&self.modify, &call, 1, send).await?;
        let answer = kept.take().unwrap_or_default();
        let arn = answer.pointer("/taskDefinition/taskDefinitionArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| unreadable("RegisterTaskDefinition"))
    }

    /// Makes a revision inactive; tasks that run go on.
    pub(crate) async fn deregister(&self, arn: &str) -> Result<(), ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "DeregisterTaskDefinition", arn);
        let request = client.deregister_task_definition().task_definition(arn);
        match self.paced(&self.modify, &call, || request.clone().send()).await {
            Err(error) if !is_absence(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Adds tags to a revision.
    pub(crate) async fn tag(&self, arn: &str, tags: &Tags) -> Result<(), ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "TagResource", arn);
        let list = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let request = client.tag_resource().resource_arn(arn).set_tags(Some(list));
        self.paced(&self.tag, &call, || request.clone().send()).await.map(drop)
    }

    /// What the tag index says of at most 100 revisions; it is behind, and leaves out what it does not have yet.
    pub(crate) async fn indexed(&self, arns: &[&str]) -> Result<BTreeMap<String, Tags>, ProviderError> {
        let index = self.index.get_or_try_init(|| async {
            let config =
                aws_sdk_resourcegroupstagging::config::Builder::from(self.connection.config().await?);
            Ok::<_, ProviderError>(Index::from_conf(config.retry_config(RetryConfig::disabled()).build()))
        });
        let call = Call::new("tag", "GetResources", format!("{} revisions", arns.len()));
        let names = arns.iter().map(|arn| (*arn).to_owned()).collect();
        let request = index.await?.get_resources().set_resource_arn_list(Some(names));
        let answer = self.paced(&self.tags, &call, || request.clone().send()).await?;
        let found = answer.resource_tag_mapping_list.unwrap_or_default().into_iter();
        let found = found.filter_map(|one| {
            let tags = one.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
            Some((one.resource_arn?, tags))
        });
        Ok(found.collect())
    }

    /// Whether the cluster (by name or ARN) can take tasks; why not otherwise.
    pub(crate) async fn cluster(&self, name: &str) -> Result<Result<(), String>, ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "DescribeClusters", format!("the cluster {name}"));
        let request = client.describe_clusters().clusters(name);
        let answer = self.paced(&self.clusters, &call, || request.clone().send()).await?;
        let found = answer.clusters.unwrap_or_default().into_iter().next();
        Ok(match found.map(|cluster| cluster.status.unwrap_or_default()) {
            Some(status) if status == "ACTIVE" || status.is_empty() => Ok(()),
            Some(status) => Err(format!("it is {status}: make it again, or name another")),
            None => {
                Err("there is none of that name in the account and region: make it, or name another".into())
            }
        })
    }

    /// The ARNs of all clusters.
    async fn all_clusters(&self) -> Result<Vec<String>, ProviderError> {
        let client = self.client().await?;
        let call = Call::new("ecs", "ListClusters", "the clusters");
        let (mut clusters, mut next) = (Vec::new(), None::<String>);
        loop {
            let request = client.list_clusters().set_next_token(next.take());
            let page = self.paced(&self.clusters, &call, || request.clone().send()).await?;
            clusters.extend(page.cluster_arns.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(clusters);
            }
        }
    }

    /// The revisions of the tasks of all clusters that do not run yet, each with the name of a cluster.
    pub(crate) async fn starting(&self) -> Result<BTreeMap<String, String>, ProviderError> {
        let client = self.client().await?;
        let mut starting = BTreeMap::new();
        for cluster in &self.all_clusters().await? {
            let call = Call::new("ecs", "ListTasks", cluster);
            let (mut tasks, mut next) = (Vec::new(), None::<String>);
            loop {
                // What is wanted to run: tasks that are queued or starting are among them.
                let request = client.list_tasks().cluster(cluster).desired_status(DesiredStatus::Running);
                let request = request.max_results(PAGE).set_next_token(next.take());
                let page = self.paced(&self.services, &call, || request.clone().send()).await?;
                tasks.extend(page.task_arns.unwrap_or_default());
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
            }
            let call = Call::new("ecs", "DescribeTasks", cluster);
            for some in tasks.chunks(TASKS) {
                let request = client.describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec()));
                let answer = self.paced(&self.services, &call, || request.clone().send()).await?;
                for task in answer.tasks.unwrap_or_default() {
                    let status = task.last_status.unwrap_or_default();
                    if let (true, Some(definition)) =
                        (BEFORE_RUNNING.contains(&status.as_str()), task.task_definition_arn)
                    {
                        starting.insert(definition, short(cluster).to_owned());
                    }
                }
            }
        }
        Ok(starting)
    }

    /// The services of all clusters, with the revision that each runs.
    pub(crate) async fn services(&self) -> Result<Vec<Running>, ProviderError> {
        let client = self.client().await?;
        let mut running = Vec::new();
        for cluster in &self.all_clusters().await? {
            let call = Call::new("ecs", "ListServices", cluster);
            let (mut names, mut next) = (Vec::new(), None::<String>);
            loop {
                let request = client.list_services().cluster(cluster).max_results(PAGE);
                let request = request.set_next_token(next.take());
                let page = self.paced(&self.services, &call, || request.clone().send()).await?;
                names.extend(page.service_arns.unwrap_or_default());
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
            }
            let call = Call::new("ecs", "DescribeServices", cluster);
            for some in names.chunks(DESCRIBED) {
                let request = client.describe_services().cluster(cluster).set_services(Some(some.to_vec()));
                let answer = self.paced(&self.services, &call, || request.clone().send()).await?;
                running.extend(answer.services.unwrap_or_default().into_iter().map(|service| Running {
                    cluster: short(cluster).to_owned(),
                    service: service.service_name.unwrap_or_default(),
                    definition: service.task_definition.unwrap_or_default(),
                }));
            }
        }
        Ok(running)
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
        let made = self.client.get_or_try_init(|| async {
            let config = aws_sdk_ecs::config::Builder::from(self.connection.config().await?);
            // Every try takes a token and is counted, which the SDK's own would not be.
            Ok(Client::from_conf(config.retry_config(RetryConfig::disabled()).build()))
        });
        made.await
    }

    /// A call that may be repeated when it gets no answer.
    async fn paced<T, E, F, S>(&self, bucket: &Bucket, call: &Call, send: S) -> Result<T, ProviderError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        S: Fn() -> F,
    {
        self.tried(bucket, call, self.attempts, send).await
    }

    /// A call that is tried so often without an answer, and twice as often as calls usually are while the service refuses
    /// it for its rate: it is not done then, and all calls of the bucket slow down.
    async fn tried<T, E, F, S>(
        &self,
        bucket: &Bucket,
        call: &Call,
        attempts: u32,
        send: S,
    ) -> Result<T, ProviderError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        S: Fn() -> F,
    {
        let (mut unanswered, mut refused, mut pause) = (0, 0, PAUSE);
        loop {
            bucket.take().await;
            self.counted();
            let error = match send().await {
                Ok(answer) => {
                    bucket.taken().await;
                    return Ok(answer);
                }
                Err(error) => failure(call, &error),
            };
            match error.kind {
                ErrorKind::Throttled if refused < self.attempts.saturating_mul(2) => {
                    refused += 1;
                    bucket.refused().await;
                    if let Some(asked) = error.retry_after {
                        sleep(asked).await;
                    }
                }
                ErrorKind::Unavailable if unanswered + 1 < attempts => {
                    unanswered += 1;
                    sleep(error.retry_after.unwrap_or(pause)).await;
                    pause = pause.saturating_mul(2);
                }
                _ => return Err(error),
            }
        }
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
