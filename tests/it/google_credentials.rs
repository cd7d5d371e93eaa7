//! Each kind of credentials that Google's libraries know, from the program to servers that are as strict about them as Google's;
//! what is told where they are refused; and the permissions of the manual.

use std::collections::BTreeSet;
use std::process::Command;

use flowform_testbed_google::{ACCOUNT, AUDIENCE, Fault, FaultKind, SUBJECT_TOKEN, Storage, StorageOptions};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Project, Run, snapshot};

/// A project with its registry in a bucket; `extra` are further arguments of the registry.
fn project(storage: &Storage, extra: &str) -> Project {
    Project::new(&format!(
        r#"flowform {{
  project = "shop"

  registry "gcs" {{
    bucket   = "bucket"
    endpoint = "{}"
{extra}  }}
}}

flow "etl" {{
  runtime       = "command"
  command       = ["true"]
  keep_versions = 1
  keep_for      = "0s"
  parameters    = {{ level = 1 }}
}}
"#,
        storage.endpoint()
    ))
}

fn shown(run: &Run) -> String {
    Regex::new(r"127\.0\.0\.1:\d+").expect("a pattern").replace_all(&run.all(), "[address]").into_owned()
}

/// Applies with a file of credentials, named by the variable that Google's libraries read.
fn applied_with(storage: &Storage, content: &Value) -> Run {
    let project = project(storage, "");
    project.write("credentials.json", &content.to_string());
    let path = project.path().join("credentials.json").display().to_string();
    project.run_with(&["apply", "--auto-approve"], &[("GOOGLE_APPLICATION_CREDENTIALS", &path)])
}

/// A key pair: the private half as key files have it, the public one as the server takes it.
fn key_pair() -> (String, Vec<u8>) {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/");
    let venv = Command::new(format!("{python}venv")).output().expect("tests/python/venv runs");
    let made = Command::new(String::from_utf8(venv.stdout).expect("a path is text").trim())
        .arg(format!("{python}make_key.py"))
        .output()
        .expect("Python runs");
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let public = serde_json::from_value(made["public"].clone()).expect("bytes");
    (made["private"].as_str().expect("a text").to_owned(), public)
}

fn service_account(private: &str) -> Value {
    json!({
        "type": "service_account", "project_id": "p-1", "private_key_id": "key-1", "private_key": private,
        "client_email": ACCOUNT, "client_id": "1", "universe_domain": "googleapis.com",
    })
}

fn federation(storage: &Storage, file: &str) -> Value {
    json!({
        "type": "external_account", "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/sts/v1/token", storage.endpoint()),
        "credential_source": {"file": file},
    })
}

#[test]
fn the_key_of_a_service_account_signs_for_itself() {
    let storage = Storage::start(&StorageOptions::default());
    let (private, public) = key_pair();
    storage.trust(ACCOUNT, public);
    applied_with(&storage, &service_account(&private)).succeeds();
    assert_eq!(storage.take_exchanges(), ["key"]);
    // Another key of the same account is not accepted.
    let (other, _) = key_pair();
    snapshot!("google_credentials_key", shown(&applied_with(&storage, &service_account(&other)).fails()));
}

#[test]
fn a_workload_outside_exchanges_its_token_and_impersonates() {
    let storage = Storage::start(&StorageOptions::default());
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("subject-token");
    std::fs::write(&file, SUBJECT_TOKEN).expect("it is written");
    let mut credentials = federation(&storage, &file.display().to_string());
    applied_with(&storage, &credentials).succeeds();
    assert_eq!(storage.take_exchanges(), ["federation"]);
    let url = format!("{}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken", storage.endpoint());
    credentials["service_account_impersonation_url"] = json!(url);
    applied_with(&storage, &credentials).succeeds();
    assert_eq!(storage.take_exchanges(), ["federation", "impersonation"]);
    std::fs::write(&file, "another").expect("it is written");
    snapshot!("google_credentials_federation", shown(&applied_with(&storage, &credentials).fails()));
}

#[test]
fn user_credentials_are_refreshed_and_may_impersonate() {
    let storage = Storage::start(&StorageOptions::default());
    let directory = tempfile::tempdir().expect("a directory");
    let path = storage.credentials(directory.path());
    let user: Value = serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("JSON");
    applied_with(&storage, &user).succeeds();
    assert_eq!(storage.take_exchanges(), ["refresh"]);
    let url = format!("{}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken", storage.endpoint());
    let impersonated = json!({
        "type": "impersonated_service_account", "service_account_impersonation_url": url, "source_credentials": user,
    });
    applied_with(&storage, &impersonated).succeeds();
    assert_eq!(storage.take_exchanges(), ["refresh", "impersonation"]);
    let mut revoked = user;
    revoked["refresh_token"] = json!("revoked");
    snapshot!("google_credentials_user", shown(&applied_with(&storage, &revoked).fails()));
}

