//! Job templates in a real cluster, as users see them: made, left alone, put right, refused; killed and raced applies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use flowform_provider_contract::TestCluster;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Project, Run, snapshot};
use crate::tidy::read;

/// A project whose Job templates go to a namespace of its own.
struct Site {
    cluster: TestCluster,
    namespace: String,
    project: Project,
}

const FLOWS: &str = r#"flowform {
  project = "shop"
}
provider "kubernetes" {
  config_path = "kubeconfig"
}
agent "kubernetes" "cluster" {}
storage "module" "code" {
  module = "shop.etl"
}
flow "etl" {
  storage       = storage.module.code
  keep_versions = 1
  keep_for      = "0s"
  run_config "kubernetes" {
    image       = "example/etl:1"
    cpu_request = "500m"
  }
}
"#;

impl Site {
    fn new(stem: &str, text: &str) -> Self {
        let cluster = TestCluster::get(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let namespace = cluster.blocking(cluster.namespace(stem));
        let site = Self { cluster, namespace, project: Project::new(text) };
        site.log_in("admin-token");
        site
    }

    fn log_in(&self, token: &str) {
        self.project.write("kubeconfig", &self.cluster.kubeconfig(token, &self.namespace).to_string());
    }

    /// The ConfigMaps of the namespace by name.
    fn objects(&self) -> BTreeMap<String, Value> {
        let list = self.cluster.call("GET", &self.path(""), None).expect("the namespace is listed");
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let named = items
            .into_iter()
            .map(|item| (item["metadata"]["name"].as_str().unwrap_or_default().to_owned(), item));
        named.filter(|(name, _)| name.starts_with("flowform-")).collect()
    }

    fn one(&self, end: &str) -> String {
        self.objects().into_keys().find(|name| name.ends_with(end)).expect("there is such an object")
    }

    fn path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace)
    }

    fn shows(&self, run: &Run) -> String {
        let text = run.all().replace(&self.namespace, "<namespace>");
        let text = text.replace(self.cluster.url(), "<server>");
        let text = Regex::new("flowform-[0-9a-f]{16}")
            .expect("a pattern")
            .replace_all(&text, "flowform-<hash>")
            .into_owned();
        let uid =
            Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern");
        let text = uid.replace_all(&text, "<uid>").into_owned();
        let generated = Regex::new("flowform-verify-[a-z0-9]{5}").expect("a pattern");
        let text = generated.replace_all(&text, "flowform-verify-<any>").into_owned();
        Regex::new("127\\.0\\.0\\.1:[0-9]+").expect("a pattern").replace_all(&text, "<server>").into_owned()
    }
}

#[test]
fn an_object_is_made_kept_and_put_right() {
    let site = Site::new("life", FLOWS);
    snapshot!("kubernetes_create", site.shows(&site.project.apply()));
    site.project.is_settled();
    assert_eq!(site.objects().len(), 2, "a template and a pointer");

    // Out of band: another content in its place.
    let name = site.one("-v1");
    let mut object = site.objects()[&name].clone();
    site.cluster.call("DELETE", &site.path(&name), None).expect("it is deleted");
    object["data"]["job.json"] = json!("{}");
    object["metadata"] = json!({"name": name, "labels": object["metadata"]["labels"], "annotations": object["metadata"]["annotations"]});
    site.cluster.call("POST", &site.path(""), Some(&object)).expect("it is made");
    snapshot!("kubernetes_altered", site.shows(&site.project.plan()));
    site.project.apply();
    site.project.is_settled();

    // Out of band: gone.
    site.cluster.call("DELETE", &site.path(&name), None).expect("it is deleted");
    snapshot!("kubernetes_deleted", site.shows(&site.project.plan()));
    site.project.apply();
    site.project.is_settled();

    // A new version; the old one's object goes, and the pointer leads to the new one.
    site.project.edit("etl:1", "etl:2");
    site.project.apply();
    site.project.is_settled();
    let objects = site.objects();
    assert_eq!(objects.len(), 2, "one version is kept: {:?}", objects.keys());
    assert_eq!(objects[&site.one("-latest")]["data"]["template"], json!(site.one("-v2")));
    let start = site.project.current("etl").expect("it is published")["start"].clone();
    assert_eq!(start["job"]["metadata"]["labels"]["flowform.io/template"], json!(site.one("-v2")));

    site.project.run("destroy --auto-approve").succeeds();
    assert_eq!(site.objects().into_keys().collect::<Vec<_>>(), [""; 0], "nothing is left");
}

