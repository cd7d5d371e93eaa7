"""Records what the agents of prefect 1.4.1 hand to their backends, with every client replaced by a recorder.

    python tests/python/record_agents.py record IN.jsonl > OUT.jsonl    one input a line (see tests/vectors/README.md)
    python tests/python/record_agents.py make SEED COUNT > OUT.jsonl    inputs made up at random, and their outputs

Nothing touches a network. Run it with the Python that `tests/python/venv` prints.
"""

import contextlib
import copy
import io
import json
import os
import random
import sys
import tempfile
import types
import warnings
from unittest import mock

warnings.simplefilter("ignore")
HOME = tempfile.mkdtemp()
FILES = tempfile.mkdtemp()
os.environ.clear()
os.environ.update({"HOME": HOME, "PATH": "/usr/bin:/bin"})

import docker  # noqa: E402
import prefect  # noqa: E402
import yaml  # noqa: E402,F401
from prefect.run_configs import DockerRun, ECSRun, KubernetesRun, LocalRun, UniversalRun, VertexRun  # noqa: E402
from prefect.serialization.run_config import RunConfigSchema  # noqa: E402
from prefect.serialization.storage import StorageSchema  # noqa: E402
from prefect.utilities.configuration import set_temporary_config  # noqa: E402

import prefect.agent.docker.agent as docker_agent  # noqa: E402
import prefect.agent.ecs.agent as ecs_agent  # noqa: E402
import prefect.agent.kubernetes.agent as kubernetes_agent  # noqa: E402
import prefect.agent.local.agent as local_agent  # noqa: E402
import prefect.agent.vertex.agent as vertex_agent  # noqa: E402

CLASSES = {c.__name__: c for c in (DockerRun, ECSRun, KubernetesRun, LocalRun, UniversalRun, VertexRun)}
OWN = {"local": "LocalRun", "docker": "DockerRun", "kubernetes": "KubernetesRun", "ecs": "ECSRun", "vertex": "VertexRun"}


class Plain(dict):
    """A mapping whose keys are attributes, and whose values stay plain."""

    __getattr__ = dict.get


def failure(error):
    return {"class": type(error).__name__, "message": str(error)}


def calls(function, *args, **kwargs):
    try:
        return function(*args, **kwargs), None
    except Exception as error:  # the original lets anything through
        return None, failure(error)


class Missing(Exception):
    pass


class ClientError(Exception):
    pass


def remote_clients(remote):
    class S3:
        def download_fileobj(self, Bucket, Key, Fileobj):
            text = remote.get(f"s3://{Bucket}/{Key}")
            if text is None:
                raise ClientError("An error occurred (404) when calling the HeadObject operation: Not Found")
            Fileobj.write(text.encode())

    class Bucket:
        def __init__(self, name):
            self.name = name

        def get_blob(self, key):
            text = remote.get(f"gcs://{self.name}/{key}")
            if text is None:
                return None
            return types.SimpleNamespace(download_as_bytes=lambda: text.encode())

    gcs = types.SimpleNamespace(bucket=Bucket)
    get = lambda url: types.SimpleNamespace(content=remote[url].encode())  # noqa: E731
    return S3(), gcs, get


def record(case):
    kind = case["kind"]
    out = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(set_temporary_config(case.get("config") or {}))
        root = stack.enter_context(tempfile.TemporaryDirectory())
        text = json.dumps(case).replace("{{files}}", root).replace("{{home}}", HOME)
        case = json.loads(text)
        for name, content in (case.get("files") or {}).items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(content)
        back = os.getcwd()
        os.chdir(root)
        stack.callback(os.chdir, back)
        env = case.get("os_env")
        env = {"HOME": HOME, "PATH": "/usr/bin:/bin"} if env is None else env
        stack.enter_context(mock.patch.dict(os.environ, env, clear=True))
        s3, gcs, get = remote_clients(case.get("remote") or {})
        record_in(kind, case, stack, s3, gcs, get, out)
        text = json.dumps(out).replace(root, "{{files}}").replace(HOME, "{{home}}")
        return json.loads(text.replace(sys.executable, "{{python}}"))


