"""The tool by which a model fetches what was left out of a text it reads."""

from __future__ import annotations

import json

from bursar.compressor.v1 import compressor_pb2 as contract

TOOL = contract.Tool(
    name="bursar_restore",
    description=(
        "Returns text that was left out of this conversation to save room. Where a line or comment"
        " that begins with `bursar:` says that something is left out, call this with the reference"
        " it names (`blob_...`), and with the part (`L12-53` for lines, `B100+4900` for bytes) if"
        " less than the whole text is needed."
    ),
    parameters_json=json.dumps(
        {
            "type": "object",
            "properties": {
                "reference": {"type": "string", "pattern": "^blob_[0-9a-f]{64}$"},
                "part": {
                    "type": "string",
                    "pattern": r"^(L\d+-\d+|B\d+\+\d+)$",
                    "description": "Lines from first to last, or a byte and how many follow it.",
                },
            },
            "required": ["reference"],
            "additionalProperties": False,
        },
        separators=(",", ":"),
    ),
)
