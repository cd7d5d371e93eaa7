//! What a user sees who may not do what a command needs, and that the documented roles allow what it needs and no more.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{FLOWS, Site};
use crate::support::{Run, snapshot};
use crate::tidy::read;

impl Site {
    /// Makes a service account, and returns its uid.
    fn account(&self, name: &str) -> String {
        let path = format!("/api/v1/namespaces/{}/serviceaccounts", self.namespace);
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
        let made = self.cluster.call("POST", &path, Some(&account)).expect("it is made");
        made["metadata"]["uid"].as_str().expect("a uid").to_owned()
    }

    /// A token of a service account, from the API server.
    fn token(&self, name: &str) -> String {
        let path = format!("/api/v1/namespaces/{}/serviceaccounts/{name}/token", self.namespace);
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let answer = self.cluster.call("POST", &path, Some(&request)).expect("a token is given");
        answer["status"]["token"].as_str().expect("a token").to_owned()
    }

    /// Makes an object of the API group of roles.
    fn bind(&self, object: &Value) {
        let kind = object["kind"].as_str().expect("a kind").to_lowercase();
        let place = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("namespaces/{namespace}/{kind}s"),
            None => format!("{kind}s"),
        };
        let path = format!("/apis/rbac.authorization.k8s.io/v1/{place}");
        self.cluster.call("POST", &path, Some(object)).expect("it is made");
    }

    /// Waits until the API server knows that a service account may do that, as `(verb, group, resource, name)`.
    fn wait_for(&self, account: &str, (verb, group, resource, name): (&str, &str, &str, &str)) {
        let mut attributes =
            json!({"verb": verb, "group": group, "resource": resource, "namespace": self.namespace});
        if !name.is_empty() {
            attributes["name"] = json!(name);
            attributes["namespace"] = json!(name);
        }
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "resourceAttributes": attributes, "user": format!("system:serviceaccount:{}:{account}", self.namespace),
        }});
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
            let answer = self.cluster.call("POST", path, Some(&review)).expect("it answers");
            if answer["status"]["allowed"] == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{account} may not {verb} {resource}");
    }
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    let site = Site::new("denied", FLOWS);
    site.project.apply();
    let uid = site.account("little");
    site.log_in(&site.token("little"));
    snapshot!("kubernetes_forbidden", site.shows(&site.project.run("plan").fails()));

    // A token as the server signs them, first as long as it is good, then after its time.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let claims = |from: u64, to: u64| {
        json!({
            "aud": ["https://kubernetes.default.svc"], "iss": "https://kubernetes.default.svc",
            "iat": from, "nbf": from, "exp": to, "sub": format!("system:serviceaccount:{}:little", site.namespace),
            "kubernetes.io": {"namespace": site.namespace, "serviceaccount": {"name": "little", "uid": uid}},
        })
    };
    site.log_in(&site.cluster.sign(&claims(now - 60, now + 3600)));
    site.project.run("plan").fails().complains("cannot get resource");
    site.log_in(&site.cluster.sign(&claims(now - 7200, now - 3600)));
    snapshot!("kubernetes_expired", site.shows(&site.project.run("plan").fails()));

    // The server goes away and comes back.
    let away = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = site.cluster.kubeconfig("admin-token", &site.namespace).to_string();
    let config = config.replace(site.cluster.url(), &format!("https://{away}"));
    site.project.write("kubeconfig", &config);
    snapshot!("kubernetes_away", site.shows(&site.project.run("plan").fails()));
    forward(TcpListener::bind(away).expect("the port is free again"), site.cluster.url());
    site.project.is_settled();

    let text = FLOWS.replace(
        "config_path = \"kubeconfig\"",
        "config_path = \"kubeconfig\"\n  namespace   = \"no-such-place\"",
    );
    let nowhere = Site::new("nowhere", &text);
    let run = nowhere.project.run("apply --auto-approve").fails();
    snapshot!("kubernetes_no_namespace", nowhere.shows(&run));
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

/// The roles of docs/providers/kubernetes.md.
struct Roles {
    manifests: Vec<Value>,
}

/// A verb of a rule of a role: the role, the place of the rule, the verb.
type Verb = (String, usize, String);

