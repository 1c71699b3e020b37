"""Whatever is killed, and when: every task ends once, and nothing is paid beyond an intent."""

import pytest

from executor_chaos import Storm, weather

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("executor chaos")]

STORM = Storm(tasks=20, kills=4, seed=7)


async def test_every_task_ends_once_and_no_call_is_made_without_an_intent(tmp_path):
    aftermath = await weather(STORM, tmp_path)

    assert set(aftermath.ends_by_task.values()) == {1}
    assert len(aftermath.ends_by_task) == STORM.tasks
    assert aftermath.calls_beyond_intents == 0
    assert aftermath.told == aftermath.served
    assert aftermath.kills_in_a_call >= 0.3 * STORM.kills
    assert aftermath.states["TASK_STATE_COMPLETED"] > 0
    assert aftermath.orphans == 0
