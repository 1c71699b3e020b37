"""Python's cycle collector while a log is replayed.

A replay makes much and drops nothing, so the collector would look at all of it again and again.
"""

from __future__ import annotations

import gc

RARE = (50_000, 50, 1000)  # not never: what else runs in the process makes garbage too


class rare_collection:
    """Hardly any collection within the block; several blocks may overlap."""

    under_way = 0
    usual = gc.get_threshold()

    def __enter__(self) -> None:
        if rare_collection.under_way == 0:
            rare_collection.usual = gc.get_threshold()
            gc.set_threshold(*RARE)
        rare_collection.under_way += 1

    def __exit__(self, *_: object) -> None:
        rare_collection.under_way -= 1
        if rare_collection.under_way == 0:
            gc.set_threshold(*rare_collection.usual)
