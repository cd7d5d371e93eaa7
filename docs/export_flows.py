"""Serializes the flows of Python files for `flowform convert`, without building their storage.

    python export_flows.py FILE_OR_DIRECTORY... > flows.json

Every `prefect.Flow` at the top level of a file is written, with its run config, its storage's own labels and its schedule. Nothing
is built, uploaded or registered, and the name of this machine is not among the labels. A file that does not load, and a flow whose
name another one has, is told and left out; the exit code is 1 then.
"""

import contextlib
import json
import os
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


def load(path):
    """What a file defines. As when the original loads it, its directory is searched for imports; what it prints is no data."""
    directory = str(path.resolve().parent)
    search, loaded = sys.path.copy(), set(sys.modules)
    sys.path.insert(0, directory)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return runpy.run_path(str(path), run_name="<flow>")
    finally:
        sys.path[:] = search
        # Modules of the same name beside another file are others.
        for name in set(sys.modules) - loaded:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(directory + os.sep):
                del sys.modules[name]


def main(paths):
    found, failed = {}, False
    for path in files(paths):
        try:
            with prefect.context(loading_flow=True):
                names = load(path)
                flows = {id(flow): flow for flow in names.values() if isinstance(flow, prefect.Flow)}
                written = [(flow.name, serialized(flow)) for flow in flows.values()]
        # A script may end itself, with success even: what it has of flows is not known then.
        except (Exception, SystemExit) as error:
            print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
            failed = True
            continue
        for name, flow in written:
            if name in found:
                print(f"{path}: a flow {name!r} is in {found[name][0]} already; this one is left out", file=sys.stderr)
                failed = True
            else:
                found[name] = (path, flow)
    flows = [found[name][1] for name in sorted(found)]
    json.dump({"version": 1, "flows": flows}, sys.stdout, sort_keys=True, indent=2)
    print()
    return 1 if failed or not flows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
