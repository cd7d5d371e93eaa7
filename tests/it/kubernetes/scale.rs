//! How many calls a plan without changes makes, counted between the program and the API server.

use flowform_provider_contract::{Gate, Proxy};
use serde_json::json;

use super::{FLOWS, Site};

const FLOW_COUNT: usize = 1000;
const KEPT: usize = 5;

fn many(round: usize) -> String {
    let each = "flow \"etl\" {\n  for_each      = toset([for i in range(1000) : format(\"%04d\", i)])\n  name          = \"etl-${each.key}\"";
    FLOWS
        .replace("flow \"etl\" {", each)
        .replace("keep_versions = 1", "keep_versions = 5")
        .replace("example/etl:1", &format!("example/etl:{round}"))
}

#[test]
fn a_plan_without_changes_lists_pages_and_reads_nothing_else() {
    let site = Site::new("scale", &many(1));
    for round in 1..=KEPT {
        site.project.write("main.hcl", &many(round));
        site.project.apply();
    }
    let list = site.cluster.call("GET", &format!("{}?limit=1", site.path("")), None).expect("it is listed");
    let objects = 1 + list["metadata"]["remainingItemCount"].as_u64().expect("a number") as usize;
    assert_eq!(objects, FLOW_COUNT * (KEPT + 1), "five versions and a pointer for each flow");

    let gate = Gate::default();
    let proxy = Proxy::of_cluster(&site.cluster, &gate);
    let mut config = site.cluster.kubeconfig("admin-token", &site.namespace);
    config["clusters"][0]["cluster"] = json!({ "server": proxy.url() });
    site.project.write("kubeconfig", &config.to_string());
    let plan = site.project.run("plan --detailed-exitcode").succeeds();
    plan.says("No changes.").says("1,000 unchanged");
    let calls = gate.take_calls();
    let most = objects.div_ceil(500) + 5;
    assert!(calls.len() <= most, "{} calls, at most {most}: {calls:#?}", calls.len());
    let lists = calls.iter().filter(|call| call.contains("/configmaps?")).count();
    assert_eq!(lists, objects.div_ceil(500), "every page is listed once: {calls:#?}");
}
