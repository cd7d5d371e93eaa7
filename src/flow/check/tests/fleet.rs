//! Agents and images: what is the same for all kinds.

use super::super::image::{Tag, is_ecr, tag_of};
use super::*;

fn quiet(kind: RunConfigKind) -> Flow<'static> {
    Flow { ignored: &[CheckName::NoLogs], ..Flow::of(kind) }
}

fn covered(kind: RunConfigKind, wanted: &[&str], agents: &[(AgentKind, &str, &[&str])]) -> String {
    let wanted: Vec<String> = wanted.iter().map(|label| (*label).to_owned()).collect();
    let agents: Vec<(AgentKind, &str, Vec<String>)> = agents
        .iter()
        .map(|(kind, name, labels)| (*kind, *name, labels.iter().map(|label| (*label).to_owned()).collect()))
        .collect();
    let takers = agents.iter().map(|(kind, name, labels)| Taker { kind: *kind, name, labels });
    coverage(kind, &wanted, takers).as_ref().map(line).unwrap_or_default()
}

const AGENTS: &[(AgentKind, &str, &[&str])] = &[
    (AgentKind::Ecs, "agent.ecs.far", &["eu", "big"]),
    (AgentKind::Ecs, "agent.ecs.near", &["prod"]),
    (AgentKind::Local, "agent.local.box", &["box"]),
];

#[test]
fn the_closest_agent_is_named_with_what_it_lacks() {
    assert_eq!(
        covered(RunConfigKind::Ecs, &["prod", "gpu"], AGENTS),
        "error agent-coverage labels: An agent takes a flow when it carries all the flow's labels; the closest, \
         `agent.ecs.near`, does not carry `gpu`. [add the labels to the agent, or remove them from the flow, its run config \
         or its storage]\n"
    );
    assert_eq!(covered(RunConfigKind::Ecs, &["prod"], AGENTS), "");
    // Where no agent of the kind is declared, nothing is known.
    assert_eq!(covered(RunConfigKind::Kubernetes, &["prod", "gpu"], AGENTS), "");
    let local = covered(RunConfigKind::Local, &["box", "my-host"], AGENTS);
    assert!(local.contains("unless that is the name of its host"), "{local}");
}

#[test]
fn a_flow_without_labels_is_not_taken_by_agents_that_have_some() {
    assert_eq!(
        covered(RunConfigKind::Ecs, &[], AGENTS),
        "error unlabelled-flow labels: The flow has no labels, and an agent that has labels takes no flow without; every \
         declared agent of its kind has some. [give the flow a label of an agent, such as those of `agent.ecs.far`]\n"
    );
    let agents = [AGENTS[0], (AgentKind::Ecs, "agent.ecs.open", &[])];
    assert_eq!(covered(RunConfigKind::Ecs, &[], &agents), "");
    assert_eq!(covered(RunConfigKind::Universal, &[], &agents), "");
}

#[test]
fn images_that_may_change_are_told_where_they_stand() {
    let of = |arguments| Flow { arguments, ..quiet(RunConfigKind::Docker) };
    assert_eq!(
        of("{image: 'acme/etl:latest'}").told(),
        "warning latest-image run_config.image: The tag `latest` may be another image tomorrow, and no new version is made \
         of the flow then: its definition is the same. [name a tag that is never moved, or a digest \
         (`image@sha256:...`)]\n"
    );
    assert_eq!(of("{image: 'acme/etl:1.2'}").told(), "");
    let flow =
        Flow { storage: Some((StorageKind::Docker, "{image_tag: latest}")), ..of("{image: 'acme/etl'}") };
    assert_eq!(flow.found(), ["latest-image", "image-overruled"]);
    assert_eq!(flow.problems()[0].place(), "storage.image_tag");
}

#[test]
fn a_process_has_no_image() {
    for kind in [RunConfigKind::Local, RunConfigKind::Universal] {
        assert_eq!(
            Flow { storage: Some((StorageKind::Docker, "{image_tag: latest}")), ..quiet(kind) }.told(),
            ""
        );
    }
}

#[test]
fn tags_follow_the_last_colon_of_the_name() {
    for (image, tag) in [
        ("a/b", Tag::None),
        ("localhost:5000/b", Tag::None),
        ("localhost:5000/b:latest", Tag::Latest),
        ("b:1", Tag::Fixed),
        ("b:latest@sha256:00", Tag::Fixed),
        ("b:", Tag::None),
        ("", Tag::None),
    ] {
        assert_eq!(tag_of(image), tag, "{image}");
    }
}

#[test]
fn private_registries_of_aws_are_known_by_their_host() {
    for image in [
        "1.dkr.ecr.us-east-1.amazonaws.com/a:1",
        "XXX.dkr.ecr.cn-north-1.amazonaws.com.cn/a",
        "1.dkr.ecr-fips.us-east-1.amazonaws.com",
    ] {
        assert!(is_ecr(image), "{image}");
    }
    for image in ["public.ecr.aws/a/b", "acme/1.dkr.ecr.us-east-1.amazonaws.com", "", "ecr.amazonaws.com/a"] {
        assert!(!is_ecr(image), "{image}");
    }
}
