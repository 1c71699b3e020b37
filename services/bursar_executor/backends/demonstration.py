"""The embedded demonstration model: real, and far too weak to be trusted; chosen by name alone."""

from __future__ import annotations

PROVIDER = "local"
