//! Plans from text, in pure code: a configuration, what an apply of another one would have recorded, and what lives.

use std::collections::{BTreeMap, HashMap, HashSet};

use flowform_provider_api::{
    Binding, Digest, ErrorKind, FlowId, Identity, LiveArtifact, Location, ProviderError, RegistryId,
};
use jiff::Timestamp;

use super::live::{Live, ProviderLive};
use super::model::{Mode, Operation, Plan, Planned as PlannedDefinition};
use super::outcomes::Planned;
use super::recorded::{Definitions, Recorded};
use super::{Options, PlanInput, plan};
use crate::config::variables::{GivenValues, NoFiles, assign};
use crate::config::{Config, decode};
use crate::desired::{Inputs, evaluate, settings};
use crate::diag::Diagnostics;
use crate::graph;
use crate::registry::event::{Event, Origin};
use crate::registry::log::fold;
use crate::registry::view::View;
use crate::report::theme::Theme;
use crate::source::SourceMap;

const CODE: &str = "storage \"module\" \"code\" {\n  module = \"flows\"\n}\n";

fn flow(name: &str, level: &str) -> String {
    format!(
        "flow \"{name}\" {{\n  storage = storage.module.code\n  run_config \"local\" {{\n    env = {{ LEVEL = \"{level}\" }}\n  }}\n}}\n"
    )
}

fn make(text: &str, view: Option<&View>, live: &Live, options: &Options) -> (Plan, Diagnostics) {
    let mut diags = Diagnostics::new();
    let mut sources = SourceMap::default();
    let file = sources.add("main.hcl", text);
    let body = crate::syntax::parse(file, text, &mut diags);
    let config: Config = decode(vec![body], &mut diags);
    let variables = assign(&config, &GivenValues::new(), &mut sources, &mut diags);
    let settings = settings(&config, &variables, &NoFiles, &mut diags);
    let graph = graph::build(&config, &mut diags);
    let fetched = Definitions::new();
    let recorded = Recorded::new(view, &settings.root, &config.moved, &fetched);
    let inputs = Inputs {
        config: &config,
        graph: &graph,
        variables: &variables,
        environment: &NoFiles,
        settings: &settings,
        tolerant: false,
        data: &crate::desired::data::NoData,
    };
    let declared = |_: &str| true;
    let outcomes = Planned { recorded: &recorded, project: &settings.project, declared: &declared };
    let evaluation = evaluate(inputs, &outcomes, &mut diags);
    let input = PlanInput {
        config: &config,
        graph: &graph,
        settings: &settings,
        evaluation: &evaluation,
        recorded: &recorded,
        live,
        imports: &std::collections::BTreeMap::new(),
        options,
        now: "2026-11-21T12:00:00Z".parse::<Timestamp>().expect("a timestamp"),
        types: &crate::providers::artifact_type,
    };
    let plan = plan(input, &mut diags);
    (plan, diags)
}

