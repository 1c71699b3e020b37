"""Values that must not be seen, and texts from which they have been taken out."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import NoReturn

_MASK = "[masked]"
_REDACTED = re.compile(
    r"bsr_[0-9a-z]+_[0-9a-z]+"  # our own API keys
    r"|\bsk-[\w-]{8,}"  # the form of most model providers' keys
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password inside an address
    r"|(?i:(?<=bearer )\S+)"
    r"|(?i:\b[\w-]{0,40}?(?:authorization|password|passwd|secret|token|api[_-]?key)\b[\"']?\s*[:=]\s*)"
    r"(?:\"[^\"\n]*\"|'[^'\n]*'|\S+)"
)


class Secret:
    """Bytes that show as a mask in every text form, compare in constant time and refuse to be
    pickled or copied.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    @classmethod
    def random(cls, size_bytes: int = 32) -> Secret:
        """A new one from the system's source of randomness."""
        return cls(secrets.token_bytes(size_bytes))

    def reveal(self) -> bytes:
        """The bytes themselves, for the one call that needs them."""
        return self._value

    def reveal_text(self) -> str:
        """The bytes as UTF-8 text, for the one call that needs them."""
        return self._value.decode()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash table's timing would tell about the value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied; pass it on as it is")


def redact(text: str) -> str:
    """`text` with everything that looks like a key, a password or a token masked."""
    return _REDACTED.sub(_MASK, text)
