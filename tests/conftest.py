"""What holds for every test: shared machines are slow at times, so no example has a deadline, and
what is checked before a change lands draws the same examples every time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.register_profile("landing", deadline=None, derandomize=True)
settings.load_profile("landing" if os.environ.get("CI") else "shared")
