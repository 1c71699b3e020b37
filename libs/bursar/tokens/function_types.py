"""Tools as OpenAI's models read them: JSON schemas rewritten as TypeScript types.

The form was found by comparing counts with the API's own (github.com/hmarr/openai-chat-tokens); it
gives what OpenAI's cookbook gives for its examples, and covers nested schemas too. What it has no
rule for is written as the JSON it came as, which is longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bursar.tokens.json_parts import JsonObject, json_text, list_of, object_of, text_of

DEPTH_MAX = 32
_PLAIN = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}


def namespace_of(functions: Sequence[JsonObject]) -> str:
    """All functions of a request in one namespace."""
    lines = ["namespace functions {", ""]
    for function in functions:
        lines.extend(_declaration(function))
        lines.append("")
    lines.append("} // namespace functions")
    return "\n".join(lines)


def _declaration(function: JsonObject) -> Iterator[str]:
    name = text_of(function.get("name"))
    description = text_of(function.get("description"))
    parameters = object_of(function.get("parameters"))
    if description:
        yield f"// {description}"
    if object_of(parameters.get("properties")):
        yield f"type {name} = (_: {{"
        yield _properties(parameters, 0, DEPTH_MAX)
        yield "}) => any;"
    else:
        yield f"type {name} = () => any;"


def _properties(schema: JsonObject, indent: int, depth_left: int) -> str:
    required = list_of(schema.get("required"))
    lines: list[str] = []
    for name, value in object_of(schema.get("properties")).items():
        prop = object_of(value)
        description = text_of(prop.get("description"))
        if description:
            lines.append(f"// {description}")
        optional = "" if name in required else "?"
        lines.append(f"{name}{optional}: {_type(prop, indent, depth_left - 1)},")
    return "\n".join(" " * indent + line for line in lines)


def _type(schema: JsonObject, indent: int, depth_left: int) -> str:
    kind = schema.get("type")
    choices = list_of(schema.get("enum"))
    if depth_left <= 0:
        return json_text(schema)
    if choices:
        return " | ".join(json_text(choice) for choice in choices)
    if kind == "object":
        return "\n".join(("{", _properties(schema, indent + 2, depth_left), "}"))
    if kind == "array":
        items = object_of(schema.get("items"))
        return f"{_type(items, indent, depth_left - 1)}[]" if items else "any[]"
    if isinstance(kind, str) and kind in _PLAIN:
        return _PLAIN[kind]
    return json_text(schema) if schema else "any"
