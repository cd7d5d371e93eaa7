//! An apply to ECS that is killed between any two of its calls: the next one completes it.

use std::process::Stdio;
use std::time::Duration;

use flowform_provider_testbed::{Aws, Stop};
use serde_json::Value;

use crate::ecs::{Account, flows};
use crate::support::Project;

const FLOWS: usize = 20;

/// More calls than an apply of the flows makes.
const MANY: usize = 2000;

/// How an apply ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// It was killed when everything had stopped.
    Killed,
    /// It lost its lease, which is a short one, on a busy machine.
    Failed,
    /// It has done everything before.
    Done,
}

/// Kills an apply when everything has stopped at a call.
fn killed(account: &Account, stop: Stop) -> End {
    account.aws.stop(Some(stop));
    let mut command = account.command("apply --auto-approve");
    command.env("FLOWFORM_LEASE_TTL", "500ms").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let end = loop {
        if account.aws.is_stopped(Duration::from_millis(20)) {
            break End::Killed;
        }
        match child.try_wait().expect("the program can be asked") {
            Some(status) if status.success() => break End::Done,
            Some(_) => break End::Failed,
            None => {}
        }
    };
    child.kill().expect("the program can be killed");
    child.wait().expect("it ends");
    account.aws.stop(None);
    end
}

/// One more apply has completed everything: exactly one revision and one bound version of each flow, and nobody holds the
/// lease.
fn is_whole(account: &Account, what: &str) {
    account.apply();
    account.is_settled();
    let active = account.active();
    assert_eq!(active.len(), FLOWS, "{what}");
    assert_eq!(active, account.bound(), "{what}");
    let lease = match account.aws.keys(BUCKET).into_iter().find(|key| key.ends_with("lease.json")) {
        Some(key) => account.aws.object(BUCKET, &key),
        None => account
            .project
            .registry_files()
            .into_iter()
            .find_map(|(name, bytes)| name.ends_with("lease.json").then_some(bytes)),
    };
    let lease: Value = serde_json::from_slice(&lease.expect("there is a lease")).expect("it is JSON");
    assert_eq!(lease["state"], "free", "{what}");
}

const BUCKET: &str = "registry";

/// Every call of the first apply of all flows, or as many as a shard of four has, each with nothing there before.
fn a_first_apply(shard: usize, stop: fn(usize) -> Stop, then: u32) {
    let mut account = Account { aws: Aws::strict(), project: Project::empty() };
    let mut rounds = 0;
    for at in (0..MANY).map(|round| round * SHARDS + shard + 1) {
        account.aws.reset();
        account.project = Project::new(&flows(FLOWS, 1));
        let end = killed(&account, stop(at));
        account.project.write("main.hcl", &flows(FLOWS, then));
        is_whole(&account, &format!("{:?}, {end:?}, then level {then}", stop(at)));
        if end == End::Done {
            break;
        }
        rounds += 1;
    }
    // A listing and a registration of each flow, at least.
    assert!(rounds >= FLOWS * 2 / SHARDS, "{rounds} applies were killed");
}

const SHARDS: usize = 2;

#[test]
fn killed_after_every_odd_call_and_run_again() {
    a_first_apply(0, Stop::After, 1);
}

#[test]
fn killed_after_every_even_call_and_run_again() {
    a_first_apply(1, Stop::After, 1);
}

#[test]
fn killed_before_every_odd_call_and_run_again_with_another_configuration() {
    a_first_apply(0, Stop::Before, 2);
}

#[test]
fn killed_before_every_even_call_and_run_again_with_another_configuration() {
    a_first_apply(1, Stop::Before, 2);
}

/// The registry is in S3 as well, and every version replaces one, whose revision is deregistered.
#[test]
fn killed_between_calls_of_an_update_with_the_registry_in_s3() {
    let configured = |level: u32| {
        let registry =
            format!("  project = \"shop\"\n\n  registry \"s3\" {{\n    bucket = \"{BUCKET}\"\n  }}");
        flows(FLOWS, level).replacen("  project = \"shop\"", &registry, 1)
    };
    let account = Account::new(&configured(0));
    account.aws.bucket(BUCKET);
    account.apply();
    let mut rounds = 0;
    for at in (0..MANY).map(|round| round * 37 + 1) {
        let level = at as u32 * 2;
        account.project.write("main.hcl", &configured(level + 1));
        let stop = if rounds % 4 < 2 { Stop::After(at) } else { Stop::Before(at) };
        let end = killed(&account, stop);
        if rounds % 2 == 1 {
            account.project.write("main.hcl", &configured(level + 2));
        }
        is_whole(&account, &format!("{stop:?} of an update, {end:?}"));
        if end == End::Done {
            break;
        }
        rounds += 1;
    }
    assert!(rounds >= 3, "{rounds} applies were killed");
}
