"""`bursar up`: everything on this machine in one process, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, run_async


@click.command()
@data_dir_option
@click.option("--host", help="Address to listen on; off loopback keys are needed.")
@click.option("--port", type=int, help="gRPC port; 0 takes a free one.")
@click.option("--edge-port", type=int, help="HTTP port of the edge.")
@click.option("--idle-exit-s", type=float, help="End after this long without a caller.")
def command(
    data_dir: Path | None,
    host: str | None,
    port: int | None,
    edge_port: int | None,
    idle_exit_s: float | None,
) -> None:
    """Run all services and the edge on this machine."""
    from bursar.wiring.loop import run_serving

    run_async(_up(data_dir, host, port, edge_port, idle_exit_s), run_serving)


async def _up(
    data_dir: Path | None,
    host: str | None,
    port: int | None,
    edge_port: int | None,
    idle_exit_s: float | None,
) -> None:
    from bursar.wiring.run import hosting
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.targets import TARGETS, modules_for

    settings = ProcessSettings.load(data_dir=data_dir, host=host, port=port)
    rows = modules_for(list(TARGETS), settings, port=edge_port)
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with hosting(settings, rows) as hosted:
        edge = hosted.process.services["edge"]
        edge_url = str(getattr(edge, "url", ""))
        if hosted.broker is not None:
            hosted.broker.publish(grpc_address=hosted.process.address, edge_url=edge_url)
        click.echo(f"ready: edge {edge_url}, gRPC {hosted.process.address}")
        waits: list[asyncio.Task[object]] = [asyncio.create_task(ending.wait())]
        if hosted.broker is not None:
            waits.append(asyncio.create_task(hosted.broker.wait_ended()))
        if idle_exit_s is not None:
            idle = hosted.process.activity.wait_idle(idle_exit_s)
            waits.append(asyncio.create_task(idle))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