#[test]
fn another_field_manager_is_named_and_overruled_on_request() {
    let site = Site::new("conflict", FLOWS);
    site.project.apply();
    let pointer = format!("{}?fieldManager=kubectl-edit", site.path(&site.one("-latest")));
    let theirs = json!({"data": {"template": "elsewhere"}});
    site.cluster.call("PATCH", &pointer, Some(&theirs)).expect("it is written");
    snapshot!("kubernetes_conflict_plan", site.shows(&site.project.plan()));
    snapshot!("kubernetes_conflict", site.shows(&site.project.run("apply --auto-approve").fails()));
    site.project.run("apply --auto-approve --force-conflicts").succeeds();
    site.project.is_settled();
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    let site = Site::new("denied", FLOWS);
    site.project.apply();
    site.log_in("little-token");
    snapshot!("kubernetes_forbidden", site.shows(&site.project.run("plan").fails()));
    site.log_in("expired-token");
    snapshot!("kubernetes_expired", site.shows(&site.project.run("plan").fails()));

    // The server goes away and comes back.
    let away = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = site.cluster.kubeconfig("admin-token", &site.namespace).to_string();
    let config = config.replace(site.cluster.url(), &format!("https://{away}"));
    site.project.write("kubeconfig", &config);
    snapshot!("kubernetes_away", site.shows(&site.project.run("plan").fails()));
    forward(TcpListener::bind(away).expect("the port is free again"), site.cluster.url());
    site.project.is_settled();

    let nowhere = Site::new(
        "nowhere",
        &FLOWS.replace(
            "config_path = \"kubeconfig\"",
            "config_path = \"kubeconfig\"\n  namespace = \"no-such-place\"",
        ),
    );
    snapshot!("kubernetes_no_namespace", nowhere.shows(&nowhere.project.run("apply --auto-approve").fails()));
}

