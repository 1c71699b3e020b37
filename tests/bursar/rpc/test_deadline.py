"""A future that is bounded fails when its time is up, and is left alone when it was answered."""

from __future__ import annotations

import asyncio

import pytest

from bursar.errors import DeadlineExceeded
from bursar.rpc import deadline


async def test_a_future_that_nobody_answers_fails_when_its_time_is_up():
    never = asyncio.get_running_loop().create_future()
    with pytest.raises(DeadlineExceeded, match=r"no answer within 0\.010 s"):
        await deadline.bounded(never, 0.01)


async def test_a_future_keeps_the_answer_that_came_in_time():
    answer = asyncio.get_running_loop().create_future()
    deadline.bounded(answer, 0.01).set_result("here")
    with pytest.raises(DeadlineExceeded):  # the looks that would have failed it are over then
        await deadline.bounded(asyncio.get_running_loop().create_future(), 0.02)
    assert await answer == "here"


async def test_the_bound_of_a_future_is_never_longer_than_the_deadline_it_is_asked_under():
    with deadline.within(5.0):
        never = deadline.bounded(asyncio.get_running_loop().create_future(), 10.0)
        with pytest.raises(DeadlineExceeded), deadline.within(0.01):
            await deadline.bounded(asyncio.get_running_loop().create_future(), 10.0)
    never.cancel()
