"""Makes up inputs for `record_made.py`: ordinary arguments, and ones that the original takes in ways nobody would guess."""

CHARACTERS = "aZ09 _-.,:;/\\'\"&#%+*()[]{}<>|~`@$^=!?\t\n\u00e9\u00df\u00c6\u0142\u0130\u0131\u00a0\u2019\u2013\u20ac\u00b5\u65e5\u672c\u0416\u0661\u00bd\u2705\u2605\u221e\u20bf\U0001f600"
NAMES = ["etl", "My Flow: 1", "1,000 rows", "don't", "a_b--c", "A&amp;B", "A&lt;b", "&#39;x", "tab\tname", "x" * 300, "!!!", "1,000,000.5", "a,1", "Ünïcödé"]
SCALARS = ["text", "", "a,b", "0", "-1", "1.5", " 7 ", 5, 0, -3, 1.5, 2.0, 1e16, 1e-7, 123456789012345678, True, False, None]
LABELS = [["b", "a", "b"], [], None, "cab", ["a", 1], [True, 1], [1.0, "1"], [None], ["b", None], {"x": 1}, 5, "", 0, [[1]], ["é", "Z", "_"], ["10", 9], [{}], False]
ENVS = [{"A": "1"}, {}, None, {"A": 1, "B": True, "C": None, "D": 1.5, "E": [1], "F": {"g": 2}}, "A=1", ["A"], [], "", 0, {"": "x"}, {"é": "ü"}]
MAPPINGS = [{}, {"a": 1}, {"a": {"b": [1, None, 2.0]}}, None, [], ["x"], "x", "", 5, True]
TEMPLATES = [{}, {"kind": "Job"}, None, [], [1], "kind: Job", "hello", "", "- a", "a: [1", "a: 1\nb: yes\n", "a: &x {b: 1}\nc: *x\n", "a: 2020-01-01", 5, False, 0, "~", "a: 1\na: 2\n", "\ta: 1", "a: 010\nb: 1_000\nc: 0x1F\nd: 1e3\ne: 1.\nf: .5\ng: 190:20:30\n", "a: !!str 5\nb: !!int '7'\n", "{a: 1, 'b': \"\\x41\"}", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "<<: {a: 1}\nb: 2", "? a\n: b", "1: x\nnull: y\ntrue: z\n1.5: w\n", "---\na: 1\n---\nb: 2\n", "a: off\nb: Off\nc: on\nd: n\ne: Y\nf: NULL\n", "a: .inf", "a: @x", "%x", "a: b: c"]
FILES = {"job.yaml": "apiVersion: batch/v1\nkind: Job\n", "list.yaml": "- 1\n", "empty.yaml": "", "bad.yaml": "a: [1\n", "scalar.yaml": "5\n", "sub/x.json": "{\"a\": 1}"}
PATHS = ["job.yaml", "./sub/../job.yaml", "{{files}}/job.yaml", "file://{{files}}/job.yaml", "file:job.yaml", "FILE:{{files}}/sub/x.json", "local://{{files}}/job.yaml", "local:job.yaml", "file://host{{files}}/job.yaml", "file://job.yaml", "list.yaml", "empty.yaml", "bad.yaml", "scalar.yaml", "gone.yaml", "", None, "sub", "s3://b/k", "S3://B/K", "s3:b/k", "gs://b/k", "gcs://b/k", "http://h/p?q#f", "https://h", "agent:///x", "agent://x", "ftp://h/x", "1x://h/y", "a+b.c-d:x", "job.yaml?x=1", "job.yaml#x", "c:/x", "://x", "job.yaml ", "%6aob.yaml", "http://[::1/x", "a b://x", "~/job.yaml", "job.yaml;x", 5, [], 0, True]
PLAIN = ["1", "yes", "No", "~", "null", "x", "a b", "12:30", "1_0", "0x1f", "017", "08", "1e3", "1.5e+3", ".5", "-1", "+1", "2022-02-23", "2022-2-3", "2022-02-23 10:00:00", "2022-02-23T10:00:00Z", "2022-13-45", "'q'", '"d\\n"', '"\\u00e9"', "'it''s'", "a#b", "a #b", "a: b", "a:b", "-x", "- x", "?x", "? x", "*a", "&a 1", "!!str 1", "!!int '1'", "!x y", "|", ">", "@x", "`x", "%x", "{a: 1}", "{a: 1,}", "{a, b}", "[1, 2]", "[1, 2,]", "[a: 1]", "{a:1}", "{'a':1}", "[", "]", "a]", "<<", "=", "1.", "1.5.2", "::", "a:", "http://x:1", "$x", "é", "", " ", "# c", "--- x", "..."]
KEYS = ["a", "b", "1", "true", "null", "1.5", "'k'", '"k"', "a b", "<<", "? k", "*a", "&a k", "2022-02-23", "[1]", "a:b", "é", "-k", "x#y", ""]