impl Roles {
    fn documented() -> Self {
        let page = read("docs/providers/kubernetes.md");
        let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let manifests = blocks.flat_map(|block| block.split("\n---\n"));
        Self {
            manifests: manifests
                .map(|text| serde_saphyr::from_str(text).expect("a manifest is YAML"))
                .collect(),
        }
    }

    /// The roles that are bound to a subject.
    fn of(&self, subject: &str) -> Vec<&Value> {
        let is_bound = |binding: &&Value| {
            let subjects = binding["subjects"].as_array().into_iter().flatten();
            subjects.clone().any(|found| found["name"] == subject)
        };
        let bindings = self.manifests.iter().filter(is_bound);
        let role = |binding: &Value| {
            let (kind, name) = (&binding["roleRef"]["kind"], &binding["roleRef"]["name"]);
            let found =
                self.manifests.iter().find(|role| role["kind"] == *kind && role["metadata"]["name"] == *name);
            found.unwrap_or_else(|| panic!("there is a {kind} {name}"))
        };
        bindings.map(role).collect()
    }

    /// Every verb of the roles of a subject, whatever else has it.
    fn verbs(&self, subject: &str) -> Vec<Verb> {
        let mut verbs = Vec::new();
        for role in self.of(subject) {
            for (index, rule) in role["rules"].as_array().expect("rules").iter().enumerate() {
                for verb in rule["verbs"].as_array().expect("verbs") {
                    let name = role["metadata"]["name"].as_str().expect("a name");
                    verbs.push((name.to_owned(), index, verb.as_str().expect("a verb").to_owned()));
                }
            }
        }
        verbs
    }

    /// Makes a service account with the roles of a subject, less one verb, and logs in as it.
    fn log_in(&self, site: &Site, subject: &str, account: &str, less: Option<&Verb>) {
        let uid = site.account(account);
        assert!(!uid.is_empty());
        for role in self.of(subject) {
            let mut role = role.clone();
            let former = role["metadata"]["name"].as_str().expect("a name").to_owned();
            // Cluster roles are shared with the other tests of the server.
            let name = format!("{former}-{account}-{}", site.namespace);
            let (kind, is_of_namespace) = (role["kind"].clone(), role["kind"] == "Role");
            let mut metadata = json!({ "name": name });
            if is_of_namespace {
                metadata["namespace"] = json!(site.namespace);
            }
            role["metadata"] = metadata.clone();
            let mut awaited = Vec::new();
            for (index, rule) in role["rules"].as_array_mut().expect("rules").iter_mut().enumerate() {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                let is_left = |verb: &Value| less != Some(&(former.clone(), index, text(verb)));
                rule["verbs"].as_array_mut().expect("verbs").retain(is_left);
                for resource in rule["resources"].as_array().expect("resources") {
                    for verb in rule["verbs"].as_array().expect("verbs") {
                        let group = text(&rule["apiGroups"][0]);
                        let named = rule["resourceNames"][0].as_str().unwrap_or_default().to_owned();
                        awaited.push((text(verb), group, text(resource), named));
                    }
                }
                if rule["verbs"] == json!([]) {
                    // A rule without a verb is refused.
                    rule["verbs"] = json!(["watch"]);
                }
            }
            site.bind(&role);
            site.bind(&json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": format!("{}Binding", kind.as_str().expect("a kind")),
                "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": site.namespace}],
            }));
            for (verb, group, resource, named) in &awaited {
                site.wait_for(account, (verb, group, resource, named));
            }
        }
        site.log_in(&site.token(account));
    }
}

/// What a run says, less the generated names.
fn said(site: &Site, run: &Run) -> String {
    site.shows(run)
}

