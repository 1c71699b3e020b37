"""Limits from a YAML file: the founding design's shape, the full one, or both in one file.

    anthropic: {requests_per_minute: 50, tokens_per_day: 1000000, cost_per_day_usd: 100.0}
    total: {cost_per_month_usd: 500.0}
    daily_tokens: 2000000            # at the top it means the total, as under `total`
    time_zone: Europe/Berlin         # of all that name none; UTC by default
    limits:
      - {selector: {user: ann, labels: {job: nightly}}, meter: cost, window: day, amount: 5usd}

Every value is read as the text it is, so that no amount of money passes through a float.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bursar.errors import BursarError, InvalidRequest, Violation
from bursar.quota.v1 import quota_pb2
from bursar_quota.founding_limits import REMEDY, TOTAL, founding_row
from bursar_quota.limit_requests import LIMITS_OF_A_FILE_MAX, checked_limit
from bursar_quota.limit_rows import LimitRow

FILE_BYTES_MAX = 4 * 1024 * 1024


class LimitsFile(BaseModel):
    """The whole file; what is neither of these is a provider, or `total`, or a limit of it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, object]

    time_zone: str = ""
    limits: list[LimitRow] = Field(default_factory=list, max_length=LIMITS_OF_A_FILE_MAX)


def read_limits(path: Path) -> list[quota_pb2.Limit]:
    """All limits of the file, marked as managed by it. Where it gives no id, quota makes one: only
    there is known whose limit it is, and under which pseudonym.

    Raises InvalidRequest with one line for each mistake.
    """
    if path.stat().st_size > FILE_BYTES_MAX:
        raise InvalidRequest.of(str(path), path.stat().st_size, f"at most {FILE_BYTES_MAX} bytes")
    return parse_limits(path.read_text("utf-8"), path.name)


def parse_limits(text: str, name: str) -> list[quota_pb2.Limit]:
    """As `read_limits`, of a file's text; `name` is what errors call it."""
    loaded = _loaded(text, name)
    try:
        file = LimitsFile.model_validate({"limits": loaded} if isinstance(loaded, list) else loaded)
    except ValidationError as error:
        raise _as_invalid_request(name, error) from None
    return _distinct(name, (_limit(name, place, row, file) for place, row in _rows(name, file)))


def _loaded(text: str, name: str) -> object:
    try:
        return yaml.load(text, Loader=_TextLoader)
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        found = f"{error.problem} in line {line}"
        raise InvalidRequest.of(name, found, "write valid YAML") from None
    except yaml.YAMLError as error:
        raise InvalidRequest.of(name, str(error).split("\n")[0], "write valid YAML") from None


def _rows(name: str, file: LimitsFile) -> Iterator[tuple[str, LimitRow]]:
    """Each limit with its place in the file."""
    for scope, given in (file.__pydantic_extra__ or {}).items():
        if isinstance(given, str):
            yield scope, founding_row(name, (TOTAL, scope), given)
            continue
        if not isinstance(given, dict):
            raise InvalidRequest.of(f"{name}: {scope}", given, REMEDY)
        for limit_name, amount in given.items():
            row = founding_row(name, (scope, limit_name), amount)
            yield f"{scope}.{limit_name}", row
    for place, row in enumerate(file.limits):
        yield f"limits[{place}]", row


def _limit(name: str, place: str, row: LimitRow, file: LimitsFile) -> tuple[str, quota_pb2.Limit]:
    """The limit, and the id that it has or would get here."""
    message = row.message(f"{name}: {place}", file.time_zone)
    try:
        return checked_limit(message).limit_id, message
    except BursarError as error:
        raise InvalidRequest(
            f"{name}: {place}: {error.message}", violations=error.violations
        ) from None


def _distinct(name: str, limits: Iterable[tuple[str, quota_pb2.Limit]]) -> list[quota_pb2.Limit]:
    found: dict[str, quota_pb2.Limit] = {}
    for limit_id, limit in limits:
        if limit_id in found:
            remedy = "it is there twice: give one of them an id of its own, or leave it out"
            raise InvalidRequest.of(name, limit_id, remedy)
        found[limit_id] = limit
    return list(found.values())


def _as_invalid_request(name: str, error: ValidationError) -> InvalidRequest:
    violations = tuple(
        Violation(
            f"{name}: {'.'.join(str(part) for part in problem['loc'])}".rstrip(": "),
            str(problem["input"])[:80],
            problem["msg"].lower(),
        )
        for problem in error.errors()
    )
    return InvalidRequest("\n".join(map(str, violations)), violations=violations)


class _TextLoader(yaml.BaseLoader):
    """Scalars stay text. A key that comes twice is refused: YAML would keep the last alone."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"key {key.value} comes twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