def yaml(rng):
    """A document of lines that are mostly a mapping."""
    lines, depth = [], 0
    for _ in range(rng.randint(1, 6)):
        depth = max(0, min(3, depth + rng.choice([-1, 0, 0, 0, 1])))
        indent = " " * (2 * depth) if rng.random() < 0.95 else rng.choice([" ", "   "])
        what = rng.random()
        if what < 0.6:
            gap = rng.choice([" "] * 13 + ["", "  "])
            line = f"{rng.choice(KEYS)}:{gap}{rng.choice(PLAIN)}"
        elif what < 0.8:
            line = f"- {rng.choice(PLAIN)}"
        elif what < 0.9:
            line = f"{rng.choice(KEYS)}: {rng.choice(['|', '>', '|-', '>+', '|2', '&a', '*a'])}"
        else:
            line = rng.choice(PLAIN)
        lines.append(indent + line + rng.choice([""] * 30 + [" ", " # c", "#c", "\t"]))
    return "\n".join(lines) + rng.choice(["", "\n", "\n\n", "\n...\n", "\r\n"])


IMAGES = ["img", "", "reg.io/a/b:c", 5, None, 1.5, True, ["a"], {}]


def maybe(rng, target, chance=0.35, **fields):
    for name, values in fields.items():
        if rng.random() < chance:
            target[name] = values(rng) if callable(values) else rng.choice(values)
    return target


def text(rng):
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(1, 12)))


def name(rng):
    return rng.choice(NAMES) if rng.random() < 0.4 else text(rng)


