#!/usr/bin/env python3
"""Measures the commands of flowform as whole processes, beside `terraform` where one is on the PATH.

Each case is N flows with a run config each, that share locals and one storage, as N pairs of blocks ("blocks") or
as two blocks with `for_each` ("for_each"). terraform gets the same shape: a `terraform_data` for each run config,
and one for each flow that refers to it.

What is measured is the CPU time (user and system) and the peak memory of the process, as the operating system
counts them for a child (wait4). Wall-clock time is printed too and decides nothing. Every number is the median of
its runs; flowform's cases and terraform's are run in turn, in one run of this script, so that the ratios compare
like with like.

  quick (about a minute):  tests/bench/commands.py
  full (tens of minutes):  tests/bench/commands.py --full

For terraform's no-op plans the state is written by this script as terraform itself would after an apply, since the
apply would take hours; that the plan is a no-op is checked by its exit code, for flowform as well.

Needs nothing but python 3.9 and a release binary (`cargo build --release`).
"""

import argparse
import json
import math
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ENV = {"LEVEL": "INFO", "REGION": "eu-central-1"}
LABELS = ["prod", "etl"]


# ---------------------------------------------------------------------------------------------- configurations

FLOWFORM_HEAD = """\
flowform {
  project = "bench"
  registry "local" { path = "registry" }
}
locals {
  base_env = { LEVEL = "INFO", REGION = "eu-central-1" }
  labels   = ["prod", "etl"]
}
storage "module" "code" {
  module = "flows.bench"
}
"""

FLOWFORM_BLOCKS = """
run_config "local" "r%(i)d" {
  env    = merge(local.base_env, { INDEX = "%(i)d" })
  labels = local.labels
}

flow "f%(i)d" {
  storage    = storage.module.code
  run_config = run_config.local.r%(i)d
  parameters = { index = %(i)d }
}
"""

FLOWFORM_EACH = """
locals {
  keys = toset(flatten([for a in range(%(hundreds)d) : [for b in range(100) : tostring(a * 100 + b)]]))
}
run_config "local" "r" {
  for_each = local.keys
  env      = merge(local.base_env, { INDEX = each.key })
  labels   = local.labels
}
flow "f" {
  for_each   = local.keys
  storage    = storage.module.code
  run_config = run_config.local.r[each.key]
  parameters = { index = each.key }
}
"""

TERRAFORM_HEAD = """\
locals {
  base_env = { LEVEL = "INFO", REGION = "eu-central-1" }
  labels   = ["prod", "etl"]
  code     = "flows.bench"
}
"""

TERRAFORM_BLOCKS = """
resource "terraform_data" "r%(i)d" {
  input = {
    env    = merge(local.base_env, { INDEX = "%(i)d" })
    labels = local.labels
  }
}

resource "terraform_data" "f%(i)d" {
  input = {
    storage    = local.code
    run_config = terraform_data.r%(i)d.output
    parameters = { index = %(i)d }
  }
}
"""

TERRAFORM_EACH = """
locals {
  keys = toset(flatten([for a in range(%(hundreds)d) : [for b in range(100) : tostring(a * 100 + b)]]))
}
resource "terraform_data" "r" {
  for_each = local.keys
  input = {
    env    = merge(local.base_env, { INDEX = each.key })
    labels = local.labels
  }
}
resource "terraform_data" "f" {
  for_each = local.keys
  input = {
    storage    = local.code
    run_config = terraform_data.r[each.key].output
    parameters = { index = each.key }
  }
}
"""


