"""How a schema is written down: one JSON file per backend, one line per field.

A field is a type and its flags, divided by blanks. A type is a word (a scalar, an enumeration or an object type of the
same file), `[TYPE]` for a list or `{TYPE}` for a map by text. Flags:

    required    the backend refuses an object without it
    output      the backend sets it; whoever writes it is told so
    by:NAME     the members of the list are told apart by this field
    set         the order of the list has no meaning

It writes nothing but the file it is told to.
"""

import importlib.metadata
import json
import pathlib

SCALARS = {
    "any", "boolean", "bytes", "duration", "int64", "int_or_string", "integer", "number", "quantity", "string",
    "text", "timestamp",
}


def write(name, package, source, types, enums, notes=None):
    """Writes ../schemas/NAME.json; refuses a field of a type that is not there."""
    for owner, fields in types.items():
        for field, notation in fields.items():
            word = notation.split(" ")[0].strip("[]{}")
            if word not in SCALARS and word not in types and word not in enums:
                raise SystemExit(f"{owner}.{field}: there is no type {word!r}")
    used = {n.split(" ")[0].strip("[]{}") for fields in types.values() for n in fields.values()}
    document = {
        "package": package,
        "version": importlib.metadata.version(package),
        "source": source,
        **(notes or {}),
        "enums": {name: values for name, values in sorted(enums.items()) if name in used},
        "types": dict(sorted(types.items())),
    }
    path = pathlib.Path(__file__).parent.parent / "schemas" / f"{name}.json"
    path.write_text(compact(document), encoding="utf-8")
    print(f"{path.name}: {len(types)} types, {sum(map(len, types.values()))} fields")


def compact(document):
    """JSON with each enumeration on one line."""
    lines = ["{"]
    items = list(document.items())
    for index, (key, value) in enumerate(items):
        end = "" if index + 1 == len(items) else ","
        if key == "enums":
            lines.append(' "enums": {')
            rows = [f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in value.items()]
            lines.append(",\n".join(rows))
            lines.append(" }" + end)
        else:
            text = json.dumps(value, indent=1, ensure_ascii=False).replace("\n", "\n ")
            lines.append(f" {json.dumps(key)}: {text}{end}")
    lines.append("}")
    return "\n".join(lines) + "\n"
