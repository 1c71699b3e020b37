"""The options that say whose calls are meant, of `bursar limits set`, `explain` and `forecast`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

_TEXTS = {
    "tenant": "Only calls of this tenant.",
    "team": "Only calls of this team.",
    "user": "Only calls of this user; `me` is you.",
    "key": "Only calls with this key's id.",
    "task": "Only calls of this task.",
    "agent": "Only calls of this agent.",
    "provider": "Only calls to this provider.",
    "model": "Only calls to this model.",
    "account": "Only calls by this login account of a coding CLI.",
}
_TIERS = ("local-tool", "login-cli", "local-model", "paid-api")


def selector_options(function: Callable[..., None]) -> Callable[..., None]:
    """What a limit selects: those of `call_options`, and families of models."""
    text = "Only calls to models of this family: `claude-opus`, `gpt-mini`."
    return call_options(click.option("--model-family", help=text)(function))


def call_options(function: Callable[..., None]) -> Callable[..., None]:
    """`--tenant`, `--user`, `--model` and so on; what is left out means all."""
    function = click.option(
        "--label", metavar="NAME=VALUE", multiple=True, help="Only calls with this label."
    )(function)
    function = click.option("--tier", type=click.Choice(_TIERS), help="Only this kind of backend.")(
        function
    )
    for name, text in reversed(_TEXTS.items()):
        function = click.option(f"--{name}", help=text)(function)
    return function


def check_me(options: Mapping[str, Any]) -> None:
    """Raises UsageError where `me` is nobody: a key is some user's, who need not be at this
    machine.
    """
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.limit_options import ME

    if options["user"] == ME and ProcessSettings.load().presented_key is not None:
        raise click.UsageError("with BURSAR_API_KEY, name the user: `me` is who uses this machine")
