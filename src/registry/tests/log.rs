//! What events mean, and that a snapshot at any cut changes nothing.

use proptest::prelude::*;

use super::super::log::{LogError, Segment, fold, fold_segment};
use super::super::snapshot::{Tail, Unusable, decode, encode};
use super::super::view::{DefinitionAt, FlowRecord, VersionState};
use super::*;

fn empty() -> View {
    View::new(RegistryId("registry".into()), "project")
}

/// The view after each event was a segment of its own.
fn after(events: Vec<Event>) -> View {
    let mut view = empty();
    for event in events {
        add(&mut view, event).expect("a valid event");
    }
    view
}

fn add(view: &mut View, event: Event) -> Result<(), LogError> {
    let seq = view.seq + 1;
    let events = vec![event];
    fold_segment(view, Segment { format: 1, seq, holder: "n".into(), at: String::new(), events })
}

/// One line a version: number, state, where its definition is, whether it was superseded.
fn lines(flow: &FlowRecord) -> String {
    let mut out = format!("{} published {:?} stale {:?}", flow.name, flow.published, flow.stale_names);
    for version in &flow.versions {
        let at = match &version.definition {
            DefinitionAt::Inline(_) => "here".to_owned(),
            DefinitionAt::Segment(seq) => format!("in {seq}"),
            DefinitionAt::Unknown => "unknown".to_owned(),
        };
        let superseded = if version.superseded_at.is_some() { ", superseded" } else { "" };
        let (artifacts, state) = (version.artifacts.len(), version.state);
        out.push_str(&format!("\nv{} {state:?}, {artifacts}, {at}{superseded}", version.version));
    }
    out
}

fn pin(flow: u32, version: Option<u32>) -> Event {
    Event::Pin { flow: id(flow), version, configured: None, reason: None, origin: origin() }
}

#[test]
fn a_flow_through_its_life() {
    let mut view = after(vec![reserve(1, 1), bind(1, 1), reserve(1, 2)]);
    assert_eq!(
        lines(&view.flows[&id(1)]),
        "name 1 published Some(1) stale []\nv1 Bound, 1, here\nv2 Reserved, 0, here"
    );
    add(&mut view, bind(1, 2)).expect("bound");
    assert_eq!(
        lines(&view.flows[&id(1)]),
        "name 1 published Some(2) stale []\nv1 Bound, 1, in 1, superseded\nv2 Bound, 1, here"
    );
    // Back to the first version: it is no longer superseded while it is published.
    add(&mut view, pin(1, Some(1))).expect("pinned");
    assert_eq!(view.flows[&id(1)].published, None);
    add(&mut view, bind(1, 1)).expect("bound again");
    assert_eq!(
        lines(&view.flows[&id(1)]),
        "name 1 published Some(1) stale []\nv1 Bound, 1, in 1\nv2 Bound, 1, here"
    );
    add(&mut view, pin(1, None)).expect("let go");
    add(&mut view, bind(1, 2)).expect("bound again");
    add(&mut view, reserve(1, 3)).expect("reserved");
    add(&mut view, Event::Abandon { flow: id(1), version: 3 }).expect("abandoned");
    assert_eq!(
        lines(&view.flows[&id(1)]),
        "name 1 published None stale []\nv1 Bound, 1, in 1, superseded\nv2 Bound, 1, here\nv3 Abandoned, 0, here"
    );
    let moved =
        Event::Move { flow: id(1), name: "new".into(), address: "flow.b".into(), root: "main".into() };
    add(&mut view, moved).expect("moved");
    assert_eq!(view.flows[&id(1)].stale_names, ["name 1"]);
    add(&mut view, Event::Archive { flow: id(1), origin: origin() }).expect("archived");
    add(&mut view, Event::Prune { flow: id(1), version: 2 }).expect("pruned");
    assert!(view.flow_named("new").is_none());
    add(&mut view, reserve(1, 4)).expect("declared again");
    assert_eq!(
        lines(&view.flows[&id(1)]),
        "name 1 published None stale [\"new\"]\nv1 Bound, 1, in 1, superseded\nv2 Pruned, 0, in 3\n\
         v3 Abandoned, 0, in 9\nv4 Reserved, 0, here"
    );
    add(&mut view, Event::Forget { flow: id(1) }).expect("forgotten");
    assert!(view.flows.is_empty());
}

