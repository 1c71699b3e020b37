"""Prices of the user's own: a YAML file, read strictly. Its format stands in docs/prices.md."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from bursar.errors import InvalidRequest, Violation
from bursar.prices.own_format import OwnPrices
from bursar.prices.patterns import PatternRow

FILE_BYTES_MAX = 1024 * 1024


def own_rows(path: Path) -> list[PatternRow]:
    """The rows of that file.

    Raises InvalidRequest that names each field, its value and what would be accepted.
    """
    text = _read(path)
    try:
        document = yaml.load(text, Loader=_StringsLoader)
    except yaml.YAMLError as broken:
        raise InvalidRequest.of(str(path), "not YAML", f"mend it: {broken}") from None
    if document is None:
        document = {}
    try:
        prices = OwnPrices.model_validate(document)
    except ValidationError as refused:
        violations = tuple(_violation(dict(error)) for error in refused.errors())
        shown = "; ".join(map(str, violations))
        raise InvalidRequest(f"{path}: {shown}", violations=violations) from None
    return [price.row(f"own file {path.name}") for price in prices.prices]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as cause:
        raise InvalidRequest.of(
            "own prices file", path, f"name a file that can be read ({cause.strerror})"
        ) from cause
    if len(content) > FILE_BYTES_MAX:
        raise InvalidRequest.of("own prices file", path, f"keep it below {FILE_BYTES_MAX} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest.of("own prices file", path, "write it in UTF-8") from None


class _StringsLoader(yaml.SafeLoader):
    """Leaves numbers and dates as they were written: 0.1 is no binary fraction, 010 is not eight.

    A name given twice in one entry is refused, where YAML would let the last one win.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        names: set[object] = set()
        for name_node, _ in node.value:
            name = name_node.value
            if name in names:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} is given twice", name_node.start_mark
                )
            names.add(name)
        return super().construct_mapping(node, deep)


_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool")
_StringsLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _violation(error: dict[str, object]) -> Violation:
    """One field, where it stands, what was found and what to do."""
    path = ""
    place = error["loc"]
    for step in place if isinstance(place, tuple) else ():
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    match error["type"]:
        case "missing":
            return Violation(path, "missing", "give it a value")
        case "extra_forbidden":
            return Violation(path, _shown(error["input"]), "remove it: no such field is known")
        case "value_error":
            cause = str(error["msg"]).removeprefix("Value error, ")
            return Violation(path, _shown(error["input"]), cause)
        case _:
            return Violation(path or "prices", _shown(error["input"]), str(error["msg"]).lower())


def _shown(value: object) -> str:
    shown = str(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
