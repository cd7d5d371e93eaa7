//! IO: whether recorded revisions still carry the tags that say whose they are, by the tag index, 100 a call; and which
//! services run one that is superseded. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Check, Finding, ProviderError, ToAudit, Verification};

use crate::arn;
use crate::client::Calls;
use crate::tags;

/// How many ARNs the index is asked for at once (page `GetResources`).
const ASKED: usize = 100;

/// Of how many revisions that seem altered the tags themselves are read.
const CONFIRMED: usize = 50;

pub(crate) async fn audit(calls: &Calls, recorded: &[ToAudit<'_>]) -> Result<Verification, ProviderError> {
    let before = calls.count();
    let location = calls.location().await?;
    let here: BTreeMap<&str, &ToAudit<'_>> = recorded
        .iter()
        .filter(|one| one.binding.location == location && !one.identities.is_empty())
        .map(|one| (one.binding.id.as_str(), one))
        .collect();
    let mut checks = carried(calls, &here).await;
    checks.extend(used(calls, &here).await);
    checks.sort_by(|a, b| a.subject.cmp(&b.subject));
    Ok(Verification { checks, calls: calls.count().saturating_sub(before) })
}

/// A line for each revision whose tags were altered, and one for all others.
async fn carried(calls: &Calls, here: &BTreeMap<&str, &ToAudit<'_>>) -> Vec<Check> {
    let mut checks = Vec::new();
    let (mut fine, mut unseen) = (Vec::new(), Vec::new());
    let mut confirmed = 0;
    let arns: Vec<&str> = here.keys().copied().collect();
    for some in arns.chunks(ASKED) {
        let indexed = match calls.indexed(some).await {
            Ok(indexed) => indexed,
            Err(error) => {
                let flows = flows(some.iter().filter_map(|arn| here.get(arn).copied()));
                checks.push(Check {
                    subject: tags_of(some.len()),
                    flows,
                    finding: Finding::NotChecked(error.message),
                });
                continue;
            }
        };
        for arn in some {
            let Some(one) = here.get(arn).copied() else { continue };
            let Some(found) = indexed.get(*arn) else {
                unseen.push(one);
                continue;
            };
            let Some(mut why) = tags::altered(found, &one.identities, &one.binding.hash) else {
                fine.push(one);
                continue;
            };
            if confirmed < CONFIRMED {
                confirmed += 1;
                // The index is behind: what it says is looked up before it is told.
                match calls
                    .tags_of(arn)
                    .await
                    .map(|tags| tags::altered(&tags, &one.identities, &one.binding.hash))
                {
                    Ok(None) => {
                        fine.push(one);
                        continue;
                    }
                    Ok(Some(told)) => why = told,
                    Err(_) => {}
                }
            }
            checks.push(Check {
                subject: format!("tags of `{}`", name(arn)),
                flows: vec![one.flow.to_owned()],
                finding: Finding::Unusable(format!(
                    "somebody else altered them: {why}; put them back with `aws ecs tag-resource`, or have the revision \
                     registered again by deregistering it"
                )),
            });
        }
    }
    if !fine.is_empty() {
        let (subject, flows) = (tags_of(fine.len()), flows(fine.into_iter()));
        checks.push(Check { subject, flows, finding: Finding::Usable });
    }
    if !unseen.is_empty() {
        checks.push(Check {
            subject: tags_of(unseen.len()),
            flows: flows(unseen.into_iter()),
            finding: Finding::NotChecked(
                "the tag index does not have them yet: it is behind for a while after a registration"
                    .to_owned(),
            ),
        });
    }
    checks
}

/// A line for each service that runs a revision which is not the current one of its flow.
async fn used(calls: &Calls, here: &BTreeMap<&str, &ToAudit<'_>>) -> Vec<Check> {
    let superseded: Vec<&ToAudit<'_>> = here.values().copied().filter(|one| !one.is_current).collect();
    if superseded.is_empty() {
        return Vec::new();
    }
    let running = match calls.services().await {
        Ok(running) => running,
        Err(error) => {
            return vec![Check {
                subject: "services that run superseded revisions".to_owned(),
                flows: flows(superseded.into_iter()),
                finding: Finding::NotChecked(error.message),
            }];
        }
    };
    let found = running.iter().filter_map(|running| {
        let one = here.get(running.definition.as_str()).filter(|one| !one.is_current)?;
        Some(Check {
            subject: format!("service `{}` of the cluster `{}`", running.service, running.cluster),
            flows: vec![one.flow.to_owned()],
            finding: Finding::Unusable(format!(
                "it runs {}, which is superseded: once that is deregistered the service cannot be updated without another \
                 one, so update the service first",
                name(&running.definition)
            )),
        })
    });
    found.collect()
}

fn tags_of(count: usize) -> String {
    if count == 1 { "tags of 1 revision".to_owned() } else { format!("tags of {count} revisions") }
}

fn name(arn: &str) -> String {
    arn::revision(arn).map_or_else(|| arn.to_owned(), |(family, number)| format!("{family}:{number}"))
}

fn flows<'a>(these: impl Iterator<Item = &'a ToAudit<'a>>) -> Vec<String> {
    let names: BTreeSet<&str> = these.map(|one| one.flow).collect();
    names.into_iter().map(str::to_owned).collect()
}
