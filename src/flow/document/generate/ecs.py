"""The requests RegisterTaskDefinition and RunTask of Amazon ECS, from botocore's service model."""

import botocore.session

import notation

# Lists whose members the service tells apart by a field.
KEYS = {
    "ContainerDefinition": "name", "KeyValuePair": "name", "Secret": "name", "Volume": "name", "Tag": "key",
    "ContainerOverride": "name", "MountPoint": "containerPath", "VolumeFrom": "sourceContainer",
    "PortMapping": "containerPort", "ContainerDependency": "containerName", "HostEntry": "hostname", "Ulimit": "name",
    "SystemControl": "namespace", "ResourceRequirement": "type", "EnvironmentFile": "value", "Device": "hostPath",
    "Tmpfs": "containerPath", "InferenceAccelerator": "deviceName", "TaskVolumeConfiguration": "name",
    "CapacityProviderStrategyItem": "capacityProvider", "InferenceAcceleratorOverride": "deviceName",
}
# Lists of texts whose order the service does not keep.
SETS = {
    ("KernelCapabilities", "add"), ("KernelCapabilities", "drop"), ("ContainerDefinition", "links"),
    ("ContainerDefinition", "dockerSecurityOptions"), ("Device", "permissions"), ("Tmpfs", "mountOptions"),
    ("RegisterTaskDefinitionRequest", "requiresCompatibilities"), ("AwsVpcConfiguration", "subnets"),
    ("AwsVpcConfiguration", "securityGroups"),
}
# Texts for which the original turns numbers into text.
TEXTS = {
    ("RegisterTaskDefinitionRequest", "cpu"), ("RegisterTaskDefinitionRequest", "memory"), ("TaskOverride", "cpu"),
    ("TaskOverride", "memory"),
}

# What the two requests are called; the rest keeps the model's names.
NAMES = {"RegisterTaskDefinitionRequest": "TaskDefinition", "RunTaskRequest": "RunTask"}

types, enums = {}, {}


def notation_of(shape):
    if shape.type_name == "structure":
        walk(shape)
        return shape.name
    if shape.type_name == "list":
        return f"[{notation_of(shape.member)}]"
    if shape.type_name == "map":
        return "{" + notation_of(shape.value) + "}"
    if shape.type_name == "string":
        if shape.enum:
            enums[shape.name] = list(shape.enum)
            return shape.name
        return "string"
    return {"integer": "integer", "long": "integer", "boolean": "boolean", "double": "number", "float": "number",
            "timestamp": "timestamp"}[shape.type_name]


def walk(shape):
    name_of_type = NAMES.get(shape.name, shape.name)
    if name_of_type in types:
        return
    fields = types[name_of_type] = {}
    for name, member in shape.members.items():
        field = "text" if (shape.name, name) in TEXTS else notation_of(member)
        if name in shape.required_members:
            field += " required"
        if member.type_name == "list" and member.member.name in KEYS:
            field += f" by:{KEYS[member.member.name]}"
        if (shape.name, name) in SETS or (member.type_name == "list" and getattr(member.member, "enum", None)):
            if " set" not in field:
                field += " set"
        fields[name] = field


model = botocore.session.get_session().get_service_model("ecs")
for operation in ("RegisterTaskDefinition", "RunTask"):
    walk(model.operation_model(operation).input_shape)
# What only the answer of DescribeTaskDefinition holds: a definition that was copied from there has it too.
answer = model.shape_for("TaskDefinition").members
for name in answer:
    if name not in types["TaskDefinition"]:
        types["TaskDefinition"][name] = "any output"
notation.write("ecs", "botocore", f"ecs {model.api_version}", types, enums)
