"""The provider's HTTP: all formats' paths, and `/simulator` to steer and to audit it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from aiohttp import web

from bursar.dialects import body as bodies
from bursar.dialects import gemini
from bursar.dialects.body import Json, JsonObject
from bursar.errors import InvalidRequest
from bursar_simulator import anthropic_format, gemini_format, openai_format, responses_format
from bursar_simulator.delivery import Delivery
from bursar_simulator.domain import MARK
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulation import Failure, Simulation
from bursar_simulator.wire_format import WireFormat

MODELS_CREATED_S = 1_700_000_000


class SimulatorServer:
    """The handlers of one simulation."""

    def __init__(self, simulation: Simulation, settings: SimulatorSettings) -> None:
        self._simulation = simulation
        self._settings = settings
        self._delivery = Delivery(simulation, settings)

    def application(self) -> web.Application:
        """All routes. `HEAD /` is what Claude Code asks first."""
        application = web.Application(client_max_size=self._settings.request_bytes_max)
        application.router.add_get("/", self.greet)
        application.router.add_post(anthropic_format.DIALECT.PATH, self.messages)
        application.router.add_post("/v1/messages/count_tokens", self.count_tokens)
        application.router.add_post(openai_format.DIALECT.PATH, self.completions)
        application.router.add_post(responses_format.DIALECT.PATH, self.responses)
        application.router.add_post(f"{gemini.PATH}/{{action}}", self.contents)
        application.router.add_get("/v1/models", self.models)
        application.router.add_get("/v1/models/{model}", self.model)
        application.router.add_get("/simulator/served", self.served)
        application.router.add_delete("/simulator/served", self.forget_served)
        application.router.add_get("/simulator/faults", self.faults)
        application.router.add_post("/simulator/faults", self.add_fault)
        application.router.add_delete("/simulator/faults", self.clear_faults)
        return application

    async def greet(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{MARK} provider: no model answers here.\n")

    async def messages(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, anthropic_format)

    async def completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, openai_format)

    async def responses(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, responses_format)

    async def contents(self, request: web.Request) -> web.StreamResponse:
        """Gemini's: the model and whether to stream stand in the path."""
        return await self._answer(request, gemini_format)

    async def _answer(self, request: web.Request, wire_format: WireFormat) -> web.StreamResponse:
        try:
            content = await request.read()
            if wire_format.NAME == gemini_format.NAME:
                content = gemini.addressed(request.path, content) or b""
        except web.HTTPRequestEntityTooLarge:
            return _json(wire_format.error(413, "SIMULATED error 413", ""), 413)
        except InvalidRequest as refused:
            return _json(wire_format.error(400, str(refused), ""), 400)
        taken = await self._simulation.take(wire_format, request.headers, content)
        if isinstance(taken, Failure):
            return await self._delivery.refuse(taken)
        return await self._delivery.send(request, taken)

    async def count_tokens(self, request: web.Request) -> web.Response:
        try:
            facts = anthropic_format.DIALECT.facts(await request.read())
        except InvalidRequest as refused:
            return _json(anthropic_format.error(400, str(refused), ""), 400)
        tokens = await self._simulation.input_tokens(anthropic_format, facts.body, facts.model)
        return _json({"input_tokens": tokens})

    async def models(self, request: web.Request) -> web.Response:
        """In Anthropic's shape for who sends its version header, else in OpenAI's."""
        names = self._settings.models
        if "anthropic-version" not in request.headers:
            data: list[Json] = [_openai_model(name) for name in names]
            return _json({"object": "list", "data": data})
        rows: list[Json] = [_anthropic_model(name) for name in names]
        first, last = (names[0], names[-1]) if names else (None, None)
        return _json({"data": rows, "has_more": False, "first_id": first, "last_id": last})

    async def model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        is_anthropic = "anthropic-version" in request.headers
        if name not in self._settings.models:
            wire_format: WireFormat = anthropic_format if is_anthropic else openai_format
            return _json(wire_format.error(404, f"SIMULATED: no model {name}", ""), 404)
        return _json(_anthropic_model(name) if is_anthropic else _openai_model(name))

    async def served(self, request: web.Request) -> web.Response:
        """Totals, and the single calls unless `?calls=0`."""
        told: JsonObject = {"totals": list[Json](self._simulation.served.totals())}
        if request.query.get("calls") != "0":
            told["calls"] = self._simulation.served.rows()
        return _json(told)

    async def forget_served(self, request: web.Request) -> web.Response:
        self._simulation.served.clear()
        return web.Response(status=204)

    async def faults(self, request: web.Request) -> web.Response:
        waiting = self._simulation.faults.waiting
        rows: list[Json] = [
            {"directive": fault.text, "times": fault.times, "model": fault.model}
            for fault in waiting
        ]
        return _json({"faults": rows})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Body: `{"directive": "status=429; retry_after_s=1", "times": 2, "model": ""}`."""
        try:
            asked = _ASKED_FAULT.decode(await request.read())
            self._simulation.faults.add(asked.directive, asked.times, asked.model)
        except (msgspec.DecodeError, InvalidRequest) as refused:
            return _json({"error": str(refused)}, 400)
        return web.Response(status=204)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._simulation.faults.clear()
        return web.Response(status=204)


class AskedFault(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /simulator/faults`."""

    directive: str
    times: int = 1
    model: str = ""


_ASKED_FAULT = msgspec.json.Decoder(AskedFault)


def _json(value: JsonObject, status: int = 200) -> web.Response:
    return web.Response(body=bodies.encode(value), status=status, content_type="application/json")


def _openai_model(name: str) -> JsonObject:
    return {"id": name, "object": "model", "created": MODELS_CREATED_S, "owned_by": MARK.lower()}


def _anthropic_model(name: str) -> JsonObject:
    created_at = datetime.fromtimestamp(MODELS_CREATED_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "model",
        "id": name,
        "display_name": f"{name} ({MARK})",
        "created_at": created_at,
        "lifecycle": "active",
    }
