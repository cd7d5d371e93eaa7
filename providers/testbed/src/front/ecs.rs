//! What Amazon ECS does and moto does not, by its documentation: it refuses what it documents to refuse, puts defaults
//! into what it describes, gives lists back in an order of its own, lets nobody see at once what was just registered,
//! takes one registration of a family at a time and so many calls a second. It stores nothing: moto does.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_contract::ecs::{Place, read_back, refusal};
use serde_json::{Value, json};

use super::buckets::Buckets;
use super::message::Answer;

/// Seconds since 1970 at which everything is registered.
const AT: u64 = 1_767_225_600;

/// How many ARNs a call to the tag index may name (page `GetResources`).
const MOST_NAMED: usize = 100;

/// Tags by key.
type Tags = BTreeMap<String, String>;

/// What the service knows beside what moto stores.
#[derive(Default)]
pub(super) struct Service {
    /// How many listings do not show what was registered before them.
    pub(super) lag: u32,
    /// The rates; none are held against when absent.
    pub(super) buckets: Option<Buckets>,
    /// Whether tasks are shown as starting.
    pub(super) tasks_are_starting: bool,
    /// How many calls were refused by the rates.
    pub(super) throttled: u64,
    /// Definitions as they are described.
    described: BTreeMap<String, Value>,
    /// How many more listings do not show it.
    hidden: BTreeMap<String, u32>,
    /// The tag index: what it says, and what it will say after so many more calls.
    index: BTreeMap<String, (Option<Tags>, Tags, u32)>,
    /// Families that are being registered in.
    busy: BTreeSet<String>,
    /// Registrations whose answer was lost, by family: they may have been done.
    lost: BTreeMap<String, Value>,
}

impl Service {
    /// Answers a call that does not come to moto.
    pub(super) fn before(&mut self, operation: &str, asked: &Value) -> Option<Answer> {
        if self.buckets.as_mut().is_some_and(|buckets| !buckets.take(operation)) {
            self.throttled += 1;
            return Some(Answer::refusal("ThrottlingException", "Rate exceeded"));
        }
        match operation {
            "GetResources" => Some(self.indexed(asked)),
            "RegisterTaskDefinition" => {
                if let Some(refused) = refusal(asked) {
                    return Some(Answer::refusal(refused.code, &refused.message));
                }
                if !self.busy.insert(text(asked, "family")) {
                    return Some(Answer::refusal(
                        "ClientException",
                        "Too many concurrent attempts to create a new revision of the specified family.",
                    ));
                }
                None
            }
            _ => None,
        }
    }

    /// What the service says where moto said `answer`; the test itself sees everything.
    pub(super) fn after(
        &mut self,
        operation: &str,
        asked: &Value,
        answer: Option<Answer>,
        is_ours: bool,
    ) -> Option<Answer> {
        if operation == "RegisterTaskDefinition" {
            self.busy.remove(&text(asked, "family"));
            if answer.is_none() {
                self.lost.insert(text(asked, "family"), asked.clone());
            }
        }
        let answer = answer?;
        let Some(mut said) = answer.document() else { return Some(answer) };
        match operation {
            "RegisterTaskDefinition" => {
                let arn = text(&said["taskDefinition"], "taskDefinitionArn");
                said["taskDefinition"] = self.registered(asked, &arn);
            }
            "DescribeTaskDefinition" | "DeregisterTaskDefinition" => self.described(&mut said),
            "ListTaskDefinitions" if !is_ours => {
                let listed = said["taskDefinitionArns"].as_array().cloned().unwrap_or_default();
                listed.iter().filter_map(Value::as_str).for_each(|arn| self.found(arn));
                let hidden = &mut self.hidden;
                if let Some(arns) = said["taskDefinitionArns"].as_array_mut() {
                    arns.retain(|arn| !still(hidden.get_mut(arn.as_str().unwrap_or_default())));
                }
            }
            "DescribeTasks" if self.tasks_are_starting => {
                for task in said["tasks"].as_array_mut().into_iter().flatten() {
                    task["lastStatus"] = json!("PENDING");
                }
            }
            "TagResource" => {
                let added = tags(&asked["tags"], "key", "value");
                self.tagged(asked, |tags| tags.extend(added));
            }
            "UntagResource" => {
                let gone = asked["tagKeys"].as_array().cloned().unwrap_or_default();
                self.tagged(asked, |tags| tags.retain(|key, _| !gone.contains(&json!(key))));
            }
            _ => {}
        }
        if let Some(tags) = said["tags"].as_array_mut() {
            tags.reverse();
        }
        Some(Answer::of(200, &said))
    }

