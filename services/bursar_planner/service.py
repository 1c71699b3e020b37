"""Answers the planner's contract: plans by the policy that is set, and tells the log of each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bursar.clients.quota import QuotaClient
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
from bursar_planner.domain.policies import POLICIES, policy_named
from bursar_planner.levels import LimitLevels
from bursar_planner.pricing import NoPrices, Pricing
from bursar_planner.settings import PlannerSettings


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
        self._is_ready = asyncio.Event()
        self._is_written = asyncio.Event()

    async def run(self) -> None:
        """Writes events until drained, then until cancelled does nothing."""
        try:
            await self._ground.log.open(wire.STREAM)
            self._is_ready.set()
            await self._events.run()
        finally:
            self._is_written.set()

    async def ready(self) -> None:
        await self._is_ready.wait()

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
        plan = await self._planned(Question(task, backends, limits, NoPrices()), now_ns)
        message = replies.plan_message(plan, new_event_id(now_ns))
        self._note(request, message, now_ns)
        return contract.PlanResponse(plan=message)

    async def policies(self, request: contract.PoliciesRequest) -> contract.PoliciesResponse:
        return contract.PoliciesResponse(
            policies=[
                contract.Policy(name=policy.name, description=policy.description)
                for policy in POLICIES.values()
            ]
        )

    async def _planned(self, question: Question, now_ns: int) -> Plan:
        """A plan with prices for its paid APIs; without any, it waits for no prices to be loaded.

        Prices change neither who is a candidate nor the rules, so the first plan tells whether they
        are needed.
        """
        if not self._pricing.is_loaded:
            plan = self._policy.plan(question)
            if not any(candidate.backend.is_paid for candidate in plan.candidates):
                return plan
        paid = next((backend for backend in question.backends if backend.is_paid), None)
        if paid is None:
            return self._policy.plan(question)
        tokens = await self._pricing.tokens_of(question.task.description, paid.target.model)
        return self._policy.plan(
            Question(
                replace(question.task, description_tokens=tokens),
                question.backends,
                question.limits,
                await self._pricing.at(now_ns),
            )
        )

    def _note(self, request: contract.PlanRequest, plan: contract.Plan, now_ns: int) -> None:
        """Words become a keyed hash, the user a pseudonym: neither is in the log."""
        tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
        description = request.task.description.encode()
        description_hmac = self._ground.keyring.keyed_hash(tenant_id, description)
        attribution = ledger_pb2.Attribution()
        attribution.CopyFrom(request.attribution)
        attribution.user_id = self._pseudonyms.user(tenant_id, attribution.user_id)
        trace = trace_context.current()
        origin = origin_of(attribution)
        if trace is not None:
            origin = origin._replace(trace_id=trace.trace_id, span_id=trace.span_id)
        payload = wire.made_event(attribution, request.task, plan, description_hmac)
        event_id = plan.position.event_id
        self._events.write(observed_event(wire.MADE, payload, origin, now_ns, event_id))
