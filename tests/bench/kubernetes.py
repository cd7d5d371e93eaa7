#!/usr/bin/env python3
"""Measures an apply of 1,000 Kubernetes flows against a real API server, beside a bare parallel loop of the same requests
and beside `kubectl apply --server-side` of one file, all in one run against one server.

  tests/bench/kubernetes.py [--flowform PATH] [--flows 1000] [--rounds 3] [--parallelism N]

The server is the one of the tests (`tests/kubernetes/serve`). Each round gives each contender a namespace of its own and lets
them run in turn:

  flowform   `apply --auto-approve`: for each flow it creates a ConfigMap and writes a pointer by server-side apply, and keeps
             its registry in a local directory besides
  loop       the same 2 requests for each flow, with the bodies that flowform left in the cluster, by `curl --parallel`: all
             creations, then all pointers, and nothing else
  kubectl    `kubectl apply --server-side` of one file with the same objects

What is printed is requests per second of wall-clock time, as medians of the rounds, and flowform's as a part of the others'.
Needs python 3.9, curl, a flowform binary, and kubectl on the PATH (without it, it is left out).
"""

import argparse
import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

CONFIGURATION = """\
flowform {
  project = "bench"
}
provider "kubernetes" {
  config_path = "kubeconfig"
}
agent "kubernetes" "cluster" {}
storage "module" "code" {
  module = "flows.bench"
}
flow "etl" {
  for_each = toset([for i in range(%d) : format("%%04d", i)])
  name     = "etl-${each.key}"
  storage  = storage.module.code
  run_config "kubernetes" {
    image = "example/etl:1"
    env   = { INDEX = each.key, LEVEL = "INFO" }
  }
}
"""


class Server:
    def __init__(self, directory):
        serve = os.path.join(ROOT, "tests", "kubernetes", "serve")
        place = subprocess.run([serve, directory, str(os.getpid())], check=True, stdout=subprocess.PIPE, text=True)
        self.place = place.stdout.strip()
        with open(os.path.join(self.place, "url")) as file:
            self.url = file.read().strip()
        self.ca = os.path.join(self.place, "ca.crt")
        self.context = ssl.create_default_context(cafile=self.ca)

    def call(self, method, path, body=None):
        headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, context=self.context, timeout=60) as answer:
            return json.load(answer)

    def namespace(self, name):
        name = f"bench-{os.getpid()}-{name}"
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def kubeconfig(self, path, namespace):
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench", "namespace": namespace}}],
            "clusters": [{"name": "bench", "cluster": {"server": self.url, "certificate-authority": self.ca}}],
            "users": [{"name": "bench", "user": {"token": "admin-token"}}],
        }
        with open(path, "w") as file:
            json.dump(config, file)

    def objects(self, namespace):
        items = self.call("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
        return [item for item in items if item["metadata"]["name"].startswith("flowform-")]


def timed(command, cwd, env=None):
    began = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    took = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])} ... failed:\n{done.stdout[-3000:]}")
    return took


def clean(item, namespace):
    meta = item["metadata"]
    kept = {"name": meta["name"], "namespace": namespace, "labels": meta["labels"], "annotations": meta["annotations"]}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept, "data": item["data"]}
    if item.get("immutable"):
        body["immutable"] = True
    return body


def flowform(server, binary, flows, parallelism, directory):
    namespace = server.namespace(f"flowform-{os.path.basename(directory)}")
    server.kubeconfig(os.path.join(directory, "kubeconfig"), namespace)
    with open(os.path.join(directory, "main.hcl"), "w") as file:
        file.write(CONFIGURATION % flows)
    command = [binary, "apply", "--auto-approve"]
    if parallelism:
        command += ["--parallelism", str(parallelism)]
    env = {"PATH": os.environ["PATH"], "HOME": directory, "FLOWFORM_ACTOR": "bench"}
    return timed(command, directory, env), server.objects(namespace)


