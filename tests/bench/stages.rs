//! Times the stages of a plan in memory, on 1,000 flows with a run config each: as blocks and as one `for_each`.
//! It reads and writes nothing; whole commands are measured by `commands.py`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark ends where its input is wrong"
)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use flowform::config::files::Files;
use flowform::config::{Config, decode};
use flowform::desired::{Evaluation, Inputs, NothingKnown, Settings, evaluate, settings};
use flowform::diag::Diagnostics;
use flowform::graph::{self, Graph};
use flowform::plan::diff::{all_of, differences};
use flowform::plan::live::{Live, ProviderLive};
use flowform::plan::model::{Operation, Plan, Planned};
use flowform::plan::recorded::{Definitions, Recorded};
use flowform::plan::{Options, PlanInput, plan};
use flowform::providers::artifact_type;
use flowform::registry::event::{Event, Origin};
use flowform::registry::view::View;
use flowform::registry::{log, snapshot};
use flowform::source::SourceMap;
use flowform::syntax;
use flowform_provider_api::{Binding, FlowId, Identity, LiveArtifact, Location, RegistryId};

const FLOWS: usize = 1000;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HEAD: &str = r#"
flowform {
  project = "bench"
  registry "local" { path = "registry" }
}
locals {
  base_env = { LEVEL = "INFO", REGION = "eu-central-1" }
  labels   = ["prod", "etl"]
}
storage "module" "code" {
  module = "flows.bench"
}
"#;

fn blocks() -> String {
    let mut text = HEAD.to_owned();
    for i in 0..FLOWS {
        write!(
            text,
            r#"
run_config "local" "r{i}" {{
  env    = merge(local.base_env, {{ INDEX = "{i}" }})
  labels = local.labels
}}

flow "f{i}" {{
  storage    = storage.module.code
  run_config = run_config.local.r{i}
  parameters = {{ index = {i} }}
}}
"#
        )
        .expect("a text takes everything");
    }
    text
}

fn for_each() -> String {
    format!(
        r#"{HEAD}
locals {{
  keys = toset([for i in range({FLOWS}) : tostring(i)])
}}
run_config "local" "r" {{
  for_each = local.keys
  env      = merge(local.base_env, {{ INDEX = each.key }})
  labels   = local.labels
}}
flow "f" {{
  for_each   = local.keys
  storage    = storage.module.code
  run_config = run_config.local.r[each.key]
  parameters = {{ index = each.key }}
}}
"#
    )
}

