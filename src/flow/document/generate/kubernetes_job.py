"""The Kubernetes Job with everything below it, from the models of the official Python client.

The models have names, types and required fields; enumerations, quantities and the keys of lists stand in their
descriptions, so they are written down here.
"""

import re

from kubernetes.client import models

import notation

# Texts that are one of a few words, as the API reference has them.
ENUMS = {
    ("Container", "imagePullPolicy"): ["Always", "IfNotPresent", "Never"],
    ("EphemeralContainer", "imagePullPolicy"): ["Always", "IfNotPresent", "Never"],
    ("ImageVolumeSource", "pullPolicy"): ["Always", "IfNotPresent", "Never"],
    ("Container", "terminationMessagePolicy"): ["File", "FallbackToLogsOnError"],
    ("ContainerPort", "protocol"): ["TCP", "UDP", "SCTP"],
    ("HTTPGetAction", "scheme"): ["HTTP", "HTTPS"],
    ("JobSpec", "completionMode"): ["NonIndexed", "Indexed"],
    ("JobSpec", "podReplacementPolicy"): ["TerminatingOrFailed", "Failed"],
    ("PodFailurePolicyRule", "action"): ["FailJob", "FailIndex", "Ignore", "Count"],
    ("PodFailurePolicyOnExitCodesRequirement", "operator"): ["In", "NotIn"],
    ("PodSpec", "restartPolicy"): ["Always", "OnFailure", "Never"],
    ("PodSpec", "dnsPolicy"): ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    ("PodSpec", "preemptionPolicy"): ["PreemptLowerPriority", "Never"],
    ("Toleration", "operator"): ["Exists", "Equal", "Lt", "Gt"],
    ("Toleration", "effect"): ["NoSchedule", "PreferNoSchedule", "NoExecute"],
    ("TopologySpreadConstraint", "whenUnsatisfiable"): ["DoNotSchedule", "ScheduleAnyway"],
    ("LabelSelectorRequirement", "operator"): ["In", "NotIn", "Exists", "DoesNotExist"],
    ("NodeSelectorRequirement", "operator"): ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
    ("VolumeMount", "mountPropagation"): ["None", "HostToContainer", "Bidirectional"],
    ("EmptyDirVolumeSource", "medium"): ["", "Memory", "HugePages", "HugePages-2Mi", "HugePages-1Gi"],
    ("PersistentVolumeClaimSpec", "volumeMode"): ["Filesystem", "Block"],
    ("SeccompProfile", "type"): ["Localhost", "RuntimeDefault", "Unconfined"],
    ("AppArmorProfile", "type"): ["Localhost", "RuntimeDefault", "Unconfined"],
    ("PodSecurityContext", "fsGroupChangePolicy"): ["OnRootMismatch", "Always"],
    ("PodOS", "name"): ["linux", "windows"],
}
# Amounts of resources.
QUANTITIES = {
    ("ResourceRequirements", "limits"), ("ResourceRequirements", "requests"),
    ("VolumeResourceRequirements", "limits"), ("VolumeResourceRequirements", "requests"),
    ("EmptyDirVolumeSource", "sizeLimit"), ("ResourceFieldSelector", "divisor"),
    ("PodSpec", "overhead"),
}
# A number or the name of a port.
PORTS = {("HTTPGetAction", "port"), ("TCPSocketAction", "port")}
# The keys by which the API server tells members of lists apart (patch merge keys).
KEYS = {
    ("PodSpec", "containers"): "name", ("PodSpec", "initContainers"): "name", ("PodSpec", "volumes"): "name",
    ("PodSpec", "imagePullSecrets"): "name", ("PodSpec", "hostAliases"): "ip", ("PodSpec", "ephemeralContainers"): "name",
    ("PodSpec", "resourceClaims"): "name", ("PodSpec", "schedulingGates"): "name",
    ("PodSpec", "topologySpreadConstraints"): "topologyKey",
    ("Container", "env"): "name", ("Container", "ports"): "containerPort", ("Container", "volumeMounts"): "mountPath",
    ("Container", "volumeDevices"): "devicePath", ("ObjectMeta", "ownerReferences"): "uid",
}
# What the API server sets.
OUTPUTS = {
    ("Job", "status"), ("ObjectMeta", "creationTimestamp"), ("ObjectMeta", "deletionGracePeriodSeconds"),
    ("ObjectMeta", "deletionTimestamp"), ("ObjectMeta", "generation"), ("ObjectMeta", "managedFields"),
    ("ObjectMeta", "resourceVersion"), ("ObjectMeta", "selfLink"), ("ObjectMeta", "uid"),
}

types, enums, seen = {}, {}, set()


def short(name):
    """V1Container is a Container."""
    return re.sub(r"^(V\d+((alpha|beta)\d+)?|CoreV1)(?=[A-Z])", "", name)


def notation_of(owner, field, python):
    if (owner, field) in ENUMS:
        name = f"{owner}{field[0].upper()}{field[1:]}"
        enums[name] = ENUMS[owner, field]
        return name
    listed = re.match(r"List\[(.*)\]$", python)
    if listed:
        return f"[{notation_of(owner, field, listed.group(1))}]"
    mapped = re.match(r"Dict\[str, (.*)\]$", python)
    if mapped:
        return "{" + notation_of(owner, field, mapped.group(1)) + "}"
    if (owner, field) in QUANTITIES:
        return "quantity"
    if (owner, field) in PORTS:
        return "int_or_string"
    if hasattr(models, python):
        walk(python)
        return short(python)
    return {"str": "string", "int": "integer", "bool": "boolean", "datetime": "timestamp", "object": "any",
            "float": "number"}[python]


def required(model, attribute, field):
    for name, info in model.model_fields.items():
        if attribute == name or field in (info.alias, info.serialization_alias):
            return info.is_required()
    raise KeyError(f"{model.__name__}.{attribute}")


def walk(python):
    name = short(python)
    if python in seen:
        return
    seen.add(python)
    assert name not in types, name
    fields = types[name] = {}
    model = getattr(models, python)
    for attribute, kind in model.openapi_types.items():
        field = model.attribute_map[attribute]
        if (name, field) in OUTPUTS:
            fields[field] = "any output"
            continue
        text = notation_of(name, field, kind)
        if required(model, attribute, field):
            text += " required"
        if (name, field) in KEYS:
            text += f" by:{KEYS[name, field]}"
        fields[field] = text


walk("V1Job")
for table in (ENUMS, KEYS):
    for owner, field in table:
        assert field in types[owner], (owner, field)
for owner, field in QUANTITIES | PORTS | OUTPUTS:
    assert field in types[owner], (owner, field)
notation.write("kubernetes", "kubernetes", "batch/v1 Job", types, enums)