/// What an apply of `text` on nothing leaves.
fn applied(text: &str) -> (View, Live) {
    let (plan, diags) = make(text, None, &Live::default(), &Options::default());
    assert!(!diags.has_errors(), "{diags:?}");
    let registry = RegistryId("registry".to_owned());
    let mut view = View::new(registry.clone(), "default");
    let mut artifacts = HashMap::new();
    let origin = Origin { at: "2026-11-20T12:00:00Z".to_owned(), by: "ci".to_owned(), commit: None };
    for step in plan.steps {
        let Operation::SetVersion { name, address, version, planned, .. } = step.operation else { continue };
        let PlannedDefinition::Known { digest, definition, artifacts: planned } = planned else { continue };
        let flow = FlowId(format!("id-{name}"));
        let bindings: Vec<Binding> = planned
            .into_iter()
            .map(|planned| Binding {
                kind: planned.artifact.kind,
                provider: planned.provider,
                id: format!("specs/{name}"),
                hash: planned.artifact.hash,
                location: Location("registry".to_owned()),
                tag: None,
            })
            .collect();
        for binding in &bindings {
            let identity = Identity {
                registry: registry.clone(),
                project: "default".to_owned(),
                flow: flow.clone(),
                flow_name: name.clone(),
                version,
                digest: digest.clone(),
            };
            let (kind, hash) = (binding.kind.clone(), binding.hash.clone());
            let id = binding.id.clone();
            artifacts
                .insert(id.clone(), LiveArtifact { kind, id, identity: Some(identity), hash, body: None });
        }
        let events = [
            Event::Reserve {
                flow: flow.clone(),
                name,
                address,
                root: "main".to_owned(),
                version,
                digest,
                definition,
                origin: origin.clone(),
            },
            Event::Bind { flow, version, artifacts: bindings, at: origin.at.clone() },
        ];
        for event in events {
            view.seq += 1;
            let seq = view.seq;
            fold(&mut view, seq, event).expect("the events of an apply add up");
        }
    }
    let provider = ProviderLive {
        adoptable: BTreeMap::new(),
        location: Location("registry".to_owned()),
        artifacts,
        intact: HashSet::new(),
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        in_use: BTreeMap::new(),
    };
    let live = Live { providers: BTreeMap::from([("local".to_owned(), Ok(provider))]), ..Live::default() };
    (view, live)
}

fn check(text: &str, recorded: &(View, Live), options: &Options) -> String {
    let (plan, mut diags) = make(text, Some(&recorded.0), &recorded.1, options);
    diags.sort();
    let mut out = String::new();
    for diagnostic in diags.iter() {
        out.push_str(&format!("{}: {}\n", diagnostic.summary, diagnostic.detail));
    }
    let text = crate::report::plan::render(
        &plan,
        crate::report::plan::Options { full: false, theme: Theme::plain(), width: 100 },
    );
    out + text.trim()
}

fn local(recorded: &mut (View, Live)) -> &mut ProviderLive {
    let provider = recorded.1.providers.get_mut("local").expect("it is connected");
    provider.as_mut().expect("it can be read")
}

