"""A strict server that stands for Vertex AI in tests: CustomJobs through their states, listed with filters and pages.

    python server.py [--submissions-per-minute N]

It listens on a free port of the loopback interface, prints `{"port": N}` when it is ready, and ends when its standard input
does. What it takes is `rules.py`'s matter. Beside the service's own paths it has `/control/advance`, which moves every job
one state on, `/control/calls`, which tells and forgets the calls so far, and `/control/set`, which gives a path another answer
(for the lookups of other services: `{"path": ..., "status": ..., "body": ...}`).
"""

import argparse
import base64
import collections
import datetime
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

from google.protobuf import json_format

import rules

REFRESH = "refresh-token-of-the-test"
NEXT = {
    "JOB_STATE_QUEUED": "JOB_STATE_PENDING",
    "JOB_STATE_PENDING": "JOB_STATE_RUNNING",
    "JOB_STATE_RUNNING": "JOB_STATE_SUCCEEDED",
    "JOB_STATE_CANCELLING": "JOB_STATE_CANCELLED",
}
COLLECTION = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+)/customJobs")


class Refused(Exception):
    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status, self.reason = status, reason


class Service:
    def __init__(self, submissions_per_minute):
        self.lock = threading.Lock()
        self.jobs = collections.OrderedDict()
        self.tokens, self.calls, self.answers = set(), [], {}
        self.submissions, self.limit = collections.deque(), submissions_per_minute
        self.next = 0

    def create(self, parent, body):
        now = time.monotonic()
        while self.submissions and now - self.submissions[0] >= 60:
            self.submissions.popleft()
        if len(self.submissions) >= self.limit:
            raise Refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded for custom job submissions per minute.")
        try:
            message = rules.parse(body)
            rules.check(message)
        except rules.Invalid as error:
            raise Refused(400, "INVALID_ARGUMENT", str(error)) from None
        self.submissions.append(now)
        self.next += 1
        job = json_format.MessageToDict(message)
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        job |= {
            "name": f"{parent}/customJobs/{1000000000 + self.next}",
            "state": "JOB_STATE_QUEUED",
            "createTime": stamp,
            "updateTime": stamp,
        }
        self.jobs[job["name"]] = job
        return job

    def get(self, name):
        if name not in self.jobs:
            raise Refused(404, "NOT_FOUND", f"The CustomJob {name!r} does not exist.")
        return self.jobs[name]

    def cancel(self, name):
        job = self.get(name)
        if job["state"] in NEXT:
            job["state"] = "JOB_STATE_CANCELLING"
        return {}

    def delete(self, name):
        job = self.get(name)
        if job["state"] in NEXT:
            raise Refused(400, "FAILED_PRECONDITION", f"The CustomJob is in the state {job['state']}.")
        del self.jobs[name]
        return {"name": f"{name}/operations/1", "done": True}

    def list(self, parent, query):
        unknown = set(query) - {"filter", "pageSize", "pageToken", "readMask"}
        if unknown:
            raise Refused(400, "INVALID_ARGUMENT", f"Unknown name {unknown.pop()!r}: Cannot bind query parameter.")
        condition = parse_filter(query.get("filter", ""))
        size = int(query.get("pageSize", "100"))
        if not 0 < size <= 100:
            size = 100
        found = [job for name, job in reversed(self.jobs.items()) if name.startswith(parent + "/") and condition(job)]
        start = 0
        if "pageToken" in query:
            try:
                start, series = json.loads(base64.b64decode(query["pageToken"]))
            except ValueError:
                raise Refused(400, "INVALID_ARGUMENT", "The page token is invalid.") from None
            if series != query.get("filter", ""):
                raise Refused(400, "INVALID_ARGUMENT", "The page token belongs to another request.")
        page = found[start : start + size]
        if mask := query.get("readMask"):
            names = [re.sub(r"_(\w)", lambda m: m[1].upper(), name) for name in mask.split(",")]
            if bad := [name for name in names if name not in {"name", "state", "labels", "displayName", "createTime"}]:
                raise Refused(400, "INVALID_ARGUMENT", f"Invalid read mask: {bad[0]}")
            page = [{key: value for key, value in job.items() if key in names} for job in page]
        result = {}
        if page:
            result["customJobs"] = page
        if start + size < len(found):
            token = json.dumps([start + size, query.get("filter", "")])
            result["nextPageToken"] = base64.b64encode(token.encode()).decode()
        return result

    def advance(self):
        for job in self.jobs.values():
            job["state"] = NEXT.get(job["state"], job["state"])
        return {}


