//! The provider against the stand-in for AWS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use flowform_provider_api::{
    Artifact, ArtifactType, Binding, Digest, ErrorKind, FlowId, Identity, MakeRequest, Observation, Provider,
    ProviderError, RefreshRequest, RegistryId,
};
use flowform_provider_aws::Keys;
use flowform_provider_contract::{Act, ProviderSubject, provider_contract};
use flowform_provider_testbed::{Aws, Fault};
use serde_json::{Value, json};

use crate::rates::Rate;
use crate::{EcsProvider, Settings, TASK_DEFINITION};

fn settings(aws: &Aws) -> Settings {
    let mut settings = Settings::of(json!({"region": "us-east-1", "max_attempts": 2}).as_object().unwrap());
    settings.connection.endpoint = Some(aws.endpoint());
    settings.connection.keys = Some(Keys { id: "test".into(), secret: "test".into() });
    settings.modify = Rate { burst: 1000.0, per_second: 1000.0 };
    settings
}

fn definition(family: &str, image: &str) -> Value {
    json!({"task_definition": {
        "family": family, "networkMode": "awsvpc", "cpu": "1 vCPU", "memory": "2 GB",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{
            "name": "flow", "image": image, "command": ["run"],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
        }],
        "tags": [{"key": "team", "value": "data"}],
    }, "per_run": ["FLOWFORM_RUN_ID"]})
}

fn artifact(body: Value) -> Artifact {
    Artifact { kind: "task_definition".into(), hash: TASK_DEFINITION.hash(&body), body }
}

fn identity(flow: &str, version: u32) -> Identity {
    Identity {
        registry: RegistryId("registry".into()),
        project: "shop".into(),
        flow: FlowId(flow.into()),
        flow_name: format!("flow {flow}"),
        version,
        digest: Digest::of_bytes(format!("{flow} {version}").as_bytes()),
    }
}

async fn make(provider: &EcsProvider, who: &Identity, what: &Artifact) -> Result<String, ProviderError> {
    provider.make(MakeRequest { identity: who, artifact: what, recorded: &[] }).await.map(|made| made.id)
}

async fn refresh(provider: &EcsProvider, recorded: &[&str], what: &Artifact) -> Observation {
    let location = provider.location().await.unwrap();
    let binding = |id: &&str| Binding {
        kind: what.kind.clone(),
        provider: "ecs".into(),
        id: (*id).to_owned(),
        hash: what.hash.clone(),
        location: location.clone(),
        tag: None,
    };
    let recorded: Vec<Binding> = recorded.iter().map(binding).collect();
    let registry = RegistryId("registry".into());
    provider
        .refresh(RefreshRequest { registry: &registry, project: "shop", recorded: &recorded, expected: &[] })
        .await
        .unwrap()
}

fn called(aws: &Aws, operation: &str) -> usize {
    aws.calls().iter().filter(|call| call.operation == operation).count()
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let aws = Aws::strict();
    let provider = Arc::new(EcsProvider::new(settings(&aws)));
    let stranger = Arc::clone(&provider);
    let disown: Act = Box::new(move |arn: String| {
        let stranger = Arc::clone(&stranger);
        Box::pin(async move { stranger.disown(&arn).await.unwrap() })
    });
    provider_contract(ProviderSubject {
        provider,
        artifact_type: Arc::new(TASK_DEFINITION),
        bodies: [definition("contract-etl", "i:1"), definition("contract-etl", "i:2")],
        alter: None,
        disown,
    })
    .await;
}

