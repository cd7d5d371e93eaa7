//! A stand-in for Vertex AI: a strict server that keeps CustomJobs (`tests/python/vertex.py`).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::ask;

/// Where jobs are, as far as this value's own calls go.
const PARENT: &str = "/v1/projects/p-1/locations/europe-west4";

/// A running server. It ends with this value, and when the process that holds it ends in whatever way: its standard
/// input ends then.
pub struct Vertex {
    child: Child,
    address: String,
    authorization: String,
}

impl Vertex {
    /// Starts one that takes so many submissions a minute. The first start on a machine takes up to a minute.
    pub fn start(submissions_per_minute: u32) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python");
        let made = Command::new(tests.join("venv")).output().expect("tests/python/venv runs");
        assert!(made.status.success(), "tests/python/venv: {}", String::from_utf8_lossy(&made.stderr));
        let python = String::from_utf8(made.stdout).expect("a path is text");
        let mut child = Command::new(python.trim())
            .arg(tests.join("vertex.py"))
            .args(["--submissions-per-minute", &submissions_per_minute.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the server prints its port");
        let ready: Value = serde_json::from_str(&line).expect("the server started; what it said is above");
        let address = format!("127.0.0.1:{}", ready["port"]);
        let grant = json!({"grant_type": "refresh_token", "refresh_token": REFRESH}).to_string();
        let answer = ask(&address, "POST", "/token", &[], grant.as_bytes());
        let token: Value = serde_json::from_slice(&answer.body).expect("a token");
        let authorization = format!("Bearer {}", token["access_token"].as_str().expect("a token is text"));
        Self { child, address, authorization }
    }

    /// Where it listens, as an address for clients.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a file of user credentials that this server gives tokens for, and returns its path.
    pub fn credentials(&self, directory: &Path) -> PathBuf {
        let path = directory.join("vertex-credentials.json");
        let content = json!({
            "type": "authorized_user",
            "client_id": "client",
            "client_secret": "client-secret",
            "refresh_token": REFRESH,
            "token_uri": format!("{}/token", self.endpoint()),
        });
        std::fs::write(&path, content.to_string()).expect("the file is written");
        path
    }

    /// Submits a CustomJob of the project `p-1` in `europe-west4`: the job, or why it is refused.
    pub fn submit(&self, job: &Value) -> Result<Value, String> {
        let answer = self.call("POST", &format!("{PARENT}/customJobs"), job);
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => Err(error["message"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Moves every job one state on.
    pub fn advance(&self) {
        self.call("POST", "/control/advance", &json!({}));
    }

    /// The calls of clients since the last time, as `METHOD path`.
    pub fn take_calls(&self) -> Vec<String> {
        let calls = self.call("GET", "/control/calls", &Value::Null);
        serde_json::from_value(calls).expect("the calls are texts")
    }

    /// Gives a path another answer from now on; a status of 400 and more refuses with the text `body`.
    pub fn set(&self, path: &str, status: u16, body: &Value) {
        self.call("POST", "/control/set", &json!({"path": path, "status": status, "body": body}));
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", self.authorization.as_str()), ("Content-Type", "application/json")];
        let answer = ask(&self.address, method, path, &headers, body.as_bytes());
        serde_json::from_slice(&answer.body).expect("every answer is JSON")
    }
}

/// What a refresh token is worth.
const REFRESH: &str = "refresh-token-of-the-test";

impl Drop for Vertex {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
