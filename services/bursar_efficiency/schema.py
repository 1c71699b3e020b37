"""The store's tables, and how rows become sealed ones. DuckDB's SQL.

Live tables hold what is not sealed yet, in memory; sealed ones lie in the file. Sums stand beside
the rows they were made from, a day each and 32 days each, so that a long period is read as a few
sums and the rows of its edges.
"""

from __future__ import annotations

from bursar_efficiency.columns import MEASURES, SAVED_MEASURES, WHO

DAY_NS = 86_400 * 1_000_000_000
# Widest first: what a period is covered with.
WIDTHS_NS = {"wide": 32 * DAY_NS, "day": DAY_NS}

_MEASURED = ", ".join(f"{name} BIGINT" for name in MEASURES)
_SAVED = ", ".join(f"{name} BIGINT" for name in SAVED_MEASURES)
# Column by column, for each kind of row that a batch holds.
COLUMNS = {
    "rows": f"at_ns BIGINT, who INTEGER, task_id VARCHAR, {_MEASURED}",
    "saved": f"at_ns BIGINT, who INTEGER, task_id VARCHAR, cause INTEGER, {_SAVED}",
    "whos": "who INTEGER, " + ", ".join(f"{name} VARCHAR" for name in WHO),
    "levels": "at_ns BIGINT, task_id VARCHAR, thought_level VARCHAR",
    "places": "checksum UINTEGER, stream INTEGER, sequence BIGINT",
}
# What is summed of each kind, and by what besides the time.
SUMMED = {"rows": (("who",), MEASURES), "saved": (("who", "cause"), SAVED_MEASURES)}


def creation() -> list[str]:
    """Statements that make every table that is not there."""
    made = [
        "CREATE TABLE IF NOT EXISTS state (name VARCHAR PRIMARY KEY, value BLOB)",
        *(f"CREATE TABLE IF NOT EXISTS {name} ({text})" for name, text in COLUMNS.items()),
        *(f"CREATE TEMP TABLE live_{name} ({text})" for name, text in COLUMNS.items()),
    ]
    for kind, (by, measures) in SUMMED.items():
        keys = ", ".join(f"{name} INTEGER" for name in by)
        sums = ", ".join(f"{name} BIGINT" for name in measures)
        made += [
            f"CREATE TABLE IF NOT EXISTS {width}_{kind} (starts_ns BIGINT, {keys}, {sums})"
            for width in WIDTHS_NS
        ]
    return made


def sealing() -> list[str]:
    """Statements of one transaction: what is live becomes a segment, and is live no more.

    Places are laid down in the order of their checksums: the file keeps the least and the greatest
    of each block, so that a look-up reads one or two blocks of a segment.
    """
    statements = [_day_sums(kind) for kind in SUMMED]
    statements += [_wide_sums(kind) for kind in SUMMED]
    for name in COLUMNS:
        order = " ORDER BY checksum" if name == "places" else ""
        statements.append(f"INSERT INTO {name} SELECT * FROM live_{name}{order}")
    statements += [f"DELETE FROM live_{name}" for name in COLUMNS]
    return statements


def _day_sums(kind: str) -> str:
    by, measures = SUMMED[kind]
    return (
        f"INSERT INTO day_{kind} SELECT at_ns // {DAY_NS} * {DAY_NS} AS starts_ns,"
        f" {', '.join(by)}, {summed(measures)} FROM live_{kind} GROUP BY ALL"
    )


def _wide_sums(kind: str) -> str:
    """Made anew from those there are and what is live: one row for each key and 32 days."""
    by, measures = SUMMED[kind]
    columns = f"{', '.join(by)}, {', '.join(measures)}"
    wide_ns = WIDTHS_NS["wide"]
    return (
        f"CREATE OR REPLACE TABLE wide_{kind} AS SELECT starts_ns, {', '.join(by)},"
        f" {summed(measures)} FROM (SELECT starts_ns, {columns} FROM wide_{kind} UNION ALL"
        f" SELECT at_ns // {wide_ns} * {wide_ns}, {columns} FROM live_{kind}) GROUP BY ALL"
    )


def summed(measures: tuple[str, ...]) -> str:
    """The sums of all measures, under their own names."""
    return ", ".join(f"sum({name})::BIGINT AS {name}" for name in measures)
