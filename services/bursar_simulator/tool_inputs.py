"""A tool's input made from its JSON schema: the least that the schema accepts."""

from __future__ import annotations

from bursar.dialects.body import Json, JsonObject
from bursar_simulator.domain import MARK

DEPTH_MAX = 8


def made_from(schema: Json) -> JsonObject:
    """An object with what is required; where nothing is, with all that has a name."""
    made = _value(schema, 0)
    return made if isinstance(made, dict) else {}


def _value(schema: Json, depth: int) -> Json:
    if not isinstance(schema, dict) or depth > DEPTH_MAX:
        return None
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    for choices in ("enum", "examples"):
        options = schema.get(choices)
        if isinstance(options, list) and options:
            return options[0]
    for variants in ("anyOf", "oneOf", "allOf"):
        options = schema.get(variants)
        if isinstance(options, list) and options:
            return _value(options[0], depth + 1)
    return _of_type(schema, depth)


def _of_type(schema: JsonObject, depth: int) -> Json:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "null"
    match kind:
        case "object":
            return _object(schema, depth)
        case "array":
            least = schema.get("minItems", 0)
            return [_value(schema.get("items"), depth + 1)] * (1 if least else 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "null":
            return None
    return MARK


def _object(schema: JsonObject, depth: int) -> JsonObject:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    names = (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )
    return {name: _value(known.get(name), depth + 1) for name in names or known}
