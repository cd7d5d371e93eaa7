//! A stand-in for AWS: moto behind faults and a record of calls (`tests/python/aws.py`). It knows every service that
//! moto knows, in an account of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::front::{BEHIND, Front, Stop};
use crate::http::{Answer, ask};

/// The region that everything is in.
const REGION: &str = "us-east-1";

/// A running server. It ends with this value, and when the process that holds it ends in whatever way: its standard
/// input ends then.
pub struct Aws {
    child: Child,
    address: String,
    front: Option<Front>,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// `s3`, `ecs`, `sts`, `tagging`.
    pub service: String,
    /// The region that it was signed for.
    pub region: String,
    /// As the API names it (`RegisterTaskDefinition`).
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path of the address; for S3 the bucket and the key.
    pub path: String,
}

/// Something that will go wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    operation: Option<String>,
    path: Option<String>,
    skip: u32,
    times: Option<u32>,
    #[serde(rename = "do")]
    act: &'static str,
    status: u16,
    code: String,
    message: String,
    seconds: f64,
    headers: BTreeMap<String, String>,
}

impl Fault {
    fn new(operation: &str, act: &'static str) -> Self {
        Self {
            operation: Some(operation.to_owned()).filter(|name| !name.is_empty()),
            path: None,
            skip: 0,
            times: Some(1),
            act,
            status: 500,
            code: "InternalError".to_owned(),
            message: String::new(),
            seconds: 0.0,
            headers: BTreeMap::new(),
        }
    }

