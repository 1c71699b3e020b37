"""One object for callers in Python: run tasks, ask models, set limits, read what it all took.

Errors are the classes of `bursar.errors`, whether the services are here or elsewhere. UNAVAILABLE
alone is retried, with the same operation id, so a retry never pays twice.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import stamina

from bursar.client.results import Answer, Spending, TaskOutcome
from bursar.client.services import Services
from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import BackendUnavailable, Internal, Unavailable
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc import deadline
from bursar.rpc.calling import channel_to
from bursar.secret import Secret

TRIES = 4
RETRY_TIMEOUT_S = 15.0
CALL_TIMEOUT_S = 600.0
TASK_TIMEOUT_S = 1_800.0
# Only the result is waited for: steps up to this number are left out.
NO_STEPS = (1 << 63) - 1

Returned = TypeVar("Returned")


class Client:
    """Speaks for one tenant and user; both may be left to the server on loopback."""

    def __init__(
        self, services: Services, attribution: ledger_pb2.Attribution | None = None
    ) -> None:
        self.services = services
        self._attribution = attribution or ledger_pb2.Attribution()

    @classmethod
    @asynccontextmanager
    async def at(
        cls,
        address: str,
        attribution: ledger_pb2.Attribution | None = None,
        api_key: Secret | None = None,
    ) -> AsyncIterator[Client]:
        """A client of the services at `host:port`; with a key, attribution may be left to it."""
        channel = channel_to(address, api_key)
        try:
            yield cls(Services.remote(channel), attribution)
        finally:
            await channel.close(grace=None)

    async def ask(
        self, prompt: str, *, model: str = "auto", max_output_tokens: int = 1_024
    ) -> Answer:
        """One prompt to one model, whole. Raises LimitExceeded when a limit denies it."""
        message = executor_pb2.Message(role=executor_pb2.ROLE_USER, text=prompt)
        request = executor_pb2.GenerateRequest(
            operation_id=_new_operation_id(),
            attribution=self._attribution,
            model=model,
            messages=[message],
            max_output_tokens=max_output_tokens,
        )
        return await _retried(lambda: self._answer(request))

    async def _answer(self, request: executor_pb2.GenerateRequest) -> Answer:
        pieces: list[str] = []
        with deadline.within(CALL_TIMEOUT_S):
            async for part in self.services.executor.generate(request):
                if part.HasField("finished"):
                    return Answer.of("".join(pieces), part.finished)
                pieces.append(part.text)
        raise Internal("the answer came to no end")

    async def run(
        self,
        description: str,
        files: Mapping[str, bytes] | None = None,
        *,
        needs: Sequence[str] = (),
        model: str = "",
    ) -> TaskOutcome:
        """A task from its words to its end; `files` are contents by relative path.

        Nothing on disk is changed: new contents come back in the outcome.
        """
        request = executor_pb2.SubmitRequest(
            operation_id=_new_operation_id(),
            attribution=self._attribution,
            task=planner_pb2.Task(
                description=description, required_capabilities=needs, requested_model=model
            ),
            files=[
                executor_pb2.InputFile(path=path, content=content)
                for path, content in (files or {}).items()
            ],
        )
        submitted = await _retried(lambda: self.services.executor.submit(request))
        watch = executor_pb2.WatchRequest(
            tenant_id=self._attribution.tenant_id,
            task_id=submitted.task_id,
            after_step_number=NO_STEPS,
        )
        return await _retried(lambda: self._outcome(watch))

    async def _outcome(self, watch: executor_pb2.WatchRequest) -> TaskOutcome:
        with deadline.within(TASK_TIMEOUT_S):
            async for update in self.services.executor.watch(watch):
                if update.HasField("result"):
                    return TaskOutcome.of(update.result)
        raise Internal(f"task {watch.task_id} was left without a result")

    async def limit(self, limit: quota_pb2.Limit, *, author: str, reason: str = "") -> str:
        """Sets a limit; its id comes back."""
        request = quota_pb2.PutLimitRequest(
            operation_id=_new_operation_id(), limit=limit, author=author, reason=reason
        )
        answer = await _retried(lambda: self.services.quota.put_limit(request))
        return answer.limit.limit_id

    async def spending(self, *, since_ns: int = 0) -> Spending:
        """What was spent and saved since then (ns since 1970 UTC), all of it by default."""
        request = efficiency_pb2.ReportRequest(
            tenant_id=self._attribution.tenant_id, since_ns=since_ns
        )
        answer = await _retried(lambda: self.services.efficiency.report(request))
        return Spending.of(answer.totals)


async def _retried(work: Callable[[], Awaitable[Returned]]) -> Returned:
    try:
        return await work()  # nearly always; to prepare for retries takes longer than this
    except Unavailable as error:
        if not _is_worth_retrying(error):
            raise
    async for attempt in stamina.retry_context(
        on=_is_worth_retrying, attempts=TRIES, timeout=RETRY_TIMEOUT_S
    ):
        with attempt:
            return await work()
    raise AssertionError("the last attempt returns or raises")


def _is_worth_retrying(error: Exception) -> bool:
    """A backend that is not there does not come by waiting."""
    return isinstance(error, Unavailable) and not isinstance(error, BackendUnavailable)


def _new_operation_id() -> str:
    return os.urandom(16).hex()
