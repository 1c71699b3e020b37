"""What stands between a method and its failing: a time limit, and a net under it.

A method that fails or takes too long gives back the text as it was, with the reason, so that the
next safer one takes its place.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from types import FrameType

from bursar_compressor.rewriting import Method, Options, Rewritten, unchanged

METHOD_S_MAX = 20.0

_logger = logging.getLogger(__name__)


class _TookTooLong(Exception):
    """Raised inside a method when its time is up."""


def guarded(method: Method, content: str, options: Options) -> Rewritten:
    """Runs a method, whatever becomes of it."""
    try:
        with _limited(METHOD_S_MAX):
            return method.rewrite(content, options)
    except _TookTooLong:
        return unchanged(content, f"not used: it took more than {METHOD_S_MAX:.0f} s")
    except RecursionError:
        return unchanged(content, "not used: the text is nested too deeply")
    except MemoryError:
        return unchanged(content, "not used: it took too much memory")
    except Exception as error:  # this process' edge: a defect costs savings, never the answer
        # The class alone: the message may hold parts of the text.
        _logger.error("method %s failed: %s", method.name, type(error).__name__)
        return unchanged(content, f"not used: it failed ({type(error).__name__})")


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """In a process of our own, where a timer can interrupt. Elsewhere texts are short."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if parent_process() is None or not in_main_thread:
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _TookTooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