#[test]
fn the_documented_roles_of_plan_and_verify_are_needed_and_suffice() {
    let text = FLOWS.replace(
        "cpu_request = \"500m\"",
        "service_account_name = \"runner\"\n    image_pull_secrets = [\"registry\"]\n    job_template = {\n      spec = { template = { spec = { \
         containers = [{ name = \"flow\", envFrom = [{ configMapRef = { name = \"settings\" } }] }] } } }\n    }",
    );
    let site = Site::new("roles", &text);
    site.project.apply();
    site.run_from("-v1", "busy");
    site.project.edit("etl:1", "etl:2");
    site.project.apply();
    site.cluster.call("DELETE", &site.path(&site.one("-v2")), None).expect("it is deleted");
    let like_v2 = site.objects()[&site.one("-v1")].clone();
    let other = json!({"metadata": {"name": site.one("-v1").replace("-v1", "-v2"), "labels": like_v2["metadata"]["labels"],
        "annotations": like_v2["metadata"]["annotations"]}, "data": {"job.json": "{}"}});
    site.cluster.call("POST", &site.path(""), Some(&other)).expect("it is made");

    let roles = Roles::documented();
    for (subject, line) in [("plan", "plan"), ("verify", "plan --verify")] {
        site.log_in("admin-token");
        let everything = said(&site, &site.project.run(line));
        roles.log_in(&site, subject, subject, None);
        assert_eq!(said(&site, &site.project.run(line)), everything, "the roles of {subject} suffice for it");
        for (nth, verb) in roles.verbs(subject).iter().enumerate() {
            roles.log_in(&site, subject, &format!("{subject}-{nth}"), Some(verb));
            let less = said(&site, &site.project.run(line));
            assert_ne!(less, everything, "{verb:?} is needed for {line}");
        }
    }
}

#[test]
fn the_documented_roles_of_apply_are_needed_and_suffice() {
    let site = Site::new("roles-apply", FLOWS);
    let roles = Roles::documented();
    site.project.apply();
    site.run_from("-v1", "busy");
    site.project.edit("etl:1", "etl:2");
    site.project.apply();
    site.cluster.call("DELETE", &site.path(&site.one("-v2")), None).expect("it is deleted");
    site.end_job("busy");
    let verbs = roles.verbs("apply");
    let of = |wanted: &str| verbs.iter().find(|(role, _, verb)| role == "flowform-apply" && verb == wanted);
    for verb in ["create", "patch", "delete"] {
        roles.log_in(&site, "apply", &format!("less-{verb}"), of(verb));
        let run = site.project.run("apply --auto-approve").fails();
        run.complains(&format!("verb `{verb}` on `configmaps`"));
    }
    roles.log_in(&site, "plan", "plan", None);
    site.project.run("apply --auto-approve").fails();
    roles.log_in(&site, "apply", "apply", None);
    site.project.run("apply --auto-approve").succeeds();
    site.project.is_settled();
    site.project.edit("etl:2", "etl:3");
    site.project.run("apply --auto-approve").succeeds();
    site.project.is_settled();
    site.project.run("destroy --auto-approve").succeeds();
    assert!(site.objects().is_empty());
}

#[test]
fn verify_asks_the_server_and_looks_up_what_is_named() {
    let text = FLOWS.replace(
        "cpu_request = \"500m\"",
        "cpu_request = \"500m\"\n    service_account_name = \"runner\"\n    image_pull_secrets = [\"registry\"]\n    secret_env = { DATABASE_URL = \"database/url\" }",
    );
    let site = Site::new("verify", &text);
    let make = |resource: &str, object: Value| {
        let path = format!("/api/v1/namespaces/{}/{resource}", site.namespace);
        site.cluster.call("POST", &path, Some(&object)).expect("it is made");
    };
    make("secrets", json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"}}));
    let limits = json!([{"type": "Container", "max": {"cpu": "250m"}}]);
    let range = json!({"kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": limits}});
    make("limitranges", range);
    snapshot!("kubernetes_verify", site.shows(&site.project.run("plan --verify")));
    assert_eq!(site.objects().len(), 0, "nothing is made");

    // What the limits refuse is gone, and no pod fits into the quota.
    site.project.edit("500m", "100m");
    site.account("runner");
    make("secrets", json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"}}));
    let hard = json!({"pods": "0"});
    make(
        "resourcequotas",
        json!({"kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": hard}}),
    );
    // What a controller does elsewhere.
    let path = format!("/api/v1/namespaces/{}/resourcequotas/none/status", site.namespace);
    let status = json!({"status": {"hard": hard, "used": {"pods": "0"}}});
    site.cluster.call("PATCH", &path, Some(&status)).expect("it is written");
    snapshot!("kubernetes_verify_quota", site.shows(&site.project.run("plan --verify")));

    let path = format!("/api/v1/namespaces/{}/resourcequotas/none", site.namespace);
    site.cluster.call("DELETE", &path, None).expect("it goes");
    let sound = site.project.run("plan --verify").succeeds();
    assert!(!sound.all().contains("unusable") && !sound.all().contains("not checked"), "{}", sound.all());
}