#[test]
fn an_adopted_version_is_defined_once() {
    let adopt = |flow| Event::Adopt {
        flow: id(flow),
        name: "a".into(),
        address: "flow.a".into(),
        root: "main".into(),
        artifacts: vec![binding(flow, 1)],
        origin: origin(),
    };
    let define = || Event::Define {
        flow: id(1),
        version: 1,
        digest: Digest::of_bytes(b"x"),
        definition: serde_json::value::RawValue::from_string("{}".into()).expect("JSON"),
    };
    let mut view = after(vec![adopt(1)]);
    assert_eq!(lines(&view.flows[&id(1)]), "a published None stale []\nv1 Bound, 1, unknown");
    add(&mut view, define()).expect("defined");
    assert_eq!(lines(&view.flows[&id(1)]), "a published None stale []\nv1 Bound, 1, here");
    let again = add(&mut view.clone(), define()).expect_err("defined twice");
    assert_eq!(again.to_string(), "the definition of version 1 of the flow \"a\", which is defined already");
    let again = add(&mut view, adopt(1)).expect_err("adopted twice");
    assert_eq!(again.to_string(), "adoption of the flow flow-1, which is recorded already");
}

#[test]
fn contradictions_are_refused_and_change_nothing() {
    let archive = || Event::Archive { flow: id(1), origin: origin() };
    let cases = [
        (vec![], bind(1, 1), "a binding of the flow flow-1, which is not recorded"),
        (vec![], reserve(1, 2), "version 2 of the flow \"name 1\" is reserved, but the next version is 1"),
        (
            vec![reserve(1, 1)],
            reserve(1, 1),
            "version 1 of the flow \"name 1\" is reserved, but the next version is 2",
        ),
        (
            vec![reserve(1, 1)],
            bind(1, 2),
            "a binding of version 2 of the flow \"name 1\", which does not exist",
        ),
        (
            vec![reserve(1, 1)],
            bind(1, 0),
            "a binding of version 0 of the flow \"name 1\", which does not exist",
        ),
        (
            vec![reserve(1, 1), Event::Abandon { flow: id(1), version: 1 }],
            bind(1, 1),
            "a binding of version 1 of the flow \"name 1\", which is abandoned",
        ),
        (
            vec![reserve(1, 1), bind(1, 1)],
            Event::Abandon { flow: id(1), version: 1 },
            "the abandonment of version 1 of the flow \"name 1\", which is bound",
        ),
        (
            vec![reserve(1, 1), archive()],
            archive(),
            "the archiving of the flow \"name 1\", which is archived",
        ),
        (vec![], Event::Forget { flow: id(1) }, "the removal of the flow flow-1, which is not recorded"),
        (
            vec![reserve(1, 1)],
            pin(1, Some(2)),
            "the pin of version 2 of the flow \"name 1\", which does not exist",
        ),
    ];
    for (before, event, expected) in cases {
        let mut view = after(before);
        let before = text(&view);
        let seq = view.seq + 1;
        assert_eq!(fold(&mut view, seq, event).expect_err(expected).to_string(), expected);
        assert_eq!(text(&view), before);
    }
    let segment = Segment { format: 1, seq: 3, holder: "n".into(), at: String::new(), events: vec![] };
    let error = fold_segment(&mut empty(), segment).expect_err("a gap");
    assert_eq!(error.to_string(), "segment 3 follows segment 0");
}