def write_configuration(directory, name, head, blocks, each, shape, count):
    """Writes the configuration piece by piece: what this process holds at its peak is counted for its children."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(head)
        if shape == "for_each":
            # `range` makes at most 1,024 values, in both.
            file.write(each % {"hundreds": count // 100})
        else:
            for i in range(count):
                file.write(blocks % {"i": i})


def write_state(directory, shape, count):
    """Writes the state that terraform has after it applied the configuration."""
    text = "string"
    run_type = ["object", {
        "env": ["object", {"INDEX": text, "LEVEL": text, "REGION": text}],
        "labels": ["tuple", [text, text]],
    }]
    index_type = text if shape == "for_each" else "number"
    flow_type = ["object", {
        "parameters": ["object", {"index": index_type}], "run_config": run_type, "storage": text,
    }]

    def run(i):
        return {"env": {**ENV, "INDEX": str(i)}, "labels": LABELS}

    def flow(i):
        index = str(i) if shape == "for_each" else i
        return {"parameters": {"index": index}, "run_config": run(i), "storage": "flows.bench"}

    def instance(value, type_, key, dependencies):
        both = {"value": value, "type": type_}
        row = {} if key is None else {"index_key": key}
        attributes = {"id": str(uuid.uuid4()), "input": both, "output": both, "triggers_replace": None}
        row.update(schema_version=0, attributes=attributes, sensitive_attributes=[])
        if dependencies:
            row["dependencies"] = dependencies
        return json.dumps(row)

    def resources():
        if shape == "for_each":
            keys = sorted(str(i) for i in range(count))
            yield "f", (instance(flow(i), flow_type, i, ["terraform_data.r"]) for i in keys)
            yield "r", (instance(run(i), run_type, i, []) for i in keys)
        else:
            for i in range(count):
                yield f"f{i}", [instance(flow(i), flow_type, None, [f"terraform_data.r{i}"])]
                yield f"r{i}", [instance(run(i), run_type, None, [])]

    with open(os.path.join(directory, "terraform.tfstate"), "w", encoding="utf-8") as file:
        file.write('{"version":4,"terraform_version":"1.11.4","serial":1,')
        file.write(f'"lineage":"{uuid.uuid4()}","outputs":{{}},"check_results":null,"resources":[')
        for position, (name, instances) in enumerate(resources()):
            file.write("," if position else "")
            file.write('{"mode":"managed","type":"terraform_data","name":"%s",' % name)
            file.write('"provider":"provider[\\"terraform.io/builtin/terraform\\"]","instances":[')
            for number, row in enumerate(instances):
                file.write("," if number else "")
                file.write(row)
            file.write("]}")
        file.write("]}")


# ------------------------------------------------------------------------------------------------- measuring

class Measured:
    """What one run of a command took."""

    def __init__(self, code, usage, wall):
        self.code = code
        self.user, self.system, self.wall = usage.ru_utime, usage.ru_stime, wall
        self.cpu = usage.ru_utime + usage.ru_stime
        # Linux counts kilobytes, macOS bytes.
        self.memory = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


class Failed(Exception):
    """A command ended otherwise than it should."""


def measure(command, directory, limit, expected=(0,)):
    """Runs `command` and returns what it took."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "NO_COLOR": "1"}
        child = subprocess.Popen(
            command, cwd=directory, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )
        killed = threading.Event()

        def kill():
            killed.set()
            child.send_signal(signal.SIGKILL)

        timer = threading.Timer(limit, kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        if killed.is_set():
            raise Failed(f"{' '.join(command)}: ended after the limit of {limit} s, with "
                         f"{usage.ru_utime + usage.ru_stime:.0f} s of CPU")
        if child.returncode not in expected:
            output.seek(0)
            text = output.read(4000).decode("utf-8", "replace")
            raise Failed(f"{' '.join(command)}: exit code {child.returncode}\n{text}")
    return Measured(child.returncode, usage, wall)


class Results:
    """Every measurement by (tool, command, shape, count)."""

    def __init__(self):
        self.rows = {}

    def add(self, key, measured):
        self.rows.setdefault(key, []).append(measured)

    def median(self, key, what):
        runs = self.rows.get(key)
        return statistics.median(getattr(run, what) for run in runs) if runs else None

    def ratio(self, greater, smaller, what):
        """The ratio of two medians, `None` where one is missing."""
        a, b = self.median(greater, what), self.median(smaller, what)
        return a / b if a is not None and b else None

    def exponent(self, command, shape, counts, what="cpu"):
        """The slope of the least-squares line through the logarithms."""
        points = []
        for count in counts:
            value = self.median(("flowform", command, shape, count), what)
            if value:
                points.append((math.log(count), math.log(value)))
        if len(points) < 2:
            return None
        mx, my = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
        over = sum((x - mx) * (y - my) for x, y in points)
        return over / sum((x - mx) ** 2 for x, _ in points)


def say(text):
    print(text, flush=True)


# ----------------------------------------------------------------------------------------------------- cases

COMMANDS = ["validate", "plan", "apply", "no-op plan"]


def run_flowform(binary, home, shape, count, runs, limit, results):
    directory = os.path.join(home, f"flowform-{shape}-{count}")
    write_configuration(directory, "main.hcl", FLOWFORM_HEAD, FLOWFORM_BLOCKS, FLOWFORM_EACH, shape, count)
    registry = os.path.join(directory, "registry")
    plan = [binary, "plan", "--detailed-exitcode"]
    for run in range(runs):
        # Not removed: a file system is slow to make files right after it removed as many.
        if os.path.exists(registry):
            os.rename(registry, os.path.join(home, f"old-{shape}-{count}-{run}"))
        take = lambda name, command, expected: results.add(
            ("flowform", name, shape, count), measure(command, directory, limit, expected))
        take("validate", [binary, "validate"], (0,))
        take("plan", plan, (2,))
        take("apply", [binary, "apply", "--auto-approve"], (0,))
        take("no-op plan", plan, (0,))


def prepare_terraform(binary, home, shape, count, state):
    directory = os.path.join(home, f"terraform-{shape}-{count}-{'state' if state else 'empty'}")
    write_configuration(directory, "main.tf", TERRAFORM_HEAD, TERRAFORM_BLOCKS, TERRAFORM_EACH, shape, count)
    subprocess.run([binary, "init", "-no-color"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    if state:
        write_state(directory, shape, count)
    return directory


def run_terraform(binary, home, command, shape, count, runs, limit, results):
    key = ("terraform", command, shape, count)
    say(f"terraform {command}, {shape}, {count} ...")
    directory = prepare_terraform(binary, home, shape, count, state=command == "no-op plan")
    try:
        for _ in range(runs):
            if command == "apply":
                for name in ("terraform.tfstate", "terraform.tfstate.backup"):
                    if os.path.exists(os.path.join(directory, name)):
                        os.remove(os.path.join(directory, name))
                line = [binary, "apply", "-auto-approve", "-no-color", "-input=false"]
                results.add(key, measure(line, directory, limit))
            else:
                line = [binary, "plan", "-detailed-exitcode", "-no-color", "-input=false"]
                results.add(key, measure(line, directory, limit, (0,)))
    except Failed as failed:
        say(f"  {failed}")


# ---------------------------------------------------------------------------------------------------- report

def cell(value, form):
    return "–" if value is None else form.format(value)


def row(values):
    say("| " + " | ".join(values) + " |")


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}"


def report(results, sizes, shapes, comparisons, runs):
    say(f"\nMachine: {machine()}")
    say(f"Command: {' '.join(sys.argv)}\n")
    median = results.median
    runs_of_version = ("flowform", "version", "", 0)
    say(f"`flowform version`: {1000 * median(runs_of_version, 'cpu'):.1f} ms of CPU, "
        f"{median(runs_of_version, 'memory'):.0f} MB\n")
    say(f"flowform, medians of {runs} runs: CPU seconds (user + system), peak memory\n")
    row(["command", "shape", *(f"{count:,}" for count in sizes), "exponent, CPU", "exponent, memory"])
    row(["---"] * (4 + len(sizes)))
    for shape in shapes:
        for command in COMMANDS:
            cells = []
            for count in sizes:
                key = ("flowform", command, shape, count)
                cells.append(f"{median(key, 'cpu'):.3f} s ({median(key, 'user'):.3f} + "
                             f"{median(key, 'system'):.3f}), {median(key, 'memory'):.0f} MB")
            row([command, shape, *cells,
                 cell(results.exponent(command, shape, sizes), "{:.2f}"),
                 cell(results.exponent(command, shape, sizes, "memory"), "{:.2f}")])
    if not comparisons:
        return
    say("\nbeside terraform\n")
    row(["case", "terraform CPU", "memory", "flowform CPU", "memory", "less CPU", "less memory"])
    row(["---"] * 7)
    for command, shape, count in comparisons:
        theirs, ours = (tool_key(tool, command, shape, count) for tool in ("terraform", "flowform"))
        row([f"{command}, {shape}, {count:,}",
             cell(median(theirs, "cpu"), "{:.1f} s"), cell(median(theirs, "memory"), "{:.0f} MB"),
             cell(median(ours, "cpu"), "{:.3f} s"), cell(median(ours, "memory"), "{:.0f} MB"),
             cell(results.ratio(theirs, ours, "cpu"), "{:.0f} times"),
             cell(results.ratio(theirs, ours, "memory"), "{:.1f} times")])


def tool_key(tool, command, shape, count):
    return (tool, command, shape, count)


def save(path, results):
    document = [
        {"tool": tool, "command": command, "shape": shape, "count": count,
         "runs": [vars(run) for run in runs]}
        for (tool, command, shape, count), runs in results.rows.items()
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)


def numbers(text):
    values = [int(part) for part in text.split(",") if part]
    if any(value < 100 or value % 100 for value in values):
        raise argparse.ArgumentTypeError("sizes are multiples of 100")
    return values


def arguments():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--flowform", default=os.path.join(target, "release", "flowform"), help="the release binary")
    add("--sizes", type=numbers, default=[1000, 10000], help="numbers of flows (default 1000,10000)")
    add("--runs", type=int, default=5, help="runs of each command (default 5)")
    add("--terraform", default="terraform", help="the terraform binary; 'none' leaves it out")
    add("--terraform-runs", type=int, default=1, help="runs of each of terraform's cases (default 1)")
    add("--terraform-plan", type=numbers, default=[1000], help="blocks in its no-op plans")
    add("--terraform-each", type=numbers, default=[200], help="instances in its no-op plans with for_each")
    add("--terraform-apply", type=numbers, default=[100], help="blocks in its applies")
    add("--limit", type=float, default=1200, help="seconds after which a command is ended (default 1200)")
    add("--full", action="store_true",
        help="terraform at full size: plans of 10000 blocks, of one for_each of 1000, apply of 1000 blocks")
    add("--json", help="write every measurement to this file")
    given = parser.parse_args()
    if given.full:
        given.terraform_plan, given.terraform_each, given.terraform_apply = [10000], [1000], [1000]
    return given


def main():
    given = arguments()
    if not os.path.exists(given.flowform):
        sys.exit(f"{given.flowform} is missing: run `cargo build --release`, or name a binary with --flowform")
    binary, terraform = os.path.abspath(given.flowform), shutil.which(given.terraform)
    comparisons = []
    if terraform:
        comparisons += [("no-op plan", "blocks", count) for count in given.terraform_plan]
        comparisons += [("no-op plan", "for_each", count) for count in given.terraform_each]
        comparisons += [("apply", "blocks", count) for count in given.terraform_apply]
    results, shapes = Results(), ["blocks", "for_each"]
    with tempfile.TemporaryDirectory(prefix="flowform-bench-") as home:
        for _ in range(20):
            results.add(("flowform", "version", "", 0), measure([binary, "version"], home, given.limit))
        cases = {(shape, count) for shape in shapes for count in given.sizes}
        cases |= {(shape, count) for _, shape, count in comparisons}
        for shape, count in sorted(cases):
            say(f"flowform, {shape}, {count} ...")
            run_flowform(binary, home, shape, count, given.runs, given.limit, results)
        for command, shape, count in comparisons:
            run_terraform(terraform, home, command, shape, count, given.terraform_runs, given.limit, results)
        # Before the many files are removed, which takes its time.
        report(results, given.sizes, shapes, comparisons, given.runs)
        if given.json:
            save(given.json, results)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(str(failure))
