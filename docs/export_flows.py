"""Serializes the flows of Python files for `flowform convert`, without building their storage.

    python export_flows.py FILE_OR_DIRECTORY... > flows.json

Every `prefect.Flow` at the top level of a file is written, with its run config, its storage's own labels and its schedule. Nothing
is built, uploaded or registered, and the name of this machine is not among the labels.
"""

import json
import runpy
import sys
from pathlib import Path

import prefect
from prefect.run_configs import UniversalRun


def files(paths):
    for path in map(Path, paths):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def serialized(flow):
    storage, run_config = flow.storage, flow.run_config or UniversalRun()
    if storage is not None:
        # The label of the registering machine is a default one; the storage's own labels are wanted.
        storage.add_default_labels = False
        run_config.labels.update(storage.labels)
        if flow.name not in storage.flows and place(storage) is not None:
            storage.flows[flow.name] = place(storage)
    flow.run_config = run_config
    return flow.serialize(build=False)


def place(storage):
    """Where the flow is, for storages that say it; others would make a place from the time."""
    for name in ("path", "flow_path", "key", "blob_name", "module"):
        if getattr(storage, name, None):
            return getattr(storage, name)
    return None


def main(paths):
    found, failed = {}, False
    with prefect.context(loading_flow=True):
        for path in files(paths):
            try:
                names = runpy.run_path(str(path), run_name="<flow>")
            except Exception as error:
                print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
                failed = True
                continue
            for flow in names.values():
                if isinstance(flow, prefect.Flow):
                    found[flow.name] = serialized(flow)
    flows = [found[name] for name in sorted(found)]
    json.dump({"version": 1, "flows": flows}, sys.stdout, sort_keys=True, indent=2)
    print()
    return 1 if failed or not flows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
