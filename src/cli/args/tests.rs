#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use clap::CommandFactory;

use super::*;

fn parse(line: &[&str]) -> Result<Command, String> {
    Cli::try_parse_from(std::iter::once(&"flowform").chain(line))
        .map(|cli| cli.command)
        .map_err(|error| error.to_string())
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_and_option_has_help() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{} {}", command.get_name(), argument.get_id());
        }
        for command in command.get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            check(command);
        }
    }
    let mut command = Cli::command();
    command.build();
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        check(command);
    }
}

#[test]
fn a_saved_plan_takes_no_planning_options_and_the_message_names_them() {
    for options in [
        &["--target", "flow.a"][..],
        &["--exclude", "flow.a"],
        &["--replace", "flow.a"],
        &["--refresh-only"],
        &["--destroy"],
        &["--allow-mass-archive"],
    ] {
        let mut line = vec!["apply", "review.plan"];
        line.extend(options);
        let message = parse(&line).unwrap_err();
        assert!(message.contains(options[0]) && message.contains("[PLAN]"), "{message}");
        assert_eq!(message.matches("--").count(), 2, "only what was typed, and --help: {message}");
    }
    assert!(
        parse(&["apply", "review.plan", "--parallelism", "3", "--lock-timeout", "5m", "--var", "a=b"])
            .is_ok()
    );
    assert!(parse(&["apply", "--target", "flow.a", "--refresh-only"]).is_ok());
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    assert!(parse(&["plan", "--target", "flow.a", "--exclude", "flow.b"]).is_err());
    assert!(parse(&["plan", "--refresh-only", "--destroy"]).is_err());
    assert!(parse(&["plan", "--destroy", "--replace", "flow.a"]).is_err());
    assert!(parse(&["rollback", "flow.a"]).is_err());
    assert!(parse(&["rollback", "flow.a", "3", "--unpin"]).is_err());
    assert!(parse(&["output", "--raw"]).is_err());
    assert!(parse(&["destroy", "--json"]).is_err());
    assert!(parse(&["apply", "--json"]).is_err());
    assert!(parse(&["apply", "--json", "review.plan"]).is_ok());
    assert!(parse(&["apply", "--json", "--auto-approve"]).is_ok());
}

#[test]
fn values_are_parsed() {
    let Ok(Command::Plan(plan)) = parse(&["plan", "--var", "image=a=b"]) else { panic!("a plan") };
    assert_eq!(plan.variables.vars, [Assignment { name: "image".into(), value: "a=b".into() }]);
    let Ok(Command::Apply(apply)) = parse(&["apply", "--lock-timeout", "1m30s"]) else { panic!("an apply") };
    assert_eq!(apply.work.lock_timeout, Duration::from_secs(90));
    assert_eq!(apply.work.parallelism.get(), 64);
    let Ok(Command::Diff(diff)) = parse(&["diff", "flow.etl", "v3", "4"]) else { panic!("a diff") };
    assert_eq!((diff.before, diff.after), (3, 4));
    assert!(parse(&["plan", "--var", "image"]).unwrap_err().contains("--var image=etl:42"));
    assert!(parse(&["apply", "--lock-timeout", "30"]).unwrap_err().contains("30s"));
    assert!(parse(&["apply", "--parallelism", "0"]).is_err());
    assert!(parse(&["rollback", "flow.a", "0"]).is_err());
}

#[test]
fn global_options_stand_anywhere() {
    let cli = Cli::try_parse_from(["flowform", "plan", "--chdir", "prod", "--no-color"]).unwrap();
    assert_eq!(cli.global.chdir, Some(PathBuf::from("prod")));
    assert!(cli.global.no_color);
}
