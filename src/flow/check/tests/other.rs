//! Flows that run as Kubernetes Jobs, as CustomJobs of Vertex AI and as containers of a Docker host.

use super::*;

fn of<'a>(kind: RunConfigKind, arguments: &'a str) -> Flow<'a> {
    Flow { arguments, ..Flow::of(kind) }
}

fn vertex(arguments: &str) -> Flow<'_> {
    of(RunConfigKind::Vertex, arguments)
}

fn docker(arguments: &str) -> Flow<'_> {
    of(RunConfigKind::Docker, arguments)
}

fn job<'a>(arguments: &'a str, template: &'a str) -> Flow<'a> {
    Flow { template: Some(("job_template", template)), ..of(RunConfigKind::Kubernetes, arguments) }
}

#[test]
fn a_template_that_is_no_job_is_an_error() {
    assert_eq!(
        job("{}", "{apiVersion: v1, kind: Pod}").told(),
        "error Template that is not a Job run_config.job_template.kind: A run is started as a Job of `batch/v1`, and this \
         template says `kind: Pod`. [give the whole template of a Job; the pod of another object can be copied to its \
         `spec.template`]\n"
    );
    assert_eq!(job("{}", "{apiVersion: batch/v1beta1, kind: Job}").found(), ["Template that is not a Job"]);
    assert_eq!(job("{}", "{spec: {template: {metadata: {}}}}").found(), ["Job template without a pod"]);
    assert_eq!(job("{}", "{}").told(), "");
    let always = "{spec: {template: {spec: {restartPolicy: Always, containers: [{name: flow}]}}}}";
    assert_eq!(job("{}", always).found(), ["Restart policy that a Job does not take"]);
}

#[test]
fn requests_above_limits_are_errors_wherever_they_stand() {
    let kubernetes = |arguments| of(RunConfigKind::Kubernetes, arguments).told();
    assert_eq!(
        kubernetes("{cpu_request: 2, cpu_limit: 1500m, memory_request: 1Gi, memory_limit: 1024Mi}"),
        "error Request above its limit run_config.cpu_request: More `cpu` is requested than the limit allows, and Kubernetes \
         refuses such a container. [raise the limit, or lower the request]\n"
    );
    let told = kubernetes("{cpu_request: lots, memory_limit: -1}");
    assert!(
        told.contains("run_config.cpu_request: \"lots\" is no amount of a resource: it does not begin"),
        "{told}"
    );
    assert!(
        told.contains("run_config.memory_limit: \"-1\" is no amount of a resource: it is negative"),
        "{told}"
    );
    // The run config's counts for the flow's container, which is the first.
    let template = "{spec: {template: {spec: {containers: [{name: flow, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}, \
                    {name: side, image: 'a:1', resources: {requests: {cpu: 2, nvidia.com/gpu: 2}, limits: {cpu: 1, nvidia.com/gpu: 2}}}]}}}}";
    let places = |arguments| {
        job(arguments, template).problems().iter().map(Problem::place).collect::<Vec<_>>().join("\n")
    };
    let base = "run_config.job_template.spec.template.spec.containers";
    let side = format!("{base}[1].resources.requests.cpu");
    assert_eq!(places("{cpu_limit: 4}"), side);
    assert_eq!(places("{}"), format!("{base}[0].resources.requests.cpu\n{side}"));
    assert_eq!(places("{cpu_request: 3}"), format!("run_config.cpu_request\n{side}"));
}

#[test]
fn settings_of_a_job_that_every_run_replaces_are_told() {
    let template = "{metadata: {namespace: flows, labels: {prefect.io/flow_id: x, team: ml}}, spec: {template: {spec: \
                    {containers: [{name: a, args: [x], command: [y], env: [{name: PREFECT__CLOUD__API, value: x}, \
                    {name: DB_PASSWORD, value: hunter2hunter2}]}]}}}}";
    insta::assert_snapshot!(job("{}", template).told());
}

const MACHINE: &str = "machine_spec: {machine_type: m}";

fn pools(pools: &str) -> Vec<String> {
    let arguments = format!("{{worker_pool_specs: {}}}", pools.replace("MACHINE", MACHINE));
    of(RunConfigKind::Vertex, &arguments).told().lines().map(str::to_owned).collect()
}

