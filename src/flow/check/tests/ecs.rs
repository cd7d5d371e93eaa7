//! Flows that run as ECS tasks.

use super::super::fargate;
use super::*;

const LOGS: &str = "logConfiguration: {logDriver: splunk}";

fn ecs<'a>(arguments: &'a str, template: &'a str) -> Flow<'a> {
    Flow { arguments, template: Some(("task_definition", template)), ..Flow::of(RunConfigKind::Ecs) }
}

#[test]
fn fargate_has_74_pairs_and_no_other() {
    let pairs: usize = fargate::CPU_CHOICES.iter().map(|cpu| fargate::memory_choices(*cpu).len()).sum();
    assert_eq!(pairs, 74);
    for cpu in fargate::CPU_CHOICES {
        for memory in (0..=131_072).step_by(512) {
            let arguments = format!("{{cpu: {cpu}, memory: {memory}}}");
            let flow =
                Flow { arguments: &arguments, ignored: &[CheckName::NoLogs], ..Flow::of(RunConfigKind::Ecs) };
            let expected: &[&str] = match fargate::memory_choices(cpu).contains(&memory) {
                true => &[],
                false => &["fargate-size"],
            };
            assert_eq!(flow.found(), expected, "{arguments}");
        }
    }
}

#[test]
fn units_are_those_of_ecs() {
    let told =
        |arguments| Flow { arguments, ignored: &[CheckName::NoLogs], ..Flow::of(RunConfigKind::Ecs) }.told();
    assert_eq!(told("{cpu: 1 vcpu, memory: 2 GB}"), "");
    // The built-in definition's 1024 units and 2048 MiB stand for what is not said.
    assert_eq!(told("{cpu: 512}"), "");
    assert_eq!(
        told("{cpu: 4 vCPU}"),
        "error fargate-size run_config.cpu: Fargate has no tasks of 4096 CPU units with 2048 MiB of memory. [with 4096 CPU \
         units, the memory in MiB is one of 8192 to 30720 in steps of 1024]\n"
    );
    assert_eq!(
        told("{cpu: 300, memory: 2 pounds}"),
        "error Malformed size run_config.memory: \"2 pounds\" is no amount of memory as ECS reads it, and no run would \
         start. [write `2048` (MiB) or `\"2 GB\"`]\n"
    );
    assert_eq!(
        told("{cpu: 300}"),
        "error fargate-size run_config.cpu: Fargate has no tasks of 300 CPU units with 2048 MiB of memory. [choose one of \
         256, 512, 1024, 2048, 4096, 8192, 16384 CPU units (1024 are one vCPU)]\n"
    );
}

#[test]
fn sizes_are_free_where_the_task_is_not_on_fargate() {
    let quiet = Flow { ignored: &[CheckName::NoLogs], ..Flow::of(RunConfigKind::Ecs) };
    // Where a run is started changes nothing about what its definition requires.
    for arguments in [
        "{cpu: 300, run_task_kwargs: {launchType: EC2}}",
        "{cpu: 300, run_task_kwargs: {capacityProviderStrategy: [{}]}}",
    ] {
        let told = Flow { arguments, ..quiet }.told();
        assert!(
            told.contains("The definition is registered for Fargate, whatever `run_task_kwargs` say."),
            "{told}"
        );
        assert!(told.contains("[write `requiresCompatibilities = [\"EC2\"]` in a task definition"), "{told}");
        let agent = Some((AgentKind::Ecs, "{launch_type: ec2}"));
        assert_eq!(Flow { arguments, agent, ..quiet }.found(), Vec::<String>::new(), "{arguments}");
    }
    let agent = |options| Flow { arguments: "{cpu: 300}", agent: Some((AgentKind::Ecs, options)), ..quiet };
    assert_eq!(agent("{launch_type: ec2}").found(), Vec::<String>::new());
    assert_eq!(agent("{launch_type: fargate}").found(), ["fargate-size"]);
    assert_eq!(agent("{run_task_kwargs_path: k.yaml}").found(), Vec::<String>::new());
    let template = format!(
        "{{requiresCompatibilities: [EC2], cpu: 300, containerDefinitions: [{{name: flow, {LOGS}}}]}}"
    );
    assert_eq!(ecs("{}", &template).found(), Vec::<String>::new());
}

