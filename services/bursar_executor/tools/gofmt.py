"""gofmt: gives Go its one layout."""

from __future__ import annotations

import re

from bursar_executor.subprocesses.command import Bounds
from bursar_executor.tools.layout import files_named
from bursar_executor.tools.locating import on_path
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

FILE = re.compile(r"^(?P<path>.+\.go)$")
FAULT = re.compile(r"^(?P<path>.+?\.go):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)$", re.M)


def check(workplace: Workplace) -> tuple[Call, ...]:
    return (Call(("-l", *workplace.arguments), workplace.root),)


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return (Call(("-w", *workplace.arguments), workplace.root),)


GOFMT = ToolSpec(
    name="gofmt",
    capabilities=frozenset({"formatting"}),
    patterns=("*.go",),
    remedy="install Go; gofmt comes with it",
    locate=on_path("gofmt"),
    check=check,
    mend=mend,
    read=files_named(FILE, FAULT, fine=frozenset({0})),
    version_arguments=(),  # it has no option that tells
    bounds=Bounds(address_space_bytes=None),
)
