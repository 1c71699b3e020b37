"""The embedded demonstration model: real, and far too weak to be trusted; chosen by name alone.

Its answers are marked, it is never a fallback, and what it costs is known: nothing.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import aiohttp

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.model import MODEL_CAPABILITIES, Means, ModelBackend
from bursar_executor.endpoints import Endpoint
from bursar_executor.local_model.installation import LABEL, MODEL, REMEDY, is_installed
from bursar_executor.local_model.model import PROVIDER, LocalModel
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.models.free import free_row
from bursar_executor.models.gate import Gate
from bursar_executor.models.speaking import DIALECTS
from bursar_executor.settings import ExecutorSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses

SPEAKS = "openai"


class Demonstration:
    """The model as a backend; its process is started by its first call."""

    def __init__(self, settings: ExecutorSettings, subprocesses: Subprocesses) -> None:
        terms = LocalModelSettings(idle_s=settings.local_model_idle_s)
        self._model = LocalModel(terms, subprocesses)
        self._gate = Gate(f"{PROVIDER}/{MODEL}", settings.gate_terms)

    def backend(self, session: aiohttp.ClientSession) -> ModelBackend:
        """Described as it is now: whether it is installed may have changed."""
        is_there = is_installed()
        described = planner_pb2.Backend(
            backend_id=f"{PROVIDER}/{MODEL}",
            target=ledger_pb2.Target(
                provider=PROVIDER, model=MODEL, tier=ledger_pb2.BACKEND_TIER_LOCAL_MODEL
            ),
            capabilities=MODEL_CAPABILITIES,
            is_available=is_there,
            remedy="" if is_there else REMEDY,
            is_by_name_only=True,
        )
        source, price = _Marked(self._model), free_row(PROVIDER, MODEL)
        return ModelBackend(described, Means(source, self._gate, DIALECTS[SPEAKS], session, price))

    async def close(self) -> None:
        """Ends its process."""
        await self._model.close()


@dataclass(frozen=True, slots=True)
class _Marked:
    """The model's endpoint, with what marks its answers."""

    model: LocalModel
    mark: str = LABEL

    @property
    def context_tokens(self) -> int:
        return self.model.context_tokens

    @property
    def start_allowance_s(self) -> float:
        return self.model.start_allowance_s

    def endpoint(self) -> AbstractAsyncContextManager[Endpoint]:
        return self.model.endpoint(SPEAKS)
