"""Records what the constructors, the serializers and the registration of prefect 1.4.1 make of their arguments.

    python tests/python/record_made.py record IN.jsonl > OUT.jsonl    one input a line (see tests/vectors/README.md)
    python tests/python/record_made.py make SEED COUNT > OUT.jsonl    inputs made up at random, and their outputs

Nothing touches a network: the API's answers are made up. Run it with the Python that `tests/python/venv` prints.
"""

import contextlib
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
os.environ.clear()
os.environ.update({"HOME": HOME, "PATH": "/usr/bin:/bin"})

import pendulum  # noqa: E402
import prefect  # noqa: E402
import prefect.storage  # noqa: E402
from prefect.cli import build_register  # noqa: E402
from prefect.run_configs import DockerRun, ECSRun, KubernetesRun, LocalRun, UniversalRun, VertexRun  # noqa: E402
from prefect.serialization.run_config import RunConfigSchema  # noqa: E402
from prefect.serialization.storage import StorageSchema  # noqa: E402
from prefect.utilities.configuration import set_temporary_config  # noqa: E402
from prefect.utilities.graphql import decompress  # noqa: E402

CLASSES = {c.__name__: c for c in (DockerRun, ECSRun, KubernetesRun, LocalRun, UniversalRun, VertexRun)}
NOW = pendulum.datetime(2022, 2, 23, 19, 26, 0)


def failure(error):
    return {"class": type(error).__name__, "message": str(error)}


def through_json(value):
    return json.loads(json.dumps(value))


def record(case):
    with contextlib.ExitStack() as stack:
        stack.enter_context(set_temporary_config(case.get("config") or {}))
        root = stack.enter_context(tempfile.TemporaryDirectory())
        case = json.loads(json.dumps(case).replace("{{files}}", root).replace("{{home}}", HOME))
        for name, content in (case.get("files") or {}).items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(content)
        back = os.getcwd()
        os.chdir(root)
        stack.callback(os.chdir, back)
        stack.enter_context(mock.patch("pendulum.now", lambda *a, **k: NOW))
        stack.enter_context(mock.patch("socket.gethostname", lambda: "oracle-host"))
        out = globals()["record_" + case["kind"]](case)
        return json.loads(json.dumps(out).replace(root, "{{files}}").replace(HOME, "{{home}}"))


def record_run_config(case):
    arguments = dict(case["run_config"])
    cls = CLASSES[arguments.pop("type")]
    try:
        made = cls(**arguments)
    except Exception as error:
        return {"run_config": {"error": failure(error)}}
    try:
        serialized = through_json(RunConfigSchema().dump(made))
    except Exception as error:
        return {"run_config": {"serialize_error": failure(error)}}
    try:
        again = through_json(RunConfigSchema().dump(RunConfigSchema().load(json.loads(json.dumps(serialized)))))
    except Exception:
        again = None
    return {"run_config": {"serialized": serialized}, "round_trip_equal": again == serialized}


def ways_to_fail(arguments, classes, schemas):
    """The classes of the errors of the constructor, or of the fields: the original takes them in no fixed order."""
    arguments = dict(arguments)
    kind = arguments.pop("type")
    try:
        made = classes[kind](**arguments)
    except Exception as error:
        return {type(error).__name__}
    found = set()
    for name in schemas[kind]().fields:
        try:
            json.dumps(schemas[kind](only=[name]).dump(made))
        except Exception as error:
            found.add(type(error).__name__)
    return found


def ambiguous(case):
    """Whether it depends on chance, or on this recorder, which of several mistakes is told."""
    found = set()
    if case.get("run_config"):
        found |= ways_to_fail(case["run_config"], CLASSES, RunConfigSchema.type_schemas)
    storage = case.get("storage") or case.get("flow", {}).get("storage")
    if storage:
        found |= ways_to_fail(storage, vars(prefect.storage), StorageSchema.type_schemas)
    return len(found) > 1


def storage_of(arguments):
    arguments = dict(arguments)
    return getattr(prefect.storage, arguments.pop("type"))(**arguments)


def record_storage(case):
    try:
        storage = storage_of(case["storage"])
        added = None
        if case.get("add_flow"):
            added = {"add_flow": storage.add_flow(prefect.Flow(case["add_flow"]))}
        out = {"serialized": through_json(StorageSchema().dump(storage)), **(added or {})}
        out["labels"] = list(storage.labels)
        out["default_labels"] = list(storage.default_labels) if storage.add_default_labels else []
    except Exception as error:
        return {"storage": {"error": failure(error)}}
    try:
        out["name"] = storage.name
    except Exception as error:
        out["name"] = {"error": failure(error)}
    return {"storage": out}


def record_register(case):
    flow_input = case["flow"]
    sent = {}

    class Client:
        def graphql(self, query, variables=None, **_):
            if variables is None:
                existing = case.get("existing")
                rows = [types.SimpleNamespace(**existing)] if existing else []
                return types.SimpleNamespace(data=types.SimpleNamespace(flow=rows))
            sent.update(variables["input"])
            made = types.SimpleNamespace(id=case.get("api_returns") or "new-id")
            return types.SimpleNamespace(data=types.SimpleNamespace(create_flow_from_compressed_string=made))

    try:
        storage = storage_of(flow_input.get("storage") or {"type": "Module", "module": "flows"})
        storage.add_flow(prefect.Flow(flow_input["name"]))
        storage = storage_of(flow_input.get("storage") or {"type": "Module", "module": "flows"})
        run_config = None
        if case.get("run_config"):
            arguments = dict(case["run_config"])
            run_config = CLASSES[arguments.pop("type")](**arguments)
        flow = prefect.Flow(flow_input["name"], storage=storage, run_config=run_config)
        build_register.prepare_flows([flow], case.get("labels"))
        serialized = through_json(flow.serialize(build=False))
        seen = build_register.register_serialized_flow(
            Client(), serialized, "project-id", case.get("force", False), case.get("schedule", True)
        )
    except Exception as error:
        return {"error": failure(error)}
    flow_id, version, is_new = seen
    whole = decompress(sent["serialized_flow"])
    key = build_register.hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    return {
        "idempotency_key": sent.get("idempotency_key"),
        "labels": whole["run_config"]["labels"],
        "mutation_input_keys": sorted(sent),
        "registered": {"flow_id": flow_id, "is_new": is_new, "version": version},
        "serialized_flow": whole,
        "serialized_hash": key,
        "set_schedule_active": sent["set_schedule_active"],
    }


def main():
    import make_made

    if sys.argv[1] == "record":
        with open(sys.argv[2]) as file:
            lines = [json.loads(line) for line in file if line.strip()]
        inputs = [(line.get("id"), line.get("note"), line["input"]) for line in lines]
    else:
        rng = random.Random(int(sys.argv[2]))
        cases = [make_made.case(rng) for _ in range(int(sys.argv[3]))]
        with contextlib.chdir(tempfile.mkdtemp()):
            cases = [case for case in cases if not ambiguous(case)]
        inputs = [(f"{c['kind']}-{sys.argv[2]}-{n:04}", "made up", c) for n, c in enumerate(cases)]
    for name, note, case in inputs:
        log = io.StringIO()
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            expected = record(case)
        print(json.dumps({"id": name, "note": note, "input": case, "expected": expected}, sort_keys=True))


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    main()