    /// Keeps a registration, which is not shown at once; the definition as it is described.
    fn registered(&mut self, asked: &Value, arn: &str) -> Value {
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let revision = parts.last().and_then(|number| number.parse().ok()).unwrap_or(1);
        let definition = read_back(asked, Place { account, region, revision, at: AT }).definition;
        self.described.insert(arn.to_owned(), definition.clone());
        self.hidden.insert(arn.to_owned(), self.lag);
        self.index.insert(arn.to_owned(), (None, tags(&asked["tags"], "key", "value"), self.lag));
        definition
    }

    /// Keeps what was registered without an answer, once moto lists it.
    fn found(&mut self, arn: &str) {
        let family = arn.rsplit('/').next().and_then(|name| name.split(':').next()).unwrap_or_default();
        if !self.described.contains_key(arn)
            && let Some(asked) = self.lost.remove(family)
        {
            self.registered(&asked, arn);
        }
    }

    /// The definition as the service has it, with the state that moto knows.
    fn described(&self, said: &mut Value) {
        let stored = &said["taskDefinition"];
        let Some(mut definition) = self.described.get(&text(stored, "taskDefinitionArn")).cloned() else {
            return;
        };
        for of_moto in ["status", "deregisteredAt"] {
            if let Some(value) = stored.get(of_moto) {
                definition[of_moto] = value.clone();
            }
        }
        said["taskDefinition"] = definition;
    }

    fn tagged(&mut self, asked: &Value, change: impl FnOnce(&mut Tags)) {
        if let Some((seen, coming, left)) = self.index.get_mut(&text(asked, "resourceArn")) {
            if *left == 0 {
                *seen = Some(coming.clone());
            }
            change(coming);
            *left = self.lag;
        }
    }

    /// The tag index (page `GetResources` of the Resource Groups Tagging API): behind, and only what was ever tagged.
    fn indexed(&mut self, asked: &Value) -> Answer {
        let named = asked["ResourceARNList"].as_array().cloned().unwrap_or_default();
        if named.is_empty() || named.len() > MOST_NAMED {
            return Answer::refusal(
                "InvalidParameterException",
                "ResourceARNList should have between 1 and 100 members.",
            );
        }
        let mut found = Vec::new();
        for arn in named.iter().filter_map(Value::as_str) {
            let Some((seen, coming, left)) = self.index.get_mut(arn) else { continue };
            let current = if still(Some(left)) { seen.clone() } else { Some(coming.clone()) };
            let Some(tags) = current else { continue };
            let list: Vec<Value> =
                tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            found.push(json!({"ResourceARN": arn, "Tags": list}));
        }
        found.reverse();
        Answer::of(200, &json!({"PaginationToken": "", "ResourceTagMappingList": found}))
    }
}

/// Whether it is still behind; one time less from now on.
fn still(left: Option<&mut u32>) -> bool {
    match left {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn text(fields: &Value, name: &str) -> String {
    fields[name].as_str().unwrap_or_default().to_owned()
}

fn tags(list: &Value, key: &str, value: &str) -> Tags {
    list.as_array().into_iter().flatten().map(|tag| (text(tag, key), text(tag, value))).collect()
}