#[tokio::test]
async fn a_definition_is_registered_under_our_tags_and_read_back() {
    let aws = Aws::strict();
    let mut settings = settings(&aws);
    settings.default_tags.insert("cost".into(), "7".into());
    let provider = EcsProvider::new(settings);
    let made = artifact(definition("shop-etl", "i:1"));
    let arn = make(&provider, &identity("a", 1), &made).await.unwrap();
    assert_eq!(arn, "arn:aws:ecs:us-east-1:123456789012:task-definition/shop-etl:1");
    let found = provider.describe(&arn).await.unwrap().unwrap();
    assert_eq!(found.hash, made.hash, "{:#}", found.body.unwrap());
    assert_eq!(found.identity.unwrap(), identity("a", 1));
    let body = found.body.unwrap();
    assert_eq!(body["task_definition"]["tags"], json!([{"key": "team", "value": "data"}]));
    assert_eq!(provider.location().await.unwrap().0, "123456789012/us-east-1");
}

/// One answer to one request, whose head and body are returned.
fn answering(answer: &Value) -> (String, std::thread::JoinHandle<(String, Value)>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.to_string();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    });
    (endpoint, served)
}

#[tokio::test]
async fn fields_that_the_sdk_does_not_know_travel_both_ways() {
    let definition = json!({
        "family": "f", "fieldOfTomorrow": {"kept": true},
        "containerDefinitions": [{"name": "flow", "anotherField": [1.5, null]}],
    });
    let mut settings = Settings::of(json!({"region": "us-east-1"}).as_object().unwrap());
    settings.connection.keys = Some(Keys { id: "test".into(), secret: "test".into() });

    let arn = "arn:aws:ecs:us-east-1:1:task-definition/f:1";
    let (endpoint, served) = answering(&json!({"taskDefinition": {"taskDefinitionArn": arn}}));
    settings.connection.endpoint = Some(endpoint);
    assert_eq!(EcsProvider::new(settings.clone()).calls.register(&definition).await.unwrap(), arn);
    let (head, body) = served.join().unwrap();
    assert_eq!(body, definition);
    assert!(
        head.contains("x-amz-target: amazonec2containerservicev20141113.registertaskdefinition"),
        "{head}"
    );
    assert!(head.contains("authorization: aws4-hmac-sha256"), "{head}");

    let (endpoint, served) = answering(&json!({"taskDefinition": definition, "tags": []}));
    settings.connection.endpoint = Some(endpoint);
    let described = EcsProvider::new(settings).calls.describe("f:1").await.unwrap().unwrap();
    assert_eq!(described.definition, definition);
    assert_eq!(served.join().unwrap().1, json!({"taskDefinition": "f:1", "include": ["TAGS"]}));
}

#[tokio::test]
async fn nothing_is_described_when_nothing_changed() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let one = artifact(definition("shop-one", "i:1"));
    let arns = [
        make(&provider, &identity("a", 1), &one).await.unwrap(),
        make(&provider, &identity("b", 1), &artifact(definition("shop-two", "i:1"))).await.unwrap(),
    ];
    aws.forget();
    let seen = refresh(&EcsProvider::new(settings(&aws)), &[&arns[0], &arns[1]], &one).await;
    assert_eq!(seen.intact, arns);
    assert!(seen.live.is_empty() && seen.notes.is_empty(), "{seen:?}");
    let operations: Vec<String> = aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["GetCallerIdentity", "ListTaskDefinitions"]);

    let registry = RegistryId("registry".into());
    provider.remove(&registry, &arns[0]).await.unwrap();
    let seen = refresh(&provider, &[&arns[0], &arns[1]], &one).await;
    assert_eq!(seen.intact, arns[1..], "one was deregistered");
}

#[tokio::test]
async fn a_lost_reply_is_looked_up_and_not_repeated() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let made = artifact(definition("shop-etl", "i:1"));
    aws.faults(&[Fault::lose("RegisterTaskDefinition")]);
    let arn = make(&provider, &identity("a", 1), &made).await.unwrap();
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 1);
    assert_eq!(refresh(&provider, &[&arn], &made).await.intact, std::slice::from_ref(&arn));
    // Another process, which knows nothing of the first one.
    let again = make(&EcsProvider::new(settings(&aws)), &identity("a", 1), &made).await.unwrap();
    assert_eq!(again, arn);
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 1);
}