    /// The next such call (`""`: any) is refused with this status and code, and not done.
    pub fn refuse(operation: &str, status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned(), ..Self::new(operation, "refuse") }
    }

    /// The connection of the next such call breaks before anything is done.
    pub fn drop(operation: &str) -> Self {
        Self::new(operation, "drop")
    }

    /// The next such call is done, and its connection breaks before the answer.
    pub fn lose(operation: &str) -> Self {
        Self::new(operation, "lose")
    }

    /// The next such call is done, and never answered.
    pub fn hold(operation: &str) -> Self {
        Self::new(operation, "hold")
    }

    /// The next such call is done after some seconds.
    pub fn slow(operation: &str, seconds: f64) -> Self {
        Self { seconds, ..Self::new(operation, "slow") }
    }

    /// Every call is done as if it did not have this header.
    pub fn without(header: &str) -> Self {
        Self { code: header.to_owned(), ..Self::new("", "without") }.always()
    }

    /// The calls that it hits; `""` for any.
    pub fn operation(&self) -> &str {
        self.operation.as_deref().unwrap_or_default()
    }

    /// Lets so many through first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Hits so many.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Hits all of them.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }

    /// Hits only calls whose path matches.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// With this header in the refusal.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Aws {
    /// Starts one that is as hard as the service where that documents what moto does not do: see `front`.
    pub fn strict() -> Self {
        let mut aws = Self::start();
        aws.front = Some(Front::start(aws.address.clone()));
        aws
    }

    /// Starts one; that takes about a second.
    pub fn start() -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python");
        let made = Command::new(tests.join("venv")).output().expect("tests/python/venv runs");
        assert!(made.status.success(), "tests/python/venv: {}", String::from_utf8_lossy(&made.stderr));
        let python = String::from_utf8(made.stdout).expect("a path is text");
        let mut child = Command::new(python.trim())
            .arg(tests.join("aws.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("Python starts");
        let mut port = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut port).expect("the server prints its port");
        let port: u16 = port.trim().parse().expect("the server started; what it said is above");
        Self { child, address: format!("127.0.0.1:{port}"), front: None }
    }

    fn front(&self) -> &Front {
        self.front.as_ref().expect("a server that was started as a strict one")
    }

    /// Whom clients talk to.
    fn outside(&self) -> &str {
        self.front.as_ref().map_or(&self.address, Front::address)
    }

    /// What is registered or tagged from now on is not shown by so many listings after it, nor by the tag index.
    pub fn lag(&self, listings: u32) {
        self.front().lag(listings);
    }

    /// Calls are taken at the documented rates from now on, times a factor; buckets keep their documented sizes.
    pub fn throttle(&self, factor: f64) {
        self.front().throttle(factor);
    }

    /// Whether tasks are shown as starting from now on; else they are as moto has them, which starts them at once.
    pub fn tasks_are_starting(&self, are_starting: bool) {
        self.front().tasks_are_starting(are_starting);
    }

    /// How many calls were refused by the rates so far.
    pub fn throttled(&self) -> u64 {
        self.front().throttled()
    }

    /// Everything stops at a call, counted from 1 from now on: calls are neither done nor answered then. `None` goes on;
    /// what was stopped is never done.
    pub fn stop(&self, stop: Option<Stop>) {
        self.front().stop(stop);
    }

    /// Waits for the stop, at most so long, and for the calls before it to be answered; whether it is reached.
    pub fn is_stopped(&self, patience: Duration) -> bool {
        self.front().is_stopped(patience)
    }

    /// Forgets everything that is stored.
    pub fn reset(&self) {
        let answer = ask(&self.address, "POST", "/moto-api/reset", &[], b"");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// Where it listens, as an address for clients.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.outside())
    }

    /// The environment of a program that is to use it, and to look nowhere else.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let nowhere = "/nonexistent".to_owned();
        vec![
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", nowhere.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", nowhere),
        ]
    }

    /// What was called since it was started, or since [`Self::forget`].
    pub fn calls(&self) -> Vec<Call> {
        if let Some(front) = &self.front {
            return front.calls();
        }
        let answer = ask(&self.address, "GET", "/_testbed/calls", &[], b"");
        serde_json::from_slice(&answer.body).expect("the calls are JSON")
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        if let Some(front) = &self.front {
            front.forget();
        }
        ask(&self.address, "POST", "/_testbed/forget", &[], b"");
    }

    /// What goes wrong from now on, instead of what was said before.
    pub fn faults(&self, faults: &[Fault]) {
        let body = serde_json::to_vec(faults).expect("faults are JSON");
        let answer = ask(&self.address, "POST", "/_testbed/faults", &[], &body);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// Makes a bucket.
    pub fn bucket(&self, name: &str) {
        let answer = self.s3("PUT", &format!("/{name}"), b"");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// Writes an object, past everybody.
    pub fn put_object(&self, bucket: &str, key: &str, body: &[u8]) {
        let answer = self.s3("PUT", &format!("/{bucket}/{key}"), body);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// An object's content; `None` where there is none.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let answer = self.s3("GET", &format!("/{bucket}/{key}"), b"");
        (answer.status == 200).then_some(answer.body)
    }

    /// An object's headers.
    pub fn head(&self, bucket: &str, key: &str) -> BTreeMap<String, String> {
        self.s3("HEAD", &format!("/{bucket}/{key}"), b"").headers
    }

    /// The keys of a bucket, in order, at most a thousand.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let answer = self.s3("GET", &format!("/{bucket}?list-type=2"), b"");
        let text = String::from_utf8(answer.body).expect("a listing is text");
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// Calls ECS past everybody; what it answers, which must be a success.
    pub fn ecs(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ecs/aws4_request, Signature=x");
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let headers = [
            ("Authorization", scope.as_str()),
            ("X-Amz-Target", target.as_str()),
            ("Content-Type", "application/x-amz-json-1.1"),
            (BEHIND, "1"),
        ];
        let answer = ask(self.outside(), "POST", "/", &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{operation}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).expect("the answer is JSON")
    }

    /// Calls a service of the Query protocol past everybody; the XML that it answers.
    pub fn query(&self, service: &str, parameters: &str) -> String {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, Signature=x");
        let headers =
            [("Authorization", scope.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let answer = ask(&self.address, "POST", "/", &headers, parameters.as_bytes());
        let text = String::from_utf8(answer.body).expect("the answer is text");
        assert_eq!(answer.status, 200, "{parameters}: {text}");
        text
    }

    /// Calls a service of the JSON protocol past everybody; what it answers.
    pub fn json(&self, service: &str, target: &str, body: &serde_json::Value) -> serde_json::Value {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, Signature=x");
        let headers = [
            ("Authorization", scope.as_str()),
            ("X-Amz-Target", target),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let answer = ask(&self.address, "POST", "/", &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// A subnet and a security group of the account's default network.
    pub fn network(&self) -> (String, String) {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request, Signature=x");
        let headers =
            [("Authorization", scope.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let first = |action: &str, tag: &str| {
            let body = format!("Action={action}&Version=2016-11-15");
            let answer = ask(&self.address, "POST", "/", &headers, body.as_bytes());
            let text = String::from_utf8(answer.body).expect("the answer is text");
            let found = text.split(&format!("<{tag}>")).nth(1).and_then(|rest| rest.split('<').next());
            found.unwrap_or_else(|| panic!("{action}: {text}")).to_owned()
        };
        (first("DescribeSubnets", "subnetId"), first("DescribeSecurityGroups", "groupId"))
    }

    /// Calls S3 without a signature that anybody checks.
    pub fn s3(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/s3/aws4_request, Signature=x");
        ask(&self.address, method, path, &[("Authorization", &scope)], body)
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
