//! Options, the variables that stand in for them, and what agents refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::flow::location::Place;

/// The options of an agent of kind `kind` as text, or the error.
fn seen(kind: AgentKind, options: &Json, env: &[(&str, &str)]) -> String {
    let settings = Settings::default();
    let process_env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let surroundings = Surroundings {
        settings: &settings,
        process_env: &process_env,
        cwd: "/cwd",
        hostname: "host",
        python: "python",
        exists: &|_| false,
        read: &|place| {
            Ok(match place {
                Place::File("empty.yaml") => Some(String::new()),
                Place::File("kwargs.yaml") => {
                    Some("networkConfiguration: {awsvpcConfiguration: {}}\n".to_owned())
                }
                Place::File("spot.yaml") => {
                    Some("capacityProviderStrategy: [{capacityProvider: S}]\n".to_owned())
                }
                _ => None,
            })
        },
        default_subnets: &|| Ok(Vec::new()),
        google_project: None,
    };
    fn text<T: std::fmt::Debug>(result: Result<T, OriginalError>, of: fn(T) -> Json) -> String {
        match result {
            Ok(agent) => of(agent).to_string(),
            Err(error) => error.to_string(),
        }
    }
    match kind {
        AgentKind::Local => text(LocalAgent::from_options(options, &surroundings), |agent| {
            json!([agent.common.labels, agent.import_paths, agent.show_flow_logs])
        }),
        AgentKind::Docker => text(DockerAgent::from_options(options, &surroundings), |agent| {
            json!([agent.base_url, agent.docker_client_timeout, agent.networks, agent.reg_allow_list])
        }),
        AgentKind::Kubernetes => text(KubernetesAgent::from_options(options, &surroundings), |agent| {
            let KubernetesAgent { namespace, service_account_name, image_pull_secrets, .. } = agent;
            json!([namespace, service_account_name, image_pull_secrets, agent.delete_finished_jobs])
        }),
        AgentKind::Ecs => text(EcsAgent::from_options(options, &surroundings), |agent| {
            json!([agent.launch_type, agent.task_definition, agent.inferred_network, agent.botocore_config])
        }),
        AgentKind::Vertex => text(VertexAgent::from_options(options, &surroundings), |agent| {
            json!([agent.parent(), agent.endpoint(), agent.service_account])
        }),
    }
}

