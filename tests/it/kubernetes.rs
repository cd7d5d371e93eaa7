//! Job templates in a real cluster, as users see them: made, left alone, put right, refused.

mod kills;
mod rights;
mod scale;
mod templates;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flowform_provider_contract::TestCluster;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Project, Run, snapshot};

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

    /// Starts a Job from a template, as a scheduler does; no controller of Jobs runs here.
    fn run_from(&self, end: &str, name: &str) {
        let object = &self.objects()[&self.one(end)];
        let text = object["data"]["job.json"].as_str().expect("a Job");
        let mut job: Value = serde_json::from_str(text).expect("JSON");
        job["metadata"]["name"] = json!(name);
        let path = format!("/apis/batch/v1/namespaces/{}/jobs", self.namespace);
        self.cluster.call("POST", &path, Some(&job)).expect("the Job can be created as it is");
    }

    /// Says that a Job has ended.
    fn end_job(&self, name: &str) {
        let path = format!("/apis/batch/v1/namespaces/{}/jobs/{name}/status", self.namespace);
        let status = json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}});
        self.cluster.call("PATCH", &path, Some(&status)).expect("its status is written");
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
    snapshot!("kubernetes_no_changes", site.shows(&site.project.plan()));

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
fn what_a_job_runs_from_stays_until_it_has_ended() {
    let site = Site::new("busy", FLOWS);
    site.project.apply();
    site.run_from("-v1", "etl-run");
    site.project.edit("etl:1", "etl:2");
    snapshot!("kubernetes_busy", site.shows(&site.project.plan()));
    site.project.apply();
    assert_eq!(site.objects().len(), 3, "version 1 stays: {:?}", site.objects().keys());
    site.end_job("etl-run");
    snapshot!("kubernetes_pruned", site.shows(&site.project.plan()));
    site.project.apply();
    assert_eq!(site.objects().len(), 2, "version 1 is gone: {:?}", site.objects().keys());
    site.project.is_settled();
}

#[test]
fn another_cluster_is_an_error_and_nothing_is_taken_for_missing() {
    let site = Site::new("elsewhere", FLOWS);
    site.project.apply();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-cluster");
    let other = TestCluster::get(&place);
    let kubeconfig = other.kubeconfig("admin-token", "default").to_string();
    site.project.write("kubeconfig", &kubeconfig);
    let text = site.shows(&site.project.run("plan").fails());
    snapshot!("kubernetes_other_cluster", text);
    let made = other.call("GET", "/api/v1/namespaces/default/configmaps", None).expect("it is listed");
    site.project.run("apply --auto-approve").fails();
    assert_eq!(
        other.call("GET", "/api/v1/namespaces/default/configmaps", None).expect("it is listed")["items"],
        made["items"]
    );
}

#[test]
fn without_a_cluster_the_registry_keeps_the_template() {
    let start = FLOWS.find("provider \"kubernetes\"").expect("a provider block");
    let end = FLOWS.find("agent").expect("an agent block");
    let project = Project::new(&format!("{}{}", &FLOWS[..start], &FLOWS[end..]));
    project.apply();
    let [path] = project.artifacts().try_into().expect("one artifact");
    let kept: Value =
        serde_json::from_str(&project.read(&format!(".flowform/registry/shop/{path}"))).expect("JSON");
    assert_eq!(kept["body"]["job"]["kind"], "Job", "{kept}");
    project.is_settled();

    // With a cluster it goes there, and not back unless it is said.
    let site = Site { project, ..Site::new("late", FLOWS) };
    site.project.write("main.hcl", FLOWS);
    site.log_in("admin-token");
    snapshot!("kubernetes_provider_declared", site.shows(&site.project.plan()));
    site.project.apply();
    // What the registry kept goes with the next one.
    site.project.apply();
    site.project.is_settled();
    assert_eq!(site.project.artifacts(), Vec::<String>::new());
    assert_eq!(site.objects().len(), 2, "a template and a pointer");
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

/// Writes a kubeconfig for a namespace of its own into the copy of an example.
pub(crate) fn kubeconfig(directory: &Path) {
    let cluster = TestCluster::get(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let namespace = cluster.blocking(cluster.namespace("example"));
    let text = cluster.kubeconfig("admin-token", &namespace).to_string();
    fs::write(directory.join("kubeconfig"), text).expect("a kubeconfig is written");
}
