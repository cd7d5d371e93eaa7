//! The corpus: whole run configs and every mutation of a list of mutations, by what was done to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A run config that uses nearly everything that there is.
fn whole() -> Value {
    json!({
        "image": "registry.example.com/shop/train:1.4.2",
        "env": {"SHOP": "eu", "LEVEL": "1"},
        "service_account": "runner@p-1.iam.gserviceaccount.com",
        "network": "projects/123456789012/global/networks/flows",
        "scheduling": {
            "timeout": "3600s",
            "restart_job_on_worker_restart": true,
            "strategy": "FLEX_START",
            "disable_retries": false,
            "max_wait_duration": "1800.5s",
        },
        "worker_pool_specs": [
            {
                "machine_spec": {
                    "machine_type": "a2-highgpu-1g",
                    "accelerator_type": "NVIDIA_TESLA_A100",
                    "accelerator_count": 1,
                    "gpu_partition_size": "1g.5gb",
                    "reservation_affinity": {
                        "reservation_affinity_type": "SPECIFIC_RESERVATION",
                        "key": "compute.googleapis.com/reservation-name",
                        "values": ["projects/p-1/zones/europe-west4-a/reservations/r"],
                    },
                },
                "replica_count": 1,
                "disk_spec": {"boot_disk_type": "pd-ssd", "boot_disk_size_gb": 200},
                "nfs_mounts": [{"server": "10.0.0.2", "path": "/exports", "mount_point": "data"}],
            },
            {
                "machine_spec": {"machine_type": "n1-standard-8", "tpu_topology": "2x2x1"},
                "replica_count": 3,
                "container_spec": {
                    "image_uri": "europe-docker.pkg.dev/p-1/shop/worker:2",
                    "command": ["python", "-m", "worker"],
                    "args": ["--fast"],
                    "env": [{"name": "MODE", "value": "fast"}, {"name": "EMPTY", "value": ""}],
                },
                "lustre_mounts": [
                    {"instance_ip": "10.0.0.3", "volume_handle": "v", "filesystem": "fs", "mount_point": "scratch"},
                ],
            },
            {},
            {
                "machine_spec": {"machine_type": "e2-standard-4", "reservation_affinity": {"reservation_affinity_type": "ANY_RESERVATION"}},
                "replica_count": 1,
                "python_package_spec": {
                    "executor_image_uri": "europe-docker.pkg.dev/vertex-ai/training/tf-cpu.2-12:latest",
                    "package_uris": ["gs://shop/evaluator-1.0.tar.gz"],
                    "python_module": "evaluator.task",
                    "args": ["--once"],
                    "env": [{"name": "MODE", "value": "eval"}],
                },
            },
        ],
    })
}

/// A run config that has a whole job to be laid into, attached to a network by an interface.
fn laid_into_a_job() -> Value {
    json!({
        "image": "registry.example.com/shop/train:1.4.2",
        "service_account": "runner@p-1.iam.gserviceaccount.com",
        "custom_job": {
            "display_name": "Nightly training",
            "labels": {"team": "shop", "größe": "l-1_x"},
            "encryption_spec": {"kms_key_name": "projects/p-1/locations/europe-west4/keyRings/r/cryptoKeys/k"},
            "job_spec": {
                "persistent_resource_id": "pool-1",
                "psc_interface_config": {
                    "network_attachment": "projects/p-1/regions/europe-west4/networkAttachments/a",
                    "dns_peering_configs": [
                        {"domain": "shop.internal.", "target_project": "p-1", "target_network": "flows"},
                    ],
                },
                "base_output_directory": {"output_uri_prefix": "gs://shop/out"},
                "protected_artifact_location_id": "europe-west4",
                "tensorboard": "projects/p-1/locations/europe-west4/tensorboards/7",
                "enable_web_access": true,
                "enable_dashboard_access": false,
                "experiment": "projects/p-1/locations/europe-west4/metadataStores/default/contexts/e",
                "experiment_run": "projects/p-1/locations/europe-west4/metadataStores/default/contexts/e-1",
                "models": ["projects/p-1/locations/europe-west4/models/m"],
                "scheduling": {"timeout": "60s"},
                "worker_pool_specs": [{
                    "machine_spec": {"machine_type": "e2-standard-4"},
                    "nfs_mounts": [{"server": "10.0.0.2", "path": "/exports", "mount_point": "data"}],
                }],
            },
        },
    })
}

