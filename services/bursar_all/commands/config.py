"""`bursar config show`: what holds, and where it came from."""

from __future__ import annotations

import importlib
import json

import click

from bursar_all.commands.shared_options import json_option

SETTINGS_OF = {
    "": "bursar.wiring.settings:ProcessSettings",
    "quota": "bursar_quota.settings:QuotaSettings",
    "cache": "bursar_cache.settings:CacheSettings",
    "compressor": "bursar_compressor.settings:CompressorSettings",
    "planner": "bursar_planner.settings:PlannerSettings",
    "executor": "bursar_executor.settings:ExecutorSettings",
    "efficiency": "bursar_efficiency.settings:EfficiencySettings",
    "edge": "bursar_edge.settings:EdgeSettings",
}


@click.group()
def command() -> None:
    """Settings come from flags, environment, bursar.yaml and defaults, in this order."""


@command.command()
@json_option
def show(is_json: bool) -> None:
    """Every effective setting and its origin; secrets are masked."""
    from bursar.settings import PartSettings, explain

    for target in SETTINGS_OF.values():
        module, _, name = target.partition(":")
        settings_class = getattr(importlib.import_module(module), name)
        settings = settings_class.load()
        if not isinstance(settings, PartSettings):
            raise TypeError(f"{target} is no PartSettings")
        for row in explain(settings, {}):
            if is_json:
                fields = {"name": row.name, "value": row.value, "origin": row.origin}
                click.echo(json.dumps(fields))
            else:
                click.echo(f"{row.name:<38} {row.value:<34} {row.origin}")
