"""The simulated provider alone: `python -m bursar_simulator --port 8080`."""

from __future__ import annotations

import asyncio
import signal
import sys

import click

from bursar.errors import InvalidRequest
from bursar.tokens.texts import count_text
from bursar_simulator.domain import MARK
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

EXIT_USAGE = 2


@click.command()
@click.option("--host", help="Where to listen; 127.0.0.1 if not told.")
@click.option("--port", type=int, help="0, the default, takes a free one.")
@click.option("--first-byte-s", type=float, help="Wait before each answer.")
@click.option("--chunk-s", type=float, help="Wait between the events of a stream.")
def main(
    host: str | None, port: int | None, first_byte_s: float | None, chunk_s: float | None
) -> None:
    """Serve all wire formats without a model; every answer is marked SIMULATED."""
    try:
        settings = SimulatorSettings.load(
            host=host, port=port, first_byte_s=first_byte_s, chunk_s=chunk_s
        )
    except InvalidRequest as refused:
        click.echo(refused.message, err=True)
        sys.exit(EXIT_USAGE)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings))


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this system
        return None
    return uvloop.Loop


async def _serve(settings: SimulatorSettings) -> None:
    ended = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, ended.set)
    count_text(MARK, settings.models[0] if settings.models else "")  # loads the vocabulary
    async with SimulatedProvider(settings) as provider:
        click.echo(f"SIMULATED provider at {provider.address}")
        await ended.wait()


if __name__ == "__main__":
    main()
