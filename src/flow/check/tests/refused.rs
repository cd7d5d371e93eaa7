//! What backends refuse of templates, of the arguments of RunTask, of ports and of images.

use super::*;

fn of<'a>(kind: RunConfigKind, arguments: &'a str) -> Flow<'a> {
    Flow { arguments, ..Flow::of(kind) }
}

fn ecs(arguments: &str) -> Flow<'_> {
    Flow { ignored: &[CheckName::NoLogs], ..of(RunConfigKind::Ecs, arguments) }
}

/// With an agent whose definitions are for EC2.
fn on_ec2(arguments: &str) -> Flow<'_> {
    Flow { agent: Some((AgentKind::Ecs, "{launch_type: EC2}")), ..ecs(arguments) }
}

fn docker(arguments: &str) -> Flow<'_> {
    of(RunConfigKind::Docker, arguments)
}

/// A definition for EC2 with these containers beside other fields.
fn definition<'a>(text: &'a str) -> Flow<'a> {
    Flow { template: Some(("task_definition", text)), ..on_ec2("{}") }
}

fn job(pod: &str) -> Vec<String> {
    let text = format!("{{spec: {{template: {{spec: {pod}}}}}}}");
    let flow = Flow { template: Some(("job_template", &text)), ..of(RunConfigKind::Kubernetes, "{}") };
    let place = |problem: &Problem| {
        let place = problem.place();
        let place = place.strip_prefix("run_config.job_template.spec.template.spec.").unwrap_or(&place);
        format!("{} {place}", problem.check.map_or(problem.summary, CheckName::word))
    };
    flow.problems().iter().map(place).collect()
}

#[test]
fn overrides_of_run_task_are_for_containers_that_are_there() {
    let arguments = "{run_task_kwargs: {launchType: EC2, capacityProviderStrategy: [{capacityProvider: spot}], overrides: \
                     {containerOverrides: [{name: flw, cpu: 1}, {cpu: 1}, {}, {name: flow, environment: \
                     [{name: A}, {name: FLOWFORM_RUN_ID, value: x}, {name: DB_PASSWORD, value: hunter2hunter2}]}]}}}";
    insta::assert_snapshot!(ecs(arguments).told());
    let known = "{run_task_kwargs: {overrides: {containerOverrides: [{name: side}]}}}";
    let template = "{containerDefinitions: [{name: side, image: 'a:1'}, {name: flow}]}";
    let with = |template| Flow { template: Some(("task_definition", template)), ..on_ec2(known) };
    assert_eq!(with(template).told(), "");
    assert_eq!(with("{containerDefinitions: [{name: flow}]}").found(), ["Unknown container"]);
    // Nothing is known of a definition that is elsewhere.
    let elsewhere =
        "{task_definition_arn: 'f:1', run_task_kwargs: {overrides: {containerOverrides: [{name: side}]}}}";
    assert_eq!(ecs(elsewhere).told(), "");
    assert_eq!(ecs("{run_task_kwargs: {launchType: EC2, capacityProviderStrategy: []}}").told(), "");
}

#[test]
fn sizes_of_a_run_are_those_of_its_overrides_too() {
    let over = |sizes: &str| {
        let arguments = format!("{{run_task_kwargs: {{overrides: {{{sizes}}}}}}}");
        ecs(&arguments).told()
    };
    assert_eq!(over("cpu: 512"), "");
    assert_eq!(
        over("cpu: '4096'"),
        "error fargate-size run_config.run_task_kwargs.overrides.cpu: Fargate has no tasks of 4096 CPU units with 2048 MiB of \
         memory. [with 4096 CPU units, the memory in MiB is one of 8192 to 30720 in steps of 1024]\n"
    );
    let told = over("cpu: lots, memory: 5.5");
    assert!(told.contains("overrides.cpu: \"lots\" is no amount of CPU"), "{told}");
    assert!(told.contains("overrides.memory: \"5.5\" is no amount of memory"), "{told}");
    // A mistake in one does not hide another one.
    let mistakes = ecs("{cpu: 300, run_task_kwargs: {overrides: {memory: lots}}}").found();
    assert_eq!(mistakes, ["Malformed size", "fargate-size"]);
    // Elsewhere sizes are free.
    assert_eq!(ecs("{run_task_kwargs: {launchType: EC2, overrides: {cpu: '300'}}}").told(), "");
    // The run config's own sizes win.
    let both = "{cpu: 512, memory: 1024, run_task_kwargs: {overrides: {cpu: '4096'}}}";
    assert_eq!(ecs(both).found(), ["template-overwritten"]);
}

