"""Everything that can do work in this process, looked up by id, by model and by what a task
brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import aiohttp

from bursar.errors import BackendUnavailable, FailedPrecondition, NotFound
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import Backend
from bursar_executor.backends.coding_clis import CodingClis
from bursar_executor.backends.discovery import Discovery
from bursar_executor.backends.log_reader import BACKEND_ID as LOG_READER_ID
from bursar_executor.backends.log_reader import LogReaderBackend
from bursar_executor.backends.model import ModelBackend
from bursar_executor.backends.tool import ToolBackend
from bursar_executor.models.sessions import model_session
from bursar_executor.settings import ExecutorSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.registry import TOOLS

AUTO = "auto"


class Registry:
    """Opened for the life of the executor: holds the subprocess runner, the HTTP session, the local
    model.
    """

    def __init__(self, settings: ExecutorSettings) -> None:
        self._settings = settings
        self._subprocesses = Subprocesses()
        bench = Bench(self._subprocesses)
        tools = [ToolBackend(tool, bench) for tool in TOOLS]
        self._tools = {tool.backend_id: tool for tool in tools}
        self._tool_words = frozenset().union(*(tool.capabilities for tool in tools))
        self._log_reader = LogReaderBackend()
        self._discovery = Discovery(settings, self._subprocesses)
        self._clis = CodingClis(settings, self._subprocesses)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = model_session(self._settings.upstream_timeout_s)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._discovery.close()
        self._subprocesses.close()
        if self._session is not None:
            await self._session.close()

    async def everything(self) -> list[planner_pb2.Backend]:
        """All tools, models and coding CLIs, and who is missing where there is no model to
        choose.
        """
        tools = [tool.describe() for tool in self._tools.values()]
        models = [model.describe() for model in await self._models()]
        clis = [cli.describe() for cli in await self._clis.all()]
        return [*tools, self._log_reader.describe(), *models, *clis, *self._discovery.missing()]

    async def describe(
        self, task: planner_pb2.Task, paths: Sequence[str], *, has_logs: bool
    ) -> list[planner_pb2.Backend]:
        """Who may be asked for a task: tools whose business some of its files are, the log reader
        for test logs, models; and who is missing, where nobody of these has all that is needed.

        A model is offered for every need in words that is no tool's work.
        """
        found = [tool.describe() for tool in self._tools.values() if tool.takes(paths)]
        if has_logs:
            found.append(self._log_reader.describe())
        needed = task.required_capabilities
        words = [need for need in needed if need not in self._tool_words]
        for model in await self._models():
            described = model.describe()
            if not described.is_by_name_only or model.is_named(task.requested_model):
                found.append(_offered(described, words))
        cli = await self._clis.named(task.requested_model)
        if cli is not None:
            found.append(_offered(cli.describe(), words))
        had = {word for one in found if one.is_available for word in one.capabilities}
        if not needed or not had.issuperset(needed):
            found += (_offered(missing, words) for missing in self._discovery.missing())
        return found

    def by_id(self, backend_id: str) -> Backend:
        """Raises NotFound."""
        if backend_id == LOG_READER_ID:
            return self._log_reader
        tool = self._tools.get(backend_id)
        if tool is not None:
            return tool
        for model in self._discovery.known:
            if model.backend_id == backend_id:
                return model
        for cli in self._clis.known:
            if cli.backend_id == backend_id:
                return cli
        raise NotFound(f"there is no backend {backend_id!r}; see `bursar backends`")

    async def model_named(self, name: str) -> ModelBackend:
        """The model of that name; for `auto` the first available that is not chosen by name alone.

        Raises NotFound with the names there are, BackendUnavailable with the remedy.
        """
        models = await self._models()
        chosen = _chosen(models) if name in ("", AUTO) else _named(models, name)
        if chosen is None and name in ("", AUTO):
            remedies = "; ".join(found.remedy for found in self._discovery.missing())
            raise BackendUnavailable(f"no model can be chosen here: {remedies}")
        if chosen is None:
            chosen = self._discovery.named(name, self._open_session())
        if chosen is None:
            names = ", ".join(model.model for model in models) or "none"
            raise NotFound(f"there is no model {name!r} here; there are: {names}")
        described = chosen.describe()
        if not described.is_available:
            raise BackendUnavailable(f"{described.backend_id}: {described.remedy}")
        return chosen

    async def _models(self) -> list[ModelBackend]:
        return await self._discovery.models(self._open_session())

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise FailedPrecondition("the executor is not running; wait until it is ready")
        return self._session


def _chosen(models: Sequence[ModelBackend]) -> ModelBackend | None:
    described = ((model, model.describe()) for model in models)
    able = (model for model, seen in described if seen.is_available and not seen.is_by_name_only)
    return next(able, None)


def _named(models: Sequence[ModelBackend], name: str) -> ModelBackend | None:
    return next((model for model in models if model.is_named(name)), None)


def _offered(model: planner_pb2.Backend, words: Iterable[str]) -> planner_pb2.Backend:
    """A model with all that it is offered for in this task."""
    more = [word for word in words if word not in model.capabilities]
    if not more:
        return model
    offered = planner_pb2.Backend()
    offered.CopyFrom(model)
    offered.capabilities.extend(more)
    return offered
