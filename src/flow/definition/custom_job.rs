//! `custom_job` of a `vertex` run config: the CustomJob that the run config's own arguments are laid into. What those arguments
//! say as well is taken as theirs, so that the original's agents see it too; the rest is kept beside the run config, which the
//! original's form has no place for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::{Problem, at};
use crate::address::PathStep;
use crate::diag::Severity;
use crate::flow::document::{self, Document};
use crate::value::{Kind, Value};

/// What of `job_spec` is an argument of the run config, in both of its spellings.
const SHARED: [(&str, &str); 4] = [
    ("network", "network"),
    ("scheduling", "scheduling"),
    ("service_account", "serviceAccount"),
    ("worker_pool_specs", "workerPoolSpecs"),
];

/// A `custom_job`, taken apart.
#[derive(Debug, Default)]
pub(super) struct CustomJob {
    /// What is no argument of the run config, checked; `None` where there is nothing.
    pub(super) rest: Option<Value>,
    /// What is, as it was written, with its place.
    pub(super) shared: BTreeMap<&'static str, (Value, Vec<PathStep>)>,
}

/// Takes the value of the argument at `path` apart; `own` tells whether the run config has an argument itself.
pub(super) fn take_apart(
    value: &Value,
    path: &[PathStep],
    own: &dyn Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> CustomJob {
    let mut result = CustomJob::default();
    if value.is_null() {
        return result;
    }
    let mut value = value.clone();
    if let Some(entries) = value.as_entries() {
        let mut entries = BTreeMap::clone(entries);
        for name in ["job_spec", "jobSpec"] {
            let Some(spec) = entries.get_mut(name) else { continue };
            let spec_path = at(path, name);
            let Some(members) = spec.as_entries() else { continue };
            let mut members = BTreeMap::clone(members);
            for (argument, camel) in SHARED {
                for spelling in [argument, camel] {
                    let Some(found) = members.get(spelling).filter(|found| !found.is_null()).cloned() else {
                        continue;
                    };
                    let place = at(&spec_path, spelling);
                    // Two spellings side by side are told by the check of the document.
                    if result.shared.contains_key(argument) {
                        if argument != camel {
                            problems.push(twice(place, argument));
                        }
                        members.remove(spelling);
                        continue;
                    }
                    if own(argument) {
                        problems.push(twice(place.clone(), argument));
                    } else {
                        result.shared.insert(argument, (found, place));
                    }
                    members.remove(spelling);
                }
            }
            *spec = Value { kind: Kind::Object(Arc::new(members)), marks: spec.marks };
        }
        value = Value { kind: Kind::Object(Arc::new(entries)), marks: value.marks };
    }
    let (checked, found) = document::check(Document::CustomJob, &value, path);
    let is_sound = found.iter().all(|problem| problem.severity != Severity::Error);
    problems.extend(found);
    let is_empty = checked.as_entries().is_some_and(|entries| entries.values().all(is_hollow));
    if is_sound && !is_empty {
        result.rest = Some(checked);
    }
    result
}

/// Whether nothing is in an object.
fn is_hollow(value: &Value) -> bool {
    value.as_entries().is_some_and(|entries| entries.is_empty())
}

fn twice(place: Vec<PathStep>, argument: &str) -> Problem {
    Problem::error(
        place,
        "Field written twice",
        format!("The run config has `{argument}` already, and a job has it once."),
    )
    .help(format!(
        "keep one of them; the run config's own `{argument}` is what the original's agents see, too"
    ))
}