/// A small one.
fn small() -> Value {
    json!({"image": "a/b:1", "machine_type": "n1-standard-4"})
}

/// A run config for each mutation, by what was done.
pub(super) fn corpus() -> BTreeMap<String, Value> {
    let mut corpus = BTreeMap::new();
    let mut add = |what: String, spec: Value| {
        assert!(corpus.insert(what.clone(), spec).is_none(), "{what} is there twice");
    };
    for (prefix, base) in [("", whole()), ("job ", laid_into_a_job())] {
        for path in
            places(&base).into_iter().filter(|path| prefix.is_empty() || path.starts_with("/custom_job"))
        {
            let found = base.pointer(&path).expect("the place is in the base");
            for (name, value) in replacements(found) {
                add(format!("{prefix}{path} := {name}"), with(&base, &path, value));
            }
            add(format!("{prefix}{path} removed"), without(&base, &path));
            if let Value::Object(fields) = found {
                for stray in ["frobnicate", "state", "machine_types", "create_time"] {
                    add(
                        format!("{prefix}{path}/{stray} added"),
                        with(&base, &format!("{path}/{stray}"), json!("x")),
                    );
                }
                for name in fields.keys().filter(|name| name.contains('_')) {
                    let camel = camel(name);
                    let both = with(&base, &format!("{path}/{camel}"), fields[name].clone());
                    add(
                        format!("{prefix}{path}/{name} in camelCase"),
                        without(&both, &format!("{path}/{name}")),
                    );
                    add(format!("{prefix}{path}/{name} in both"), both);
                    let mut typo = name.clone();
                    typo.remove(1);
                    let mistyped = with(&base, &format!("{path}/{typo}"), fields[name].clone());
                    add(
                        format!("{prefix}{path}/{typo} for {name}"),
                        without(&mistyped, &format!("{path}/{name}")),
                    );
                }
            }
            if let Value::Array(items) = found {
                for count in [5, 101] {
                    let many: Vec<Value> = items.iter().cycle().take(count).cloned().collect();
                    add(format!("{prefix}{path} {count} times"), with(&base, &path, Value::Array(many)));
                }
            }
        }
    }
    let base = whole();
    for (path, values) in particular() {
        for value in values {
            add(format!("{path} = {value}"), with(&base, path, value));
        }
    }
    let job = laid_into_a_job();
    for (path, values) in particular_of_a_job() {
        for value in values {
            add(format!("job {path} = {value}"), with(&job, path, value));
        }
    }
    add("job with a network".into(), with(&job, "/network", json!("projects/1/global/networks/n")));
    add("job without an account".into(), without(&job, "/service_account"));
    let spec = job.pointer("/custom_job/job_spec").expect("it has one");
    add(
        "job alone".into(),
        json!({"image": "a/b:1", "custom_job": {"job_spec": without(spec, "/tensorboard")}}),
    );
    add("job without a spec".into(), json!({"image": "a/b:1", "custom_job": {"labels": {"a": "b"}}}));
    add("job with nothing".into(), json!({"image": "a/b:1", "custom_job": {}}));
    add(
        "job with ranges".into(),
        json!({
            "image": "a/b:1", "network": "projects/1/global/networks/n",
            "custom_job": {"jobSpec": {"reservedIpRanges": ["ranges"]}},
        }),
    );
    for (path, value) in [
        ("/scheduling", json!({"timeout": {"seconds": 60}})),
        ("/scheduling", json!({"timeout": {"seconds": -60}})),
        ("/scheduling", json!({"timeout": {"seconds": 1, "nanos": 500_000_000}})),
        ("/machine_type", json!("")),
        ("/machine_type", json!("N1 standard")),
        ("/network", json!("flows")),
        ("/worker_pool_specs", json!([])),
        ("/worker_pool_specs", json!([{}])),
        ("/worker_pool_specs", json!([null])),
        ("/worker_pool_specs", json!([{"machine_spec": {"machine_type": "n1-standard-4"}}])),
        ("/worker_pool_specs", json!([{"machine_spec": {"machine_type": "n1-standard-4"}}, null])),
        ("/worker_pool_specs", json!([{"machine_spec": {"machine_type": "n1-standard-4"}}, {}, {}, {}])),
        (
            "/worker_pool_specs",
            json!([{"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1"}]),
        ),
        ("/env", (0..94).map(|n| (format!("V{n}"), json!("x"))).collect::<Map<_, _>>().into()),
        ("/env", (0..93).map(|n| (format!("V{n}"), json!("x"))).collect::<Map<_, _>>().into()),
        ("/env", json!({"A-B": "x"})),
        ("/env", json!({"1A": "x"})),
        ("/env", json!({"a.b": "x"})),
        ("/env", json!({"A": "it's"})),
        ("/env", json!({"Ä": "x"})),
    ] {
        add(format!("small {path} = {value}"), with(&small(), path, value));
    }
    corpus
}

