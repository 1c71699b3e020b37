"""The collector is kept still during a replay, and works as before after it."""

from __future__ import annotations

import gc

from bursar.eventlog.garbage import RARE, rare_collection


def test_collection_is_rare_within_the_block_and_as_usual_after_the_last():
    usual = gc.get_threshold()
    with rare_collection():
        with rare_collection():
            assert gc.get_threshold() == RARE
        assert gc.get_threshold() == RARE
    assert gc.get_threshold() == usual