fn parsed(text: &str) -> syntax::ast::Body {
    let mut diags = Diagnostics::new();
    let file = SourceMap::default().add("main.hcl", text);
    let body = syntax::parse(file, text, &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    body
}

fn decoded(body: syntax::ast::Body) -> (Config, Graph) {
    let mut diags = Diagnostics::new();
    let config = decode(vec![body], &mut diags);
    let graph = graph::build(&config, &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    (config, graph)
}

/// What an evaluation and a plan work on.
struct Case {
    config: Config,
    graph: Graph,
    files: Files,
    settings: Settings,
}

impl Case {
    fn new(text: &str) -> Self {
        let (config, graph) = decoded(parsed(text));
        let (files, mut diags) = (Files::kept(BTreeMap::new()), Diagnostics::new());
        let settings = settings(&config, &BTreeMap::new(), &files, &mut diags);
        Self { config, graph, files, settings }
    }

    fn evaluated(&self) -> Evaluation {
        let mut diags = Diagnostics::new();
        let variables = BTreeMap::new();
        let inputs = Inputs {
            config: &self.config,
            graph: &self.graph,
            variables: &variables,
            environment: &self.files,
            settings: &self.settings,
            tolerant: false,
            data: &flowform::desired::data::NoData,
        };
        let evaluation = evaluate(inputs, &NothingKnown, &mut diags);
        assert!(diags.is_empty(), "{diags:?}");
        evaluation
    }

    fn planned(&self, evaluation: &Evaluation, view: Option<&View>, live: &Live) -> Plan {
        let mut diags = Diagnostics::new();
        let fetched = Definitions::new();
        let recorded = Recorded::new(view, &self.settings.root, &self.config.moved, &fetched);
        let input = PlanInput {
            config: &self.config,
            graph: &self.graph,
            settings: &self.settings,
            evaluation,
            recorded: &recorded,
            live,
            imports: &BTreeMap::new(),
            options: &Options::default(),
            now: jiff::Timestamp::UNIX_EPOCH,
            types: &artifact_type,
        };
        let plan = plan(input, &mut diags);
        assert!(!diags.has_errors(), "{diags:?}");
        plan
    }
}

/// The record and the live side after a complete apply of `plan`.
fn applied(plan: &Plan, settings: &Settings) -> (Vec<Event>, Live) {
    let origin = Origin { at: "2026-01-01T00:00:00Z".to_owned(), by: "bench".to_owned(), commit: None };
    let location = Location("registry".into());
    let (mut events, mut artifacts) = (Vec::new(), HashMap::new());
    for (index, step) in plan.steps.iter().enumerate() {
        let Operation::SetVersion { name, address, version, planned, .. } = &step.operation else { continue };
        let Planned::Known { digest, definition, artifacts: made } = planned else { continue };
        let flow = FlowId(format!("00000000-0000-4000-8000-{index:012}"));
        events.push(Event::Reserve {
            flow: flow.clone(),
            name: name.clone(),
            address: address.clone(),
            root: settings.root.clone(),
            version: *version,
            digest: digest.clone(),
            definition: definition.clone(),
            origin: origin.clone(),
        });
        let mut bindings = Vec::new();
        for planned in made {
            let id = format!("specs/{flow}/v{version}-{}.json", planned.artifact.kind);
            let identity = Identity {
                registry: registry(),
                project: settings.project.clone(),
                flow: flow.clone(),
                flow_name: name.clone(),
                version: *version,
                digest: digest.clone(),
            };
            let live = LiveArtifact {
                kind: planned.artifact.kind.clone(),
                id: id.clone(),
                identity: Some(identity),
                hash: planned.artifact.hash.clone(),
                body: None,
            };
            artifacts.insert(id.clone(), live);
            bindings.push(Binding {
                kind: planned.artifact.kind.clone(),
                provider: planned.provider.clone(),
                id,
                hash: planned.artifact.hash.clone(),
                location: location.clone(),
                tag: None,
            });
        }
        events.push(Event::Bind { flow, version: *version, artifacts: bindings, at: origin.at.clone() });
    }
    let provider = ProviderLive {
        adoptable: std::collections::BTreeMap::new(),
        location,
        artifacts,
        intact: HashSet::new(),
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        in_use: BTreeMap::new(),
    };
    let live = Live { providers: BTreeMap::from([("local".to_owned(), Ok(provider))]), ..Live::default() };
    (events, live)
}

fn registry() -> RegistryId {
    RegistryId("00000000-0000-4000-8000-000000000000".to_owned())
}

fn folded(events: Vec<Event>) -> View {
    let mut view = View::new(registry(), "bench");
    for event in events {
        log::fold(&mut view, 1, event).expect("the events are in order");
    }
    view
}

fn shape(criterion: &mut Criterion, shape: &str, text: &str) {
    let mut group = criterion.benchmark_group(format!("{shape}, {FLOWS} flows"));
    group.sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    group.bench_function("parse", |bench| bench.iter(|| parsed(black_box(text))));
    group.bench_function("decode and graph", |bench| {
        bench.iter_batched(|| parsed(text), decoded, criterion::BatchSize::LargeInput);
    });
    let case = Case::new(text);
    group.bench_function("evaluate", |bench| bench.iter(|| case.evaluated()));
    let evaluation = case.evaluated();
    let empty = Live::default();
    group.bench_function("plan, all created", |bench| {
        bench.iter(|| case.planned(&evaluation, None, black_box(&empty)));
    });
    let (events, live) = applied(&case.planned(&evaluation, None, &empty), &case.settings);
    assert_eq!(events.len(), 2 * FLOWS);
    group.bench_function("fold the log", |bench| {
        bench.iter_batched(|| events.clone(), folded, criterion::BatchSize::LargeInput);
    });
    let view = folded(events);
    let no_op = case.planned(&evaluation, Some(&view), &live);
    assert_eq!((no_op.changes.len(), no_op.unchanged), (0, FLOWS));
    group.bench_function("plan, nothing to do", |bench| {
        bench.iter(|| case.planned(&evaluation, Some(black_box(&view)), &live));
    });
    group.bench_function("encode a snapshot", |bench| bench.iter(|| snapshot::encode(black_box(&view))));
    let (bytes, _) = snapshot::encode(&view).expect("a view is JSON");
    group.bench_function("decode a snapshot", |bench| bench.iter(|| snapshot::decode(black_box(&bytes))));
    let definitions: Vec<_> = evaluation.flows.iter().map(|flow| &flow.definition).collect();
    let recorded: Vec<serde_json::Value> = evaluation
        .flows
        .iter()
        .filter_map(|flow| serde_json::from_str(flow.known.as_ref()?.json.get()).ok())
        .collect();
    assert_eq!(recorded.len(), FLOWS);
    group.bench_function("diff, equal", |bench| {
        bench.iter(|| {
            recorded
                .iter()
                .zip(&definitions)
                .map(|(before, after)| differences(before, after).len())
                .sum::<usize>()
        });
    });
    group.bench_function("diff, all of it", |bench| {
        bench.iter(|| definitions.iter().map(|definition| all_of(definition).len()).sum::<usize>());
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    shape(&mut criterion, "blocks", &blocks());
    shape(&mut criterion, "for_each", &for_each());
    criterion.final_summary();
}