#[test]
fn the_metadata_server_gives_the_machine_s_tokens() {
    let storage = Storage::start(&StorageOptions::default());
    let project = project(&storage, "");
    let host = storage.endpoint().trim_start_matches("http://").to_owned();
    project.run_with(&["apply", "--auto-approve"], &[("GCE_METADATA_HOST", &host)]).succeeds();
    assert_eq!(storage.take_exchanges(), ["metadata"]);
}

/// Files that cannot be used, and a service that is not reached.
#[test]
fn what_is_wrong_with_credentials_and_services_is_told_with_the_call_and_the_fix() {
    let storage = Storage::start(&StorageOptions::default());
    let mut told = String::new();
    let mut tell = |what: &str, run: Run| told.push_str(&format!("# {what}\n{}\n\n", shown(&run.fails())));
    tell("no type", applied_with(&storage, &json!({"client_email": ACCOUNT})));
    tell("a type that is not known", applied_with(&storage, &json!({"type": "gdch_service_account"})));
    let with = |extra: &str, environment: &[(&str, &str)]| {
        let project = project(&storage, extra);
        let path = storage.credentials(project.path()).display().to_string();
        let environment: Vec<(&str, &str)> = [("GOOGLE_APPLICATION_CREDENTIALS", path.as_str())]
            .into_iter()
            .chain(environment.iter().copied())
            .collect();
        project.run_with(&["plan"], &environment)
    };
    tell("no such file", with("    credentials = \"missing.json\"\n", &[]));
    storage.fault(Fault {
        method: "GET",
        part: "registry.json".into(),
        after: 0,
        kind: FaultKind::Status(403),
    });
    tell("refused", with("", &[]));
    storage.fault(Fault {
        method: "GET",
        part: "registry.json".into(),
        after: 0,
        kind: FaultKind::Status(401),
    });
    tell("not accepted", with("", &[]));
    snapshot!("google_credentials_told", told);
}

/// The permissions that the manual lists for something.
fn of_manual(what: &str) -> BTreeSet<String> {
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers/gcs.md"))
        .expect("a page");
    let rows: Vec<&str> =
        manual.lines().filter(|line| line.starts_with('|') && line.contains("storage.objects.")).collect();
    let row =
        rows.iter().find(|line| line.starts_with(&format!("| `{what}`"))).expect("the manual has the row");
    let permission = Regex::new("`(storage\\.objects\\.[a-z]+)`").expect("a pattern");
    let own: BTreeSet<String> =
        permission.captures_iter(row).filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect();
    match row.contains("the same, with") {
        true => own.union(&of_manual("plan")).cloned().collect(),
        false => own,
    }
}

/// With what the manual lists everything works, and without any one of it something does not, which is told.
#[test]
fn the_permissions_of_the_manual_are_what_is_needed() {
    let storage = Storage::start(&StorageOptions::default());
    let project = project(&storage, "");
    let path = storage.credentials(project.path()).display().to_string();
    let run = |line: &str| {
        let args: Vec<&str> = line.split_whitespace().collect();
        // A name is written once a second, and the lease is renewed three times in its life.
        let ttl = ("FLOWFORM_LEASE_TTL", "5s");
        project.run_with(&args, &[("GOOGLE_APPLICATION_CREDENTIALS", path.as_str()), ttl])
    };
    let grant = |permissions: &BTreeSet<String>| {
        storage.grant(&permissions.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let without = |permissions: &BTreeSet<String>, one: &String| {
        permissions.iter().filter(|permission| *permission != one).cloned().collect::<BTreeSet<_>>()
    };
    let (plan, apply) = (of_manual("plan"), of_manual("apply"));
    assert!(plan.len() == 2 && apply.len() == 4, "{plan:?} {apply:?}");
    for (level, missing) in apply.iter().enumerate() {
        // A new version each time, so that there is something to write, to write again and to prune.
        project.edit(&format!("level = {}", level + 1), &format!("level = {}", level + 2));
        grant(&without(&apply, missing));
        run("apply --auto-approve --lock-timeout 1s").fails().complains(missing);
        grant(&apply);
        // Who could not write has kept the lease.
        run("apply --auto-approve --lock-timeout 60s").succeeds();
        run("apply --auto-approve --lock-timeout 60s").succeeds();
    }
    grant(&plan);
    run("plan --detailed-exitcode").exits(0);
    for missing in &plan {
        grant(&without(&plan, missing));
        run("plan").fails().complains(missing);
    }
}