def record_in(kind, case, stack, s3, gcs, get, out):
    patch = lambda target, value: stack.enter_context(mock.patch(target, value))  # noqa: E731
    patch("prefect.utilities.gcp.get_storage_client", lambda *a, **k: gcs)
    patch("requests.get", get)

    # The run config that is registered.
    if "run_config_raw" in case:
        run_config, out["run_config"] = case["run_config_raw"], {"raw": True}
    elif case.get("run_config") is None:
        run_config, out["run_config"] = None, {"absent": True}
    else:
        arguments = dict(case["run_config"])
        cls = CLASSES[arguments.pop("type", OWN[kind])]
        made, error = calls(lambda: cls(**arguments))
        if error:
            run_config, out["run_config"] = None, {"error": error}
        else:
            made, error = calls(lambda: json.loads(json.dumps(RunConfigSchema().dump(made))))
            # The agents write into what they are handed.
            run_config = copy.deepcopy(made)
            out["run_config"] = {"serialize_error": error} if error else {"serialized": made}
    flow = case.get("flow") or {}
    if "storage_raw" in flow:
        storage, out["storage"] = flow["storage_raw"], {"raw": True}
    else:
        arguments = dict(flow.get("storage") or {"type": "Module", "module": "flows"})
        cls = getattr(prefect.storage, arguments.pop("type"))
        storage = json.loads(json.dumps(StorageSchema().dump(cls(**arguments))))
        out["storage"] = {"serialized": storage}
    if run_config is None and "absent" not in out["run_config"]:
        return
    flow_run = Plain(
        id="22222222-2222-2222-2222-222222222222",
        name="happy-hare",
        run_config=run_config,
        flow=Plain(
            id="11111111-1111-1111-1111-111111111111",
            name="my flow",
            version=1,
            core_version="1.4.1",
            storage=storage,
        ),
    )
    flow_run.flow.update({k: v for k, v in flow.items() if k in ("id", "name", "version", "core_version")})
    flow_run.update(case.get("flow_run") or {})
    options = case.get("agent") or {}
    globals()["record_" + kind](case, patch, options, flow_run, s3, out)


def started(cls, options, out, seen):
    agent, error = calls(lambda: cls(**options))
    out["agent"] = {"error": error} if error else seen(agent)
    if error:
        out.pop("run_config"), out.pop("storage")
    return agent


def record_local(case, patch, options, flow_run, s3, out):
    seen = {}

    def popen(command, stdout, stderr, env, cwd):
        stdout = "devnull" if stdout == local_agent.DEVNULL else "stdout"
        seen.update({"command": command, "cwd": cwd, "env": env, "stdout": stdout})
        return mock.Mock(pid=1234)

    patch("prefect.agent.local.agent.Popen", popen)
    patch("socket.gethostname", lambda: "oracle-host")
    agent = started(local_agent.LocalAgent, options, out, lambda a: {"labels": a.labels})
    if agent is not None:
        result, error = calls(agent.deploy_flow, flow_run)
        out["artifact"] = {"error": error} if error else {**seen, "result": result}


def record_kubernetes(case, patch, options, flow_run, s3, out):
    seen = {}
    client = mock.MagicMock()
    client.create_namespaced_job = lambda namespace, body: seen.update({"namespace": namespace, "job": body})
    patch("prefect.utilities.kubernetes.get_kubernetes_client", lambda *a, **k: client)
    patch("prefect.utilities.aws.get_boto_client", lambda *a, **k: s3)
    patch("uuid.uuid4", lambda: types.SimpleNamespace(hex="0123456789abcdef"))
    fields = ("namespace", "service_account_name", "image_pull_secrets", "delete_finished_jobs")
    agent = started(kubernetes_agent.KubernetesAgent, options, out, lambda a: {f: getattr(a, f) for f in fields})
    if agent is not None:
        result, error = calls(agent.deploy_flow, flow_run)
        out["artifact"] = {"error": error} if error else {**seen, "result": result}


def record_vertex(case, patch, options, flow_run, s3, out):
    seen = {}

    class Client:
        def create_custom_job(self, parent, custom_job):
            seen.update({"parent": parent, "custom_job": custom_job})
            return types.SimpleNamespace(name="projects/p/locations/us-central1/customJobs/123")

    patch("prefect.agent.vertex.agent.get_client", lambda *a, **k: Client())
    patch("google.auth.default", lambda *a, **k: (None, "my-project"))
    fields = ("client_options", "project", "region_name", "service_account")
    agent = started(vertex_agent.VertexAgent, options, out, lambda a: {f: getattr(a, f) for f in fields})
    if agent is not None:
        result, error = calls(agent.deploy_flow, flow_run)
        out["artifact"] = {"error": error} if error else {**seen, "result": result}