#[test]
fn options_win_over_variables_and_variables_over_defaults() {
    let kubernetes = |options: Json, env: &[(&str, &str)]| seen(AgentKind::Kubernetes, &options, env);
    assert_eq!(kubernetes(json!({}), &[]), r#"["default",null,null,true]"#);
    let env = [
        ("NAMESPACE", "n"),
        ("SERVICE_ACCOUNT_NAME", "s"),
        ("IMAGE_PULL_SECRETS", " a, b "),
        ("DELETE_FINISHED_JOBS", "true"),
    ];
    assert_eq!(kubernetes(json!({}), &env), r#"["n","s",["a","b"],false]"#);
    let options = json!({"namespace": "o", "service_account_name": "p", "image_pull_secrets": ["c"]});
    assert_eq!(kubernetes(options, &env), r#"["o","p",["c"],false]"#);
    // Empty options count as none, an empty variable as one; only `True` deletes.
    let env = [("NAMESPACE", ""), ("IMAGE_PULL_SECRETS", ""), ("DELETE_FINISHED_JOBS", "True")];
    assert_eq!(
        kubernetes(json!({"namespace": "", "image_pull_secrets": []}), &env),
        r#"["",null,null,true]"#
    );
    assert_eq!(kubernetes(json!({"delete_finished_jobs": false}), &env), r#"["",null,null,false]"#);
}

#[test]
fn an_ecs_agent_reads_and_asks_when_it_starts() {
    let ecs = |options: Json, env: &[(&str, &str)]| seen(AgentKind::Ecs, &options, env);
    let default =
        r#"{"containerDefinitions":[{"name":"flow"}],"cpu":1024,"memory":2048,"networkMode":"awsvpc"}"#;
    let standard = r#"{"retries":{"mode":"standard"}}"#;
    let no_network = "ValueError: Failed to infer default networkConfiguration, please explicitly configure using \
                      `--run-task-kwargs`";
    for (options, env, expected) in [
        (json!({"launch_type": "ec2"}), &[][..], format!("[\"EC2\",{default},false,{standard}]")),
        (json!({}), &[], no_network.to_owned()),
        (
            json!({"run_task_kwargs_path": "kwargs.yaml", "launch_type": ""}),
            &[("AWS_RETRY_MODE", "adaptive")],
            format!("[\"FARGATE\",{default},false,{{}}]"),
        ),
        // With a strategy the launch type is what was given, in the case in which it was given.
        (json!({"run_task_kwargs_path": "spot.yaml"}), &[], format!("[null,{default},false,{standard}]")),
        (
            json!({"run_task_kwargs_path": "spot.yaml", "launch_type": "fargate"}),
            &[],
            format!("[\"fargate\",{default},false,{standard}]"),
        ),
        (
            json!({"launch_type": "EC2", "task_definition_path": "empty.yaml",
                "botocore_config": {"retries": {"mode": "legacy"}, "region_name": "x"}}),
            &[],
            r#"["EC2",null,false,{"region_name":"x","retries":{"mode":"legacy"}}]"#.to_owned(),
        ),
        (
            json!({"run_task_kwargs_path": "empty.yaml"}),
            &[],
            "AttributeError: 'NoneType' object has no attribute 'get'".to_owned(),
        ),
        (
            json!({"task_definition_path": "no.yaml"}),
            &[],
            "FileNotFoundError: [Errno 2] No such file or directory: 'no.yaml'".to_owned(),
        ),
        // Credentials have no part in what is rendered.
        (
            json!({"launch_type": "EC2", "aws_access_key_id": "x"}),
            &[],
            format!("[\"EC2\",{default},false,{standard}]"),
        ),
    ] {
        assert_eq!(ecs(options.clone(), env), expected, "{options}");
    }
}

#[test]
fn the_other_kinds_have_their_defaults() {
    for (kind, options, expected) in [
        (AgentKind::Local, json!({}), r#"[["host"],[],false]"#),
        (AgentKind::Local, json!({"labels": ["host", "a"]}), r#"[["host","a"],[],false]"#),
        (AgentKind::Local, json!({"hostname_label": false}), r#"[[],[],false]"#),
        (AgentKind::Docker, json!({}), r#"["unix://var/run/docker.sock",60,[],[]]"#),
        (AgentKind::Docker, json!({"docker_client_timeout": 5}), r#"["unix://var/run/docker.sock",5,[],[]]"#),
        (
            AgentKind::Vertex,
            json!({"project": "p"}),
            r#"["projects/p/locations/us-central1","us-central1-aiplatform.googleapis.com",null]"#,
        ),
        (
            AgentKind::Vertex,
            json!({}),
            "DefaultCredentialsError: Project could not be determined from environment",
        ),
        (
            AgentKind::Docker,
            json!({"volumes": ["a:b:c:d"]}),
            "ValueError: Docker volume format is invalid: a:b:c:d (should be 'external:internal[:mode]')",
        ),
    ] {
        assert_eq!(seen(kind, &options, &[]), expected, "{options}");
    }
    for kind in AgentKind::ALL {
        let error = seen(kind, &json!({"bogus": 1}), &[]);
        assert!(error.ends_with(".__init__() got an unexpected keyword argument 'bogus'"), "{error}");
        let known: Map<String, Json> =
            kind.fields().iter().map(|field| (field.name.to_owned(), Json::Null)).collect();
        let error = seen(kind, &known.into(), &[]);
        assert!(!error.contains("unexpected keyword"), "{error}");
    }
}

#[test]
fn volumes_are_normalised_before_they_are_told_apart() {
    let volumes =
        Volumes::parse(&["./rel:/c", "~/x:/d", "/only/", "/h:/a:ro", "/h:/b", "named:/e:rw"]).unwrap();
    assert_eq!(volumes.named, ["rel", "named"]);
    assert_eq!(volumes.mount_points, ["/c", "/d", "/only", "/a", "/b", "/e"]);
    let bind = |bind: &Bind| format!("{}:{}:{}", bind.source, bind.target, bind.mode);
    assert_eq!(
        volumes.binds.iter().map(bind).collect::<Vec<_>>(),
        ["rel:/c:rw", "~/x:/d:rw", "/only:/only:rw", "/h:/b:rw", "named:/e:rw"]
    );
    let error = Volumes::parse(&["v:/c:ro"]).unwrap_err();
    assert_eq!(error.to_string(), "ValueError: Named volumes can only have 'rw' mode, provided 'ro'");
}
