#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds reports and records against their schemas: `validate.py FILE...`.

A file whose first line is a whole JSON object with a `type` is a record and is checked line by
line, all others are reports. Beyond the schema: no member twice, members in the schema's order,
and numbers that have to add up. 0: all are valid, 1: not, each error with its path, 3: could not check.
"""

import json
import re
import sys
import warnings
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("validate.py: the Python module jsonschema is missing", file=sys.stderr)
    sys.exit(3)

SCHEMAS = Path(__file__).resolve().parents[2] / "reports" / "schema"
ERRORS_SHOWN = 20  # of one file

# Numbers in which trial lines differ though one is as valid as the other: a record holds thousands
# of such lines, and a validator takes a millisecond for each.
VALID_NUMBERS = re.compile(r'("index":)[1-9][0-9]{0,17}(?=,)|'
                           r'("(?:pc|handler)":"0x)[0-9a-f]{1,16}(?=")')


def validators():
    """The validators of report and record, each knowing both schemas."""
    schemas = {name: json.loads((SCHEMAS / f"{name}.json").read_text()) for name in
               ("report", "record")}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    store = {schema["$id"]: schema for schema in schemas.values()}

    def validator(schema):
        with warnings.catch_warnings():
            # Newer versions have another way, which Debian 12's does not know.
            warnings.simplefilter("ignore", DeprecationWarning)
            resolver = jsonschema.RefResolver(schema["$id"], schema, store)
            return jsonschema.Draft202012Validator(schema, resolver=resolver)

    return validator(schemas["report"]), validator(schemas["record"])


def once(pairs):
    """A JSON object whose members are all different."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"member `{name}` twice")
    return dict(pairs)


def path_of(parts):
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def schema_errors(validator, value):
    for error in sorted(validator.iter_errors(value), key=lambda error: path_of(error.path)):
        yield path_of(error.path), error.message


def resolve(root, schema):
    while "$ref" in schema:
        node = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    for choice in schema.get("anyOf", []):
        if resolve(root, choice).get("type") == "object":
            return resolve(root, choice)
    return schema


def order_errors(root, schema, value, path):
    """Members that stand in another order than the schema has them."""
    schema = resolve(root, schema)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for n, item in enumerate(value):
            yield from order_errors(root, schema["items"], item, path + [n])
    if not isinstance(value, dict) or "properties" not in schema:
        return
    expected = [name for name in schema["properties"] if name in value]
    if list(value) != expected:
        yield path_of(path), f"members in the order {list(value)}, not {expected}"
    for name, item in value.items():
        yield from order_errors(root, schema["properties"][name], item, path + [name])


def sum_errors(report):
    """Numbers of a valid report that have to agree with each other."""
    boundaries = report["boundaries"]
    injected = boundaries["injected"]
    if sum(report["outcomes"].values()) != injected:
        yield "$.outcomes", f"the counts do not add up to the {injected} injected boundaries"
    delivered = sum(count for name, count in report["delivery"].items() if name != "not")
    if delivered != injected:
        yield "$.delivery", f"{delivered} delivered, but {injected} injected boundaries"
    if boundaries["complete"] and injected + boundaries["represented"] != boundaries["eligible"]:
        yield "$.boundaries", "complete, but not every eligible boundary is accounted for"
    ids = [finding["id"] for finding in report["findings"]]
    if len(set(ids)) != len(ids):
        yield "$.findings", "two findings have the same id"
    for n, finding in enumerate(report["findings"]):
        path = f"$.findings[{n}]"
        ranges = finding["boundaries"]
        if sum(last - first + 1 for first, last in ranges) != finding["count"]:
            yield path + ".count", "is not the number of boundaries in the ranges"
        if any(first > last for first, last in ranges):
            yield path + ".boundaries", "a range ends before it begins"
        if any(left[1] + 1 >= right[0] for left, right in zip(ranges, ranges[1:])):
            yield path + ".boundaries", "ranges overlap, touch or are not in order"
        if not any(first <= finding["example"]["boundary"] <= last for first, last in ranges):
            yield path + ".example.boundary", "is none of the finding's boundaries"


def report_errors(validator, text):
    try:
        report = json.loads(text, object_pairs_hook=once)
    except ValueError as error:
        yield "$", str(error)
        return
    sound = True
    for error in schema_errors(validator, report):
        sound = False
        yield error
    if sound:
        yield from order_errors(validator.schema, validator.schema, report, [])
        yield from sum_errors(report)


def record_errors(validator, text):
    lines = text.split("\n")
    if lines.pop():
        yield f"{len(lines) + 1}", "the last line is not finished"
    valid = set()
    for number, line in enumerate(lines, 1):
        shape = VALID_NUMBERS.sub(r"\1\2", line) if line.startswith('{"type":"trial",') else None
        if shape in valid:
            continue
        try:
            value = json.loads(line, object_pairs_hook=once)
        except ValueError as error:
            yield str(number), str(error)
            continue
        if number == 1 and value.get("type") != "run":
            yield "1", "a record begins with its `run` line"
        errors = list(schema_errors(validator, value))
        if not errors and shape:
            valid.add(shape)
        for path, message in errors:
            yield f"{number}: {path}", message


def is_record(text):
    try:
        return "type" in json.loads(text.split("\n", 1)[0])
    except (ValueError, TypeError):
        return False


def check(path, report_validator, record_validator):
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        print(f"{path}: {error.strerror}")
        return False
    except UnicodeDecodeError as error:
        print(f"{path}: not UTF-8 at byte {error.start}")
        return False
    errors = list(record_errors(record_validator, text) if is_record(text)
                  else report_errors(report_validator, text))
    for where, message in errors[:ERRORS_SHOWN]:
        print(f"{path}: {where}: {message}")
    if len(errors) > ERRORS_SHOWN:
        print(f"{path}: and {len(errors) - ERRORS_SHOWN} more errors")
    return not errors


def main(paths):
    if not paths:
        print("usage: validate.py FILE...", file=sys.stderr)
        return 3
    report_validator, record_validator = validators()
    results = [check(path, report_validator, record_validator) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