#[test]
fn events_read_back_as_they_were_written() {
    let segment = Segment {
        format: 1,
        seq: 1,
        holder: "n".into(),
        at: "t".into(),
        events: vec![reserve(1, 1), bind(1, 1), Event::Fence { holder: "h".into() }],
    };
    let written = serde_json::to_string(&segment).expect("JSON");
    assert!(written.contains(r#""definition":{"flow":1,"version":1}"#), "{written}");
    let back: Segment = serde_json::from_str(&written).expect("it reads back");
    assert_eq!(serde_json::to_string(&back).expect("JSON"), written);
}

#[test]
fn a_snapshot_says_when_it_cannot_be_used() {
    let view = after(vec![reserve(1, 1)]);
    let (bytes, size) = encode(&view).expect("encoded");
    let (back, same) = decode(&bytes).expect("decoded");
    assert_eq!((text(&back), same), (text(&view), size));
    assert!(matches!(decode(&bytes[..bytes.len() / 2]), Err(Unusable::Damaged(_))));
    assert!(matches!(decode(b"{}"), Err(Unusable::Damaged(_))));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, br#"{"format":7,"other":1}"#).expect("memory");
    assert_eq!(decode(&encoder.finish().expect("memory")).expect_err("newer"), Unusable::Newer(7));
}

#[test]
fn a_snapshot_is_due_by_bytes_or_by_segments() {
    let tail = |snapshot_bytes, bytes, segments| Tail { snapshot_bytes, bytes, segments }.wants_snapshot();
    assert!(!tail(0, 1 << 20, 10));
    assert!(tail(0, (1 << 20) + 1, 10));
    assert!(tail(0, 1, 64));
    assert!(!tail(10 << 20, 5 << 20, 10));
    assert!(tail(10 << 20, (5 << 20) + 1, 10));
}

/// An event that is valid after `view`, chosen by numbers.
fn valid(view: &View, op: u8, flow: u32, pick: u32) -> Option<Event> {
    let record = view.flows.get(&id(flow));
    let version = record.map(|flow| pick % flow.next_version()).filter(|version| *version > 0);
    let event = match op {
        0..=2 => reserve(flow, record.map_or(1, FlowRecord::next_version)),
        3..=5 => bind(flow, record?.latest()?.version),
        6 => bind(flow, version?),
        7 => Event::Abandon { flow: id(flow), version: version? },
        8 => Event::Archive { flow: id(flow), origin: origin() },
        9 => {
            let (address, root) = (format!("flow.m{pick}"), "main".into());
            Event::Move { flow: id(flow), name: format!("moved {pick}"), address, root }
        }
        10 => pin(flow, version),
        11 => pin(flow, None),
        12 => Event::Prune { flow: id(flow), version: version? },
        13 if pick.is_multiple_of(4) => Event::Forget { flow: id(flow) },
        13 => Event::Fence { holder: "h".into() },
        _ => {
            let artifacts = vec![];
            let (name, address, root) = (format!("adopted {flow}"), "flow.a".into(), "main".into());
            Event::Adopt { flow: id(flow), name, address, root, artifacts, origin: origin() }
        }
    };
    fold(&mut view.clone(), view.seq + 1, event.clone()).ok().map(|()| event)
}

fn check_invariants(view: &View) {
    for flow in view.flows.values() {
        for (index, version) in flow.versions.iter().enumerate() {
            assert_eq!(version.version as usize, index + 1);
            if let DefinitionAt::Segment(seq) = version.definition {
                assert!(seq > 0 && seq <= view.seq);
            }
            assert!(version.state == VersionState::Bound || version.artifacts.is_empty());
        }
        let inline = |version: &&super::super::view::VersionRecord| {
            matches!(version.definition, DefinitionAt::Inline(_))
        };
        assert!(flow.versions.iter().filter(inline).count() <= 4);
        if let Some(published) = flow.published {
            assert_eq!(flow.version(published).expect("it exists").state, VersionState::Bound);
            assert!(flow.archived.is_none());
        }
    }
}

proptest! {
    #[test]
    fn a_snapshot_at_any_cut_changes_nothing(
        picks in proptest::collection::vec((0u8..16, 0u32..3, 0u32..8), 1..60),
        group in 1usize..5,
        cut in 0usize..60,
    ) {
        let mut segments: Vec<Segment> = Vec::new();
        let mut view = empty();
        for chunk in picks.chunks(group) {
            let seq = view.seq + 1;
            let mut events = Vec::new();
            for (op, flow, pick) in chunk {
                if let Some(event) = valid(&view, *op, *flow, *pick) {
                    fold(&mut view, seq, event.clone()).expect("a valid event");
                    events.push(event);
                }
            }
            view.seq = seq;
            check_invariants(&view);
            segments.push(Segment { format: 1, seq, holder: "n".into(), at: String::new(), events });
        }
        let mut replayed = empty();
        for segment in segments {
            if segment.seq as usize == cut % 16 {
                let (bytes, _) = encode(&replayed).expect("encoded");
                replayed = decode(&bytes).expect("decoded").0;
            }
            fold_segment(&mut replayed, segment).expect("it was valid before");
        }
        prop_assert_eq!(text(&replayed), text(&view));
    }
}
