"""A stand-in for AWS on a free loopback port: moto behind what a test can ask of it.

Prints its port, serves until its standard input ends (so that it never outlives whoever started it), and answers:

  GET  /_testbed/calls    the calls so far: [{"service", "operation", "method", "path"}]
  POST /_testbed/forget   forgets them
  POST /_testbed/faults   a list of faults to come:
      {"operation": "PutObject",   which calls; absent means any
       "path": "regex",            a path that they must match; absent means any
       "skip": 0, "times": 1,      how many are let through first, how many are hit (null: all)
       "do": "refuse"              answered without being done: status, code, message, headers
           | "drop"                the connection breaks, nothing is done
           | "lose"                it is done, and the connection breaks
           | "hold"                it is done, and answered when there are other faults
           | "slow"                it waits for "seconds", or until there are other faults, then is done, unless
                                   whoever asked is gone
           | "without"}            it is done as if it had no header "code"

Calls are done one at a time, as conditional writes of the service are: moto by itself compares, then writes.
"""

import io
import json
import os
import re
import socket
import sys
import threading
import time
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

S3_OPERATIONS = {
    ("PUT", True): "PutObject",
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("DELETE", True): "DeleteObject",
    ("POST", True): "PostObject",
    ("PUT", False): "CreateBucket",
    ("GET", False): "ListObjectsV2",
    ("HEAD", False): "HeadBucket",
    ("DELETE", False): "DeleteBucket",
    ("POST", False): "DeleteObjects",
}


class Testbed:
    def __init__(self):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.one = threading.Lock()
        self.book = threading.Lock()
        self.calls = []
        self.faults = []

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_testbed/"):
            return self.control(path, environ, start_response)
        call = describe(environ)
        said = []
        with self.book:
            self.calls.append(call)
            fault = self.due(call)
        if fault is not None:
            done = fault["do"]
            if done == "refuse":
                read_body(environ)
                return refuse(call, fault, start_response)
            if done == "drop":
                cut(environ)
            if done == "without":
                environ.pop("HTTP_" + fault["code"].upper().replace("-", "_"), None)
            if done == "slow":
                self.wait(fault, fault["seconds"])
                if is_gone(environ):
                    cut(environ)
        asked = read_body(environ) if call["service"] == "ecs" else b""
        with self.one:
            answer = [b"".join(self.app(environ, lambda *begun: said.append(begun)))]
        status, headers = said[0][:2]
        if call["service"] == "ecs":
            answer = [ecs_answer(call["operation"], asked, status, answer[0])]
            headers = with_length(headers, answer[0])
        start_response(status, headers)
        if fault is not None and fault["do"] == "hold":
            self.wait(fault, 3600)
        if fault is not None and fault["do"] == "lose":
            cut(environ)
        return answer

    def wait(self, fault, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(fault is known for known in self.faults):
            time.sleep(0.01)

    def due(self, call):
        for fault in self.faults:
            if fault.get("operation") not in (None, call["operation"]):
                continue
            if not re.search(fault.get("path") or "", call["path"]):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            times = fault.get("times", 1)
            if times == 0:
                continue
            if times is not None:
                fault["times"] = times - 1
            return fault
        return None

    def control(self, path, environ, start_response):
        body = read_body(environ)
        with self.book:
            if path == "/_testbed/forget":
                self.calls = []
            if path == "/_testbed/faults":
                self.faults = json.loads(body)
            answer = json.dumps(self.calls).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]


def read_body(environ):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def describe(environ):
    path = environ.get("PATH_INFO", "")
    scope = re.search(r"Credential=[^,]*", environ.get("HTTP_AUTHORIZATION", ""))
    parts = scope.group(0).split("/") if scope else []
    service = parts[3] if len(parts) == 5 else "s3"
    region = parts[2] if len(parts) == 5 else ""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        operation = target.rsplit(".", 1)[-1]
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(read_body(environ).decode()).get("Action", [""])[0]
    else:
        has_key = path.strip("/").count("/") > 0
        operation = S3_OPERATIONS.get((environ["REQUEST_METHOD"], has_key), environ["REQUEST_METHOD"])
    return {
        "service": service,
        "region": region,
        "operation": operation,
        "method": environ["REQUEST_METHOD"],
        "path": path,
    }


def with_length(headers, body):
    rest = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return rest + [("Content-Length", str(len(body)))]


def ecs_answer(operation, asked, status, answer):
    """What ECS answers where moto leaves something out: pages of the size asked for, the newest revisions first where that
    is asked for, lists in an order of the service's own, and those that it always has."""
    if not status.startswith("200"):
        return answer
    asked, body = json.loads(asked or b"{}"), json.loads(answer)
    if operation == "ListTaskDefinitions":
        arns = body.get("taskDefinitionArns", [])
        key = lambda arn: (arn.rsplit(":", 1)[0], int(arn.rsplit(":", 1)[1]))  # noqa: E731
        arns.sort(key=key, reverse=asked.get("sort") == "DESC")
        start, size = int(asked.get("nextToken") or 0), int(asked.get("maxResults") or 100)
        body = {"taskDefinitionArns": arns[start : start + size]}
        if start + size < len(arns):
            body["nextToken"] = str(start + size)
    if operation == "DescribeTaskDefinition":
        for container in body["taskDefinition"].get("containerDefinitions", []):
            container.setdefault("systemControls", [])
            for name in ("environment", "secrets"):
                container.get(name, []).reverse()
    return json.dumps(body).encode()


def refuse(call, fault, start_response):
    status, code, message = fault.get("status", 500), fault.get("code", "InternalError"), fault.get("message", "")
    if call["service"] == "s3":
        kind, text = "application/xml", f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    elif call["service"] == "ec2":
        kind = "text/xml"
        text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    elif call["service"] in ("sts", "iam"):
        kind = "text/xml"
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    else:
        kind, text = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
    body = b"" if call["method"] == "HEAD" else text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    headers += [(name, value) for name, value in fault.get("headers", {}).items()]
    start_response(f"{status} Refused", headers)
    return [body]


def is_gone(environ):
    try:
        return environ["werkzeug.socket"].recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def cut(environ):
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut by the test")


def main():
    # Nothing of the machine's own AWS configuration enters.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    server = make_server("127.0.0.1", 0, Testbed(), threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    # What the server says of each request helps nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdin.read()
    os._exit(0)


main()
