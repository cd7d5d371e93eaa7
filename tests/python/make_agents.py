"""Makes up inputs for `record_agents.py`: ordinary ones, and ones that the original takes in ways nobody would guess."""

NAMES = ["my flow", "1,2,3 a,b", "\u2705 done \u2605", "\u0416\u0443\u043a\n\u65e5\u672c", "x" * 240 + " tail", "-" * 5, "caf\u00e9's \u00bd", "&#x41;&#66;&nbsp;c", "ETL: daily (v2)", "1,000 rows", "don't", "a_b--c", "x" * 300, "word " * 80, "!!!", "Ünïcödé", "A&amp;B", "tab\tname"]
RUNS = ["happy-hare", "Zany_Zebra 7", "...x", "a" * 260, "_-.", "run #1 (retry)", "1,2", "x--y"]
VERSIONS = ["1.4.1", "0.12.6", "0.13.0", "0.13.0rc1", "1.0.0+5.g12", None, "", "0.13", "v0.13.0", "0.13.0.dev3", "abc"]
VARIABLES = ["A", "B", "PYTHONPATH", "PREFECT__LOGGING__LEVEL", "PREFECT__CLOUD__API", "PREFECT__CONTEXT__IMAGE"]
VARIABLES += ["PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "PREFECT__CLOUD__API_KEY", "PREFECT__BACKEND"]
STORAGES = [
    {"type": "Docker", "image_name": "img", "image_tag": "v1"},
    {"type": "Docker", "registry_url": "reg.io/team/", "image_name": "img", "image_tag": "v1"},
    {"type": "Docker", "registry_url": "https://reg", "image_name": "/abs", "image_tag": "v1"},
    {"type": "Docker", "image_name": "img"},
    {"type": "S3", "bucket": "b", "key": "k"},
    {"type": "Docker", "registry_url": "r//x/./y", "image_name": "a//b", "image_tag": ""},
    {"type": "Docker", "registry_url": "/", "image_name": "", "image_tag": "t"},
    {"type": "Git", "repo": "o/r", "flow_path": "f.py"},
    {"type": "Local", "path": "/x/f.py", "stored_as_script": True, "validate": False, "directory": "/d"},
    {"type": "Module", "module": "flows"},
]
TASK = "family: f\ncpu: 256\nmemory: '0.5 GB'\ncontainerDefinitions:\n- name: side\n- name: flow\n  image: file/img:1\n  environment:\n  - {name: A, value: file}\n"
JOB = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: from-file\n  labels: {from: file}\nspec:\n  template:\n    spec:\n      serviceAccountName: file-sa\n      imagePullSecrets: [{name: file-secret}]\n      containers:\n      - name: main\n        image: file/img:1\n        env: [{name: A, value: file}]\n"


def maybe(rng, chance, value):
    return value(rng) if rng.random() < chance else None


def env(rng):
    values = ["1", "", "text", 5, True, None, 1.5, "false"]
    return {name: rng.choice(values) for name in rng.sample(VARIABLES, rng.randint(0, 4))}


def entries(rng):
    out = []
    for name in rng.sample(VARIABLES, rng.randint(0, 4)) + rng.choice([[], ["A"], ["PREFECT__CONTEXT__IMAGE"]]):
        out.append({"name": name, "value": "tpl"} if rng.random() < 0.8 else {"name": name, "valueFrom": {"x": 1}})
    return out


def fill(rng, target, fields, chance=0.35):
    for name, values in fields.items():
        if rng.random() < chance:
            target[name] = values(rng) if callable(values) else rng.choice(values)
    return target


def container(rng):
    return fill(rng, {}, {
        "name": ["flow", "side", "flow", ""],
        "image": ["td/img:1", None, ""],
        "environment": entries,
        "essential": [True],
        "command": [["x"]],
        "cpu": [10],
    }, 0.5)


def task_definition(rng):
    out = fill(rng, {}, {
        "family": ["mine"],
        "cpu": [512, "1 vcpu", None, 0, 0.5],
        "memory": [1024, "2 GB"],
        "networkMode": ["bridge", "awsvpc"],
        "taskRoleArn": ["td-task", "", None],
        "executionRoleArn": ["td-exec", "", None],
        "requiresCompatibilities": [["EC2"], [], None],
        "tags": [[{"key": "team", "value": "ml"}], [], [{"key": "prefect:flow-id", "value": "x"}]],
        "containerDefinitions": lambda r: [container(r) for _ in range(r.randint(0, 3))],
    })
    if rng.random() < 0.06:
        out[rng.choice(["tags", "containerDefinitions"])] = rng.choice([None, {}, "x", {"a": 1}, ["x"], [None]])
    return out


def kwargs(rng):
    out = fill(rng, {}, {
        "cluster": ["rc-cluster", None],
        "launchType": ["EC2", "FARGATE", None],
        "capacityProviderStrategy": [[{"capacityProvider": "SPOT"}], [], None],
        "networkConfiguration": [{"awsvpcConfiguration": {"subnets": ["s"]}}, {}],
        "overrides": overrides,
        "count": [2],
        "platformVersion": ["1.4.0"],
        "taskDefinition": ["x"],
    }, 0.3)
    return out


def overrides(rng):
    override = lambda r: fill(r, {}, {"name": ["flow", "side"], "environment": entries, "command": [["c"]], "memory": [5]}, 0.7)  # noqa: E731
    return fill(rng, {}, {
        "cpu": [256, "256", "", None],
        "memory": [512, "1 GB"],
        "taskRoleArn": ["kw-task", None],
        "executionRoleArn": ["kw-exec"],
        "containerOverrides": lambda r: [override(r) for _ in range(r.randint(0, 3))],
    }, 0.4)


def job(rng):
    pod = fill(rng, {}, {
        "restartPolicy": ["OnFailure", None, ""],
        "serviceAccountName": ["tpl-sa", "", None],
        "imagePullSecrets": [[{"name": "tpl"}], []],
        "containers": lambda r: [fill(r, {}, {
            "name": ["main", "flow"],
            "image": ["tpl/img:1", "", None],
            "env": entries,
            "args": [["x"]],
            "command": [["y"]],
            "imagePullPolicy": ["Never"],
            "resources": [{}, {"limits": {"cpu": "1", "gpu": "1"}}, {"requests": {"memory": "1Gi"}}],
        }, 0.5) for _ in range(r.randint(0, 2))],
        "volumes": [[{"name": "v"}]],
    }, 0.5)
    out = {"spec": {"template": {"spec": pod}}}
    fill(rng, out, {"kind": ["Job"], "metadata": [{"name": "etl"}, {"name": "n" * 60}, {"name": ""}, {"labels": {"a": "b", "prefect.io/flow_id": "x"}}, {}]}, 0.6)
    if rng.random() < 0.1:
        bad = rng.choice(["x", None, [], 5])
        path = rng.choice([["metadata"], ["spec"], ["spec", "template"], ["spec", "template", "spec"], ["spec", "template", "spec", "containers"], ["metadata", "name"], ["metadata", "labels"]])
        at = out
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = bad
    return out


def common(rng, agent):
    return fill(rng, agent, {
        "labels": [["a", "b"], [], ["it's", "x"], ["\"q\"", "it's \"q\"", "\\", "\n", "\u00e9\u200b\x07"]],
        "env_vars": env,
        "no_cloud_logs": [True, False, None],
    }, 0.3)


def case(rng):
    kind = rng.choice(["ecs", "ecs", "kubernetes", "kubernetes", "docker", "docker", "vertex", "local"])
    out = {"kind": kind, "files": {"td.yaml": TASK, "job.yaml": JOB, "empty.yaml": "", "list.yaml": "- 1\n", "k.yaml": "cluster: file\noverrides: {cpu: 1}\n", "spot.yaml": "capacityProviderStrategy: [{capacityProvider: S}]\n"}}
    out["remote"] = {"s3://b/td.yaml": TASK, "gcs://b/td.yaml": TASK, "s3://b/job.yaml": JOB, "https://h/job.yaml": JOB, "https://h/td.yaml": TASK}
    image = ["rc/img:1", "", "local:1", "reg.io/a/b:c", None]
    base = {"env": env, "labels": [["x"], None], "image": image}
    suffix = "td.yaml" if kind == "ecs" else "job.yaml"
    paths = [suffix, "agent://{{files}}/" + suffix, "s3://b/" + suffix, "gs://b/td.yaml", "gcs://b/no.yaml", "https://h/" + suffix, "agent:///no", "ftp://h/x", "agent://{{files}}/empty.yaml", "agent://{{files}}/list.yaml", "file://{{files}}/" + suffix, ""]
    agent = {}
    if kind == "ecs":
        run_config = fill(rng, {}, {**base, "cpu": [256, "1 vcpu", 0, "", 2.0], "memory": [512, "1 GB"], "task_role_arn": ["rc-task", ""], "execution_role_arn": ["rc-exec", ""], "run_task_kwargs": kwargs})
        source = rng.random()
        if source < 0.5:
            run_config["task_definition"] = task_definition(rng)
        elif source < 0.65:
            run_config["task_definition_path"] = rng.choice(paths)
        elif source < 0.8:
            run_config["task_definition_arn"] = rng.choice(["arn:x", ""])
            if rng.random() < 0.9:
                run_config.pop("image", None)
        fill(rng, agent, {"cluster": ["ag-cluster", ""], "launch_type": ["EC2", "fargate", "junk", ""], "task_role_arn": ["ag-task", ""], "execution_role_arn": ["ag-exec"], "task_definition_path": paths, "run_task_kwargs_path": ["k.yaml", "spot.yaml", "empty.yaml"], "region_name": ["eu"]}, 0.15)
        out["ecs_mock"] = fill(rng, {}, {"existing_task_definition": [{"taskRoleArn": "d-task"}, {"executionRoleArn": "d-exec"}], "run_task_response": [{"tasks": [], "failures": [{"reason": "x"}]}], "vpcs": [[]], "subnets": [[], [{"SubnetId": "subnet-1"}]]}, 0.08)
    elif kind == "kubernetes":
        run_config = fill(rng, {}, {**base, "cpu_limit": [1, "500m", ""], "cpu_request": [0.5], "memory_limit": ["4Gi"], "memory_request": ["1Gi", ""], "service_account_name": ["rc-sa", ""], "image_pull_secrets": [["s1", "s2"], [], None], "image_pull_policy": ["Always", "Never", None]})
        source = rng.random()
        if source < 0.6:
            run_config["job_template"] = job(rng)
        elif source < 0.75:
            run_config["job_template_path"] = rng.choice(paths)
        fill(rng, agent, {"namespace": ["ns", ""], "service_account_name": ["ag-sa", ""], "image_pull_secrets": [["ag"], []], "job_template_path": paths, "delete_finished_jobs": [True, False]}, 0.25)
        if rng.random() < 0.3:
            out["os_env"] = fill(rng, {"PATH": "/bin", "HOME": "{{home}}"}, {"NAMESPACE": ["env", ""], "SERVICE_ACCOUNT_NAME": ["env-sa", ""], "IMAGE_PULL_SECRETS": ["a, b", ""], "DELETE_FINISHED_JOBS": ["True", "true", "False"]}, 0.5)
    elif kind == "docker":
        run_config = fill(rng, {}, {**base, "ports": [[80], [], ["8080", 53], None], "host_config": host_config}, 0.5)
        volumes = ["/h:/c", "./r:/c", "named:/n", "named:/n:ro", "/only", "~/x:/d:ro", "/h:/e", " a : /f ", "a:b:c:d", "", "/z/../y/:/q//r/", "//x:/y"]
        fill(rng, agent, {"volumes": lambda r: r.sample(volumes[:3] if r.random() < 0.5 else volumes, r.randint(0, 3)), "networks": [["n1"], ["host"], ["none", "n2"], ["n1", "prefect-server"], []], "no_pull": [True, False], "reg_allow_list": [["reg.io"], ["prefecthq"], ["other"], []], "base_url": ["tcp://x:1"]}, 0.4)
        out["docker_mock"] = fill(rng, {}, {"version": ["19.03.15", "20.10.0", "24.0.7", "20.10.24+dfsg1"], "existing_volumes": [["named"]], "existing_container_names": [["happy-hare"], ["happy-hare", "happy-hare-1"]]}, 0.2)
    elif kind == "vertex":
        pool = lambda r: r.choice([{}, {"machine_spec": {"machine_type": "m"}, "replica_count": 1}, {"container_spec": {"image_uri": "x", "env": [{"name": "A", "value": "pool"}]}}, None])  # noqa: E731
        run_config = fill(rng, {}, {**base, "machine_type": ["n1", None, ""], "scheduling": [{"timeout": "60s"}, {}, None], "service_account": ["rc-sa", "", None], "network": ["net", "", None], "worker_pool_specs": lambda r: [pool(r) for _ in range(r.randint(0, 2))]})
        fill(rng, agent, {"project": ["p2", ""], "region_name": ["eu-west4", ""], "service_account": ["ag-sa", ""]})
    else:
        run_config = fill(rng, {}, {"env": env, "labels": [["x"]], "working_dir": ["{{files}}", "{{files}}/td.yaml", "/no/such", "", ".", "sub/.."]}, 0.5)
        fill(rng, agent, {"import_paths": [["/p", "/q"], []], "show_flow_logs": [False], "hostname_label": [True, False]})
        if rng.random() < 0.3:
            out["os_env"] = fill(rng, {"PATH": "/bin", "HOME": "{{home}}"}, {"PYTHONPATH": ["/x", ""], "A": ["os"], "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS": ["os"], "PREFECT__BACKEND": ["os"]}, 0.5)
    common(rng, agent)
    out["agent"] = agent
    other = rng.random()
    if other < 0.05:
        out["run_config"] = None
    elif other < 0.12:
        out["run_config"] = {"type": "UniversalRun", "env": env(rng)}
    elif other < 0.15:
        out["run_config"] = {"type": rng.choice(["LocalRun", "DockerRun", "VertexRun"])}
    else:
        out["run_config"] = run_config
    flow = fill(rng, {}, {"name": NAMES, "version": [1, 7], "core_version": VERSIONS, "storage": STORAGES}, 0.3)
    out["flow"] = flow
    out["flow_run"] = fill(rng, {}, {"name": RUNS}, 0.3)
    if rng.random() < 0.12 and out["run_config"]:
        out["run_config_raw"] = raw(rng, kind, out.pop("run_config"))
    config = fill(rng, {}, {"cloud.agent.labels": [["from", "config"], []], "cloud.agent.env_vars": [{"A": "config"}, {}], "server.port": ["4201"], "backend": ["server"], "cloud.api": ["http://localhost:4200", "https://api"], "cloud.send_flow_run_logs": [False], "logging.level": ["DEBUG"]}, 0.15)
    if rng.random() < 0.15:
        config.update({"cloud.api_key": "key", "cloud.tenant_id": "33333333-3333-3333-3333-333333333333"})
    out["config"] = config
    return out


def raw(rng, kind, run_config):
    """A run config that somebody edited, as the agent is handed it: no constructor has seen it."""
    own = {"local": "LocalRun", "docker": "DockerRun", "kubernetes": "KubernetesRun", "ecs": "ECSRun", "vertex": "VertexRun"}
    out = {"type": own[kind], "labels": ["x"], **{name: value for name, value in run_config.items() if name != "labels"}}
    fill(rng, out, {
        "type": ["UniversalRun", "NoRun", None, 5, "LocalRun"],
        "labels": [["b", "a"], None, "ab", [1], []],
        "env": [{"A": "raw"}, {}, None, [], "A=1"],
        "__version__": ["0.14.0", None],
        "unknown": [1],
        "image": ["raw:1", 5, None],
    }, 0.12)
    return out


def host_config(rng):
    return fill(rng, {}, {
        "mem_limit": ["1g", "64MB", 1024, "1.5gb", "lots", "", "10x", "7"],
        "memswap_limit": [-1, "-1"],
        "mem_reservation": ["0", "1k", 0],
        "mem_swappiness": [0, "5", True],
        "shm_size": ["64m", 5, 1.5],
        "network_mode": ["host", "bridge", ""],
        "port_bindings": [{"80": 8080}, {"53/udp": ["127.0.0.1", 5]}, {"80": None}, {"80": {"HostPort": 1, "HostIp": "::1"}}, {}],
        "restart_policy": [{"Name": "always"}, "always"],
        "devices": [["/dev/a:/dev/b:r", "/dev/c"], [{"PathOnHost": "x"}], [5]],
        "group_add": [["audio", 5]],
        "dns": [["1.1.1.1"], []],
        "security_opt": [["a"], "a"],
        "sysctls": [{"net.x": 1}, ["x"]],
        "volumes_from": ["a,b", ["c"]],
        "binds": [{"/a": {"bind": "/b", "ro": True}}, {"/a": {"bind": "/b", "mode": "z", "propagation": "shared"}}, {"/a": "/b"}, ["/a:/b"], {"/a": {"bind": "/b", "ro": True, "mode": "x"}}, {"/a": {}}],
        "extra_hosts": [{"b": "1", "a": "2"}, ["x:1"]],
        "links": [{"b": "c", "a": ""}, [["x", "y"], ["a", None]]],
        "ulimits": [[{"name": "n", "soft": 1, "hard": 2}], [{"Name": "n"}], [{"name": 5}], {"a": 1}, [{"name": "n", "soft": "x"}]],
        "log_config": [{"type": "json-file", "config": {"a": "b"}}, {"Type": "none"}, "x", {"config": "x"}],
        "cpu_quota": [5, "5"],
        "cpuset_mems": ["0", 0, 1],
        "tmpfs": [["/t:size=1", "/u"], {"/t": ""}, "x", [5]],
        "userns_mode": ["host", "x"],
        "pids_limit": [5, 1.5],
        "init": [True, False],
        "init_path": ["/x"],
        "device_requests": [[{"count": -1, "capabilities": [["gpu"]]}], [{"driver": 5}]],
        "auto_remove": [False, True],
        "cap_add": [["NET_ADMIN"]],
        "privileged": [True, False],
        "bogus": [1],
        "version": ["1"],
        "read_only": [True, False],
        "isolation": ["x", 5],
        "nano_cpus": [10, 1.5],
        "lxc_conf": [{"a": 1}, [1]],
    }, 0.05)
