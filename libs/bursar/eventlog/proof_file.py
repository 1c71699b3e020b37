"""A proof as a file: JSON of at most 8 KB, bytes in base 64."""

from __future__ import annotations

import base64
import json

from bursar.errors import FailedPrecondition, InvalidRequest, LogBroken
from bursar.eventlog.proof import Path, Proof
from bursar.eventlog.stream import StreamId

FORMAT = 1
PROOF_BYTES_MAX = 8 * 1024


def to_json(proof: Proof) -> str:
    """As a file of at most 8 KB. Raises FailedPrecondition for an event too big for that."""
    text = json.dumps(
        {
            "format": FORMAT,
            "stream": proof.stream.name,
            "partition": proof.stream.partition,
            "sequence": proof.sequence,
            "event": _text(proof.event),
            "salt": _text(proof.salt),
            "header": _text(proof.header),
            "in_frame": _path_fields(proof.in_frame),
            "history_before": _text(proof.history_before),
            "in_stretch": _path_fields(proof.in_stretch),
            "checkpoint": _text(proof.checkpoint),
        },
        indent=1,
    )
    if len(text) > PROOF_BYTES_MAX:
        raise FailedPrecondition(f"the proof would have {len(text)} bytes, above {PROOF_BYTES_MAX}")
    return text + "\n"


def from_json(text: str) -> Proof:
    """Raises LogBroken for what is no proof."""
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise LogBroken(f"a proof of format {fields['format']}; known here is {FORMAT}")
        return Proof(
            stream=StreamId(fields["stream"], fields["partition"]),
            sequence=int(fields["sequence"]),
            event=_bytes(fields["event"]),
            salt=_bytes(fields["salt"]),
            header=_bytes(fields["header"]),
            in_frame=_path_of(fields["in_frame"]),
            history_before=_bytes(fields["history_before"]),
            in_stretch=_path_of(fields["in_stretch"]),
            checkpoint=_bytes(fields["checkpoint"]),
        )
    except (ValueError, KeyError, TypeError, InvalidRequest) as error:
        raise LogBroken(f"this is no proof: {type(error).__name__}") from error


def _path_fields(path: Path) -> dict[str, object]:
    return {
        "index": path.index,
        "count": path.count,
        "hashes": [_text(one) for one in path.hashes],
    }


def _path_of(fields: dict[str, object]) -> Path:
    hashes = fields["hashes"]
    if not isinstance(hashes, list):
        raise TypeError("hashes")
    index, count = int(str(fields["index"])), int(str(fields["count"]))
    return Path(index, count, [_bytes(one) for one in hashes])


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
