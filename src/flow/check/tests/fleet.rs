//! Agents and images: what is the same for all kinds.

use super::super::image::{Tag, is_ecr, tag_of};
use super::*;

const AGENTS: &[(AgentKind, &str, &str)] = &[
    (AgentKind::Ecs, "agent.ecs.far", "{labels: [eu, gpu2]}"),
    (AgentKind::Ecs, "agent.ecs.near", "{labels: [prod]}"),
    (AgentKind::Local, "agent.local.box", "{labels: [box]}"),
];

fn quiet(kind: RunConfigKind) -> Flow<'static> {
    Flow { ignored: &[CheckName::NoLogs], ..Flow::of(kind) }
}

#[test]
fn the_nearest_agent_is_named_with_what_it_lacks() {
    let flow = Flow { agents: AGENTS, labels: "[prod, gpu]", ..quiet(RunConfigKind::Ecs) };
    assert_eq!(
        flow.told(),
        "warning agent-coverage labels: An agent takes a run when it carries all of its labels, and no declared agent \
         does; the nearest is agent.ecs.near, which lacks `gpu`. [add the labels to agent.ecs.near, or remove them from \
         the flow, its run config, its storage or `default_labels`]\n"
    );
    assert_eq!(Flow { labels: "[prod]", ..flow }.told(), "");
    // An agent that the flow names is checked elsewhere; where none of the kind is declared, nothing is known.
    assert_eq!(Flow { agent: Some((AgentKind::Ecs, "{}")), ..flow }.told(), "");
    assert_eq!(Flow { kind: RunConfigKind::Kubernetes, ..flow }.found(), Vec::<String>::new());
    let local = Flow { kind: RunConfigKind::Local, labels: "[box, my-host]", ..flow }.told();
    assert!(local.contains("unless that is the name of its host"), "{local}");
}

#[test]
fn a_flow_without_labels_is_not_taken_by_agents_that_have_some() {
    let flow = Flow { agents: AGENTS, ..quiet(RunConfigKind::Ecs) };
    assert_eq!(
        flow.told(),
        "warning unlabelled-flow labels: The flow has no labels, and an agent that has labels takes no run without any: \
         agent.ecs.far, agent.ecs.near would never take it. [give the flow the labels of one of the agents]\n"
    );
    let agents = [AGENTS[0], (AgentKind::Ecs, "agent.ecs.open", "{}")];
    assert_eq!(Flow { agents: &agents, ..flow }.told(), "");
    assert_eq!(Flow { agents: &agents, kind: RunConfigKind::Universal, ..flow }.told(), "");
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
