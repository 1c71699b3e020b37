"""Money's past, and what other limits would have done, for people and for programs."""

from __future__ import annotations

import click
from google.protobuf.json_format import MessageToDict

from bursar.money import format_usd
from bursar_all.known_names import KnownNames
from bursar_all.rendering.limits import instant_text, show_levels
from bursar_all.rendering.tables import show_table
from bursar_all.replays import Past
from bursar_quota.domain.meters import Amounts
from bursar_quota.what_if import Outcome


def show_past(past: Past, names: KnownNames) -> None:
    """Where limits stood, and how the moment can be named again."""
    if not past.event_number:
        click.echo(f"{past.stream}: nothing had happened yet")
        return
    click.echo(
        f"{past.stream} behind event {_event_id(past)} of {instant_text(past.at_ns)}:"
        f" {past.reservations:,} reservations open"
    )
    show_levels(past.levels, names)


def past_line(past: Past) -> dict[str, object]:
    return {
        "stream": str(past.stream),
        "as_of": _event_id(past),
        "at_ns": past.at_ns,
        "reservations": past.reservations,
        "state_digest": past.state_digest.hex(),
        "levels": [MessageToDict(level, preserving_proto_field_name=True) for level in past.levels],
    }


def show_outcome(outcome: Outcome, names: KnownNames) -> None:
    """A row a limit, then the whole."""
    if outcome.by_limit:
        show_table(
            ("limit", "would have denied", "tokens saved", "saved"),
            [
                (
                    names.in_text(limit_id, ""),
                    f"{denials.calls:,}",
                    f"{_tokens(denials.used):,}",
                    format_usd(denials.used.cost_nano_usd),
                )
                for limit_id, denials in sorted(outcome.by_limit.items())
            ],
        )
    click.echo(
        f"{outcome.denied_calls:,} of {outcome.calls:,} calls would have been denied:"
        f" {format_usd(outcome.saved.cost_nano_usd)} of"
        f" {format_usd(outcome.used.cost_nano_usd)} saved"
    )
    if outcome.refused_in_history:
        click.echo(
            f"{outcome.refused_in_history:,} more were refused then: what they would have used,"
            " nobody knows"
        )


def outcome_line(outcome: Outcome) -> dict[str, object]:
    return {
        "calls": outcome.calls,
        "denied_calls": outcome.denied_calls,
        "refused_in_history": outcome.refused_in_history,
        "used": _fields(outcome.used),
        "saved": _fields(outcome.saved),
        "by_limit": {
            limit_id: {
                "denied_calls": denials.calls,
                "denied_top_ups": denials.top_ups,
                "saved": _fields(denials.used),
            }
            for limit_id, denials in sorted(outcome.by_limit.items())
        },
    }


def _fields(amounts: Amounts) -> dict[str, int]:
    return {name: getattr(amounts, name) for name in Amounts.__struct_fields__}


def _tokens(amounts: Amounts) -> int:
    return amounts.input_tokens + amounts.output_tokens


def _event_id(past: Past) -> str:
    return f"{past.stream.name}-{past.stream.partition}-{past.event_number}"
