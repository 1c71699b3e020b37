"""Faults set beforehand, each for the next calls that match it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bursar.errors import InvalidRequest
from bursar_simulator import directive
from bursar_simulator.directive import Directive

WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Fault:
    """`text` is the directive; `model` empty matches every model."""

    text: str
    directive: Directive
    times: int = 1
    model: str = ""


class Faults:
    """The faults that wait, first come first served."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, text: str, times: int = 1, model: str = "") -> None:
        """Raises InvalidRequest for a directive that cannot be read, or when too many wait."""
        if times < 1:
            raise InvalidRequest.of("times", times, "give at least 1")
        if len(self.waiting) >= WAITING_MAX:
            raise InvalidRequest.of("faults", WAITING_MAX, "clear them first: DELETE")
        self.waiting.append(Fault(text, directive.parse(text), times, model))

    def clear(self) -> None:
        self.waiting.clear()

    def next_for(self, model: str) -> Directive | None:
        """The fault that hits this call, which is one time less to come."""
        for place, fault in enumerate(self.waiting):
            if fault.model in ("", model):
                if fault.times == 1:
                    del self.waiting[place]
                else:
                    self.waiting[place] = replace(fault, times=fault.times - 1)
                return fault.directive
        return None
