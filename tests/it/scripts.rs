//! Scripts that apply uploads, through the program and against a stand-in for AWS.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use flowform_provider_testbed::{Aws, Fault};
use serde_json::Value;

use crate::runtime::start_as;
use crate::support::{Project, snapshot};

const BUCKET: &str = "code";

const FIRST: &str = "from prefect import Flow\n\nflow = Flow(\"etl\")\n";
const SECOND: &str = "from prefect import Flow\n\nflow = Flow(\"etl\")\nflow.second = True\n";

fn configuration(storage: &str, more: &str) -> String {
    format!(
        r#"flowform {{
  project = "shop"
}}
variable "level" {{
  default = 1
}}
storage "s3" "code" {{
  bucket = "{BUCKET}"
  script = "flows/etl.py"
{storage}}}
flow "etl" {{
  storage       = storage.s3.code
  keep_versions = 1
  keep_for      = "0s"

  run_config "local" {{
    env = {{ LEVEL = var.level }}
  }}
}}
{more}"#
    )
}

fn started() -> Aws {
    let aws = Aws::start();
    aws.bucket(BUCKET);
    aws
}

fn project(aws: &Aws, storage: &str) -> Project {
    let project = Project::new(&configuration(storage, "")).with(aws.environment());
    project.write("flows/etl.py", FIRST);
    project
}

/// The content of the only object.
fn uploaded(aws: &Aws) -> String {
    let keys = aws.keys(BUCKET);
    let [key] = keys.as_slice() else { panic!("one script is there: {keys:?}") };
    String::from_utf8(aws.object(BUCKET, key).expect("it is there")).expect("text")
}

fn calls(aws: &Aws) -> Vec<String> {
    aws.calls().into_iter().map(|call| call.operation).collect()
}

#[test]
fn a_script_is_uploaded_with_its_version_and_pruned_with_it() {
    let aws = started();
    let project = project(&aws, "");
    snapshot!("scripts_plan", project.plan().stdout);
    assert!(aws.keys(BUCKET).is_empty(), "a plan writes nothing");
    project.apply();
    assert_eq!(uploaded(&aws), FIRST);
    let [key] = <[String; 1]>::try_from(aws.keys(BUCKET)).expect("one object");
    let head = aws.head(BUCKET, &key);
    assert_eq!(head.get("x-amz-meta-flowform-project").map(String::as_str), Some("shop"), "{head:?}");
    aws.forget();
    project.is_settled();
    assert_eq!(calls(&aws), ["ListObjectsV2"], "one listing tells that nothing changed");

    // The published document says where the code is, as the original does.
    let current: Value =
        serde_json::from_slice(&project.registry_files()["registry/shop/current/etl.json"]).expect("JSON");
    assert_eq!(current["artifacts"][0]["id"], format!("s3://{BUCKET}/{key}").as_str());

    project.write("flows/etl.py", SECOND);
    snapshot!("scripts_edited", project.plan().stdout);
    project.apply();
    assert_eq!(uploaded(&aws), SECOND, "the first version's script is pruned with it");
    project.is_settled();

    // Another definition with the same script shares the object, which stays when the version before is pruned.
    aws.forget();
    project.run("apply --auto-approve --var level=2").succeeds();
    assert!(!calls(&aws).contains(&"PutObject".to_owned()), "{:?}", calls(&aws));
    assert_eq!(uploaded(&aws), SECOND);
    project.run("plan --var level=2 --detailed-exitcode").exits(0);

    project.run("destroy --auto-approve").succeeds();
    assert_eq!(aws.keys(BUCKET), Vec::<String>::new());
    project.run("plan --destroy --detailed-exitcode").exits(0);
}

#[test]
fn a_key_of_the_configuration_is_written_over() {
    let aws = started();
    let project = project(&aws, "  key = \"flows/etl.py\"\n");
    project.edit("keep_versions = 1", "keep_versions = 3");
    project.apply();
    assert_eq!(aws.keys(BUCKET), ["flows/etl.py"]);
    project.is_settled();
    project.write("flows/etl.py", SECOND);
    project.apply();
    assert_eq!(uploaded(&aws), SECOND);
    project.is_settled();
    project.run("plan --refresh-only --detailed-exitcode").exits(0);
    // A rollback has the older version's script back.
    project.run("rollback flow.etl 1 --auto-approve").succeeds();
    assert_eq!(uploaded(&aws), FIRST);
    project.is_settled();
    project.run("destroy --auto-approve").succeeds();
    assert_eq!(aws.keys(BUCKET), Vec::<String>::new());
}

/// A version that is pruned has no object of its own any more.
#[test]
fn a_key_of_the_configuration_survives_the_version_before() {
    let aws = started();
    let project = project(&aws, "  key = \"flows/etl.py\"\n");
    project.apply();
    for text in [SECOND, FIRST, SECOND] {
        project.write("flows/etl.py", text);
        project.apply().says("pruned");
        assert_eq!(uploaded(&aws), text);
        project.is_settled();
    }
}

