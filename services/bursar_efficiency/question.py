"""What a report asks, as the store's SQL: rows, and sums where whole days are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from bursar_efficiency.domain.facts import LABEL, VALUE
from bursar_efficiency.schema import SUMMED, WIDTHS_NS

FOREVER_NS = 2**62
HOUR_NS = 3_600 * 1_000_000_000


class By(Enum):
    """What can be grouped by; the value is the column, where one says it as it stands."""

    TENANT = "tenant_id"
    TEAM = "team_id"
    USER = "user_id"
    KEY = "key_id"
    AGENT = "agent_id"
    PROVIDER = "provider"
    MODEL = "model"
    TIER = "tier"
    TASK = "task_id"
    DAY = "day"
    HOUR = "hour"
    THOUGHT_LEVEL = "thought_level"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of `By`; a label has a name."""

    by: By
    label: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Totals from `since_ns` to before `until_ns`, of a tenant or (empty) of all, in groups."""

    tenant_id: str = ""
    since_ns: int = 0
    until_ns: int = FOREVER_NS
    dimensions: tuple[Dimension, ...] = ()

    @property
    def ungrouped(self) -> Question:
        """The same of all together."""
        return replace(self, dimensions=())

    @property
    def columns(self) -> list[str]:
        """What the dimensions are called in results."""
        return [f"d{at}" for at in range(len(self.dimensions))]

    @property
    def widths(self) -> list[str]:
        """Sums that keep apart what this asks to be kept apart, widest first."""
        asked = {dimension.by for dimension in self.dimensions}
        if asked & {By.TASK, By.HOUR, By.THOUGHT_LEVEL}:
            return []
        return ["day"] if By.DAY in asked else list(WIDTHS_NS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A table, and the part of the period that is read from it."""

    table: str
    time: str  # its column of instants
    since_ns: int
    until_ns: int


def pieces(question: Question, kind: str) -> list[Piece]:
    """Tables that together hold the period once: the widest sums that fit, sealed rows at its edges
    and what is live.
    """
    since_ns, until_ns = question.since_ns, question.until_ns
    found = [Piece(f"live_{kind}", "at_ns", since_ns, until_ns)]
    edges = [(since_ns, until_ns)]
    for width in question.widths:
        width_ns = WIDTHS_NS[width]
        next_edges: list[tuple[int, int]] = []
        for begin_ns, end_ns in edges:
            first_ns = -(-begin_ns // width_ns) * width_ns
            last_ns = end_ns // width_ns * width_ns
            if first_ns >= last_ns:
                next_edges.append((begin_ns, end_ns))
                continue
            found.append(Piece(f"{width}_{kind}", "starts_ns", first_ns, last_ns))
            next_edges += [(begin_ns, first_ns), (last_ns, end_ns)]
        edges = next_edges
    found += [Piece(kind, "at_ns", begin_ns, end_ns) for begin_ns, end_ns in edges]
    return [piece for piece in found if piece.since_ns < piece.until_ns]


def statement(question: Question, kind: str) -> tuple[str, list[str]]:
    """The query of `kind` (rows or saved), and its parameters. Groups come in no order.

    Each result row: the dimensions, for `saved` the cause, then the sums.
    """
    by, measures = SUMMED[kind]
    more = [name for name in by if name != "who"]
    names = question.columns
    union = " UNION ALL ".join(
        _part(question, piece, (*by, *measures)) for piece in pieces(question, kind)
    )
    parameters: list[str] = []
    keys: list[str] = []
    for name, dimension in zip(names, question.dimensions, strict=True):
        keys.append(f"{_expression(dimension, parameters)} AS {name}")
    source = f"({union}) AS part JOIN whos_all USING (who)"
    if any(dimension.by is By.THOUGHT_LEVEL for dimension in question.dimensions):
        source += " LEFT JOIN levels_all USING (task_id)"
    where = ""
    if question.tenant_id:
        where = " WHERE tenant_id = ?"
        parameters.append(question.tenant_id)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in measures)
    grouped = ", ".join([*names, *more])
    ending = f" GROUP BY {grouped}" if grouped else ""
    return f"SELECT {', '.join([*keys, *more, sums])} FROM {source}{where}{ending}", parameters


def _part(question: Question, piece: Piece, columns: Sequence[str]) -> str:
    asked = {dimension.by for dimension in question.dimensions}
    chosen = [f"{piece.time} AS at_ns"] if asked & {By.DAY, By.HOUR} else []
    if asked & {By.TASK, By.THOUGHT_LEVEL}:
        chosen.append("task_id")
    return (
        f"SELECT {', '.join([*chosen, *columns])} FROM {piece.table}"
        f" WHERE {piece.time} >= {piece.since_ns} AND {piece.time} < {piece.until_ns}"
    )


def _expression(dimension: Dimension, parameters: list[str]) -> str:
    match dimension.by:
        case By.DAY:
            return f"at_ns // {WIDTHS_NS['day']}"
        case By.HOUR:
            return f"at_ns // {HOUR_NS}"
        case By.THOUGHT_LEVEL:
            return "coalesce(thought_level, '')"
        case By.LABEL:
            parameters += [f"{LABEL}{dimension.label}{VALUE}", LABEL]
            return "split_part(split_part(labels, ?, 2), ?, 1)"
    column: str = dimension.by.value
    return column
