"""Carries out a field's redaction, before anything of it leaves the process."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from driftline.redaction import Redaction

LONGEST_REPLACED = 8192
"""Characters that patterns are tried on."""
HASH_CHARACTERS = 16

Redact = Callable[[str], str | None]


def redactor(rule: Redaction, key: bytes = b"") -> Redact:
    """The function that redacts a value by the rule; ``None`` means that it is missing.

    - ``drop`` leaves nothing. (A number has no text to alter: the caller makes it missing.)
    - ``replace``: patterns are compiled once and tried on the first 8,192 characters; what is behind is cut
      off, for it was not looked at. That bounds patterns whose time grows with the square of the length to
      seconds; no length bounds exponential ones, the commonest of which the contract refuses.
    - ``truncate`` keeps so many code points.
    - ``hash``: HMAC-SHA-256 (RFC 2104) of the UTF-8 bytes, the first 16 hexadecimal digits: 64 bits, two of
      a million values collide with a chance of 3e-8. Equal for all collectors with the same key; without
      the key a value cannot be confirmed by trying it.

    Raises
    ------
    ValueError
        The rule hashes and the key is empty.

    >>> rule = Redaction.model_validate({"replace": [{"pattern": r"\\d{4,}", "with": "#"}], "truncate": 8})
    >>> redactor(rule)("card 1234567 of Ann")
    'card # o'
    >>> redactor(Redaction(hash=True), b"Jefe")("what do ya want for nothing?")  # RFC 4231, test case 2
    '5bdcc146bf60754e'
    """
    if rule.hash and not key:
        raise ValueError("a redaction that hashes needs a key that is not empty")
    if rule.drop:
        return lambda _value: None
    patterns = [(re.compile(step.pattern), step.with_) for step in rule.replace]

    def redact(value: str) -> str | None:
        if patterns:
            value = value[:LONGEST_REPLACED]
            for pattern, replacement in patterns:
                # A replacement may make a text longer, and the next one longer again.
                value = pattern.sub(replacement, value)[:LONGEST_REPLACED]
        if rule.truncate is not None:
            value = value[: rule.truncate]
        return _hash(key, value) if rule.hash else value

    return redact


def _hash(key: bytes, value: str) -> str:
    digest = hmac.digest(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest.hex()[:HASH_CHARACTERS]
