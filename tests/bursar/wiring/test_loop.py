"""What a process that serves runs on."""

from __future__ import annotations

import gc

from bursar.wiring.loop import SELDOM, run_serving


def test_objects_are_collected_seldom_while_a_process_serves_and_as_usual_after_it():
    async def threshold() -> tuple[int, int, int]:
        return gc.get_threshold()

    usual = gc.get_threshold()
    assert run_serving(threshold()) == SELDOM
    assert gc.get_threshold() == usual