/// Hands every connection on to the server, for as long as the test lives.
fn forward(listener: TcpListener, url: &str) {
    let server = url.trim_start_matches("https://").to_owned();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let Ok(behind) = TcpStream::connect(&server) else { continue };
            for (mut from, mut to) in [
                (connection.try_clone().expect("a socket"), behind.try_clone().expect("a socket")),
                (behind, connection),
            ] {
                std::thread::spawn(move || {
                    let mut bytes = [0; 8192];
                    while let Ok(read @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..read]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
}

#[test]
fn a_template_that_no_config_map_holds_is_refused_by_the_plan() {
    let large = "x".repeat(1_047_500);
    let large = format!("image = \"example/etl:1\"\n    env   = {{ TEXT = \"{large}\" }}");
    let text = FLOWS.replace("image       = \"example/etl:1\"", &large);
    let site = Site::new("large", &text);
    snapshot!("kubernetes_too_large", site.shows(&site.project.run("plan").fails()));
    // The registry has no such limit.
    let start = text.find("provider").expect("a provider block");
    let end = text.find("agent").expect("an agent block");
    site.project.write("main.hcl", &format!("{}{}", &text[..start], &text[end..]));
    site.project.plan();
}

#[test]
fn verify_asks_the_server_and_looks_up_what_is_named() {
    let text = FLOWS.replace(
        "cpu_request = \"500m\"",
        "cpu_request = \"500m\"\n    service_account_name = \"runner\"\n    image_pull_secrets = [\"registry\"]\n    secret_env = { DATABASE_URL = \"database/url\" }",
    );
    let site = Site::new("verify", &text);
    let secrets = format!("/api/v1/namespaces/{}/secrets", site.namespace);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"}});
    site.cluster.call("POST", &secrets, Some(&secret)).expect("it is made");
    let quota = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {
        "limits": [{"type": "Container", "max": {"cpu": "250m"}}]}});
    let limits = format!("/api/v1/namespaces/{}/limitranges", site.namespace);
    site.cluster.call("POST", &limits, Some(&quota)).expect("it is made");
    snapshot!("kubernetes_verify", site.shows(&site.project.run("plan --verify")));
    assert_eq!(site.objects().len(), 0, "nothing is made");
}

#[test]
fn the_documented_roles_suffice() {
    let site = Site::new("roles", FLOWS);
    let page = read("docs/providers/kubernetes.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for text in blocks.flat_map(|block| block.split("\n---\n")) {
        // Other tests of the same server have cluster-wide roles of the same content.
        let text = text.replace("namespace: flows", &format!("namespace: {}", site.namespace));
        let object: Value = serde_saphyr::from_str(&text).expect("a manifest is YAML");
        let kind = object["kind"].as_str().expect("a kind").to_lowercase();
        let place = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("namespaces/{namespace}/{kind}s"),
            None => format!("{kind}s"),
        };
        let path = format!("/apis/rbac.authorization.k8s.io/v1/{place}");
        match site.cluster.call("POST", &path, Some(&object)) {
            Ok(_) | Err((409, _)) => {}
            Err((code, said)) => panic!("{path}: {code} {said}"),
        }
    }
    site.log_in("plan-token");
    site.project.run("plan").succeeds();
    site.project.run("apply --auto-approve").fails().complains("verb `create` on `configmaps`");
    site.log_in("apply-token");
    site.project.apply();
    site.project.edit("etl:1", "etl:2");
    site.project.apply();
    site.project.is_settled();
    site.log_in("plan-token");
    site.project.is_settled();
    let unverified = site.project.run("plan --verify");
    assert!(unverified.all().contains("not checked"), "{}", unverified.all());
    site.log_in("verify-token");
    let verified = site.project.run("plan --verify").succeeds();
    assert!(!verified.all().contains("not checked"), "{}", verified.all());
    site.log_in("apply-token");
    site.project.run("destroy --auto-approve").succeeds();
    assert!(site.objects().is_empty());
}

const MANY: usize = 24;

fn many(image: &str) -> String {
    FLOWS
        .replace("flow \"etl\" {", "flow \"etl\" {\n  for_each = toset([for i in range(24) : format(\"%02d\", i)])\n  name = \"etl-${each.key}\"")
        .replace("example/etl:1", image)
}

fn is_whole(site: &Site) {
    site.project.is_settled();
    let names: Vec<String> = site.objects().into_keys().collect();
    assert_eq!(names.len(), 2 * MANY, "one template and one pointer per flow: {names:?}");
}

#[test]
fn an_apply_that_is_killed_is_completed() {
    let site = Site::new("killed", &many("example/etl:1"));
    for (round, millis) in [150, 300, 450, 600, 800, 1100].into_iter().enumerate() {
        site.project.write("main.hcl", &many(&format!("example/etl:{round}")));
        let mut command = site.project.command(&["apply", "--auto-approve", "--lock-timeout", "60s"]);
        command.env("FLOWFORM_LEASE_TTL", "300ms").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().expect("it is killed");
        child.wait().expect("it has ended");
    }
    site.project.run("apply --auto-approve --lock-timeout 60s").succeeds();
    // What was pruned late is gone with the next apply at the latest.
    site.project.run("apply --auto-approve").succeeds();
    is_whole(&site);
}

#[test]
fn two_applies_at_once_lose_nothing() {
    let site = Site::new("raced", &many("example/etl:1"));
    let start = || {
        let mut command = site.project.command(&["apply", "--auto-approve", "--lock-timeout", "60s"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    };
    for child in [start(), start()] {
        let output = child.wait_with_output().expect("it ends");
        site.project.finished("apply", &output);
    }
    site.project.run("apply --auto-approve").succeeds();
    is_whole(&site);
}

/// Writes a kubeconfig for a namespace of its own into the copy of an example.
pub(crate) fn kubeconfig(directory: &Path) {
    let cluster = TestCluster::get(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let namespace = cluster.blocking(cluster.namespace("example"));
    let text = cluster.kubeconfig("admin-token", &namespace).to_string();
    fs::write(directory.join("kubeconfig"), text).expect("a kubeconfig is written");
}
