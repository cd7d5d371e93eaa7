"""Makes what starts runs from a published flow of ECS.

    python consume.py schedule      CURRENT ROLE_ARN   a target of an EventBridge schedule
    python consume.py state-machine CURRENT            a state machine of Step Functions with one state
    python consume.py airflow       CURRENT            the arguments of Airflow's EcsRunTaskOperator

CURRENT is `current/<flow>.json` of the registry. Its `start.run_task` is a whole body of RunTask; `start.holes` says, for
`run_id` and `parameters`, at which paths a run's own values go. Whatever starts a run fills them by its own means, so each
form below fills them with an expression of that service. Run it again when the document has changed.
"""

import copy
import json
import sys

# What a run is called, and its parameters, in the language of each service.
EVENTBRIDGE_RUN = "<aws.scheduler.execution-id>"
STEP_FUNCTIONS_RUN = "$$.Execution.Name"
STEP_FUNCTIONS_PARAMETERS = "States.JsonToString($.parameters)"
AIRFLOW_RUN = "{{ run_id }}"
AIRFLOW_PARAMETERS = "{{ params | tojson }}"


def filled(document, values):
    """The body of RunTask with a value at each place of each hole: the text, or what `values` makes of it."""
    start = copy.deepcopy(document["start"])
    for hole, paths in start["holes"].items():
        for path in paths:
            place = start
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = values[hole]
    return start["run_task"]


def parameters(document, own=None):
    """The parameters of a run as text: the document's, with those of the run over them."""
    return json.dumps({**document["parameters"], **(own or {})})


def schedule(document, role_arn):
    """The target of a schedule: EventBridge Scheduler calls RunTask itself, and fills in the id of the execution."""
    body = filled(document, {"run_id": EVENTBRIDGE_RUN, "parameters": parameters(document)})
    return {
        "Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask",
        "RoleArn": role_arn,
        "Input": json.dumps(capitalized(body)),
    }


class Path(str):
    """A text that is an expression of Step Functions, and so belongs under a name that ends in `.$`."""


def state_machine(document):
    """A machine whose input is `{"parameters": {...}}`: it runs the task, waits for it, and is named as the run."""
    values = {"run_id": Path(STEP_FUNCTIONS_RUN), "parameters": Path(STEP_FUNCTIONS_PARAMETERS)}
    run = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": capitalized(filled(document, values)),
        "End": True,
    }
    return {"StartAt": document["name"], "States": {document["name"]: run}}


def airflow(document):
    """The arguments of EcsRunTaskOperator: it takes its templates from `overrides`."""
    body = filled(document, {"run_id": AIRFLOW_RUN, "parameters": AIRFLOW_PARAMETERS})
    names = {
        "cluster": "cluster",
        "taskDefinition": "task_definition",
        "launchType": "launch_type",
        "capacityProviderStrategy": "capacity_provider_strategy",
        "networkConfiguration": "network_configuration",
        "overrides": "overrides",
        "group": "group",
        "placementConstraints": "placement_constraints",
        "placementStrategy": "placement_strategy",
        "platformVersion": "platform_version",
        "propagateTags": "propagate_tags",
        "tags": "tags",
    }
    other = sorted(set(body) - set(names))
    if other:
        raise SystemExit(f"EcsRunTaskOperator has no argument for {', '.join(other)}")
    arguments = {names[name]: value for name, value in body.items()}
    if "tags" in arguments:
        arguments["tags"] = {tag["key"]: tag["value"] for tag in arguments["tags"]}
    return {"task_id": document["name"], "params": document["parameters"], **arguments}


def capitalized(value):
    """The body with names as EventBridge and Step Functions spell them: `TaskDefinition` for `taskDefinition`."""
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            mark = ".$" if isinstance(inner, Path) else ""
            found[name[:1].upper() + name[1:] + mark] = capitalized(inner)
        return found
    return [capitalized(inner) for inner in value] if isinstance(value, list) else value


def main(what, current, *rest):
    with open(current, encoding="utf-8") as file:
        document = json.load(file)
    made = {"schedule": schedule, "state-machine": state_machine, "airflow": airflow}[what](document, *rest)
    print(json.dumps(made, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
