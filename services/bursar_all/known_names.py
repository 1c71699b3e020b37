"""Names for pseudonyms, where this machine knows them: for people, never for `--json`."""

from __future__ import annotations

import re
from pathlib import Path

from bursar.identity import LOCAL_TENANT, NameTable
from bursar.identity.name_table import NAMES_FILE

_PSEUDONYM = re.compile(r"user_[0-9a-v]{16}")


class KnownNames:
    """The table of names of a data directory; nothing is known where there is none."""

    def __init__(self, data_dir: Path) -> None:
        self._table = NameTable.open(data_dir) if (data_dir / NAMES_FILE).exists() else None

    def in_text(self, text: str, tenant_id: str = "") -> str:
        """`text` with names for the pseudonyms that are known."""
        return _PSEUDONYM.sub(lambda found: self._name(tenant_id, found[0]), text)

    def _name(self, tenant_id: str, pseudonym: str) -> str:
        if self._table is None:
            return pseudonym
        return self._table.name_of(tenant_id or LOCAL_TENANT, pseudonym) or pseudonym