#[tokio::test]
async fn what_was_not_done_is_repeated() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    aws.faults(&[
        Fault::drop("RegisterTaskDefinition"),
        Fault::refuse("RegisterTaskDefinition", 400, "ThrottlingException", "Rate exceeded"),
        Fault::refuse(
            "RegisterTaskDefinition",
            400,
            "ClientException",
            "Too many concurrent attempts to create a new revision of the specified family.",
        ),
        Fault::refuse("RegisterTaskDefinition", 500, "ServerException", "try again"),
    ]);
    let arn = make(&provider, &identity("a", 1), &artifact(definition("shop-etl", "i:1"))).await.unwrap();
    assert!(arn.ends_with("shop-etl:1"), "{arn}");
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 5);
}

#[tokio::test]
async fn a_late_duplicate_is_recognised_and_the_lowest_is_kept() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let made = artifact(definition("shop-etl", "i:1"));
    let first = make(&provider, &identity("a", 1), &made).await.unwrap();
    let second = provider.register_again(&identity("a", 1), &made).await.unwrap();
    assert_eq!(make(&provider, &identity("a", 1), &made).await.unwrap(), first);
    let seen = refresh(&provider, &[&first], &made).await;
    let strays: Vec<_> = seen.live.iter().map(|live| (&live.id, &live.hash)).collect();
    assert_eq!(strays, [(&second, &made.hash)], "the duplicate is one of ours that nobody recorded");
    assert_eq!(seen.live[0].identity, Some(identity("a", 1)));
    assert!(seen.notes.is_empty(), "{:?}", seen.notes);
}

#[tokio::test]
async fn a_lost_reply_is_looked_for_as_long_as_listings_are_behind() {
    for (lag, registered) in [(0, 1), (2, 1), (20, 2)] {
        let aws = Aws::strict();
        let provider = EcsProvider::new(settings(&aws));
        let made = artifact(definition("shop-etl", "i:1"));
        aws.lag(lag);
        aws.faults(&[Fault::lose("RegisterTaskDefinition")]);
        let arn = make(&provider, &identity("a", 1), &made).await.unwrap();
        assert_eq!(called(&aws, "RegisterTaskDefinition"), registered, "behind by {lag} listings");
        // What the listing does not show is asked for by name.
        let seen = refresh(&provider, &[&arn], &made).await;
        assert_eq!(seen.intact, std::slice::from_ref(&arn), "behind by {lag} listings");
        let mut strays = 0;
        for _ in 0..20 {
            strays = refresh(&provider, &[&arn], &made).await.live.len();
        }
        assert_eq!(strays, registered - 1, "the duplicate is told in the end");
    }
}

#[tokio::test]
async fn a_duplicate_that_shows_in_time_loses_to_the_lowest() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let made = artifact(definition("shop-etl", "i:1"));
    // The looks before the second registration show nothing, the one after it does.
    aws.lag(3);
    aws.faults(&[Fault::lose("RegisterTaskDefinition")]);
    let arn = make(&provider, &identity("a", 1), &made).await.unwrap();
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 2);
    assert!(arn.ends_with("shop-etl:1"), "{arn}");
}