#[test]
fn what_somebody_else_does_to_a_script_is_seen_and_repaired() {
    let aws = started();
    for storage in ["", "  key = \"flows/etl.py\"\n"] {
        let project = project(&aws, storage);
        project.apply();
        let key = aws.keys(BUCKET).remove(0);
        aws.put_object(BUCKET, &key, b"something else");
        let plan = project.plan();
        plan.says("was altered by somebody else").says("the script is uploaded to s3://code/");
        project.apply();
        assert_eq!(uploaded(&aws), FIRST);
        project.is_settled();
        aws.s3("DELETE", &format!("/{BUCKET}/{key}"), b"");
        project.plan().says("is gone");
        project.apply();
        assert_eq!(uploaded(&aws), FIRST);
        // What cannot be read is not absent.
        aws.faults(&[Fault::refuse("", 403, "AccessDenied", "Access Denied").always()]);
        project.run("plan").fails().complains("was not checked");
        aws.faults(&[]);
        project.is_settled();
        project.run("destroy --auto-approve").succeeds();
    }
}

#[test]
fn what_is_not_ours_is_not_written_over() {
    let aws = started();
    aws.put_object(BUCKET, "flows/etl.py", b"somebody's");
    let project = project(&aws, "  key = \"flows/etl.py\"\n");
    project.run("apply --auto-approve").fails().complains("was not written by flowform");
    assert_eq!(uploaded(&aws), "somebody's");
    // Another registry's script of the same flow is another's too.
    let (one, other) = (self::project(&aws, ""), self::project(&aws, ""));
    one.apply();
    other.run("apply --auto-approve").fails().complains("belongs to the flow `etl` of the project `shop`");
    one.is_settled();
}

/// The program is killed while it waits for the answer to the upload, which was done or was not; the configuration
/// changes before the next run, or does not.
#[test]
fn an_apply_that_is_killed_at_the_upload_is_completed_by_the_next() {
    let aws = started();
    for (fault, edited) in [
        (Fault::hold("PutObject"), false),
        (Fault::hold("PutObject"), true),
        (Fault::slow("PutObject", 3600.0), false),
        (Fault::slow("PutObject", 3600.0), true),
        (Fault::hold("HeadObject"), true),
    ] {
        for storage in ["", "  key = \"flows/etl.py\"\n"] {
            let project = project(&aws, storage);
            aws.faults(std::slice::from_ref(&fault));
            aws.forget();
            let mut command = project.command(&["apply", "--auto-approve"]);
            command.env("FLOWFORM_LEASE_TTL", "500ms").stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("the program starts");
            let wanted = fault.operation();
            while !calls(&aws).iter().any(|call| call == wanted) {
                assert!(child.try_wait().expect("it is asked").is_none(), "{wanted} is called");
                std::thread::sleep(Duration::from_millis(5));
            }
            child.kill().expect("it is killed");
            child.wait().expect("it ends");
            aws.faults(&[]);
            if edited {
                project.write("flows/etl.py", SECOND);
            }
            project.run("apply --auto-approve --lock-timeout 60s").succeeds();
            assert_eq!(uploaded(&aws), if edited { SECOND } else { FIRST }, "{storage}{edited}");
            project.is_settled();
            project.run("destroy --auto-approve").succeeds();
            assert_eq!(aws.keys(BUCKET), Vec::<String>::new());
        }
    }
}

/// The original's package loads the flow from where it was uploaded, and runs it.
#[test]
fn a_run_finds_the_script_that_was_uploaded() {
    let aws = started();
    let project = project(&aws, "");
    let work = project.path().join("work").display().to_string();
    project.write("work/keep", "");
    project.write(
        "flows/etl.py",
        "from prefect import Flow, task\n\n\n@task\ndef write():\n    open(\"said\", \"w\").write(\"first\")\n\n\nwith \
         Flow(\"etl\") as flow:\n    write()\n",
    );
    project.edit(
        "    env = { LEVEL = var.level }",
        &format!(
            "    working_dir = \"{work}\"\n    env         = {{ AWS_ENDPOINT_URL = \"{}\", AWS_DEFAULT_REGION = \"us-east-1\" }}\n    \
             secret_env  = {{ AWS_ACCESS_KEY_ID = \"env:KEY\", AWS_SECRET_ACCESS_KEY = \"env:KEY\" }}",
            aws.endpoint()
        ),
    );
    for (from, to) in [("first", "first"), ("first", "second")] {
        project.write("flows/etl.py", &project.read("flows/etl.py").replace(from, to));
        project.apply();
        let document = project.current("etl").expect("it is published");
        let none = serde_json::json!({});
        let run = start_as(&document, "run-1", &none, &[("KEY", "test")], &BTreeMap::new());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(project.read("work/said"), to);
    }
}

#[test]
fn mistakes_are_told_in_their_place() {
    let aws = Project::new(&configuration("", ""));
    aws.run("validate").fails().complains("Unreadable script").complains("flows/etl.py");
    aws.write("flows/etl.py", FIRST);
    aws.run("validate").succeeds();
    for (storage, says) in [
        ("  stored_as_script = false\n", "Script that would be read as a pickled flow"),
        ("  kee = \"x\"\n", "did you mean `key`?"),
    ] {
        aws.write("main.hcl", &configuration(storage, ""));
        aws.run("validate").fails().complains(says);
    }
    let twice = "flow \"two\" {\n  storage = storage.s3.code\n\n  run_config \"local\" {\n  }\n}\n";
    aws.write("main.hcl", &configuration("  key = \"k\"\n", twice));
    aws.run("validate").fails().complains("Script place used twice").complains("leave `key` out");
    aws.write("main.hcl", &configuration("", twice));
    aws.run("validate").succeeds();
}
