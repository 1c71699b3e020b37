"""rustfmt: gives Rust its usual layout, by the project's edition and settings."""

from __future__ import annotations

import re
from pathlib import Path

from bursar_executor.subprocesses.command import Bounds
from bursar_executor.tools.layout import files_named
from bursar_executor.tools.locating import on_path
from bursar_executor.tools.settings_files import nearest, read_toml, whole
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

FILE = re.compile(r"^(?P<path>.+\.rs)$")
FAULT = re.compile(
    r"^error: (?P<message>.+)\n *--> (?P<path>.+?\.rs):(?P<line>\d+):(?P<column>\d+)$", re.M
)
SETTINGS = {"rustfmt.toml": whole, ".rustfmt.toml": whole}
# rustfmt itself would take 2015, in which `async` and `dyn` are no words of the language.
DEFAULT_EDITION = "2021"


def check(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace, "--check", "-l")


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace)


def _calls(workplace: Workplace, *arguments: str) -> tuple[Call, ...]:
    first = workplace.paths[0]
    settings_file = nearest(workplace, first, SETTINGS)
    manifest = nearest(workplace, first, {"Cargo.toml": whole})
    settings = ("--config-path", str(settings_file)) if settings_file else ()
    edition = ("--edition", _edition(manifest))
    return (Call((*arguments, *edition, *settings, *workplace.arguments), workplace.root),)


def _edition(manifest: Path | None) -> str:
    package = read_toml(manifest).get("package") if manifest else None
    edition = package.get("edition") if isinstance(package, dict) else None
    return edition if isinstance(edition, str) else DEFAULT_EDITION


RUSTFMT = ToolSpec(
    name="rustfmt",
    capabilities=frozenset({"formatting"}),
    patterns=("*.rs",),
    remedy="rustup component add rustfmt",
    locate=on_path("rustfmt"),
    check=check,
    mend=mend,
    read=files_named(FILE, FAULT, fine=frozenset({0})),
    bounds=Bounds(address_space_bytes=None),
)
