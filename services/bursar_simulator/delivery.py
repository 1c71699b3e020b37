"""Sending an answer over HTTP as its directive says: at once, slowly, in part, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from bursar_simulator.directive import WAIT_S_MAX, Directive
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulation import Call, Failure, Simulation


class Delivery:
    """Sends calls and notes how each ended before its client can have seen the last byte."""

    def __init__(self, simulation: Simulation, settings: SimulatorSettings) -> None:
        self._simulation = simulation
        self._settings = settings

    async def refuse(self, failure: Failure) -> web.Response:
        """An error."""
        await self._wait_for_first_byte(failure.directive)
        return web.Response(
            body=failure.body,
            status=failure.status,
            headers=failure.headers,
            content_type="application/json",
        )

    async def send(self, request: web.Request, call: Call) -> web.StreamResponse:
        """An answer. A client that hangs up ends it where it stands."""
        sending = _Sending(self._simulation, call)
        try:
            if call.directive.is_never_answered:
                return await _never(request)
            await self._wait_for_first_byte(call.directive)
            if call.facts.is_streaming:
                return await self._stream(request, sending)
        except (asyncio.CancelledError, ConnectionResetError):
            is_unanswered = call.directive.is_never_answered
            sending.ends(Outcome.UNANSWERED if is_unanswered else Outcome.HUNG_UP)
            raise
        sending.ends(Outcome.COMPLETE, call.body)
        return web.Response(body=call.body, headers=call.headers, content_type="application/json")

    async def _stream(self, request: web.Request, sending: _Sending) -> web.StreamResponse:
        call = sending.call
        response = web.StreamResponse(headers={**call.headers, "cache-control": "no-cache"})
        response.content_type = "text/event-stream"
        events = list(call.wire_format.DIALECT.as_stream(call.body, call.facts.is_usage_streamed))
        told = call.directive
        chunk_s = told.chunk_s if told.chunk_s >= 0 else self._settings.chunk_s
        breaks_after = max(told.cut_after_events, told.error_after_events)
        await response.prepare(request)
        if 0 <= breaks_after < len(events):
            await sending.send(response, events[:breaks_after], chunk_s)
            return await _break_off(request, response, sending)
        if chunk_s:
            await sending.send(response, events[:-1], chunk_s)
            events = events[-1:]
        rest = b"".join(events)
        sending.ends(Outcome.COMPLETE, rest)
        await response.write(rest)
        return response

    async def _wait_for_first_byte(self, told: Directive) -> None:
        wait_s = told.first_byte_s if told.first_byte_s >= 0 else self._settings.first_byte_s
        if wait_s:
            await asyncio.sleep(wait_s)


class _Sending:
    """One call on its way out. Its end is noted once, whatever happens after."""

    def __init__(self, simulation: Simulation, call: Call) -> None:
        self.call = call
        self._simulation = simulation
        self._sent = bytearray()
        self._has_ended = False

    async def send(
        self, response: web.StreamResponse, events: Sequence[bytes], chunk_s: float
    ) -> None:
        """Event by event, with a wait after each."""
        for event in events:
            await response.write(event)
            self._sent += event
            if chunk_s:
                await asyncio.sleep(chunk_s)

    def ends(self, outcome: Outcome, last: bytes = b"") -> None:
        """Notes the end; `last` is what is about to be sent."""
        if self._has_ended:
            return
        self._has_ended = True
        self._simulation.ended(self.call, outcome, bytes(self._sent) + last)


async def _never(request: web.Request) -> web.StreamResponse:
    """Waits until the client hangs up, or long enough."""
    await asyncio.sleep(WAIT_S_MAX)
    raise ConnectionResetError


async def _break_off(
    request: web.Request, response: web.StreamResponse, sending: _Sending
) -> web.StreamResponse:
    """Ends a stream too early: with an error inside it, else by closing the connection."""
    sending.ends(Outcome.CUT)
    call = sending.call
    if call.directive.error_after_events >= 0:
        await response.write(call.wire_format.error_event("SIMULATED overload", call.request_id))
    elif request.transport is not None:
        request.transport.close()
    return response
