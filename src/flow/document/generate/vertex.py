"""The Vertex AI CustomJob, from the messages of the Google Cloud client. Fields have the names of the Python types.

The messages have no marks of required and output-only fields; these are those of the published REST reference
(projects.locations.customJobs and CustomJobSpec).
"""

from google.cloud.aiplatform_v1.types import CustomJob

import notation

REQUIRED = {
    "CustomJob": ["display_name", "job_spec"],
    "CustomJobSpec": ["worker_pool_specs"],
    "ContainerSpec": ["image_uri"],
    "PythonPackageSpec": ["executor_image_uri", "package_uris", "python_module"],
    "EnvVar": ["name", "value"],
    "NfsMount": ["server", "path", "mount_point"],
    "LustreMount": ["instance_ip", "volume_handle", "filesystem", "mount_point"],
    "ReservationAffinity": ["reservation_affinity_type"],
    "EncryptionSpec": ["kms_key_name"],
    "GcsDestination": ["output_uri_prefix"],
    "DnsPeeringConfig": ["domain", "target_project", "target_network"],
}
OUTPUT = {
    "CustomJob": [
        "name", "state", "create_time", "start_time", "end_time", "update_time", "error", "web_access_uris",
        "satisfies_pzs", "satisfies_pzi",
    ],
}
KEYS = {"EnvVar": "name", "NfsMount": "mount_point", "LustreMount": "mount_point"}

types, enums = {}, {}
# The numbers of google.protobuf.FieldDescriptor.Type.
SCALARS = {1: "number", 2: "number", 3: "int64", 4: "int64", 5: "integer", 8: "boolean", 9: "string", 13: "integer"}


def notation_of(field):
    message = field.message_type
    if message is None:
        if field.enum_type is None:
            return SCALARS[field.type]
        name = f"{field.containing_type.name}.{field.enum_type.name}".replace(".", "")
        enums[name] = [value.name for value in field.enum_type.values]
        return name
    if message.full_name == "google.protobuf.Duration":
        return "duration"
    if message.full_name == "google.protobuf.Timestamp":
        return "timestamp"
    walk(message)
    return message.name


def walk(message):
    if message.name in types:
        return
    fields = types[message.name] = {}
    for field in message.fields:
        name = field.name
        if name in OUTPUT.get(message.name, []):
            fields[name] = "any output"
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            text = "{" + notation_of(field.message_type.fields_by_name["value"]) + "}"
        elif field.is_repeated:
            text = f"[{notation_of(field)}]"
        else:
            text = notation_of(field)
        if name in REQUIRED.get(message.name, []):
            text += " required"
        if field.message_type is not None and field.is_repeated and field.message_type.name in KEYS:
            text += f" by:{KEYS[field.message_type.name]}"
        fields[name] = text


walk(CustomJob.pb().DESCRIPTOR)
for table in (REQUIRED, OUTPUT):
    for owner, names in table.items():
        assert set(names) <= set(types[owner]), owner
notation.write("vertex", "google-cloud-aiplatform", "google.cloud.aiplatform.v1.CustomJob", types, enums)
