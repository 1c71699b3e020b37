"""How hard the tests of faults try: a short form by default, the long one by a variable.

BURSAR_FAULTS=long BURSAR_FAULTS_SEED=7 pytest -s tests/bursar_quota/test_faults.py
tests/scenarios/test_quota_faults.py
"""

from __future__ import annotations

import os
import secrets

IS_LONG = os.environ.get("BURSAR_FAULTS") == "long"
SEED = int(os.environ.get("BURSAR_FAULTS_SEED") or secrets.randbelow(1_000_000))


def rounds(short: int, long: int) -> int:
    """How often; the seed is printed, so that a failure shows it."""
    print(f"BURSAR_FAULTS_SEED={SEED}")
    return long if IS_LONG else short
