"""What lines of one kind say, whatever the values in them are."""

from __future__ import annotations

import re
from collections.abc import Collection

from bursar_compressor.logs.lines import Constants

MERGED_MIN = 6  # so many words at one place are values: names, packages, paths
WORDINGS_MAX = 5_000  # of more, merging would take longer than the rest
FIELDS_MAX = 40

# What stands between the constants of a template: no line of a log has it.
_VALUE = "\x00"
_IDENTIFIER = re.compile(
    rf"(?:{_VALUE}|\b[A-Z]{{1,2}}\b)(?:[-:.](?:{_VALUE}|[A-Z]{{1,2}}\b))+"  # such as R02-M1-NA:J12
)
_BLANKS = re.compile(r"[ \t]+")


def wording(constants: Constants) -> str:
    """What lines of one kind share, however wide their columns and long their identifiers are."""
    return _BLANKS.sub(" ", _IDENTIFIER.sub(_VALUE, _VALUE.join(constants)))


def merged(wordings: Collection[str]) -> dict[str, str]:
    """Those that differ at one and the same place only, each with what all of them share."""
    if len(wordings) > WORDINGS_MAX:
        return {}
    alike: dict[tuple[str, ...], list[str]] = {}
    for text in wordings:
        fields = text.split(" ")
        for place in range(len(fields) if len(fields) <= FIELDS_MAX else 0):
            shared = (*fields[:place], _VALUE * 2, *fields[place + 1 :])
            alike.setdefault(shared, []).append(text)
    found: dict[str, str] = {}
    for shared, texts in sorted(alike.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if len(texts) >= MERGED_MIN:
            found |= {text: " ".join(shared) for text in texts if text not in found}
    return found