/// Values that mean something at their place.
fn particular() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "/network",
            vec![
                json!("projects/p/global/networks"),
                json!("projects//global/networks/n"),
                json!("projects/p/global/networks/n/x"),
            ],
        ),
        (
            "/service_account",
            vec![
                json!("runner"),
                json!("runner@host"),
                json!("a b@p.iam.gserviceaccount.com"),
                json!("@p.iam"),
            ],
        ),
        (
            "/scheduling/timeout",
            vec![
                json!("1h"),
                json!("60"),
                json!("-1s"),
                json!("0s"),
                json!("1.0000000001s"),
                json!("999999999999s"),
                json!("s"),
                json!(".5s"),
                json!("1e3s"),
                json!("+5s"),
            ],
        ),
        ("/scheduling/max_wait_duration", vec![json!("0s"), json!("-0.5s"), json!("forever")]),
        (
            "/scheduling/strategy",
            vec![json!("SPOT"), json!("spot"), json!("PREEMPTIBLE"), json!("STRATEGY_UNSPECIFIED"), json!(6)],
        ),
        (
            "/worker_pool_specs/0/replica_count",
            vec![json!(0), json!(2), json!(-1), json!("1"), json!("one"), json!(1.5)],
        ),
        (
            "/worker_pool_specs/1/replica_count",
            vec![
                json!(0),
                json!(-1),
                json!("3"),
                json!(9_223_372_036_854_775_807_i64),
                json!("9223372036854775808"),
                json!(2.5),
            ],
        ),
        (
            "/worker_pool_specs/0/machine_spec/machine_type",
            vec![json!("N1-STANDARD"), json!("n1_standard_4"), json!("zones/z/machineTypes/n1")],
        ),
        (
            "/worker_pool_specs/0/machine_spec/accelerator_type",
            vec![json!("NVIDIA_A100"), json!("nvidia_tesla_a100"), json!("ACCELERATOR_TYPE_UNSPECIFIED")],
        ),
        (
            "/worker_pool_specs/0/machine_spec/accelerator_count",
            vec![json!(0), json!(-1), json!(2), json!(3_000_000_000_i64), json!("1")],
        ),
        (
            "/worker_pool_specs/1/machine_spec/tpu_topology",
            vec![json!("2x2"), json!("2"), json!("2*2"), json!("x"), json!("2x2x2x2")],
        ),
        (
            "/worker_pool_specs/0/machine_spec/reservation_affinity/reservation_affinity_type",
            vec![
                json!("ANY_RESERVATION"),
                json!("NO_RESERVATION"),
                json!("TYPE_UNSPECIFIED"),
                json!("SPECIFIC"),
            ],
        ),
        (
            "/worker_pool_specs/3/machine_spec/reservation_affinity/reservation_affinity_type",
            vec![json!("SPECIFIC_RESERVATION"), json!("NO_RESERVATION")],
        ),
        ("/worker_pool_specs/3/machine_spec/reservation_affinity/key", vec![json!("k")]),
        (
            "/worker_pool_specs/0/disk_spec/boot_disk_type",
            vec![json!("pd-standard"), json!("hyperdisk-balanced"), json!("ssd"), json!("PD-SSD")],
        ),
        (
            "/worker_pool_specs/0/disk_spec/boot_disk_size_gb",
            vec![json!(99), json!(100), json!(64_000), json!(64_001), json!(0), json!(-1)],
        ),
        ("/worker_pool_specs/0/nfs_mounts/0/path", vec![json!("exports")]),
        (
            "/worker_pool_specs/1/python_package_spec",
            vec![json!({"executor_image_uri": "i", "package_uris": ["gs://b/p"], "python_module": "m"})],
        ),
        (
            "/worker_pool_specs/0/python_package_spec",
            vec![json!({"executor_image_uri": "i", "package_uris": ["gs://b/p"], "python_module": "m"})],
        ),
        (
            "/worker_pool_specs/0/container_spec",
            vec![json!({"image_uri": "other:1"}), json!({}), json!({"image_uri": 3})],
        ),
        ("/worker_pool_specs/1/container_spec/image_uri", vec![json!("a b"), json!("a/b@sha256:00")]),
        (
            "/worker_pool_specs/1/container_spec/env/0/name",
            vec![json!("A-B"), json!("1A"), json!("EMPTY"), json!("a b")],
        ),
        (
            "/worker_pool_specs/3/python_package_spec/package_uris/0",
            vec![json!("s3://b/p"), json!("gs://b"), json!("/p.tar.gz")],
        ),
        ("/worker_pool_specs/3/python_package_spec/env/0/name", vec![json!("A.B")]),
        ("/worker_pool_specs/2", vec![json!(null), json!({"replica_count": 1}), json!({"machine_spec": {}})]),
    ]
}