def run_config(rng):
    kind = rng.choice(["UniversalRun", "LocalRun", "DockerRun", "KubernetesRun", "KubernetesRun", "ECSRun", "ECSRun", "VertexRun"])
    out = maybe(rng, {"type": kind}, 0.25, env=ENVS, labels=LABELS)
    amounts = SCALARS + ["500m", "1 vcpu", "2 GB", [1], {}, 0.1 + 0.2, 1e22, 1e15, 123456.789e3, 5e-324, -0.0]
    if kind == "LocalRun":
        maybe(rng, out, 0.8, working_dir=["", ".", "rel/dir/", "/a/b/../c/", "//x/y", "///x", "~/x", "a//b", "/..", "./sub/..", None, 5, [], True, "a\tb", "é"])
    elif kind == "DockerRun":
        ports = [[80], ["8080", 80.9], [], "80", "8o", ["http"], [[53, "udp"]], None, {"80": 1}, 5, [" 7 "], ["1_0"], [True], [None], ["-5"], ["+5"], ["1e3"], ["0x10"], [""], [1e20], "", 0, [1e400 if False else 2.5], ["1__0"], [-0.5]]
        maybe(rng, out, 0.5, image=IMAGES, ports=ports, host_config=MAPPINGS)
    elif kind == "KubernetesRun":
        maybe(rng, out, 0.25, image=IMAGES, cpu_limit=amounts, cpu_request=amounts, memory_limit=amounts, memory_request=amounts, service_account_name=SCALARS)
        maybe(rng, out, 0.2, image_pull_secrets=[["b", "a", "b"], "ab", [], None, {"a": 1}, 5, [1, None], "", 0, [["x"]], True], image_pull_policy=["Always", "IfNotPresent", "Never", "always", "", None, 5, [], {}, True, "Never "])
        maybe(rng, out, 0.4, job_template_path=PATHS, job_template=TEMPLATES)
        if "job_template" in out and rng.random() < 0.5:
            out["job_template"] = yaml(rng)
    elif kind == "ECSRun":
        maybe(rng, out, 0.2, image=IMAGES, cpu=amounts, memory=amounts, task_role_arn=SCALARS, execution_role_arn=SCALARS)
        maybe(rng, out, 0.3, task_definition=TEMPLATES, task_definition_path=PATHS, run_task_kwargs=MAPPINGS)
        maybe(rng, out, 0.15, task_definition_arn=["arn:x", "", None, 5, {}])
    elif kind == "VertexRun":
        pools = [[], [{}], [None], [{"a": 1}, None], None, {}, "x", [1], ["x"], "", 0, 5, {"a": 1}, [[]]]
        maybe(rng, out, 0.4, image=IMAGES, machine_type=SCALARS, scheduling=MAPPINGS, service_account=SCALARS, network=SCALARS, worker_pool_specs=pools)
    if rng.random() < 0.02:
        out[rng.choice(["bogus", "cpu", "image", "env_vars"])] = 1
    return out


FLAGS = [True, False, None, "yes", "no", "", 0, 1, "False", "off", "tRUE", "x", [], [1], 2.5]
TEXTS = ["x", "a/b", "", None, 5, 1.5, True, [], ["x"], {}, "/abs", "é"]
METHODS = ["GET", "POST", "PUT", "PATCH", "get", "DELETE", "", None, 5, []]