#[test]
fn ecs_needs_a_role_for_secrets_images_and_logs() {
    let places = |flow: &Flow<'_>| {
        let found = flow.problems();
        let roles = found.iter().filter(|problem| problem.check == Some(CheckName::NoExecutionRole));
        roles.map(Problem::place).collect::<Vec<_>>()
    };
    let container = |fields: &str| {
        format!(
            "{{networkMode: awsvpc, cpu: 256, memory: 512, containerDefinitions: [{{name: flow, {fields}}}]}}"
        )
    };
    let list = "run_config.task_definition.containerDefinitions";
    for (template, on_fargate, on_ec2) in [
        (container("logConfiguration: {logDriver: awslogs}"), "[0].logConfiguration.logDriver", ""),
        (container("secrets: [{name: A, valueFrom: arn}]"), "[0].secrets", "[0].secrets"),
        (
            container("logConfiguration: {logDriver: splunk, secretOptions: [{name: A, valueFrom: arn}]}"),
            "[0].logConfiguration.secretOptions",
            "[0].logConfiguration.secretOptions",
        ),
        (
            container("image: 'a:1'}, {name: side, image: '1.dkr.ecr.us-east-1.amazonaws.com/a:1'"),
            "[1].image",
            "[1].image",
        ),
        (container("logConfiguration: {logDriver: json-file}"), "", ""),
    ] {
        let at = |place: &str| match place {
            "" => Vec::new(),
            place => vec![format!("{list}{place}")],
        };
        let flow = Flow { template: Some(("task_definition", &template)), ..ecs("{}") };
        assert_eq!(places(&flow), at(on_fargate), "{template}");
        let ec2 = Flow { agent: Some((AgentKind::Ecs, "{launch_type: EC2}")), ..flow };
        assert_eq!(places(&ec2), at(on_ec2), "{template}");
        let with_role = Flow { agent: Some((AgentKind::Ecs, "{execution_role_arn: e}")), ..flow };
        assert_eq!(places(&with_role), Vec::<String>::new(), "{template}");
    }
    let referred = Flow { has_secrets: true, ..ecs("{}") };
    assert_eq!(places(&referred), ["run_config.secret_env"]);
}

#[test]
fn containers_of_a_task_definition_are_those_that_ecs_registers() {
    let template = "{memory: 1024, networkMode: awsvpc, volumes: [{name: data}], containerDefinitions: [\
                    {name: flow, memory: 2048, mountPoints: [{sourceVolume: dat}], dependsOn: [{containerName: sid, condition: \
                    START}], portMappings: [{containerPort: 99999}, {containerPort: 80, hostPort: 81}, {containerPort: 80}], \
                    environment: [{name: A}]}, \
                    {name: side, volumesFrom: [{sourceContainer: nobody}], memory: 64, memoryReservation: 128}, \
                    {name: flow, image: 'a:1'}, {image: 'a:1'}]}";
    insta::assert_snapshot!(definition(template).told());
    for fine in [
        "{memory: 1 GB, volumes: [{name: data}], containerDefinitions: [{name: flow, memory: 1024, mountPoints: \
         [{sourceVolume: data}], portMappings: [{containerPort: 80, hostPort: 8080}]}, {name: side, image: 'a:1', \
         dependsOn: [{containerName: flow, condition: START}]}]}",
        // The flow's container is added where there is none.
        "{containerDefinitions: [{name: side, image: 'a:1', dependsOn: [{containerName: flow, condition: START}]}]}",
    ] {
        let flow = Flow { ignored: &[CheckName::NoLogs, CheckName::NoFlowContainer], ..definition(fine) };
        assert_eq!(flow.told(), "", "{fine}");
    }
    // The run config's memory is that of the task.
    let raised = Flow {
        arguments: "{memory: 4096}",
        ..definition("{memory: 1024, containerDefinitions: [{name: flow, memory: 2048}]}")
    };
    assert_eq!(raised.told(), "");
}

