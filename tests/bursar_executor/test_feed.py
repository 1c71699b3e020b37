"""Watchers see every step and the last word, whenever they come."""

import asyncio

from bursar.executor.v1 import executor_pb2
from bursar_executor.feed import Feed


def step(number):
    return executor_pb2.Step(step_number=number)


async def seen(feed, after=0):
    return [
        update.step.step_number if update.HasField("step") else update.result.summary
        async for update in feed.updates(after)
    ]


async def test_a_late_watcher_sees_all_that_was():
    feed = Feed()
    feed.add(step(1))
    feed.add(step(2))
    feed.finish(executor_pb2.TaskResult(summary="done"))

    assert await seen(feed) == [1, 2, "done"]


async def test_early_watchers_see_each_step_as_it_comes():
    feed = Feed()
    first, second = feed.updates(0), feed.updates(0)
    waiting = [asyncio.ensure_future(anext(watcher)) for watcher in (first, second)]
    await asyncio.sleep(0)

    feed.add(step(1))

    assert [update.step.step_number for update in await asyncio.gather(*waiting)] == [1, 1]
    await first.aclose()
    await second.aclose()


async def test_a_watcher_that_left_keeps_nobody_waiting():
    feed = Feed()
    leaving, staying = asyncio.ensure_future(seen(feed)), asyncio.ensure_future(seen(feed))
    await asyncio.sleep(0)
    leaving.cancel()
    feed.add(step(1))
    feed.finish(executor_pb2.TaskResult(summary="done"))

    assert await staying == [1, "done"]


async def test_steps_up_to_a_number_are_left_out():
    feed = Feed([step(1), step(2)])
    feed.add(step(101))
    feed.finish(executor_pb2.TaskResult(summary="done"))

    assert await seen(feed, after=2) == [101, "done"]


async def test_watchers_of_a_task_that_is_left_to_a_later_owner_are_let_go_without_a_result():
    feed = Feed([step(1)])
    watching = asyncio.ensure_future(seen(feed))
    await asyncio.sleep(0)

    feed.leave()

    assert await watching == [1]