#[test]
fn worker_pools_have_their_roles() {
    let fine = [
        "[{MACHINE}]",
        "[{MACHINE, replica_count: 1}, {}, {MACHINE, replica_count: 2, container_spec: {image_uri: 'a:1'}}]",
    ];
    for pool in fine {
        assert_eq!(pools(pool), Vec::<String>::new(), "{pool}");
    }
    for (wrong, what) in [
        ("[{MACHINE, replica_count: 2}]", "exactly one replica"),
        ("[{}]", "on which machines"),
        ("[{MACHINE, python_package_spec: {}}]", "either a container or a Python package"),
        ("[{MACHINE}, {MACHINE, replica_count: 1}]", "does not say what it runs"),
        ("[{MACHINE}, {MACHINE, container_spec: {image_uri: 'a:1'}}]", "how many replicas"),
        (
            "[{MACHINE}, {MACHINE, replica_count: 1, container_spec: {command: [x]}}]",
            "this container has none",
        ),
        ("[{MACHINE}, {}, {}, {}, {}]", "four worker pools at most"),
        ("[{machine_spec: {machine_type: m, accelerator_type: NVIDIA_L4}}]", "only one of them is given"),
        ("[{machine_spec: {machine_type: m, accelerator_count: 1}}]", "only one of them is given"),
    ] {
        let told = pools(wrong);
        assert!(told.len() == 1 && told[0].contains(what), "{wrong}: {told:?}");
    }
    let both =
        "{worker_pool_specs: [{machine_spec: {machine_type: m}, container_spec: {}}], machine_type: n}";
    assert_eq!(of(RunConfigKind::Vertex, both).found(), ["template-overwritten", "template-overwritten"]);
}

#[test]
fn vertex_has_limits_of_its_own() {
    let told = vertex("{env: {A: \"it's\", B: fine}, network: my-network}").told();
    assert_eq!(
        told,
        "error vertex-apostrophe run_config.env.A: The value of `A` holds an apostrophe, which Vertex AI refuses. [write it \
         without apostrophes, or encode it and decode it in the flow]\n\
         warning short-network run_config.network: Vertex AI wants the whole name of a network, and \"my-network\" is its \
         last part. [write `projects/PROJECT_NUMBER/global/networks/my-network`]\n"
    );
    assert_eq!(vertex("{network: projects/1/global/networks/n}").told(), "");
    assert_eq!(vertex("{network: projects/1/networks/n}").found(), ["Unsuitable network"]);
    let env: Vec<String> = (0..95).map(|number| format!("V{number}: x")).collect();
    assert_eq!(vertex(&format!("{{env: {{{}}}}}", env.join(", "))).found(), ["Too many variables"]);
    assert_eq!(vertex(&format!("{{env: {{{}}}}}", env[..93].join(", "))).told(), "");
    let long = "n".repeat(97);
    assert_eq!(Flow { name: &long, ..vertex("{}") }.found(), ["long-name"]);
    assert_eq!(Flow { name: &long[1..], ..vertex("{}") }.told(), "");
}

#[test]
fn binds_lead_to_absolute_places() {
    for fine in ["['/a:/b', 'named:/b:ro']", "{/a: {bind: /b, mode: rw}, /c: /d}", "['c:\\\\x:c:\\\\y']"] {
        assert_eq!(docker(&format!("{{host_config: {{binds: {fine}}}}}")).told(), "", "{fine}");
    }
    for wrong in ["['/a']", "['/a:b']", "{/a: {bind: b}}", "{/a: b}", "{/a: {mode: rw}}"] {
        let found = docker(&format!("{{host_config: {{binds: {wrong}}}}}")).found();
        assert_eq!(found, ["Unsuitable bind"], "{wrong}");
    }
    assert_eq!(
        docker("{host_config: {network_mode: host, port_bindings: {8080: 80}}}").found(),
        ["Port bindings on the host's network"]
    );
    let agent = Some((AgentKind::Docker, "{volumes: ['/x:/y']}"));
    assert_eq!(Flow { agent, ..docker("{host_config: {binds: ['/a:/b']}}") }.found(), ["agent-volumes"]);
}

#[test]
fn secrets_are_known_by_name_and_by_form() {
    let looks = |name: &str, value: &str| plaintext(name, value, &[], "").is_some();
    for (name, value) in [
        ("DB_PASSWORD", "hunter2"),
        ("API_TOKEN", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("A", "AKIAIOSFODNN7EXAMPLE"),
        ("A", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("A", "-----BEGIN RSA PRIVATE KEY-----"),
        ("A", "postgres://user:secret@host/db"),
        ("A", "ghp_abcdefghijklmnop"),
        ("A", "dGhpcyBpcyBhIHNlY3JldCB0aGF0IGlz"),
    ] {
        assert!(looks(name, value), "{name}={value}");
    }
    for (name, value) in [
        ("SECRET_NAME", "db"),
        ("USE_SECRETS", "true"),
        ("COMMIT", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("ID", "123e4567-e89b-12d3-a456-426614174000"),
        ("BUCKET", "my-Company-2024-DataLake-Production-EuWest1"),
        ("URL", "https://example.com/a/b/C3/d"),
        ("DIR", "/srv/Data/Projects2024/Reports/Final01"),
        ("CLASS", "prefect.engine.cloud.CloudFlowRunner"),
        ("WORDS", "SomeQuiteLongNameOfAClassInPython"),
    ] {
        assert!(!looks(name, value), "{name}={value}");
    }
}
