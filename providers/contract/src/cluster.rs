//! A Kubernetes API server for tests: asks `tests/kubernetes/serve` for the one that all tests of a run share, and gives
//! each test a namespace of its own.
#![expect(clippy::disallowed_methods, reason = "a test starts a server and writes kubeconfigs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;

/// A running API server.
pub struct TestCluster {
    url: String,
    ca: PathBuf,
    key: PathBuf,
}

impl TestCluster {
    /// The server; it is started when none runs, and made when there never was one. `directory` is the same for all tests.
    pub fn get(directory: &Path) -> Self {
        let serve = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kubernetes/serve");
        let output = Command::new(serve)
            .arg(directory)
            .arg(std::process::id().to_string())
            .stderr(Stdio::inherit())
            .output()
            .expect("tests/kubernetes/serve starts");
        assert!(output.status.success(), "tests/kubernetes/serve: {}", output.status);
        let place = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let url = fs::read_to_string(place.join("url")).expect("the server has an address");
        Self { url: url.trim().to_owned(), ca: place.join("ca.crt"), key: place.join("pki/sa.key") }
    }

    /// Where it listens: `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig of the user with that token: `admin-token`, or one that may do what a test allows it.
    pub fn kubeconfig(&self, token: &str, namespace: &str) -> serde_json::Value {
        self.kubeconfig_of(&json!({ "token": token }), namespace)
    }

    /// A kubeconfig of a user who is described so.
    pub fn kubeconfig_of(&self, user: &serde_json::Value, namespace: &str) -> serde_json::Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority": self.ca}}],
            "users": [{"name": "test", "user": user}],
        })
    }

    /// Signs the claims of a token as the server does (RS256 of JSON Web Tokens).
    pub fn sign(&self, claims: &serde_json::Value) -> String {
        let script = r#"
            part() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
            text="$(printf '{"alg":"RS256","typ":"JWT"}' | part).$(printf '%s' "$2" | part)"
            printf '%s.%s' "$text" "$(printf '%s' "$text" | openssl dgst -sha256 -sign "$1" -binary | part)"
        "#;
        let output = Command::new("bash")
            .args(["-c", script, "sign"])
            .arg(&self.key)
            .arg(claims.to_string())
            .output()
            .expect("openssl starts");
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token is ASCII")
    }

    /// A client that may do everything.
    pub async fn admin(&self) -> Client {
        Self::client(&self.kubeconfig("admin-token", "default")).await
    }

    /// A client with that kubeconfig.
    pub async fn client(kubeconfig: &serde_json::Value) -> Client {
        let config = Kubeconfig::from_yaml(&kubeconfig.to_string()).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        Client::try_from(config.expect("a configuration")).expect("a client")
    }

    /// Waits for what is asked of the server, outside of any runtime.
    pub fn blocking<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(future)
    }

    /// A call with all rights, and what is answered; else the code and the reason. A PATCH is a merge.
    ///
    /// # Errors
    /// The server refuses it.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<serde_json::Value, (u16, String)> {
        let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content)
            .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
            .expect("a request");
        self.blocking(async { self.admin().await.request(request).await }).map_err(|error| match error {
            kube::Error::Api(status) => (status.code, status.message.clone()),
            error => panic!("{method} {path}: {error}"),
        })
    }

    /// Makes a namespace whose name begins with `stem` and that no other test has. Its length depends on `stem` alone, so
    /// that lines break at the same places in every run.
    pub async fn namespace(&self, stem: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{stem}-{:08}-{nth:03}", std::process::id());
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).expect("a namespace");
        let api: Api<Namespace> = Api::all(self.admin().await);
        match api.create(&PostParams::default(), &namespace).await {
            Ok(_) => name,
            // A process of an earlier run had the same id.
            Err(kube::Error::Api(status)) if status.code == 409 => Box::pin(self.namespace(stem)).await,
            Err(error) => panic!("the namespace {name} is not made: {error}"),
        }
    }
}
