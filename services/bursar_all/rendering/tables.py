"""Plain tables: columns as wide as their widest cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

import click


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints the rows under their header; cells that begin with a digit or a currency sign are
    right-aligned.
    """
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    click.echo(click.style(_line(header, widths), bold=True))
    for row in rows:
        click.echo(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.rjust(width) if cell[:1].isdigit() or cell[:1] in "$-" else cell.ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    ).rstrip()
