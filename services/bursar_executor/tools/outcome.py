"""What came of a tool."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What the end of a tool says of the files it looked at."""

    CLEAN = "clean"  # it found nothing, or mended all it found
    FINDINGS = "findings"  # it found something that is still there
    FAILED = "failed"  # it could not do its work; `detail` says why
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a tool has to say. Line and column from 1; 0 where the tool names none."""

    path: str
    line: int
    column: int
    code: str
    message: str
    is_fixable: bool = False
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one call of a tool said."""

    meaning: Meaning
    findings: tuple[Finding, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool found and mended.

    `findings` lists first what is left, at its lines in the mended files, then what was fixed, at
    the lines where it was before.
    """

    tool: str
    version: str
    meaning: Meaning
    detail: str
    findings_before: int
    findings_after: int
    findings: tuple[Finding, ...]
    changed_files: tuple[str, ...]
    wall_ns: int
    network_isolated: bool

    @property
    def fixed(self) -> int:
        """How many findings are gone."""
        return sum(finding.is_fixed for finding in self.findings)
