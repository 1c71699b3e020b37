"""Learns from the log, and tells it what tasks came to.

State is the fold of the `plans` stream alone, in its order: so a replay gives the same state. What
the `tasks` stream says is written there as outcomes, once a task, whoever of the replicas reads it
first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import blake2b, sha256

from bursar.errors import InvalidRequest, NotFound
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.envelope import DEFAULT_TENANT_ID, Origin, new_event_id, observed_event
from bursar.eventlog.log import Cursor
from bursar.eventlog.observed import ObservedWriter
from bursar.eventlog.projection import Projection, follow_into
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains
from bursar.events.v1 import plans_pb2
from bursar.identity.keyring import Purpose
from bursar.planner.v1 import planner_pb2 as contract
from bursar.recently_used import RecentlyUsed
from bursar.wiring.module import Ground
from bursar_planner import evidence, projection, simulation, task_outcomes, wire
from bursar_planner.domain.learned.choice import ARMS_MAX
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.learned.marks import WordHash, marks_of
from bursar_planner.domain.learned.state import PLANS_OPEN_MAX, Decision, Learned
from bursar_planner.domain.task import Task
from bursar_planner.past_plans import past_plans

TASKS = StreamId("tasks")
WAITING_MAX = 4_096  # outcomes of tasks whose plans were not read yet
WORDS_KEPT = 65_536
_COIN_BYTES = 6


class Learning:
    """What outcomes taught, as far as the log was read."""

    def __init__(self, ground: Ground, events: ObservedWriter) -> None:
        self._ground = ground
        self._events = events
        self._hashed = _word_hash(ground.keyring.key(Purpose.MARKS).reveal())
        self._plans = Projection(Learned(), WriterChains(Cursor(wire.STREAM)), self._apply)
        tasks = task_outcomes.fold(self._hear_of_task)
        self._tasks = Projection(task_outcomes.OpenTasks(), DecidedChain(Cursor(TASKS)), tasks)
        self._plan_of: OrderedDict[tuple[str, str], str] = OrderedDict()  # by tenant and task
        self._waiting: OrderedDict[tuple[str, str], plans_pb2.PlanOutcomeKnown] = OrderedDict()
        self._is_ready = asyncio.Event()

    @property
    def learned(self) -> Learned:
        return self._plans.state

    async def run(self) -> None:
        """Follows both streams until cancelled; plans first, for outcomes belong to them."""
        log = self._ground.log
        await log.open(TASKS)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow_into(self._plans, log), name="planner follows plans")
            await self._plans.caught_up()
            self._is_ready.set()
            group.create_task(follow_into(self._tasks, log), name="planner follows tasks")

    async def ready(self) -> None:
        """Returns once the state holds all that was known when this process began."""
        await self._is_ready.wait()

    def experience(self, task: Task, plan_id: str, tenant_id: str, target: float) -> Experience:
        """Coins come from the plan's id, so that the same plan is decided alike again."""
        marks = marks_of(task.description, task.kind, self._hashed)
        decision = Decision(plan_id, tenant_id, task.kind, marks, target)
        digest = sha256(plan_id.encode()).digest()
        coins = [
            int.from_bytes(digest[start : start + _COIN_BYTES], "big") / 2 ** (8 * _COIN_BYTES)
            for start in range(0, ARMS_MAX * _COIN_BYTES, _COIN_BYTES)
        ]
        return Experience(self.learned, decision, coins)

    def decision(self, plan_id: str, tenant_id: str) -> Decision:
        """What a plan was decided on. Raises NotFound for one that is not known or another's."""
        found = self.learned.open.get(plan_id)
        if found is None or found.decision.tenant_id != tenant_id:
            raise NotFound(
                f"no plan {plan_id} is known: give the plan_id of a plan made while outcomes are"
                " learned from, at most 65,536 plans ago",
                facts={"plan_id": plan_id},
            )
        return found.decision

    def explained(self, plan_id: str, tenant_id: str) -> contract.ExplainResponse:
        """What is known of a past plan now. Raises NotFound."""
        return evidence.explained(self.learned, self.decision(plan_id, tenant_id))

    async def simulated(self, request: contract.SimulateRequest) -> contract.SimulateResponse:
        """What another policy would have cost and won, by what is known now; reads the stream."""
        plans = await past_plans(self._ground.log, request.tenant_id or DEFAULT_TENANT_ID)
        since = [plan for plan in plans if plan.at_ns >= request.since_ns]
        return simulation.simulated(self.learned, since, request.policy)

    def plan_of(self, tenant_id: str, task_id: str) -> str:
        """The plan of a task. Raises NotFound."""
        plan_id = self._plan_of.get((tenant_id, task_id))
        if plan_id is None:
            raise NotFound(f"no plan of task {task_id} is known", facts={"task_id": task_id})
        return plan_id

    def take_feedback(self, request: contract.FeedbackRequest, tenant_id: str) -> str:
        """Tells the log what somebody says of a plan's work; the event's id.

        Raises InvalidRequest for a quality outside 0 to 1, NotFound for an unknown plan.
        """
        if not 0.0 <= request.quality <= 1.0:
            raise InvalidRequest.of("quality", request.quality, "give a number from 0 to 1")
        decision = self.decision(request.plan_id, tenant_id)
        known = plans_pb2.PlanOutcomeKnown(
            plan_id=request.plan_id,
            task_id=decision.task_id,
            tenant_id=tenant_id,
            backend_id=request.backend_id,
            quality=request.quality,
            is_feedback=True,
        )
        if request.HasField("was_accepted"):
            known.was_accepted = request.was_accepted
        return self._write(known)

    def _apply(self, learned: Learned, event_bytes: bytes, number: int) -> Learned:
        learned = projection.apply(learned, event_bytes, number)
        newest = next(reversed(learned.open.values()), None)
        if newest is not None:
            self._index(newest.decision)
        return learned

    def _index(self, decision: Decision) -> None:
        key = (decision.tenant_id, decision.task_id)
        if not decision.task_id or self._plan_of.get(key) == decision.plan_id:
            return
        self._plan_of[key] = decision.plan_id
        if len(self._plan_of) > PLANS_OPEN_MAX:
            self._plan_of.popitem(last=False)
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self._note_task(waiting)

    def _hear_of_task(self, known: plans_pb2.PlanOutcomeKnown) -> None:
        """What is in the log already is not written again."""
        if known.tasks_number > self.learned.tasks_number:
            self._note_task(known)

    def _note_task(self, known: plans_pb2.PlanOutcomeKnown) -> None:
        """Tells the log of it, once its plan is known."""
        key = (known.tenant_id, known.task_id)
        plan_id = self._plan_of.get(key)
        if plan_id is None:
            self._waiting[key] = known
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)
            return
        if plan_id in self.learned.open:
            known.plan_id = plan_id
            self._write(known)

    def _write(self, known: plans_pb2.PlanOutcomeKnown) -> str:
        now_ns = self._ground.clock()
        event_id = new_event_id(now_ns)
        origin = Origin(known.tenant_id, known.task_id, cause_id=known.plan_id)
        payload = known.SerializeToString()
        self._events.write(observed_event(wire.OUTCOME, payload, origin, now_ns, event_id))
        return event_id


def _word_hash(key: bytes) -> WordHash:
    kept: RecentlyUsed[str, int] = RecentlyUsed(WORDS_KEPT)

    def hashed(word: str) -> int:
        found = kept.get(word)
        if found is None:
            digest = blake2b(word.encode(), digest_size=4, key=key).digest()
            found = int.from_bytes(digest, "big")
            kept.put(word, found)
        return found

    return hashed