/// The same for a job.
fn particular_of_a_job() -> Vec<(&'static str, Vec<Value>)> {
    let many: Map<String, Value> = (0..60).map(|n| (format!("l{n}"), json!("x"))).collect();
    let names = |kind: &str| {
        vec![
            json!(format!("projects/p/locations/l/{kind}")),
            json!(format!("projects/p/locations/l/{kind}/x/y")),
            json!(format!("projects//locations/l/{kind}/x")),
        ]
    };
    vec![
        (
            "/custom_job/display_name",
            vec![json!("x".repeat(128)), json!("x".repeat(129)), json!("ä".repeat(128))],
        ),
        (
            "/custom_job/labels",
            vec![
                json!({"Team": "x"}),
                json!({"team": "Shop"}),
                json!({"a b": "x"}),
                json!({"": "x"}),
                json!({"a": ""}),
                json!({"x".repeat(64): "y".repeat(64)}),
                json!({"x".repeat(65): "y"}),
                json!({"a": "y".repeat(65)}),
                json!({"flowform_version": "9"}),
                json!({"a": "ⅷ"}),
                json!({"a": 1}),
                Value::Object(many),
            ],
        ),
        (
            "/custom_job/encryption_spec/kms_key_name",
            vec![json!("k"), json!("projects/p/locations/l/keyRings/r/cryptoKeys/k/x")],
        ),
        (
            "/custom_job/job_spec/persistent_resource_id",
            vec![
                json!("Pool"),
                json!("1pool"),
                json!("pool-"),
                json!("p".repeat(63)),
                json!("p".repeat(64)),
                json!("a_b"),
            ],
        ),
        ("/custom_job/job_spec/network", vec![json!("projects/1/global/networks/n"), json!("n/m")]),
        ("/custom_job/job_spec/service_account", vec![json!("other@p-1.iam.gserviceaccount.com")]),
        ("/custom_job/job_spec/reserved_ip_ranges", vec![json!(["ranges"]), json!([])]),
        (
            "/custom_job/job_spec/psc_interface_config/network_attachment",
            vec![json!("a"), json!("A"), json!("projects/p/regions/r/networkAttachments"), json!("a-")],
        ),
        (
            "/custom_job/job_spec/psc_interface_config/dns_peering_configs/0/domain",
            vec![json!("shop.internal"), json!(".")],
        ),
        (
            "/custom_job/job_spec/base_output_directory/output_uri_prefix",
            vec![json!("s3://b"), json!("gs://"), json!("gs://b"), json!("gs:///x"), json!("gs://b/")],
        ),
        ("/custom_job/job_spec/tensorboard", names("tensorboards")),
        ("/custom_job/job_spec/experiment", names("metadataStores/default/contexts")),
        ("/custom_job/job_spec/experiment_run", names("metadataStores/default/contexts")),
        ("/custom_job/job_spec/models/0", names("models")),
        ("/custom_job/job_spec/scheduling/timeout", vec![json!("0s"), json!("-1s"), json!("1h")]),
        (
            "/custom_job/job_spec/worker_pool_specs",
            vec![
                json!([]),
                json!([null]),
                json!([{}]),
                json!([{"machineSpec": {"machineType": "n1-standard-4"}}]),
            ],
        ),
        ("/custom_job/state", vec![json!("JOB_STATE_QUEUED")]),
        ("/custom_job/name", vec![json!("projects/p/locations/l/customJobs/1")]),
    ]
}

