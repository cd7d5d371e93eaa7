//! Resolved flows and what the checks say of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ecs;
mod fleet;
mod other;
mod refused;

use std::collections::BTreeSet;

use super::*;
use crate::diag::Severity;
use crate::value::{Type, from_json};

/// The value of a YAML text.
fn yaml(text: &str) -> Value {
    from_json(&serde_saphyr::from_str::<serde_json::Value>(text).unwrap())
}

/// A flow, as far as the checks see it: YAML texts of the arguments.
#[derive(Clone, Copy)]
struct Flow<'a> {
    kind: RunConfigKind,
    arguments: &'a str,
    template: Option<(&'a str, &'a str)>,
    storage: Option<(StorageKind, &'a str)>,
    agent: Option<(AgentKind, &'a str)>,
    agents: &'a [(AgentKind, &'a str, &'a str)],
    ignored: &'a [CheckName],
    name: &'a str,
    parameters: &'a str,
    has_secrets: bool,
}

impl Flow<'_> {
    fn of(kind: RunConfigKind) -> Self {
        Self {
            kind,
            arguments: "{}",
            template: None,
            storage: None,
            agent: None,
            agents: &[],
            ignored: &[],
            name: "etl",
            parameters: "{}",
            has_secrets: false,
        }
    }

    /// What is said, one line per problem: `severity check place: detail [help]`.
    fn told(&self) -> String {
        self.problems().iter().map(line).collect()
    }

    /// The names of the checks that found something, and the summaries of what has no name.
    fn found(&self) -> Vec<String> {
        let word = |problem: &Problem| match problem.check {
            Some(check) => check.word().to_owned(),
            None => problem.summary.to_owned(),
        };
        self.problems().iter().map(word).collect()
    }

    fn problems(&self) -> Vec<Problem> {
        let ignored = self.ignored.iter().copied().collect();
        let arguments = yaml(self.arguments);
        let template = self.template.map(|(argument, text)| (at(&[key("run_config")], argument), yaml(text)));
        let storage = self.storage.map(|(kind, text)| (kind, yaml(text)));
        let agent = self.agent.map(|(kind, text)| (kind, yaml(text)));
        let agents: Vec<_> =
            self.agents.iter().map(|(kind, name, text)| (*kind, *name, yaml(text))).collect();
        let agents: Vec<_> =
            agents.iter().map(|(kind, address, options)| Agent { address, kind: *kind, options }).collect();
        flow(&CheckInputs {
            name: self.name,
            kind: self.kind,
            arguments: &arguments,
            template: template.as_ref().map(|(place, document)| Template {
                place,
                of_agent: false,
                document,
            }),
            storage: storage.as_ref().map(|(kind, value)| (*kind, value)),
            parameters: &yaml(self.parameters),
            has_secrets: self.has_secrets,
            agent: agent.as_ref().map(|(kind, options)| Agent { address: "agent.own", kind: *kind, options }),
            agents: &agents,
            places: &BTreeMap::new(),
        })
        .into_iter()
        .filter(|problem| is_told(problem, &ignored))
        .collect()
    }
}

fn line(problem: &Problem) -> String {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let check = problem.check.map_or_else(|| problem.summary.to_owned(), |check| check.word().to_owned());
    let help = problem.help.as_deref().unwrap_or("NO FIX");
    format!("{severity} {check} {}: {} [{help}]\n", problem.place(), problem.detail)
}

#[test]
fn the_table_is_sorted_and_has_each_check_once() {
    let words: Vec<&str> = CHECKS.iter().map(|check| check.word).collect();
    assert!(words.is_sorted() && words.windows(2).all(|pair| pair[0] != pair[1]), "{words:?}");
    let names: BTreeSet<CheckName> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), CHECKS.len());
    for check in CHECKS {
        assert_eq!(CheckName::from_word(check.word), Some(check.name));
        assert_eq!((check.name.word(), check.name.summary()), (check.word, check.summary));
        assert_eq!(check.name.severity(), check.severity);
    }
}

#[test]
fn ignored_checks_are_named_by_their_words() {
    let mut problems = Vec::new();
    let found = ignored(&yaml("[latest-image, no-logs]"), &[], &mut problems);
    assert_eq!(found, BTreeSet::from([CheckName::LatestImage, CheckName::NoLogs]));
    assert_eq!(problems, []);
    assert_eq!(ignored(&Value::NULL, &[], &mut problems), BTreeSet::new());
    assert_eq!(ignored(&Value::unknown(Type::Any), &[], &mut problems), BTreeSet::new());
    assert_eq!(problems, []);

    ignored(&yaml("[latest-images, 3, frobnicate]"), &[key("ignore_checks")], &mut problems);
    ignored(&yaml("latest-image"), &[key("ignore_checks")], &mut problems);
    let told: String = problems.iter().map(line).collect();
    assert_eq!(
        told,
        "error Unknown check ignore_checks[0]: There is no check \"latest-images\". [did you mean \"latest-image\"?]\n\
         error Unknown check ignore_checks[1]: The name of a check is a text. [docs/checks.md has the names]\n\
         error Unknown check ignore_checks[2]: There is no check \"frobnicate\". [docs/checks.md has the names]\n\
         error Unsuitable value ignore_checks: `ignore_checks` is a list of names of checks. [write `ignore_checks = \
         [\"latest-image\"]`]\n"
    );
}

#[test]
fn an_ignored_check_is_silent_and_no_other() {
    let flow = Flow { arguments: "{image: 'a/b', cpu: lots}", ..Flow::of(RunConfigKind::Ecs) };
    assert_eq!(flow.found(), ["latest-image", "Malformed size", "no-logs"]);
    let ignoring = Flow { ignored: &[CheckName::LatestImage], ..flow };
    assert_eq!(ignoring.found(), ["Malformed size", "no-logs"]);
}

#[test]
fn a_run_config_that_is_not_known_is_not_judged() {
    let unknown = Value::unknown(Type::Any);
    for kind in RunConfigKind::ALL {
        let problems = flow(&CheckInputs {
            name: "etl",
            kind,
            arguments: &unknown,
            template: Some(Template { place: &[], of_agent: false, document: &unknown }),
            storage: Some((StorageKind::S3, &unknown)),
            parameters: &unknown,
            has_secrets: true,
            agent: None,
            agents: &[Agent { address: "agent.a", kind: AgentKind::Ecs, options: &unknown }],
            places: &BTreeMap::new(),
        });
        assert_eq!(problems, [], "{kind:?}");
    }
}
