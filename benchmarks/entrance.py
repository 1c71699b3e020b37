"""What it costs a request to be let in: verifying its key, the whole way in with one, and without.

python benchmarks/entrance.py
"""

from __future__ import annotations

import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract  # noqa: E402

from bursar.identity import (  # noqa: E402
    ApiKeys,
    Callers,
    KeyHolder,
    Keyring,
    NameTable,
    Pseudonyms,
)
from bursar.quota.v1 import quota_pb2  # noqa: E402
from bursar.rpc.authentication import Admit, Entrance, Metadata, bearer  # noqa: E402

RUNS = 5
CALLS = 50_000
US_PER_S = 1_000_000
RESERVE = quota_pb2.DESCRIPTOR.services_by_name["QuotaService"].methods_by_name["Reserve"]


def us_per_call(work: Callable[[], object]) -> float:
    """The median of the runs."""
    return contract.median_of(RUNS, lambda: timeit.timeit(work, number=CALLS) / CALLS * US_PER_S)


def admission_us(admit: Admit, metadata: Metadata) -> float:
    """What the way in adds to making the request."""

    def admitted() -> None:
        admit(quota_pb2.ReserveRequest(), metadata)

    return us_per_call(admitted) - us_per_call(quota_pb2.ReserveRequest)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        data_dir = Path(place)
        keyring = Keyring.open(data_dir)
        keys = ApiKeys.open(data_dir, keyring)
        pseudonyms = Pseudonyms(keyring, NameTable.open(data_dir))
        text = keys.issue(KeyHolder("acme", "ann", "web"), now_ns=1).text
        keyed = Entrance(pseudonyms.user, Callers(keys, pseudonyms, keyring)).admission(RESERVE)
        local = Entrance(pseudonyms.user).admission(RESERVE)
        presented = (("user-agent", "benchmark"), bearer(text))
        contract.write(
            "entrance",
            {
                "verify_us": us_per_call(lambda: keys.verify(text.reveal_text())),
                "keyed_us": admission_us(keyed, presented),
                "local_us": admission_us(local, ()),
            },
        )


if __name__ == "__main__":
    main()