#[test]
fn containers_of_a_job_are_those_that_kubernetes_takes() {
    assert_eq!(
        job(
            "{hostNetwork: true, volumes: [{name: data}], initContainers: [{name: init, image: a/b}], containers: [\
             {name: flow, volumeMounts: [{name: dat, mountPath: /d}], ports: [{containerPort: 99999}, \
             {containerPort: 80, hostPort: 81}]}, {name: init, image: 'a:1'}, {name: side}]}"
        ),
        [
            "latest-image initContainers[0].image",
            "Containers of one name containers[1].name",
            "Unsuitable port containers[0].ports[0].containerPort",
            "Unsuitable port containers[0].ports[1].hostPort",
            "Unknown volume containers[0].volumeMounts[0].name",
            "Container without an image containers[2]",
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert_eq!(
        job(
            "{volumes: [{name: data}], containers: [{name: flow, volumeMounts: [{name: data, mountPath: /d}], \
             ports: [{containerPort: 80, hostPort: 81}]}]}"
        ),
        Vec::<String>::new()
    );
    let secret = job(
        "{initContainers: [{name: i, image: 'a:1', env: [{name: DB_PASSWORD, value: hunter2hunter2}]}], containers: []}",
    );
    assert_eq!(secret, ["plaintext-secret initContainers[0].env[0].value"]);
}

#[test]
fn what_is_not_known_of_a_template_is_not_judged() {
    let unknown = Value::unknown(Type::Any);
    let container = Value::object([
        ("name", Value::string("flow")),
        ("mountPoints", Value::tuple([Value::object([("sourceVolume", Value::string("v"))])])),
        ("dependsOn", Value::tuple([Value::object([("containerName", Value::string("c"))])])),
        ("logConfiguration", unknown.clone()),
        ("image", unknown.clone()),
    ]);
    let side = Value::object([("name", unknown.clone()), ("image", unknown.clone())]);
    let document = Value::object([
        ("containerDefinitions", Value::tuple([container, side])),
        ("volumes", Value::tuple([Value::object([("name", unknown.clone())])])),
        ("requiresCompatibilities", Value::tuple([Value::string("EC2")])),
    ]);
    let problems = flow(&CheckInputs {
        name: "etl",
        kind: RunConfigKind::Ecs,
        arguments: &yaml("{}"),
        places: &BTreeMap::new(),
        template: Some(Template { place: &[], of_agent: false, document: &document }),
        storage: None,
        parameters: &unknown,
        has_secrets: false,
        agent: None,
        agents: &[],
    });
    assert_eq!(problems, []);
}

#[test]
fn ports_of_a_docker_host_are_numbers() {
    for fine in [
        "{8080: 80}",
        "{8080/tcp: null, 8080/UDP: '', 1: 0}",
        "{'80': [8080, '8081']}",
        "{80/sctp: {HostIp: 127.0.0.1, HostPort: '8080'}}",
        "{8000-8010/tcp: 9000-9010}",
    ] {
        assert_eq!(docker(&format!("{{host_config: {{port_bindings: {fine}}}}}")).told(), "", "{fine}");
    }
    for (wrong, place) in [
        ("{x: 1}", ".x"),
        ("{70000/tcp: 5}", ".70000/tcp"),
        ("{80/http: 5}", ".80/http"),
        ("{0: 5}", ".0"),
        ("{80: 99999}", ".80"),
        ("{80: [8080, 127.0.0.1]}", ".80"),
        ("{80: {HostPort: '-1'}}", ".80"),
    ] {
        let arguments = format!("{{host_config: {{port_bindings: {wrong}}}}}");
        let told = docker(&arguments).told();
        assert_eq!(told.lines().count(), 1, "{wrong}: {told}");
        assert!(told.starts_with("error Unsuitable port run_config.host_config.port_bindings"), "{told}");
        assert!(told.contains(place.trim_start_matches('.')), "{wrong}: {told}");
    }
}

#[test]
fn modes_of_binds_and_restarts_are_those_of_the_engine() {
    let host = |fields: &str| docker(&format!("{{host_config: {{{fields}}}}}")).found();
    for fine in [
        "binds: ['/a:/b:ro,z', '/a:/b:', 'v:/b:nocopy']",
        "binds: {/a: {bind: /b, mode: rw}}",
        "restart_policy: {Name: 'no'}",
        "restart_policy: {Name: always}, auto_remove: false",
    ] {
        assert_eq!(host(fine), Vec::<String>::new(), "{fine}");
    }
    for wrong in ["binds: ['/a:/b:rx']", "binds: {/a: {bind: /b, mode: readonly}}"] {
        assert_eq!(host(wrong), ["Unsuitable bind"], "{wrong}");
    }
    for wrong in ["restart_policy: {Name: always}", "restart_policy: {Name: on-failure}, auto_remove: true"] {
        assert_eq!(host(wrong), ["Restart policy of a container that is removed"], "{wrong}");
    }
}

#[test]
fn names_of_images_are_those_that_engines_read() {
    let digest = format!("a/b:1@sha256:{}", "0".repeat(64));
    for fine in [
        "etl:1",
        "prefecthq/prefect:1.4.1",
        "localhost/etl:1",
        "localhost:5000/a/b:1",
        "registry.example.com:5000/team/etl:v1.2-rc_1",
        "Registry.example.com/etl:1",
        "1.dkr.ecr.us-east-1.amazonaws.com/a__b/c--d.e:1",
        "a_b:_1",
        &digest,
    ] {
        assert_eq!(docker(&format!("{{image: {fine:?}}}")).told(), "", "{fine}");
    }
    for wrong in [
        "x:1:2",
        " x y",
        "Foo/Bar:1",
        "a/B:1",
        "\0",
        "a/b:",
        "a//b:1",
        "a/b/:1",
        "/a:1",
        "a:-1",
        "a@b",
        "a.b:x/c:1",
        "a..b:1",
        "https://example.com/a:1",
        "-a:1",
    ] {
        let told = docker(&format!("{{image: {}}}", serde_json::Value::from(wrong))).problems();
        let told: Vec<&str> =
            told.iter().filter(|problem| problem.check.is_none()).map(|problem| problem.summary).collect();
        assert_eq!(told, ["Unsuitable image"], "{wrong:?}");
    }
    // Wherever an image stands.
    let storage =
        Some((StorageKind::Docker, "{registry_url: example.com/Team, image_name: a, image_tag: v1}"));
    assert_eq!(Flow { storage, ..docker("{}") }.found(), ["Unsuitable image"]);
    assert_eq!(
        job(
            "{containers: [{name: a, image: 'x:1:2'}, {name: b, image: 'B:1'}], initContainers: [{name: c, image: 'c d:1'}]}"
        ),
        [
            "Unsuitable image containers[0].image",
            "Unsuitable image containers[1].image",
            "Unsuitable image initContainers[0].image"
        ]
    );
}

#[test]
fn apostrophes_are_looked_for_in_all_that_becomes_a_variable_on_vertex() {
    let flow = Flow {
        name: "it's",
        parameters: "{a: {b: [x, \"it's\"]}, c: \"that's told once\"}",
        agent: Some((AgentKind::Vertex, "{env_vars: {A: \"it's\"}, labels: [\"it's\"]}")),
        // Rendered without apostrophes.
        storage: Some((StorageKind::Module, "{module: \"it's\"}")),
        ..of(RunConfigKind::Vertex, "{}")
    };
    let places: Vec<String> = flow
        .problems()
        .iter()
        .map(|problem| format!("{} {}", problem.check.map_or("", CheckName::word), problem.place()))
        .collect();
    assert_eq!(
        places,
        [
            "vertex-apostrophe name",
            "vertex-apostrophe parameters.a.b[1]",
            "vertex-apostrophe agent.env_vars.A"
        ]
    );
}