def loop(server, objects, directory, at_once):
    namespace = server.namespace(f"loop-{os.path.basename(directory)}")
    base = f"{server.url}/api/v1/namespaces/{namespace}/configmaps"
    took = 0.0
    pointers = [item for item in objects if item["metadata"]["name"].endswith("-latest")]
    templates = [item for item in objects if not item["metadata"]["name"].endswith("-latest")]
    phases = [
        (templates, "POST", "application/json", lambda name: base + "?fieldManager=flowform"),
        (pointers, "PATCH", "application/apply-patch+yaml", lambda name: f"{base}/{name}?fieldManager=flowform&force=false"),
    ]
    for number, (items, method, content, address) in enumerate(phases):
        lines = []
        for index, item in enumerate(items):
            body = os.path.join(directory, f"body-{number}-{index}.json")
            with open(body, "w") as file:
                json.dump(clean(item, namespace), file)
            lines += [f'url = "{address(item["metadata"]["name"])}"', f'request = "{method}"', f'data-binary = "@{body}"',
                      f'header = "Content-Type: {content}"', 'header = "Authorization: Bearer admin-token"',
                      f'cacert = "{server.ca}"', 'output = "/dev/null"', "fail", "silent", "next"]
        script = os.path.join(directory, f"loop-{number}")
        with open(script, "w") as file:
            file.write("\n".join(lines[:-1]) + "\n")
        took += timed(["curl", "--parallel", "--parallel-max", str(at_once), "--config", script], directory)
    found = len(server.objects(namespace))
    if found != len(objects):
        sys.exit(f"the loop made {found} objects and not {len(objects)}")
    return took


def kubectl(server, objects, directory):
    namespace = server.namespace(f"kubectl-{os.path.basename(directory)}")
    config = os.path.join(directory, "kubectl-config")
    server.kubeconfig(config, namespace)
    path = os.path.join(directory, "all.json")
    with open(path, "w") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": [clean(item, namespace) for item in objects]}, file)
    env = {"PATH": os.environ["PATH"], "HOME": directory}
    command = ["kubectl", "--kubeconfig", config, "apply", "--server-side", "--validate=false", "--filename", path]
    return timed(command, directory, env)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flowform", default=os.path.join(ROOT, "target", "release", "flowform"))
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parallelism", type=int, default=0, help="flowform's; 0 is its default")
    parser.add_argument("--loop", type=int, default=64, help="requests of the bare loop at once")
    parser.add_argument("--no-kubectl", action="store_true")
    options = parser.parse_args()
    with_kubectl = shutil.which("kubectl") and not options.no_kubectl
    times = {"flowform": [], "loop": [], "kubectl": []}
    with tempfile.TemporaryDirectory() as base:
        server = Server(base)
        for number in range(options.rounds):
            directory = os.path.join(base, f"round{number}")
            os.mkdir(directory)
            took, objects = flowform(server, options.flowform, options.flows, options.parallelism, directory)
            if len(objects) != 2 * options.flows:
                sys.exit(f"flowform made {len(objects)} objects and not {2 * options.flows}")
            times["flowform"].append(took)
            times["loop"].append(loop(server, objects, directory, options.loop))
            if with_kubectl:
                times["kubectl"].append(kubectl(server, objects, directory))
            print(f"round {number + 1}: " + ", ".join(f"{who} {took[-1]:.2f} s" for who, took in times.items() if took), flush=True)
    requests = 2 * options.flows
    medians = {who: statistics.median(took) for who, took in times.items() if took}
    print(f"\n| contender | {requests} requests in | requests/s | flowform's throughput as a part of it |\n|---|---|---|---|")
    for who, took in medians.items():
        print(f"| {who} | {took:.2f} s | {requests / took:.0f} | {took / medians['flowform']:.2f} |")
    if not with_kubectl:
        print("\nkubectl is not on the PATH and was left out.")


if __name__ == "__main__":
    main()
