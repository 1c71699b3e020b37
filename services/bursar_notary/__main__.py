"""`python -m bursar_notary`: this service alone."""

from __future__ import annotations

from bursar.wiring.run import serve_alone
from bursar_notary.module import MODULE

if __name__ == "__main__":
    serve_alone(MODULE)