/// Every place of a document, as JSON pointers; the root is none.
fn places(value: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(fields) => {
                open.extend(fields.iter().map(|(name, value)| (format!("{path}/{name}"), value)));
            }
            Value::Array(items) => {
                open.extend(
                    items.iter().enumerate().map(|(index, value)| (format!("{path}/{index}"), value)),
                );
            }
            _ => {}
        }
        if !path.is_empty() {
            places.push(path);
        }
    }
    places.sort();
    places
}

/// What a value is replaced with.
fn replacements(found: &Value) -> Vec<(&'static str, Value)> {
    let all = [
        ("null", Value::Null),
        ("an empty text", json!("")),
        ("a text", json!("x")),
        ("a number", json!(7)),
        ("a fraction", json!(0.5)),
        ("true", json!(true)),
        ("an empty list", json!([])),
        ("a list", json!(["x"])),
        ("an empty object", json!({})),
        ("an object", json!({"x": 1})),
    ];
    all.into_iter().filter(|(_, value)| value != found).collect()
}

fn with(base: &Value, path: &str, value: Value) -> Value {
    let mut out = base.clone();
    let (parent, name) = path.rsplit_once('/').expect("a pointer");
    match out.pointer_mut(parent).expect("the parent exists") {
        Value::Object(fields) => {
            fields.insert(name.to_owned(), value);
        }
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
        other => panic!("{parent} is {other}"),
    }
    out
}

fn without(base: &Value, path: &str) -> Value {
    let mut out = base.clone();
    let (parent, name) = path.rsplit_once('/').expect("a pointer");
    match out.pointer_mut(parent).expect("the parent exists") {
        Value::Object(fields) => {
            fields.remove(name);
        }
        Value::Array(items) => {
            items.remove(name.parse::<usize>().expect("an index"));
        }
        other => panic!("{parent} is {other}"),
    }
    out
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        out + &head.into_iter().chain(letters).collect::<String>()
    })
}
