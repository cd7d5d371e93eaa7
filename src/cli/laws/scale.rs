//! How many calls a plan and an apply of many flows make.

use std::sync::Arc;

use flowform_provider_contract::{Fault, FaultStore};

use super::driver::{Store, apply_all, memory, plan_texts, run, view};
use super::generate::Texts;

const FLOWS: u64 = 2000;

fn texts(level: &str) -> Texts {
    let text = format!(
        "storage \"module\" \"code\" {{\n  module = \"m\"\n}}\nrun_config \"local\" \"own\" {{\n  env = {{ LEVEL = \"{level}\" }}\n}}\n\
         flow \"f\" {{\n  count      = {FLOWS}\n  storage    = storage.module.code\n  run_config = run_config.local.own\n}}\n"
    );
    Texts::from([("main.hcl".to_owned(), text)])
}

#[test]
fn segments_and_calls_stay_few() {
    run(async {
        let counted = Arc::new(FaultStore::new(memory(), u64::MAX, Fault::Fail));
        let store: Store = counted.clone();
        let mut segments = 0;
        for text in ["a", "b"] {
            let (reads, writes) = (counted.reads(), counted.writes());
            apply_all(&texts(text), &store).await.expect("it applies");
            let (reads, writes) = (counted.reads() - reads, counted.writes() - writes);
            // An artifact and a document for each flow; the rest are segments, the lease and a snapshot.
            assert!(writes <= 2 * FLOWS + 40, "{writes} writes");
            assert!(reads <= FLOWS + 40, "{reads} reads");
            let seq = view(&store).await.expect("there is a record").seq;
            assert!(seq - segments <= 12, "{} segments", seq - segments);
            segments = seq;
        }
        let (reads, writes) = (counted.reads(), counted.writes());
        let plan = plan_texts(&texts("b"), &store).await.expect("it plans");
        assert!(plan.is_empty());
        assert_eq!(plan.unchanged as u64, FLOWS);
        // Each artifact is read once; what is read of the registry does not grow with the flows.
        let read = counted.reads() - reads;
        assert!(read <= 2 * FLOWS + 20, "{read} reads");
        assert_eq!(plan.calls, read, "the plan tells its calls");
        assert_eq!(counted.writes(), writes, "a plan writes nothing");
    });
}