def record_ecs(case, patch, options, flow_run, s3, out):
    answers = case.get("ecs_mock") or {}
    seen = {"register_task_definition": None, "describe_task_definition": None}
    seen.update({"deregister_task_definition": None, "run_task": None})

    class Ecs:
        def register_task_definition(self, **arguments):
            seen["register_task_definition"] = json.loads(json.dumps(arguments))
            return {"taskDefinition": {**arguments, "taskDefinitionArn": "my-taskdef-arn"}}

        def describe_task_definition(self, **arguments):
            seen["describe_task_definition"] = arguments
            return {"taskDefinition": answers.get("existing_task_definition") or {}}

        def deregister_task_definition(self, **arguments):
            seen["deregister_task_definition"] = arguments

        def run_task(self, **arguments):
            seen["run_task"] = json.loads(json.dumps(arguments))
            return answers.get("run_task_response") or {"tasks": [{"taskArn": "my-task-arn"}]}

        def describe_vpcs(self, **_):
            return {"Vpcs": answers.get("vpcs", [{"VpcId": "vpc-1"}])}

        def describe_subnets(self, **_):
            return {"Subnets": answers.get("subnets", [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}])}

    patch("prefect.utilities.aws.get_boto_client", lambda resource=None, *a, **k: s3 if resource == "s3" else Ecs())

    def agent_seen(agent):
        kwargs = json.loads(json.dumps(agent.run_task_kwargs))
        network = (kwargs.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        inferred = network.get("assignPublicIp") == "ENABLED" and "subnet-1" in network.get("subnets", [])
        return {
            "labels": agent.labels,
            "launch_type": agent.launch_type,
            "run_task_kwargs": kwargs,
            "inferred_network": inferred,
        }

    agent = started(ecs_agent.ECSAgent, options, out, agent_seen)
    if agent is not None:
        result, error = calls(agent.deploy_flow, flow_run)
        out["artifact"] = {**seen, **({"error": error} if error else {"result": result})}


def record_docker(case, patch, options, flow_run, s3, out):
    answers = case.get("docker_mock") or {}
    seen = {"pull": None, "create_volume": [], "names_tried": [], "connect_networks": []}

    class Client(docker.APIClient):
        def __init__(self, base_url, version, timeout):
            self.headers = {}
            self._version = "1.41"
            self._general_configs = {}
            self._proxy_configs = docker.utils.proxy.ProxyConfig()

        def ping(self):
            return True

        def version(self, api_version=True):
            return {"Version": answers.get("version", "20.10.17")}

        def pull(self, image, **_):
            seen["pull"] = image
            return []

        def inspect_volume(self, name):
            if name not in answers.get("existing_volumes", []):
                raise docker.errors.APIError("no such volume")

        def create_volume(self, **arguments):
            seen["create_volume"].append(arguments)

        def create_host_config(self, *args, **arguments):
            seen["host_config_kwargs"] = arguments
            return super().create_host_config(*args, **dict(arguments))

        def create_container(self, image, **arguments):
            name = arguments["name"]
            seen["names_tried"].append(name)
            if name in answers.get("existing_container_names", []):
                raise docker.errors.APIError('Conflict. The container name "/x" is already in use')
            keys = ("command", "environment", "name", "volumes", "labels", "ports")
            seen["create_container"] = {"image": image, **{key: arguments[key] for key in keys}}
            return super().create_container(image, **arguments)

        def create_container_from_config(self, config, name=None, platform=None):
            seen["http_body"] = json.loads(json.dumps(config))
            return {"Id": "container_id"}

        def connect_container_to_network(self, container, net_id):
            seen["connect_networks"].append(net_id)

        def start(self, container):
            seen["start"] = container

    patch("docker.APIClient", Client)

    def agent_seen(agent):
        fields = ("base_url", "no_pull", "named_volumes", "container_mount_paths", "host_spec")
        return {field: getattr(agent, field) for field in fields}

    agent = started(docker_agent.DockerAgent, options, out, agent_seen)
    if agent is not None:
        result, error = calls(agent.deploy_flow, flow_run)
        if error:
            seen.pop("http_body", None)
        out["artifact"] = {**seen, **({"error": error} if error else {"result": result})}


def main():
    import make_agents

    mode = sys.argv[1]
    if mode == "record":
        with open(sys.argv[2]) as file:
            inputs = [json.loads(line) for line in file if line.strip()]
            inputs = [(line.get("id"), line.get("note"), line["input"]) for line in inputs]
    else:
        rng = random.Random(int(sys.argv[2]))
        inputs = []
        for number in range(int(sys.argv[3])):
            case = make_agents.case(rng)
            inputs.append((f"{case['kind']}-{sys.argv[2]}-{number:04}", "made up", case))
    for name, note, case in inputs:
        log = io.StringIO()
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            expected = record(case)
        line = {"id": name, "note": note, "input": case, "expected": expected}
        print(json.dumps(line, sort_keys=True))


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    main()