#[tokio::test]
async fn what_the_service_refuses_is_told_and_nothing_is_registered() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let mut wrong = definition("shop-etl", "i:1");
    wrong["task_definition"]["memory"] = json!("16 GB");
    let error = make(&provider, &identity("a", 1), &artifact(wrong)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("No Fargate configuration exists"), "{}", error.message);
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 1);
    assert!(provider.calls.active(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn registrations_of_a_family_do_not_overlap() {
    let aws = Aws::strict();
    let provider = Arc::new(EcsProvider::new(settings(&aws)));
    aws.faults(&[Fault::slow("RegisterTaskDefinition", 0.2).times(4)]);
    let registered = (1..=4).map(|version| {
        let provider = Arc::clone(&provider);
        tokio::spawn(async move {
            let made = artifact(definition("shop-etl", &format!("i:{version}")));
            make(&provider, &identity("a", version), &made).await.unwrap()
        })
    });
    for made in registered.collect::<Vec<_>>() {
        made.await.unwrap();
    }
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 4, "none is refused as concurrent");
}

#[tokio::test]
async fn a_family_of_somebody_else_is_refused_and_a_newer_revision_in_ours_is_told() {
    let aws = Aws::strict();
    let provider = EcsProvider::new(settings(&aws));
    let made = artifact(definition("shop-etl", "i:1"));
    let other = Identity { registry: RegistryId("another".into()), ..identity("a", 1) };
    let theirs = make(&provider, &other, &made).await.unwrap();
    let error = make(&provider, &identity("a", 1), &made).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("shop-etl") && error.message.contains(&theirs), "{}", error.message);
    let error = provider.remove(&RegistryId("registry".into()), &theirs).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);

    let ours = artifact(definition("shop-ours", "i:1"));
    let arn = make(&provider, &identity("b", 1), &ours).await.unwrap();
    let newer = provider.register_again(&other, &ours).await.unwrap();
    let seen = refresh(&provider, &[&arn], &ours).await;
    assert_eq!(seen.intact, std::slice::from_ref(&arn));
    assert_eq!(
        seen.notes,
        [(
            arn,
            "somebody else registered shop-ours:2, which is newer than shop-ours:1; runs use the latter"
                .to_owned()
        )]
    );
    assert!(newer.ends_with(":2"));
    // What is in a family of ours does not stop the next version.
    make(&provider, &identity("b", 2), &artifact(definition("shop-ours", "i:2"))).await.unwrap();
}

#[tokio::test]
async fn failures_name_the_call_and_the_fix() {
    let aws = Aws::strict();
    let made = artifact(definition("shop-etl", "i:1"));
    let mut told = Vec::new();
    for fault in [
        Fault::refuse("RegisterTaskDefinition", 400, "AccessDeniedException", "User is not authorized"),
        Fault::refuse(
            "RegisterTaskDefinition",
            400,
            "ClientException",
            "Container.image should not be null or empty.",
        ),
        Fault::refuse(
            "ListTaskDefinitions",
            400,
            "UnrecognizedClientException",
            "The security token is invalid",
        )
        .always(),
        Fault::refuse("ListTaskDefinitions", 400, "ThrottlingException", "Rate exceeded").always(),
    ] {
        aws.faults(&[fault]);
        let error = make(&EcsProvider::new(settings(&aws)), &identity("a", 1), &made).await.unwrap_err();
        told.push(format!("{:?}: {}", error.kind, error.message));
    }
    assert_eq!(called(&aws, "RegisterTaskDefinition"), 2);
    let expected = [
        ("Denied", "ecs:RegisterTaskDefinition", "allow the action `ecs:RegisterTaskDefinition`"),
        ("Invalid", "Container.image should not be null", "repeating it cannot help"),
        ("Denied", "ecs:ListTaskDefinitions", "check the access key"),
        ("Throttled", "ecs:ListTaskDefinitions", "fewer calls"),
    ];
    for (told, (kind, call, fix)) in told.iter().zip(expected) {
        assert!(told.starts_with(kind) && told.contains(call) && told.contains(fix), "{told}");
    }
}

impl EcsProvider {
    /// Registers without looking whether it was, as a call does that is done after its caller gave up.
    async fn register_again(&self, who: &Identity, what: &Artifact) -> Result<String, ProviderError> {
        let definition = what.body["task_definition"].as_object().unwrap();
        let document = self.document(definition, who, &what.hash).await?;
        self.calls.register(&document).await
    }

    /// Takes our tags off a revision.
    async fn disown(&self, arn: &str) -> Result<(), ProviderError> {
        self.calls.untag(arn).await
    }
}