#[test]
fn the_pair_of_the_definition_and_that_of_the_run_are_both_checked() {
    let template = format!(
        "{{requiresCompatibilities: [FARGATE], networkMode: awsvpc, cpu: 1024, memory: 512, \
         containerDefinitions: [{{name: flow, {LOGS}}}]}}"
    );
    let places: Vec<String> =
        ecs("{memory: 1 GB}", &template).problems().iter().map(Problem::place).collect();
    assert_eq!(places, ["run_config.task_definition.cpu", "run_config.memory"]);
    let sizeless = format!(
        "{{requiresCompatibilities: [FARGATE], networkMode: awsvpc, containerDefinitions: [{{name: flow, {LOGS}}}]}}"
    );
    assert_eq!(ecs("{}", &sizeless).found(), ["fargate-size"]);
}

#[test]
fn roles_are_looked_for_in_run_config_definition_and_agent() {
    let image = "image: '1.dkr.ecr.us-east-1.amazonaws.com/a:1'";
    let plain = format!("{{{image}}}");
    let flow = Flow {
        arguments: &plain,
        storage: Some((StorageKind::S3, "{bucket: b}")),
        ignored: &[CheckName::NoLogs],
        ..Flow::of(RunConfigKind::Ecs)
    };
    assert_eq!(flow.found(), ["no-execution-role", "no-task-role"]);
    let with_roles = format!("{{{image}, execution_role_arn: e, task_role_arn: t}}");
    assert_eq!(Flow { arguments: &with_roles, ..flow }.found(), Vec::<String>::new());
    let agent = Some((AgentKind::Ecs, "{execution_role_arn: e, task_role_arn: t}"));
    assert_eq!(Flow { agent, ..flow }.found(), Vec::<String>::new());
    let by_arn = "{task_definition_arn: 'family:1'}";
    assert_eq!(Flow { arguments: by_arn, ..flow }.found(), Vec::<String>::new());
    let template = "{executionRoleArn: e, taskRoleArn: t, containerDefinitions: [{name: flow}]}";
    let template = Flow { template: Some(("task_definition", template)), ..flow };
    assert!(!template.found().iter().any(|word| word.ends_with("-role")), "{:?}", template.found());
}

#[test]
fn settings_that_every_run_replaces_are_told() {
    let template = format!(
        "{{family: mine, requiresCompatibilities: [EC2], containerDefinitions: [{{name: side, command: [x], image: 'a:1'}}, \
         {{name: flow, command: [sh], environment: [{{name: PREFECT__LOGGING__LEVEL, value: DEBUG}}, {{name: A, value: b}}], \
         {LOGS}}}]}}"
    );
    let arguments = "{cpu: 512, run_task_kwargs: {overrides: {cpu: '256', containerOverrides: [{name: flow, command: [x]}]}}}";
    insta::assert_snapshot!(ecs(arguments, &template).told());
}

#[test]
fn misuse_of_run_task_kwargs_is_an_error() {
    let flow = |arguments| Flow { arguments, ignored: &[CheckName::NoLogs], ..Flow::of(RunConfigKind::Ecs) };
    assert_eq!(
        flow("{run_task_kwargs: {taskDefinition: 'f:1', count: 2}}").told(),
        "error Task definition among the arguments of RunTask run_config.run_task_kwargs.taskDefinition: The run names its \
         task definition itself; the original fails when `run_task_kwargs` names one too. [write `task_definition_arn` in \
         the run config]\n\
         error task-count run_config.run_task_kwargs.count: Each of the tasks would run the same flow run, all at once. \
         [remove `count`]\n"
    );
    assert_eq!(flow("{run_task_kwargs: {count: 1, cluster: c}}").told(), "");
}

#[test]
fn a_definition_without_the_container_of_the_flow_is_told() {
    assert_eq!(
        ecs("{}", "{requiresCompatibilities: [EC2], containerDefinitions: [{name: Flow, image: 'a:1'}]}")
            .found(),
        ["no-flow-container"]
    );
}

#[test]
fn settings_that_fargate_does_not_take_are_errors() {
    let template = format!(
        "{{requiresCompatibilities: [FARGATE], cpu: 256, memory: 512, networkMode: bridge, ipcMode: host, pidMode: host, \
         placementConstraints: [], volumes: [{{name: v, host: {{sourcePath: /x}}}}], containerDefinitions: \
         [{{name: flow, privileged: true, links: [a], disableNetworking: false, {LOGS}, \
         linuxParameters: {{maxSwap: 1, capabilities: {{add: [SYS_PTRACE, NET_ADMIN]}}}}}}]}}"
    );
    insta::assert_snapshot!(ecs("{}", &template).told());
}