#[test]
fn a_plan_after_an_apply_is_empty() {
    let text = CODE.to_owned() + &flow("a", "INFO");
    let recorded = applied(&text);
    let (plan, diags) = make(&text, Some(&recorded.0), &recorded.1, &Options::default());
    assert!(plan.is_empty() && diags.is_empty(), "{plan:?} {diags:?}");
    assert_eq!(plan.unchanged, 1);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_absent() {
    let text = CODE.to_owned() + &flow("a", "INFO");
    let mut recorded = applied(&text);
    let provider = local(&mut recorded);
    provider.artifacts.clear();
    provider.unreadable.insert("specs/a".to_owned(), "permission denied".to_owned());
    let refused = check(&text, &recorded, &Options::default());
    assert!(
        refused.starts_with("Live object not checked: What is live for `flow.a` could not be read"),
        "{refused}"
    );
    let options = Options { allow_unreadable: true, ..Options::default() };
    let (plan, diags) = make(&text, Some(&recorded.0), &recorded.1, &options);
    assert!(!diags.has_errors() && plan.steps.is_empty(), "{diags:?}");
    assert!(
        check(&text, &recorded, &options).contains("not checked"),
        "{}",
        check(&text, &recorded, &options)
    );
}

#[test]
fn a_provider_that_fails_as_a_whole_leaves_every_flow_unchecked() {
    let text = CODE.to_owned() + &flow("a", "INFO") + &flow("b", "INFO");
    let mut recorded = applied(&text);
    let denied = ProviderError::new(ErrorKind::Denied, "no right to list");
    recorded.1.providers.insert("local".to_owned(), Err(denied));
    let (plan, diags) = make(&text, Some(&recorded.0), &recorded.1, &Options::default());
    assert_eq!(diags.error_count(), 2);
    assert!(plan.steps.is_empty());
}

#[test]
fn credentials_that_lead_elsewhere_are_an_error_and_no_missing_objects() {
    let text = CODE.to_owned() + &flow("a", "INFO");
    let mut recorded = applied(&text);
    let provider = local(&mut recorded);
    provider.location = Location("another account".to_owned());
    provider.artifacts.clear();
    let text = check(&text, &recorded, &Options::default());
    assert!(
        text.starts_with("Another account: The artifacts of `a` are in registry, and the provider `local` leads to another account."),
        "{text}"
    );
}

#[test]
fn missing_and_altered_artifacts_are_replaced_at_the_same_version() {
    let text = CODE.to_owned() + &flow("a", "INFO") + &flow("b", "INFO");
    let mut recorded = applied(&text);
    let provider = local(&mut recorded);
    provider.artifacts.remove("specs/a");
    provider.artifacts.get_mut("specs/b").expect("it lives").hash = Digest::of_bytes(b"other");
    let (plan, _) = make(&text, Some(&recorded.0), &recorded.1, &Options::default());
    let told: Vec<_> =
        plan.changes.iter().map(|c| (c.address.as_str(), c.action, &c.reason, c.to_version)).collect();
    use super::model::{Action::Replace, Reason};
    assert_eq!(
        told,
        [
            ("flow.a", Replace, &Reason::ArtifactMissing, Some(1)),
            ("flow.b", Replace, &Reason::ArtifactAltered, Some(1))
        ]
    );
}

#[test]
fn many_archives_need_a_flag_and_one_does_not() {
    let all: String = ["a", "b", "c", "d"].map(|name| flow(name, "INFO")).concat();
    let recorded = applied(&(CODE.to_owned() + &all));
    let with =
        |names: &[&str]| CODE.to_owned() + &names.iter().map(|name| flow(name, "INFO")).collect::<String>();
    let errors = |text: &str, options: &Options| {
        let (_, diags) = make(text, Some(&recorded.0), &recorded.1, options);
        diags.into_iter().map(|diagnostic| diagnostic.summary).collect::<Vec<_>>()
    };
    let (usual, allowed) = (Options::default(), Options { allow_mass_archive: true, ..Options::default() });
    assert!(errors(&with(&["a", "b", "c"]), &usual).is_empty());
    assert_eq!(errors(&with(&["a", "b"]), &usual), ["Many flows archived"]);
    assert_eq!(errors(CODE, &usual), ["Empty configuration"]);
    assert!(errors(&with(&["a", "b"]), &allowed).is_empty());
    assert!(errors(CODE, &allowed).is_empty());
}

#[test]
fn another_roots_flow_is_neither_taken_nor_archived() {
    let recorded = applied(&(CODE.to_owned() + &flow("a", "INFO")));
    let other = "flowform {\n  root = \"other\"\n}\n".to_owned() + CODE;
    let clash = check(&(other.clone() + &flow("a", "DEBUG")), &recorded, &Options::default());
    assert!(clash.starts_with("Flow of another root: A flow named `a` exists already"), "{clash}");
    let options = Options { mode: Mode::Destroy, ..Options::default() };
    let (plan, diags) = make(&(other + &flow("b", "INFO")), Some(&recorded.0), &recorded.1, &options);
    assert!(plan.is_empty() && !diags.has_errors(), "{plan:?}");
}

#[test]
fn what_is_ignored_is_taken_from_the_latest_version() {
    let lifecycle = "  lifecycle {\n    ignore_changes = [env[\"LEVEL\"]]\n  }\n}\n";
    let ignoring = |level: &str| {
        let text = flow("a", level);
        CODE.to_owned() + text.strip_suffix("}\n").expect("it ends a block") + lifecycle
    };
    let recorded = applied(&ignoring("INFO"));
    let (plan, diags) = make(&ignoring("DEBUG"), Some(&recorded.0), &recorded.1, &Options::default());
    assert!(plan.is_empty() && diags.is_empty(), "{plan:?} {diags:?}");
}
