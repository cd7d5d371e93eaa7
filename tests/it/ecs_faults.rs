//! What the service does to whoever calls it - refuses for the rate, loses answers, shows late what was done - and what
//! users see of it.

use std::fmt::Write as _;

use flowform_provider_testbed::Fault;

use crate::ecs::{Account, flows};
use crate::support::{Run, snapshot};

#[test]
fn an_account_that_others_use_as_well_is_waited_for() {
    // The block says that the account takes far more than it does.
    let account = Account::new(&flows(26, 1));
    account.aws.throttle(1.0);
    let applied = account.apply();
    assert!(account.aws.throttled() > 0, "the service has refused calls");
    assert!(!applied.all().contains("Throttling"), "{}", applied.all());
    account.is_settled();
    assert_eq!(account.active(), account.bound());
    assert_eq!(account.active().len(), 26);
}

#[test]
fn lost_replies_and_late_listings_converge() {
    let account = Account::new(&flows(8, 1));
    // Longer than a registration without an answer is looked for.
    account.aws.lag(6);
    account.aws.faults(&[
        Fault::lose("RegisterTaskDefinition").times(3),
        Fault::drop("RegisterTaskDefinition"),
        Fault::refuse("ListTaskDefinitions", 503, "ServiceUnavailableException", "try again")
            .after(4)
            .times(2),
        Fault::refuse("RegisterTaskDefinition", 500, "ServerException", "try again"),
        Fault::slow("RegisterTaskDefinition", 1.0).after(4),
    ]);
    account.apply();
    assert_eq!(account.bound().len(), 8);
    let twice = account.active().len();
    assert!(twice > 8, "a registration without an answer that nobody could see was repeated: {twice}");
    account.aws.faults(&[]);
    // What is not shown yet is asked for by name, and not registered once more.
    account.aws.forget();
    let bound = account.bound();
    account.apply();
    assert_eq!(account.called("RegisterTaskDefinition"), 0);
    account.aws.lag(0);
    for _ in 0..8 {
        // Listings show what was registered before, one after the other.
        account.run("plan").succeeds();
    }
    account.apply();
    account.is_settled();
    assert_eq!(account.active(), bound, "what is recorded is kept, and what was made twice is deregistered");
}

fn told(text: &mut String, title: &str, run: Run) {
    writeln!(text, "== {title}\n{}\n", run.fails().all()).unwrap();
}

#[test]
fn what_goes_wrong_names_the_call_and_the_fix() {
    let once =
        flows(1, 1).replace("  register_rate = 1000\n", "  register_rate = 1000\n  max_attempts  = 1\n");
    let account = Account::new(&once);
    account.apply();
    let mut text = String::new();
    let mut with = |title: &str, fault: Fault, line: &str| {
        account.aws.faults(&[fault]);
        told(&mut text, title, account.run(line));
        account.aws.faults(&[]);
    };
    let invalid = Fault::refuse(
        "GetCallerIdentity",
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    with("credentials that are not accepted", invalid.always(), "plan");
    let expired = Fault::refuse(
        "GetCallerIdentity",
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    with("credentials that have expired", expired.always(), "plan");
    let denied = |action: &str| {
        let said =
            format!("User: arn:aws:iam::123456789012:user/test is not authorized to perform: ecs:{action}");
        Fault::refuse(action, 400, "AccessDeniedException", &said).always()
    };
    with("a missing permission of plan", denied("ListTaskDefinitions"), "plan");
    let throttled = Fault::refuse("ListTaskDefinitions", 400, "ThrottlingException", "Rate exceeded");
    with("an account that takes no calls", throttled.always(), "plan");
    account.project.write("main.hcl", &once.replace("LEVEL = \"1\"", "LEVEL = \"2\""));
    with(
        "a missing permission of apply: what is not done is said, and the next apply does it",
        denied("RegisterTaskDefinition"),
        "apply --auto-approve",
    );
    account.aws.faults(&[denied("DeregisterTaskDefinition")]);
    told(&mut text, "a missing permission to prune", account.run("apply --auto-approve"));
    account.aws.faults(&[]);
    account.apply();
    account.is_settled();

    let elsewhere = |name: &str, value: &str| {
        let mut command = account.command("plan");
        let output = command.env(name, value).output().expect("the program starts");
        account.project.finished("plan", &output)
    };
    told(
        &mut text,
        "an endpoint that cannot be reached",
        elsewhere("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    );
    let mut command = account.command("plan");
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = command.output().expect("the program starts");
    told(&mut text, "no credentials", account.project.finished("plan", &output));
    account.project.edit("us-east-1", "eu-west-1");
    told(&mut text, "credentials that lead to another region", account.run("plan"));
    account.project.edit("eu-west-1\"", "us-east-1\"\n  allowed_account_ids = [\"111122223333\"]");
    told(&mut text, "credentials that lead to another account", account.run("plan"));
    snapshot!("ecs_failures", text);
}
