"""Answers the planner's contract: plans by the policy that is set, and tells the log of each."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from bursar.clients.quota import QuotaClient
from bursar.errors import FailedPrecondition, InvalidRequest
from bursar.eventlog.envelope import DEFAULT_TENANT_ID, new_event_id, observed_event, origin_of
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.identity import Pseudonyms
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2 as contract
from bursar.prices.book import PriceBook
from bursar.telemetry import context as trace_context
from bursar.wiring.module import Ground
from bursar_planner import replies, requests, wire
from bursar_planner.domain.backends import targets_asked
from bursar_planner.domain.plan import Plan, Question
from bursar_planner.domain.policies import POLICIES, Policy, policy_named
from bursar_planner.domain.task import Task
from bursar_planner.levels import LimitLevels
from bursar_planner.pricing import NoPrices, Pricing
from bursar_planner.settings import PlannerSettings

if TYPE_CHECKING:
    from bursar_planner.domain.learned.experience import Experience
    from bursar_planner.learning import Learning

PLANS_MAX = 64  # in one message


class PlannerService:
    """Satisfies PlannerClient and the wiring's Service."""

    def __init__(self, ground: Ground, settings: PlannerSettings, quota: QuotaClient) -> None:
        self._ground = ground
        self._policy = policy_named(settings.policy)
        self._levels = LimitLevels(
            quota, ground.clock, settings.quota_timeout_s, settings.levels_kept_max
        )
        self._pricing = Pricing(lambda: PriceBook.load(settings.prices_file, settings.price_set))
        self._pseudonyms = Pseudonyms(ground.keyring, ground.names)
        self._events = ObservedWriter(ground.log, wire.STREAM, ObservedTerms(clock=ground.clock))
        self._target = settings.quality_target
        self.learning: Learning | None = None
        if settings.learn or self._policy.learns:
            self.learning = _learning_from(ground, self._events)
        self._is_ready = asyncio.Event()
        self._is_written = asyncio.Event()

    async def run(self) -> None:
        """Writes events until drained, then until cancelled does nothing."""
        try:
            await self._ground.log.open(wire.STREAM)
            self._is_ready.set()
            async with asyncio.TaskGroup() as group:
                learning = self.learning and group.create_task(
                    self.learning.run(), name="planner learns"
                )
                await self._events.run()
                if learning:
                    learning.cancel()
        finally:
            self._is_written.set()

    async def ready(self) -> None:
        await self._is_ready.wait()
        if self.learning is not None:
            await self.learning.ready()

    async def drain(self) -> None:
        """Returns once every event is durable."""
        self._events.close()
        await self._is_written.wait()

    async def plan(self, request: contract.PlanRequest) -> contract.PlanResponse:
        """Raises InvalidRequest naming field, value and remedy. Without quota it plans with the
        last known levels and says so.
        """
        requests.check_attribution(request.attribution)
        task = requests.task_of(request.task)
        backends = requests.backends_of(request.backends)
        limits = await self._levels.matching(request.attribution, targets_asked(task, backends))
        now_ns = self._ground.clock()
        event_id = new_event_id(now_ns)
        policy = policy_named(request.policy) if request.policy else self._policy
        known = self._known(policy, request, task, replies.plan_id(event_id))
        question = Question(task, backends, limits, NoPrices())
        message = replies.plan_message(
            await self._planned(policy, question, known, now_ns), event_id
        )
        self._note(request, message, known, now_ns)
        return contract.PlanResponse(plan=message)

    async def plan_many(self, request: contract.PlanManyRequest) -> contract.PlanManyResponse:
        """Raises as `plan`, for the first request that is not as it must be."""
        if not 0 < len(request.requests) <= PLANS_MAX:
            remedy = f"send 1 to {PLANS_MAX} in a message"
            raise InvalidRequest.of("requests", len(request.requests), remedy)
        responses = [await self.plan(each) for each in request.requests]
        return contract.PlanManyResponse(responses=responses)

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse:
        """Raises NotFound for a plan nobody knows; FailedPrecondition where nothing is learned."""
        learning, tenant_id = self._learns(), request.tenant_id or DEFAULT_TENANT_ID
        plan_id = request.plan_id or learning.plan_of(tenant_id, request.task_id)
        return learning.explained(plan_id, tenant_id)

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse:
        """Raises InvalidRequest, NotFound; FailedPrecondition where nothing is learned."""
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        event_id = self._learns().take_feedback(request, tenant_id)
        position = ledger_pb2.Position(stream=wire.STREAM.name, event_id=event_id)
        return contract.FeedbackResponse(position=position)

    async def simulate(self, request: contract.SimulateRequest) -> contract.SimulateResponse:
        """Raises InvalidRequest for a policy nobody knows; FailedPrecondition where nothing is
        learned.
        """
        policy_named(request.policy)
        return await self._learns().simulated(request)

    async def policies(self, request: contract.PoliciesRequest) -> contract.PoliciesResponse:
        return contract.PoliciesResponse(
            policies=[
                contract.Policy(name=policy.name, description=policy.description)
                for policy in POLICIES.values()
            ]
        )

    def _learns(self) -> Learning:
        if self.learning is None:
            raise FailedPrecondition(
                "this planner learns nothing: start it with BURSAR_PLANNER_POLICY=learned-v1, or"
                " with BURSAR_PLANNER_LEARN=true to learn while the rules decide"
            )
        return self.learning

    def _known(
        self, policy: Policy, request: contract.PlanRequest, task: Task, plan_id: str
    ) -> Experience | None:
        """What outcomes taught; None where they are not followed.

        Raises InvalidRequest, and FailedPrecondition for a policy that learns where nobody does.
        """
        target = request.quality_target if request.HasField("quality_target") else self._target
        if not 0.0 < target <= 1.0:
            raise InvalidRequest.of("quality_target", target, "give a share above 0, at most 1")
        if self.learning is None and not policy.learns:
            return None
        tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
        return self._learns().experience(task, plan_id, tenant_id, target)

    async def _planned(
        self, policy: Policy, question: Question, known: Experience | None, now_ns: int
    ) -> Plan:
        """A plan with prices for its paid APIs; without any, it waits for no prices to be loaded.

        Prices change neither who is a candidate nor the rules, so the first plan tells whether they
        are needed.
        """
        if not self._pricing.is_loaded:
            plan = policy.plan(question, known)
            if not any(candidate.backend.is_paid for candidate in plan.candidates):
                return plan
        paid = next((backend for backend in question.backends if backend.is_paid), None)
        if paid is None:
            return policy.plan(question, known)
        tokens = await self._pricing.tokens_of(question.task.description, paid.target.model)
        priced = Question(
            replace(question.task, description_tokens=tokens),
            question.backends,
            question.limits,
            await self._pricing.at(now_ns),
        )
        return policy.plan(priced, known)

    def _note(
        self,
        request: contract.PlanRequest,
        plan: contract.Plan,
        known: Experience | None,
        now_ns: int,
    ) -> None:
        """Words become a keyed hash, the user a pseudonym: neither is in the log."""
        tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
        description = request.task.description.encode()
        told = wire.Description(
            hmac=self._ground.keyring.keyed_hash(tenant_id, description),
            marks=b"" if known is None else known.decision.marks.astype("<u2").tobytes(),
        )
        attribution = ledger_pb2.Attribution()
        attribution.CopyFrom(request.attribution)
        attribution.user_id = self._pseudonyms.user(tenant_id, attribution.user_id)
        trace = trace_context.current()
        origin = origin_of(attribution)
        if trace is not None:
            origin = origin._replace(trace_id=trace.trace_id, span_id=trace.span_id)
        payload = wire.made_event(attribution, request.task, plan, told)
        event_id = plan.position.event_id
        self._events.write(observed_event(wire.MADE, payload, origin, now_ns, event_id))


def _learning_from(ground: Ground, events: ObservedWriter) -> Learning:
    from bursar_planner.learning import Learning

    return Learning(ground, events)