def parse_filter(text):
    """A filter of the documented form: comparisons joined by AND and OR, each with NOT before it or not."""
    if not text.strip():
        return lambda job: True
    any_of = []
    for alternative in re.split(r"\s+OR\s+", text):
        any_of.append([comparison(term.strip()) for term in re.split(r"\s+AND\s+", alternative)])
    return lambda job: any(all(term(job) for term in terms) for terms in any_of)


def comparison(term):
    if term.startswith("NOT "):
        inner = comparison(term[4:].strip())
        return lambda job: not inner(job)
    match = re.fullmatch(r'([a-z_]+(?:\.[\w-]+)?)\s*(!=|<=|>=|=|<|>|:)\s*("[^"]*"|[^\s"]+)', term)
    if not match:
        raise Refused(400, "INVALID_ARGUMENT", f"Invalid filter: {term!r}")
    field, operator, value = match[1], match[2], match[3].strip('"')
    allowed = {"display_name": {"=", "!=", ":"}, "state": {"=", "!="}, "create_time": {"=", "!=", "<", "<=", ">", ">="}}
    if field.startswith("labels."):
        key = field.removeprefix("labels.")
        if operator == ":" and value == "*":
            return lambda job: key in job.get("labels", {})
        if operator == "=":
            return lambda job: job.get("labels", {}).get(key) == value
        raise Refused(400, "INVALID_ARGUMENT", f"Invalid filter on labels: {term!r}")
    if operator not in allowed.get(field, set()):
        raise Refused(400, "INVALID_ARGUMENT", f"Invalid filter: {term!r}")
    if field == "state" and value not in {*NEXT, *NEXT.values(), "JOB_STATE_FAILED", "JOB_STATE_EXPIRED",
                                          "JOB_STATE_PAUSED", "JOB_STATE_UPDATING", "JOB_STATE_PARTIALLY_SUCCEEDED"}:
        raise Refused(400, "INVALID_ARGUMENT", f"{value!r} is no state")
    name = {"display_name": "displayName", "state": "state", "create_time": "createTime"}[field]
    compare = {
        "=": lambda a: a == value, "!=": lambda a: a != value, "<": lambda a: a < value, "<=": lambda a: a <= value,
        ">": lambda a: a > value, ">=": lambda a: a >= value,
        ":": lambda a: re.fullmatch(re.escape(value).replace(r"\*", ".*"), a) is not None,
    }[operator]
    return lambda job: compare(job.get(name, ""))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def do_GET(self):
        self.handle_one("GET")

    def do_HEAD(self):
        self.handle_one("HEAD")

    def do_POST(self):
        self.handle_one("POST")

    def do_DELETE(self):
        self.handle_one("DELETE")

    def handle_one(self, method):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        try:
            with self.service.lock:
                status, answer = self.route(method, urllib.parse.unquote(url.path), query, body)
        except Refused as refused:
            error = {"code": refused.status, "message": str(refused), "status": refused.reason}
            status, answer = refused.status, {"error": error}
        text = b"" if method == "HEAD" else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=UTF-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def route(self, method, path, query, body):
        service = self.service
        if path == "/token":
            return 200, self.token(body)
        if path == "/control/advance":
            return 200, service.advance()
        if path == "/control/calls":
            calls, service.calls = service.calls, []
            return 200, calls
        if path == "/control/set":
            given = json.loads(body)
            service.answers[given["path"]] = (given["status"], given["body"])
            return 200, {}
        service.calls.append(f"{method} {path}")
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if token not in service.tokens:
            raise Refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if path in service.answers:
            status, answer = service.answers[path]
            if status >= 400:
                raise Refused(status, "PERMISSION_DENIED" if status == 403 else "NOT_FOUND", answer)
            return status, answer
        if match := COLLECTION.fullmatch(path):
            if method == "POST":
                try:
                    body = json.loads(body)
                except ValueError:
                    raise Refused(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") from None
                return 200, service.create(match[1], body)
            if method == "GET":
                return 200, service.list(match[1], query)
        elif match := re.fullmatch(r"/v1/(projects/[^/]+/locations/[^/]+/customJobs/\d+)(:cancel)?", path):
            if method == "GET" and not match[2]:
                return 200, service.get(match[1])
            if method == "POST" and match[2]:
                return 200, service.cancel(match[1])
            if method == "DELETE" and not match[2]:
                return 200, service.delete(match[1])
        raise Refused(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")

    def token(self, body):
        try:
            given = json.loads(body)
        except ValueError:
            given = dict(urllib.parse.parse_qsl(body.decode()))
        if given.get("refresh_token") != REFRESH:
            raise Refused(400, "invalid_grant", "Bad Request")
        token = f"token-{len(self.service.tokens)}"
        self.service.tokens.add(token)
        return {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def log_message(self, format, *args):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions-per-minute", type=int, default=60)
    options = parser.parse_args()
    Handler.service = Service(options.submissions_per_minute)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.read()


main()
