"""Hands what examples/consume-ecs makes of a published document to the services, as the stand-in for AWS has them.

    python consume_ecs.py DIRECTORY CURRENT
"""

import json
import re
import sys

import boto3

sys.path.insert(0, sys.argv[1])
import consume  # noqa: E402

with open(sys.argv[2], encoding="utf-8") as file:
    document = json.load(file)
ROLE = "arn:aws:iam::123456789012:role/start"
ecs = boto3.client("ecs")


def started(body):
    """RunTask takes the body, botocore checks every name and type in it, and one task is there of what is published."""
    answer = ecs.run_task(**body)
    assert not answer["failures"], answer
    (task,) = answer["tasks"]
    assert task["taskDefinitionArn"] == document["start"]["run_task"]["taskDefinition"], task
    (override,) = [each for each in body["overrides"]["containerOverrides"] if each["name"] == "flow"]
    return {each["name"]: each["value"] for each in override["environment"]}


def lowered(value):
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lowered(inner) for name, inner in value.items()}
    return [lowered(inner) for inner in value] if isinstance(value, list) else value


# By hand.
given = started(consume.filled(document, {"run_id": "r1", "parameters": consume.parameters(document, {"day": "today"})}))
assert given["FLOWFORM_RUN_ID"] == "r1" and json.loads(given["FLOWFORM_PARAMETERS"]) == {"day": "today"}, given

# EventBridge: the schedule is made, and what it would send is taken by RunTask.
scheduler = boto3.client("scheduler")
target = consume.schedule(document, ROLE)
scheduler.create_schedule(
    Name="etl", ScheduleExpression="cron(0 6 * * ? *)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
)
kept = scheduler.get_schedule(Name="etl")["Target"]
given = started(lowered(json.loads(kept["Input"])))
assert given["FLOWFORM_RUN_ID"] == "<aws.scheduler.execution-id>", given
assert json.loads(given["FLOWFORM_PARAMETERS"]) == {"day": "yesterday"}, given

# Step Functions: the machine is made; its state's parameters with their expressions filled are taken by RunTask.
functions = boto3.client("stepfunctions")
machine = json.dumps(consume.state_machine(document))
made = functions.create_state_machine(name="etl", definition=machine, roleArn=ROLE)
kept = json.loads(functions.describe_state_machine(stateMachineArn=made["stateMachineArn"])["definition"])
text = json.dumps(kept["States"]["etl"]["Parameters"])
assert text.count('"Value.$": "$$.Execution.Name"') == 1, text
assert text.count('"Value.$": "States.JsonToString($.parameters)"') == 1, text
text = text.replace('"Value.$": "$$.Execution.Name"', '"Value": "e1"')
text = text.replace('"Value.$": "States.JsonToString($.parameters)"', '"Value": "{}"')
assert ".$" not in text, text
assert started(lowered(json.loads(text)))["FLOWFORM_RUN_ID"] == "e1"

# Airflow: EcsRunTaskOperator hands its arguments to RunTask under these names, once its templates are filled.
arguments = consume.airflow(document)
assert arguments.pop("task_id") == "etl" and arguments.pop("params") == {"day": "yesterday"}
assert "{{ run_id }}" in json.dumps(arguments["overrides"])
arguments["overrides"] = json.loads(re.sub(r"\{\{ [^}]* \}\}", "filled", json.dumps(arguments["overrides"])))
camel = {re.sub(r"_(.)", lambda match: match.group(1).upper(), name): value for name, value in arguments.items()}
assert started(camel)["FLOWFORM_RUN_ID"] == "filled"
print("all were taken")
