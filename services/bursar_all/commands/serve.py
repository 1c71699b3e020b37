"""`bursar serve quota,cache`: some services in this process, against a broker elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, run_async


@click.command()
@click.argument("services")
@data_dir_option
@click.option("--host", help="Address to listen on; off loopback keys are needed.")
@click.option("--port", type=int, help="gRPC port.")
@click.option("--broker-url", help="The NATS server that holds the log.")
def command(
    services: str,
    data_dir: Path | None,
    host: str | None,
    port: int | None,
    broker_url: str | None,
) -> None:
    """Run SERVICES (comma-separated: quota, cache, compressor, planner, executor, efficiency,
    notary, edge).
    """
    from bursar.wiring.loop import run_serving
    from bursar.wiring.run import serve
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.targets import modules_for

    settings = ProcessSettings.load(data_dir=data_dir, host=host, port=port, broker_url=broker_url)
    if not settings.broker_url:
        raise click.UsageError(
            "give --broker-url, or use `bursar up` for everything on one machine"
        )
    run_async(serve(settings, modules_for(services.split(","), settings)), run_serving)
