"""What a proof shows, for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from google.protobuf.json_format import MessageToDict

from bursar.eventlog.proof import Proof, Proved
from bursar.events.v1 import event_pb2

_WITNESS = {
    None: "no witness was asked: who has the signing key could have signed another history",
    True: "the witness has this checkpoint",
    False: "the witness does not have this checkpoint",
}
NS_PER_S = 1_000_000_000


def proved_fields(proof: Proof, proved: Proved) -> dict[str, object]:
    """The event's envelope as it stands in the log, and what signed it."""
    envelope = event_pb2.Event.FromString(proved.event)
    return {
        "stream": str(proof.stream),
        "sequence": proof.sequence,
        "event_number": proved.event_number,
        "event": MessageToDict(envelope, preserving_proto_field_name=True),
        "frame_written_at_ns": proved.header.written_at_ns,
        "checkpoint": proved.checkpoint.number,
        "signed_at_ns": proved.checkpoint.signed_at_ns,
    }


def show_proved(proof: Proof, proved: Proved, is_witnessed: bool | None) -> None:
    """`is_witnessed`: None where no witness was asked."""
    envelope = event_pb2.Event.FromString(proved.event)
    click.echo(f"proved: event {envelope.event_id}, {envelope.kind}, of {envelope.tenant_id}")
    click.echo(f"  happened {_instant(envelope.at_ns)}, call {envelope.call_id or 'none'}")
    click.echo(f"  stands in frame {proof.sequence} of {proof.stream}")
    signed = proved.checkpoint
    click.echo(f"  signed by checkpoint {signed.number} of {_instant(signed.signed_at_ns)}")
    click.echo(f"  {_WITNESS[is_witnessed]}")


def _instant(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