def storage(rng):
    kind = rng.choice(["Azure", "Bitbucket", "CodeCommit", "Docker", "Docker", "GCS", "Git", "Git", "GitHub", "GitLab", "Local", "Local", "Module", "S3", "Webhook"])
    out = {"type": kind}
    required = {"Azure": ["container"], "Bitbucket": ["project", "repo"], "CodeCommit": ["repo"], "GCS": ["bucket"], "Git": ["flow_path"], "GitHub": ["repo", "path"], "GitLab": ["repo"], "Module": ["module"], "S3": ["bucket"]}
    for field in required.get(kind, []):
        if rng.random() < 0.97:
            out[field] = rng.choice(TEXTS) if rng.random() < 0.3 else rng.choice(["x", "o/r", "f.py"])
    maybe(rng, out, 0.12, secrets=[["A", "B", "A"], [], None, "ab", [5], {"a": 1}, 5], labels=LABELS, add_default_labels=FLAGS)
    if kind == "Azure":
        maybe(rng, out, 0.4, connection_string_secret=TEXTS, blob_name=TEXTS, stored_as_script=FLAGS, overwrite=FLAGS)
    elif kind == "Bitbucket":
        maybe(rng, out, 0.4, workspace=TEXTS, host=TEXTS, path=TEXTS, ref=TEXTS, access_token_secret=TEXTS, cloud_username_secret=TEXTS, cloud_app_password_secret=TEXTS)
    elif kind == "CodeCommit":
        maybe(rng, out, 0.4, path=TEXTS, commit=TEXTS, client_options=MAPPINGS)
    elif kind == "Docker":
        maybe(rng, out, 0.6, image_name=["img", "team/img", "/abs", "", "a//b", "..", "./x", "é"], image_tag=["v1", "", None])
        maybe(rng, out, 0.3, registry_url=["reg.io", "https://reg", "reg.io/team/", "//x", "", None, "a/./b", "/"], path=TEXTS, stored_as_script=FLAGS, prefect_directory=["/opt/p", "", "rel/", "/a/"])
        maybe(rng, out, 0.12, prefect_version=["1.2.0", "0.13.0+5.g1", "master", "", None], base_image=["x", "", None], dockerfile=["D", "", None], files=[{"/a": "/b"}, {"rel": "/b"}, {}, None], python_dependencies=[["a"], None], env_vars=[{"A": "b"}, None], local_image=FLAGS, ignore_healthchecks=FLAGS)
    elif kind == "GCS":
        maybe(rng, out, 0.4, key=TEXTS, project=TEXTS, stored_as_script=FLAGS, local_script_path=["f.py", None])
    elif kind == "Git":
        maybe(rng, out, 0.6, repo=["o/r", "x", "", None, "a/b/c", "/r", 5])
        maybe(rng, out, 0.25, repo_host=TEXTS, flow_name=TEXTS, git_token_secret_name=TEXTS, git_token_username=TEXTS, git_clone_url_secret_name=TEXTS, use_ssh=FLAGS, format_access_token=FLAGS, branch_name=["b", "", None], tag=["t", "", None], commit=["c", "", None], clone_depth=[1, 5, "3", 2.9, None, "x", True, [], ""])
    elif kind == "GitHub":
        maybe(rng, out, 0.4, ref=TEXTS, access_token_secret=TEXTS, base_url=TEXTS)
    elif kind == "GitLab":
        maybe(rng, out, 0.4, path=TEXTS, ref=TEXTS, host=TEXTS, access_token_secret=TEXTS)
    elif kind == "Local":
        maybe(rng, out, 0.5, path=["sub/f.py", "./f.py", "sub/pkg.flows:etl", "", None, "~/f.py"], stored_as_script=FLAGS)
        maybe(rng, out, 0.3, directory=["{{files}}/d", "d/e", "~/q", "", None, "{{files}}/sub/../d", "."], validate=[True, True, 0])
    elif kind == "S3":
        maybe(rng, out, 0.4, key=TEXTS, stored_as_script=FLAGS, client_options=MAPPINGS, local_script_path=["f.py", None], upload_options=[{"a": 1}, None])
    elif kind == "Webhook":
        maybe(rng, out, 0.95, build_request_kwargs=[{"url": "u"}, {}, {"url": "u", "headers": {"a": "${X}"}}, ["x"], None], get_flow_request_kwargs=[{"url": "u"}, {}, "x", None], build_request_http_method=METHODS[:4], get_flow_request_http_method=METHODS[:4] * 3 + METHODS)
        maybe(rng, out, 0.4, stored_as_script=FLAGS)
    if rng.random() < 0.03:
        out[rng.choice(["bogus", "stored_as_script"])] = rng.choice([1, None, True])
    return out


def case(rng):
    what = rng.random()
    if what < 0.45:
        return {"kind": "run_config", "run_config": run_config(rng), "files": FILES}
    if what < 0.85:
        out = {"kind": "storage", "storage": storage(rng)}
        if rng.random() < 0.7:
            out["add_flow"] = name(rng) if out["storage"]["type"] != "Local" else rng.choice(NAMES).replace("x" * 300, "!")
        if rng.random() < 0.1:
            out["config"] = {"flows.defaults.storage.add_default_labels": rng.choice([True, False])}
        return out
    out = {"kind": "register", "flow": {"name": name(rng), "storage": storage(rng)}, "files": FILES}
    # The key of what holds a path of this machine is this machine's.
    while out["flow"]["storage"]["type"] == "Local":
        out["flow"]["storage"] = storage(rng)
    maybe(rng, out, 0.6, run_config=run_config)
    if "working_dir" in out.get("run_config", {}):
        del out["run_config"]["working_dir"]
    maybe(rng, out, 0.3, labels=[["z", "a"], [], ["a", "a"], ["é"]], force=[True, False], schedule=[True, False], existing=[{"id": "old", "version": 3}, None], api_returns=["old"])
    return out
