"""Prints every field of a CustomJob as the published protobuf types have it, one JSON object.

    python vertex_fields.py

By message: its fields with their names in both spellings, whether only the service sets them, and what they hold.
"""

import json
import sys

from google.cloud.aiplatform_v1.types import CustomJob

import vertex_rules as rules

# The numbers of google.protobuf.FieldDescriptor.Type.
NUMBERS, TRUTH, TEXT = {3, 5, 13, 4}, 8, 9
messages = {}


def kind(field):
    message = field.message_type
    if message is None:
        if field.enum_type is not None:
            return field.enum_type.values[1].name
        return {TRUTH: True, TEXT: "x"}.get(field.type, 1)
    if message.full_name == "google.protobuf.Duration":
        return "60s"
    if message.GetOptions().map_entry:
        return {"a": "x"}
    walk(message)
    return None


def walk(message):
    if message.name in messages:
        return
    fields = messages[message.name] = {}
    for field in message.fields:
        is_output = message.name == "CustomJob" and field.name in rules.OUTPUT_ONLY
        fields[field.name] = {
            "camel": field.json_name,
            "output": is_output,
            "list": field.is_repeated and not (field.message_type and field.message_type.GetOptions().map_entry),
            # A value, or the message of the field.
            "value": None if is_output else kind(field),
            "message": field.message_type.name if field.message_type else None,
        }


walk(CustomJob.pb().DESCRIPTOR)
json.dump(messages, sys.stdout)
